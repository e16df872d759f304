"""Columns that go with texts or molecules: which they are, and what is in them."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import torch

from zerosum.errors import DataError, did_you_mean
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.reading.checks import refuse_text, with_rare
from zerosum.modalities.tables.reading.dataset import read_values
from zerosum.modalities.tables.reading.infer import infer_schema
from zerosum.modalities.tables.reading.readers import TableOptions
from zerosum.modalities.tables.reading.sources import MemorySource, TableSource

if TYPE_CHECKING:
    from torch import Tensor


class BesideOptions(TableOptions):
    """What can be asked of columns that go with texts or molecules.

    Attributes:
        given: columns that they go with; if not given, all others.
    """

    spaces = ()
    given: tuple[str, ...] | None = None

    @classmethod
    def fields_for(cls, options: Any) -> dict[str, Any]:
        """See `DataConfig.fields_for`; names in `given` may be one text, with commas."""
        fields = super().fields_for(options)
        given = options.get("given")
        if isinstance(given, str):
            given = [one.strip() for one in given.split(",") if one.strip()]
        return fields if given is None else fields | {"given": tuple(given)}

    def given_columns(self, whole: pa.Table, text: str) -> list[str]:
        """The columns that go with `text`.

        Raises:
            DataError: one is named that is not there.
        """
        for name in self.given or ():
            if name not in whole.column_names or name == text:
                raise DataError(
                    f"given names {name!r}, which is no other column of the data."
                    f"{did_you_mean(name, whole.column_names)}"
                )
        asked = self.given if self.given is not None else whole.column_names
        return [name for name in whole.column_names if name in asked and name not in (
            text, *self.drop
        )]  # fmt: skip

    def columns_beside(
        self, whole: pa.Table, table: TableSource
    ) -> "tuple[list[Field], Tensor, tuple[str, ...]]":
        """Fields of a table, values of those that are modelled, and what was guessed."""
        none = torch.empty(whole.num_rows, 0, dtype=torch.float64)
        if not whole.column_names:
            return [], none, ()
        source = MemorySource(whole, name=table.name, natives=table.natives)
        source.forms, source.notes = table.forms, table.notes
        told = {name: one for name, one in self.columns.items() if name in whole.column_names}
        schema = infer_schema(source, overrides=told)
        refuse_text(schema.fields)
        if not any(field.modelled for field in schema.fields):
            return list(schema.fields), none, schema.notes
        values = read_values(source, schema.fields)
        columns = iter(values.unbind(dim=1))
        fields = [
            with_rare(field, next(columns), protect=self.protect) if field.modelled else field
            for field in schema.fields
        ]
        return fields, values, schema.notes
