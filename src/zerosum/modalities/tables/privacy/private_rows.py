"""Rows that are learned privately, in codes from noisy counts."""

from collections.abc import Sequence

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import DataError, PrivacyError
from zerosum.faces import option
from zerosum.modalities.tables.codecs import MIDDLE
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.privacy.histograms import fit_private_space
from zerosum.modalities.tables.reading.dataset import TableDataset
from zerosum.modalities.tables.space import TableSpace, require_table
from zerosum.modalities.tables.time_fields import StepField
from zerosum.rng import Noise, SecretNoise, derive_seed
from zerosum.spaces import Space

FINGERPRINT = "private"
"""Stands for the fingerprint of private data, since a digest of rows reveals something."""


class Withheld(Dataset):
    """Data in private codes, which says nothing of itself: no digest, and no exact number.

    Attributes:
        content: the fingerprint of the data as it was opened; it is written nowhere.
        noisy_size: how many samples there are, as it was released.
    """

    content: str
    noisy_size: int
    fingerprint = FINGERPRINT

    @property
    def stated_size(self) -> int:
        """The noisy number of samples."""
        return self.noisy_size

    def holds_what(self, other: Dataset) -> bool:
        """By what was opened: the fingerprints of all private data are the same."""
        return isinstance(other, Withheld) and self.content == other.content


class PrivateTable(Withheld, TableDataset):
    """Rows in private codes."""

    def __init__(
        self, values: Tensor, space: TableSpace, *, name: str, source: str | None = None
    ) -> None:
        super().__init__(values, space, name=name, source=source)
        self.content, self.fingerprint = self.fingerprint, FINGERPRINT
        self.noisy_size = space.num_rows


def private_table(
    dataset: Dataset, *, noise_multiplier: float, delta: float, secret: SecretNoise
) -> PrivateTable:
    """Rows of a table in codes that are fitted privately; see `fit_private_space`.

    Raises:
        PrivacyError: the data is no table, or has constraints.
    """
    if not isinstance(dataset, TableDataset):
        raise PrivacyError(f"{option('epsilon')} is for tables, and {dataset.name} is another.")
    refuse_constraints(dataset.table.constraints)
    values, _ = dataset.resident
    space = fit_private_space(
        dataset.table.fields, values, noise_multiplier=noise_multiplier, delta=delta, secret=secret
    )
    return as_private(dataset, without_withheld(space))


def refuse_constraints(constraints: Sequence[Constraint]) -> None:
    """Refuse what would be fitted to rows without being counted.

    Raises:
        PrivacyError: there are constraints.
    """
    if constraints:
        raise PrivacyError(
            f"constraints are fitted to the rows, which {option('epsilon')} does not count. Leave "
            "them out, and give them when you sample: model.sample(n, constraints=[...])."
        )


def as_private(dataset: Dataset, space: Space) -> PrivateTable:
    """The rows of `dataset` as values of the fields of `space`: withheld categories are unknown.

    Raises:
        DataError: they are not rows of a table, a column is missing, or counts other steps of time.
    """
    if not isinstance(dataset, TableDataset) or not isinstance(space, TableSpace):
        raise DataError("this is not the data of the run, which is a table.")
    assert isinstance(dataset.space, TableSpace)
    held, _ = dataset.resident
    columns = dataset.space.columns(held)
    theirs = {field.name: field for field in dataset.space.modelled}
    missing = [name for name in space.names if name not in theirs]
    if missing:
        raise DataError(f"this is not the data of the run: it lacks {', '.join(missing[:5])}.")
    for field in space.modelled:
        require_steps(theirs[field.name], field)
    values = [recoded(columns[f.name], theirs[f.name], f) for f in space.modelled]
    table = PrivateTable(
        torch.stack(values, dim=1), space, name=dataset.name, source=dataset.source
    )
    table.content = dataset.fingerprint
    return table


def stand_in(space: Space, *, seed: int) -> PrivateTable:
    """As many rows as `space` says, of independent columns: nothing of the real ones is looked at.

    What a step takes is measured on them, so that nothing recorded about it reveals rows.
    """
    table = require_table(space, network="private training")
    made = table.to_data(codes_by_chance(table, table.num_rows, seed=seed))
    return PrivateTable(made, table, name="made-up rows")


def codes_by_chance(space: TableSpace, n: int, *, seed: int) -> Tensor:
    """Code + place of `n` made-up rows, float32 `[n, C]`, in the shares that codecs say."""
    noise = Noise(derive_seed(seed, "stand-in rows"))
    drawn = [
        noise.choice(n, torch.tensor(codec.counts, dtype=torch.float64)) for codec in space.codecs
    ]
    return torch.stack(drawn, dim=1) + MIDDLE


def require_steps(theirs: Field, ours: Field) -> None:
    """Refuse a column of time whose values count other steps than those of a run.

    Raises:
        DataError: they do.
    """
    if not isinstance(ours, StepField):
        return
    stated, run = (
        (one.resolution, one.offset) if isinstance(one, StepField) else one.kind
        for one in (theirs, ours)
    )
    if stated != run:
        raise DataError(
            f"this is not the data of the run: column {ours.name!r} is of {theirs.details}, and "
            f"the run's of {ours.details}."
        )


def recoded(values: Tensor, old: Field, new: Field) -> Tensor:
    """Category indices of one field as those of another with fewer names.

    >>> from zerosum.modalities.tables.fields import CategoryField
    >>> old = CategoryField(name="city", names=("Bonn", "Oslo", "Rome"))
    >>> new = CategoryField(name="city", names=("Rome",))
    >>> recoded(torch.tensor([0.0, 1.0, 2.0]).double(), old, new)
    tensor([1., 1., 0.], dtype=torch.float64)
    """
    if not new.categories:
        return values
    place = {name: float(i) for i, name in enumerate(new.categories)}
    unknown = float(len(new.categories))
    table = torch.tensor([*(place.get(name, unknown) for name in old.categories), unknown]).double()
    index = values.nan_to_num(nan=0.0).long().clamp(0, len(table) - 1)
    return torch.where(values.isnan(), values, table[index])


def without_withheld(space: TableSpace) -> TableSpace:
    """The space with the revealed names alone, counted anew."""
    fields, codecs = [], {codec.name: codec for codec in space.codecs}
    for one in space.fields:
        codec = codecs.get(one.name)
        if codec is None or not one.categories or "names" not in type(one).model_fields:
            fields.append(one)
            continue
        kept: list[int] = list(getattr(codec, "values"))  # noqa: B009 - of category codecs alone
        order = sorted(kept)
        names = tuple(one.categories[i] for i in order)
        fields.append(one.model_copy(update={"names": names}))
        moved = tuple(order.index(i) for i in kept)
        codecs[one.name] = codec.model_copy(update={"values": moved})
    return space.model_copy(
        update={"fields": tuple(fields), "codecs": tuple(codecs[c.name] for c in space.codecs)}
    )
