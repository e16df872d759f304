"""A trained model: samples on request, steered by what the game lets one steer."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from zerosum.arguments import checked
from zerosum.cards import Described, InfoCard, listed
from zerosum.data.base import Progress
from zerosum.engine.recipe import Recipe
from zerosum.errors import ConditionError
from zerosum.faces import option
from zerosum.forms.base import Preview, Writer
from zerosum.games.base import Game, Inputs
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.models.abilities import Abilities
from zerosum.models.export import export_model, fingerprint_of
from zerosum.models.provenance import Provenance, Signer
from zerosum.models.samples import Samples, form_of, require_finite
from zerosum.models.steering import Weight, Where, drawn, steered
from zerosum.models.walk import Walk, walk_inputs
from zerosum.rng import derive_seed, fresh_seed
from zerosum.runs.files import read_json
from zerosum.spaces import Space

_JUDGED_BATCH = 256


class Model(Abilities, Described):
    """A generator with its averaged weights.

    Attributes:
        recipe: the resolved recipe it was trained by.
        space: what its samples are.
        game: the players.
        preview: draws samples.
        writer: writes them.
        run: the run folder, where there is one.
        step: the step of the training that the weights are from, where it is known.
        shown_on: reals that pictures of samples are drawn on, compact `[M, ...]`, if any.
        facts: what the exported file that it was opened from says of it; empty without one.
        usual_batch: samples that are made at once if nothing else is asked for.
        remark: what there is to say of how the newest samples were made; None for most.
    """

    usual_batch: ClassVar[int] = 256

    remark: str | None = None
    shown_on: Tensor | None = None
    facts: Mapping[str, str] = {}

    def __init__(
        self, *, recipe: Recipe, game: Game, preview: Preview, writer: Writer,
        run: Path | None = None, step: int | None = None, device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        self.recipe, self.run, self.step = recipe, run, step
        self.preview, self.writer = preview, writer
        self.game = game.to(device).eval().requires_grad_(False)
        self.space: Space = game.space
        self.device = torch.device(device)

    def card(self, *, drawn: bool) -> InfoCard:
        """What it was trained by, what it makes, and what can be asked of it."""
        name = getattr(self.recipe, "name", "a recipe")
        step = "" if self.step is None else f", step {self.step:,}"
        controls = listed(list(self.controls))
        where = {} if self.run is None else {"run": str(self.run)}
        return InfoCard(
            f"{type(self).__name__} of {name}{step}",
            {"makes": self.space.description, "where": controls or "nothing can be asked", **where},
        )

    @property
    def privacy(self) -> dict[str, Any] | None:
        """What its training promises of the privacy of rows; None where it promises nothing."""
        if self.run is None:
            return json.loads(self.facts["privacy"]) if "privacy" in self.facts else None
        return read_json(self.run / "manifest.json").get("privacy")

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the weights that samples come from: 64 hex digits.

        It is the same for a run and for a `.safetensors` file that was exported from it.
        """
        return fingerprint_of(self.game)

    def provenance(
        self, n: int, *, where: Where | None = None, in_turn: Where | None = None,
        weight: Weight | None = None, seed: int | None = 0, index: int = 0,
    ) -> Provenance:  # fmt: skip
        """What there is to say of samples that this model makes; see `sample`."""
        run = self.facts.get("run") if self.run is None else self.run.resolve().name
        return Provenance(
            recipe=getattr(self.recipe, "name", ""), model=self.fingerprint, run=run,
            step=self.step, seed=seed, n=n, index=index, where=where or {}, in_turn=in_turn or {},
            weight=weight or {},
        )  # fmt: skip

    @property
    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """What `where` may fix."""
        return self.game.controls()

    @checked
    def sample(
        self,
        n: int,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        seed: int | None = None,
        batch_size: int | None = None,
    ) -> Samples:
        """Make `n` samples.

        Sample *i* of a seed is the same whatever `n` and `batch_size` are, up to rounding.

        Args:
            n: how many.
            where: conditions on controls: `{"label": 3}`. Of several values, `["cat", "dog"]` or
                `"cat,dog"`, each sample takes any, labels as often as they are in the data; within
                a range, `Between(0.5, 0.7)` or `"0.5..0.7"`, any number; `"!=cat"` is any other.
            in_turn: controls whose values are taken in turn: `{"label": [0, 1, 2]}`.
            weight: for rows of a table alone; see `TableModel`.
            seed: which samples; if not given, others each time.
            batch_size: how many are made at once; only memory and speed depend on it. If not given,
                `usual_batch`.

        Raises:
            ConditionError: the model does not control that, or takes no such value; or `n` is
                below 1.
        """
        size, seed = self._batch(n, batch_size), fresh_seed() if seed is None else seed
        inputs = self._wanted(n, 0, where, in_turn, weight, seed)
        made = partial(self.provenance, n, where=where, in_turn=in_turn, seed=seed)
        samples = self.make(inputs, batch_size=size, made=made)
        samples.seed = seed
        return samples

    @checked
    def stream(
        self,
        n: int | None = None,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        seed: int | None = None,
        batch_size: int | None = None,
    ) -> Iterator[Samples]:
        """The samples of `sample`, in pieces of `batch_size`; without end if `n` is not given.

        Raises:
            ConditionError: as for `sample`.
        """
        size, seed = self._batch(n, batch_size), fresh_seed() if seed is None else seed
        self._wanted(1, 0, where, in_turn, weight, seed)  # refuses now what the first piece would

        def pieces() -> Iterator[Samples]:
            start = 0
            while n is None or start < n:
                many = size if n is None else min(size, n - start)
                inputs = self._wanted(many, start, where, in_turn, weight, seed)
                made = partial(
                    self.provenance, many, where=where, in_turn=in_turn, seed=seed, index=start
                )
                yield self.make(inputs, batch_size=size, made=made)
                start += many

        return pieces()

    @checked
    def write(
        self,
        path: Path | str,
        n: int,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        seed: int | None = None,
        batch_size: int | None = None,
        safe_csv: bool = False,
        sign: Signer | None = None,
        progress: Progress | None = None,
    ) -> Path:
        """The samples of `sample` into a file or folder; the ending of `path` decides the form.

        Args:
            path: where to; see `Samples.save`.
            n: how many.
            where: as for `sample`.
            in_turn: as for `sample`.
            weight: as for `sample`.
            seed: which samples; if not given, others each time.
            batch_size: how many are made at once.
            safe_csv: put `'` before texts that a spreadsheet would take for formulas.
            progress: called with how many are made.
            sign: signs each file, such as `zs.Identity.own()`.

        Raises:
            ConditionError: as for `sample`.
            RunError: the form does not suit these samples, or cannot be written.
            OriginError: they cannot be signed.
        """
        form_of(path, self.space, self.writer, safe_csv=safe_csv)  # before anything that takes long
        size, seed = self._batch(n, batch_size), fresh_seed() if seed is None else seed
        inputs = self._wanted(n, 0, where, in_turn, weight, seed)
        made = partial(self.provenance, n, where=where, in_turn=in_turn, seed=seed)
        samples = self.make(inputs, batch_size=size, progress=progress, made=made)
        return samples.save(path, safe_csv=safe_csv, sign=sign)

    @checked
    def walk(
        self,
        *,
        frames: int = 60,
        stops: int = 4,
        n: int = 16,
        where: Where | None = None,
        in_turn: Where | None = None,
        seed: int | None = None,
        progress: Progress | None = None,
    ) -> Walk:
        """`n` closed tours through the latent space, each of `stops` samples, in `frames` frames.

        A tour keeps the values that `where` and `in_turn` give it. Without a `seed` there are other
        tours each time. `progress` is called with how many frames are made.

        Raises:
            ConditionError: the model does not control that, or takes no such value.
        """
        if min(frames, stops, n) < 1:
            raise ConditionError(f"frames={frames}, stops={stops}, n={n}: all must be at least 1.")
        seed = fresh_seed() if seed is None else seed
        seeds = [derive_seed(seed, "walk", stop) for stop in range(stops)]
        corners = [
            steered(self.game, self.draw(n, seed=one), where or {}, in_turn or {}, seed=seeds[0])
            for one in seeds
        ]
        corners = [Inputs(corner.z, corners[0].y) for corner in corners]
        made = []
        for inputs in walk_inputs(self.game, corners, frames):
            made.append(self.make(inputs, batch_size=256).tensor)
            if progress is not None:
                progress("walking", len(made), frames)
        return Walk(self.space, made, preview=self.preview)

    @checked
    def save(
        self, path: Path | str, *, format: str | None = None, progress: Progress | None = None
    ) -> Path:
        """Write the model into one file: `.safetensors`, or `.onnx` for other programs.

        Args:
            path: where to.
            format: `safetensors` or `onnx`; if not given, by the ending of `path`.
            progress: called with how far it is.

        Raises:
            ExportError: the form is another, or does not suit the model; no file is left then.
            MissingExtraError: ONNX is not installed.
            RunError: the file cannot be written.
        """
        return export_model(self, path, format=format, progress=progress)

    def draw(self, n: int, *, seed: int, start: int = 0) -> Inputs:
        """See `zerosum.models.steering.drawn`."""
        return drawn(self.game, n, seed=seed, start=start)

    def steer(self, inputs: Inputs, where: Where, *, seed: int = 0) -> Inputs:
        """Inputs of the first samples of `seed` with the conditions in `where` on controls.

        Raises:
            ConditionError: the model does not control that, or takes no such value.
        """
        return steered(self.game, inputs, where, {}, seed=seed)

    def make(
        self,
        inputs: Inputs,
        *,
        batch_size: int,
        progress: Progress | None = None,
        made: Callable[[], Provenance] | None = None,
    ) -> Samples:
        """Samples from inputs.

        Args:
            inputs: what they are made from.
            batch_size: how many are made at once.
            progress: called with how many are made.
            made: says how they were made, if somebody signs them.
        """
        pieces = []
        for x in self.generate(inputs, batch_size=batch_size):
            pieces.append(self.space.to_data(x).cpu())
            if progress is not None:
                done = min(len(pieces) * batch_size, inputs.size)
                progress(f"making {self.space.unit}", done, inputs.size)
        return self.samples_of(torch.cat(pieces), inputs.y, made=made)

    def values(
        self, n: int, *, where: Where | None = None, seed: int = 0, batch_size: int = _JUDGED_BATCH
    ) -> Tensor:
        """The samples of `sample` in compact form, `[n, ...]`, on the CPU."""
        return self.sample(n, where=where, seed=seed, batch_size=batch_size).tensor

    def samples_of(
        self, x: Tensor, y: Tensor | None = None, *, made: Callable[[], Provenance] | None = None
    ) -> Samples:
        """Compact samples `[N, ...]`, made under labels `[N]` if any, as users get them."""
        return Samples(
            x, y, self.space, preview=self.preview, writer=self.writer, real=self.shown_on,
            made=made, remark=self.remark,
        )  # fmt: skip

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
            progress: called with how many are drawn.

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
        return self.labelled(self.draw(len(reals), seed=seed), y)

    def labelled(self, inputs: Inputs, y: Tensor | None) -> Inputs:
        """Inputs with the labels `y` `[N]`, where the model is steered by them."""
        if y is None or not isinstance(self.controls.get("label"), ChoiceControl):
            return inputs
        return self.game.control(inputs, "label", y.long().cpu())

    def generate(self, inputs: Inputs, *, batch_size: int) -> Iterator[Tensor]:
        """Batches of samples in model units, `[B, *space.shape]`, on the model's device."""
        for start in range(0, inputs.size, batch_size):
            piece = inputs.rows(start, start + batch_size).to(self.device)
            with torch.no_grad():
                x = self.game.generate(piece)
            yield x

    def _wanted(
        self, n: int, start: int, where: Where | None, in_turn: Where | None,
        weight: Weight | None, seed: int,
    ) -> Inputs:  # fmt: skip
        """Inputs of what is asked for, from sample number `start` on."""
        if weight:
            raise ConditionError(
                f"{option('weight')} is for rows of a table, and these are {self.space.unit}. "
                "Leave it out; where and in_turn choose the values of controls."
            )
        inputs = self.draw(n, seed=seed, start=start)
        return steered(self.game, inputs, where or {}, in_turn or {}, seed=seed, start=start)

    def _batch(self, n: int | None, batch_size: int | None) -> int:
        size = self.usual_batch if batch_size is None else batch_size
        if size < 1 or (n is not None and n < 1):
            raise ConditionError(f"n={n}, batch_size={size}: both must be at least 1.")
        return size
