"""Jobs as the processes they are: what they say, and what they say when they fail."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.modalities.images.shown import ImagePreview
from zerosum.runs.store import Run
from zerosum.studio.jobs import checking, sampling
from zerosum.studio.jobs import training as training_job
from zerosum.studio.jobs.screening import CopyScreen
from zerosum.studio.models import DataSource, Item, ItemBatch, Training
from zerosum.studio.runner import order_of, register

QUICK = {"precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1}


class Heard(list[dict[str, Any]]):
    """Messages of a job."""

    def __call__(self, **message: Any) -> None:
        self.append(message)

    def last(self, name: str) -> Any:
        return next(one[name] for one in reversed(self) if name in one)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few steps, made by the job of a training."""
    folder = tmp_path_factory.mktemp("runs") / "training-1"
    order = {"run": str(folder), "recipe": "cgan", "data": "digits", "samples": 640, "seed": 0,
             "wishes": QUICK, "folder": str(folder.parent)}  # fmt: skip
    heard = Heard()
    training_job.do(order, heard)
    assert heard.last("done") == {"state": "finished", "seen": 640}
    assert heard.last("facts")["controls"]["label"]
    assert heard.last("facts")["asks"] == ["label"]
    return folder


def order(run: Path, tmp_path: Path, **values: Any) -> dict[str, Any]:
    (tmp_path / "job").mkdir(exist_ok=True)
    return {
        "run": str(run), "items": str(tmp_path / "items"), "sub": "batch-1", "n": 5, "rows": 1,
        "where": {"label": "3"}, "seed": 0, "folder": str(tmp_path / "job"), "device": "cpu",
    } | values  # fmt: skip


def test_a_training_that_is_done_is_not_done_again(run: Path) -> None:
    before, heard = (run / "events.jsonl").read_bytes(), Heard()
    training_job.do({"run": str(run), "folder": str(run.parent)}, heard)
    assert heard.last("done")["seen"] == 640
    assert (run / "events.jsonl").read_bytes() == before


def test_items_are_the_samples_of_the_seed(run: Path, tmp_path: Path) -> None:
    from zerosum.workflows.load import load

    heard = Heard()
    sampling.do(order(run, tmp_path), heard)
    items = [one["item"] for one in heard if "item" in one]
    assert [one["index"] for one in items] == list(range(5))
    assert {one["label"] for one in items} == {"3"}
    assert all(one["nearness"] > 0 for one in items)
    assert all(0 <= one["opinion"] <= 1 for one in items)
    made = load(run, device="cpu").sample(5, where={"label": "3"}, seed=0)
    for one, pixels in zip(items, made.x, strict=True):
        with Image.open(tmp_path / "items" / one["file"]) as picture:
            assert np.array_equal(np.asarray(picture), pixels[..., 0])


@pytest.mark.parametrize(
    ("recipe", "data", "asks"), [("vanilla", "ring", False), ("table", "reviews", True)]
)
def test_rows_come_in_sets(recipe: str, data: str, asks: bool, tmp_path: Path) -> None:
    run = tmp_path / "run"
    ordered = {"recipe": recipe, "data": data, "samples": 256, "seed": 0, "wishes": QUICK}
    ordered |= {"folder": str(tmp_path)}
    heard = Heard()
    training_job.do(ordered | {"run": str(run)}, heard)
    assert ("rating" in heard.last("facts")["asks"]) == asks  # columns, and none of their values
    heard = Heard()
    sampling.do(order(run, tmp_path, n=2, rows=7, where={}), heard)
    items = [one["item"] for one in heard if "item" in one]
    assert [(one["medium"], one["facts"]["rows"]) for one in items] == [("rows", 7)] * 2
    for one in items:
        assert len((tmp_path / "items" / one["file"]).read_text().splitlines()) == 8
        assert (tmp_path / "items" / one["thumbnail"]).is_file()
        assert ("copied_rows" in one["facts"]) == (data == "reviews")
    first, second = [(tmp_path / "items" / one["file"]).read_text() for one in items]
    assert first != second


def test_a_sampling_that_was_cut_off_makes_what_is_missing(run: Path, tmp_path: Path) -> None:
    wanted = order(run, tmp_path)
    sampling.do(wanted | {"n": 3}, Heard())
    ledger = tmp_path / "job" / "items.jsonl"
    ledger.write_text(ledger.read_text()[:-20])  # the third line is cut off
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "items").rglob("00000[01].png")}
    heard = Heard()
    sampling.do(wanted, heard)
    assert sorted(one["item"]["index"] for one in heard if "item" in one) == list(range(5))
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_what_is_said_twice_is_registered_once(
    make_items: Callable[..., list[Item]], run: Path, tmp_path: Path
) -> None:
    make_items(0)
    batch = ItemBatch.objects.get()
    heard = Heard()
    sampling.do(order(run, tmp_path), heard)
    rows = [one["item"] for one in heard if "item" in one]
    register(batch, rows[:3])
    Item.objects.filter(index=0).update(state="accepted")
    register(batch, rows)
    assert Item.objects.count() == 5
    assert Item.objects.get(index=0).state == "accepted"
    assert ItemBatch.objects.get().gathered == 5


def test_real_counterparts_have_the_labels_of_their_items(run: Path, tmp_path: Path) -> None:
    heard = Heard()
    sampling.do(order(run, tmp_path, n=6, where={"label": "3,7"}), heard)
    items = [one["item"] for one in heard if "item" in one]
    screen = CopyScreen(Run.open(run))
    assert screen.dataset is not None
    x, y = screen.dataset.take(torch.arange(len(screen.dataset)))
    assert y is not None
    drawn: dict[bytes, set[str]] = {}
    for pixels, label in zip(x, y, strict=True):
        drawn.setdefault(np.asarray(pixels[0]).tobytes(), set()).add(str(int(label)))
    reals = [one["facts"]["real"] for one in items]
    for one, path in zip(items, reals, strict=True):
        with Image.open(tmp_path / "items" / path) as picture:
            small = picture.resize((8, 8), Image.Resampling.NEAREST)
            assert one["label"] in drawn[np.asarray(small).tobytes()]
    assert len({(tmp_path / "items" / path).read_bytes() for path in reals}) == 6


def test_the_discriminator_prefers_what_it_was_shown(run: Path) -> None:
    from zerosum.studio.jobs.opinion import Opinion
    from zerosum.workflows.load import load

    model, screen = load(run, device="cpu"), CopyScreen(Run.open(run))
    assert screen.dataset is not None
    opinion = Opinion(model, screen)
    x, y = screen.dataset.take(torch.arange(200))
    reals = opinion.of(x, y)
    noise = opinion.of(torch.randint(0, 256, x.shape, dtype=torch.uint8), y)
    assert reals == pytest.approx(0.5, abs=0.1)
    assert noise is not None
    assert reals is not None
    assert noise < reals


def test_a_training_sample_is_known_as_a_copy(run: Path) -> None:
    screen = CopyScreen(Run.open(run))
    some = screen.real(7)[None]
    (found,) = screen.neighbours(some) or []
    assert (found.nearness, found.index, found.is_copy) == (0.0, 7, True)
    assert ImagePreview().draw_one(screen.dataset.space, some[0]).size == (8, 8)  # pyright: ignore


def test_data_is_described_and_rows_are_not_shown(tmp_path: Path) -> None:
    heard = Heard()
    checking.do({"data": "digits", "folder": str(tmp_path / "a")}, heard)
    assert heard.last("done")["count"] == 1797
    assert (tmp_path / "a" / "preview.png").is_file()
    (tmp_path / "rows.csv").write_text("age,name\n" + "31,ann\n47,bob\n" * 20)
    checking.do({"data": str(tmp_path / "rows.csv"), "folder": str(tmp_path / "b")}, heard)
    assert heard.last("done")["kind"] == "table"
    assert not (tmp_path / "b" / "preview.png").exists()


def run_process(folder: Path, order: dict[str, Any], environment: dict[str, str]) -> Heard:
    folder.mkdir()
    (folder / "order.json").write_text(json.dumps(order))
    command = [sys.executable, "-m", "zerosum.studio.jobs", str(folder / "order.json")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        heard = Heard(map(json.loads, process.stdout))  # while our end of its input is open
        process.wait()
    assert process.returncode == 2
    return heard


def test_a_zip_that_explodes_is_refused_without_a_path(
    training: Training, folder: Path, environment: dict[str, str]
) -> None:
    place = folder / "uploads" / "x" / "data.zip"
    place.parent.mkdir()
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("a/1.png", bytes((1 << 28) + 1))
    source = DataSource.objects.create(
        project=training.project, name="photos.zip", origin="upload", place="x/data.zip"
    )
    heard = run_process(folder / "jobs" / "check", order_of(source), environment)
    assert "photos.zip" in heard.last("error")
    assert str(folder) not in json.dumps(heard)


def test_a_job_ends_with_the_server_that_started_it(
    training: Training, folder: Path, environment: dict[str, str]
) -> None:
    run = folder / "runs" / "training-1"
    order = {"do": "train", "run": str(run), "recipe": "vanilla", "data": "ring", "minutes": 600}
    path = folder / "jobs" / "order.json"
    extra = {"seed": 0, "wishes": QUICK, "folder": str(folder / "jobs")}
    path.write_text(json.dumps(order | extra))
    command = [sys.executable, "-m", "zerosum.studio.jobs", str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        next(line for line in process.stdout if b"seen" in line)
        process.stdin.close()
        process.wait()
    assert Run.open(run).manifest["state"] == "interrupted"
