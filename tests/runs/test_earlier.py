"""Runs of schema 1, which counted images, are read, resumed and written as today's."""

import json
from pathlib import Path

import pytest

import zerosum as zs
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.runs.earlier import modern_manifest
from zerosum.runs.store import SCHEMA, Run

_OLD = {"total_samples": "total_images", "samples": "images", "ramp_samples": "ramp_images"}


def old(value: object) -> object:
    """`value` with the names of schema 1."""
    if value == "point":
        return "vector"
    if isinstance(value, dict):
        return {_OLD.get(name, name): old(inner) for name, inner in value.items()}
    return [old(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A run as schema 1 wrote it."""
    zs.train(
        "vanilla", data="ring", samples=640, out=tmp_path / "run", quiet=True, threads=1,
        precision="fp32", layout="contiguous", compile=False,
        set={"optimisation.record_every": 2, "game.generator.width": 8},
    )  # fmt: skip
    folder = tmp_path / "run"
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(old(manifest | {"schema": 1})))
    for name in ("history.jsonl", "events.jsonl"):
        lines = (folder / name).read_text().splitlines()
        (folder / name).write_text("".join(f"{json.dumps(old(json.loads(x)))}\n" for x in lines))
    for path in list((folder / "samples").glob("samples-*.png")):
        path.rename(path.with_name(path.name.replace("samples", "images")))
    return folder


def test_an_old_run_is_read(first: Path) -> None:
    run = Run.open(first)
    assert (run.manifest["schema"], run.manifest["samples"]) == (SCHEMA, 640)
    assert run.manifest["recipe"]["optimisation"]["total_samples"] == 640
    assert run.history()[-1]["samples"] == 640
    assert zs.load(first).sample(2).x.shape == (2, 2)


def test_an_old_run_goes_on_as_a_new_one(first: Path) -> None:
    zs.resume(first, samples=1_280, quiet=True)
    run = Run.open(first)
    assert (run.manifest["schema"], run.manifest["samples"]) == (SCHEMA, 1_280)
    assert [row["samples"] for row in run.history()] == list(range(128, 1_281, 128))
    assert "total_images" not in (first / "manifest.json").read_text()


def test_pictures_of_an_old_run_are_dropped_too(first: Path) -> None:
    before = {path.name for path in (first / "samples").iterdir()}
    (first / "samples" / "my-own.png").touch()
    Run.open(first).drop_pictures(100)
    assert "images-0000000640.png" in before
    assert {path.name for path in (first / "samples").glob("images-*")} < before
    assert (first / "samples" / "my-own.png").exists()


def test_an_old_evaluation_is_read(first: Path) -> None:
    found = zs.evaluate(first, n=64, quiet=True)
    assert found.subject["samples"] == 640
    written = found.to_json()
    earlier = written | {"subject": old(written["subject"]), "events": old(written["events"])}
    assert Evaluation.from_json(earlier) == found


def test_a_manifest_without_a_recipe_is_still_answered() -> None:
    assert modern_manifest({"schema": 1, "state": "x"}) == {"schema": 2, "state": "x"}
