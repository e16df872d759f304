"""Sequences as a modality."""

from math import ceil
from typing import Any

import numpy as np
import torch

from zerosum.data.base import Dataset
from zerosum.evaluation.features.base import Extractor
from zerosum.modalities.sequences.dataset import SequenceDataset, fit_sequences
from zerosum.modalities.sequences.features import EntityFeatures
from zerosum.modalities.sequences.model import SequenceModel
from zerosum.modalities.sequences.part import sequence_parts
from zerosum.modalities.sequences.private import (
    as_private_sequences,
    private_sequences,
    stand_in_sequences,
)
from zerosum.modalities.sequences.reading import readers  # noqa: F401  (readers of data)
from zerosum.modalities.sequences.shown import SequencePreview, SequenceWriter
from zerosum.modalities.sequences.space import SequenceSpace, require_sequences
from zerosum.modalities.sequences.time_axis import axis_of
from zerosum.modalities.tables.fields import CategoryField, FloatField
from zerosum.modalities.tables.schema import said_by_schema
from zerosum.modalities.tables.time_fields import DatetimeField
from zerosum.modalities.tables.unmodelled_fields import KeyField
from zerosum.modality import JudgeKit, Modality, PrivateKit, register, too_few
from zerosum.rng import Noise
from zerosum.spaces import Space

_PRIVATE_BATCH, _EPOCHS, _LEAST_STEPS, _MOST_STEPS = 256, 20, 300, 600
"""Of private trainings: entities of a step, how often each is seen, and steps."""


def small_sequences(
    *, longest: int = 6, numbers: int = 2, clocks: bool = True, num_labels: int = 0,
    needs: tuple[str, ...] = (),
) -> Dataset:  # fmt: skip
    """64 entities of a group, whose rows have a category and numbers that follow each other."""
    noise = Noise(0)
    group = noise.integers(64, high=2)
    lengths = 1 + (noise.uniform(64) * longest).long().clamp(max=longest - 1)
    lengths[0] = longest
    rows = int(lengths.sum())
    owner = torch.arange(64).repeat_interleave(lengths)
    values = noise.normal(rows, numbers).double().cumsum(0).round(decimals=1)
    category = noise.integers(rows, high=3).double()
    minutes = (noise.uniform(rows) * 4_000).floor().double()
    starts = torch.cat([torch.zeros(1), lengths.cumsum(0)[:-1]]).long()
    for start, many in zip(starts.tolist(), lengths.tolist(), strict=True):
        minutes[start : start + many] = minutes[start : start + many].sort().values
    when = 1_440 * (19_700 + owner.double() % 5) + minutes
    axis = axis_of(DatetimeField(name="when", resolution="minute"))
    fields = [CategoryField(name="what", names=("a", "b", "c"))]
    fields += [FloatField(name=f"x{i}", places=1) for i in range(numbers)]
    space, compact = fit_sequences(
        entity=KeyField(name="who"),
        attribute_fields=[CategoryField(name="group", names=("low", "high"))],
        attributes=group.double()[:, None], row_fields=fields,
        rows=torch.cat([category[:, None], values], dim=1),
        lengths=lengths.numpy().astype(np.int64),
        axis=axis if clocks else None, when=when if clocks else None,
        order=("who", *(["when"] if clocks else []), "group", *(field.name for field in fields)),
        constraints=(), least=2,
    )  # fmt: skip
    return SequenceDataset(compact, space, name="small")


def _sequences(space: Space) -> SequenceSpace:
    return require_sequences(space, network="private training")


def _entities(dataset: Dataset) -> Extractor:
    assert isinstance(dataset.space, SequenceSpace)
    return EntityFeatures(dataset.space)


def _changes(space: SequenceSpace) -> dict[str, Any]:
    """Small networks, since noise is added to every weight, and few steps that are large."""
    entities = space.attributes.num_rows
    batch = min(_PRIVATE_BATCH, max(entities // 8, 1))
    steps = min(max(ceil(_EPOCHS * entities / batch), _LEAST_STEPS), _MOST_STEPS)
    players = ("entities", "generator")
    return {
        **{f"optimisation.optimizers.{one}.decay": 0.0 for one in players},
        **{f"optimisation.optimizers.{one}.lr": 1e-2 for one in players},
        "optimisation.batch_size": batch,
        "optimisation.total_samples": steps * batch,
        "optimisation.averaging.half_life": 34 * batch,
        "game.entities.width": 128,
        "game.entities.depth": 2,
        "game.generator.width": 64,
        "game.generator.rank": 32,
        "game.generator.row.width": 128,
    }


PRIVATE = PrivateKit(
    unit="entity",
    fit=private_sequences,
    known_again=as_private_sequences,
    stand_in=stand_in_sequences,
    count=lambda space: _sequences(space).attributes.num_rows,
    neighbours=lambda space: (
        f"one {_sequences(space).entity.name!r} more or less, with all of its rows, of which the "
        f"first {_sequences(space).longest:,} enter"
    ),
    public="names and kinds of columns, decimals, steps of time, which columns an entity has once, "
    "and what the schema says",
    said_by=said_by_schema,
    changes=lambda space: _changes(_sequences(space)),
)
"""An entity is a person, whatever number of rows it has."""


register(
    Modality(
        kind="sequences",
        preview=SequencePreview(),
        writer=SequenceWriter(),
        judge=JudgeKit(
            extractors={"entities": lambda dataset, _: _entities(dataset)},
            default="entities",
            parts=sequence_parts,
            warnings=too_few("entities", train=500),
        ),
        model=lambda _game: SequenceModel,
        small_dataset=small_sequences,
        shapes=(
            {"longest": 1, "numbers": 1}, {"longest": 9, "clocks": False},
            {"longest": 3, "numbers": 5},
        ),
        private=PRIVATE,
    ),
    module=__name__,
)  # fmt: skip
