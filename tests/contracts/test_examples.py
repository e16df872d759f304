"""The examples run as they stand, and an outside file gets the same guarantees as the zoo."""

import csv
import random
import re
from pathlib import Path

import pytest

from tests.forks import Forks
from zerosum.catalogue import find_recipe
from zerosum.testing import LAWS, check_recipe

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("law", LAWS)
def test_began_obeys(law: str) -> None:
    check_recipe(EXAMPLES / "began.py", laws=(law,))


def test_nothing_in_the_package_knows_of_began() -> None:
    package = EXAMPLES.parent / "src" / "zerosum"
    assert find_recipe(EXAMPLES / "began.py").source == EXAMPLES / "began.py"
    named = re.compile(r"BEGAN|Began[A-Z]|[\"']began")
    assert not [path for path in package.rglob("*.py") if named.search(path.read_text("utf-8"))]


def test_the_demo_runs(tmp_path: Path, forks: Forks) -> None:
    done = forks.run(EXAMPLES / "demo.py", "--minutes", "0.01", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "runs").iterdir()
    assert {"manifest.json", "grid.png", "walk.gif"} <= {path.name for path in run.iterdir()}
    assert "real digits recognised" in done.stdout


@pytest.mark.parametrize(
    "real",
    [pytest.param(False, id="simulated", marks=pytest.mark.slow), pytest.param(True, id="real")],
)
def test_the_reviews_go_the_whole_way(real: bool, tmp_path: Path, forks: Forks) -> None:
    path = write_reviews(tmp_path / "reviews.tsv", 400)
    words = ["--data", str(path), "--text", "said"] if real else []
    done = forks.run(EXAMPLES / "reviews" / "reviews.py", "--fast", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (run,) = (entry for entry in (tmp_path / "runs").iterdir() if entry.is_dir())
    assert (run / "report" / "report.html").is_file()
    assert (run / "report" / "audit.html").is_file()
    with (run / "reviews.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 400
    assert "of which 100.0% obey every rule" in done.stdout
    if real:
        assert rows[0].keys() == {
            "rating", "day", "num_words", "positive_words", "negative_words", "sentiment",
            "about_sound", "about_setup", "about_home", "about_price",
        }  # fmt: skip
        assert {row["day"][:8] for row in rows} == {"2018-07-"}
        assert "held out  trained on" in done.stdout
    else:
        assert all(float(row["price"] or 0) <= float(row["list_price"]) for row in rows)
        assert "truth  trained on" in done.stdout
        assert "groups of customers agree with segments" in done.stdout


@pytest.mark.slow
def test_invoices_become_pages_that_look_scanned(tmp_path: Path, forks: Forks) -> None:
    few = ("--rows", "640", "--pieces", "64", "--unpaired", "16", "--pages", "8", "--out", "out")
    done = forks.run(EXAMPLES / "documents" / "documents.py", *few, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    kinds = ["clean", "pix2pix", "cyclegan", "rule"]
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert {f"{kind}.{form}" for kind in kinds for form in ("png", "pdf")} <= files
    rows = re.findall(r"^\| (\w+) \|.*\| ([\d.]+)% \|$", done.stdout, re.M)
    assert [name for name, _ in rows] == kinds


def write_reviews(path: Path, n: int) -> Path:
    """A file in the form of a well-known set of reviews: a mark, blanks in names, tabs, quotes."""
    rng = random.Random(0)
    words = ["love", "great", "terrible", "not good", "sound", "easy", "the", "lights", "broken"]
    lines = [["     rating", "day", "said"]]
    for _ in range(n):
        said = " ".join(rng.choices(words, k=rng.randint(0, 9)))
        day = f"{rng.randint(1, 31)}-Jul-18"
        lines.append([str(rng.randint(1, 5)), day, f'{said}, "they" said'])
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle, delimiter="\t").writerows(lines)
    return path
