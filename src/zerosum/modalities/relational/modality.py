"""Databases as a modality."""

from collections.abc import Iterator
from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa

from zerosum.data.base import Dataset
from zerosum.evaluation.features.base import Embedded
from zerosum.faces import option, reading
from zerosum.modalities.relational.game import table_players
from zerosum.modalities.relational.model import RelationalModel
from zerosum.modalities.relational.part import database_parts
from zerosum.modalities.relational.private import (
    as_private_database,
    private_database,
    stand_in_database,
)
from zerosum.modalities.relational.reading import simulated  # noqa: F401  (a reader)
from zerosum.modalities.relational.reading.readers import HeldTables
from zerosum.modalities.relational.schema import DatabaseSchema, ForeignKey, TableKeys
from zerosum.modalities.relational.shown import UnitPreview, UnitWriter
from zerosum.modalities.relational.space import RelationalSpace, require_relational
from zerosum.modality import JudgeKit, Modality, PrivateKit, register
from zerosum.spaces import Space

_FEW = 500
"""Units below which a report warns."""

_PRIVATE_BATCH, _EPOCHS, _LEAST_STEPS, _MOST_STEPS = 256, 20, 150, 800
"""Of private trainings."""


def small_database(
    *, depth: int = 2, lists: int = 0, num_labels: int = 0, needs: tuple[str, ...] = ()
) -> Dataset:
    """64 shops with orders, and below these lines; the number of orders depends on the shop.

    Args:
        depth: how many tables hang below each other, 1 to 3.
        lists: other tables that orders refer to: 0, one of products, or also one of countries that
            is kept as it is.
        num_labels: none.
        needs: none.
    """
    rng = np.random.default_rng(0)
    size = rng.choice(3, 64)
    tables = {
        "shops": pa.table({
            "id": np.arange(64) + 1, "size": np.array(["s", "m", "l"])[size],
            "area": (rng.normal(100, 10, 64) + 50 * size).round(1),
        })
    }  # fmt: skip
    keys = [TableKeys(name="shops", key=("id",))]
    shop = np.repeat(np.arange(64), 1 + size)
    if depth > 1:
        n = len(shop)
        columns = {
            "id": np.arange(n) + 1,
            "shop_id": shop + 1,
            "amount": (rng.normal(10, 1, n) * (1 + size[shop])).round(2),
            "paid": rng.random(n) < 0.7,
        }
        refers = [ForeignKey(columns=("shop_id",), to="shops")]
        if lists:
            tables["products"] = pa.table(
                {"id": np.arange(20) + 1, "price": rng.normal(5, 1, 20).round(2)}
            )
            keys.append(TableKeys(name="products", key=("id",)))
            columns["product_id"] = rng.integers(1, 21, n)
            refers.append(ForeignKey(columns=("product_id",), to="products"))
        if lists > 1:
            tables["countries"] = pa.table({"code": ["nl", "no", "pt"], "name": ["a", "b", "c"]})
            keys.append(TableKeys(name="countries", key=("code",), kept=True))
            columns["country"] = np.array(["nl", "no", "pt"])[rng.integers(0, 3, n)]
            refers.append(ForeignKey(columns=("country",), to="countries"))
        tables["orders"] = pa.table(columns)
        keys.append(TableKeys(name="orders", key=("id",), refers=tuple(refers)))
    if depth > 2:
        order = np.repeat(np.arange(len(shop)), rng.integers(0, 3, len(shop)))
        tables["lines"] = pa.table(
            {"order_id": order + 1, "pieces": rng.integers(1, 9, len(order))}
        )
        reference = ForeignKey(columns=("order_id",), to="orders")
        keys.append(TableKeys(name="lines", refers=(reference,)))
    schema = DatabaseSchema(tables=tuple(keys))
    return HeldTables(keys=schema, protect=2).open(tables)[0]


def too_small(train: int, held: int | None) -> Iterator[str]:
    """What is to be known of a database with few units."""
    if train < _FEW:
        yield (
            f"This database is too small to trust single figures: {train:,} units, where {_FEW} "
            "are few."
        )


def _units(space: Space) -> RelationalSpace:
    return require_relational(space, network="private training")


def _neighbours(space: Space) -> str:
    units = _units(space)
    bounds = [f"{one.most:,} of {one.name!r}" for one in units.sides if one.most is not None]
    entering = f", of which the first {', '.join(bounds)} enter" if bounds else ""
    return f"one row of {units.main!r} more or less, with all that hangs below it{entering}"


def _changes(units: RelationalSpace) -> dict[str, Any]:
    """Small networks, since noise is added to every weight; and steps that see whole units."""
    batch = min(_PRIVATE_BATCH, max(units.num_rows // 8, 1))
    steps = min(max(ceil(_EPOCHS * units.num_rows / batch), _LEAST_STEPS), _MOST_STEPS)
    decays = {f"optimisation.optimizers.{one}.decay": 0.0 for one in table_players(units)}
    return decays | {
        "optimisation.batch_size": batch,
        "optimisation.total_samples": steps * batch,
        "optimisation.averaging.half_life": 34 * batch,
        "game.generator.rows.width": 128,
        "game.generator.rows.depth": 2,
        "game.generator.context": 32,
        "game.generator.vector": 16,
    }


PRIVATE = PrivateKit(
    unit="unit",
    fit=private_database,
    known_again=as_private_database,
    stand_in=stand_in_database,
    count=lambda space: _units(space).num_rows,
    neighbours=_neighbours,
    public="names and kinds of columns, decimals, steps of time, keys and references, all rows of "
    "tables that are kept as they are, and what the schema says",
    said_by=lambda: (
        f"give keys with {option('schema', 'keys.json')}, and attributes of columns with "
        + reading(kinds={"orders.price": {"kind": "float", "places": 2}})
    ),
    changes=lambda space: _changes(_units(space)),
)
"""A row of the main table is a person, with all that hangs below it."""


register(
    Modality(
        kind="relational",
        preview=UnitPreview(),
        writer=UnitWriter(),
        judge=JudgeKit(
            extractors={"columns": lambda dataset, _: Embedded(dataset.space, name="columns")},
            default="columns",
            parts=database_parts,
            warnings=too_small,
        ),
        model=lambda _game: RelationalModel,
        small_dataset=small_database,
        shapes=({"depth": 1}, {"depth": 3}, {"lists": 1}, {"depth": 3, "lists": 2}),
        private=PRIVATE,
    ),
    module=__name__,
)
