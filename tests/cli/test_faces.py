"""What one meets first on the command line: help, versions, hints, errors for programs."""

import json
import re
import shlex
import shutil
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Zerosum

FAST = ("--samples", "128", "--precision", "fp32", "--layout", "contiguous", "--compile", "off",
        "--threads", "1")  # fmt: skip

OWN = '''"""Mine."""

import zerosum as zs
from zerosum.catalogue import find_recipe
from zerosum.objectives.adversarial import NonSaturating
from zerosum.spaces import Space


class Mine(NonSaturating):
    """Mine."""

    kind = "mine_on_the_command_line"


@zs.recipe(paper="me 2026", spaces=("point",))
def mine_on_the_command_line(space: Space) -> zs.Recipe:
    """Mine."""
    base = find_recipe("vanilla").resolve(space)
    changes = {"name": "mine_on_the_command_line", "game.adversarial": {"kind": Mine.kind}}
    return base.with_values(changes)
'''


def test_version(zerosum: Zerosum) -> None:
    done = zerosum("--version")
    assert (done.code, done.out) == (0, f"zerosum {version('zerosum')}\n")


@pytest.mark.parametrize("words", [(), ("train",), ("audit",)])
def test_help_has_a_short_name(zerosum: Zerosum, words: tuple[str, ...]) -> None:
    short, long = zerosum(*words, "-h"), zerosum(*words, "--help")
    assert short.code == 0
    assert short.out == long.out


def test_options_of_train_are_in_groups(zerosum: Zerosum) -> None:
    out = zerosum("train", "-h").out
    for group, of_it in (("Images", "--mirror"), ("Tables", "--epsilon"), ("Machine", "--layout")):
        assert out.index(f" {group} ─") < out.index(of_it)


def test_shells_complete(zerosum: Zerosum) -> None:
    assert "--install-completion" in zerosum("-h").out


@pytest.mark.parametrize(
    ("words", "error", "code"),
    [
        (("sample", "no/run", "--json"), "RunError", 2),
        (("runs", "--json", "--nonsense"), "UsageError", 2),
        (("train", "--json"), "UsageError", 2),
    ],
)
def test_errors_for_programs_are_json(
    zerosum: Zerosum, words: tuple[str, ...], error: str, code: int
) -> None:
    done = zerosum(*words)
    told = json.loads(done.out)
    assert (told["error"], told["exit_code"], done.code) == (error, code, code)
    assert told["message"]
    assert done.err == ""


def test_the_hint_runs_as_it_stands(
    zerosum: Zerosum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my gan.py").write_text(OWN)
    (tmp_path / "samples.png").write_text("of another run")
    done = zerosum("train", "my gan.py", "--data", "ring", "--out", "a run", *FAST)
    assert done.code == 0, done.err
    _, _, hint = done.err.rpartition("Sample: zerosum ")
    done = zerosum(*shlex.split(hint))
    assert done.code == 0, done.err
    assert (tmp_path / "samples-2.png").is_file()
    assert (tmp_path / "samples.png").read_text() == "of another run"


def test_the_hint_after_rows_is_a_table(
    zerosum: Zerosum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i % 3},{i % 5}\n" for i in range(60)))
    done = zerosum("train", "table", "--data", "t.csv", "--out", "rows", *FAST)
    assert done.code == 0, done.err
    _, _, hint = done.err.rpartition("Sample: zerosum ")
    assert "samples.csv" in hint
    assert zerosum(*shlex.split(hint)).code == 0
    assert (tmp_path / "samples.csv").read_text().startswith('"a","b"\n')


def test_nothing_is_written_over_unasked(
    zerosum: Zerosum, digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [zerosum("sample", digits_run, "-n", 4).out.strip() for _ in range(3)]
    assert names == ["samples.png", "samples-2.png", "samples-3.png"]
    for command, first, second in (
        (("walk", digits_run, "--frames", 2, "-n", 1), "walk.gif", "walk-2.gif"),
        (("export", digits_run), "model.safetensors", "model-2.safetensors"),
    ):
        assert [zerosum(*command).out.strip() for _ in range(2)] == [first, second]


def test_samples_without_a_seed_are_others_each_time(
    zerosum: Zerosum, digits_run: Path, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{i}.npz" for i in range(3)]
    told = [zerosum("sample", digits_run, "-n", 4, "--out", p, "--json").out for p in paths[:2]]
    seeds = [json.loads(one)["seed"] for one in told]
    assert seeds[0] != seeds[1]
    done = zerosum("sample", digits_run, "-n", 4, "--out", paths[2], "--seed", seeds[0])
    assert done.code == 0
    assert paths[2].read_bytes() == paths[0].read_bytes() != paths[1].read_bytes()
    assert done.err == ""
    unseeded = zerosum("sample", digits_run, "-n", 4, "--out", paths[2])
    assert re.fullmatch(r"the same again: --seed \d+\n", unseeded.err)


def test_runs_fit_into_80_columns(
    zerosum: Zerosum, digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cgan-digits-1129-2155-4f2a", "r3gan-a-folder-of-photos-of-the-garden-1129-2155"):
        shutil.copytree(digits_run, tmp_path / "runs" / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    out = zerosum("runs").out
    assert max(map(len, out.splitlines())) <= 80
    assert re.search(r"^runs/cgan-digits-1129-2155-4f2a +finished +640 ", out, re.MULTILINE)


@pytest.mark.parametrize("recipe", ["r3gan", "vanilla"])
def test_capacity(zerosum: Zerosum, recipe: str) -> None:
    words = ("train", recipe, "--data", "digits", "--dry-run")
    small, default, large = (
        json.loads(zerosum(*words, *more).out)["game"]["generator"]["width"]
        for more in (("--capacity", "small"), (), ("--capacity", "large"))
    )
    assert small == default < large
    changed = zerosum(*words, "--capacity", "large", "--set", "game.generator.width=8")
    assert json.loads(changed.out)["game"]["generator"]["width"] == 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("table", "--data", "reviews"), "table comes in one size"),
        (("r3gan", "--data", "ring"), "r3gan on points comes in one size"),
    ],
)
def test_capacity_is_for_images(zerosum: Zerosum, words: tuple[str, ...], message: str) -> None:
    done = zerosum("train", *words, "--dry-run", "--capacity", "large")
    assert done.code == 2
    assert message in done.err
    assert "--capacity" in done.err


def test_an_unknown_capacity(zerosum: Zerosum) -> None:
    done = zerosum("train", "r3gan", "--data", "digits", "--capacity", "large2")
    assert "--capacity large2. Did you mean 'large'?" in done.err


def test_points_are_drawn_on_reals(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "points.png"
    assert zerosum("sample", ring_run, "-n", 9, "--out", out).code == 0
    with Image.open(out) as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)
    grey = int(((pixels == pixels[:, :1]).all(axis=1) & (pixels[:, 0] < 255)).sum())
    assert grey > 500, "2,000 reals in grey"
