"""The laws that every recipe obeys, for anybody's recipe.

```python
from zerosum.testing import check_recipe
check_recipe("my_gan.py")
```
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from zerosum.data.base import ArrayDataset, Dataset
from zerosum.engine.execution import Execution, Precision
from zerosum.engine.trainer import Trainer
from zerosum.games.base import Choice, Range
from zerosum.recipes import Entry, Recipe, find_recipe
from zerosum.rng import Noise
from zerosum.runs.checkpoints import Checkpoints
from zerosum.runtime import Runtime
from zerosum.tasks.model import Model
from zerosum.workflows.prepare import make_trainer

__all__ = ["LAWS", "check_recipe", "law_names", "small_dataset"]

_BATCH = 8
_CPU = Runtime(torch.device("cpu"))


def check_recipe(recipe: str | Path | Entry, *, laws: tuple[str, ...] = ()) -> None:
    """Hold a recipe to every law, on tiny data of each space it takes.

    Args:
        recipe: a name, a Python file, or an entry.
        laws: names of some laws only; see `law_names`.

    Raises:
        AssertionError: a law is broken; the message says which and how.
    """
    entry = recipe if isinstance(recipe, Entry) else find_recipe(recipe)
    for name in laws or law_names():
        for space in entry.spaces:
            try:
                LAWS[name](entry, small_dataset(space))
            except AssertionError as error:
                raise AssertionError(f"{entry.name} on {space}: {name}: {error}") from error


def law_names() -> tuple[str, ...]:
    """Every law, in the order they are checked."""
    return tuple(LAWS)


def small_dataset(space: str, *, height: int = 8, width: int = 8, channels: int = 1) -> Dataset:
    """64 labelled samples of `image` or `vector` space, the same each time."""
    noise = Noise(0)
    y = torch.arange(64) % 4
    if space == "vector":
        x = noise.normal(64, 3) + y[:, None]
        return ArrayDataset(x, y, name="small", labels=["a", "b", "c", "d"])
    pixels = noise.integers(64, channels, height, width, high=256).to(torch.uint8)
    return ArrayDataset(pixels, y, name="small", labels=["a", "b", "c", "d"])


def documented(entry: Entry, dataset: Dataset) -> None:
    """It has a summary and names its paper."""
    assert entry.summary, "give the recipe function a docstring"
    assert entry.paper, "name the paper"
    assert _recipe(entry, dataset).name == entry.name, "the recipe's name is not its function's"


def survives_json(entry: Entry, dataset: Dataset) -> None:
    """Written to JSON and read back it is the same recipe."""
    recipe = entry.resolve(dataset.space)
    again = Recipe.from_json(json.loads(json.dumps(recipe.to_json())))
    assert again == recipe, "the recipe changes on its way through JSON"


def resumes_exactly(entry: Entry, dataset: Dataset) -> None:
    """Six steps equal three, a checkpoint on disk, and three: bit for bit, in every precision."""
    precisions: tuple[Precision, ...] = ("fp32", "bf16")
    for precision in precisions:
        straight, first, second = (_trainer(entry, dataset, precision) for _ in range(3))
        for _ in range(6):
            straight.play()
        for _ in range(3):
            first.play()
        with tempfile.TemporaryDirectory() as folder:
            store = Checkpoints(Path(folder))
            store.save(*first.state())
            checkpoint = store.load(3)
        second.load_state(checkpoint.tensors, checkpoint.scalars)
        for _ in range(3):
            second.play()
        _assert_same_state(straight, second, precision)


def stays_finite(entry: Entry, dataset: Dataset) -> None:
    """Ten steps give finite terms."""
    trainer = _trainer(entry, dataset, "fp32")
    for _ in range(10):
        trainer.play()
    trainer.check_healthy()


def trains_each_player_whole(entry: Entry, dataset: Dataset) -> None:
    """Over a few steps every parameter of every player moves, and every one has a player."""
    trainer = _trainer(entry, dataset, "fp32")
    before = {name: p.detach().clone() for name, p in trainer.game.named_parameters()}
    for _ in range(6):
        trainer.play()
    idle = [n for n, p in trainer.game.named_parameters() if torch.equal(p, before[n])]
    assert not idle, f"these parameters never move: {', '.join(idle)}"


def trains_nobody_else(entry: Entry, dataset: Dataset) -> None:
    """A move changes the parameters of its own player alone."""
    trainer = _trainer(entry, dataset, "fp32")
    for index, move in enumerate(trainer.moves):
        before = {name: p.detach().clone() for name, p in trainer.game.named_parameters()}
        trainer._play_move(move, index, 0.0)
        moved = [n for n, p in trainer.game.named_parameters() if not torch.equal(p, before[n])]
        others = [n for n in moved if not n.startswith(f"{move.player}.")]
        assert not others, f"the move of {move.player} changes {', '.join(others)}"


def owns_its_randomness(entry: Entry, dataset: Dataset) -> None:
    """Neither building, training nor sampling reads torch's global generator."""
    state = torch.get_rng_state()
    trainer = _trainer(entry, dataset, "fp32")
    trainer.play()
    trainer.sample(trainer.game.draw(4, Noise(0)))
    assert torch.equal(torch.get_rng_state(), state), (
        "torch's global generator was used; draw from turn.noise"
    )


def samples_fit_the_space(entry: Entry, dataset: Dataset) -> None:
    """Samples have the shape and type of the data."""
    x = _model(entry, dataset).sample(3).tensor
    real, _ = dataset.take(torch.arange(3))
    assert x.shape == real.shape, f"samples have shape {tuple(x.shape)}, data {tuple(real.shape)}"
    assert x.dtype == real.dtype, f"samples have type {x.dtype}, data {real.dtype}"


def samples_do_not_depend_on_the_batch(entry: Entry, dataset: Dataset) -> None:
    """Sample i of a seed is the same, whatever n and the batch size."""
    model = _model(entry, dataset)
    many = model.sample(70, seed=3, batch_size=70)
    few = model.sample(5, seed=3, batch_size=2)
    tolerance = 1 if many.tensor.dtype == torch.uint8 else 1e-4
    distance = float((many.tensor[:5].double() - few.tensor.double()).abs().max())
    assert distance <= tolerance, f"sample 0 to 4 differ by {distance} with the batch size"
    assert many.labels[:5] == few.labels, "labels depend on the batch size"


def obeys_controls(entry: Entry, dataset: Dataset) -> None:
    """Every control takes each of its values, and two of them give different samples."""
    model = _model(entry, dataset)
    for name, control in model.controls.items():
        values = control.names if isinstance(control, Choice) else (control.low, control.high)
        made = [model.sample(4, where={name: value}).tensor.double() for value in values]
        same = len(made) > 1 and torch.equal(made[0], made[-1])
        assert not same, f"{name} changes nothing"
        assert isinstance(control, Choice | Range), f"{name} is neither a Choice nor a Range"


def keeps_a_finite_average(entry: Entry, dataset: Dataset) -> None:
    """The average follows the weights and is what samples come from."""
    trainer = _trainer(entry, dataset, "fp32")
    start = {k: v.clone() for k, v in trainer.state()[0].items() if k.startswith("average.")}
    assert start, "no player is averaged; name one in Game.averaged"
    for _ in range(6):
        trainer.play()
    end = trainer.state()[0]
    assert all(bool(end[name].isfinite().all()) for name in start), "the average is not finite"
    moved = any(not torch.equal(end[name], start[name]) for name in start)
    assert moved, "the average stands still"


LAWS: dict[str, Callable[[Entry, Dataset], None]] = {
    law.__name__: law
    for law in (
        documented,
        survives_json,
        resumes_exactly,
        stays_finite,
        trains_each_player_whole,
        trains_nobody_else,
        owns_its_randomness,
        samples_fit_the_space,
        samples_do_not_depend_on_the_batch,
        obeys_controls,
        keeps_a_finite_average,
    )
}
"""Every law, by name: a function of the recipe and a small data set that asserts."""


def _recipe(entry: Entry, dataset: Dataset) -> Recipe:
    """The recipe with a small batch and a short budget."""
    recipe = entry.resolve(dataset.space)
    return recipe.with_values(
        {
            "optimisation.batch_size": _BATCH,
            "optimisation.total_images": 20 * _BATCH,
            "optimisation.record_every": 1_000,
        }
    )


def _trainer(entry: Entry, dataset: Dataset, precision: Precision) -> Trainer:
    return make_trainer(
        _recipe(entry, dataset), dataset, seed=0, runtime=_CPU,
        execution=Execution(precision=precision),
    )  # fmt: skip


def _model(entry: Entry, dataset: Dataset) -> Model:
    trainer = _trainer(entry, dataset, "fp32")
    for _ in range(2):
        trainer.play()
    return Model(recipe=_recipe(entry, dataset), game=trainer.game, run=None)


def _assert_same_state(a: Trainer, b: Trainer, precision: str) -> None:
    (mine, my_numbers), (yours, your_numbers) = a.state(), b.state()
    assert mine.keys() == yours.keys(), "a resume has other tensors"
    my_numbers["seconds"] = your_numbers["seconds"] = 0.0
    assert my_numbers == your_numbers, f"a resume differs in {precision}: {your_numbers}"
    wrong = [name for name in mine if not torch.equal(mine[name], yours[name])]
    assert not wrong, f"a resume differs in {precision}: {', '.join(wrong[:5])}"
