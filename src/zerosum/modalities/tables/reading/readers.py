"""Readers of tables: files and data frames, and what can be asked of them."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import PositiveInt

from zerosum.data.base import DataConfig, Dataset, Progress, other_kind
from zerosum.data.layout import AS_USUAL, FileLayout
from zerosum.data.row_files import holds_files
from zerosum.data.subsets import rows_apart
from zerosum.errors import DataError, PrivacyError
from zerosum.faces import option
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.constraints.kinds import read_constraints
from zerosum.modalities.tables.constraints.offers import offered
from zerosum.modalities.tables.reading.checks import refuse_text, with_rare
from zerosum.modalities.tables.reading.layouts import LayoutOptions, layout_of
from zerosum.modalities.tables.reading.places import is_table, source_of
from zerosum.modalities.tables.schema import Schema, overrides_of
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.sql import recorded_place, table_name
from zerosum.spaces import Space

if TYPE_CHECKING:
    from zerosum.modalities.tables.reading.sources import TableSource
from zerosum.modalities.tables.reading.dataset import (
    LEAST,
    TableDataset,
    fit_space,
    read_values,
)


class TableOptions(DataConfig):
    """What can be asked of a table.

    Attributes:
        columns: what is known of columns beforehand: attributes of their fields, with the kind.
        drop: columns to leave out.
        missing: texts that stand for what is missing, such as `unknown`; usual marks do anyway.
        constraints: what holds in every row.
        protect: rows that must share a value before it is learned as one of its own; 1 for all.
        limit: take this many rows only, evenly spread.
        private: whether fields hold no value of a row, as for a private training.
    """

    spaces = ("table",)
    option_names = {"columns": "schema"}
    not_options = frozenset({"path", "private"})
    columns: dict[str, dict[str, Any]] = {}
    drop: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    protect: PositiveInt = LEAST
    limit: PositiveInt | None = None
    private: bool = False

    @classmethod
    def fields_for(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """See `DataConfig.fields_for`; a schema may drop columns too."""
        super().fields_for(options)
        return table_options(options)

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`: rows are read by the fields of `space`."""
        if not isinstance(space, TableSpace):
            raise other_kind("rows of a table", space)
        missing = like.missing if isinstance(like, TableOptions) else ()
        return open_table_holdout(data, space, missing=missing, layout=layout_of(like)), None

    def read(
        self, table: "TableSource", *, library: str | None, progress: Progress | None = None
    ) -> Dataset:
        """The data set of a table; `library` is the one that it came from.

        Raises:
            DataError: it cannot be used.
            PrivacyError: it is private, and has a limit or a holdout.
        """
        from zerosum.modalities.tables.reading.disclosed import read_from_rows
        from zerosum.modalities.tables.reading.infer import infer_schema

        self.refuse_uncounted()
        schema = infer_schema(
            table, overrides=self.columns, drop=self.drop, limit=self.limit, private=self.private,
            progress=progress,
        )  # fmt: skip
        refuse_text(schema.fields)
        values = read_values(table, schema.fields, limit=self.limit, progress=progress)
        held = None
        if self.holdout is not None:
            rows, others = rows_apart(len(values), self.holdout)
            values, held = values[rows], values[others]
        columns = iter(values.unbind(dim=1))
        fields = [
            with_rare(field, next(columns), protect=self.protect) if field.modelled else field
            for field in schema.fields
        ]
        space = fit_space(
            fields, values, constraints=self.constraints, least=self.protect, private=self.private
        )
        made = TableDataset(values, space, name=table.name, source=library)
        made.notes = (*schema.notes, *(() if self.private else offered(space, values)))
        if held is not None:
            made.keep_apart(held)
        made.read_from_rows = read_from_rows(schema.fields, self.columns, private=self.private)
        return made

    def refuse_uncounted(self) -> None:
        """Raise a `PrivacyError` for options by which one row may decide over others."""
        if self.private and self.limit is not None:
            raise PrivacyError(
                f"{option('limit', self.limit)} takes rows that depend on how many there are, so a "
                f"single one more would change them all, and {option('epsilon')} would not hold. "
                "Leave it out, or write the rows that you want into a file of their own."
            )
        if self.private and self.holdout is not None:
            raise PrivacyError(
                f"{option('holdout', self.holdout)} keeps rows apart that depend on how many there "
                "are, so a single one more would change them all, and no promise of privacy would "
                "hold. Keep them in a file of their own."
            )


class TableFileConfig(TableOptions, LayoutOptions):
    """A .csv, .tsv or .parquet file, or a table of a database: `shop.sqlite#orders`.

    A run records the URL of a database without a password.

    Attributes:
        path: the file, or the database and its table.
    """

    kind = "table_file"
    path: str

    @classmethod
    def claims(cls, data: Any) -> float:
        """Files whose endings are those of tables; less surely where rows hold pictures."""
        if not isinstance(data, str | Path):
            return 0.0
        if table_name(data) is not None:
            return 0.95
        path = Path(data)
        if not is_table(path) or not path.is_file():
            return 0.0
        return 0.5 if holds_files(path) else 0.9

    def open(self, data: Any, progress: Progress | None = None) -> tuple[Dataset, Self]:
        """See `DataConfig.open`; what is recorded has no password."""
        made = self.build(progress)
        return made, self.model_copy(update={"path": recorded_place(self.path)})

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read it: once to see what the columns are, and once for the values.

        Raises:
            DataError: it cannot be read or used; the message says why, and where.
        """
        texts = _as_written(self.columns, self.drop, private=self.private)
        source, _ = source_of(
            self.path, texts, told=self.columns, missing=self.missing, layout=self.layout
        )
        return self.read(source, library=None, progress=progress)


class TableMemoryConfig(TableOptions):
    """A data frame that the caller holds; a run cannot open it again by itself.

    Attributes:
        library: whose frame it is, and whose frames samples are.
    """

    kind = "table_memory"
    not_options = frozenset({"library", "private"})
    library: str | None = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """Data frames of pandas, polars and pyarrow."""
        from zerosum.modalities.tables.reading.frames import is_frame

        return 0.95 if is_frame(data) else 0.0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Always an error: the frame is gone.

        Raises:
            DataError: say which data to use.
        """
        raise DataError(
            "this run was trained on a data frame held in memory. Give it again, "
            f"or a file that holds it, with {option('data')}."
        )

    def open(
        self, data: Any, progress: Progress | None = None
    ) -> tuple[Dataset, "TableMemoryConfig"]:
        """The data set of a frame, and this description with its library.

        Raises:
            DataError: it cannot be used.
        """
        source, library = source_of(data, missing=self.missing)
        config = self.model_copy(update={"library": library})
        return self.read(source, library=library, progress=progress), config


def schema_of(
    data: Any,
    *,
    schema: Any = None,
    drop: Sequence[str] = (),
    missing: Sequence[str] = (),
    layout: FileLayout = AS_USUAL,
) -> Schema:
    """What the columns of a table are, as training would take them.

    Args:
        data: a frame, or the path of a file.
        schema: what is known beforehand; see `overrides_of`.
        drop: columns to leave out.
        missing: texts that stand for what is missing.
        layout: where the table lies in a file.

    Raises:
        DataError: it cannot be read.
    """
    from zerosum.modalities.tables.reading.infer import infer_schema

    options = table_options({"schema": schema or {}, "drop": drop})
    columns, left = options.get("columns", {}), options.get("drop", ())
    texts = _as_written(columns, left)
    source, _ = source_of(data, texts, told=columns, missing=_names(missing), layout=layout)
    return infer_schema(source, overrides=columns, drop=left)


def open_table_holdout(
    data: Any,
    space: TableSpace,
    *,
    missing: Sequence[str] = (),
    layout: FileLayout = AS_USUAL,
) -> TableDataset:
    """Rows that a run was not trained on, as rows of its space.

    Columns that the run does not model may be absent; others than the run's are left out with a
    warning. A category that is not known has the index after the last.

    Args:
        data: a frame, or the path of a file.
        space: what the run's rows are.
        missing: texts that stand for what is missing.
        layout: where the table lies in a file.

    Raises:
        DataError: it cannot be read, or lacks columns.
    """
    source, library = source_of(data, space.names, missing=missing, layout=layout)
    source.check([name for name in space.names if name in source.types])
    lacking = [name for name in space.names if name not in source.types]
    if lacking:
        raise DataError(
            f"{source.name} lacks the columns {', '.join(map(repr, lacking))}, which the model "
            "makes. Give rows with all columns of the training data."
        )
    known = {field.name for field in space.fields}
    extra = [name for name in source.types if name not in known]
    if extra:
        warnings.warn(
            f"{source.name} has columns that the training data had not, and they are left out: "
            f"{', '.join(extra)}.",
            stacklevel=2,
        )
    return TableDataset(read_values(source, space.fields), space, name=source.name, source=library)


def table_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `open_data` as `TableOptions` has them: a schema as columns, files read.

    Raises:
        DataError: a schema cannot be read.
        ConstraintError: the constraints cannot be.
    """
    options = dict(given)
    if "schema" in options:
        columns, dropped = overrides_of(options.pop("schema"))
        options["columns"] = columns
        options["drop"] = (*dropped, *_names(options.get("drop", ())))
    if "missing" in options:
        options["missing"] = tuple(dict.fromkeys(_names(options["missing"])))
    if "drop" in options:
        options["drop"] = tuple(dict.fromkeys(_names(options["drop"])))
    if "constraints" in options:
        options["constraints"] = read_constraints(options["constraints"])
    return {name: value for name, value in options.items() if value not in ((), [], {})}


_TEXTS = ("category", "text")
"""Kinds whose columns are read from a CSV file as they are written."""


def _as_written(
    columns: Mapping[str, Mapping[str, Any]], drop: Sequence[str] = (), *, private: bool = False
) -> tuple[str, ...]:
    """Columns whose cells in a CSV file are read as they are written, not by what they look like.

    Those are texts, columns whose form is told, and those that are dropped. Where it is private all
    of which a kind is given, so that rows do not decide their types.
    """
    told = [
        name
        for name, one in columns.items()
        if private or one["kind"] in _TEXTS or _FORM & one.keys()
    ]
    return (*told, *(name for name in drop if name not in told))


_FORM = {"format", "before", "after", "point", "thousands"}


def _names(given: str | Sequence[str]) -> Sequence[str]:
    return (given,) if isinstance(given, str) else given
