"""Directions in the space of styles along which one thing about images changes.

Found without labels: from the weights alone (Shen and Zhou, "Closed-Form Factorization of Latent
Semantics in GANs", CVPR 2021, arXiv:2007.06600), or as principal components of styles (Härkönen et
al., "GANSpace", NeurIPS 2020, arXiv:2004.02546). Learned from what images are read as: the mean
slope of the reading in styles, less the slopes of readings that shall stay, as InterFaceGAN (Shen
et al., CVPR 2020, arXiv:1907.10786) does with normals of separating planes. The slope is found by
small random steps (Nesterov and Spokoiny, "Random Gradient-Free Minimization of Convex Functions",
2017): it takes no gradient of the reader, and what merely goes along from sample to sample stays
out of it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zerosum.errors import ConditionError, RunError, did_you_mean
from zerosum.networks.style import StyleGenerator
from zerosum.rng import Noise
from zerosum.runs.files import inside, read_json, write_json
from zerosum.runs.forms import Form, Name

FILE = "directions.json"
_RIDGE, _STEP = 1e-3, 0.25


class _DirectionForm(Form):
    name: Name
    found: Name
    about: dict[str, float]
    way: list[float]
    slope: list[float] | None


class _FileForm(Form):
    directions: list[_DirectionForm]


@dataclass(frozen=True)
class Direction:
    """A way through styles.

    Attributes:
        name: what it is called.
        way: what is added to every style for a strength of 1, `[style_dim]`; that is as far as one
            standard deviation of styles goes along it.
        found: `weights`, `components` or `labels`.
        about: figures of how it was found: of labels, how much of what steps change in the reading
            is linear in them (`r2`), and how many of its standard deviations a strength of 1 should
            change (`gain`).
        slope: of the reading, standardised, in styles, `[style_dim]`; None without labels.
    """

    name: str
    way: Tensor
    found: str
    about: Mapping[str, float]
    slope: Tensor | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "name": self.name, "found": self.found, "about": dict(self.about),
            "way": self.way.tolist(),
            "slope": None if self.slope is None else self.slope.tolist(),
        }  # fmt: skip

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Direction":
        """What `to_json` wrote."""
        slope = None if told["slope"] is None else torch.tensor(told["slope"])
        return cls(told["name"], torch.tensor(told["way"]), told["found"], told["about"], slope)


def from_weights(generator: StyleGenerator, styles: Tensor, count: int) -> list[Direction]:
    """The ways that change most of what styles do to the layers; `styles` `[N, D]` set the unit."""
    layers = [*generator.first, *generator.second, *generator.to_image]
    rows = torch.cat([layer.get_submodule("style").get_parameter("weight") for layer in layers])
    return _largest("weights", rows.T @ rows, styles, count)


def components(styles: Tensor, count: int) -> list[Direction]:
    """The principal components of styles `[N, D]`."""
    return _largest("components", torch.cov(styles.double().T), styles, count)


def _largest(found: str, matrix: Tensor, styles: Tensor, count: int) -> list[Direction]:
    """The first eigenvectors, at the length of one standard deviation of styles along each."""
    share, ways = torch.linalg.eigh(matrix.detach().double().cpu())
    share, ways = (share.flip(0) / share.sum()).tolist(), ways.flip(1).T
    along = ((styles - styles.mean(0)).double() @ ways.T).std(0)
    singular = found.removesuffix("s")
    return [
        Direction(f"{singular}{i + 1}", (way * along[i]).float(), found, {"share": share[i]})
        for i, way in enumerate(ways[:count])
    ]


def random_steps(styles: Tensor, noise: Noise) -> Tensor:
    """A step to take from each of the styles `[N, D]`, small beside what these differ by."""
    spread = styles.var(0).mean().sqrt()
    return _STEP * spread * noise.normal(*styles.shape)


def from_steps(
    name: str,
    styles: Tensor,
    steps: Tensor,
    before: Tensor,
    after: Tensor,
    keep: Sequence[Direction] = (),
) -> Direction:
    """The way along which a reading changes most, and of `keep` none, in the mean over samples.

    Args:
        name: what is read.
        styles: of samples, `[N, D]`.
        steps: what was added to them once, `[N, D]`.
        before: what is read of the image of each sample, `[N]`.
        after: what is read once the step is taken, `[N]`.
        keep: directions that were learned before, whose readings stay as they are.

    Raises:
        ConditionError: the reading is the same everywhere, or follows from those that stay; or one
            of these was not learned from readings.
    """
    unread = [one.name for one in keep if one.slope is None]
    if unread:
        raise ConditionError(
            f"{', '.join(unread)} was found without labels, so nobody knows what it changes. Learn "
            "it from labels first."
        )
    spread = float(before.double().std())
    change = after.double() - before.double()
    if spread <= 1e-9 or float(change.abs().max()) <= 1e-9 * spread:
        raise ConditionError(
            f"{name} is read as {float(before[0]):.3g} on every sample, so there is nothing to go "
            "along. Give labels that differ, or train the model further."
        )
    change, taken = change / spread, steps.double()
    square = taken.T @ taken / len(taken)
    square = square + _RIDGE * square.diagonal().mean() * torch.eye(len(square)).double()
    slope = torch.linalg.solve(square, taken.T @ change / len(taken))
    r2 = 1 - float((change - taken @ slope).square().mean() / change.square().mean())
    way = slope
    if keep:
        others = torch.stack([one.slope.double() for one in keep if one.slope is not None], dim=1)
        way = way - others @ torch.linalg.lstsq(others, way[:, None]).solution[:, 0]
    if float(way.norm()) < 0.02 * float(slope.norm()):
        raise ConditionError(
            f"{name} follows from {', '.join(one.name for one in keep)} here, so it does not "
            "change alone. Keep fewer of them."
        )
    way = way / way.norm()
    way = way * (styles.double() @ way).std()
    return Direction(
        name, way.float(), "labels", {"r2": r2, "gain": float(slope @ way)}, slope.float()
    )


def read_directions(run: Path) -> dict[str, Direction]:
    """Those that a run folder holds, by name.

    Raises:
        RunError: the file has another form.
    """
    path = inside(run, FILE)
    if not path.exists():
        return {}
    told = _FileForm.read(read_json(path), path).directions
    return {one.name: Direction.from_json(one.model_dump()) for one in told}


def keep_directions(run: Path, new: Sequence[Direction]) -> Path:
    """Add directions to a run folder; those of the same name are replaced."""
    kept = read_directions(run) | {one.name: one for one in new}
    write_json(run / FILE, {"directions": [one.to_json() for one in kept.values()]})
    return run / FILE


def named(directions: Mapping[str, Direction], name: str) -> Direction:
    """The direction called `name`.

    Raises:
        ConditionError: there is none; the message suggests one that there is.
    """
    if name not in directions:
        have = ", ".join(directions) or "none yet; find some with `zerosum directions RUN`"
        raise ConditionError(
            f"no direction {name!r}.{did_you_mean(name, directions)} There are: {have}."
        )
    return directions[name]


def parse_strengths(pairs: Sequence[str]) -> dict[str, float]:
    """`age=+2` each, as strengths by name.

    Raises:
        ConditionError: one is no number, or a direction is named twice.
    """
    strengths: dict[str, float] = {}
    for pair in pairs:
        name, _, text = pair.rpartition("=")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not name or not math.isfinite(value) or name in strengths:
            raise ConditionError(
                f"{pair!r} is no direction with a strength, or the second of its name. Write "
                "name=strength once each: age=+2."
            )
        strengths[name] = value
    return strengths


def require_run(run: Path | None) -> Path:
    """The run folder of a model.

    Raises:
        RunError: it has none, so that there is no place to keep directions.
    """
    if run is None:
        raise RunError("this model comes from no run folder, so directions cannot be kept in it.")
    return run
