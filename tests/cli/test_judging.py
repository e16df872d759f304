"""`zerosum evaluate` and `zerosum compare`: tables, JSON, reports, and how they say no."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import zerosum as zs
from zerosum.runs.store import Run

pytestmark = pytest.mark.usefixtures("small_judges")

Zerosum = Callable[..., Any]
PLAIN = ("--features", "pixels", "-n", 100)


@pytest.fixture
def run(digits_run: Path, tmp_path: Path) -> Path:
    """A copy: a judgement writes into the run."""
    return Path(shutil.copytree(digits_run, tmp_path / "digits"))


def test_evaluate_prints_a_table_and_the_verdict(zerosum: Zerosum, run: Path) -> None:
    done = zerosum("evaluate", run, *PLAIN)
    assert done.code == 0
    first, head, *rows, blank, verdict = done.out.splitlines()
    assert first == "100 samples against training data, no holdout; features pixels"
    assert head.split() == ["figure", "value", "95", "%", "baseline", "reals"]
    assert any("Fréchet distance" in row and ("●" in row or "◀" in row) for row in rows)
    assert blank == ""
    assert verdict == Run.open(run).events()[-1]["verdict"]
    assert "warning: No holdout was given" in done.err


def test_evaluate_for_other_programs(zerosum: Zerosum, run: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    done = zerosum("evaluate", run, *PLAIN, "--json", "--out", report, "--seed", 3)
    found = json.loads(done.out)
    kept = json.loads((run / "report" / "evaluation.json").read_text("utf-8"))
    assert kept == found | {"parts": []}, "images of rows have no place in the run"
    assert found == json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert found["subject"]["seed"] == 3
    assert report.read_text("utf-8").startswith("<!doctype html>")
    assert zerosum("evaluate", run, *PLAIN, "--out", report).out.endswith(f"\n{report}\n")


def test_the_command_of_a_report_reproduces_it(zerosum: Zerosum, run: Path) -> None:
    first = json.loads(zerosum("evaluate", run, *PLAIN, "--json", "--seed", 3).out)
    words = first["subject"]["command"].split()
    assert words[:2] == ["zerosum", "evaluate"]
    again = json.loads(zerosum(*words[1:], "--json").out)
    assert again["figures"] == first["figures"]


def test_a_holdout_of_a_built_in_mixture(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(ring_run, tmp_path / "ring")
    found = json.loads(zerosum("evaluate", run, "--holdout", "ring", *PLAIN, "--json").out)
    assert found["subject"]["split"] == "holdout"
    assert found["warnings"] == []


def test_compare(zerosum: Zerosum, run: Path, tmp_path: Path) -> None:
    other = shutil.copytree(run, tmp_path / "other")
    done = zerosum("compare", run, other, *PLAIN, "--out", tmp_path / "both.html")
    assert done.code == 0
    assert "digits" in done.out.splitlines()[1]
    assert "other" in done.out.splitlines()[1]
    assert "\ndigits: " in done.out
    assert (tmp_path / "both.html").is_file()
    found = json.loads(zerosum("compare", run, other, *PLAIN, "--json").out)
    assert found["names"] == ["digits", "other"]
    assert set(found["best"].values()) == {None}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--holdout", "digits"), "EvaluationError: 1,797 of 1,797 rows of the holdout are also"),
        (("--holdout", "nowhere"), "DataError: no data at 'nowhere'"),
        (("--holdout", "moons"), "points of 2, and the model makes images of 1 x 8 x 8"),
        (("-n", 5_000), "-n 5000: it may be 2 to"),
        (("--features", "pixel"), "Did you mean 'pixels'?"),
        (("--out", "report.pdf"), "Allowed: .html (a page, with the JSON beside it) and .json."),
        (("--data", "ring"), "this is not the data of"),
        (
            ("--target", "label"),
            "is a column of a table, and the model makes samples of kind image",
        ),
    ],
)
def test_what_is_refused(zerosum: Zerosum, run: Path, words: Any, message: str) -> None:
    done = zerosum("evaluate", run, "--features", "pixels", *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert not (run / "report").exists()


def test_comparing_one_run_is_refused(zerosum: Zerosum, run: Path) -> None:
    assert "Name two or more" in zerosum("compare", run).err
    assert "named twice" in zerosum("compare", run, run).err


def test_audit_needs_rows_and_a_holdout(zerosum: Zerosum, run: Path) -> None:
    for words, message in (
        ((), "EvaluationError: an audit needs a holdout"),
        (("--holdout", "digits"), "attacks are known for rows of tables"),
        (("--holdout", "digits", "--attacks", 0), "--attacks 0: it must"),
        (("--holdout", "digits", "--out", "a.pdf"), "Allowed: .html"),
    ):
        done = zerosum("audit", run, *words)
        assert (done.code, done.out) == (2, "")
        assert message in done.err
    assert not (run / "report").exists()


def test_another_step(zerosum: Zerosum, run: Path) -> None:
    steps = Run.open(run).checkpoints.steps()
    assert len(steps) > 1
    found = json.loads(zerosum("evaluate", run, *PLAIN, "--step", steps[0], "--json").out)
    assert found["subject"]["step"] == steps[0]
    assert f"--step {steps[0]}" in found["subject"]["command"]
    done = zerosum("evaluate", run, *PLAIN, "--step", 999)
    assert (done.code, "has no checkpoint of step 999" in done.err) == (2, True)


def test_a_step_for_each_run_and_curves(zerosum: Zerosum, run: Path, tmp_path: Path) -> None:
    other = shutil.copytree(run, tmp_path / "other")
    first, *_, last = Run.open(run).checkpoints.steps()
    words = ("compare", run, other, *PLAIN)
    done = zerosum(
        *words, "--step", first, "--step", last, "--curve", tmp_path / "c.png", "--out",
        tmp_path / "both.html", "--json",
    )  # fmt: skip
    found = json.loads(done.out)
    assert [one["subject"]["step"] for one in found["evaluations"]] == [first, last]
    assert found["command"].count("--step") == 2
    page = (tmp_path / "both.html").read_text("utf-8")
    assert "The trainings" in page
    assert page.count('" class="series-0"') == page.count('" class="series-1"') > 1
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    done = zerosum(*words, "--step", 1, "--step", 2, "--step", 3)
    assert (done.code, "--step is given 3 times for 2 runs" in done.err) == (2, True)


def test_code_for_each_run(zerosum: Zerosum, tmp_path: Path) -> None:
    """Two versions of one file, which define the same kind."""
    runs, codes = [], []
    for version in ("first", "second"):
        code = tmp_path / version / "my_gan.py"
        code.parent.mkdir()
        code.write_text(OWN.format(version=version))
        runs.append(tmp_path / f"run-{version}")
        done = zerosum("train", code, "--data", "ring", "--samples", 128, "--out", runs[-1],
                       "--threads", 1, "--compile", "off", "--quiet")  # fmt: skip
        assert done.code == 0, done.err
        codes += ["--code", code]
    done = zerosum("compare", *runs, *codes, "--features", "pixels", "-n", 50, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["names"] == ["run-first", "run-second"]


OWN = '''"""The {version} version."""

import zerosum as zs
from zerosum.catalogue import find_recipe
from zerosum.objectives.adversarial import NonSaturating
from zerosum.spaces import Space


class Mine(NonSaturating):
    """Mine."""

    kind = "mine_to_compare"


@zs.recipe(paper="me 2026", spaces=("point",))
def mine_to_compare(space: Space) -> zs.Recipe:
    """Mine."""
    base = find_recipe("vanilla").resolve(space)
    changes = {{"name": "mine_to_compare", "game.adversarial": {{"kind": Mine.kind}}}}
    return base.with_values(changes)
'''


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two files of the same kind of rows, and a run that was trained on one."""
    folder = tmp_path_factory.mktemp("people")
    draw = random.Random(0)
    for name, middle in (("train", 0), ("holdout", 0), ("others", 3)):
        rows = [
            ",".join([*(f"{draw.gauss(middle, 1):.2f}" for _ in range(3)), draw.choice("abc")])
            for _ in range(200)
        ]
        (folder / f"{name}.csv").write_text("\n".join(["a,b,c,d", *rows]))
    zs.train(
        "table", folder / "train.csv", samples=400, out=folder / "run", quiet=True, threads=1,
        compile=False,
    )  # fmt: skip
    return folder


@pytest.mark.parametrize(("holdout", "code"), [("holdout", 0), ("others", 1)])
def test_an_audit_fails_on_leaks(zerosum: Zerosum, people: Path, holdout: str, code: int) -> None:
    """People unlike those who were trained on make the model look as if it gave these away."""
    words = ("audit", people / "run", "--holdout", people / f"{holdout}.csv", "--attacks", 100)
    assert zerosum(*words).code == 0
    done = zerosum(*words, "--fail-on", "leak")
    assert done.code == code
    assert ("fails, since --fail-on is leak: " in done.err) == bool(code)


def test_what_an_audit_may_fail_on(zerosum: Zerosum, people: Path) -> None:
    words = ("audit", people / "run", "--holdout", people / "holdout.csv")
    done = zerosum(*words, "--fail-on", "leaks")
    assert (done.code, "Did you mean 'leak'?" in done.err) == (2, True)


def test_a_holdout_of_another_kind_is_refused_in_words(
    zerosum: Zerosum, digits_run: Path, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n3,4\n")
    done = zerosum("evaluate", digits_run, "--holdout", tmp_path / "rows.csv")
    assert done.code == 2
    assert "holds rows of a table, and images of 1 x 8 x 8 are needed" in done.err
