"""An audit from a run to its report: what is kept, what is said, and what is refused."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.csv
import pytest
import torch
from torch import Tensor

import zerosum as zs
from tests.modalities.tables.chain import ChainGame, people, table_model
from zerosum.engine.choose import Wishes
from zerosum.errors import DataError, EvaluationError
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.privacy.audit import Audit, verdict
from zerosum.modalities.tables.privacy.rates import Estimate, Rate
from zerosum.modalities.tables.privacy.report import page
from zerosum.modalities.tables.privacy.standings import STANDINGS, Standing
from zerosum.modalities.tables.reading.dataset import TableDataset, fit_space
from zerosum.modalities.tables.space import TableSpace
from zerosum.runs.store import Run
from zerosum.workflows.audit import audit
from zerosum.workflows.train import train

TRAIN, HELD = people(1_500), people(1_000, seed=1)
SPACE = cast(TableSpace, TRAIN.space)
OTHERS = TableDataset(people(1_500, seed=2).take(torch.arange(1_500))[0], SPACE, name="others")


class Leaky(TableModel):
    """Gives back training rows in place of every third of its own."""

    def values(self, n: int, **options: Any) -> Tensor:
        made = super().values(n, **options)
        made[::3] = TRAIN.take(torch.arange(n))[0][::3]
        return made


def model(data: TableDataset, kind: type[TableModel] = TableModel) -> TableModel:
    return table_model(ChainGame(data), kind)


def audited(one: TableModel | None = None, **options: Any) -> Audit:
    """The audit of a model that knows other people of the same kind."""
    settings: dict[str, Any] = {"data": TRAIN, "holdout": HELD, "attacks": 200} | options
    return audit(one or model(OTHERS), **settings)


@pytest.fixture(scope="module")
def safe() -> Audit:
    return audited()


@pytest.fixture(scope="module")
def leaky() -> Audit:
    return audited(model(OTHERS, Leaky))


def test_a_model_that_never_saw_these_people_is_not_accused(safe: Audit) -> None:
    assert {finding.standing for finding in safe} <= {"none", "blind", "sign"}
    assert len(safe.findings) == 8
    assert "gives away" not in safe.verdict
    assert safe.closest.closer_to_train.value == pytest.approx(0.5, abs=0.06)


def test_a_model_that_gives_back_rows_is_found_out(leaky: Audit) -> None:
    assert leaky["exact_copies"].standing == "leak"
    assert leaky["membership_density"].standing == "leak"
    assert leaky["exact_copies"].main.value == pytest.approx(1 / 3, abs=0.05)
    assert leaky.verdict.startswith("The model gives away people it was trained on")
    assert "in 1,000 people without a twin are given back" in leaky["exact_copies"].words


def test_a_model_that_remembers_pairs_of_values_is_found_out() -> None:
    """Counts of pairs give back no row, but who was counted can be told."""
    found = audited(model(TRAIN))
    assert found["exact_copies"].main.value < 0.05
    assert found["membership_density"].standing == "leak"


def test_the_same_seed_gives_the_same_audit(safe: Audit) -> None:
    assert audited().findings == safe.findings
    assert audited(seed=1).findings != safe.findings


def test_it_says_what_was_audited(safe: Audit) -> None:
    facts = safe.subject
    assert (facts["trained_on"], facts["held_out"], facts["n"]) == (1_500, 1_000, 1_500)
    assert facts["command"] == "zs.audit(model, holdout=..., data=..., attacks=200, n=1500, seed=0)"
    with pytest.raises(EvaluationError, match="Did you mean 'linkability'"):
        safe["linkabilty"]


def test_the_page_and_the_json(leaky: Audit, tmp_path: Path) -> None:
    leaky.save(tmp_path / "a.html")
    html = (tmp_path / "a.html").read_text("utf-8")
    data = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert data == leaky.to_json() == json.loads(leaky.dumps())
    assert [one["name"] for one in data["attacks"]] == [one.name for one in leaky]
    by_name = {one["name"]: one for one in data["attacks"]}
    assert [column["name"] for column in by_name["attribute_inference"]["columns"]] == [
        "city", "age", "income", "vip",
    ]  # fmt: skip
    assert {n["name"] for n in by_name["membership_distance"]["numbers"]} >= {"AUC", "advantage"}
    text = re.sub(r"<[^>]+>", "", html)
    for one in leaky:
        assert one.title in text
        assert STANDINGS[one.standing] in text
    assert "nothing here follows from them" in text
    assert "What an audit cannot prove" in text
    assert not re.search(r"https?:|<script|<link", html)
    with pytest.raises(EvaluationError, match=r"cannot save a report as \.pdf"):
        leaky.save(tmp_path / "a.pdf")


@pytest.mark.parametrize("kind", ["safe", "leaky", "odd"])
def test_nothing_is_lost_on_the_way_through_json(kind: str, request: pytest.FixtureRequest) -> None:
    one: Audit = request.getfixturevalue("leaky" if kind == "odd" else kind)
    if kind == "odd":
        nan, inf = float("nan"), float("inf")
        findings = tuple(
            replace(finding, main=Rate(nan, 9.0), baseline=None, risk=Estimate(nan, -inf, inf))
            for finding in one
        )
        one = replace(one, findings=findings, closest=replace(one.closest, to_train=nan))
    again = Audit.from_json(json.loads(one.dumps()))
    assert again == one
    assert repr(asdict(again)) == repr(asdict(one))
    assert again.page() == one.page()


@pytest.mark.parametrize("data", [{}, {"schema": 2}, {"schema": 2, "attacks": 3}])
def test_what_is_no_audit_is_refused(data: Any) -> None:
    with pytest.raises(EvaluationError, match="no audit of zerosum's"):
        Audit.from_json(data)


def test_names_of_columns_cannot_break_the_page() -> None:
    evil = "<b onload='x'>&"
    values = TRAIN.take(torch.arange(300))[0]
    named = [one.with_values({"name": evil}) if one.name == "age" else one
             for one in SPACE.fields]  # fmt: skip
    space = fit_space(named, values)
    data = TableDataset(values, space, name="people")
    game = ChainGame(data)
    held = TableDataset(HELD.take(torch.arange(300))[0], space, name="others")
    one = table_model(game)
    html = page(audit(one, data=data, holdout=held, attacks=40))
    assert evil not in html
    assert "&lt;b onload=" in html


def run_on_files(folder: Path) -> tuple[Run, Path]:
    """A run of the recipe `table` on a file, and a file that was kept apart."""
    for name, data in (("train", TRAIN), ("held", HELD)):
        values = data.take(torch.arange(len(data)))[0].numpy()
        columns = {field.name: field.to_arrow(values[:, i])
                   for i, field in enumerate(SPACE.modelled)}  # fmt: skip
        pyarrow.csv.write_csv(pa.table(columns), folder / f"{name}.csv")
    plain = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
    run = train("table", str(folder / "train.csv"), out=folder / "run", samples=600, wishes=plain)
    return run, folder / "held.csv"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    return run_on_files(tmp_path_factory.mktemp("audit"))


def test_a_run_keeps_its_audit(files: tuple[Run, Path]) -> None:
    run, held = files
    found = zs.audit(run.folder, holdout=str(held), attacks=60, quiet=True)
    kept = json.loads((run.folder / "report" / "audit.json").read_text("utf-8"))
    assert kept == found.to_json()
    event = Run.open(run.folder).events()[-1]
    assert (event["event"], event["attacks"], event["verdict"]) == ("audited", 60, found.verdict)
    assert event["standings"]["linkability"] == found["linkability"].standing
    assert found.subject["command"] == (
        f"zerosum audit {run.folder} --holdout {held} --attacks 60 -n 1500 --seed 0"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"holdout": None}, "keeps a fifth of the rows apart"),
        ({"holdout": TRAIN}, "this is training data"),
        ({"attacks": 0}, "attacks=0: it must"),
        ({"n": 0}, "n=0: it must"),
        ({"holdout": "moons"}, "holds points of 2"),
        ({"holdout": people(12, seed=3)}, "has 12 rows, and an audit needs 20"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises((EvaluationError, DataError), match=message):
        audited(**options)


def test_samples_of_another_kind_are_refused(tmp_path: Path) -> None:
    plain = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
    run = train("vanilla", "ring", out=tmp_path / "run", samples=64, wishes=plain)
    with pytest.raises(EvaluationError, match="attacks are known for rows of tables"):
        audit(run, holdout="ring")


def test_what_weakens_an_audit_is_told() -> None:
    some = torch.cat([HELD.take(torch.arange(97))[0], TRAIN.take(torch.arange(3))[0]])
    held = TableDataset(some, SPACE, name="few")
    told = " ".join(audited(holdout=held, attacks=50).warnings)
    assert "of 100 rows of the holdout are also training rows" in told
    assert "The holdout has 100 rows: intervals are wide" in told
    assert "Membership was tried on 50 rows of each kind" in told


@pytest.mark.parametrize(
    ("standings", "words"),
    [
        ([], "Nothing can be said: no attack could be made"),
        (["blind", "blind"], "Nothing can be said: no attack did better than guessing"),
        (["none", "blind"], "The one attack does not do better"),
        (["none", "sign"], "there is a sign in “exact"),
        (["leak", "sign"], "One attack does better"),
        (["leak", "leak"], "2 of 2 attacks do better"),
    ],
)
def test_the_verdict_says_what_the_findings_do(
    safe: Audit, standings: list[Standing], words: str
) -> None:
    one = replace(safe["exact_copies"], risk=Estimate(0.1, 0.05, 0.2))
    assert words in verdict([replace(one, standing=standing) for standing in standings])
