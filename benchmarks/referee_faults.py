"""What goes wrong in `referee.py`: trainings of about ten seconds, and faults put into them.

A fault is put into the running trainer when half of the budget is used, and it stays: where the
referee changes the recipe and another trainer takes over, the fault is there again. There are two
exceptions: a poisoned batch is over after one step, and normalisation is taken out of the running
network, so a trainer that is built from the recipe has it again.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from zerosum.data.base import ArrayDataset
from zerosum.data.loader import Loader
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.games.two_player import TwoPlayer
from zerosum.rng import derive_seed
from zerosum.spaces import Batch

FAULT_AT = 0.5
"""Share of the budget after which a fault strikes."""


@dataclass(frozen=True)
class Setup:
    """A recipe on data, with the changes that make it settle within about ten seconds."""

    recipe: str
    data: str
    images: int
    changes: dict[str, Any]
    removable: str = ""
    """`penalty` or `normalisation`, whichever keeps it steady; empty where it has neither."""
    limit: int | None = None
    """Samples used, where the data set is larger."""


def _rates(lr: float) -> dict[str, float]:
    return {f"optimisation.optimizers.{player}.lr": lr for player in ("generator", "discriminator")}


_NARROW = {"game.generator.width": 32, "game.discriminator.width": 32}
_DCGAN = _NARROW | _rates(1e-3)

SETUPS = {
    "vanilla": Setup("vanilla", "digits", 120_000, _rates(1e-3) | {"game.latent_dim": 32}),
    "dcgan": Setup("dcgan", "digits", 100_000, _DCGAN, "normalisation"),
    "dcgan least squares": Setup(
        "dcgan", "digits", 100_000, _DCGAN | {"game.adversarial": "least_squares"}, "normalisation"
    ),
    "dcgan hinge": Setup(
        "dcgan", "digits", 100_000, _DCGAN | {"game.adversarial": "hinge"}, "normalisation"
    ),
    "cgan": Setup(
        "cgan", "digits", 160_000,
        {"game.generator.width": 128, "game.discriminator.width": 128}, "penalty",
    ),
    "infogan": Setup("infogan", "digits", 80_000, {}, "normalisation"),
    "wgan_gp": Setup(
        "wgan_gp", "digits", 64_000,
        _rates(1e-3)
        | {
            "game.generator": "mlp_generator",
            "game.discriminator": "mlp_discriminator",
            "game.discriminator_repeats": 2,
        },
        "penalty",
    ),
    "r3gan": Setup(
        "r3gan", "digits", 100_000,
        _rates(1e-3)
        | {
            "game.generator": "dcgan_generator",
            "game.discriminator": "dcgan_discriminator",
            "game.discriminator.normalisation": "none",
            "game.penalty_every": 4,
        }
        | _NARROW,
        "penalty",
    ),
    "vanilla on grid": Setup("vanilla", "grid", 160_000, _rates(1e-3)),
    "r3gan on grid": Setup("r3gan", "grid", 300_000, {}, "penalty"),
}  # fmt: skip

FASHION = "../shared/data/fashion_mnist/train-images-idx3-ubyte.gz"
_LARGER = {"game.generator.width": 16, "game.discriminator.width": 16}
FASHION_SETUPS = {
    "dcgan on fashion": Setup(
        "dcgan", FASHION, 96_000, _LARGER | _rates(1e-3), "normalisation", limit=10_000
    ),
    "wgan_gp on fashion": Setup(
        "wgan_gp", FASHION, 40_000, _LARGER | _rates(1e-3) | {"game.discriminator_repeats": 2},
        "penalty", limit=10_000,
    ),
    "r3gan on fashion": Setup(
        "r3gan", FASHION, 96_000,
        _rates(1e-3)
        | {
            "game.generator": "dcgan_generator",
            "game.discriminator": "dcgan_discriminator",
            "game.discriminator.normalisation": "none",
            "game.penalty_every": 4,
        }
        | _LARGER,
        "penalty", limit=10_000,
    ),
}  # fmt: skip
"""Larger images, to see whether what was tuned on digits carries."""
FASHION_FAULTS = ("healthy", "generator x10", "poison", "unsteady")

FAULTS = (
    "healthy",
    "generator x10",
    "discriminator x10",
    "unsteady",
    "few",
    "poison",
    "lost class",
)


def suffers(setup: Setup, fault: str) -> bool:
    """Whether the fault can be put into the setup."""
    return fault != "unsteady" or bool(setup.removable)


class Fault(Hook):
    """Puts a fault into every trainer of a run, from `FAULT_AT` on."""

    def __init__(self, setup: Setup, name: str, seed: int) -> None:
        self._setup, self._name, self._seed = setup, name, seed
        self._own_penalties = 0
        self._struck = False
        self.step: int | None = None
        """The step after which the fault was there, once it has struck."""

    def started(self, trainer: Trainer) -> None:
        """Remember what belongs to the recipe itself."""
        self._own_penalties = len(_game(trainer).penalties)

    def taken_over(self, trainer: Trainer) -> None:
        """A fault that stays is there in the next trainer too."""
        self._struck = False
        over = self._name == "poison" or (
            self._name == "unsteady" and self._setup.removable == "normalisation"
        )
        if self.step is not None and not over:
            self._strike(trainer)

    def stepped(self, trainer: Trainer) -> None:
        """Strike when the time has come."""
        if self.step is None and trainer.progress >= FAULT_AT and self._name != "healthy":
            self.step = trainer.step
            self._strike(trainer)

    def _strike(self, trainer: Trainer) -> None:
        {
            "generator x10": lambda: _faster(trainer, "generator"),
            "discriminator x10": lambda: _faster(trainer, "discriminator"),
            "unsteady": lambda: self._loosen(trainer),
            "few": lambda: _restrict(trainer, torch.arange(100), self._seed),
            "poison": lambda: _poison(trainer, self._seed),
            "lost class": lambda: _lose_class(trainer, self._seed),
        }[self._name]()

    def _loosen(self, trainer: Trainer) -> None:
        """Take the recipe's own penalties away; where there are none, its normalisations."""
        game = _game(trainer)
        if self._setup.removable == "penalty":
            game.penalties = game.penalties[self._own_penalties :]
            return
        for module in game.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(module, "forward", _identity)  # noqa: B010 - state stays: snapshots fit


def _identity(x: torch.Tensor) -> torch.Tensor:
    return x


def _game(trainer: Trainer) -> TwoPlayer:
    game = trainer.game
    if not isinstance(game, TwoPlayer):
        raise TypeError("faults are made for games of two players")
    return game


def _faster(trainer: Trainer, player: str) -> None:
    key = f"optimizers.{player}.lr"
    rate = trainer.optimisation.optimizers[player].lr
    trainer.optimisation = trainer.optimisation.with_values({key: 10 * rate})


def _restrict(trainer: Trainer, rows: torch.Tensor, seed: int) -> None:
    """From now on the loader knows these rows of a shuffle alone."""
    shuffle = torch.randperm(
        len(trainer.dataset), generator=torch.Generator().manual_seed(derive_seed(seed, "few"))
    )
    x, y = trainer.dataset.take(shuffle[rows])
    _replace_data(trainer, x, y, seed)


def _lose_class(trainer: Trainer, seed: int) -> None:
    x, y = trainer.dataset.take(torch.arange(len(trainer.dataset)))
    if y is None:
        raise TypeError("a class can be lost only from labelled data")
    kept = y != 3
    _replace_data(trainer, x[kept], y[kept], seed)


def _replace_data(trainer: Trainer, x: torch.Tensor, y: torch.Tensor | None, seed: int) -> None:
    space = trainer.dataset.space
    dataset = ArrayDataset(x, y, name="faulty", labels=space.labels)
    dataset.space = space  # the network's view of the data does not change
    position = trainer.loader.position
    listener = trainer.loader.listener
    trainer.loader = Loader(dataset, seed=seed, runtime=trainer.runtime)
    trainer.loader.position, trainer.loader.listener = position, listener


def _poison(trainer: Trainer, seed: int) -> None:
    """One batch is NaN for even seeds, and a thousand times too large for odd ones."""
    loader = trainer.loader
    sound, listener = loader.next, loader.listener
    loader.listener = None

    def poisoned(size: int) -> Batch:
        batch = sound(size)
        loader.next, loader.listener = sound, listener
        worse = Batch(batch.x * (float("nan") if seed % 2 == 0 else 1000.0), batch.y)
        if listener is not None:
            listener(worse)  # who listens is told of what is drawn
        return worse

    loader.next = poisoned
