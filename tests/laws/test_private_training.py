"""The law of private training: no file and no word depends on a row, but by what is accounted for.

Two tables differ in one row that is extreme in every column. What the mechanisms release of the
first is released of the second too; then everything else has to be the same, byte by byte.
"""

import io
import json
import re
import warnings
from contextlib import redirect_stderr
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import zerosum as zs
from tests.cli.conftest import Zerosum, zerosum  # noqa: F401  (a fixture)
from tests.secrets import Replayed
from tests.workflows.conftest import PLAIN, StopAt
from zerosum.live import watch
from zerosum.progress import Reporter
from zerosum.runs.store import Run
from zerosum.workflows.private import PrivacyBudget
from zerosum.workflows.train import resume, train

ROWS, BATCH, STEPS = 600, 64, 8
SMALL = {
    "game.generator.width": 16, "game.generator.depth": 2, "optimisation.batch_size": BATCH,
    "optimisation.record_every": 2,
}  # fmt: skip
EXTREME = {
    "id": 999_999, "ticket_key": "Zed/77-x", "city": "Xanadu", "income": 9_999_999_999.25,
    "visits": None, "country": "SE", "level": -70_000, "seen": pd.Timestamp("2199-02-28 17:00"),
    "born": pd.Timestamp("1700-10-14"), "vip": True, "town": "Å",
}  # fmt: skip
GIVEN = {
    "id": {"kind": "key", "dtype": "int64", "first": 7_000}, "ticket_key": {"kind": "key",
    "before": "T", "after": "", "digits": 4, "first": 1, "letters": ()},
    "city": "category", "income": {"kind": "float", "places": 2}, "visits": "integer",
    "country": "category", "level": "integer", "seen": {"kind": "datetime", "resolution": "hour",
    "offset": 0}, "born": "date", "vip": "boolean", "town": "category",
}  # fmt: skip
GIVEN["id"] |= {"before": "", "after": "", "digits": 1, "letters": ()}


@dataclass(frozen=True)
class Told:
    """All that a training let out: files by their path, and what was printed."""

    files: dict[str, Any]
    printed: str


def people(*, extreme: bool, seed: int = 0) -> pd.DataFrame:
    """600 rows, or these and one that is like none of them."""
    rng = np.random.default_rng(seed)
    days = pd.to_timedelta(rng.integers(0, 900, ROWS), unit="D")
    frame = pd.DataFrame(
        {
            "id": range(1, ROWS + 1),
            "ticket_key": [f"C{i:05}" for i in range(ROWS)],
            "city": rng.choice(["Oslo", "Bergen", "Bodø"], ROWS, p=[0.5, 0.3, 0.2]),
            "income": rng.integers(100_000, 900_000, ROWS) / 100,
            "visits": pd.array(rng.integers(0, 40, ROWS), dtype="Int64"),
            "country": "NO",
            "level": 5,
            "seen": pd.Timestamp("2020-01-01 12:00") + days,
            "born": pd.Timestamp("1960-01-01") + days,
            "vip": rng.random(ROWS) < 0.3,
            "town": ["Stavanger", "Å", "Moss"] * (ROWS // 3),
        }
    )
    if not extreme:
        return frame
    kinds = frame.dtypes.to_dict()
    return pd.concat([pd.DataFrame([EXTREME]), frame], ignore_index=True).astype(kinds)


def in_a_file(frame: pd.DataFrame) -> str:
    frame.assign(born=frame["born"].dt.date).to_csv("people.csv", index=False)
    return "people.csv"


def in_memory(frame: pd.DataFrame) -> pd.DataFrame:
    """With types that pandas makes of rows: decimals as long as the longest, names as they come."""
    income = pd.Series([Decimal(f"{value:.2f}") for value in frame["income"]], dtype=object)
    town = pd.Categorical(frame["town"], categories=frame["town"].unique())
    return frame.assign(income=income, town=town, city=frame["city"].astype("category"))


def the_whole_way(frame: pd.DataFrame, secret: Replayed, use: Any, schema: Any) -> Told:
    """Train, stop, resume, judge, attack: all in the working directory."""
    data, held = use(frame), people(extreme=False, seed=1)
    said = io.StringIO()
    with redirect_stderr(said), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        train(
            "table", data, out="run", samples=STEPS * BATCH, seed=3, changes=SMALL, wishes=PLAIN,
            data_options={"schema": schema}, promise=PrivacyBudget(3.0, 1e-5, secret=secret),
            listener=lambda *given: [*watch(Reporter())(*given), StopAt(5)],
        )  # fmt: skip
        resume("run", data=data, secret=secret, listener=watch(Reporter()))
        if use is in_a_file and schema is None:  # once is enough, and they take long
            zs.evaluate("run", data=data, holdout=held, n=100, replicates=0, quiet=True)
            zs.audit("run", data=data, holdout=held, attacks=10, quiet=True)
    told = [
        str(one.message) for one in warned if "was found by looking at rows" in str(one.message)
    ]
    assert len(told) == (0 if schema else 1)
    timeless = re.sub(r"after [\d a-z]+\.|[\d,…]+ rows/s|[\d a-z…]+ left", "", said.getvalue())
    return Told(files_below(Path("run")), "\n".join([timeless, *told]))


def files_below(folder: Path) -> dict[str, Any]:
    """What is in every file but when it was written and how long that took."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content: Any = path.read_bytes()
        if path.suffix in (".json", ".jsonl"):
            lines = content.decode().splitlines() if path.suffix == ".jsonl" else [content]
            content = [timeless(json.loads(line)) for line in lines]
        found[path.as_posix()] = content
    return found


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        # The digest of a checkpoint is taken of its seconds too.
        times = ("time", "created", "seconds", "sha256")
        return {name: timeless(one) for name, one in value.items() if name not in times}
    return [timeless(one) for one in value] if isinstance(value, list) else value


def exported(name: str) -> tuple[Any, bytes]:
    """What a file of weights says, in whatever order, and the weights themselves."""
    content = Path(name).read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:start]), content[start:]


@pytest.mark.parametrize(
    ("use", "schema"),
    [(in_a_file, None), (in_a_file, GIVEN), (in_memory, None)],
    ids=["file", "schema", "frame"],
)
def test_nothing_tells_of_a_row_but_what_is_accounted_for(
    use: Any, schema: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    zerosum: Zerosum,  # noqa: F811
) -> None:  # fmt: skip
    script: list[Any] | None = None
    both: list[Told] = []
    for extreme in (False, True):
        place = tmp_path / str(extreme)
        place.mkdir()
        monkeypatch.chdir(place)
        secret = Replayed(script)
        told = the_whole_way(people(extreme=extreme), secret, use, schema)
        script = secret.script
        shown = [
            zerosum(*words)
            for words in (
                ["sample", "run", "-n", "300", "--seed", "7", "--out", "rows.csv"],
                ["export", "run", "--out", "model.safetensors"],
                ["show", "run", "--json"],
            )
        ]
        assert [one.code for one in shown] == [0, 0, 0]
        printed = json.dumps(timeless(json.loads(shown[2].out)))
        made = {"rows.csv": Path("rows.csv").read_bytes(), "model": exported("model.safetensors")}
        both.append(Told(told.files | made, told.printed + printed))
    first, second = both
    assert first.printed == second.printed
    assert first.files.keys() == second.files.keys()
    apart = [name for name, one in first.files.items() if one != second.files[name]]
    assert not apart, {name: (first.files[name], second.files[name]) for name in apart}
    manifest = Run.open("run").manifest
    assert manifest["privacy"]["read_from_rows"].keys() == (set() if schema else set(EXTREME))
    assert "Xanadu" not in first.printed + str(first.files)
