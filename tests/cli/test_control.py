"""The commands that control styles, as they are typed."""

from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

import zerosum as zs
from tests.workflows.test_control import SMALL
from zerosum.cli.app import app
from zerosum.cli.control import read_seeds
from zerosum.errors import ConditionError, DataError
from zerosum.testing import small_dataset

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("styled") / "run"
    zs.train("stylegan", data="digits", out=folder, samples=320, set=SMALL, quiet=True)
    return folder


@pytest.fixture(autouse=True)
def quickly_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the images to learn an attribute from: how well is tested elsewhere."""
    monkeypatch.setattr("zerosum.modalities.images.attributes._SAMPLES_SEEN", 6_000)


def test_from_directions_to_an_edit(run: Path, tmp_path: Path) -> None:
    strips = tmp_path / "strips"
    found = RUNNER.invoke(app, ["directions", str(run), "-n", "2", "--out", str(strips)])
    assert found.exit_code == 0, found.output
    assert sorted(path.name for path in strips.iterdir()) == ["weight1.png", "weight2.png"]
    learned = RUNNER.invoke(
        app,
        ["learn-direction", str(run), "--attribute", "size", "--labels", "digits", "-n", "200",
         "--out", str(tmp_path / "size.png")],
    )  # fmt: skip
    assert learned.exit_code == 0, learned.output
    assert "size" in learned.output
    out = tmp_path / "edited.png"
    words = ["edit", str(run), "--direction", "weight1=+2", "--direction", "size=-1"]
    edited = RUNNER.invoke(app, [*words, "--seeds", "1-4", "--out", str(out)])
    assert edited.exit_code == 0, edited.output
    with Image.open(out) as picture:
        assert picture.size == (2 * 66 + 2, 2 * 66 + 2)


def test_a_picture_of_ones_own(run: Path, tmp_path: Path) -> None:
    RUNNER.invoke(app, ["directions", str(run), "-n", "1", "--out", str(tmp_path / "strips")])
    picture = tmp_path / "me.png"
    Image.new("RGB", (20, 14), (90, 20, 200)).save(picture)
    out = tmp_path / "older.png"
    words = ["edit", str(run), "--direction", "weight1=+1", "--image", str(picture)]
    edited = RUNNER.invoke(app, [*words, "--out", str(out)])
    assert edited.exit_code == 0, edited.output
    assert "found again to within" in edited.output
    with Image.open(out) as made:
        assert made.size == (66 + 2, 66 + 2)
    learned = RUNNER.invoke(app, ["learn-encoder", str(run), "--samples", "640"])
    assert learned.exit_code == 0, learned.output
    quick = RUNNER.invoke(app, [*words, "--how", "encode", "--out", str(out)])
    assert quick.exit_code == 0, quick.output
    missing = RUNNER.invoke(app, [*words[:-1], str(tmp_path / "no.png"), "--out", str(out)])
    assert missing.exit_code != 0


def test_mixing(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "mixing.png"
    words = ["mix", str(run), "--seeds", "1,2", "--out", str(out), "--where", "truncation=0.7"]
    assert RUNNER.invoke(app, words).exit_code == 0
    with Image.open(out) as picture:
        assert picture.size == (3 * 66 + 2, 3 * 66 + 2)


def test_truncation_is_short_for_a_condition(run: Path, tmp_path: Path) -> None:
    RUNNER.invoke(app, ["directions", str(run), "-n", "1", "--out", str(tmp_path / "strips")])
    edit = ["edit", "--direction", "weight1=+1"]
    for (command, *more), form in (
        (["sample"], "npz"), (["walk"], "gif"), (["mix"], "png"), (edit, "npz")
    ):  # fmt: skip
        made = []
        for i, words in enumerate((["--truncation", "0.3"], ["--where", "truncation=0.3"], [])):
            out = tmp_path / f"{command}{i}.{form}"
            done = RUNNER.invoke(app, [command, str(run), *more, *words, "--out", str(out)])
            assert done.exit_code == 0, done.output
            made.append(out.read_bytes())
        assert made[0] == made[1] != made[2]
    with pytest.raises(ConditionError, match="say the same; leave one out"):
        RUNNER.invoke(
            app, ["sample", str(run), "--truncation", "1", "--where", "truncation=1"],
            catch_exceptions=False,
        )  # fmt: skip
    with pytest.raises(ConditionError, match="takes numbers from 0 to 2"):
        RUNNER.invoke(app, ["sample", str(run), "--truncation", "3"], catch_exceptions=False)


@pytest.mark.parametrize("recipe", ["vanilla", "table"])
def test_truncation_needs_styles(recipe: str, tmp_path: Path) -> None:
    data = small_dataset("point" if recipe == "vanilla" else "table")
    zs.train(recipe, data=data, out=tmp_path / "run", samples=64, quiet=True,
             set={"optimisation.batch_size": 16})  # fmt: skip
    with pytest.raises(ConditionError, match=f"such as those of stylegan.*trained by {recipe}"):
        RUNNER.invoke(
            app, ["sample", str(tmp_path / "run"), "--truncation", "0.7"], catch_exceptions=False
        )


def test_labels_in_a_csv(run: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for i in range(60):
        Image.new("L", (8, 8), 4 * i).save(tmp_path / "pictures" / f"{i}.png")
    table = tmp_path / "light.csv"
    table.write_text("file,light\n" + "".join(f"{i}.png,{i / 10}\n" for i in range(60)))
    words = [
        "learn-direction",
        str(run),
        "--attribute",
        "light",
        "--labels",
        str(table),
        "-n",
        "99",
    ]
    out = ["--out", str(tmp_path / "light.png")]
    done = RUNNER.invoke(app, [*words, *out, "--images", str(tmp_path / "pictures")])
    assert done.exit_code == 0, done.output
    assert "light" in done.output
    with pytest.raises(DataError, match=r"60 files that are not in .*: 0.png, 1.png.*55 more"):
        RUNNER.invoke(app, [*words, *out], catch_exceptions=False)


def test_seeds() -> None:
    assert read_seeds("1-3,9") == [1, 2, 3, 9]
    for wrong in ("", "a", "3-1", "1-"):
        with pytest.raises(ConditionError, match="names no samples"):
            read_seeds(wrong)
