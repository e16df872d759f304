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
    words = ["train", "table_gan", "--data", file, "--samples", "32", "--set",
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


def test_a_run_is_audited(zerosum: Zerosum, tmp_path: Path) -> None:
    for name, shift in (("train", 0), ("held", 1)):
        rows = [f"{(7 * i + 3 * shift) % 97},{i % 4},{i * i % 89 / 10 + shift}" for i in range(300)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["age,shop,price", *rows]), "utf-8")
    run, held = tmp_path / "run", tmp_path / "held.csv"
    words = ["train", "table", "--data", tmp_path / "train.csv", "--samples", "600", "--out", run]
    assert zerosum(*words, "--precision", "fp32", "--compile", "off", "--threads", "1").code == 0
    done = zerosum("audit", run, "--holdout", held, "--attacks", 30, "--out", tmp_path / "a.html")
    assert done.code == 0, done.err
    first, head, *rest = done.out.splitlines()
    assert first == "300 synthetic rows; 300 training rows against 300 of holdout held.csv"
    assert head.split() == ["attack", "trained", "on", "not", "risk", "95", "%"]
    assert any(line.startswith("Linking two tables") for line in rest)
    assert any("distance to the closest record" in line for line in rest)
    assert rest[-1] == str(tmp_path / "a.html")
    assert "The holdout has 300 rows" in done.err
    again = json.loads(zerosum("audit", run, "--holdout", held, "--attacks", 30, "--json").out)
    kept = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert again["attacks"] == kept["attacks"]
    assert rest[-2] == again["verdict"]


def test_a_private_training_is_not_tried_dry_nor_drawn_with_rows(zerosum: Zerosum) -> None:
    words = ["train", "table", "--data", "reviews", "--epsilon", "3"]
    for more, told in (("--dry-run", "count rows"), ("--show-reals", "draws rows of the data")):
        failed = zerosum(*words, more)
        assert failed.code == 2
        assert told in failed.err


def test_a_first_row_that_may_be_data_is_said(zerosum: Zerosum, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("".join(f"{k * 7 % 50},{k % 9}\n" for k in range(30, 90)))
    done = zerosum("schema", tmp_path / "t.csv")
    assert done.code == 0
    assert "The first row ('10', '3') is taken for the names of columns" in done.err
    found = json.loads(zerosum("schema", tmp_path / "t.csv", "--json").out)
    assert found["remarks"][0] in done.err


def test_guesses_are_said_and_cells_can_be_missing(zerosum: Zerosum, tmp_path: Path) -> None:
    rows = [f"{k},{'unknown' if k == 50 else f'{k * 1.5:.2f} €'},{'ab'[k % 2]}" for k in range(90)]
    (tmp_path / "t.csv").write_text("\n".join([",price,c=d", *rows]), "utf-8")
    refused = zerosum("schema", tmp_path / "t.csv")
    assert refused.code == 2
    assert "line 52, column 'price' holds 'unknown'" in refused.err
    found = json.loads(zerosum("schema", tmp_path / "t.csv", "--missing", "unknown", "--json").out)
    assert found["guesses"]["price"] == "numbers as 1234.50 €"
    assert list(found["left_out"]) == ["Unnamed: 0"]
    words = ["train", "table", "--data", tmp_path / "t.csv", "--samples", "64", "--missing",
             "unknown", "--holdout", "0.2", "--set", "optimisation.batch_size=16",
             "--out", tmp_path / "run", "--referee", "off"]  # fmt: skip
    done = zerosum(*words)
    assert done.code == 0, done.err
    for said in (
        "t.csv: 'price' is taken for numbers as 1234.50 €.", "'c=d': taken for categories.",
        "'Unnamed: 0' is left out: its first column only counts the rows.",
        "18 of 90 samples are kept apart",
    ):  # fmt: skip
        assert said in done.err
    made = zerosum(
        "sample", tmp_path / "run", "-n", "5", "--where", "c=d=a", "--out", tmp_path / "o.csv"
    )
    assert made.code == 0, made.err
    lines = (tmp_path / "o.csv").read_text("utf-8").splitlines()
    assert lines[0] == '"price","c=d"'
    assert all(line.endswith('"a"') for line in lines[1:])
    (tmp_path / "part.csv").write_text("price,c=d\n45.00 €,\n,b\n", "utf-8")
    words = ["--like", tmp_path / "part.csv", "--out", tmp_path / "whole.csv"]
    made = zerosum("sample", tmp_path / "run", *words)
    assert made.code == 0, made.err
    first, second = (tmp_path / "whole.csv").read_text("utf-8").splitlines()[1:]
    assert first.startswith('"45.00 €",')
    assert second.endswith('"b"')


def test_schema_takes_what_its_messages_ask_for(tmp_path: Path, zerosum: Zerosum) -> None:
    path, kinds = tmp_path / "t.csv", tmp_path / "kinds.json"
    rows = "\n".join(f"{1 + k % 28};{'ab'[k % 2]};{k % 9},5" for k in range(60))
    path.write_text(f"Konto:;DE1\n\nTag;Vorgang;Betrag\n{rows}\n")
    refused = zerosum("schema", path)
    assert refused.code == 2
    assert "--with header=3" in refused.err
    assert "Vorgang" in zerosum("schema", path, "--with", "header=3").out
    kinds.write_text('{"Tag": "category"}')
    said = zerosum("schema", path, "--with", "header=3", "--schema", kinds, "--json")
    assert json.loads(said.out)["fields"][0]["kind"] == "category"
