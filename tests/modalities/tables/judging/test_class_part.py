"""What a report says of each class of a target."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor

import zerosum as zs
from tests.modalities.tables.chain import ChainGame, table_model
from zerosum.evaluation.metrics.base import SampleSet
from zerosum.evaluation.reports.parts import Part, Shown
from zerosum.modalities.tables.fields import CategoryField, Field, FloatField
from zerosum.modalities.tables.judging.class_part import ClassPart, _equal_shares, class_part
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.reading.dataset import TableDataset, fit_space

pytestmark = pytest.mark.usefixtures("small_judges")

COUNTS = (1_200, 760, 60, 3)
FIELDS: list[Field] = [
    CategoryField(name="kind", names=("a", "b", "rare", "withheld")),
    FloatField(name="size", places=1),
]


def rows_of(counts: tuple[int, ...], seed: int) -> Tensor:
    """Rows of classes whose sizes hardly overlap, in a random order."""
    generator = torch.Generator().manual_seed(seed)
    kind = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    kind = kind[torch.randperm(len(kind), generator=generator)]
    noise = torch.randn(len(kind), generator=generator).double()
    return torch.stack([kind.double(), (3 * kind + 0.5 * noise).round(decimals=1)], dim=1)


@pytest.fixture(scope="module")
def dataset() -> TableDataset:
    rows = rows_of(COUNTS, 0)
    return TableDataset(rows, fit_space(FIELDS, rows, least=5), name="kinds")


def shown(model: TableModel, dataset: TableDataset, samples: Tensor) -> Shown:
    held, others = rows_of((300, 190, 25, 1), 1), rows_of(COUNTS, 2)
    sets = [SampleSet(x, torch.zeros(len(x), 1)) for x in (samples, held, others)]
    return Shown(
        model, model.space, sets[0], sets[1], "holdout", (), 0, False, 0, target="kind",
        dataset=dataset, others=sets[2],
    )  # fmt: skip


def part_of(model: TableModel, dataset: TableDataset, samples: Tensor) -> ClassPart:
    (part,) = class_part(shown(model, dataset, samples))
    return part


def test_each_class_is_counted_and_looked_at(dataset: TableDataset) -> None:
    model = table_model(ChainGame(dataset))
    part = part_of(model, dataset, model.values(500, seed=0))
    assert [one.name for one in part.classes] == ["a", "b", "rare", "withheld"]
    assert [one.rows for one in part.classes] == list(COUNTS)
    a, _, rare, withheld = part.classes
    assert a.real == pytest.approx(300 / 516)
    assert a.made == pytest.approx(1_200 / 2_020, abs=0.07)
    assert (rare.judged, rare.held) == (400, 25)  # asked for, since so few were made
    for one in (a, rare):
        assert one.looks is not None
        assert one.looks_real is not None
        assert min(one.looks, one.looks_real) > 0.85
    assert not rare.note
    assert (withheld.judged, withheld.looks, withheld.note) == (0, None, "never made")


def test_samples_of_a_class_that_are_not_like_it_show(dataset: TableDataset) -> None:
    wrong = rows_of(COUNTS, 3).repeat(20, 1)
    wrong[wrong[:, 0] == 2, 1] = 3.0
    part = part_of(table_model(ChainGame(dataset)), dataset, wrong)
    a, _, rare, _ = part.classes
    assert (a.looks or 0) > 0.9
    assert rare.looks == 0
    assert (rare.looks_real or 0) > 0.9


def test_a_class_of_few_rows_says_so(dataset: TableDataset) -> None:
    few = rows_of((500, 400, 20), 4)
    small = TableDataset(few, fit_space(FIELDS, few, least=5), name="few")
    part = part_of(table_model(ChainGame(small)), small, few)
    assert [one.few for one in part.classes] == [False, False, True]
    heading, lines = part.listing()
    assert heading == "classes of kind"
    assert [line[""] for line in lines] == ["", "", "too few rows for a stable figure"]
    assert "too few rows for a stable figure" in part.render()
    assert Part.from_json(json.loads(json.dumps(part.to_json()))) == part


def test_nothing_is_said_of_numbers_or_without_a_target(dataset: TableDataset) -> None:
    model = table_model(ChainGame(dataset))
    one = shown(model, dataset, model.values(100, seed=0))
    assert not [*class_part(replace(one, target=None))]
    assert not [*class_part(replace(one, target="size"))]


def test_large_classes_give_way_first() -> None:
    y = torch.tensor([-1, 0, 1, 2]).repeat_interleave(torch.tensor([5, 20_000, 6_000, 30]))
    counts = y[_equal_shares(y)].bincount()
    assert counts[2] == 30
    assert counts[0] == counts[1]
    assert 8_900 < int(counts.sum()) <= 10_000


def test_a_report_of_a_frame_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(rows_of((400, 260, 40), 0), columns=["kind", "size"])
    frame["kind"] = [("a", "b", "rare")[int(one)] for one in frame["kind"]]
    train, kept = frame.iloc[:500], frame.iloc[500:]
    model = zs.train("table", data=train, samples=2_000, referee="off", quiet=True)
    found = zs.evaluate(model, data=train, holdout=kept, target="kind", replicates=0, quiet=True)
    part = found.part("classes")
    assert isinstance(part, ClassPart)
    assert [one.name for one in part.classes] == ["a", "b", "rare"]
    assert all(math.isfinite(one.looks or 0) for one in part.classes)
    assert "Classes of kind" in found.page()
