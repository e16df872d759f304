"""What there is: recipes, runs, and the columns of a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack, overload

from zerosum.arguments import checked
from zerosum.catalogue import all_recipes
from zerosum.modalities.relational.finding import FoundSchema
from zerosum.modalities.tables.schema import Schema
from zerosum.recipe_registry import RecipeList
from zerosum.runs.store import Run
from zerosum.runs.store import list_runs as list_runs_below
from zerosum.signatures import SchemaOptions
from zerosum.workflows.schemas import schema_for

__all__ = ["list_runs", "recipes", "schema"]


def recipes() -> RecipeList:
    """Every recipe by name, as a dictionary: built in, of packages, and of files loaded so far."""
    return RecipeList(all_recipes())


@checked
def list_runs(root: Path | str = "runs") -> list[Run]:
    """Every run below `root`, newest first."""
    return list_runs_below(Path(root))


@overload
def schema(  # pyright: ignore[reportOverlappingOverload] - frames are none
    data: Mapping[str, Any], **options: Unpack[SchemaOptions]
) -> FoundSchema: ...
@overload
def schema(data: str | Path, **options: Unpack[SchemaOptions]) -> Schema | FoundSchema: ...
@overload
def schema(data: Any, **options: Unpack[SchemaOptions]) -> Schema: ...
@checked
def schema(
    data: Any,
    *,
    schema: Any = None,
    drop: Sequence[str] = (),
    missing: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Schema | FoundSchema:
    """What the columns of a table are, or the keys of a database, as `train` would take them.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.schema("people.csv").save("schema.json")  # doctest: +SKIP

    Args:
        data: a data frame, or the path of a .csv, .tsv or .parquet file; a dict of frames, a folder
            of tables, an SQLite file, or a database's URL.
        schema: of a table, what is known of its columns beforehand, as `train` takes it.
        drop: columns of a table to leave out.
        missing: cells that stand for what is missing, such as `unknown`.
        options: where the table lies in a file: `header`, `separator` and `sheet`.

    Raises:
        DataError: it cannot be read.
    """
    return schema_for(data, schema=schema, drop=drop, missing=missing, options=options)
