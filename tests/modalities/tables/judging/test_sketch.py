"""What a report draws of columns: shares that add up, spikes and gaps that are told of."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.modalities.tables.chain import people
from zerosum.evaluation.features.base import Embedded
from zerosum.evaluation.metrics.base import SampleSet
from zerosum.modalities.tables.constraints.bounds import Range
from zerosum.modalities.tables.fields import CategoryField, Field, FloatField
from zerosum.modalities.tables.judging.part import TablePart
from zerosum.modalities.tables.judging.report import WORST
from zerosum.modalities.tables.judging.sketch import ColumnSketch, TableSketch, cells, sketch_table
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.time_fields import DateField

DATA = people(1_000)


def drawn() -> TableSketch:
    x = DATA.take(torch.arange(1_000))[0]
    features = Embedded(DATA.space, name="columns")(x)
    rows = [SampleSet(x[i : i + 500], features[i : i + 500]) for i in (0, 500)]
    assert isinstance(DATA.space, TableSpace)
    return sketch_table(DATA.space, *rows, lookalikes=[(x[0], x[500], 0.25)])


def column(name: str) -> ColumnSketch:
    return next(one for one in drawn().columns if one.name == name)


def test_shares_add_up_to_all_that_is_known() -> None:
    city, income = column("city"), column("income")
    assert city.labels == ("Oslo", "Bergen", "Bodø", "Å")
    assert city.ends is None
    assert sum(city.real) == pytest.approx(1)
    gaps = float(DATA.take(torch.arange(500, 1_000))[0][:, 2].isnan().double().mean())
    assert income.ends is not None
    assert sum(income.real) == pytest.approx(1 - gaps)
    assert f"{gaps:.1%} of reals" in income.notes[0]


def test_steps_of_whole_numbers_hold_equally_many() -> None:
    age = column("age")
    widths = [
        float(b) - float(a) for a, _, b in (label.partition(" to ") for label in age.labels) if b
    ]
    assert len(set(widths)) == 1
    assert age.ends == (age.labels[0].split(" to ")[0], age.labels[-1].split(" to ")[-1])


def test_a_frequent_number_is_told_of_beside_the_others() -> None:
    from zerosum.modalities.tables.judging import sketch as table_sketch

    values = np.r_[np.zeros(60), np.arange(1, 41)]
    one = table_sketch._column(FloatField(name="x", places=0), values, values)
    assert one.notes == ("0: 60.0% of samples, 60.0% of reals",)
    assert sum(one.real) == pytest.approx(0.4)
    nothing = np.full(9, np.nan)
    empty = table_sketch._column(FloatField(name="x"), nothing, nothing)
    assert empty.labels == ()
    assert empty.notes == ("missing: 100.0% of samples, 100.0% of reals",)


def test_the_page_tells_what_constraints_cost() -> None:
    assert isinstance(DATA.space, TableSpace)
    x = DATA.take(torch.arange(1_000))[0]
    number = DATA.space.names.index("age")
    middle = float(x[:, number].nanmedian())
    field = {one.name: one for one in DATA.space.fields}
    held = Range("age", None, middle).fit(DATA.space.columns(x), field)
    space = DATA.space.model_copy(update={"constraints": (held,)})
    features = Embedded(DATA.space, name="columns")(x)
    rows = [SampleSet(x[i : i + 500], features[i : i + 500]) for i in (0, 500)]
    sketch = sketch_table(space, *rows, as_made=x[:500])
    assert sketch.cost is not None
    assert 0.3 < sketch.cost.held[0].broken < 0.6
    html = TablePart(sketch, "holdout").render()
    assert f"{sketch.cost.moved:.1%} of rows were moved and 0.0% drawn again" in html
    assert drawn().cost is None


def test_rare_categories_are_one_bar() -> None:
    from zerosum.modalities.tables.judging import sketch as table_sketch

    field = CategoryField(name="c", names=tuple(map(str, range(30))))
    one = table_sketch._column(field, np.arange(30.0), np.arange(30.0))
    assert one.labels[-1] == "all others"
    assert one.real[-1] == pytest.approx(2 / 3)


def test_cells_are_what_users_read() -> None:
    fields: list[Field] = [
        CategoryField(name="c", names=("a", "b")), FloatField(name="x", places=2),
        DateField(name="d"),
    ]  # fmt: skip
    shown = cells(np.array([[1.0, 1234.5, 19_000.0], [np.nan] * 3]), fields)
    assert shown == (("b", "1,234.5", "2022-01-08"), ("–", "–", "–"))


def test_groups_have_shares_and_traits() -> None:
    found = drawn().clusters
    assert sum(one.real for one in found) == pytest.approx(1)
    assert sum(one.made for one in found) == pytest.approx(1)
    assert all(len(one.traits) == 3 for one in found)


def test_many_columns_are_folded_and_what_differs_is_marked() -> None:
    sketch = drawn()
    many = replace(sketch, columns=sketch.columns * 4)
    parts = TablePart(many, "holdout").render()
    assert f"{4 * len(sketch.columns) - WORST} more columns" in parts
    assert 'class="differs"' in parts
    alone = TablePart(replace(sketch, names=("age",), columns=(column("age"),)), "holdout")
    assert column("age").ends is not None
    pointed_at = len(column("age").labels) + len(sketch.clusters)
    assert alone.render().count("<title>") == pointed_at
