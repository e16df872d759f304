"""Models whose faults are known: the judge names them, and takes nothing else for real."""

import pytest
import torch
from torch import Tensor

from zerosum.catalogue import find_recipe
from zerosum.data.base import ArrayDataset
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.evaluation.reports.parts import NeighboursPart
from zerosum.games.base import Game, Inputs
from zerosum.rng import Noise
from zerosum.workflows.data import open_data
from zerosum.workflows.evaluate import evaluate
from zerosum.workflows.load import model_of

N = 300


class Replay(Game):
    """Gives rows of a table as its samples."""

    def __init__(self, dataset: ArrayDataset, table: Tensor) -> None:
        super().__init__()
        self.space, self.table = dataset.space, table

    def draw(self, n: int, noise: Noise) -> Inputs:
        return Inputs(noise.uniform(n, 1))

    def generate(self, inputs: Inputs) -> Tensor:
        rows = (inputs.z[:, 0] * len(self.table)).long()
        return self.space.to_model(self.table[rows])


def digits(start: int, stop: int) -> ArrayDataset:
    whole, _ = open_data("digits")
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(0))
    x, y = whole.take(order[start:stop])
    return ArrayDataset(x, y, name="digits", labels=whole.space.labels)


TRAIN, HOLDOUT, OTHERS = digits(0, 800), digits(800, 1_100), digits(1_100, 1_797)


def judge(table: Tensor) -> Evaluation:
    recipe = find_recipe("dcgan").resolve(TRAIN.space)
    model = model_of(recipe, Replay(TRAIN, table))
    return evaluate(model, data=TRAIN, holdout=HOLDOUT, n=N, features="pixels", replicates=20)


def test_new_reals_pass() -> None:
    found = judge(OTHERS.resident[0])
    assert found.verdict.startswith(("Not distinguished from fresh reals", "Close to fresh reals"))
    assert "memorisation" not in found.verdict


def test_a_copy_of_the_training_data_is_found_out() -> None:
    found = judge(TRAIN.resident[0])
    assert "signs of memorisation" in found.verdict
    assert found["exact_copies"].value > 0.3
    part = found.part("neighbours")
    assert isinstance(part, NeighboursPart)
    assert part.cards[0].distances[0] == 0


def test_a_copy_with_a_little_noise_is_found_out() -> None:
    x = TRAIN.resident[0].float()
    noise = 12 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    found = judge((x + noise).clamp(0, 255).to(torch.uint8))
    assert "signs of memorisation" in found.verdict
    assert found["exact_copies"].value == 0


def test_a_collapse_to_one_class_is_found_out() -> None:
    x, y = OTHERS.resident
    assert y is not None
    found = judge(x[y == 3])
    assert found.verdict.startswith(
        ("Nearer to the trivial", "Hardly better than the trivial", "No better than the trivial")
    )
    assert found["coverage"].value < 0.4
    assert found["recall"].value < 0.4
    assert "memorisation" not in found.verdict


def test_noise_is_no_better_than_the_baseline() -> None:
    x = torch.randint(0, 256, (500, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    found = judge(x.to(torch.uint8))
    assert found.verdict.startswith("No better than the trivial baseline")


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
)
def test_other_reals_pass_too(seed: int) -> None:
    order = torch.randperm(len(OTHERS), generator=torch.Generator().manual_seed(seed))
    found = judge(OTHERS.resident[0][order[:400]])
    assert found.verdict.startswith(("Not distinguished from fresh reals", "Close to fresh reals"))
