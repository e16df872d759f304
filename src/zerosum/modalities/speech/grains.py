"""A wave with another pitch and another throat, of the same length and words.

Pitch-synchronous overlapping (Moulines and Charpentier, "Pitch-synchronous waveform processing
techniques for text-to-speech synthesis using diphones", Speech Communication 9, 1990): grains of
two periods are cut out around marks, one for each period, and added again at marks of another
distance. So the pitch moves and the envelope of the spectrum stays; a grain that is squeezed or
stretched moves the envelope, too. What is not voiced keeps the distance of its grains.
"""

import numpy as np
import torch

from zerosum.modalities.speech.pitch import periods_of

_HOP, _UNVOICED = 0.01, 0.008
"""Seconds between places whose pitch is known, and of a grain of what is not voiced."""

_SLACK = 0.2
"""Share of a period by which the next mark may lie off, where the wave is highest."""

_LEAST = 0.5
"""Sum of windows below which grains are not made louder."""


def with_voice(wave: np.ndarray, rate: int, *, pitch: float, throat: float) -> np.ndarray:
    """A wave whose pitch and whose formants are moved.

    Args:
        wave: `[samples]`.
        rate: samples in a second.
        pitch: what the pitch is multiplied by.
        throat: what the frequencies of the envelope are multiplied by.

    Returns:
        float32 `[samples]`.

    >>> buzz = np.sin(2 * np.pi * 125 * np.arange(8_000) / 8_000)
    >>> higher = with_voice(buzz, 8_000, pitch=1.6, throat=1.0)
    >>> int(periods_of(torch.from_numpy(higher), 8_000, 100)[40])
    40
    """
    marks, periods, voiced = _marks(wave, rate)
    made, shares = np.zeros((2, len(wave)))
    place, last = 0.0, len(marks) - 1
    while place < len(wave):
        after = int(np.searchsorted(marks, place))
        nearest = min(after, last)
        if after and (after > last or place - marks[after - 1] < marks[after] - place):
            nearest = after - 1
        period = int(periods[nearest])
        _add(made, shares, wave, int(marks[nearest]), round(place), period, throat)
        place += period / pitch if voiced[nearest] else period
    return (made / np.maximum(shares, _LEAST)).astype(np.float32)


def _add(
    made: np.ndarray, shares: np.ndarray, wave: np.ndarray, mark: int, place: int, half: int,
    throat: float,
) -> None:  # fmt: skip
    """Add the grain around `mark`, of `half` samples on either side, at `place`."""
    reach = max(1, round(half / throat))
    steps = np.arange(-min(reach, place), min(reach, len(made) - 1 - place) + 1)
    window = 0.5 + 0.5 * np.cos(np.pi * steps / (reach + 1))
    grain = np.interp(mark + throat * steps, np.arange(len(wave))[_near(mark, half, wave)],
                      wave[_near(mark, half, wave)], left=0.0, right=0.0)  # fmt: skip
    made[place + steps] += window * grain
    shares[place + steps] += window


def _near(mark: int, half: int, wave: np.ndarray) -> slice:
    return slice(max(0, mark - half - 1), min(len(wave), mark + half + 2))


def _marks(wave: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places of marks, the samples of a period there, and whether it is voiced, `[M]` each."""
    hop = round(_HOP * rate)
    known = periods_of(torch.from_numpy(np.ascontiguousarray(wave)), rate, hop).numpy()
    plain = max(2, round(_UNVOICED * rate))
    found: list[tuple[int, int, bool]] = []
    place, follows = 0, False
    while place < len(wave):
        period = int(known[min(round(place / hop), len(known) - 1)])
        if not period:
            found.append((place, plain, False))
            place, follows = place + plain, False
            continue
        first, stop = place, place + period
        if follows:
            slack = round(_SLACK * period)
            first, stop = place - slack, place + slack + 1
        mark = first + int(wave[first:stop].argmax())
        found.append((mark, period, True))
        place, follows = mark + period, True
    marks, periods, voiced = zip(*found, strict=True)
    return np.array(marks), np.array(periods), np.array(voiced)
