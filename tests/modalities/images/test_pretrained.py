"""Networks that others trained: what they refuse, and, where they are installed, what they give."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from zerosum.errors import EvaluationError, MissingExtraError
from zerosum.modalities.images.pretrained import (
    EfficientNetFeatures,
    InceptionFeatures,
    in_colour,
    require_published,
)
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, PointSpace

GREY = ImageSpace(channels=1, height=20, width=12)
ALPHA = ImageSpace(channels=4, height=8, width=8)
POINTS = PointSpace(center=(0.0, 0.0), scale=(1.0, 1.0))
EACH = pytest.mark.parametrize(
    ("extractor", "package", "extra"),
    [
        (EfficientNetFeatures, "efficientnet_lite_pytorch", "efficientnet"),
        (InceptionFeatures, "torch_fidelity", "inception"),
    ],
    ids=["efficientnet", "inception"],
)


@EACH
def test_a_missing_library_is_an_error_that_names_the_extra(extractor, package, extra) -> None:
    if find_spec(package) is not None:
        pytest.skip(f"{package} is installed")
    with pytest.raises(MissingExtraError, match=rf"pip install 'zerosum\[{extra}\]'"):
        extractor(GREY)


@EACH
def test_what_is_no_picture_in_grey_or_colour_is_refused(extractor, package, extra) -> None:
    with pytest.raises(EvaluationError, match=rf"{extra} .*no images\. Take .*self"):
        extractor(POINTS)
    with pytest.raises(EvaluationError, match="4 channels"):
        extractor(ALPHA)


def test_a_file_that_is_not_the_published_one_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with pytest.raises(EvaluationError, match=r"cannot read .*weights\.pth"):
        require_published(path, "0" * 64)
    path.write_bytes(b"weights")
    require_published(path, hashlib.sha256(b"weights").hexdigest())
    with pytest.raises(EvaluationError, match=r"not the published file.*could run code"):
        require_published(path, "0" * 64)


def test_grey_is_repeated() -> None:
    grey = torch.arange(4, dtype=torch.uint8).reshape(1, 1, 2, 2)
    assert in_colour(grey).equal(torch.cat([grey] * 3, dim=1))
    colour = grey.repeat(1, 3, 1, 1)
    assert in_colour(colour).equal(colour)


def test_only_one_is_what_published_figures_are_measured_in() -> None:
    assert InceptionFeatures.published
    assert not EfficientNetFeatures.published


def test_efficientnet_knows_a_flower_from_a_palace(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    from sklearn.datasets import load_sample_images

    squares = [torch.tensor(image[:, 106:533]) for image in load_sample_images().images]
    x = torch.stack(squares).permute(0, 3, 1, 2)
    extractor = EfficientNetFeatures(ImageSpace(channels=3, height=427, width=427))
    assert capsys.readouterr().out == ""
    features = extractor(x)
    assert features.shape == (2, extractor.num_features)
    logits = extractor._network._fc(features)
    # 698 is "palace" and 985 "daisy" in ImageNet: only images scaled as they should be give both.
    assert 698 in logits[0].topk(3).indices
    assert int(logits[1].argmax()) == 985
    torch.testing.assert_close(extractor(x, batch_size=1), features, atol=1e-5, rtol=1e-5)


def test_efficientnet_takes_small_grey_pictures_and_leaves_torchs_generator_alone() -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    before = torch.get_rng_state()
    x = Noise(0).integers(3, *GREY.shape, high=256).to(torch.uint8)
    features = EfficientNetFeatures(GREY)(x)
    assert features.shape == (3, 1_280)
    assert torch.get_rng_state().equal(before)


def test_inception_is_never_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch_fidelity")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(EvaluationError, match=r"weights-inception-.*Download https://.* put it"):
        InceptionFeatures(GREY)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "weights-inception-2015-12-05-6726825d.pth").write_bytes(b"something else")
    with pytest.raises(EvaluationError, match="not the published file"):
        InceptionFeatures(GREY)
