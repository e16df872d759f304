"""From images back to the styles that make them: quickly by an encoder, closely by optimisation.

An encoder learns from images that the model makes, whose styles are known. Optimisation goes on
from what it says, or from the nearest of some thousand samples, by the gradient of the distance
between the image and what its styles make, with a pull to where styles usually are. More pull
makes images that are farther from the original and easier to edit (Tov et al., "Designing an
Encoder for StyleGAN Image Manipulation", SIGGRAPH 2021, arXiv:2102.02766, call it the
distortion-editability tradeoff).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, mse_loss

from zerosum.data.base import Progress
from zerosum.engine.fit import require_finite, require_tensors
from zerosum.errors import ConditionError, RunError
from zerosum.networks.base import require_images
from zerosum.rng import derive_seed, seeded_initialisation
from zerosum.runs.files import inside, write_whole
from zerosum.runs.store import Run
from zerosum.runs.tensors import parse_tensors, read_body, write_tensors
from zerosum.spaces import ImageSpace

if TYPE_CHECKING:
    from zerosum.modalities.images.styled import StyledModel

FILE = "encoder.safetensors"
How = Literal["encode", "optimise", "both"]

_CANDIDATES, _BATCH, _RATE = 2_048, 64, 0.05
_RIDGE = 1e-3


@dataclass(frozen=True)
class Inverted:
    """Styles that make images.

    Attributes:
        styles: of every layer, float32 `[N, num_styles, style_dim]`.
        tensor: the images that they make, uint8 `[N, C, H, W]`.
        distortion: root of the mean squared difference from the originals, of 255, `[N]`.
        strangeness: mean squared distance of styles from their mean, in standard deviations, `[N]`;
            1 is usual, and what is far above is hard to edit.
    """

    styles: Tensor
    tensor: Tensor
    distortion: Tensor
    strangeness: Tensor


class StyleEncoder(nn.Module):
    """`[B, C, H, W]` to the styles of all layers, `[B, num_styles, style_dim]`, standardised."""

    def __init__(self, space: ImageSpace, num_styles: int, style_dim: int, width: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs, side = space.channels, min(space.height, space.width)
        while side >= 6:
            layers += [nn.Conv2d(inputs, width, 4, 2, 1), nn.GroupNorm(8, width), nn.SiLU()]
            inputs, width, side = width, min(2 * width, 256), side // 2
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4), nn.Flatten())
        self.head = nn.Sequential(
            nn.Linear(inputs * 16, 256), nn.SiLU(), nn.Linear(256, num_styles * style_dim)
        )
        self.shape = (num_styles, style_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Styles of images."""
        return self.head(self.body(x)).unflatten(1, self.shape)


def learn_encoder(
    model: "StyledModel", *, images: int = 100_000, seed: int = 0, progress: Progress | None = None
) -> Path:
    """Learn from the model's own images which styles they have, and keep that in the run.

    Args:
        model: from a run.
        images: how many are seen; 100,000 of 64 x 64 take a quarter of an hour of one core.
        seed: of weights and images.
        progress: told how far it is.

    Raises:
        RunError: the model comes from no run, or from one that is being played.
        ConditionError: `images` is below 1.
    """
    if model.run is None:
        raise RunError("this model comes from no run folder, so an encoder cannot be kept in it.")
    if images < 1:
        raise ConditionError(f"images is {images}; give at least 1.")
    with Run.open(model.run).held():
        tensors = _learn(model, images, seed, progress)
        path = model.run / FILE
        write_whole(path, lambda aside: write_tensors(tensors, aside))
    return path


def _learn(
    model: "StyledModel", images: int, seed: int, progress: Progress | None
) -> dict[str, Tensor]:
    """The tensors of an encoder that has learned."""
    usual = _Usual(model, seed)
    encoder = _new_encoder(model, seed)
    steps = -(-images // _BATCH)
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=max(steps, 10))
    for step in range(steps):
        inputs = model.draw(_BATCH, seed=derive_seed(seed, "encoder", step)).to(model.device)
        with torch.no_grad():
            styles = model.styled.styles(inputs)
            x = model.styled.generator.synthesise(styles, inputs.z[:, -1]).float().clamp(-1, 1)
        loss = mse_loss(encoder(x), usual.standard(styles))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if progress is not None:
            progress("learning to encode", step + 1, steps)
    return {name: x.detach().cpu() for name, x in encoder.state_dict().items()}


def invert(
    model: "StyledModel", pictures: Tensor, *, how: How = "both", steps: int = 200,
    pull: float = 0.02, seed: int = 0, progress: Progress | None = None,
) -> Inverted:  # fmt: skip
    """Find styles that make images.

    Args:
        model: that should make them.
        pictures: uint8 `[N, C, H, W]`.
        how: `encode` asks the encoder alone; `optimise` starts at the nearest of 2,048 samples;
            `both` at what the encoder says.
        steps: of the optimisation.
        pull: weight of how unusual styles are, beside the mean squared difference of pixels.
        seed: of the samples that it starts from.
        progress: told how far the optimisation is.

    Raises:
        ConditionError: images of another shape, or another `how`.
        RunError: there is no encoder, and it is asked for.
    """
    if how not in ("encode", "optimise", "both"):
        raise ConditionError(f"how is {how!r}. Allowed: encode, optimise, both.")
    if pictures.ndim != 4 or tuple(pictures.shape[1:]) != model.space.shape:
        raise ConditionError(
            f"the images have shape {tuple(pictures.shape)}, and this model makes "
            f"{model.space.shape}. Bring them to that size and number of channels."
        )
    usual = _Usual(model, seed)
    target = model.space.to_model(pictures).to(model.device)
    if how == "optimise":
        styles = _nearest(model, target, seed)
    else:
        with torch.no_grad():
            styles = usual.plain(_kept_encoder(model)(target))
    if how != "encode":
        styles = _optimised(model, target, styles, usual, steps, pull, progress)
    with torch.no_grad():
        x = model.styled.generator.synthesise(styles, styles.new_zeros(len(styles)))
        made = model.space.to_data(x).cpu()
        apart = (made.float() - pictures.float()).square().flatten(1).mean(1).sqrt()
        strange = usual.standard(styles).square().flatten(1).mean(1).cpu()
    return Inverted(styles.cpu(), made, apart, strange)


class _Usual:
    """Where styles usually are: mean and covariance of those of many samples."""

    def __init__(self, model: "StyledModel", seed: int) -> None:
        rows = model.style_rows(4_096, seed=derive_seed(seed, "usual")).to(model.device)
        self._mean = rows.mean(0)
        share, ways = torch.linalg.eigh(torch.cov(rows.T.double()))
        share = share.clamp_min(_RIDGE * float(share.mean()))
        self._whiten = (ways * share.rsqrt()).float()
        self._colour = (ways * share.sqrt()).T.float()

    def standard(self, styles: Tensor) -> Tensor:
        """Styles as uncorrelated numbers of mean 0 and variance 1."""
        return (styles.float() - self._mean) @ self._whiten

    def plain(self, standard: Tensor) -> Tensor:
        """The way back."""
        return standard @ self._colour + self._mean


def _nearest(model: "StyledModel", target: Tensor, seed: int) -> Tensor:
    """The styles of the samples that are nearest in pixels, `[N, num_styles, style_dim]`."""
    inputs = model.draw(_CANDIDATES, seed=derive_seed(seed, "candidates"))
    made = model.make(inputs, batch_size=_BATCH).tensor
    far = torch.cdist(target.flatten(1).cpu(), model.space.to_model(made).flatten(1))
    rows = far.argmin(dim=1)
    z, y = inputs.z[rows], None if inputs.y is None else inputs.y[rows]
    chosen = type(inputs)(z, y).to(model.device)
    with torch.no_grad():
        return model.styled.styles(chosen).float()


def _optimised(
    model: "StyledModel", target: Tensor, styles: Tensor, usual: _Usual, steps: int, pull: float,
    progress: Progress | None,
) -> Tensor:  # fmt: skip
    standard = usual.standard(styles).detach().requires_grad_()
    optimizer = torch.optim.Adam([standard], lr=_RATE, betas=(0.9, 0.99))
    quiet = target.new_zeros(len(target))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1.0, 2 * (1 - step / steps))
        x = model.styled.generator.synthesise(usual.plain(standard), quiet).float()
        loss = _distance(x, target) + pull * standard.square().mean((1, 2))
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        if progress is not None:
            progress("inverting", step + 1, steps)
    return usual.plain(standard.detach())


def _distance(x: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference at full, half and quarter size, which guides from afar, `[N]`."""
    inside = x.clamp(-1, 1)
    x = inside + 0.05 * (x - inside)  # what is cut off makes no difference, but shows a way back
    total = (x - target).square().flatten(1).mean(1)
    for size in (2, 4):
        apart = avg_pool2d(x, size) - avg_pool2d(target, size)
        total = total + apart.square().flatten(1).mean(1)
    return total


def _new_encoder(model: "StyledModel", seed: int) -> StyleEncoder:
    space = require_images(model.space, least=8, network="the encoder")
    dim = model.styled.generator.centre.shape[0]
    with seeded_initialisation(derive_seed(seed, "encoder", "weights")):
        return StyleEncoder(space, model.styled.num_styles, dim).to(model.device)


def _kept_encoder(model: "StyledModel") -> StyleEncoder:
    path = None if model.run is None else model.run / FILE
    if path is None or not path.is_file():
        raise RunError(
            "this run has no encoder yet. Learn one: zerosum learn-encoder RUN; or invert by "
            "optimisation alone: --how optimise."
        )
    encoder = _new_encoder(model, 0)
    body = read_body(inside(path.parent, path.name))
    try:
        tensors = parse_tensors(body, path)
        require_tensors(tensors, encoder.state_dict())
        require_finite(tensors)
    except RunError as error:
        raise RunError(
            f"{path} is damaged or of another model ({error}). Learn it again."
        ) from error
    encoder.load_state_dict(tensors)
    return encoder.eval().requires_grad_(False).to(model.device)
