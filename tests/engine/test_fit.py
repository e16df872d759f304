"""A state that a trainer could not have saved is refused by name, and nothing of it is loaded."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from zerosum.data.base import ArrayDataset
from zerosum.engine.carry import carry_over
from zerosum.engine.execution import Execution
from zerosum.engine.optimisation import Adam, AdamW, Optimisation, OptimizerConfig, RmsProp, Sgd
from zerosum.engine.trainer import Trainer
from zerosum.errors import RunError
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.rng import Noise, seeded_initialisation
from zerosum.runtime import Runtime

Tensors = dict[str, Tensor]
MOMENT = "optimizer.generator.0.exp_avg"
WEIGHT = "game.generator.layers.0.weight"
AVERAGE = "average.generator.layers.0.weight"


def make_trainer(optimizer: OptimizerConfig | None = None, *, played: int = 0) -> Trainer:
    dataset = ArrayDataset(Noise(0).normal(64, 3), name="points")
    config = TwoPlayerConfig(
        generator=MlpGeneratorConfig(width=4), discriminator=MlpDiscriminatorConfig(width=4)
    )
    with seeded_initialisation(0):
        game = config.build(dataset.space)
    one = optimizer or Adam()
    rates: dict[str, OptimizerConfig] = {"generator": one, "discriminator": one}
    trainer = Trainer(
        game, dataset, Optimisation(batch_size=8, optimizers=rates), seed=0,
        runtime=Runtime(torch.device("cpu")), execution=Execution(),
    )  # fmt: skip
    for _ in range(played):
        trainer.play()
    return trainer


@pytest.mark.parametrize("optimizer", [Adam(), AdamW(), Sgd(), Sgd(momentum=0.5), RmsProp()])
@pytest.mark.parametrize("played", [0, 3])
def test_what_was_saved_fits(optimizer: OptimizerConfig, played: int) -> None:
    tensors, scalars = make_trainer(optimizer, played=played).state()
    fresh = make_trainer(optimizer)
    fresh.load_state(tensors, scalars)
    fresh.load_state(tensors, scalars)  # also where it has a state already
    fresh.play()
    assert fresh.step == played + 1


def _put(name: str, make: Callable[[Tensor], Tensor]) -> Callable[[Tensors], object]:
    return lambda tensors: tensors.__setitem__(name, make(tensors[name]))


BAD_TENSORS: dict[str, tuple[Callable[[Tensors], object], str]] = {
    "short moment": (_put(MOMENT, lambda t: t[:1]), rf"{MOMENT} is float32 \[1, .*has to be"),
    "scalar moment": (_put(MOMENT, lambda _: torch.zeros(())), rf"{MOMENT} is float32 \[\]"),
    "wide moment": (_put(MOMENT, Tensor.double), f"{MOMENT} is float64"),
    "lost moment": (lambda t: t.pop(MOMENT), f"{MOMENT} is missing"),
    "more of a parameter": (
        lambda t: t.update({"optimizer.generator.0.max_exp_avg_sq": torch.zeros(2)}),
        "max_exp_avg_sq is not part of it",
    ),
    "no parameter": (
        lambda t: t.update({"optimizer.generator.999.step": torch.zeros(())}),
        r"generator\.999\.step belongs to no parameter",
    ),
    "odd number": (
        lambda t: t.update({"optimizer.generator.-1.step": torch.zeros(())}),
        "belongs to no parameter",
    ),
    "no player": (
        lambda t: t.update({"optimizer.critic.0.step": torch.zeros(())}),
        "which this training has not",
    ),
    "many steps": (
        lambda t: t.update({"optimizer.generator.0.step": torch.tensor(float("inf"))}),
        "step is inf",
    ),
    "short weight": (_put(WEIGHT, lambda t: t[:1]), WEIGHT),
    "whole numbers": (_put(WEIGHT, Tensor.int), "is int32"),
    "lost weight": (lambda t: t.pop(WEIGHT), "is missing"),
    "short average": (_put(AVERAGE, lambda t: t[:1]), AVERAGE),
    "lost average": (lambda t: t.pop(AVERAGE), "is missing"),
    "no noise": (lambda t: t.pop("noise"), "noise is missing"),
    "short noise": (_put("noise", lambda t: t[:-1]), r"noise is uint8 \[5055\]"),
    "float noise": (_put("noise", Tensor.float), "noise is float32"),
    "wild noise": (_put("noise", lambda t: torch.full_like(t, 255)), "no state of a generator"),
    "no window": (lambda t: t.pop("window.generator/adversarial"), "window.*to be 1 to 20"),
    "flat window": (
        _put("window.generator/adversarial", lambda t: t.sum()), "window.*to be 1 to 20",
    ),
    "long window": (
        _put("window.generator/adversarial", lambda _: torch.zeros(21)), "window.*to be 1 to 20",
    ),
    "complex window": (
        _put("window.generator/adversarial", lambda t: t.to(torch.complex64)), "window.*real num",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "words"), BAD_TENSORS.values(), ids=BAD_TENSORS)
def test_a_bad_tensor(change: Callable[[Tensors], object], words: str) -> None:
    tensors, scalars = make_trainer(played=3).state()
    change(tensors)
    trainer = make_trainer()
    before = {name: t.clone() for name, t in trainer.state()[0].items()}
    with pytest.raises(RunError, match=words):
        trainer.load_state(tensors, scalars)
    after = trainer.state()[0]
    assert all(torch.equal(before[name], after[name]) for name in before)
    if "window" not in words:  # it is not rolled back
        with pytest.raises(RunError, match=words):
            trainer.roll_back(tensors, scalars)


def test_what_is_carried_over_is_looked_at_too() -> None:
    tensors, scalars = make_trainer(played=3).state()
    trainer = make_trainer()
    tensors[MOMENT] = torch.zeros(())
    with pytest.raises(RunError, match=MOMENT):
        trainer.load_state(carry_over(tensors, trainer), scalars)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("position", one) for one in (-5, 1, 2**40, 2**60, 1.5, True, None, "1", [1])),
        *(("step", one) for one in (-1, 10**400, 2.0, False, None)),
        *(("seconds", one) for one in (-1.0, float("nan"), float("inf"), "1", None, 1e30)),
        *(("window", one) for one in (None, "generator/x", [1], [[]], {"a": 1})),
        ("window", ["generator/adversarial"] * 2),
        ("window", ["elsewhere/adversarial"]),
        ("window", ["generator/unheard"]),
        *(("notes", one) for one in (None, [], 3)),
    ],
)  # fmt: skip
def test_a_bad_number(name: str, value: Any) -> None:
    tensors, scalars = make_trainer(played=3).state()
    trainer = make_trainer()
    with pytest.raises(RunError, match=name):
        trainer.load_state(tensors, {**scalars, name: value})
    assert trainer.step == 0
    del scalars[name]
    if name != "notes":  # which were not kept once
        with pytest.raises(RunError, match=name):
            trainer.load_state(tensors, scalars)
