"""Clips from animations, videos, folders of frames and arrays, and what is refused or told."""

import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.data.base import Dataset
from zerosum.errors import DataError
from zerosum.modalities.clips.bouncing import simulate
from zerosum.modalities.clips.space import ClipSpace
from zerosum.models.video import write_video
from zerosum.workflows.data import open_data, open_holdout, scan_data


def frames_of(n: int, *, side: int = 16, start: int = 0) -> list[Image.Image]:
    """A bright column that moves right, a pixel each frame, on grey."""
    pixels = np.full((n, side, side), 40, np.uint8)
    for i in range(n):
        pixels[i, :, (start + i) % side] = 250
    return [Image.fromarray(one) for one in pixels]


def write_gif(path: Path, images: list[Image.Image], *, pause: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    images[0].save(path, save_all=True, append_images=images[1:], duration=pause, loop=0)


@pytest.fixture
def gifs(tmp_path: Path) -> Path:
    for i in range(10):
        write_gif(tmp_path / "gifs" / f"{i}.gif", frames_of(8, start=i))
    return tmp_path / "gifs"


def opened(data: Any, **options: Any) -> Dataset:
    return open_data(data, spaces=("clip",), **options)[0]


def space_of(dataset: Dataset) -> ClipSpace:
    assert isinstance(dataset.space, ClipSpace)
    return dataset.space


def refusal(data: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        opened(data, **options)
    return str(caught.value)


def columns(clip: torch.Tensor) -> list[int]:
    """Where the bright column is in each frame of `[T, C, H, W]`."""
    return clip[:, 0].float().mean(1).argmax(1).tolist()


def test_a_folder_of_animations(gifs: Path) -> None:
    dataset = opened(gifs)
    space = space_of(dataset)
    assert (len(dataset), space.frames, space.channels, space.rate) == (10, 8, 1, 10)
    assert (space.height, space.width, space.labels) == (16, 16, ())
    x, _ = dataset.take(torch.arange(10))
    assert [columns(one) for one in x] == [[(i + t) % 16 for t in range(8)] for i in range(10)]
    assert dataset.notes == ()
    assert dataset.items[3] == "3.gif"
    assert scan_data(gifs, spaces=("clip",)) == "10 clips: 10 of 16 x 16; 8 frames"


def test_frames_that_stand_still_are_kept(tmp_path: Path) -> None:
    """Pillow joins equal frames into one that is shown longer."""
    still = frames_of(1)
    for i in range(8):
        write_gif(tmp_path / f"{i}.gif", [*frames_of(2), *still, *still, *frames_of(3, start=1)])
    dataset = opened(tmp_path)
    assert space_of(dataset).frames == 7
    x, _ = dataset.take(torch.arange(1))
    assert columns(x[0]) == [0, 1, 0, 0, 1, 2, 3]


def test_subfolders_are_labels_and_a_zip_is_the_same(gifs: Path, tmp_path: Path) -> None:
    for i in range(10):
        place = tmp_path / "sorted" / ("left" if i % 2 else "right")
        place.mkdir(parents=True, exist_ok=True)
        (gifs / f"{i}.gif").rename(place / f"{i}.gif")
    dataset = opened(tmp_path / "sorted")
    assert dataset.space.labels == ("left", "right")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in sorted((tmp_path / "sorted").rglob("*.gif")):
            archive.write(path, path.relative_to(tmp_path / "sorted"))
    again = opened(tmp_path / "all.zip")
    assert again.fingerprint == dataset.fingerprint


def test_long_files_are_cut_and_short_ones_left(gifs: Path) -> None:
    write_gif(gifs / "long.gif", frames_of(27))
    write_gif(gifs / "short.gif", frames_of(5))
    dataset = opened(gifs, frames=8)
    assert len(dataset) == 10 + 3
    assert any("1 file is longer than 8 frames and cut into" in note for note in dataset.notes)
    assert any("shorter than 8 frames, and not used: short.gif" in one for one in dataset.notes)
    assert len(opened(gifs, frames=8, windows=1)) == 11


def test_rates_are_brought_together_and_told(gifs: Path) -> None:
    write_gif(gifs / "fast.gif", frames_of(16), pause=50)
    dataset = opened(gifs)
    x, _ = dataset.take(torch.tensor([dataset.items.index("fast.gif")]))
    assert columns(x[0]) == [1, 3, 5, 7, 9, 11, 13, 15]
    assert any("10 of 10, 1 of 20; all files are brought to 10" in one for one in dataset.notes)


def test_sizes_are_brought_together_and_told(gifs: Path) -> None:
    write_gif(gifs / "wide.gif", frames_of(8, side=21))
    dataset = opened(gifs)
    assert (space_of(dataset).height, space_of(dataset).width) == (32, 32)
    assert any("brought to 32 x 32" in note for note in dataset.notes)
    assert space_of(opened(gifs, size="16x24")).shape == (1, 8, 16, 24)


def test_a_video(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="the extra `video` is not installed")
    write_video(tmp_path / "a.mp4", frames_of(72, side=32), frames_per_second=Fraction(12))
    dataset = opened(tmp_path / "a.mp4", frames=8)
    assert (len(dataset), space_of(dataset).rate) == (9, 12)
    x, _ = dataset.take(torch.arange(9))
    assert [columns(one) for one in x[:2]] == [[*range(8)], [*range(8, 16)]]
    slower = opened(tmp_path, frames=4, rate=6)
    assert columns(slower.take(torch.arange(1))[0][0]) == [1, 3, 5, 7]


def test_a_long_animation_is_cut_too(tmp_path: Path) -> None:
    first, *others = frames_of(72)
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=100)
    dataset, _ = open_data(tmp_path / "a.gif", spaces=("clip",), frames=8)
    assert len(dataset) == 9
    assert open_data(tmp_path / "a.gif")[0].space.kind == "texture"


def test_folders_of_frames(tmp_path: Path) -> None:
    for i in range(8):
        place = tmp_path / ("a" if i < 4 else "b") / f"clip{i}"
        place.mkdir(parents=True)
        for t, image in enumerate(frames_of(12, start=i)):
            image.save(place / f"frame{t}.png")
    dataset = opened(tmp_path)
    assert dataset.space.labels == ("a", "b")
    assert space_of(dataset).frames == 12
    x, _ = dataset.take(torch.arange(1))
    assert columns(x[0]) == [*range(12)]
    assert any("folders of frames have no rate: 8" in note for note in dataset.notes)
    assert not opened(tmp_path, rate=25).notes


@pytest.mark.parametrize("form", ["last", "first", "plain", "floats", "torch"])
def test_arrays(form: str, tmp_path: Path) -> None:
    clips = simulate(9, things="ball" if form == "plain" else "sprites")[0]
    forms: dict[str, Any] = {
        "last": clips.permute(0, 1, 3, 4, 2).numpy(), "first": clips.numpy(),
        "plain": clips[:, :, 0].numpy(), "floats": clips.numpy() / 255, "torch": clips,
    }  # fmt: skip
    data = forms[form]
    if form != "torch":
        np.savez(tmp_path / "x.npz", x=data, y=np.arange(9) % 2)
        data = tmp_path / "x.npz"
    dataset = opened(data)
    assert dataset.take(torch.arange(9))[0].equal(clips)
    assert space_of(dataset).rate == 8


def test_arrays_are_cut_and_resized() -> None:
    clips = simulate(8, frames=12)[0]
    dataset = opened((clips.numpy(), np.arange(8) % 2), frames=5, size=24)
    assert space_of(dataset).shape == (1, 5, 24, 24)
    assert len(dataset) == 16
    assert dataset.notes == ("clips of 12 frames are cut into 2 of 5.",)


def test_broken_files_are_named(gifs: Path) -> None:
    (gifs / "bad.gif").write_bytes(b"GIF89a is not enough")
    (gifs / "empty.gif").write_bytes(b"")
    frames_of(1)[0].save(gifs / "single.gif")
    said = refusal(gifs)
    assert "3 unreadable files" in said
    assert "bad.gif: " in said
    assert "empty.gif: empty" in said
    assert "single.gif: it holds a single image, which is no clip" in said
    dataset = opened(gifs, skip_bad=True)
    assert len(dataset) == 10
    assert any("not used: bad.gif, empty.gif, single.gif" in note for note in dataset.notes)


def test_a_video_that_is_none(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="the extra `video` is not installed")
    (tmp_path / "a.mp4").write_bytes(b"no video at all" * 100)
    assert "a.mp4: cannot be decoded" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros((9, 1, 16, 16, 1), np.uint8), "4 frames or more"),
        (np.zeros((9, 8, 16, 16, 4), np.uint8), "has 4 channels"),
        (np.zeros((9, 8, 16, 16, 2), np.uint8), "1, 3 or 4 channels"),
        (np.zeros((9, 8, 4, 16, 1), np.uint8), "sides have 8 to 256"),
        (np.zeros((9, 80, 8, 8, 1), np.uint8), "a clip has 4 to 64"),
        (np.zeros((3, 8, 16, 16, 1), np.uint8), "learns from 8 or more"),
        (np.full((9, 8, 16, 16, 1), np.nan), "NaN"),
    ],
)
def test_bad_arrays(data: np.ndarray, words: str) -> None:
    assert words in refusal(data)


def test_more_frames_than_there_are(gifs: Path) -> None:
    assert "no clip of 20 frames" in refusal(gifs, frames=20)
    assert "have 8 frames, and 20 are asked for" in refusal(simulate(9)[0], frames=20)


def test_no_clips(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no clip")
    assert "no clips in" in refusal(tmp_path)
    frames_of(1)[0].save(tmp_path / "a.png")
    assert "no clips in" in refusal(tmp_path)


def test_images_are_still_images(gifs: Path) -> None:
    assert open_data(gifs)[0].space.kind == "image"


def test_a_holdout_takes_the_form_of_the_training_data(gifs: Path, tmp_path: Path) -> None:
    dataset, config = open_data(gifs, spaces=("clip",), frames=4, size=12)
    for i in range(9):
        write_gif(tmp_path / "later" / f"{i}.gif", frames_of(11, side=20), pause=50)
    held, _ = open_holdout(tmp_path / "later", space=dataset.space, like=config)
    assert space_of(held).shape == (1, 4, 12, 12)
    assert space_of(held).rate == 10
