"""Units as a plot, and as files of flat rows."""

from typing import ClassVar

from zerosum.modalities.tables.shown import TablePreview, TableWriter


class UnitPreview(TablePreview):
    """A plot of the first two columns of the main table."""


class UnitWriter(TableWriter):
    """Flat units as `.csv` or `.parquet`; databases are written by `RelationalModel.write`."""

    default: ClassVar[str] = "database.sqlite"
