"""What one counts of songs before anything is learned."""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from zerosum.modalities.music.codes import FIRST, HOLD
from zerosum.modalities.music.theory import CONSONANT, NO_KEY

LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16)
"""Steps of a note, the longest of each class; longer ones are a class of their own."""

LEAP = 12
"""Semitones from note to note that are told apart, upwards and downwards."""

PLACES = 16
"""Parts of a bar in which notes begin."""

_LAGS = (1, 2, 4)


class Counted:
    """What is counted of songs.

    Args:
        head: of songs, int64 `[N, 5]`; see `MusicSpace`.
        codes: what voices do, int64 `[N, T, V]`; -1 beyond the end.
        bar: steps of a bar, `[N]`.
        pitched: voices that are not drums: the first.

    Attributes:
        sounding: the pitch that sounds, `[N, T, P]`; -1 where none does.
        begins: whether a note begins, bool `[N, T, V]`.
    """

    def __init__(self, head: Tensor, codes: Tensor, bar: Tensor, pitched: int) -> None:
        used = int((codes[..., 0] >= 0).sum(1).max()) if len(codes) else 0
        self.head, self.codes, self.bar, self._pitched = (
            head,
            codes[:, : max(used, 1)],
            bar,
            pitched,
        )
        self.begins = self.codes >= FIRST
        self.time = torch.arange(self.codes.shape[1], device=codes.device)[None, :, None]
        pitches = self.pitched
        last = self.time.expand_as(pitches).where(pitches != HOLD, 0).cummax(1).values
        own = pitches.gather(1, last)
        self.sounding = (own - FIRST).where((own >= FIRST) & (pitches >= 0), -1)
        self.tonic = torch.where(self.head[:, 1] == NO_KEY, 0, self.head[:, 1] % 12)

    @property
    def pitched(self) -> Tensor:
        """Codes of voices that are not drums, `[N, T, P]`."""
        return self.codes[..., : self._pitched]

    def pitch_classes(self) -> Tensor:
        """How long each step above the tonic sounds, `[N, 12]`."""
        above = (self.sounding - self.tonic[:, None, None]) % 12
        heard = one_hot(above, 12) * (self.sounding >= 0)[..., None]
        return heard.sum((1, 2)).double()

    def intervals(self) -> Tensor:
        """Semitones from note to note within each voice, `[N, P, 25]`."""
        begins = self.begins[..., : self._pitched]
        time = self.time.expand_as(begins).where(begins, -1).cummax(1).values
        before = torch.cat([torch.full_like(time[:, :1], -1), time[:, :-1]], dim=1)
        known = begins & (before >= 0)
        leap = self.sounding - self.sounding.gather(1, before.clamp_min(0))
        marks = one_hot(leap.clamp(-LEAP, LEAP) + LEAP, 2 * LEAP + 1) * known[..., None]
        return marks.sum(1).double()

    def lengths(self) -> Tensor:
        """Lengths of notes within each pitched voice, `[N, P, 9]`."""
        pitched = self.pitched
        many = pitched.shape[1]
        ends = self.time.expand_as(pitched).where(pitched != HOLD, many).flip(1).cummin(1).values
        ends = torch.cat([ends.flip(1)[:, 1:], torch.full_like(ends[:, :1], many)], dim=1)
        edges = torch.tensor(LENGTHS, device=pitched.device)
        size = torch.bucketize(ends - self.time, edges)
        marks = one_hot(size, len(LENGTHS) + 1) * (pitched >= FIRST)[..., None]
        return marks.sum(1).double()

    def onsets(self) -> Tensor:
        """Where in a bar notes begin, in sixteenths of a bar, for each voice, `[N, V, 16]`."""
        place = self.time % self.bar[:, None, None] * PLACES // self.bar[:, None, None]
        marks = one_hot(place.expand(*self.codes.shape[:2], 1), PLACES) * self.begins[..., None]
        return marks.sum(1).double()

    def consonance(self) -> Tensor:
        """Share of pairs of voices, over steps, that are consonant, `[N]`; NaN without pairs."""
        good = torch.zeros(12, device=self.codes.device).index_fill_(
            0, torch.tensor(CONSONANT, device=self.codes.device), 1.0
        )
        above, total = torch.zeros(len(self.head)), torch.zeros(len(self.head))
        for i in range(self._pitched):
            for j in range(i):
                both = (self.sounding[..., i] >= 0) & (self.sounding[..., j] >= 0)
                apart = (self.sounding[..., i] - self.sounding[..., j]).abs() % 12
                above = above + (good[apart] * both).sum(1).cpu()
                total = total + both.sum(1).cpu()
        return above.double() / total.double()

    def likeness(self, bars: int) -> Tensor:
        """Share of steps at which voices do what they did so many bars before, `[N]`.

        NaN for songs that are not longer.
        """
        lag = (bars * self.bar)[:, None, None]
        earlier = self.codes.gather(1, (self.time - lag).clamp_min(0).expand_as(self.codes))
        valid = (self.time >= lag) & (self.codes >= 0)
        same = (earlier == self.codes) & valid
        return same.sum((1, 2)).double() / valid.sum((1, 2)).double()


def summaries(counted: Counted) -> Tensor:
    """What songs are like, float32 `[N, F]`; all numbers lie between -1 and 1 or so.

    Shares of pitch classes above the tonic; for each voice its mean pitch, how often it begins a
    note and where in the bar, lengths, intervals; consonance; how alike bars are that are 1, 2 and
    4 apart; drums.
    """
    valid = (counted.codes[..., :1] >= 0).sum(1).double().clamp_min(1)
    heard = counted.sounding >= 0
    mean = (counted.sounding * heard).sum(1) / heard.sum(1).clamp_min(1)
    parts = [
        _shares(counted.pitch_classes()), mean.double() / 64, heard.sum(1).double() / valid,
        counted.begins.sum(1).double() / valid,
        _shares(counted.onsets()).flatten(1), _shares(counted.lengths()).flatten(1),
        _shares(counted.intervals()).flatten(1), counted.consonance()[:, None].to(valid.device),
        *[counted.likeness(lag)[:, None] for lag in _LAGS],
    ]  # fmt: skip
    if counted.pitched.shape[2] < counted.codes.shape[2]:
        struck = (counted.codes[..., -1] - FIRST).clamp_min(0)
        parts += [((struck >> bit) & 1).sum(1, keepdim=True).double() / valid for bit in range(7)]
    return torch.cat(parts, dim=1).nan_to_num(0.0).float()


def _shares(counts: Tensor) -> Tensor:
    return counts / counts.sum(-1, keepdim=True).clamp_min(1)
