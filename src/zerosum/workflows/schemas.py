"""What the columns of a table are, or the keys of a database, as a training would take them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zerosum.data.layout import AS_USUAL
from zerosum.modalities.relational.finding import FoundSchema
from zerosum.modalities.relational.reading.options import DatabaseOptions
from zerosum.modalities.tables.reading.readers import TableFileConfig, schema_of
from zerosum.modalities.tables.schema import Schema
from zerosum.workflows.data import all_readers


def schema_for(
    data: Any,
    *,
    schema: Any = None,
    missing: Sequence[str] = (),
    drop: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Schema | FoundSchema:
    """The schema of a table, or the keys of a database.

    Args:
        data: whatever `open_data` takes as either.
        schema: what is known of columns of a table beforehand; see `overrides_of`.
        missing: texts that stand for what is missing.
        drop: columns of a table to leave out.
        options: of the reader of a file of a table: `header`, `separator` and `sheet`.

    Raises:
        DataError: it cannot be read.
    """
    place = str(data) if isinstance(data, Path) else data
    claims = {
        one.claims(place): one
        for one in all_readers().values()
        if issubclass(one, DatabaseOptions) and one.claims(place)
    }
    if claims:
        reader = claims[max(claims)]
        return reader.describing(place, {"missing": missing} if missing else {}).found(place)
    layout = AS_USUAL
    if isinstance(data, str | Path):
        layout = TableFileConfig.describing(str(data), options or {}).layout
    return schema_of(data, schema=schema, missing=missing, drop=drop, layout=layout)
