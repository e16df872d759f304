"""A resume is exact: in every precision and layout, through a checkpoint on disk, in mid-window."""

from itertools import product
from pathlib import Path

import pytest
import torch
from torch import Tensor

from zerosum.data.base import ArrayDataset
from zerosum.engine.execution import Execution, Layout, Precision
from zerosum.engine.optimisation import Adam, Optimisation
from zerosum.engine.trainer import Trainer
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.networks.dcgan import DcganDiscriminatorConfig, DcganGeneratorConfig
from zerosum.objectives.adversarial import RelativisticPaired
from zerosum.objectives.penalties import R1, R2
from zerosum.rng import Noise, seeded_initialisation
from zerosum.runs.checkpoints import Checkpoints
from zerosum.runtime import Runtime
from zerosum.schedules import Cosine

PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
LAYOUTS: tuple[Layout, ...] = ("contiguous", "channels_last")
PIXELS = Noise(0).integers(32, 3, 8, 12, high=256).to(torch.uint8)


def make_trainer(execution: Execution) -> Trainer:
    dataset = ArrayDataset(PIXELS, torch.arange(32) % 3, name="tiny", labels=["a", "b", "c"])
    config = TwoPlayerConfig(
        latent_dim=6,
        generator=DcganGeneratorConfig(width=8),
        discriminator=DcganDiscriminatorConfig(width=8, normalisation="spectral"),
        adversarial=RelativisticPaired(),
        penalties=(R1(every=2), R2(every=2)),
        penalty_schedule=Cosine(end=0.1),
        conditional=True,
    )
    adam = Adam(schedule=Cosine(end=0.1), beta2_schedule=Cosine(start=0.9, end=1.0))
    optimisation = Optimisation(
        batch_size=8, total_samples=80, record_every=4,
        optimizers={"generator": adam, "discriminator": adam},
    )  # fmt: skip
    with seeded_initialisation(0):
        game = config.build(dataset.space)
    runtime = Runtime(torch.device("cpu"))
    return Trainer(game, dataset, optimisation, seed=0, runtime=runtime, execution=execution)


def layouts(tensors: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tensor.stride() for name, tensor in tensors.items() if tensor.ndim == 4}


@pytest.mark.parametrize(("precision", "layout"), [*product(PRECISIONS, LAYOUTS)])
def test_seven_steps_are_three_and_four(
    precision: Precision, layout: Layout, tmp_path: Path
) -> None:
    execution = Execution(precision=precision, layout=layout)
    straight, first, second = (make_trainer(execution) for _ in range(3))
    for _ in range(7):
        straight.play()
    for _ in range(3):
        first.play()
    store = Checkpoints(tmp_path)
    store.save(*first.state())
    saved = store.load(3)
    second.load_state(saved.tensors, saved.scalars)
    assert layouts(second.state()[0]) == layouts(first.state()[0])
    for _ in range(4):
        second.play()
    expected, found = straight.state()[0], second.state()[0]
    assert expected.keys() == found.keys()
    assert not [name for name in expected if not torch.equal(expected[name], found[name])]
    assert layouts(expected) == layouts(found)


def test_channels_last_reaches_weights_averages_and_optimizers() -> None:
    trainer = make_trainer(Execution(layout="channels_last"))
    trainer.play()
    convolutions = [
        (name, tensor)
        for name, tensor in trainer.state()[0].items()
        if tensor.ndim == 4 and min(tensor.shape[1:]) > 1
    ]
    assert {name.split(".")[0] for name, _ in convolutions} == {"game", "average", "optimizer"}
    for name, tensor in convolutions:
        assert tensor.is_contiguous(memory_format=torch.channels_last), name


def test_layouts_and_precisions_agree_up_to_rounding() -> None:
    plain = make_trainer(Execution())
    plain.play()
    for precision, layout in product(PRECISIONS, LAYOUTS):
        other = make_trainer(Execution(precision=precision, layout=layout))
        other.play()
        for name, tensor in plain.state()[0].items():
            if name.startswith("average.") and "running" not in name:
                # Adam's first step is lr in size whatever the gradient, 2e-4 here.
                torch.testing.assert_close(other.state()[0][name], tensor, rtol=0, atol=5e-4)
