"""`zerosum schema`, and the options of `zerosum train` for tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Zerosum = Callable[..., Any]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    rows = [f'{i},{i % 5},"{"so " * (i % 7)}good {i}",{"ab"[i % 2]}' for i in range(90)]
    path.write_text("\n".join(["id,rating,text,shop", *rows]), "utf-8")
    return path


def test_a_schema_is_shown_written_and_taken(zerosum: Zerosum, file: Path, tmp_path: Path) -> None:
    shown = zerosum("schema", file)
    assert [line.split()[:2] for line in shown.out.splitlines()[1:]] == [
        ["id", "key"], ["rating", "integer"], ["text", "text"], ["shop", "category"],
    ]  # fmt: skip
    schema = json.loads(zerosum("schema", file, "--json").out)
    assert schema["fields"][3]["names"] == ["a", "b"]
    schema["fields"][1] = {"kind": "category", "name": "rating"}
    (tmp_path / "s.json").write_text(json.dumps(schema), "utf-8")
    refused = zerosum("train", "table_gan", "--data", file, "--schema", tmp_path / "s.json")
    assert refused.code == 2
    assert "free text" in refused.err
    words = ["train", "table_gan", "--data", file, "--images", "32", "--set",
             "optimisation.batch_size=16", "--out", tmp_path / "run", "--schema",
             tmp_path / "s.json", "--drop", "text", "--protect", "2"]  # fmt: skip
    done = zerosum(*words)
    assert done.code == 0, done.err
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))
    assert [f["kind"] for f in manifest["space"]["fields"]] == ["key", "category", "category"]
    assert manifest["data"]["config"]["drop"] == ["text"]
    assert manifest["data"]["config"]["protect"] == 2


def test_a_schema_goes_into_a_file(zerosum: Zerosum, file: Path, tmp_path: Path) -> None:
    done = zerosum("schema", file, "--out", tmp_path / "s.json")
    assert done.out.strip() == str(tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text("utf-8"))["kind"] == "schema"
    assert zerosum("schema", tmp_path / "none.csv").code == 2
