"""A column of very many codes is drawn in two stages, as if all odds had been worked out."""

import pytest
import torch

from zerosum.modalities.tables.game import pick
from zerosum.networks.wide_columns import Runs


@pytest.mark.parametrize("forbidden", [(), (0,), (998, 17)])
def test_codes_are_those_of_the_whole_distribution(forbidden: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    runs = Runs(999, 8)
    runs.set_marginals(torch.randn(999).double().log_softmax(0))
    head, chance = torch.randn(2_000, runs.head) * 2, torch.rand(2_000)
    odds = runs.log_probs(head).exp().double()
    odds[:, list(forbidden)] = 0.0
    codes = runs.pick(head, chance, forbidden)
    whole = pick(odds, chance.double())
    assert (codes == whole).float().mean() > 0.995  # rounding decides at the edges of codes
    assert not torch.isin(codes, torch.tensor(forbidden)).any()
    assert codes.max() < 999


def test_the_ends_of_chance_are_codes_that_exist() -> None:
    torch.manual_seed(0)
    runs = Runs(300, 4)
    runs.set_marginals(torch.full((300,), -5.0))
    codes = runs.pick(torch.randn(3, runs.head), torch.tensor([0.0, 0.5, 1.0]))
    assert codes[0] == 0
    assert codes.max() < 300
