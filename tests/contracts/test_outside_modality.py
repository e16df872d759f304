"""A modality from outside: the file of docs/own-modality.md passes every verb and every law."""

import json
import os
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum.catalogue import load_recipe_file
from zerosum.cli.app import main
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.evaluation.reports.parts import NeighboursPart, SamplesPart
from zerosum.models.model import Model
from zerosum.runs.store import Run
from zerosum.testing import LAWS, check_recipe

pytestmark = pytest.mark.usefixtures("small_judges")

PAGE = Path(__file__).parents[2] / "docs" / "own-modality.md"


def waves(n: int, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed)
    speed, phase = noise.uniform(1, 2, (n, 2, 1)), noise.uniform(0, 6.28, (n, 2, 1))
    return np.sin(speed * np.linspace(0, 6.28, 24) + phase)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file from the page, data, and a trained run; everything in a folder of its own."""
    place = tmp_path_factory.mktemp("outside")
    page = PAGE.read_text("utf-8")
    block = re.search(r'```python title="my_series.py"\n(.*?)^```$', page, re.MULTILINE | re.DOTALL)
    assert block is not None
    (place / "my_series.py").write_text(block[1], encoding="utf-8")
    np.savez(place / "waves.npz", x=waves(400, 0), x_test=waves(200, 1))
    before = Path.cwd(), os.environ.get("ZEROSUM_CACHE")
    os.chdir(place)
    os.environ["ZEROSUM_CACHE"] = str(place / "cache")
    yield place
    os.chdir(before[0])
    os.environ.pop("ZEROSUM_CACHE")
    if before[1] is not None:
        os.environ["ZEROSUM_CACHE"] = before[1]


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    options: dict[str, Any] = {**QUICK, "referee": "act"}
    return zs.train(
        "my_series.py", data="waves.npz", samples=1_280, out="run", set={
            "optimisation.record_every": 5,
        }, **options,
    )  # fmt: skip


def command(*words: str) -> str:
    """What `zerosum WORDS` prints; it succeeds."""
    from contextlib import redirect_stderr, redirect_stdout
    from io import StringIO

    out, err = StringIO(), StringIO()
    given, shown, code = sys.argv, warnings.showwarning, None
    sys.argv = ["zerosum", *words]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.argv, warnings.showwarning = given, shown
    assert not code, err.getvalue()
    return out.getvalue()


def test_it_is_trained_with_pictures_history_and_referee(model: Model) -> None:
    assert type(model.space).__name__ == "MySeriesSpace"
    assert model.space.shape == (2, 24)
    run = Run.open("run")
    assert run.manifest["state"] == "finished"
    assert run.manifest["data"]["config"]["kind"] == "my_series_npz"
    assert run.history()
    (picture,) = list((run.folder / "samples").glob("*.png"))[-1:]
    with Image.open(picture) as drawn:
        assert drawn.width > 300


def test_the_live_view_draws_it(folder: Path, model: Model) -> None:
    from rich.console import Console

    from zerosum.catalogue import find_recipe, modality_of_kind
    from zerosum.engine.execution import Execution
    from zerosum.live import Dashboard
    from zerosum.runs.hooks import SampleHook
    from zerosum.runtime import Runtime
    from zerosum.testing import small_dataset
    from zerosum.workflows.prepare import make_trainer

    dataset = small_dataset("my_series")
    recipe = find_recipe("my_series.py").resolve(dataset.space)
    recipe = recipe.with_values({"optimisation.total_samples": 320})
    trainer = make_trainer(
        recipe, dataset, seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution()
    )
    run = Run(folder / "live", {"recipe": {"name": "my_series"}})
    (folder / "live").mkdir()
    samples = SampleHook(run, preview=modality_of_kind("my_series").preview, seed=0)
    from io import StringIO

    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=100, height=40)
    trainer.run([samples, Dashboard(console, run, samples)])
    assert screen.getvalue().count("▀") > 100


def test_it_is_sampled_in_every_form(folder: Path, model: Model) -> None:
    samples = model.sample(16, seed=7)
    assert samples.x.shape == (16, 2, 24)
    assert samples.forms == (".png", ".npz", ".csv")
    for name in ("a.png", "a.npz", "a.csv"):
        assert samples.save(folder / name).stat().st_size > 100
    assert len((folder / "a.csv").read_text().splitlines()) == 1 + 16 * 24
    assert np.array_equal(np.load(folder / "a.npz")["x"], samples.x)
    with pytest.raises(zs.ZerosumError, match=r"cannot save series as a folder. Allowed: .png"):
        samples.save(folder / "a/")
    assert "data:image/png;base64,iVBOR" in samples._repr_html_()
    made = command("sample", "run", "-n", "4", "--out", "b.csv", "--code", "my_series.py")
    assert made.strip() == "b.csv"


def test_it_is_walked_through(folder: Path, model: Model) -> None:
    assert model.walk(frames=4, n=2).save(folder / "w.gif").is_file()
    command("walk", "run", "--frames", "3", "--out", "v.gif", "--code", "my_series.py")


def test_it_is_resumed_bit_for_bit(folder: Path, model: Model) -> None:
    options = {"data": "waves.npz", "set": {"optimisation.record_every": 5}, **QUICK}
    whole = zs.train("my_series.py", samples=640, out="whole", **options)
    zs.train("my_series.py", samples=320, out="half", **options)
    command("resume", "half", "--samples", "640", "--code", "my_series.py", "--quiet")
    again = zs.load("half", code="my_series.py")
    # Nothing in this recipe depends on the budget, so a longer one changes no step before its end.
    assert torch.equal(again.sample(3, seed=0).tensor, whole.sample(3, seed=0).tensor)


def test_it_is_judged_and_compared(folder: Path, model: Model) -> None:
    found = zs.evaluate(model, holdout="waves.npz", n=100, replicates=3, quiet=True)
    names = {figure.name for figure in found}
    assert {"precision", "recall", "exact_copies"} <= names
    assert found.subject["features"] == "self-64"
    assert isinstance(found.part("samples"), SamplesPart)
    assert isinstance(found.part("neighbours"), NeighboursPart)
    html = found.save(folder / "report.html").read_text("utf-8")
    assert "100 samples, not selected" in html or "64 samples, not selected" in html
    said = json.loads((folder / "report.json").read_text("utf-8"))
    assert Evaluation.from_json(said).parts == found.parts
    words = ("--holdout", "waves.npz", "-n", "100", "--code", "my_series.py")
    command("evaluate", "run", *words, "--features", "values", "--out", "again.html")
    zs.train("my_series.py", data="waves.npz", samples=320, out="other", **QUICK)
    both = zs.compare(
        ["run", "other"], holdout="waves.npz", n=100, replicates=2, code="my_series.py", quiet=True
    )
    assert both.save(folder / "both.html").is_file()


def test_its_holdout_must_fit(folder: Path, model: Model) -> None:
    with pytest.raises(zs.ZerosumError, match=r"series of 2 x 9, and the model makes"):
        zs.evaluate(model, holdout=waves(50, 2)[:, :, :9], quiet=True)


def test_it_is_exported_and_handed_on(folder: Path, model: Model) -> None:
    zs.export(model, folder / "m.safetensors", quiet=True)
    opened = zs.load(folder / "m.safetensors", code="my_series.py")
    assert torch.equal(opened.sample(3, seed=0).tensor, model.sample(3, seed=0).tensor)
    zs.export(model, folder / "m.onnx", quiet=True)
    command(
        "train", "my_series.py", "--data", "waves.npz", "--samples", "320", "--out", "next",
        "--from", "run", "--quiet", "--precision", "fp32", "--compile", "off", "--threads", "1",
    )  # fmt: skip
    assert Run.open("next").manifest["parent"]["shares"]["generator"] == 1.0


def test_arrays_in_memory_are_read_as_series(folder: Path, model: Model) -> None:
    held = zs.train("my_series.py", data=waves(100, 3), samples=320, out="held", **QUICK)
    assert held.space.shape == (2, 24)
    with pytest.raises(zs.ZerosumError, match="my_series takes my_series data"):
        zs.train("my_series.py", data="digits", samples=320, quiet=True)


@pytest.mark.parametrize("law", LAWS)
def test_it_obeys(folder: Path, law: str) -> None:
    check_recipe(folder / "my_series.py", laws=(law,))


def test_nothing_in_the_package_knows_of_it() -> None:
    assert load_recipe_file(Path("my_series.py")).spaces == ("my_series",)
    package = PAGE.parents[1] / "src" / "zerosum"
    assert not [p for p in package.rglob("*.py") if "my_series" in p.read_text("utf-8")]
