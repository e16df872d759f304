"""Images from captions through every verb: read, trained, asked in words, judged."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum.errors import ConditionError, DataError
from zerosum.modalities.images.caption_game import CaptionGame
from zerosum.modalities.images.caption_model import CaptionedSamples
from zerosum.modalities.images.captions import CaptionedDataset, CaptionedSpace, words_of
from zerosum.workflows.data import open_data, open_holdout

pytestmark = pytest.mark.usefixtures("small_judges")

SMALL = {
    "game.generator.width": 4, "game.discriminator.width": 4, "game.text_dim": 8,
    "game.features": 8, "optimisation.record_every": 5,
}  # fmt: skip
CAPTIONS = ["A dark square.", "a light square", "a light, light square!", "dark"]


def read(data: Any, **options: Any) -> CaptionedDataset:
    made = open_data(data, spaces=("captioned",), **options)[0]
    assert isinstance(made, CaptionedDataset)
    return made


def folder(
    path: Path, rows: list[tuple[str, str]] | None = None, *,
    name: str = "captions.csv", header: tuple[str, ...] = ("file", "caption"),
) -> Path:  # fmt: skip
    """Images 0.png to 3.png with a table of captions."""
    path.mkdir(parents=True, exist_ok=True)
    for i in range(4):
        Image.fromarray(np.full((16, 16, 3), 60 * i, np.uint8)).save(path / f"{i}.png")
    given = [(f"{i}.png", caption) for i, caption in enumerate(CAPTIONS)] if rows is None else rows
    with (path / name).open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([header, *given])
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("captions") / "run"
    zs.train(
        "text2image", data="scenes", out=out, samples=96, holdout=0.2,
        options={"num_samples": 200}, set=SMALL, **QUICK,
    )  # fmt: skip
    return out


@pytest.fixture(scope="module")
def model(run: Path) -> zs.CaptionModel:
    return zs.load(run, recipe="text2image")


def test_a_folder_with_a_table(tmp_path: Path) -> None:
    data = read(folder(tmp_path))
    assert data.captions == CAPTIONS
    space = data.space
    assert isinstance(space, CaptionedSpace)
    assert space.source.words[:3] == ("square", "light", "a") or len(space.source.words) == 4
    assert set(space.source.words) == {"a", "dark", "light", "square"}
    codes = data.sources_of(torch.arange(4))
    assert codes.shape == (4, 4)
    assert [space.source.words[code - 2] for code in codes[2].tolist()] == [
        "a", "light", "light", "square",
    ]  # fmt: skip
    assert codes[3, 1:].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "header", "options"),
    [
        ("labels.csv", ("file", "text"), {}),
        ("captions.csv", ("file", "says"), {"column": "says"}),
        ("captions.csv", ("image", "description"), {}),
        ("captions.csv", ("image", "description"), {"column": "description"}),
    ],
)
def test_other_tables(
    tmp_path: Path, name: str, header: tuple[str, ...], options: dict[str, Any]
) -> None:
    assert read(folder(tmp_path, name=name, header=header), **options).captions == CAPTIONS


def test_arrays_and_texts() -> None:
    x = np.zeros((4, 16, 16, 3), np.uint8)
    assert read((x, CAPTIONS)).captions == CAPTIONS
    assert read((x, np.array(CAPTIONS)), limit=2).captions == [CAPTIONS[0], CAPTIONS[2]]
    with pytest.raises(DataError, match="3 captions for 4 images"):
        read((x, CAPTIONS[:3]))
    with pytest.raises(DataError, match=r"caption of image 1 has no words: '\.\.\.'"):
        read((x, ["a", "...", "b", "c"]))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "other.csv"}, r"no captions in .*there is no captions\.csv"),
        ({"header": ("image", "says", "by"), "rows": [("x.png", "a", "me")]}, "Rename them"),
        ({"header": ("file", "says", "by"), "rows": [("0.png", "a", "me")]}, "'column': 'says'"),
        ({"rows": [("0.png", "a"), ("1.png", "b")]}, "2 of 4 images have no caption.*'2.png'"),
        ({"rows": [(f"{i}.png", "a" * i) for i in range(4)]}, "caption of 1 files empty"),
        ({"rows": [("0.png", "a")] * 2}, "names 1 files more than once"),
        ({"rows": []}, "a row for each image"),
    ],
)  # fmt: skip
def test_tables_that_do_not_fit(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(folder(tmp_path, **given))


def test_captions_in_a_file_beside_each_image(tmp_path: Path) -> None:
    (folder(tmp_path) / "captions.csv").unlink()
    for i, caption in enumerate(CAPTIONS):
        (tmp_path / f"{i}.txt").write_text(caption + "\n")
    assert read(tmp_path).captions == CAPTIONS
    (tmp_path / "2.txt").write_text(" ")
    with pytest.raises(DataError, match=r"2\.txt is empty"):
        read(tmp_path)
    (tmp_path / "2.txt").unlink()
    with pytest.raises(DataError, match=r"1 of 4 images have no caption.*'2\.png'"):
        read(tmp_path)


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no column 'captoin'\. Did you mean 'caption'"):
        read(folder(tmp_path), column="captoin")


def test_a_holdout_is_read_in_the_words_of_the_run(tmp_path: Path) -> None:
    data = read(folder(tmp_path / "a"))
    rows = [(f"{i}.png", "a bright square") for i in range(4)]
    held, _ = open_holdout(folder(tmp_path / "b", rows), space=data.space)
    assert held.space == data.space
    codes = held.sources_of(torch.arange(1))
    assert codes is not None
    square = data.space.source.words.index("square") + 2  # pyright: ignore[reportAttributeAccessIssue]
    assert codes[0, 1:3].tolist() == [1, square]


def test_words_decide(model: zs.CaptionModel) -> None:
    one = model.sample(4, where={"text": "a small red ring"}, seed=1)
    same = model.sample(4, where={"text": "A small RED ring!"}, seed=1)
    other = model.sample(4, where={"text": "two large blue circles"}, seed=1)
    assert torch.equal(one.tensor, same.tensor)
    assert not torch.equal(one.tensor, other.tensor)
    mixed = model.sample(
        4, in_turn={"text": ["a small red ring", "two large blue circles"]}, seed=1
    )
    for turn, alone in enumerate((one, other)):
        near = mixed.tensor[turn::2].int() - alone.tensor[turn::2].int()
        assert near.abs().max() <= 1  # rounding


def test_without_words_samples_have_captions_of_the_data(model: zs.CaptionModel) -> None:
    game = model.game
    assert isinstance(game, CaptionGame)
    codes = model.draw(32, seed=0).z[:, game.latent_size :].long()
    assert all(any(torch.equal(row, known) for known in game.captions) for row in codes)


def test_samples_keep_their_captions(model: zs.CaptionModel, tmp_path: Path) -> None:
    asked = model.sample(2, where={"text": "A small RED ring!"}, seed=1)
    plain = model.sample(12, seed=1)
    assert isinstance(asked, CaptionedSamples)
    assert isinstance(plain, CaptionedSamples)
    assert asked.captions == ["a small red ring"] * 2
    assert set(plain.captions) <= {" ".join(words_of(one)) for one in model.controls["text"].names}
    plain.save(tmp_path / "made")
    again = read(tmp_path / "made")
    assert list(again.captions) == list(plain.captions)
    assert torch.equal(again.take(torch.arange(12))[0], plain.tensor)
    plain.save(tmp_path / "made.npz")
    assert np.load(tmp_path / "made.npz")["captions"].tolist() == list(plain.captions)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a small rde ring", "has the word 'rde'. Did you mean 'red'.*It knows a, above, "),
        ("a crimson ring", "has the word 'crimson'.*It knows a, above, "),
        ("!!", "has no words. It knows"),
        (" ".join(["red"] * 20), "has 20 words, and the longest that was learned from has"),
        ("3..4", "takes captions, not 3..4"),
        ("missing", "takes captions, not missing"),
    ],
)
def test_words_that_nobody_taught(model: zs.CaptionModel, text: str, said: str) -> None:
    with pytest.raises(ConditionError, match=said):
        model.sample(1, where={"text": text})


def test_it_is_judged_with_the_captions_of_the_reals(run: Path, model: zs.CaptionModel) -> None:
    report = zs.evaluate(run, n=30, quiet=True)
    assert report.figures
    data = read("scenes", num_samples=20)
    codes = data.sources_of(torch.arange(20))
    inputs = model.inputs_like(data.take(torch.arange(20))[0], None, codes, 0)
    assert isinstance(model.game, CaptionGame)
    assert torch.equal(inputs.z[:, model.game.latent_size :].long(), codes)


def test_exported_it_still_reads(model: zs.CaptionModel, tmp_path: Path) -> None:
    path = model.save(tmp_path / "model.safetensors")
    asked = {"where": {"text": "a small red ring"}, "seed": 2}
    assert torch.equal(zs.load(path).sample(3, **asked).tensor, model.sample(3, **asked).tensor)
