"""What a song is: for each of a few voices, what it does at each step of a grid."""

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor

from zerosum.config import Config, Size
from zerosum.errors import ConfigError, RecipeError
from zerosum.faces import verb
from zerosum.modalities.music.codes import FIRST, NOTHING, REST
from zerosum.modalities.music.counting import Counted, summaries
from zerosum.modalities.music.rules import TuneRules
from zerosum.modalities.music.theory import NO_KEY
from zerosum.rng import Noise
from zerosum.spaces import Space

HEAD = 5
"""Numbers before the steps: meter, key, bars, bars before these, bars after these."""

MOST_BARS, MOST_STEPS, MOST_VOICES = 32, 48, 12

Pitch = Annotated[int, Field(ge=0, le=127)]
Meter = tuple[Annotated[int, Field(ge=1, le=32)], Annotated[int, Field(ge=1, le=32)]]
"""Beats of a bar, and what part of a whole note a beat is."""


class Voice(Config):
    """One line of notes, of which one sounds at a time; or the drums.

    Attributes:
        name: such as `melody`; voices whose names differ in a number alone are one part.
        program: instrument of General MIDI, from 0.
        low: lowest pitch in the data.
        high: highest pitch in the data.
        drums: whether notes are sets of drums, and not pitches.
    """

    kind = "voice"
    name: str
    program: Pitch = 0
    low: Pitch = 0
    high: Pitch = 127
    drums: bool = False


class MusicSpace(Space):
    """Songs: uint8 `[N, 5 + longest * steps * voices]`, a head and then a code for each place.

    The head holds the meter, the key, and the number of bars; and how many bars of a longer song
    came before these and after. Codes are `REST`, `HOLD`, a pitch + `FIRST` or, for drums, a set of
    seven drums as bits + `FIRST`. What lies beyond the last bar is `NOTHING`.

    Attributes:
        voices: lines of notes, and drums as the last.
        meters: such as `((3, 4), (4, 4))`.
        grid: steps of a quarter note.
        tempo: quarter notes in a minute, for each label; of all songs without labels.
        forms: label (-1 without), meter, key, bars, and how many songs are so.
        longest: bars of a song at most.
        rules: what songs of this data obey; None if nobody knows.
    """

    kind = "music"
    unit = "songs"
    discrete = True
    keeps_compact = True
    precisions = ("fp32",)
    voices: tuple[Voice, ...] = Field(min_length=1, max_length=MOST_VOICES)
    meters: tuple[Meter, ...] = Field(min_length=1, max_length=16)
    grid: Annotated[int, Field(ge=1, le=12)] = 4
    tempo: tuple[Annotated[float, Field(gt=0, le=1_000)], ...] = (120.0,)
    forms: tuple[tuple[int, int, int, int, int], ...] = Field(min_length=1)
    longest: Annotated[Size, Field(le=MOST_BARS)] = MOST_BARS
    rules: TuneRules | None = None

    @model_validator(mode="after")
    def _fits(self) -> "MusicSpace":
        for beats, part in self.meters:
            if steps_of((beats, part), self.grid) is None:
                raise ConfigError(
                    f"bars of {beats}/{part} do not fit {self.grid} steps for each quarter note."
                )
        if len(self.tempo) != max(self.num_labels, 1):
            raise ConfigError(f"{len(self.tempo)} tempos; give one for each label.")
        if any(voice.drums for voice in self.voices[:-1]):
            raise ConfigError("drums are the last of the voices.")
        inside = all(
            -1 <= label < max(self.num_labels, 1) and 0 <= meter < len(self.meters)
            and 0 <= key <= NO_KEY and 1 <= bars <= self.longest and count >= 1
            for label, meter, key, bars, count in self.forms
        )  # fmt: skip
        if not inside:
            raise ConfigError("a form names a label, meter, key or length that there is not.")
        return self

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """Steps of a bar of each meter."""
        return tuple(steps_of(meter, self.grid) or 1 for meter in self.meters)

    @property
    def most_steps(self) -> int:
        """Steps that a song has at most."""
        return self.longest * max(self.steps)

    @property
    def shape(self) -> tuple[int]:
        """`(head + steps * voices,)`."""
        return (HEAD + self.most_steps * len(self.voices),)

    @property
    def pitched(self) -> int:
        """Voices that are not drums."""
        return sum(not voice.drums for voice in self.voices)

    @property
    def meter_names(self) -> tuple[str, ...]:
        """Such as `("3/4", "4/4")`."""
        return tuple(f"{beats}/{part}" for beats, part in self.meters)

    @property
    def description(self) -> str:
        """`songs of melody, bass, drums in 3/4, 4/4`."""
        names = ", ".join(voice.name for voice in self.voices)
        return f"songs of {names} in {', '.join(self.meter_names)}"

    def packed(self, count: int) -> Space:
        """Songs side by side have no space of their own.

        Raises:
            ConfigError: always.
        """
        raise ConfigError("songs are not packed by their space; set game.pack=1.")

    def parts(self, compact: Tensor) -> tuple[Tensor, Tensor]:
        """Head, int64 `[N, 5]`, and codes, int64 `[N, steps, voices]`; -1 is for `NOTHING`.

        Args:
            compact: uint8 `[N, W]`, or the same as networks see it.
        """
        whole = compact.long()
        codes = whole[:, HEAD:].unflatten(1, (-1, len(self.voices)))
        return whole[:, :HEAD], codes.where(codes != NOTHING, -1)

    def compact(self, head: Tensor, codes: Tensor) -> Tensor:
        """Songs uint8 `[N, W]` of heads `[N, 5]` and codes `[N, T, voices]`, -1 for `NOTHING`."""
        room = torch.full(
            (len(codes), self.most_steps, len(self.voices)), NOTHING, dtype=torch.uint8
        )
        room[:, : codes.shape[1]] = codes.where(codes >= 0, NOTHING).to(torch.uint8)
        return torch.cat([head.to(torch.uint8), room.flatten(1)], dim=1)

    def bar_steps(self, head: Tensor) -> Tensor:
        """Steps of a bar of each song, int64 `[N]`, by heads `[N, 5]`."""
        return torch.tensor(self.steps, device=head.device)[head[:, 0]]

    def to_model(self, compact: Tensor) -> Tensor:
        """The same numbers, float32, with -1 for `NOTHING`."""
        x = compact.float()
        return x.where(x != NOTHING, -1.0)

    def to_data(self, x: Tensor) -> Tensor:
        """uint8 `[N, W]` of what networks see, `[N, *shape]`."""
        whole = x.float().round()
        return whole.where(whole >= 0, float(NOTHING)).to(torch.uint8)

    def to_numpy(self, compact: Tensor) -> np.ndarray:
        """Codes, uint8 `[N, steps, voices]`."""
        return compact[:, HEAD:].unflatten(1, (-1, len(self.voices))).contiguous().numpy()

    def counted(self, compact: Tensor) -> Counted:
        """What is counted of songs, uint8 `[N, W]`."""
        head, codes = self.parts(compact)
        return Counted(head, codes, self.bar_steps(head), self.pitched)

    def embed(self, x: Tensor) -> Tensor:
        """Summary features `[N, F]`; see `zerosum.modalities.music.counting.summaries`."""
        return summaries(self.counted(self.to_data(x)))

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """uint8 `[n, W]`: each code is from its place in some real of the same meter."""
        head, codes = self.parts(real)
        chosen = noise.integers(n, high=len(real))
        made = codes[chosen].clone()
        for meter in head[:, 0].unique().tolist():
            own = codes[head[:, 0] == meter].flatten(1)
            mine = (head[chosen, 0] == meter).nonzero()[:, 0]
            rows = noise.integers(len(mine), own.shape[1], high=len(own))
            drawn = own.gather(0, rows).view(len(mine), *codes.shape[1:]).clamp_min(REST)
            made[mine] = drawn.where(made[mine] >= 0, -1)
        return self.compact(head[chosen], made)

    def mismatch(self, other: Space, what: str) -> str | None:
        """See `Space.mismatch`; voices, meters and grid have to agree too."""
        if not isinstance(other, MusicSpace):
            return super().mismatch(other, what)
        mine, theirs = (
            ([voice.name for voice in one.voices], one.meters, one.grid, one.longest)
            for one in (self, other)
        )
        return None if mine == theirs else (
            f"{what} holds {other.description}, and the model makes {self.description}."
        )  # fmt: skip


def steps_of(meter: tuple[int, int], grid: int) -> int | None:
    """Steps of a bar; None if they are no whole number, or too many.

    >>> steps_of((3, 4), 4), steps_of((6, 8), 4), steps_of((5, 16), 1)
    (12, 12, None)
    """
    beats, part = meter
    steps, rest = divmod(beats * 4 * grid, part)
    return None if rest or steps > MOST_STEPS or not steps else steps


def forms_of(head: Tensor, y: Tensor | None) -> tuple[tuple[int, int, int, int, int], ...]:
    """How often each label, meter, key and number of bars come together.

    Args:
        head: of songs, `[N, 5]`.
        y: their labels `[N]`, or None.

    >>> forms_of(torch.tensor([[0, 7, 8, 0, 0], [0, 7, 8, 0, 8]]), None)
    ((-1, 0, 7, 8, 2),)
    """
    labels = torch.full((len(head), 1), -1) if y is None else y[:, None]
    rows = torch.cat([labels, head[:, :3].long()], dim=1)
    found, counts = rows.unique(dim=0, return_counts=True)
    return tuple(
        (label, meter, key, bars, count)
        for (label, meter, key, bars), count in zip(found.tolist(), counts.tolist(), strict=True)
    )


def require_music(space: Space, *, network: str) -> MusicSpace:
    """`space`, known to hold songs.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, MusicSpace):
        raise RecipeError(
            f"{network} takes songs, and the data is of kind {space.kind!r}. Take a recipe that "
            f"lists {space.kind!r} under {verb('recipes')}."
        )
    return space


def lows_and_highs(codes: Tensor, voices: Sequence[Voice]) -> tuple[Voice, ...]:
    """Voices with the lowest and highest pitch of codes `[N, T, voices]`.

    >>> (voice,) = lows_and_highs(torch.tensor([[[62], [1], [66]]]), [Voice(name="melody")])
    >>> voice.low, voice.high
    (60, 64)
    """
    made = []
    for i, voice in enumerate(voices):
        pitches = codes[..., i][codes[..., i] >= FIRST] - FIRST
        if not voice.drums and len(pitches):
            ends = {"low": int(pitches.min()), "high": int(pitches.max())}
            voice = voice.model_copy(update=ends)
        made.append(voice)
    return tuple(made)
