"""Images that are made from several: read by name, trained on, and translated together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import zerosum as zs
from tests.modalities.images.test_translation import translator
from zerosum.data.base import DataConfig
from zerosum.errors import ConditionError, DataError, RecipeError, RunError
from zerosum.modalities.images.pair_space import JoinedSpace, PairSpace
from zerosum.modalities.images.shown import PairPreview
from zerosum.modalities.images.translation import TranslationModel
from zerosum.workflows.data import open_data, open_holdout, scan_data

PAIRED: dict[str, Any] = {"spaces": ("pair",), "needs": ("aligned",)}
LOOSE: dict[str, Any] = {"spaces": ("pair",)}


def shade(path: Path, value: int, *, size: tuple[int, int] = (12, 10), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), value, np.uint8)).convert(mode).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten of each; shades are the number, it and 100, and it and 200. Garments are grey."""
    for i in range(10):
        shade(tmp_path / "data" / "person" / f"{i}.png", i)
        shade(tmp_path / "data" / "garment" / f"{i}.bmp", 100 + i, mode="L")
        shade(tmp_path / "data" / "worn" / f"{i}.png", 200 + i)
    return tmp_path / "data"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TranslationModel:
    """A short training on the built-in wardrobe."""
    return zs.train(
        "pix2pix", data="wardrobe", options={"num_samples": 64, "size": 32}, samples=64,
        out=tmp_path_factory.mktemp("runs") / "try-on", precision="fp32", layout="contiguous",
        compile=False, threads=1, quiet=True,
        set={"game.generator.width": 8, "game.discriminator.width": 8},
    )  # fmt: skip


def noise(height: int, width: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_sources_are_joined_by_name(folder: Path) -> None:
    dataset, config = open_data(str(folder), **PAIRED, target="worn")
    assert isinstance(dataset.space, PairSpace)
    source = dataset.space.source
    assert isinstance(source, JoinedSpace)
    assert (source.names, source.depths) == (("garment", "person"), (1, 3))
    given = dataset.sources_of(torch.tensor([3, 7]))
    assert given is not None
    assert given[:, :, 0, 0].tolist() == [[103, 3, 3, 3], [107, 7, 7, 7]]
    assert dataset.take(torch.tensor([3]))[0][0, 0, 0, 0] == 203
    assert not dataset.notes
    assert config is not None
    again = DataConfig.from_json(config.to_json()).build()
    assert again.fingerprint == dataset.fingerprint
    assert type(dataset.space).from_json(dataset.space.to_json()) == dataset.space
    text = scan_data(str(folder), **PAIRED, target="worn")
    assert text is not None
    assert "garment and 10 in" in text


def test_a_guess_is_told_and_recorded(folder: Path) -> None:
    dataset, config = open_data(str(folder), **PAIRED)
    assert dataset.notes[0].startswith("worn is made from garment and person (options={'target'")
    shade(folder / "zebra" / "1.png", 0)  # which would be the guess from now on
    again, _ = open_holdout(str(folder), space=dataset.space, like=config)
    assert again.fingerprint == dataset.fingerprint


def test_sources_are_chosen_and_ordered(folder: Path) -> None:
    swapped, _ = open_data(str(folder), **PAIRED, target="worn", sources="person,garment")
    plain, _ = open_data(str(folder), **PAIRED, target="worn", sources="garment,person")
    one, _ = open_data(str(folder), **PAIRED, target="person", sources=["worn"])
    assert swapped.fingerprint != plain.fingerprint
    assert isinstance(one.space, PairSpace)
    assert one.space.source.kind == "image"
    assert one.take(torch.tensor([4]))[0][0, 0, 0, 0] == 4
    assert plain.space.mismatch(swapped.space, "the holdout") is not None
    assert plain.space.mismatch(plain.space, "the holdout") is None


def test_what_cannot_be_joined_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"no subfolder 'wurn' with images.*Did you mean 'worn'"):
        open_data(str(folder), **PAIRED, target="wurn")
    with pytest.raises(DataError, match="name each subfolder once"):
        open_data(str(folder), **PAIRED, target="worn", sources=["worn"])
    with pytest.raises(DataError, match="several sources, which belong together by the names"):
        open_data(str(folder), **LOOSE, target="worn")
    with pytest.raises(DataError, match="target names subfolders of one folder"):
        open_data((str(folder / "person"), str(folder / "worn")), **PAIRED, target="worn")
    (folder / "garment" / "4.bmp").unlink()
    with pytest.raises(DataError, match=r"have no partner of the same name: .*person/4\.png"):
        open_data(str(folder), **PAIRED)
    shade(folder / "garment" / "4.bmp", 0, size=(12, 11), mode="L")
    with pytest.raises(DataError, match=r"12 x 11, 12 x 10 and 12 x 10"):
        open_data(str(folder), **PAIRED)


def test_folders_of_two_domains_are_read_as_before(folder: Path) -> None:
    shade(folder / "trainA" / "1.png", 1)
    shade(folder / "trainB" / "1.png", 2)
    dataset, _ = open_data(str(folder), **PAIRED)
    assert len(dataset) == 1
    assert isinstance(dataset.space, PairSpace)
    assert dataset.space.source.kind == "image"


def test_arrays_by_name() -> None:
    person, garment, worn = (np.full((8, 8, 8, 3), value, np.uint8) for value in (1, 2, 3))
    dataset, _ = open_data(({"person": person, "garment": garment}, worn), **PAIRED)
    given = dataset.sources_of(torch.tensor([0]))
    assert given is not None
    assert given[0, :, 0, 0].tolist() == [1, 1, 1, 2, 2, 2]
    with pytest.raises(DataError, match="8 of 8 x 8 in person, 7 of 8 x 8 in garment"):
        open_data(({"person": person, "garment": garment[:7]}, worn), **PAIRED)
    with pytest.raises(DataError, match="Train pix2pix, or give one array"):
        open_data(({"person": person, "garment": garment}, worn), **LOOSE)


def test_cyclegan_takes_one_at_a_time() -> None:
    with pytest.raises(RecipeError, match="each source here is several: person and garment"):
        zs.train("cyclegan", data="wardrobe", options={"num_samples": 64}, samples=64, quiet=True)


def test_pictures_are_translated_together(model: TranslationModel, tmp_path: Path) -> None:
    person, garment = noise(40, 33, 0), noise(40, 33, 1)
    made = model.translate({"garment": garment, "person": person})
    assert made.shape == (40, 33, 3)
    assert not np.array_equal(made, model.translate({"person": garment, "garment": person}))
    for name, x in (("p.png", person), ("g.png", garment)):
        Image.fromarray(x).save(tmp_path / name)
    several = [{"person": tmp_path / "p.png", "garment": tmp_path / "g.png"}] * 2
    pictures = model.translate(several)
    assert np.array_equal(np.asarray(pictures[1]), made)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (noise(8, 8, 0), r"Give \{'person': ..., 'garment': ...\}"),
        ({"person": noise(8, 8, 0)}, "garment is missing"),
        (dict.fromkeys(("person", "garment", "hat"), noise(8, 8, 0)), "hat is none of them"),
        ({"person": noise(8, 8, 0), "garment": noise(8, 9, 0)}, "garment is 8 x 9. Their pixels"),
    ],
)
def test_what_does_not_fit_the_names_is_refused(
    model: TranslationModel, given: Any, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        model.translate(given)


def test_a_model_of_one_source_takes_no_names() -> None:
    with pytest.raises(DataError, match="this model makes an image from one"):
        translator("pix2pix").translate({"person": noise(8, 8, 0)})


def test_a_file_beside_a_folder_is_refused(model: TranslationModel, tmp_path: Path) -> None:
    Image.fromarray(noise(32, 32, 0)).save(tmp_path / "p.png")
    given: dict[str, Path | str] = {"person": tmp_path / "p.png", "garment": tmp_path}
    with pytest.raises(DataError, match=r"garment is .*, which is no image"):
        model.translate_files(given, tmp_path / "out")
    given["garment"] = tmp_path / "p.png"
    with pytest.raises(RunError, match="the image itself"):
        model.translate_files(given, tmp_path / "p.png")
    with pytest.raises(ConditionError, match="takes no mask"):
        model.translate_files(given, tmp_path / "out", mask=tmp_path / "p.png")


def test_a_run_shows_sources_beside_what_was_made(model: TranslationModel) -> None:
    assert model.run is not None
    newest = max((Path(model.run) / "samples").glob("*.png"))
    with Image.open(newest) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    pitch = 64 + 2  # images of 32 are enlarged twice
    assert pixels.shape[1] == 2 + 6 * pitch, "twice a person, a garment and what was made"
    assert (pixels[4, 2 + pitch : 62 + pitch] == 252).all(), "garments lie on white"


def test_sources_made_and_truth_stand_side_by_side() -> None:
    source = JoinedSpace(channels=4, height=8, width=8, names=("a", "b"), depths=(1, 3))
    space = PairSpace(channels=3, height=8, width=8, source=source, aligned=True)
    sources = torch.cat([torch.full((1, 1, 8, 8), 10), torch.full((1, 3, 8, 8), 20)], 1).byte()
    made, truth = (torch.full((1, 3, 8, 8), value, dtype=torch.uint8) for value in (30, 40))
    picture = PairPreview().draw_made(space, made, sources=sources, truth=truth)
    seen = np.asarray(picture)[:, :, 0]
    row = seen[seen.shape[0] // 2]
    assert [int(value) for value in dict.fromkeys(row.tolist())] == [255, 10, 20, 30, 40]
