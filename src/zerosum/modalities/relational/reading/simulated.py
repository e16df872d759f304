"""The simulated bank as a database."""

from typing import Any

from zerosum.config import Count
from zerosum.modalities.relational.reading.options import DatabaseOptions
from zerosum.modalities.relational.schema import DatabaseSchema, ForeignKey, TableKeys
from zerosum.modalities.tables.bank import simulate_bank
from zerosum.modalities.tables.reading.sources import MemorySource, TableSource

SCHEMA = DatabaseSchema(
    tables=(
        TableKeys(name="customers", key=("customer",)),
        TableKeys(
            name="accounts", key=("account",),
            refers=(ForeignKey(columns=("customer",), to="customers"),),
        ),
        TableKeys(
            name="transactions", key=("transaction",),
            refers=(ForeignKey(columns=("account",), to="accounts"),),
        ),
    )
)  # fmt: skip


class BankDatabase(DatabaseOptions):
    """A simulated bank: customers, their accounts, and what is booked on these.

    Attributes:
        num_customers: how many.
        seed: which.
    """

    kind = "bank_database"
    built_in = True
    num_customers: Count = 1_000
    seed: int = 0

    @classmethod
    def claims(cls, data: Any) -> float:
        """`bank`, which as one long table is data of another kind, or the name of this kind."""
        return 0.9 if isinstance(data, str) and data in ("bank", cls.kind) else 0.0

    def sources(
        self, data: Any
    ) -> tuple[dict[str, TableSource], tuple[TableKeys, ...], str, str | None]:
        """See `DatabaseOptions.sources`."""
        bank = simulate_bank(self.num_customers, seed=self.seed)
        found: dict[str, TableSource] = {
            name: MemorySource(table, name=name) for name, table in bank._asdict().items()
        }
        return found, SCHEMA.tables, self.kind, None
