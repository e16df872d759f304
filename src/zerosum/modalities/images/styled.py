"""A trained model that takes styles: mixed, moved along directions, and shown as filmstrips."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from PIL import Image
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ConditionError, RunError
from zerosum.games.base import Inputs
from zerosum.modalities.images.directions import (
    Direction,
    components,
    from_weights,
    keep_directions,
    named,
    read_directions,
    require_run,
)
from zerosum.modalities.images.inversion import How, Inverted, invert
from zerosum.modalities.images.styled_game import Styled
from zerosum.models.model import Model
from zerosum.models.samples import Samples
from zerosum.pictures import draw_grid
from zerosum.runs.store import Run

_BATCH = 64
_STYLES = 4_096
"""Latents whose styles say how far one standard deviation goes."""


class StyledModel(Model):
    """A generator of images that takes styles."""

    @property
    def styled(self) -> Styled:
        """The game, which is one of styles."""
        assert isinstance(self.game, Styled)
        return self.game

    def with_styles(self) -> "StyledModel":
        """The model itself."""
        return self

    def edit(
        self,
        n: int = 1,
        directions: Mapping[str, float] | None = None,
        *,
        where: Mapping[str, Any] | None = None,
        seed: int = 0,
        seeds: Sequence[int] | None = None,
    ) -> Samples:
        """Samples moved along directions.

        Args:
            n: how many of `seed`, as `sample` gives them.
            directions: strength of each direction that is kept in the run, by name, in standard
                deviations of styles: `{"age": 2, "smile": -1}`.
            where: controls to fix, such as `{"truncation": 0.7}`.
            seed: which samples.
            seeds: one sample of each of these, in place of `n` of one.

        Raises:
            ConditionError: no such direction, or no samples are asked for.
        """
        inputs = self.inputs(n, seed=seed, seeds=seeds, where=where)
        return self.moved(inputs, self._shift(directions or {}))

    def invert(
        self,
        pictures: Tensor,
        *,
        how: How = "both",
        steps: int = 200,
        pull: float = 0.02,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Inverted:
        """Styles that make images, uint8 `[N, C, H, W]`; see `tasks.inversion.invert`."""
        return invert(self, pictures, how=how, steps=steps, pull=pull, seed=seed, progress=progress)

    def edit_styles(self, styles: Tensor, directions: Mapping[str, float]) -> Samples:
        """Images of styles `[N, num_styles, style_dim]` moved along directions.

        Raises:
            ConditionError: no such direction.
        """
        shift = self._shift(directions)
        styles = styles if shift is None else styles + shift
        return self._painted(styles, torch.zeros(len(styles)), None)

    def inputs(
        self,
        n: int = 1,
        *,
        seed: int = 0,
        seeds: Sequence[int] | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> Inputs:
        """Inputs of `n` samples of a seed, or of the first of each of several, under conditions.

        Raises:
            ConditionError: there would be none, or the model does not control that.
        """
        if (seeds is not None and not len(seeds)) or n < 1:
            raise ConditionError("no samples are asked for; give n of at least 1, or seeds.")
        if seeds is None:
            return self.steer(self.draw(n, seed=seed), where or {}, seed=seed)
        each = [self.steer(self.draw(1, seed=one), where or {}, seed=one) for one in seeds]
        y = [one.y for one in each if one.y is not None]
        return Inputs(torch.cat([one.z for one in each]), torch.cat(y) if y else None)

    def mix(
        self,
        seeds: Sequence[int],
        *,
        layer: int | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> Image.Image:
        """Every pair of samples mixed: coarse styles of the row's, fine ones of the column's.

        The first row and column show the samples themselves.

        Args:
            seeds: two or more.
            layer: the first whose style is the column's; left out, the middle one.
            where: controls to fix.

        Raises:
            ConditionError: fewer than two seeds, or no such layer.
        """
        count = self.styled.num_styles
        layer = count // 2 if layer is None else layer
        if len(seeds) < 2 or not 0 < layer < count:
            raise ConditionError(
                f"{len(seeds)} seeds and layer {layer} are given; mixing takes two seeds or more, "
                f"and a layer from 1 to {count - 1}."
            )
        own = self.inputs(seeds=seeds, where=where)
        n = len(seeds)
        rows, columns = torch.arange(n).repeat_interleave(n), torch.arange(n).repeat(n)
        mixed = self.moved(self.styled.mixed(_at(own, rows), _at(own, columns), layer)).tensor
        alone = self.moved(own).tensor
        cells = [torch.full_like(alone[:1], 255), alone]
        for i in range(n):
            cells += [alone[i : i + 1], mixed[i * n : (i + 1) * n]]
        return draw_grid(torch.cat(cells), columns=n + 1)

    def directions(self) -> dict[str, Direction]:
        """Those that are kept in the run, by name.

        Raises:
            RunError: one is of another model.
        """
        kept = {} if self.run is None else read_directions(self.run)
        dim = self.styled.generator.centre.shape
        for one in kept.values():
            if one.way.shape != dim or (one.slope is not None and one.slope.shape != dim):
                raise RunError(
                    f"the direction {one.name!r} in {self.run} is not of its model, whose styles "
                    f"have {dim[0]} numbers. Remove directions.json and find them again."
                )
        return kept

    def find_directions(
        self, *, how: Literal["weights", "components"] = "weights", count: int = 8, seed: int = 0
    ) -> list[Direction]:
        """Find directions without labels, and keep them in the run.

        Args:
            how: `weights`: what changes the generator's layers most; `components`: what differs
                most between samples.
            count: how many.
            seed: of the samples that say how far a standard deviation goes.

        Raises:
            ConditionError: another `how`, or `count` below 1.
            RunError: the model comes from no run, or from one that is being played.
        """
        if how not in ("weights", "components") or count < 1:
            raise ConditionError(
                f"how={how!r}, count={count}: how is weights or components, and count at least 1."
            )
        run = require_run(self.run)
        styles = self.style_rows(_STYLES, seed=seed)
        if how == "weights":
            found = from_weights(self.styled.generator, styles, count)
        else:
            found = components(styles, count)
        with Run.open(run).held():
            keep_directions(run, found)
        return found

    def style_rows(self, n: int, *, seed: int = 0) -> Tensor:
        """Styles of `n` samples, float32 `[n, style_dim]` on the CPU."""
        inputs = self.draw(n, seed=seed)
        with torch.no_grad():
            pieces = [
                self.styled.styles(inputs.rows(i, i + _STYLES).to(self.device))[:, 0].cpu()
                for i in range(0, n, _STYLES)
            ]
        return torch.cat(pieces).float()

    def filmstrip(
        self,
        direction: str | Direction,
        *,
        strengths: Sequence[float] = (-3, -2, -1, 0, 1, 2, 3),
        seeds: Sequence[int] = (0, 1, 2, 3),
        where: Mapping[str, Any] | None = None,
    ) -> Image.Image:
        """One row for each seed: the sample along a direction.

        Raises:
            ConditionError: no such direction.
        """
        one = direction if isinstance(direction, Direction) else self._direction(direction)
        inputs = self.inputs(seeds=seeds, where=where)
        shift = one.way * torch.tensor(list(strengths)).repeat(len(seeds))[:, None]
        rows = torch.arange(len(seeds)).repeat_interleave(len(strengths))
        return draw_grid(self.moved(_at(inputs, rows), shift).tensor, columns=len(strengths))

    def _direction(self, name: str) -> Direction:
        return named(self.directions(), name)

    def _shift(self, strengths: Mapping[str, float]) -> Tensor | None:
        ways = [self._direction(name).way * strength for name, strength in strengths.items()]
        return torch.stack(ways).sum(0) if ways else None

    def moved(self, inputs: Inputs, shift: Tensor | None = None) -> Samples:
        """Samples of inputs whose styles are shifted by `[style_dim]`, or `[B, style_dim]`."""
        with torch.no_grad():
            styles = self.styled.styles(inputs.to(self.device)).cpu()
        styles = styles if shift is None else styles + shift.unsqueeze(-2)
        return self._painted(styles, inputs.z[:, -1], inputs.y)

    def _painted(self, styles: Tensor, chance: Tensor, y: Tensor | None) -> Samples:
        """Images of styles, and of the chance that decides their noise."""
        pieces = []
        with torch.no_grad():
            for some, luck in zip(styles.split(_BATCH), chance.split(_BATCH), strict=True):
                x = self.styled.generator.synthesise(some.to(self.device), luck.to(self.device))
                pieces.append(self.space.to_data(x).cpu())
        return self.samples_of(torch.cat(pieces), y)


def _at(inputs: Inputs, rows: Tensor) -> Inputs:
    return Inputs(inputs.z[rows], None if inputs.y is None else inputs.y[rows])
