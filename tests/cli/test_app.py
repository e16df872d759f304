"""Every command, its forms of output, and how it says no."""

import csv
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image, ImageSequence

from tests.forks import Forks
from zerosum.catalogue import all_recipes
from zerosum.runs.store import Run

Zerosum = Callable[..., Any]

PLAIN = (
    "--precision", "fp32", "--layout", "contiguous", "--compile", "off", "--threads", "1",
    "--set", "optimisation.record_every=2",
)  # fmt: skip


def test_recipes(zerosum: Zerosum) -> None:
    listed = zerosum("recipes")
    assert (listed.code, listed.err) == (0, "")
    assert all(name in listed.out for name in all_recipes())
    rows = json.loads(zerosum("recipes", "--json").out)
    assert [row["name"] for row in rows] == list(all_recipes())
    assert {"name", "takes", "needs", "paper", "summary"} == set(rows[0])


def test_train_prints_the_folder_alone_on_stdout(zerosum: Zerosum, tmp_path: Path) -> None:
    done = zerosum("train", "vanilla", "--data", "ring", "--samples", 640, "--out", tmp_path / "r",
                   *PLAIN)  # fmt: skip
    assert done.code == 0
    assert done.out == f"{tmp_path / 'r'}\n"
    assert "training vanilla on ring (50,000 points) to 640 points seen; cpu, fp32" in done.err
    assert "discriminator/accuracy" in done.err
    end = (
        r"finished at 640 points after \d+ s(, and \d+ s of setting up)?\. Sample: zerosum sample "
    )
    assert re.search(end + re.escape(str(tmp_path / "r")), done.err)


def test_train_quietly(zerosum: Zerosum, tmp_path: Path) -> None:
    done = zerosum("train", "vanilla", "--data", "ring", "--samples", 64, "--out", tmp_path / "r",
                   "--quiet", *PLAIN)  # fmt: skip
    assert (done.code, done.out, done.err) == (0, f"{tmp_path / 'r'}\n", "")


def test_train_for_other_programs(zerosum: Zerosum, tmp_path: Path) -> None:
    done = zerosum("train", "vanilla", "--data", "ring", "--samples", 64, "--out", tmp_path / "r",
                   "--json", *PLAIN)  # fmt: skip
    row = json.loads(done.out)
    assert (row["run"], row["state"], row["samples"]) == (str(tmp_path / "r"), "finished", 64)
    assert done.err == "", "no progress beside JSON"


def test_train_on_a_folder_says_what_it_holds(zerosum: Zerosum, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in ("a", "b"):
        (photos / name).mkdir(parents=True)
        for i in range(8):
            Image.new("L", (10, 9), 20 * i).save(photos / name / f"{i}.png")
    done = zerosum("train", "vanilla", "--data", photos, "--samples", 16,
                   "--size", "8x10", "--set", "optimisation.batch_size=8",
                   "--out", tmp_path / "r", *PLAIN)  # fmt: skip
    assert done.code == 0
    assert "16 images of 9 x 10; 16 with 1 channel; 2 classes" in done.err
    manifest = Run.open(tmp_path / "r").manifest
    assert (manifest["space"]["height"], manifest["space"]["width"]) == (8, 10)
    assert manifest["space"]["labels"] == ["a", "b"]


def test_dry_run_prints_the_recipe_and_trains_nothing(
    zerosum: Zerosum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = zerosum("train", "cgan", "--data", "digits", "--dry-run", "--set", "game.latent_dim=7",
                   "--set", "game.adversarial=hinge")  # fmt: skip
    assert (done.code, done.err) == (0, "")
    game = json.loads(done.out)["game"]
    assert game["latent_dim"] == 7
    assert game["adversarial"]["kind"] == "hinge"
    assert list(tmp_path.iterdir()) == []


def test_train_from_another_run(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    words = ("train", "vanilla", "--data", "ring", "--samples", 64, *PLAIN, "--from", ring_run)
    done = zerosum(*words, "--out", tmp_path / "r")
    assert done.code == 0
    assert f"begins with {ring_run} at step 10: 100 % of the discriminator" in done.err
    refused = zerosum(*words, "--out", tmp_path / "s", "--freeze", 1)
    assert (refused.code, "this discriminator has none" in refused.err) == (2, True)
    alone = zerosum("train", "vanilla", "--data", "ring", "--freeze", 1)
    assert (alone.code, "goes with --from." in alone.err) == (2, True)


def test_dry_run_tells_what_would_be_frozen(zerosum: Zerosum, tmp_path: Path) -> None:
    narrow = ("--set", "game.generator.width=8", "--set", "game.discriminator.width=8")
    words = ("train", "dcgan", "--data", "digits", *narrow)
    zerosum(*words, "--samples", 64, "--out", tmp_path / "r", "--quiet", *PLAIN)
    done = zerosum(*words, "--from", tmp_path / "r", "--freeze", 1, "--dry-run")
    frozen = json.loads(done.out)["optimisation"]["frozen"]
    assert frozen == ["discriminator.layers.0.weight", "discriminator.layers.0.bias"]


def test_resume(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    shutil.copytree(ring_run, tmp_path / "r")
    finished = zerosum("resume", tmp_path / "r")
    assert finished.code == 2
    assert "--samples 1280" in finished.err
    done = zerosum("resume", tmp_path / "r", "--samples", 1280, "--json")
    assert json.loads(done.out)["samples"] == 1280
    done = zerosum("resume", tmp_path / "r", "--samples", 1920, "--quiet")
    assert (done.code, done.out, done.err) == (0, f"{tmp_path / 'r'}\n", "")


def test_resume_with_another_referee(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    def looks() -> int:
        return sum("distance" in e for e in Run.open(tmp_path / "r").events())

    shutil.copytree(ring_run, tmp_path / "r")
    wrong = zerosum("resume", tmp_path / "r", "--samples", 1280, "--referee", "wach")
    assert (wrong.code, "'watch'" in wrong.err) == (2, True)
    before = looks()
    zerosum("resume", tmp_path / "r", "--samples", 1280, "--referee", "off", "--quiet")
    assert looks() == before
    zerosum("resume", tmp_path / "r", "--samples", 6400, "--referee", "watch", "--quiet")
    assert looks() > before, "a look comes every 2,000 images"


@pytest.mark.filterwarnings("default:checkpoint")
def test_resume_says_which_checkpoint_it_passes_over(
    zerosum: Zerosum, ring_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(ring_run, tmp_path / "r")
    newest = tmp_path / "r" / "checkpoints" / "step-000000010.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    message = "checkpoint step-000000010.safetensors is cut off. Step 0 is used instead.\n"
    sampled = zerosum("sample", tmp_path / "r", "-n", 2, "--seed", 1, "--out", tmp_path / "a.npz")
    assert (sampled.code, sampled.err) == (0, f"warning: {message}")
    done = zerosum("resume", tmp_path / "r")
    assert done.code == 0
    assert done.err.startswith(message)
    again = zerosum("resume", tmp_path / "r", "--samples", 1280)
    assert again.code == 0
    assert "cut off" not in again.err, "what an earlier resume said is not said again"


def test_sample_a_grid(zerosum: Zerosum, digits_run: Path, tmp_path: Path) -> None:
    done = zerosum(
        "sample", digits_run, "-n", 9, "--where", "label=3", "--seed", 0, "--out",
        tmp_path / "g.png",
    )  # fmt: skip
    assert (done.code, done.out, done.err) == (0, f"{tmp_path / 'g.png'}\n", "")
    with Image.open(tmp_path / "g.png") as picture:
        assert picture.size == (3 * (64 + 2) + 2, 3 * (64 + 2) + 2)


@pytest.mark.parametrize("name", ["folder/", "folder", "dotted.name/"])
def test_sample_a_folder(zerosum: Zerosum, digits_run: Path, tmp_path: Path, name: str) -> None:
    done = zerosum("sample", digits_run, "-n", 12, "--in-turn", "label=3,5",
                   "--out", f"{tmp_path}/{name}")  # fmt: skip
    assert done.code == 0
    folder = tmp_path / name
    assert sorted(path.name for path in folder.glob("*.png")) == [f"{i:02d}.png" for i in range(12)]
    with Image.open(folder / "00.png") as picture:
        assert (picture.mode, picture.size) == ("L", (8, 8))
    with (folder / "labels.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["label"] for row in rows] == ["3", "5"] * 6
    again = zerosum("sample", digits_run, "-n", 1, "--out", f"{tmp_path}/{name}")
    assert again.code == 2
    assert "is not empty" in again.err


def test_sample_arrays(zerosum: Zerosum, digits_run: Path, ring_run: Path, tmp_path: Path) -> None:
    zerosum("sample", digits_run, "-n", 5, "--where", "label=3", "--out", tmp_path / "d.npz")
    with np.load(tmp_path / "d.npz") as arrays:
        assert (arrays["x"].dtype, arrays["x"].shape) == (np.uint8, (5, 8, 8, 1))
        assert arrays["y"].tolist() == [3] * 5
        assert arrays["labels"].tolist() == [str(digit) for digit in range(10)]
    zerosum("sample", ring_run, "-n", 5, "--out", tmp_path / "r.npz")
    with np.load(tmp_path / "r.npz") as arrays:
        assert arrays.files == ["x"]
        assert (arrays["x"].dtype, arrays["x"].shape) == (np.float32, (5, 2))


def test_sample_tables(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    for name in ("r.csv", "r.parquet", "r.npz"):
        zerosum("sample", ring_run, "-n", 5, "--seed", 4, "--out", tmp_path / name)
    text = pyarrow.csv.read_csv(tmp_path / "r.csv")
    table = pyarrow.parquet.read_table(tmp_path / "r.parquet")
    assert text.column_names == table.column_names == ["x0", "x1"]
    assert [str(field.type) for field in table.schema] == ["float", "float"]
    with np.load(tmp_path / "r.npz") as arrays:
        assert np.array_equal(np.stack([c.to_numpy() for c in table.columns], 1), arrays["x"])
        assert np.allclose(np.stack([c.to_numpy() for c in text.columns], 1), arrays["x"])


def test_sample_for_other_programs(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    done = zerosum("sample", ring_run, "-n", 5, "--seed", 4, "--out", tmp_path / "r.csv", "--json")
    assert json.loads(done.out) == {"path": str(tmp_path / "r.csv"), "n": 5, "seed": 4}


def test_sample_an_earlier_step(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.npz"
    made = []
    for step in (0, 10):
        assert zerosum("sample", ring_run, "--step", step, "--out", out).code == 0
        with np.load(out) as arrays:
            made.append(arrays["x"])
    assert not np.array_equal(*made)
    missing = zerosum("sample", ring_run, "--step", 7, "--out", out)
    assert missing.code == 2
    assert "no checkpoint of step 7. It has: [0, 10]" in missing.err


@pytest.mark.parametrize("run", ["digits_run", "ring_run"])
def test_walk(zerosum: Zerosum, run: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    out = tmp_path / "w.gif"
    done = zerosum("walk", request.getfixturevalue(run), "--out", out, "--frames", 5, "-n", 4,
                   "--seed", 0, "--json")  # fmt: skip
    assert json.loads(done.out) == {"path": str(out), "frames": 5, "fps": 20, "seed": 0}
    with Image.open(out) as picture:
        # Pillow joins frames that are alike, and shows the joint one for longer.
        durations = [frame.info["duration"] for frame in ImageSequence.all_frames(picture)]
        assert sum(durations) == 5 * 50
        assert picture.info["loop"] == 0


def test_runs(zerosum: Zerosum, digits_run: Path, ring_run: Path, tmp_path: Path) -> None:
    empty = zerosum("runs", tmp_path)
    assert empty.code == 0
    assert "zerosum train" in empty.out
    root = tmp_path / ("a-rather-long-name-of-a-folder-" * 6)
    for run in (digits_run, ring_run):
        shutil.copytree(run, root / run.name)
    (root / "broken").mkdir()
    (root / "broken" / "manifest.json").write_text("{")
    listed = zerosum("runs", root)
    assert (listed.code, listed.err) == (0, "")
    assert "finished" in listed.out
    for name in ("digits", "ring", "broken"):
        assert sum(str(root / name) in line for line in listed.out.splitlines()) == 1
    rows = json.loads(zerosum("runs", root, "--json").out)
    assert {(row["run"], row["state"]) for row in rows} == {
        (str(root / "digits"), "finished"),
        (str(root / "ring"), "finished"),
        (str(root / "broken"), "unreadable"),
    }
    assert json.loads(zerosum("runs", tmp_path, "--json").out) == []


def test_health_stands_beside_the_state(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    run = Run.open(shutil.copytree(ring_run, tmp_path / "runs" / "ring"))
    assert "collapsed" not in zerosum("runs", tmp_path / "runs").out
    run.update(health="collapsed")
    assert "collapsed" in zerosum("runs", tmp_path / "runs").out
    assert ["health", "collapsed"] in [
        line.split() for line in zerosum("show", run.folder).out.splitlines()
    ]
    (row,) = json.loads(zerosum("runs", tmp_path / "runs", "--json").out)
    assert (row["state"], row["health"]) == ("finished", "collapsed")
    assert (
        json.loads(zerosum("show", run.folder, "--json").out)["manifest"]["health"] == "collapsed"
    )


def test_show(zerosum: Zerosum, digits_run: Path, tmp_path: Path) -> None:
    shown = zerosum("show", digits_run, "--curve", tmp_path / "c.png")
    assert (shown.code, shown.err) == (0, "")
    lines = [line.split() for line in shown.out.splitlines()]
    assert ["state", "finished"] in lines
    assert any(line[:1] == ["optimisation.batch_size"] for line in lines)
    assert "discriminator/real" in shown.out
    assert "execution_chosen: chosen" in shown.out
    assert "{" not in shown.out, "no JSON among what people read"
    with Image.open(tmp_path / "c.png") as picture:
        assert picture.width == 900, "three frames beside each other"
    told = json.loads(zerosum("show", digits_run, "--json").out)
    assert told["manifest"]["recipe"]["name"] == "cgan"
    assert told["last"]["step"] == 4
    assert told["events"][-1]["event"] == "ended"


def test_doctor(zerosum: Zerosum) -> None:
    assert "torch_compile" in zerosum("doctor").out
    findings = json.loads(zerosum("doctor", "--json").out)
    assert findings["python"] == ".".join(map(str, sys.version_info[:3]))
    assert findings["cpu_threads"] == 1


@pytest.mark.parametrize(
    ("command", "run", "words", "message"),
    [
        ("sample", "ring_run", ("--where", "label=3"),
         "controls nothing, so it cannot take 'label'"),
        ("sample", "digits_run", ("--where", "labl=3"),
         "does not control 'labl'. Did you mean 'label'"),
        ("sample", "digits_run", ("--where", "label=33"),
         "label has no value '33'. Did you mean '3'"),
        ("sample", "digits_run", ("--weight", "label=3:0.5"),
         "--weight is for rows of a table, and these are images"),
        ("sample", "digits_run", ("--like", "x.csv"),
         "was trained by cgan, which makes no rows of a table"),
        ("sample", "digits_run", ("--where", "label"),
         "'label' is not a condition. Write name=value"),
        ("sample", "digits_run", ("-n", "0"), "n=0, batch_size=256: both must be at least 1"),
        ("sample", "digits_run", ("-n", "2", "--out", "a.txt"),
         "cannot save images as .txt. Allowed: .png"),
        ("sample", "digits_run", ("-n", "2", "--out", "a.csv"), "cannot save images as .csv"),
        ("sample", "ring_run", ("-n", "2", "--out", "a/"), "cannot save points as a folder"),
        ("sample", "ring_run", ("--device", "cuda:9"), "no device 'cuda:9'"),
        ("walk", "digits_run", ("--out", "a.png", "-n", "1"),
         "cannot save a walk as .png. Allowed: .gif"),
        ("walk", "digits_run", ("--frames", "0"), "all must be at least 1"),
        ("show", "digits_run", ("--curve", "a.pdf"), "cannot draw curves as .pdf. Allowed: .png"),
        ("show", "digits_run", ("--tensorboard", "log"), "pip install 'zerosum[tensorboard]'"),
        ("resume", "ring_run", ("--samples", "10"), "is finished: 640 samples"),
        ("resume", "ring_run", ("--samples", "1280", "--data", "moons"), "this is not the data of"),
    ],
)  # fmt: skip
def test_errors_are_one_line_and_exit_with_2(
    zerosum: Zerosum,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    run: str,
    words: tuple[str, ...],
    message: str,
) -> None:
    if "--tensorboard" in words:
        monkeypatch.setitem(sys.modules, "tensorboard", None)  # as if the extra were missing
    folder = request.getfixturevalue(run)
    monkeypatch.chdir(tmp_path)
    done = zerosum(command, folder, *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", "cgann", "--data", "digits"),
         "RecipeError: no recipe 'cgann'. Did you mean 'cgan'"),
        (("train", "none.py", "--data", "digits"), "RecipeError: no recipe file at"),
        (("train", "cgan", "--data", "digit"),
         "DataError: no data at 'digit': it is neither a file"),
        (("train", "cgan", "--data", "digits", "--samples", "0"), "RunError: --samples 0: give"),
        (("train", "cgan", "--data", "digits", "--set", "game.latnt_dim=3"),
         "Did you mean 'latent_dim'"),
        (("train", "cgan", "--data", "digits", "--set", "game.latent_dim"), "is not an assignment"),
        (("train", "cgan", "--data", "digits", "--size", "8"), "size does not apply to digits"),
        (("train", "cgan", "--data", "digits", "--precision", "fp8"), "--precision fp8. Did"),
        (("train", "cgan", "--data", "digits", "--threads", "0"), "--threads 0: write auto"),
        (("show", "nowhere"), "RunError: no run at nowhere."),
    ],
)  # fmt: skip
def test_words_that_name_nothing(
    zerosum: Zerosum,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = zerosum(*words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_unknown_options_are_refused(zerosum: Zerosum) -> None:
    done = zerosum("train", "cgan", "--data", "digits", "--imges", "3")
    assert (done.code, done.out) == (2, "")
    assert "--samples" in done.err


OWN = '''
"""A recipe of one's own, with a loss of its own."""
import zerosum as zs
from zerosum.objectives.adversarial import NonSaturating
from zerosum.catalogue import find_recipe
from zerosum.spaces import Space


class Mine(NonSaturating):
    kind = "my_loss_on_the_command_line"


@zs.recipe(paper="mine", spaces=("point",))
def own(space: Space) -> zs.Recipe:
    """Mine."""
    base = find_recipe("vanilla").resolve(space)
    return base.with_values({"name": "own", "game.adversarial": {"kind": Mine.kind}})
'''


def test_a_recipe_of_ones_own_needs_its_code_named(
    zerosum: Zerosum, tmp_path: Path, forks: Forks
) -> None:
    """Trained in a process of its own, so that this one does not know its kind."""
    (tmp_path / "own.py").write_text(OWN)
    trained = forks.run(
        "-m", "zerosum", "train", "own.py", "--data", "ring", "--samples", 640, "--out", "r",
        "--quiet", *PLAIN, cwd=tmp_path,
    )  # fmt: skip
    assert (trained.returncode, trained.stdout, trained.stderr) == (0, "r\n", "")
    folder = tmp_path / "r"
    kept = folder / "code" / "own.py"
    assert kept.read_text() == OWN
    out = tmp_path / "a.gif"
    for words in (("sample", folder), ("walk", folder), ("resume", folder, "--samples", 1280)):
        done = zerosum(*words)
        assert done.code == 2
        assert "my_loss_on_the_command_line" in done.err
        assert "--code" in done.err
        assert f"read {kept} before you trust it" in done.err
    assert zerosum("resume", folder, "--samples", 1280, "--code", kept).code == 0
    assert zerosum("sample", folder, "--out", tmp_path / "a.csv", "--code", kept).code == 0
    assert zerosum("walk", folder, "--frames", 2, "--out", out, "--code", kept).code == 0


def test_what_is_foreign_is_printed_without_control_characters(
    zerosum: Zerosum, tmp_path: Path
) -> None:
    odd = "a\x1b]0;title\x07\u202e"
    for done in (zerosum("show", tmp_path / odd), zerosum("runs", tmp_path / odd)):
        assert (done.out + done.err).replace("\n", "").isprintable()
        assert r"a\x1b]0;title\x07\u202e" in done.out + done.err
    Run.create(tmp_path / odd, {"name": odd, "state": "[red]x[/b]"})
    listed = zerosum("runs", tmp_path)
    assert listed.out.replace("\n", "").isprintable()
    assert "[red]x[/b]" in listed.out
    (row,) = json.loads(zerosum("runs", tmp_path, "--json").out)
    assert row["run"] == str(tmp_path / odd)
