"""Songs step by step, in any key, meter, length and range."""

from collections.abc import Mapping

import torch
from torch import Tensor

from zerosum.errors import ConditionError
from zerosum.games.base import Game, Inputs
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.music.codes import CODES, FIRST, HOLD, REST
from zerosum.modalities.music.space import HEAD, MusicSpace
from zerosum.modalities.music.theory import KEYS, NO_KEY, scale_of, shift_of
from zerosum.networks.recurrent_roll import LAGS, Heard, RecurrentRoll
from zerosum.rng import Noise

CONTROLS = ("meter", "key", "bars", "lowest", "highest")
_FORM = 1 + len(CONTROLS)
"""Numbers before those of places: one that draws the form, and what was asked; -1 if nothing."""

_FAR, _LEFT, _TURN = 16, 9, 6
"""Bars from the beginning and to the end that are told apart; semitones that a key moves notes."""


class MusicGame(Game):
    """A game whose generator makes songs, each step given those before it.

    Songs are learned as if their tonic were C, and moved to their key afterwards.

    Attributes:
        generator: a network of steps.
        conditional: whether it knows labels.
    """

    made_in_parts = True
    no_graph = (
        "songs are made step by step, each drawn given those before it: that is a program and no "
        "graph of one network."
    )
    generator: RecurrentRoll
    conditional: bool

    @property
    def music(self) -> MusicSpace:
        """The space, which is one of songs."""
        assert isinstance(self.space, MusicSpace)
        return self.space

    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """Label, meter, key, bars, and the lowest and highest pitch."""
        space, made = self.music, {}
        if self.conditional:
            made["label"] = ChoiceControl(space.labels, space.label_counts)
        made["meter"] = ChoiceControl(space.meter_names, self._counts(1, len(space.meters)))
        if space.pitched:
            made["key"] = ChoiceControl(KEYS, self._counts(2, NO_KEY))
        made["bars"] = RangeControl(1, space.longest)
        if space.pitched:
            made |= {"lowest": RangeControl(0, 127), "highest": RangeControl(0, 127)}
        return made

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        """See `Game.control`; numbers are rounded.

        Raises:
            ConditionError: the lowest pitch would be above the highest.
        """
        if name == "label":
            return Inputs(inputs.z, values)
        z = inputs.z.clone()
        z[:, 1 + CONTROLS.index(name)] = values.float().round()
        low, high = z[:, 4], z[:, 5]
        if bool(((low > high) & (high >= 0)).any()):
            raise ConditionError(
                f"lowest={int(low.max())} is above highest={int(high.min())}. Give a lower one."
            )
        return Inputs(z, inputs.y)

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Uniform numbers: one for the form, one for each place; -1 for what may be asked."""
        space = self.music
        places = noise.uniform(n, 1 + space.most_steps * len(space.voices))
        asked = torch.full((n, len(CONTROLS)), -1.0, device=places.device)
        y = None
        if self.conditional:
            y = noise.choice(n, torch.tensor(space.label_counts, dtype=torch.float64))
        return Inputs(torch.cat([places[:, :1], asked, places[:, 1:]], dim=1), y)

    def interpolate(self, a: Inputs, b: Inputs, t: float) -> Inputs:
        """Songs have no space to walk through.

        Raises:
            ConditionError: always.
        """
        raise ConditionError("songs cannot be walked through. Use sample with where.")

    def contexts(self) -> tuple[int, ...]:
        """Values of each thing that the network knows of a step."""
        space = self.music
        labels = space.num_labels if self.conditional else 1
        return labels, len(space.meters), 3, max(space.steps), _FAR, 4, _LEFT

    def heard(self, head: Tensor, y: Tensor | None, codes: Tensor, start: int = 0) -> Heard:
        """What is known before steps `start` to `T` of songs in C.

        Args:
            head: int64 `[B, 5]`.
            y: labels `[B]`, or None.
            codes: int64 `[B, T, V]`, -1 beyond the end; the last need not be known.
            start: the first step that is asked for.
        """
        many, voices = codes.shape[1:]
        time = torch.arange(start, many, device=codes.device)
        bar = self.music.bar_steps(head)[:, None]
        plain = codes.where(codes >= 0, self.generator.codes)
        blank = torch.full_like(plain[:, :1], self.generator.codes)
        shifted = torch.cat([blank, plain], dim=1)  # shifted[t] is what was done at t - 1
        begun = torch.arange(many + 1, device=codes.device)[None, :, None]
        last = begun.where(shifted != HOLD, 0).cummax(1).values
        sounding = shifted.gather(1, last)
        lags = [
            shifted.gather(1, (time - lag * bar + 1).clamp_min(0)[..., None].expand(-1, -1, voices))
            for lag in LAGS
        ]
        at = head[:, 3:4] + time // bar
        left = (head[:, 2] + head[:, 3] + head[:, 4])[:, None] - at
        label = head.new_zeros(len(head)) if y is None or not self.conditional else y
        mode = torch.where(head[:, 1] == NO_KEY, 2, head[:, 1] // 12)
        known = [label, head[:, 0], mode]
        contexts = [
            *[one[:, None].expand(-1, len(time)) for one in known],
            time % bar, at.clamp(0, _FAR - 1), at % 4, left.clamp(0, _LEFT - 1),
        ]  # fmt: skip
        return Heard(
            before=shifted[:, start:many], sounding=sounding[:, start:many],
            lags=torch.stack(lags, dim=2), contexts=torch.stack(contexts, dim=2),
        )  # fmt: skip

    def in_c(self, head: Tensor, codes: Tensor, *, back: bool = False) -> Tensor:
        """Codes `[B, T, V]` moved from the key of songs to C, or back."""
        shift = self._shifts(head) * (1 if back else -1)
        moves = (codes >= FIRST) & self._pitched(codes.device)
        return codes.where(~moves, (codes + shift[:, None, None]).clamp(FIRST, CODES - 1))

    @torch.no_grad()
    def generate(self, inputs: Inputs) -> Tensor:
        """Songs in model units, `[B, *shape]`."""
        space, network = self.music, self.generator
        head = self._heads(inputs)
        device, voices = head.device, len(space.voices)
        bar = space.bar_steps(head)
        ends = bar * head[:, 2]
        many = int(ends.max()) if len(head) else 0
        chance = inputs.z[:, _FORM:].unflatten(1, (-1, voices))
        codes = torch.full((len(head), many, voices), -1, device=device)
        allowed, memory = self._allowed(head, inputs.z), None
        sounds = torch.zeros(len(head), voices, dtype=torch.bool, device=device)
        for time in range(many):
            heard = self.heard(head, inputs.y, codes[:, : time + 1], start=time)
            known, memory = network.remember(heard, memory=memory)
            for voice in range(voices):
                logits = network.voice(
                    known[:, 0], codes[:, time, :voice], heard.lags[:, 0, :, voice]
                )
                fits = allowed[:, voice].clone()
                fits[:, HOLD] = sounds[:, voice] & (not space.voices[voice].drums)
                odds = logits.masked_fill(~fits, -torch.inf).softmax(1)
                edges = odds.cumsum(1)
                at = chance[:, time, voice : voice + 1] * edges[:, -1:] * (1 - 1e-6)
                codes[:, time, voice] = torch.searchsorted(edges, at, right=True)[:, 0].clamp_max(
                    CODES - 1
                )
            sounds = codes[:, time] != REST
        over = torch.arange(many, device=device)[None] >= ends[:, None]
        codes = self.in_c(head, codes, back=True).masked_fill(over[..., None], -1)
        room = head.new_full((len(head), space.most_steps, voices), -1)
        room[:, :many] = codes
        return torch.cat([head, room.flatten(1)], dim=1).float()

    def _heads(self, inputs: Inputs) -> Tensor:
        """Meter, key and bars of songs as they are asked for or drawn, int64 `[B, 5]`."""
        forms = torch.tensor(self.music.forms, device=inputs.z.device)
        asked = inputs.z[:, 1:_FORM].round().long()
        odds = forms[:, 4].double().expand(len(asked), -1)
        wishes = [asked[:, 0], asked[:, 1]]
        if self.conditional and inputs.y is not None:
            odds = _kept(odds, forms[:, 0] == inputs.y[:, None])
        for column, wish in zip((1, 2), wishes, strict=True):
            fits = (forms[:, column] == wish[:, None]) | (wish < 0)[:, None]
            odds = _kept(odds, fits)
        edges = odds.cumsum(1)
        at = inputs.z[:, :1].double() * edges[:, -1:]
        drawn = forms[torch.searchsorted(edges, at, right=True)[:, 0].clamp_max(len(forms) - 1)]
        made = torch.where(asked[:, :3] >= 0, asked[:, :3], drawn[:, 1:4])
        return torch.cat([made, torch.zeros_like(made[:, :2])], dim=1)

    def _allowed(self, head: Tensor, z: Tensor) -> Tensor:
        """What voices may do, bool `[B, V, codes]`, in C; to hold is decided step by step."""
        space, device = self.music, head.device
        shift = self._shifts(head)[:, None]
        asked = z[:, 1:_FORM].round().long()
        pitch = torch.arange(CODES - FIRST, device=device) + shift
        inside = (pitch >= 0) & (pitch < CODES - FIRST)
        inside &= (asked[:, 3:4] < 0) | (pitch >= asked[:, 3:4])
        inside &= (asked[:, 4:5] < 0) | (pitch <= asked[:, 4:5])
        scales = torch.zeros(NO_KEY + 1, 12, dtype=torch.bool, device=device)
        for key in range(NO_KEY + 1):
            scales[key, list(scale_of(key))] = True
        inside &= (asked[:, 1:2] < 0) | scales[head[:, 1]].gather(1, pitch % 12)
        made = []
        for voice in space.voices:
            if voice.drums:
                notes = torch.ones_like(inside)
                notes[:, 0] = False
            else:
                notes = inside & (pitch >= voice.low - _TURN) & (pitch <= voice.high + _TURN)
            always = notes.new_ones(len(head), FIRST)
            made.append(torch.cat([always, notes], dim=1))
        return torch.stack(made, dim=1)

    def _shifts(self, head: Tensor) -> Tensor:
        table = torch.tensor([shift_of(key) for key in range(NO_KEY + 1)], device=head.device)
        return table[head[:, 1]]

    def _pitched(self, device: torch.device) -> Tensor:
        return torch.tensor([not voice.drums for voice in self.music.voices], device=device)

    def _counts(self, column: int, many: int) -> tuple[int, ...]:
        counts = [0] * many
        for form in self.music.forms:
            if form[column] < many:
                counts[form[column]] += form[4]
        return tuple(counts)


def _kept(odds: Tensor, fits: Tensor) -> Tensor:
    """Odds `[B, F]` of forms that fit; where none does, as they were."""
    left = odds * fits
    return left.where(left.sum(1, keepdim=True) > 0, odds)


def model_parts(space: MusicSpace, x: Tensor) -> tuple[Tensor, Tensor]:
    """Head `[B, 5]` and codes `[B, T, V]` of songs in model units; T is that of the longest."""
    head, codes = space.parts(x.round())
    longest = max(int((head[:, 2] * space.bar_steps(head)).max()), 1)
    return head[:, :HEAD], codes[:, :longest]
