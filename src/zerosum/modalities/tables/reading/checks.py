"""What fields must be before rows are learned: no free text, and no category without its names."""

from collections.abc import Sequence

import torch
from torch import Tensor

from zerosum.errors import DataError
from zerosum.faces import reading, schema, several
from zerosum.modalities.tables.fields import CategoryField, Field
from zerosum.modalities.tables.reading.dataset import RARE
from zerosum.modalities.tables.reading.identifiers import hint
from zerosum.modalities.tables.unmodelled_fields import TextField


def refuse_text(fields: Sequence[Field]) -> None:
    """Refuse columns of free text.

    Raises:
        DataError: there are some.
    """
    texts = [field for field in fields if isinstance(field, TextField)]
    if texts:
        from zerosum.modalities.tables.reading.guesses import in_several_forms

        names = [field.name for field in texts]
        drops = several("drop", names)
        shown = "; ".join(
            f"{field.name!r} ({', '.join(repr(e[:40]) for e in field.examples)})" for field in texts
        )
        raise DataError(
            f"free text, of which a table model learns nothing: {shown}. Let its words be made "
            f"with the rows ({reading(text=names[0])}, with the recipe table or text), drop it "
            f"({drops}), or give it a kind, as in "
            f"{schema(texts[0].name, 'category')}.{hint()}" + in_several_forms(texts)
        )


_MANY_RARE = 0.05
"""Share of the rows from which on rare categories are many."""


def with_rare(field: Field, column: Tensor, *, protect: int) -> Field:
    """A field whose categories are all known, with one for the rare where these are many.

    >>> field = CategoryField(name="city", names=("Oslo", "Bonn"))
    >>> with_rare(field, torch.tensor([0.0, 0.0, 1.0]), protect=2).names
    ('Oslo', 'Bonn', '(rare)')

    Raises:
        DataError: the data has categories that the given field lacks.
    """
    if not isinstance(field, CategoryField):
        return field
    times = torch.bincount(column[~column.isnan()].long(), minlength=len(field.names) + 1)
    if times[-1]:
        raise DataError(
            f"column {field.name!r} holds {int(times[-1]):,} rows of categories that its schema "
            f"does not name; it names {', '.join(field.names[:10])}. Add them, or leave names out."
        )
    rare = int(times[times < protect].sum())
    if rare <= _MANY_RARE * len(column) or RARE in field.names or "string" not in field.dtype:
        return field
    return field.model_copy(update={"names": (*field.names, RARE)})
