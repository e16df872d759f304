"""What of a schema was found by looking at rows, which a private training says or leaves out."""

from collections.abc import Iterable, Mapping

from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.schema import Overrides

WRITTEN = ("before", "after", "point", "thousands", "negative", "padded", "grouped")
"""Attributes that say how numbers are written."""

_FOUND: Mapping[str, tuple[str, ...]] = {
    "integer": WRITTEN,
    "float": ("places", *WRITTEN),
    "date": ("format",),
    "datetime": ("resolution", "offset", "format"),
    "duration": ("resolution", "offset", "format"),
    "key": ("before", "after", "digits", "first", "letters"),
    "fixed": ("of", "value"),
}
"""Attributes that rows decide, other than the kind and the names of categories."""

SECRET = ("offset", *_FOUND["key"], *_FOUND["fixed"])
"""Of these, what rows do not decide where a schema is private."""


def read_from_rows(
    fields: Iterable[Field], overrides: Overrides | None = None, *, private: bool = False
) -> dict[str, tuple[str, ...]]:
    """What was found by looking at rows, for each column: `{"price": ("kind", "places")}`.

    Names of categories are not counted, which a private training chooses by itself.

    Args:
        fields: of a schema that was inferred.
        overrides: what was known of columns.
        private: whether it was inferred privately.
    """
    found = {}
    for field in fields:
        names = ("kind", *_FOUND.get(field.kind, ()))
        stated = (overrides or {}).get(field.name, {})
        found[field.name] = tuple(
            name
            for name in names
            if name not in stated and not (private and name in SECRET) and _differs(field, name)
        )
    return {name: attributes for name, attributes in found.items() if attributes}


def _differs(field: Field, name: str) -> bool:
    """Whether it was worth telling: how a column is written is, if that is not the usual way."""
    if name not in (*WRITTEN, "format"):
        return True
    return getattr(field, name) != type(field).model_fields[name].default
