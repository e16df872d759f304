"""Pairs of images: matched by name, refused where they do not match, and batched side by side."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.data.base import ArrayDataset, DataConfig
from zerosum.data.loader import Loader
from zerosum.errors import DataError
from zerosum.modalities.images import pairs
from zerosum.modalities.images.pair_space import PairSpace
from zerosum.modalities.images.paired import PairArrays, PairDataset
from zerosum.modalities.images.pairs import PairsConfig, two_domains
from zerosum.runtime import Runtime
from zerosum.workflows.data import open_data, open_holdout, scan_data

CPU = Runtime(torch.device("cpu"))


def draw(path: Path, shade: int, size: tuple[int, int] = (8, 10), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((*size, 3), shade, dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)


PAIRED: dict[str, Any] = {"spaces": ("pair",), "needs": ("aligned",)}
LOOSE: dict[str, Any] = {"spaces": ("pair",)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten pairs; a source has twice the number of its name as shade, its target that and one."""
    for i in range(10):
        draw(tmp_path / "A" / f"{i}.png", 2 * i, mode="L")
        draw(tmp_path / "B" / f"{i}.bmp", 2 * i + 1)
    return tmp_path


def shades(x: torch.Tensor) -> list[int]:
    return x[:, 0, 0, 0].tolist()


@pytest.mark.parametrize("held", [True, False])
def test_pairs_match_by_name(folder: Path, held: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not held:
        monkeypatch.setattr(pairs, "RESIDENT_BYTES", 0)
    dataset, config = open_data(str(folder), **PAIRED)
    assert isinstance(dataset, PairDataset)
    assert (dataset.resident is not None) == held
    assert isinstance(dataset.space, PairSpace)
    assert dataset.space.shape == (3, 8, 10)
    assert dataset.space.source.shape == (1, 8, 10)
    rows = torch.tensor([3, 7])
    assert shades(dataset.take(rows)[0]) == [7, 15]
    assert shades(dataset.sources_of(rows)) == [6, 14]
    assert config is not None
    again = DataConfig.from_json(config.to_json()).build()
    assert again.fingerprint == dataset.fingerprint
    assert type(dataset.space).from_json(dataset.space.to_json()) == dataset.space


def test_the_direction_is_part_of_the_fingerprint(folder: Path) -> None:
    a, b = str(folder / "A"), str(folder / "B")
    there, _ = open_data((a, b), **PAIRED, channels=3)
    back, _ = open_data((b, a), **PAIRED, channels=3)
    loose, _ = open_data((a, b), **LOOSE, channels=3)
    assert len({there.fingerprint, back.fingerprint, loose.fingerprint}) == 3


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("kind", [PAIRED, LOOSE], ids=["aligned", "unpaired"])
def test_batches_hold_sources_and_resume_by_one_number(
    folder: Path, held: bool, kind: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not held:
        monkeypatch.setattr(pairs, "RESIDENT_BYTES", 0)
    dataset, _ = open_data(str(folder), **kind)
    straight = Loader(dataset, seed=5, runtime=CPU)
    batches = [straight.next(4) for _ in range(6)]
    for batch in batches:
        assert batch.source is not None
        told = [round((float(v) + 1) * 127.5) for v in batch.source[:, 0, 0, 0]]
        made = [round((float(v) + 1) * 127.5) for v in batch.x[:, 0, 0, 0]]
        assert ([v + 1 for v in told] == made) == (kind is PAIRED)
    again = Loader(dataset, seed=5, runtime=CPU)
    again.position = 12
    later = again.next(4)
    assert later.source is not None
    assert batches[3].source is not None
    assert torch.equal(later.source, batches[3].source)
    assert torch.equal(later.x, batches[3].x)
    straight.close()
    again.close()


def test_ordinary_data_has_no_sources() -> None:
    dataset, _ = open_data("digits")
    assert Loader(dataset, seed=0, runtime=CPU).next(2).source is None


def test_arrays_are_pairs_too() -> None:
    sources, targets = (np.full((5, 8, 8, 3), shade, np.uint8) for shade in (1, 2))
    dataset, config = open_data((sources, targets), **PAIRED)
    assert isinstance(config, PairArrays)
    assert isinstance(dataset, PairDataset)
    assert shades(dataset.sources_of(torch.arange(2))) == [1, 1]
    with pytest.raises(DataError, match="5 sources and 4 targets"):
        open_data((sources, targets[:4]), **PAIRED)
    assert len(open_data((sources, targets[:4]), **LOOSE)[0]) == 4
    with pytest.raises(DataError, match="one size"):
        open_data((sources, targets[:, :4]), **LOOSE)
    points = ArrayDataset(torch.zeros(5, 2), name="points")
    with pytest.raises(DataError, match="'point'"):
        PairDataset(points, points, aligned=True, name="points")


def test_a_zip_and_known_names(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "pairs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted((folder / "A").iterdir()):
            archive.write(name, f"inside/trainA/{name.name}")
            archive.write(folder / "B" / f"{name.stem}.bmp", f"inside/trainB/{name.stem}.bmp")
            archive.write(name, f"inside/testA/{name.name}")
    assert two_domains(str(path)) == ("inside/trainA", "inside/trainB")
    assert len(open_data(str(path), **PAIRED)[0]) == 10


def test_partners_that_are_missing_are_listed(folder: Path) -> None:
    (folder / "A" / "3.png").unlink()
    draw(folder / "A" / "new.png", 0)
    with pytest.raises(DataError, match=r"10 images in .*A/new\.png, .*B/3\.bmp"):
        open_data(str(folder), **PAIRED)
    assert len(open_data(str(folder), **LOOSE, channels=3)[0]) == 10


def test_a_name_that_is_there_twice_is_refused(folder: Path) -> None:
    draw(folder / "A" / "3.bmp", 0)
    with pytest.raises(DataError, match=r"both 3\.bmp and 3\.png"):
        open_data(str(folder), **PAIRED)


def test_sizes_that_differ_in_a_pair_are_listed(folder: Path) -> None:
    draw(folder / "B" / "4.bmp", 0, size=(8, 12))
    with pytest.raises(DataError, match=r"1 of 10 pairs .* 4\.png \(8 x 10 and 8 x 12\)"):
        open_data(str(folder), **PAIRED)
    dataset, _ = open_data(str(folder), **LOOSE, size=(9, 9))
    assert dataset.space.shape == (3, 9, 9)


def test_two_domains_are_needed(tmp_path: Path) -> None:
    draw(tmp_path / "one" / "x" / "1.png", 0)
    draw(tmp_path / "one" / "1.png", 0)
    with pytest.raises(DataError, match="the subfolders x with images, and a translation needs"):
        open_data(str(tmp_path / "one"), **LOOSE)
    for name in "xyz":
        draw(tmp_path / "three" / name / "1.png", 0)
    with pytest.raises(DataError, match="x, y, z"):
        open_data(str(tmp_path / "three"), **LOOSE)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no images in .*empty"):
        open_data((str(tmp_path / "three"), str(tmp_path / "empty")), **LOOSE)
    with pytest.raises(
        DataError, match=r"no images in .*empty \(0 files\)\. Images end in .*\.bmp, "
    ):
        open_data(str(tmp_path / "empty"), **LOOSE)
    draw(tmp_path / "flat" / "1.png", 0)
    with pytest.raises(DataError, match="no subfolders"):
        open_data(str(tmp_path / "flat"), **LOOSE)
    with pytest.raises(DataError, match="two folders"):
        open_data([str(tmp_path / "empty")] * 3, **LOOSE)
    with pytest.raises(DataError, match=r"2 paths of data, a, b, and nothing lies at 'a'\. Two"):
        open_data(("a", "b"))
    paths = (str(tmp_path / "three"), str(tmp_path / "empty"), str(tmp_path / "three/x/1.png"))
    with pytest.raises(DataError, match=r"3 paths of data, .* A translation takes two folders"):
        open_data(paths, **PAIRED)
    with pytest.raises(DataError, match="are for recipes that translate images"):
        open_data(paths, spaces=("image",))


def test_unreadable_files_take_their_partners_with_them(folder: Path) -> None:
    (folder / "A" / "2.png").write_bytes(b"no image")
    whole = (folder / "B" / "5.bmp").read_bytes()
    (folder / "B" / "5.bmp").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"1 unreadable file: .*A/2\.png"):
        open_data(str(folder), **PAIRED)
    dataset, _ = open_data(str(folder), **PAIRED, skip_bad=True)
    assert isinstance(dataset, PairDataset)
    rows = torch.arange(len(dataset))
    assert shades(dataset.sources_of(rows)) == [0, 2, 6, 8, 12, 14, 16, 18]
    assert shades(dataset.take(rows)[0]) == [1, 3, 7, 9, 13, 15, 17, 19]


def test_a_limit_keeps_pairs_together(folder: Path) -> None:
    dataset, _ = open_data(str(folder), **PAIRED, limit=3)
    assert isinstance(dataset, PairDataset)
    assert shades(dataset.sources_of(torch.arange(3))) == [0, 6, 12]
    assert shades(dataset.take(torch.arange(3))[0]) == [1, 7, 13]


def test_a_holdout_is_brought_to_the_same_form(folder: Path, tmp_path: Path) -> None:
    dataset, config = open_data(str(folder), **PAIRED, size=(16, 16))
    other = tmp_path / "other"
    draw(other / "A" / "1.png", 0, size=(20, 20), mode="L")
    draw(other / "B" / "1.png", 1, size=(20, 20))
    held, _ = open_holdout(str(other), space=dataset.space, like=config)
    assert held.space == dataset.space


def test_what_lies_there_is_described(folder: Path) -> None:
    text = scan_data(str(folder), **PAIRED)
    assert text is not None
    assert "aligned pairs: 10 in" in text
    assert "8 x 10" in text
    assert isinstance(open_data(str(folder), **LOOSE)[1], PairsConfig)


def test_domains_in_folders_in_folders(tmp_path: Path) -> None:
    above = "x/" * 2_000
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("A/1.png", "B/1.png"):
            archive.writestr(above + name, b"")
    assert two_domains(str(tmp_path / "a.zip")) == (f"{above}A", f"{above}B")
