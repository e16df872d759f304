"""Walks as videos: read back frame by frame, by size, speed and what is shown."""

import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.catalogue import modality_of
from zerosum.errors import MissingExtraError, RunError
from zerosum.models import video
from zerosum.models.walk import Walk
from zerosum.spaces import ImageSpace, PointSpace, Space

COLOUR = ImageSpace(channels=3, height=9, width=11)
POINTS = PointSpace(center=(0.0, 0.0), scale=(1.0, 1.0))


def walk_in(space: Space, frames: list[torch.Tensor]) -> Walk:
    return Walk(space, frames, preview=modality_of(space).preview)


def walk_of(space: Space, frames: int = 12, n: int = 3) -> Walk:
    """Samples that go around in a circle: brightness of images, or places of points."""
    angle = 2 * torch.pi * torch.arange(frames) / frames
    if isinstance(space, ImageSpace):
        level = (127 + 100 * angle.cos()).to(torch.uint8)
        return walk_in(space, [value.expand(n, *space.shape).contiguous() for value in level])
    ring = torch.stack([angle.cos(), angle.sin()], dim=1)
    return walk_in(space, [point + torch.arange(n)[:, None] for point in ring])


def read(path: Path) -> tuple[list[np.ndarray], Fraction, str, str]:
    """Frames `[H, W, 3]`, frames in a second, codec, form of pixels."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert stream.frames == len(frames)
        assert stream.average_rate is not None
        pixels = stream.pix_fmt
        assert pixels is not None
        return frames, stream.average_rate, stream.codec.name, pixels


@pytest.mark.parametrize("space", [COLOUR, COLOUR.packed(2), POINTS], ids=["rgb", "six", "points"])
def test_what_is_drawn_is_what_is_shown(space: Space, tmp_path: Path) -> None:
    walk = walk_of(space)
    path = walk.save(tmp_path / "new" / "w.MP4", frames_per_second=30)
    frames, speed, codec, pixels = read(path)
    drawn = [np.asarray(picture.convert("RGB")).astype(float) for picture in walk.pictures()]
    assert len(frames) == len(drawn) == 12
    assert (speed, pixels) == (30, "yuv420p")
    assert codec in ("h264", "mpeg4")
    height, width, _ = drawn[0].shape
    for shown, meant in zip(frames, drawn, strict=True):
        assert shown.shape == (height + height % 2, width + width % 2, 3)
        assert np.abs(shown[:height, :width] - meant).mean() < 4
    assert [entry.name for entry in path.parent.iterdir()] == ["w.MP4"]


@pytest.mark.parametrize("size", [(16, 17), (17, 16), (17, 17), (2, 1)])
def test_odd_sides_get_a_white_line(size: tuple[int, int], tmp_path: Path) -> None:
    width, height = size
    pictures = [Image.new("RGB", size, "black")] * 3
    video.write_video(tmp_path / "w.mp4", iter(pictures), frames_per_second=Fraction(5))
    frames, *_ = read(tmp_path / "w.mp4")
    assert frames[0].shape == (height + height % 2, width + width % 2, 3)
    if height % 2 and height > 2:
        assert frames[0][-1, : width - 1].mean() > 200
    if width % 2 and width > 2:
        assert frames[0][: height - 1, -1].mean() > 200
    if width > 2:
        assert frames[0][:8, :8].mean() < 20


def test_the_loop_closes(tmp_path: Path) -> None:
    frames, *_ = read(walk_of(COLOUR, frames=20).save(tmp_path / "w.mp4"))
    level = [float(frame[4:40, 4:40].mean()) for frame in frames]
    steps = [abs(level[i] - level[i - 1]) for i in range(20)]  # the first is from last to first
    assert steps[0] < max(steps[1:])
    assert max(level) - min(level) > 150


def test_speeds_that_are_no_whole_numbers(tmp_path: Path) -> None:
    _, speed, *_ = read(walk_of(COLOUR).save(tmp_path / "w.mp4", frames_per_second=23.976))
    assert float(speed) == pytest.approx(23.976, abs=1e-3)


def test_without_h264_the_next_encoder_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "CODECS", ("none_such", "mpeg4"))
    walk = walk_of(COLOUR)
    frames, _, codec, _ = read(walk.save(tmp_path / "w.mp4"))
    assert (codec, len(frames)) == ("mpeg4", 12)
    meant = np.asarray(walk.pictures()[5])
    assert np.abs(frames[5][: len(meant)].astype(float) - meant).mean() < 6


def test_one_frame(tmp_path: Path) -> None:
    assert len(read(walk_of(COLOUR, frames=1).save(tmp_path / "w.mp4"))[0]) == 1


@pytest.mark.parametrize(
    ("name", "speed", "message"),
    [
        ("w.avi", 20, r"cannot save a walk as \.avi\. Allowed: \.gif, \.mp4"),
        ("w.mp4", 0, r"0 frames per second; a \.mp4 takes 1 to 120"),
        ("w.mp4", 121, r"121 frames per second"),
        ("w.gif", 60, r"60 frames per second; a \.gif takes 1 to 50"),
        ("w.mp4", float("nan"), "nan frames per second"),
    ],
)
def test_refusals(name: str, speed: float, message: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=message):
        walk_of(COLOUR).save(tmp_path / name, frames_per_second=speed)
    assert not list(tmp_path.iterdir())


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot make"):
        walk_of(COLOUR).save(tmp_path / "file" / "w.mp4")


def test_a_frame_that_cannot_be_encoded_leaves_no_file(tmp_path: Path) -> None:
    wide = walk_in(ImageSpace(channels=1, height=2, width=40_000), [torch.zeros(1, 1, 2, 40_000)])
    wide._frames[0] = wide._frames[0].to(torch.uint8)
    with pytest.raises(RunError, match=r"cannot encode the video: .*Save as \.gif"):
        wide.save(tmp_path / "w.mp4")
    assert not list(tmp_path.iterdir())


def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)  # as if it were missing
    with pytest.raises(MissingExtraError, match=r"pip install 'zerosum\[video\]', or save as"):
        walk_of(COLOUR).save(tmp_path / "w.mp4")
    assert walk_of(COLOUR).save(tmp_path / "w.gif").is_file()


@pytest.mark.parametrize("name", ["w.gif", "w.mp4"])
def test_progress_is_told(name: str, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    walk_of(COLOUR, frames=3).save(tmp_path / name, progress=lambda *row: told.append(row))
    assert told == [("drawing frames", i, 3) for i in (1, 2, 3)]
