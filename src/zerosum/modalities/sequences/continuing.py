"""What comes next: rows of entities after those of a history."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import torch
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ConditionError
from zerosum.modalities.sequences.frames import to_long
from zerosum.modalities.sequences.game import SequenceGame
from zerosum.modalities.sequences.given import Given
from zerosum.modalities.sequences.reading.readers import read_like
from zerosum.modalities.sequences.space import LENGTH, SPAN, SequenceSpace
from zerosum.modalities.tables.reading.places import source_of
from zerosum.modalities.tables.sampling.conditioning import ask, reaching
from zerosum.modalities.tables.sampling.smc import complete
from zerosum.rng import Noise, derive_seed

if TYPE_CHECKING:
    from zerosum.modalities.sequences.model import SequenceModel

FUTURE = "future"
"""The column that counts the futures of an entity."""

_PARTICLES = 64
_AT_ONCE = 64
"""Futures that are made together."""


def continued(
    model: "SequenceModel", history: Any, n: int, seed: int, progress: Progress | None
) -> tuple[pa.Table, str | None]:
    """Rows that follow those of a history, and the library that this came from; see `continue_`.

    Raises:
        ConditionError: the model knows no entities that go on from there.
        DataError: the history cannot be read.
    """
    space = model.sequences
    source, library = source_of(history, space.order)
    known = read_like(source, space, library=library, cut=False)
    keys = _keys(history, space)
    compact, _ = known.resident
    owner = torch.arange(len(compact)).repeat_interleave(n)
    tables = []
    for start in range(0, len(owner), _AT_ONCE):
        some = owner[start : start + _AT_ONCE]
        made, before = _futures(model, compact[some], derive_seed(seed, "futures", start))
        names = keys.take(pa.array(some.numpy()))
        table = to_long(space, made, keys=names)
        lengths = space.lengths(space.parts(made)[0])
        place = torch.cat([torch.arange(int(length)) for length in lengths])
        later = place >= before.repeat_interleave(lengths)
        number = (torch.arange(start, start + len(some)) % n + 1).repeat_interleave(lengths)
        at = table.column_names.index(space.entity.name) + 1
        table = table.add_column(at, FUTURE, pa.array(number.numpy()))
        tables.append(table.filter(pa.array(later.numpy())))
        if progress is not None:
            progress("continuing", start + len(some), len(owner))
    return pa.concat_tables(tables), library


def _keys(history: Any, space: SequenceSpace) -> pa.Array:
    """What the entities of a history are called, in the order that they first come in."""
    source, _ = source_of(history, space.order)
    column = pa.Table.from_batches([*source.batches()]).unify_dictionaries()[space.entity.name]
    keys = column.combine_chunks().unique()
    return keys.dictionary_decode() if isinstance(keys, pa.DictionaryArray) else keys


def _futures(model: "SequenceModel", compact: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """One future of each compact sequence `[n, W]`, all of it, and how many rows were given."""
    space, game = model.sequences, model.game
    assert isinstance(game, SequenceGame)
    attributes, values = space.parts(compact)
    before = space.lengths(attributes)
    longer = _attributes(model, attributes, Noise(derive_seed(seed, "attributes")))
    _, rows = space.model_parts(space.to_model(compact))
    history = Given(rows, before, None if space.axis is None else values[:, :, 0])
    chance = Noise(derive_seed(seed, "rows")).uniform(len(compact), game.num_chances)
    made = space.with_rows(longer, game.rows_of(longer, chance, history=history), history)
    whole, later = space.parts(made)
    given = space.valid(before)[:, :, None]
    return space.compact(whole, torch.where(given, values, later)), before


def _attributes(model: "SequenceModel", attributes: Tensor, noise: Noise) -> Tensor:
    """The same attributes with a length, a span, and so on, of entities that go on from there."""
    bursts = [one.name for one in model.sequences.bursts]
    space = model.sequences.attributes
    x = space.to_model(attributes)
    masks, least = {}, {}
    for name in (*bursts, LENGTH, SPAN):
        index = [i for i, codec in enumerate(space.codecs) if codec.name == name]
        if not index:
            continue
        reached = attributes[:, space.names.index(name)] + (name == LENGTH)
        masks[index[0]] = reaching(space.codecs[index[0]], reached)
        least[name] = reached
        if not bool(masks[index[0]].any(dim=1).all()):
            raise ConditionError(
                f"some entities have come so far that the model knows none that go on: {name} "
                f"{int(reached.max()) - (name == LENGTH):,}. Give the last of their rows."
            )
        x[:, index[0]] = torch.nan
    game = model.game
    assert isinstance(game, SequenceGame)
    rows = game.of_attributes().eval()
    question = ask(space, rows.order, model.attributes.pool, {}, given=x, masks=masks)
    made = space.to_data(complete(rows, question, _PARTICLES, noise))
    for name, reached in least.items():
        at = space.names.index(name)
        made[:, at] = torch.maximum(made[:, at], reached)
    kept = [i for i, name in enumerate(space.names) if name not in least]
    made[:, kept] = attributes[:, kept]
    return made
