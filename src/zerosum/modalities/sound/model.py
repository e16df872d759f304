"""A trained model of sounds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.conditions import read_condition
from zerosum.data.base import Progress
from zerosum.errors import ConditionError
from zerosum.games.base import Inputs
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.sound.space import SoundSpace
from zerosum.modalities.sound.streams import stitched, windows_for
from zerosum.models.model import Model
from zerosum.models.provenance import Provenance
from zerosum.models.samples import Samples
from zerosum.models.steering import Weight, Where
from zerosum.rng import derive_seed

SECONDS = "seconds"
MOST_SECONDS = 300.0
"""Length of a stream at most."""


@dataclass(frozen=True)
class StreamInputs(Inputs):
    """What longer sounds are made from: latents of their windows, `[B, K, L]`.

    Attributes:
        samples: of each sound.
    """

    samples: int = 0


class SoundModel(Model):
    """Makes sounds of the length of the training data, or longer ones of overlapping windows.

    `where={"seconds": 20}` makes each sound that long. It suits what goes on as it is, such as rain
    or an engine; a word or the hit of a drum just comes again. Streams are not evaluated.
    """

    @property
    def sounds(self) -> SoundSpace:
        """The space, which is one of sounds."""
        assert isinstance(self.space, SoundSpace)
        return self.space

    @property
    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """What the game controls, and `seconds`."""
        return {**super().controls, SECONDS: RangeControl(self.sounds.seconds, MOST_SECONDS)}

    def make(
        self,
        inputs: Inputs,
        *,
        batch_size: int,
        progress: Progress | None = None,
        made: Callable[[], Provenance] | None = None,
    ) -> Samples:
        """See `Model.make`; streams are made one by one."""
        if not isinstance(inputs, StreamInputs):
            return super().make(inputs, batch_size=batch_size, progress=progress, made=made)
        space = self.sounds.model_copy(update={"samples": inputs.samples})
        waves: list[Tensor] = []
        for i in range(inputs.size):
            y = None if inputs.y is None else inputs.y[i].expand(len(inputs.z[i]))
            windows = torch.cat([*self.generate(Inputs(inputs.z[i], y), batch_size=batch_size)])
            levels = stitched(windows.float().clamp(-1, 1), space.shape[2])
            waves.append(space.to_data(levels[None]).cpu())
            if progress is not None:
                progress("making sounds", i + 1, inputs.size)
        return Samples(
            torch.cat(waves), inputs.y, space, preview=self.preview, writer=self.writer, made=made
        )

    def _wanted(
        self, n: int, start: int, where: Where | None, in_turn: Where | None,
        weight: Weight | None, seed: int,
    ) -> Inputs:  # fmt: skip
        """Inputs of what is asked for; of streams those of their windows."""
        where, in_turn = where or {}, in_turn or {}
        if SECONDS in in_turn:
            raise ConditionError("all sounds have one length: say seconds in where.")
        if SECONDS not in where:
            return super()._wanted(n, start, where, in_turn, weight, seed)
        control = self.controls[SECONDS]
        condition = read_condition(SECONDS, where[SECONDS])
        asked = control.pick(SECONDS, condition, torch.tensor([0.0, 1 - 1e-6])).tolist()
        if asked[1] - asked[0] > 1e-3:
            raise ConditionError(f"all sounds have one length: seconds is {condition}.")
        rest = {name: one for name, one in where.items() if name != SECONDS}
        samples = round(asked[0] * self.sounds.rate)
        count = windows_for(1 + samples // self.sounds.hop, self.sounds.shape[2])
        first = super()._wanted(n, start, rest, in_turn, weight, seed)
        others = [
            super(SoundModel, self)._wanted(
                n, start, rest, in_turn, weight, derive_seed(seed, "window", i)
            )
            for i in range(1, count)
        ]
        z = torch.stack([first.z, *(one.z for one in others)], dim=1)
        return StreamInputs(z, first.y, samples)
