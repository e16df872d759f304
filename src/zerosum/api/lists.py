"""What there is: recipes, runs, and the columns of a table."""

from pathlib import Path
from typing import Any

from zerosum.catalogue import all_recipes
from zerosum.modalities.relational.finding import FoundSchema
from zerosum.modalities.tables.schema import Schema
from zerosum.recipe_registry import RecipeList
from zerosum.runs.store import Run
from zerosum.runs.store import list_runs as list_runs_below
from zerosum.workflows.schemas import schema_for

__all__ = ["list_runs", "recipes", "schema"]


def recipes() -> RecipeList:
    """Every recipe by name, as a dictionary: built in, of packages, and of files loaded so far."""
    return RecipeList(all_recipes())


def list_runs(root: Path | str = "runs") -> list[Run]:
    """Every run below `root`, newest first."""
    return list_runs_below(Path(root))


def schema(data: Any) -> Schema | FoundSchema:
    """What the columns of a table are, or the keys of a database, as `train` would take them.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.schema("people.csv").save("schema.json")  # doctest: +SKIP

    Args:
        data: a data frame, or the path of a .csv, .tsv or .parquet file; a dict of frames, a folder
            of tables, an SQLite file, or a database's URL.

    Raises:
        DataError: it cannot be read.
    """
    return schema_for(data)
