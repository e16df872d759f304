"""`import zerosum as zs`: the verbs, on every form of data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import zerosum as zs
from zerosum.errors import ConfigError, DataError, RunError
from zerosum.testing import small_dataset

TrainQuietly = Callable[..., zs.Model]


@pytest.fixture
def train(tmp_path: Path) -> TrainQuietly:
    """`zs.train` for 64 images of 16, in plain arithmetic."""

    def run(recipe: Any, data: Any, **options: Any) -> zs.Model:
        changes = {"optimisation.batch_size": 16, "optimisation.record_every": 2}
        settings: dict[str, Any] = {
            "out": tmp_path / "run", "samples": 64, "set": changes, "quiet": True, "threads": 1,
            "precision": "fp32", "layout": "contiguous", "compile": False,
        }  # fmt: skip
        return zs.train(recipe, data=data, **(settings | options))

    return run


def _pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_an_array_of_pictures(train: TrainQuietly) -> None:
    samples = train("vanilla", _pixels(32, 8, 9, 3)).sample(64, seed=7)
    assert (samples.x.dtype, samples.x.shape) == (np.uint8, (64, 8, 9, 3))
    assert samples.y is None
    assert samples.labels == []
    assert len(samples) == 64


def test_a_tensor_of_pictures(train: TrainQuietly) -> None:
    samples = train("vanilla", torch.from_numpy(_pixels(32, 1, 8, 9))).sample(3)
    assert samples.x.shape == (3, 8, 9, 1)


def test_a_pair(train: TrainQuietly, tmp_path: Path) -> None:
    y = np.array(["cat", "dog"] * 16)
    model = train("cgan", (_pixels(32, 8, 8), y))
    samples = model.sample(64, where={"label": "dog"}, seed=7)
    assert samples.labels == ["dog"] * 64
    assert samples.y is not None
    assert samples.y.tolist() == [1] * 64
    samples.save(tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.size == (8 * 66 + 2, 8 * 66 + 2)


def test_points(train: TrainQuietly) -> None:
    x = np.random.default_rng(0).normal(100.0, 5.0, (64, 3))
    samples = train("vanilla", x).sample(5)
    assert (samples.x.dtype, samples.x.shape) == (np.float32, (5, 3))
    assert 50 < float(samples.x.mean()) < 150, "samples are not in the data's units"


def test_a_folder(train: TrainQuietly, tmp_path: Path) -> None:
    for i, pixels in enumerate(_pixels(32, 9, 9)):
        folder = tmp_path / "photos" / ("even", "odd")[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    model = train("cgan", tmp_path / "photos", size=8, limit=20)
    assert model.space.shape == (1, 8, 8)
    assert model.sample(2, where={"label": "odd"}).labels == ["odd", "odd"]


def test_a_dataset(train: TrainQuietly) -> None:
    assert train("cgan", small_dataset("image")).space.labels == ("a", "b", "c", "d")


def test_what_is_no_data(train: TrainQuietly) -> None:
    with pytest.raises(DataError, match=r"type dict\. Give a path"):
        train("vanilla", {"x": 1})


def test_load_resume_and_runs(train: TrainQuietly, tmp_path: Path) -> None:
    trained = train("cgan", "digits", out=None, root=tmp_path / "all")
    (run,) = zs.list_runs(tmp_path / "all")
    assert trained.run == run.folder
    for loaded in (zs.load(run), zs.load(str(run.folder)), zs.load(run.folder, step=4)):
        assert torch.equal(loaded.sample(9, seed=3).tensor, trained.sample(9, seed=3).tensor)
    with pytest.raises(RunError, match=r"no checkpoint of step 3. It has: \[0, 4\]"):
        zs.load(run, step=3)
    resumed = zs.resume(run, samples=128, quiet=True)
    assert not torch.equal(resumed.sample(9, seed=3).tensor, trained.sample(9, seed=3).tensor)
    (run,) = zs.list_runs(tmp_path / "all")
    assert (run.manifest["samples"], run.manifest["state"]) == (128, "finished")
    assert zs.list_runs(tmp_path / "nothing") == []


def test_loading_says_that_the_newest_checkpoint_is_damaged(
    train: TrainQuietly, tmp_path: Path
) -> None:
    train("vanilla", "ring")
    newest = tmp_path / "run" / "checkpoints" / "step-000000004.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    with pytest.warns(UserWarning, match=r"step-000000004.* is cut off\. Step 0 is used instead"):
        zs.load(tmp_path / "run")


def test_quiet_and_not(train: TrainQuietly, capfd: pytest.CaptureFixture[str]) -> None:
    train("vanilla", "ring")
    assert capfd.readouterr() == ("", "")


def test_progress_is_told(
    train: TrainQuietly, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    train("vanilla", "ring", quiet=False)
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "finished at 64 points" in printed.err


OWN = '''
"""A recipe of one's own, with a loss of its own."""
import zerosum as zs
from zerosum.objectives.adversarial import NonSaturating
from zerosum.catalogue import find_recipe
from zerosum.spaces import Space


class Mine(NonSaturating):
    kind = "my_loss_in_python"


@zs.recipe(paper="mine", spaces=("point",))
def mine_in_python(space: Space) -> zs.Recipe:
    """Mine."""
    base = find_recipe("vanilla").resolve(space)
    return base.with_values({"name": "mine_in_python", "game.adversarial": {"kind": Mine.kind}})
'''


def test_a_file_of_ones_own_gives_a_model(
    train: TrainQuietly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    model = train("./my.py", "ring")
    assert model.sample(3).x.shape == (3, 2)
    kept = tmp_path / "run" / "code" / "my.py"
    assert zs.load(tmp_path / "run", code=kept).sample(3).x.shape == (3, 2)
    longer = zs.resume(tmp_path / "run", samples=128, code=str(kept), quiet=True)
    assert longer.sample(3).x.shape == (3, 2)


def test_a_recipe_itself(train: TrainQuietly) -> None:
    from zerosum.catalogue import find_recipe

    dataset = small_dataset("point")
    recipe = find_recipe("vanilla").resolve(dataset.space)
    assert train(recipe, dataset, set=None, samples=64).recipe.to_json()["name"] == "vanilla"


def test_every_public_name_is_there() -> None:
    assert all(getattr(zs, name) is not None for name in zs.__all__)
    assert dir(zs) == sorted(zs.__all__)
    with pytest.raises(AttributeError, match="no attribute 'no_such_verb'"):
        zs.no_such_verb  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_evaluate_and_compare(train: TrainQuietly, tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(200, 2))
    model = train("vanilla", points)
    options: dict[str, Any] = {
        "data": points, "holdout": points + 0.5, "n": 50, "replicates": 3, "quiet": True,
        "features": "pixels",
    }  # fmt: skip
    found = zs.evaluate(model, **options)
    assert found.subject["split"] == "holdout"
    assert found.save(tmp_path / "report.html").is_file()
    other = train("vanilla", points, out=tmp_path / "other")
    assert zs.compare([model, other], **options).names == ["run", "other"]


def test_what_is_wrong_is_said_before_a_training(train: TrainQuietly, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"referee='on'\. Allowed: act, off, watch"):
        train("vanilla", _pixels(32, 8, 8), referee="on")
    assert not (tmp_path / "run").exists()
    with pytest.raises(DataError, match="a data frame or the path of a file, and this is of type"):
        zs.schema(np.zeros((3, 3)))
