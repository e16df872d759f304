"""Codes of times of day that do not reach across hours."""

import numpy as np
import torch

from zerosum.modalities.sequences.hours import by_hours
from zerosum.modalities.tables.codecs import NumberCodec


def test_a_quiet_night_has_codes_of_its_own() -> None:
    noise = np.random.default_rng(0)
    clocks = np.r_[noise.integers(0, 300, 40), noise.integers(420, 1_440, 4_000), [np.nan] * 9]
    whole = NumberCodec.fit("clock", clocks.astype(float), places=0)
    assert any(one[0] < 300 and one[-1] >= 420 for one in whole.knots)  # the night and the morning
    cut = by_hours(whole, clocks, hour=60, least=5)
    assert not any(one[0] < 300 and one[-1] >= 420 for one in cut.knots)
    assert sum(cut.counts) == len(clocks)
    assert cut.counts[-1] == 9
    codes = cut.encode(torch.from_numpy(clocks)).floor().long()
    assert torch.bincount(codes, minlength=cut.size).tolist() == [*cut.counts]
