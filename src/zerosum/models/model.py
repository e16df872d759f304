"""A trained model: samples on request, steered by what the game lets one steer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zerosum.config import Config
from zerosum.data.base import Progress
from zerosum.errors import ConditionError, EvaluationError, did_you_mean
from zerosum.forms.base import Preview, Writer
from zerosum.games.base import Choice, Game, Inputs, Range
from zerosum.models.export import export_model
from zerosum.models.samples import Samples
from zerosum.models.walk import Walk, walk_inputs
from zerosum.rng import Noise, derive_seed
from zerosum.runs.files import read_json
from zerosum.spaces import Space

_BLOCK = 64
_JUDGED_BATCH = 256


class Model:
    """A generator with its averaged weights.

    Attributes:
        recipe: the resolved recipe it was trained by.
        space: what its samples are.
        game: the players.
        preview: draws samples.
        writer: writes them.
        run: the run folder, where there is one.
        step: the step of the training that the weights are from, where it is known.
        facts: what the exported file that it was opened from says of it; empty without one.
    """

    facts: Mapping[str, str] = {}

    def __init__(
        self, *, recipe: Config, game: Game, preview: Preview, writer: Writer,
        run: Path | None = None, step: int | None = None, device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        self.recipe, self.run, self.step = recipe, run, step
        self.preview, self.writer = preview, writer
        self.game = game.to(device).eval().requires_grad_(False)
        self.space: Space = game.space
        self.device = torch.device(device)

    @property
    def privacy(self) -> dict[str, Any] | None:
        """What its training promises of the privacy of rows; None where it promises nothing."""
        if self.run is None:
            return json.loads(self.facts["privacy"]) if "privacy" in self.facts else None
        return read_json(self.run / "manifest.json").get("privacy")

    @property
    def controls(self) -> Mapping[str, Choice | Range]:
        """What `where` may fix."""
        return self.game.controls()

    def sample(
        self,
        n: int,
        *,
        where: Mapping[str, Any] | None = None,
        seed: int = 0,
        batch_size: int = 256,
    ) -> Samples:
        """Make `n` samples.

        Sample *i* of a seed is the same whatever `n` and `batch_size` are, up to rounding.

        Args:
            n: how many.
            where: controls to fix, such as `{"label": 3}`; a list or an array takes its values
                in turn.
            seed: which samples.
            batch_size: how many are made at once; only memory and speed depend on it.

        Raises:
            ConditionError: `where` names what the model does not control, or `n` is below 1.
        """
        if n < 1 or batch_size < 1:
            raise ConditionError(f"n={n}, batch_size={batch_size}: both must be at least 1.")
        return self.make(self.steer(self.draw(n, seed=seed), where or {}), batch_size=batch_size)

    def walk(
        self,
        *,
        frames: int = 60,
        stops: int = 4,
        n: int = 16,
        where: Mapping[str, Any] | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Walk:
        """`n` closed tours through the latent space, each of `stops` samples, in `frames` frames.

        `progress` is told how many frames are made.

        Raises:
            ConditionError: `where` names what the model does not control.
        """
        if min(frames, stops, n) < 1:
            raise ConditionError(f"frames={frames}, stops={stops}, n={n}: all must be at least 1.")
        corners = [
            self.steer(self.draw(n, seed=derive_seed(seed, "walk", i)), where or {})
            for i in range(stops)
        ]
        corners = [Inputs(corner.z, corners[0].y) for corner in corners]
        made = []
        for inputs in walk_inputs(self.game, corners, frames):
            made.append(self.make(inputs, batch_size=256).tensor)
            if progress is not None:
                progress("walking", len(made), frames)
        return Walk(self.space, made, preview=self.preview)

    def export(
        self, path: Path | str, *, format: str | None = None, progress: Progress | None = None
    ) -> Path:
        """Write the model into one file: `.safetensors`, or `.onnx` for other programs.

        Args:
            path: where to.
            format: `safetensors` or `onnx`; left out, by the ending of `path`.
            progress: told how far it is.

        Raises:
            ExportError: the form is another, or does not suit the model; no file is left then.
            MissingExtraError: ONNX is not installed.
            RunError: the file cannot be written.
        """
        return export_model(self, path, format=format, progress=progress)

    def translate(self, pictures: Any, **wishes: Any) -> Any:
        """Pictures made from pictures; see `TranslationModel`.

        Raises:
            ConditionError: the model makes samples from noise, as all others do.
        """
        raise ConditionError(
            "this model makes samples and translates no pictures. Train a recipe that does, such "
            "as pix2pix: see `zerosum recipes`."
        )

    def draw(self, n: int, *, seed: int) -> Inputs:
        """Inputs of the first `n` samples of `seed`, on the CPU.

        They are drawn in blocks of fixed size, each from a seed of its own.
        """
        blocks = [
            self.game.draw(_BLOCK, Noise(derive_seed(seed, "sample", block)))
            for block in range(-(-n // _BLOCK))
        ]
        y = [block.y for block in blocks if block.y is not None]
        z = torch.cat([block.z for block in blocks])
        return Inputs(z, torch.cat(y) if y else None).rows(0, n)

    def steer(self, inputs: Inputs, where: Mapping[str, Any]) -> Inputs:
        """`inputs` with the controls in `where` set.

        Raises:
            ConditionError: an unknown control, or a value that it does not take.
        """
        for name, value in where.items():
            control = self.controls.get(name)
            if control is None:
                raise ConditionError(self._no_control(name))
            if isinstance(value, np.ndarray | Tensor):
                value = value.tolist()
            options = (
                value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
            )
            if not options:
                raise ConditionError(f"{name} has no values; give one or more.")
            codes = torch.tensor([_code(name, control, option) for option in options])
            values = codes[torch.arange(inputs.size) % len(codes)]
            inputs = self.game.control(inputs, name, values)
        return inputs

    def make(self, inputs: Inputs, *, batch_size: int) -> Samples:
        """Samples from inputs."""
        pieces = [self.space.to_data(x).cpu() for x in self.generate(inputs, batch_size=batch_size)]
        return self.samples_of(torch.cat(pieces), inputs.y)

    def values(self, n: int, *, seed: int = 0, batch_size: int = _JUDGED_BATCH) -> Tensor:
        """The samples of `sample` in compact form, `[n, ...]`, on the CPU."""
        return self.sample(n, seed=seed, batch_size=batch_size).tensor

    def samples_of(self, x: Tensor, y: Tensor | None = None) -> Samples:
        """Compact samples `[N, ...]`, made under labels `[N]` if any, as users get them."""
        return Samples(x, y, self.space, preview=self.preview, writer=self.writer)

    def drawn_like(
        self,
        reals: Tensor,
        y: Tensor | None,
        *,
        sources: Tensor | None = None,
        seed: int,
        progress: Progress | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """As many samples as there are reals, made as these were, for a judge to compare.

        A model that is steered by `label` is asked for the labels of the reals, row by row, so that
        both are as far from a reference's labels.

        Args:
            reals: compact `[N, ...]`.
            y: their labels `[N]`, or None.
            sources: what they were made from, compact; None if from nothing.
            seed: which samples.
            progress: told how many are drawn.

        Returns:
            Compact samples `[N, ...]`, and the labels that they were asked for.

        Raises:
            EvaluationError: some are not finite.
        """
        inputs = self.inputs_like(reals, y, sources, seed)
        made, bad = [], 0
        for x in self.generate(inputs, batch_size=_JUDGED_BATCH):
            bad += int((~torch.isfinite(x).flatten(1).all(1)).sum())
            made.append(self.space.to_data(x).cpu())
            if progress is not None:
                progress("drawing samples", min(len(made) * _JUDGED_BATCH, len(reals)), len(reals))
        require_finite(bad, len(reals))
        return torch.cat(made), inputs.y

    def inputs_like(
        self, reals: Tensor, y: Tensor | None, sources: Tensor | None, seed: int
    ) -> Inputs:
        """What `drawn_like` makes samples from."""
        inputs = self.draw(len(reals), seed=seed)
        return self.labelled(inputs, y)

    def labelled(self, inputs: Inputs, y: Tensor | None) -> Inputs:
        """Inputs with the labels `y` `[N]`, where the model is steered by them."""
        if y is None or not isinstance(self.controls.get("label"), Choice):
            return inputs
        return self.steer(inputs, {"label": [self.space.labels[code] for code in y.tolist()]})

    def generate(self, inputs: Inputs, *, batch_size: int) -> Iterator[Tensor]:
        """Batches of samples in model units, `[B, *space.shape]`, on the model's device."""
        for start in range(0, inputs.size, batch_size):
            piece = inputs.rows(start, start + batch_size).to(self.device)
            with torch.no_grad():
                x = self.game.generate(piece)
            yield x

    def _no_control(self, name: str) -> str:
        if not self.controls:
            return (
                f"this model controls nothing, so it cannot take {name!r}. Train a conditional "
                "recipe, such as cgan, or set game.conditional=true."
            )
        return f"this model does not control {name!r}.{did_you_mean(name, self.controls)}"


def require_finite(bad: int, n: int) -> None:
    """Refuse samples of which `bad` of `n` are not finite.

    Raises:
        EvaluationError: there are some.
    """
    if bad:
        raise EvaluationError(
            f"{bad:,} of {n:,} samples hold NaN or infinite values, so there is nothing to "
            "judge. The training has diverged: train again with lower rates, or resume an earlier "
            "checkpoint."
        )


def _code(name: str, control: Choice | Range, value: Any) -> int | float:
    if isinstance(control, Choice):
        if str(value) not in control.names:
            raise ConditionError(
                f"{name} has no value {value!r}.{did_you_mean(str(value), control.names)}"
            )
        return control.names.index(str(value))
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not control.low <= number <= control.high:
        raise ConditionError(
            f"{name} is {value!r}; it takes numbers from {control.low:g} to {control.high:g}."
        )
    return number
