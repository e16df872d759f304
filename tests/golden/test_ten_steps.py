"""Ten steps of every recipe of the zoo against stored values.

Networks, rates and penalties are set here, so that tuning a recipe moves nothing. After a change
that is meant to move these numbers, write them anew and say so in the changelog:

    python tests/golden/test_ten_steps.py
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from zerosum.catalogue import find_recipe
from zerosum.engine.execution import Execution
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Row, Trainer
from zerosum.rng import Noise
from zerosum.runtime import Runtime
from zerosum.testing import small_dataset
from zerosum.workflows.prepare import make_trainer

STORED = Path(__file__).parent / "ten_steps.json"

MLP = {
    "game.generator": {
        "kind": "mlp_generator", "width": 24, "depth": 2, "activation": "relu",
        "batch_norm": False, "label_dim": 4,
    },
    "game.discriminator": {
        "kind": "mlp_discriminator", "width": 24, "depth": 2, "activation": "leaky_relu",
        "label_dim": 4,
    },
}  # fmt: skip
DCGAN = {
    "game.generator": {
        "kind": "dcgan_generator", "width": 8, "max_width": 16, "normalisation": "batch",
        "label_dim": 4,
    },
    "game.discriminator": {
        "kind": "dcgan_discriminator", "width": 8, "max_width": 16, "normalisation": "batch",
    },
}  # fmt: skip
R3GAN = {
    "game.generator": {
        "kind": "r3gan_generator", "width": 8, "max_width": 16, "num_blocks": 1, "group_size": 4,
        "label_dim": 4,
    },
    "game.discriminator": {
        "kind": "r3gan_discriminator", "width": 8, "max_width": 16, "num_blocks": 1,
        "group_size": 4,
    },
}  # fmt: skip
PLAIN = {
    "game.latent_dim": 8,
    "game.adversarial": "non_saturating",
    "game.penalties": [],
    "game.penalty_schedule": {"kind": "constant", "value": 1.0},
    "game.discriminator_repeats": 1,
    "game.conditional": False,
    "game.augmentation": "none",
    "game.pack": 1,
}
ADAM = {
    "kind": "adam", "lr": 1e-3, "beta1": 0.5, "beta2": 0.99, "eps": 1e-8,
    "schedule": {"kind": "linear", "start": 1.0, "end": 0.5, "begin": 0.0, "until": 1.0},
    "beta2_schedule": {"kind": "constant", "value": 1.0},
}  # fmt: skip
LEARNING = {
    "optimisation.batch_size": 8,
    "optimisation.accumulate": 1,
    "optimisation.total_samples": 80,
    "optimisation.optimizers": {"generator": ADAM, "discriminator": ADAM},
    "optimisation.averaging": {"kind": "averaging", "half_life": 30, "ramp": 0.05},
    "optimisation.frozen": [],
    "optimisation.record_every": 1,
}
CASES: dict[str, dict[str, Any]] = {
    "vanilla on vector": PLAIN | MLP,
    "dcgan on image": PLAIN | DCGAN,
    "wgan_gp on image": PLAIN
    | DCGAN
    | {
        "game.discriminator": DCGAN["game.discriminator"] | {"normalisation": "layer"},
        "game.adversarial": "wasserstein",
        "game.discriminator_repeats": 2,
        "game.penalty": 10.0,
    },
    "cgan on image": PLAIN
    | MLP
    | {
        "game.conditional": True,
        "game.penalties": [{"kind": "r1", "weight": 1.0, "every": 2}],
    },
    "infogan on vector": PLAIN
    | MLP
    | {
        "game.num_categories": 3,
        "game.num_codes": 2,
        "game.category_weight": 1.0,
        "game.code_weight": 0.5,
        "game.features": 12,
    },
    "r3gan on image": PLAIN
    | R3GAN
    | {
        "game.adversarial": "relativistic_paired",
        "game.gamma": 0.5,
        "game.penalty_every": 1,
        "game.penalty_schedule": {
            "kind": "cosine", "start": 1.0, "end": 0.1, "begin": 0.0, "until": 0.5,
        },
    },
}  # fmt: skip


class Rows(Hook):
    """Keeps every row, but for counts of pairs, which rounding may turn by a whole pair."""

    def __init__(self) -> None:
        self.values: list[dict[str, float]] = []

    def recorded(self, trainer: Trainer, row: Row) -> None:
        self.values.append({n: v for n, v in row.values.items() if "accuracy" not in n})


def play(case: str) -> dict[str, Any]:
    """What ten steps give: every term, and samples of the average."""
    name, _, space = case.partition(" on ")
    dataset = small_dataset(space)
    recipe = find_recipe(name).resolve(dataset.space).with_values(CASES[case] | LEARNING)
    trainer = make_trainer(
        recipe, dataset, seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution()
    )
    rows = Rows()
    trainer.run([rows])
    with trainer.averaged_weights() as game:
        x = game.generate(game.draw(4, Noise(7))).flatten(1)
    return {"rows": rows.values, "samples": x[:, :8].tolist()}


@pytest.mark.parametrize("case", CASES)
def test_ten_steps_are_as_stored(case: str) -> None:
    stored, played = json.loads(STORED.read_text(encoding="utf-8"))[case], play(case)
    assert len(played["rows"]) == len(stored["rows"]) == 10
    for step, (row, expected) in enumerate(zip(played["rows"], stored["rows"], strict=True), 1):
        # Kernels of other machines round otherwise, and ten steps of a game make it grow.
        assert row == pytest.approx(expected, rel=2e-3, abs=2e-4), f"step {step}"
    for sample, expected in zip(played["samples"], stored["samples"], strict=True):
        assert sample == pytest.approx(expected, rel=2e-3, abs=2e-4)


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_left_to_the_recipe(case: str) -> None:
    name, _, space = case.partition(" on ")
    recipe = find_recipe(name).resolve(small_dataset(space).space)
    for part, config in (("game", recipe.game), ("optimisation", recipe.optimisation)):
        keys = {f"{part}.{field}" for field in type(config).model_fields}
        assert not keys - set(CASES[case] | LEARNING)


def test_nothing_stored_is_out_of_use() -> None:
    assert set(json.loads(STORED.read_text(encoding="utf-8"))) == set(CASES)


if __name__ == "__main__":
    torch.set_num_threads(1)
    text = json.dumps({case: play(case) for case in CASES}, indent=1)
    STORED.write_text(text + "\n", encoding="utf-8")
