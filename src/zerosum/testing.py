"""The laws that every recipe obeys, for anybody's recipe.

```python
from zerosum.testing import check_recipe
check_recipe("my_gan.py")
```
"""

import json
import tempfile
from collections.abc import Callable
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import torch

from zerosum.catalogue import find_recipe, modality_of_kind
from zerosum.data.base import ArrayDataset, Dataset
from zerosum.engine.carry import inherit
from zerosum.engine.execution import Execution
from zerosum.engine.trainer import Trainer
from zerosum.errors import ConfigError, RecipeError, did_you_mean
from zerosum.evaluation.anomalies.planted import (
    PlantedArrays,
    PlantedRows,
    extreme_cells,
    flat_line,
    inconsistent_cells,
    level_shift,
    missing_part,
    scratch,
    shifted_part,
    spike,
    stain,
    swapped_cells,
)
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.images.translation_game import TranslationGame
from zerosum.models.model import Model
from zerosum.recipe_registry import Entry, Recipe
from zerosum.rng import Noise
from zerosum.runs.checkpoints import Checkpoints
from zerosum.runtime import Runtime
from zerosum.workflows.prepare import make_trainer

__all__ = [
    "LAWS", "PlantedArrays", "PlantedRows", "check_recipe", "extreme_cells", "flat_line",
    "inconsistent_cells", "law_names", "level_shift", "missing_part", "scratch", "shifted_part",
    "small_dataset", "spike", "stain", "swapped_cells",
]  # fmt: skip

_BATCH = 8
_STEPS = 20
_CPU = Runtime(torch.device("cpu"))


def check_recipe(recipe: str | Path | Entry, *, laws: tuple[str, ...] = ()) -> None:
    """Hold a recipe to every law, on tiny data of each space it takes.

    Args:
        recipe: a name, a Python file, or an entry.
        laws: names of some laws only; see `law_names`.

    Raises:
        AssertionError: a law is broken; the message says which and how.
        ConfigError: there is no such law.
    """
    for name in laws:
        if name not in LAWS:
            raise ConfigError(f"no law {name!r}.{did_you_mean(name, LAWS)}")
    entry = recipe if isinstance(recipe, Entry) else find_recipe(recipe)
    for name in laws or law_names():
        for space in entry.spaces:
            try:
                LAWS[name](entry, small_dataset(space, needs=entry.needs))
            except AssertionError as error:
                raise AssertionError(f"{entry.name} on {space}: {name}: {error}") from error
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
                raise AssertionError(f"{entry.name} on {space}: {name}: {problem}") from error


def law_names() -> tuple[str, ...]:
    """Every law, in the order they are checked."""
    return tuple(LAWS)


def small_dataset(kind: str, **wishes: Any) -> Dataset:
    """64 samples of a kind of space, the same each time.

    Args:
        kind: of the space, such as `image`.
        wishes: keywords of the modality's own `small_dataset`: `num_labels`, `needs`, and its
            shapes, such as `height` and `width` of images or `dimensions` of points.

    Raises:
        ConfigError: there is no such modality.
    """
    return modality_of_kind(kind).small_dataset(**wishes)


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
    """Six steps equal three, a checkpoint, and three, bit for bit; four equal two in bf16."""
    for execution, steps in (
        (Execution(), 3), (Execution(precision="bf16", layout="channels_last"), 2),
    ):  # fmt: skip
        straight, first, second = (_trainer(entry, dataset, execution) for _ in range(3))
        for _ in range(2 * steps):
            straight.play()
        for _ in range(steps):
            first.play()
        with tempfile.TemporaryDirectory() as folder:
            store = Checkpoints(Path(folder))
            store.save(*first.state())
            checkpoint = store.load(steps)
        second.load_state(checkpoint.tensors, checkpoint.scalars)
        for _ in range(steps):
            second.play()
        _assert_same_state(straight, second, execution.precision)


def stays_finite(entry: Entry, dataset: Dataset) -> None:
    """Ten steps give finite terms."""
    trainer = _trainer(entry, dataset)
    for _ in range(10):
        trainer.play()
    trainer.check_healthy()


def trains_each_player_whole(entry: Entry, dataset: Dataset) -> None:
    """Over a few steps every parameter of every player moves, and every one has a player.

    A move that begins later is waited for.
    """
    trainer = _trainer(entry, dataset)
    before = {name: p.detach().clone() for name, p in trainer.game.named_parameters()}
    last = max(move.begin for move in trainer.moves)
    for _ in range(6 + ceil(_STEPS * last)):
        trainer.play()
    idle = [n for n, p in trainer.game.named_parameters() if torch.equal(p, before[n])]
    assert not idle, f"these parameters never move: {', '.join(idle)}"


def trains_nobody_else(entry: Entry, dataset: Dataset) -> None:
    """A move changes the parameters of its own player alone."""
    trainer = _trainer(entry, dataset)
    parameters = dict(trainer.game.named_parameters(remove_duplicate=False))
    for move in trainer.moves:
        before = {name: p.detach().clone() for name, p in parameters.items()}
        trainer._play_move(move, 0, 0.0)
        moved = [name for name, p in parameters.items() if not torch.equal(p, before[name])]
        others = [n for n in moved if not n.startswith(f"{move.player}.")]
        assert not others, f"the move of {move.player} changes {', '.join(others)}"


def owns_its_randomness(entry: Entry, dataset: Dataset) -> None:
    """Neither building, training nor sampling reads torch's global generator."""
    state = torch.get_rng_state()
    trainer = _trainer(entry, dataset)
    trainer.play()
    trainer.sample(trainer.game.draw(4, Noise(0)))
    assert torch.equal(torch.get_rng_state(), state), (
        "torch's global generator was used; draw from turn.noise"
    )


def samples_fit_the_space(entry: Entry, dataset: Dataset) -> None:
    """Samples have the shape and type of the data."""
    model = _model(entry, dataset)
    made = model.game.generate(model.draw(3, seed=0))
    assert made.shape[1:] == model.space.shape, (
        f"samples have shape {tuple(made.shape[1:])}, the space {model.space.shape}"
    )
    x = model.values(3)
    real, _ = dataset.take(torch.arange(3))
    assert x.shape == real.shape, f"samples have shape {tuple(x.shape)}, data {tuple(real.shape)}"
    assert x.dtype == real.dtype, f"samples have type {x.dtype}, data {real.dtype}"


def samples_do_not_depend_on_the_batch(entry: Entry, dataset: Dataset) -> None:
    """Sample i of a seed is the same, whatever n and the batch size."""
    model = _model(entry, dataset)
    many = model.values(70, seed=3, batch_size=70)
    few = model.values(5, seed=3, batch_size=2)
    tolerance = 1 if many.dtype == torch.uint8 else 1e-4
    first, again = (one[:5].double().nan_to_num(nan=-9e9) for one in (many, few))
    distance = float((first - again).abs().max())
    assert distance <= tolerance, f"sample 0 to 4 differ by {distance} with the batch size"
    labels = model.draw(70, seed=3).y, model.draw(5, seed=3).y
    if labels[0] is not None and labels[1] is not None:
        assert torch.equal(labels[0][:5], labels[1]), "labels depend on the batch size"


def obeys_controls(entry: Entry, dataset: Dataset) -> None:
    """Every control takes each of its values, and two of them give different samples."""
    model = _model(entry, dataset)
    for name, control in model.game.controls().items():
        assert isinstance(control, ChoiceControl | RangeControl), (
            f"{name} is neither a Choice nor a Range"
        )
        values = (
            control.names if isinstance(control, ChoiceControl) else (control.low, control.high)
        )
        made = [model.sample(4, where={name: value}, seed=0).tensor for value in values]
        for i, j in pairwise(range(len(made))):
            same = torch.equal(made[i], made[j])
            assert not same, f"{name} changes nothing between {values[i]} and {values[j]}"


def learns_from_labels(entry: Entry, dataset: Dataset) -> None:
    """Where the label can be asked for, other labels in the data teach other weights."""
    x, y = dataset.take(torch.arange(len(dataset)))
    if y is None:
        return
    others = ArrayDataset(
        x, (y + 1) % 4, name="small", labels=dataset.space.labels, space=dataset.space
    )
    first, second = _trainer(entry, dataset), _trainer(entry, others)
    if "label" not in first.game.controls():
        return
    for trainer in (first, second):
        trainer.play()
        trainer.play()
    weights = zip(first.game.named_parameters(), second.game.parameters(), strict=True)
    differ = {name.partition(".")[0] for (name, a), b in weights if not torch.equal(a, b)}
    idle = sorted({move.player for move in first.moves} - differ)
    assert not idle, f"labels teach nothing to {', '.join(idle)}"


def needs_only_what_it_says(entry: Entry, dataset: Dataset) -> None:
    """Data without labels or colour is refused where these are needed, and does elsewhere."""
    kind = dataset.space.kind
    for need in entry.needs:
        others = tuple(one for one in entry.needs if one != need)
        labels = {"num_labels": 0} if need == "labels" else {}
        poor = small_dataset(kind, needs=others, **labels)
        if poor.space.missing(need) is not None:
            _assert_refused(entry, poor, f"needs {need}")
    if "labels" not in entry.needs:
        _trainer(entry, small_dataset(kind, num_labels=0, needs=entry.needs)).play()


def _assert_refused(entry: Entry, dataset: Dataset, what: str) -> None:
    try:
        entry.resolve(dataset.space)
    except RecipeError:
        return
    raise AssertionError(f"it says that it {what} and takes data without any")


def takes_every_shape(entry: Entry, dataset: Dataset) -> None:
    """Other shapes than that of the small data set, as the modality has them."""
    kind = dataset.space.kind
    shapes = modality_of_kind(kind).shapes
    others = [small_dataset(kind, needs=entry.needs, **shape) for shape in shapes]
    for other in others:
        trainer = _trainer(entry, other)
        trainer.play()
        x = trainer.sample(trainer.game.draw(2, Noise(0)))
        real, _ = other.take(torch.arange(2))
        assert x.shape == real.shape, f"samples have shape {tuple(x.shape)}, data {real.shape}"


def takes_every_batch(entry: Entry, dataset: Dataset) -> None:
    """A smaller batch, a larger one, and one that is split."""
    pack = getattr(entry.resolve(dataset.space).game, "pack", 1)
    for batch_size, accumulate in ((2, 1), (12, 1), (12, 2)):
        trainer = _trainer(entry, dataset, batch_size=pack * batch_size, accumulate=accumulate)
        trainer.play()
        trainer.play()
        trainer.check_healthy()


def keeps_a_finite_average(entry: Entry, dataset: Dataset) -> None:
    """The average follows the weights and is what samples come from."""
    trainer = _trainer(entry, dataset)
    start = {k: v.clone() for k, v in trainer.state()[0].items() if k.startswith("average.")}
    assert start, "no player is averaged; name one in Game.averaged"
    for _ in range(6):
        trainer.play()
    end = trainer.state()[0]
    assert all(bool(end[name].isfinite().all()) for name in start), "the average is not finite"
    moved = any(not torch.equal(end[name], start[name]) for name in start)
    assert moved, "the average stands still"


def begins_with_anothers_weights(entry: Entry, dataset: Dataset) -> None:
    """A training that is begun with another's weights makes the same samples, and learns on."""
    first, second = _trainer(entry, dataset), _trainer(entry, dataset)
    for _ in range(3):
        first.play()
    found = inherit(first.state()[0], second)
    assert not found.fresh, f"these start fresh: {', '.join(found.fresh)}"
    inputs = first.game.draw(4, Noise(0))
    same = torch.equal(first.sample(inputs).nan_to_num(), second.sample(inputs).nan_to_num())
    assert same, "samples differ from those of the weights that were given"
    second.play()
    second.check_healthy()


def translates_every_size(entry: Entry, dataset: Dataset) -> None:
    """What is made of an image has its size times the factor, and follows from that image."""
    game = _trainer(entry, dataset).game.eval()
    if not isinstance(game, TranslationGame):
        return
    for direction in game.directions:
        taken, made = game.pictures(direction)
        for height, width in ((8, 8), (9, 21)):
            x = 2 * Noise(0).uniform(2, taken.channels, height, width) - 1
            hole = (x[:, :1] > 0).to(x) if game.takes_mask else None
            with torch.no_grad():
                y = game.translate(game.prepare(x, hole), direction=direction)
            expected = (2, made.channels, game.factor * height, game.factor * width)
            assert y.shape == expected, f"{direction} makes {tuple(y.shape)}, and not {expected}"
            assert not torch.equal(y[0], y[1]), f"{direction} makes the same of two images"


LAWS: dict[str, Callable[[Entry, Dataset], None]] = {
    law.__name__: law
    for law in (
        documented,
        survives_json,
        stays_finite,
        samples_fit_the_space,
        trains_each_player_whole,
        trains_nobody_else,
        owns_its_randomness,
        resumes_exactly,
        takes_every_batch,
        takes_every_shape,
        needs_only_what_it_says,
        samples_do_not_depend_on_the_batch,
        obeys_controls,
        learns_from_labels,
        keeps_a_finite_average,
        begins_with_anothers_weights,
        translates_every_size,
    )
}
"""Every law, by name: a function of the recipe and a small data set that asserts."""


def _recipe(entry: Entry, dataset: Dataset) -> Recipe:
    """The recipe with a small batch and a short budget."""
    recipe = entry.resolve(dataset.space)
    return recipe.with_values(
        {
            "optimisation.batch_size": _BATCH,
            "optimisation.total_samples": _STEPS * _BATCH,
            "optimisation.record_every": 1_000,
        }
    )


def _trainer(
    entry: Entry,
    dataset: Dataset,
    execution: Execution = Execution(),  # noqa: B008
    **changes: int,
) -> Trainer:
    recipe = _recipe(entry, dataset)
    recipe = recipe.with_values({f"optimisation.{key}": n for key, n in changes.items()})
    return make_trainer(recipe, dataset, seed=0, runtime=_CPU, execution=execution)


def _model(entry: Entry, dataset: Dataset) -> Model:
    trainer = _trainer(entry, dataset)
    for _ in range(2):
        trainer.play()
    modality = modality_of_kind(dataset.space.kind)
    return modality.model(trainer.game)(
        recipe=_recipe(entry, dataset), game=trainer.game,
        preview=modality.preview, writer=modality.writer,
    )  # fmt: skip


def _assert_same_state(a: Trainer, b: Trainer, precision: str) -> None:
    (mine, my_numbers), (yours, your_numbers) = a.state(), b.state()
    assert mine.keys() == yours.keys(), "a resume has other tensors"
    my_numbers["seconds"] = your_numbers["seconds"] = 0.0
    assert my_numbers == your_numbers, f"a resume differs in {precision}: {your_numbers}"
    wrong = [name for name in mine if not torch.equal(mine[name], yours[name])]
    assert not wrong, f"a resume differs in {precision}: {', '.join(wrong[:5])}"
