"""Sequences that are learned privately: a person is an entity, with all of its rows.

Two data sets are neighbours that differ in one entity. So entities are counted, and not rows. Those
of an entity together add a vector of length 1 to each histogram, and its gradient is clipped as a
whole (`zoo/sequences.py`). Of each entity the first `longest` rows enter.

What else the space of sequences knows is made without looking at rows. There are pauses where time
has a clock, no value is taken for one that comes in bursts, and the scales by which entities are
judged are those of made-up sequences.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import DataError, PrivacyError
from zerosum.faces import option
from zerosum.modalities.sequences.dataset import SequenceDataset, compact_of
from zerosum.modalities.sequences.space import LENGTH, SPAN, START, SequenceSpace
from zerosum.modalities.sequences.time_axis import TimeAxis
from zerosum.modalities.tables.codecs import Codec, NumberCodec
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.privacy.histograms import NoisyRelease, private_codec
from zerosum.modalities.tables.privacy.private_rows import (
    FINGERPRINT,
    Withheld,
    codes_by_chance,
    recoded,
    refuse_constraints,
    require_steps,
    without_withheld,
)
from zerosum.modalities.tables.space import TableSpace
from zerosum.rng import SecretNoise
from zerosum.spaces import Space

MOST_ROWS = 1_000
"""Rows of an entity that are looked at where no number is asked for."""

_MADE = (LENGTH, START, SPAN)


class PrivateSequences(Withheld, SequenceDataset):
    """Sequences in private codes."""

    def __init__(
        self, compact: Tensor, space: SequenceSpace, *, name: str, source: str | None = None
    ) -> None:
        super().__init__(compact, space, name=name, source=source)
        self.content, self.fingerprint = self.fingerprint, FINGERPRINT
        self.noisy_size = space.attributes.num_rows


class _Entities:
    """Entities with the first of their rows: values as the user has them."""

    def __init__(self, dataset: Dataset, longest: int) -> None:
        if not isinstance(dataset, SequenceDataset):
            raise DataError("this is not the data of the run, which holds sequences.")
        self.space = dataset.sequences
        attributes, rows = self.space.parts(dataset.resident[0])
        self.attributes = dict(zip(self.space.attributes.names, attributes.unbind(1), strict=True))
        self.lengths = self.space.lengths(attributes).clamp(max=longest)
        held = rows[self.space.valid(self.lengths)]
        timed = self.space.axis is not None
        self.when = held[:, 0] if timed else None
        self.rows = dict(zip(self.space.names, held[:, int(timed) :].unbind(1), strict=True))
        self.owner = np.repeat(np.arange(len(self.lengths)), self.lengths.numpy())

    @property
    def own_fields(self) -> tuple[Field, ...]:
        """Attributes that are columns of the user's."""
        made = {*_MADE, *(one.name for one in self.space.bursts)}
        return tuple(field for field in self.space.attributes.fields if field.name not in made)

    @property
    def row_fields(self) -> tuple[Field, ...]:
        """Columns of rows that are the user's, but for time."""
        return self.space.rows.fields[self.space.num_stood :]

    def in_codes_of(self, space: SequenceSpace) -> Tensor:
        """Compact sequences of `space`, `[N, W]`.

        Raises:
            DataError: a column is missing, or counts other steps of time.
        """
        made = {*_MADE, *(field.name for field in space.rows.fields[: space.num_stood])}
        known = [field for field in space.attributes.modelled if field.name not in made]
        own = _as_known(known, self.own_fields, self.attributes, len(self.lengths))
        fields = [field for field in space.rows.modelled if field.name not in made]
        rows = _as_known(fields, self.row_fields, self.rows, len(self.owner))
        if space.axis is not None and self.space.axis is not None:
            require_steps(self.space.axis.field, space.axis.field)
        return compact_of(space, own, rows, self.lengths.numpy(), self.when)


def private_sequences(
    dataset: Dataset, *, noise_multiplier: float, delta: float, secret: SecretNoise
) -> PrivateSequences:
    """Sequences in codes that are fitted privately.

    Args:
        dataset: sequences as they were opened.
        noise_multiplier: deviation of the noise over the L2 sensitivity of all counts together.
        delta: probability with which a category of a single entity may be released.
        secret: where the noise comes from.

    Raises:
        PrivacyError: there are constraints.
    """
    if not isinstance(dataset, SequenceDataset):
        raise PrivacyError(f"{option('epsilon')} is for sequences, and {dataset.name} holds none.")
    refuse_constraints((*dataset.sequences.attributes.constraints,
                        *dataset.sequences.rows.constraints))  # fmt: skip
    space = _fitted(dataset, noise_multiplier, delta, secret)
    return as_private_sequences(dataset, space)


def _fitted(
    dataset: SequenceDataset, noise_multiplier: float, delta: float, secret: SecretNoise
) -> SequenceSpace:
    old = dataset.sequences
    axis = old.axis
    if axis is not None:
        axis = axis.model_copy(update={"has_pauses": axis.has_clock})
    stood = () if axis is None else axis.fields()
    most = min(dataset.stated_longest or MOST_ROWS, MOST_ROWS)
    every = _Entities(dataset, most)
    made = [field for field in old.attributes.fields if field.name in _MADE]
    fields = [*every.own_fields, *made], [*stood, *every.row_fields]
    learned = [field for some in fields for field in some if field.modelled]
    release = NoisyRelease(
        noise_multiplier, delta, secret,
        num_counts=2 + sum(
            1 if field.categories and field in fields[0] else 2 for field in learned
        ),
        num_names=sum(field.modelled for field in fields[0])
        + most * sum(field.modelled for field in fields[1]),
    )  # fmt: skip
    entities = release.size(len(every.lengths))
    lengths = every.lengths.double().numpy()
    how_long = private_codec(made[0], lengths, release, num_rows=entities)
    assert isinstance(how_long, NumberCodec)
    longest = dataset.stated_longest or max(math.floor(how_long.knots[-1][-1]), 1)
    some = _Entities(dataset, longest)
    # Each entity adds at most 1 to this count too.
    share = float(release.noisy(np.array([len(some.owner) / longest]))[0])
    num_rows = max(round(share * longest), entities)
    of_entities, of_rows = _columns(some, axis)
    codecs: list[Codec] = []
    for field in fields[0]:
        if field.name == LENGTH:
            codecs.append(how_long)
        elif field.modelled:
            values = of_entities[field.name].numpy()
            codecs.append(private_codec(field, values, release, num_rows=entities))
    mine = [
        private_codec(
            field, of_rows[field.name].numpy(), release, num_rows=num_rows, owner=some.owner,
            has_missing=field in stood,
        )
        for field in fields[1] if field.modelled
    ]  # fmt: skip
    space = SequenceSpace(
        entity=old.entity, axis=axis, longest=longest, order=old.order,
        attributes=without_withheld(
            TableSpace(fields=tuple(fields[0]), codecs=tuple(codecs), num_rows=entities)
        ),
        rows=without_withheld(
            TableSpace(fields=tuple(fields[1]), codecs=tuple(mine), num_rows=num_rows)
        ),
    )  # fmt: skip
    return space.scaled_by(_made_up(space, seed=0))


def _columns(some: _Entities, axis: TimeAxis | None) -> tuple[Mapping[str, Tensor], ...]:
    """Columns of entities and of rows, with those that stand for time."""
    of_entities, of_rows = dict(some.attributes), dict(some.rows)
    if axis is not None and some.when is not None:
        ends = some.lengths.cumsum(0)
        starts = ends - some.lengths
        moments = axis.split(some.when)
        first = torch.zeros(len(some.when), dtype=torch.bool)
        first[starts] = True
        of_rows |= axis.told(moments, first)
        of_entities |= {
            START: moments.day[starts], SPAN: moments.day[ends - 1] - moments.day[starts]
        }  # fmt: skip
    return of_entities, of_rows


def as_private_sequences(dataset: Dataset, space: Space) -> PrivateSequences:
    """Sequences in the codes of `space`: categories that were not released are unknown.

    Raises:
        DataError: they are no sequences, a column is missing, or counts other steps of time.
    """
    if not isinstance(space, SequenceSpace):
        raise DataError("this is not the data of the run, which holds no sequences.")
    compact = _Entities(dataset, space.longest).in_codes_of(space)
    made = PrivateSequences(
        compact, space, name=dataset.name, source=getattr(dataset, "source", None)
    )
    made.content = dataset.fingerprint
    return made


def stand_in_sequences(space: Space, *, seed: int) -> PrivateSequences:
    """As many entities as `space` says, of independent columns: nothing real is looked at."""
    assert isinstance(space, SequenceSpace)
    return PrivateSequences(_made_up(space, seed=seed), space, name="made-up sequences")


def _made_up(space: SequenceSpace, *, seed: int) -> Tensor:
    """Compact sequences `[N, W]`; each column is as its counts say."""
    known = codes_by_chance(space.attributes, space.attributes.num_rows, seed=seed)
    attributes = space.attributes.to_data(known)
    rows = codes_by_chance(space.rows, len(known) * space.longest, seed=seed)
    x = torch.zeros(len(rows), space.row_width)
    x[:, list(space.learned)] = rows
    return space.with_rows(attributes, x.unflatten(0, (len(known), space.longest)))


def _as_known(
    fields: list[Field], theirs: tuple[Field, ...], columns: Mapping[str, Tensor], n: int
) -> Tensor:
    """Values `[n, D]` of fields with the names that were released.

    Raises:
        DataError: a column is missing, or counts other steps of time.
    """
    held = {field.name: field for field in theirs if field.modelled}
    missing = [field.name for field in fields if field.name not in held]
    if missing:
        raise DataError(f"this is not the data of the run: it lacks {', '.join(missing[:5])}.")
    found = []
    for field in fields:
        require_steps(held[field.name], field)
        found.append(recoded(columns[field.name], held[field.name], field))
    return torch.stack(found, dim=1) if found else torch.empty(n, 0, dtype=torch.float64)
