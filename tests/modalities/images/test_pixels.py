"""One image: the four fits, channels, bit depths, orientation, and files that are none."""

import io
import struct
import zlib
from pathlib import Path
from typing import IO

import numpy as np
import pytest
import torch
from PIL import Image
from typing_extensions import Buffer

from zerosum.data.archives import Folder
from zerosum.errors import DataError
from zerosum.modalities.images.pixels import Fit, fit_image, read_form, read_pixels


def halves(height: int, width: int) -> Image.Image:
    """Red on the left, blue on the right, each half of the width."""
    array = np.zeros((height, width, 3), np.uint8)
    array[:, : width // 2, 0] = 255
    array[:, width // 2 :, 2] = 255
    return Image.fromarray(array)


def read(path: Path, size: tuple[int, int], fit: Fit = "cover", channels: int = 3) -> torch.Tensor:
    return read_pixels(Folder(path.parent), path.name, size, fit, channels)


def form(path: Path) -> tuple[int, int, int]:
    return read_form(Folder(path.parent), path.name)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG that is all header."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_cover_fills_and_cuts_the_sides() -> None:
    x = fit_image(halves(40, 120), (20, 20), "cover", 3)
    assert x.shape == (3, 20, 20)
    # Scaled to 20 x 60 and cut to the middle 20 columns: still half red, half blue, no black.
    assert bool((x[0, :, :8] > 250).all())
    assert bool((x[2, :, 12:] > 250).all())
    assert int(x.sum(0).min()) >= 250


def test_contain_keeps_everything_and_adds_borders() -> None:
    x = fit_image(halves(40, 120), (30, 30), "contain", 3)
    assert x.shape == (3, 30, 30)
    # Scaled to 10 x 30: rows 10 to 19 hold it, the rest is black.
    assert int(x[:, :10].max()) == int(x[:, 20:].max()) == 0
    assert bool((x[0, 10:20, :13] > 250).all())
    assert bool((x[2, 10:20, 17:] > 250).all())


def test_stretch_ignores_proportions() -> None:
    x = fit_image(halves(40, 120), (30, 10), "stretch", 3)
    assert x.shape == (3, 30, 10)
    assert bool((x[0, :, :3] > 250).all())
    assert bool((x[2, :, 7:] > 250).all())


def test_crop_takes_the_middle_as_it_is() -> None:
    array = np.arange(48, dtype=np.uint8).reshape(6, 8)
    x = fit_image(Image.fromarray(array), (2, 4), "crop", 1)
    assert np.array_equal(x[0].numpy(), array[2:4, 2:6])


def test_crop_of_a_smaller_picture_is_refused() -> None:
    with pytest.raises(DataError, match="an image of 6 x 8 is smaller than the crop of 7 x 8"):
        fit_image(Image.new("L", (8, 6)), (7, 8), "crop", 1)


@pytest.mark.parametrize("fit", ["cover", "contain", "stretch", "crop"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_right_size_is_left_alone(fit: Fit, channels: int) -> None:
    array = np.random.default_rng(0).integers(0, 256, (5, 9, channels), dtype=np.uint8)
    image = Image.fromarray(array[..., 0] if channels == 1 else array)
    x = fit_image(image, (5, 9), fit, channels)
    assert np.array_equal(x.permute(1, 2, 0).numpy(), array)


@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
@pytest.mark.parametrize("size", [(1, 1), (3, 50), (50, 3), (64, 64)])
def test_any_size_is_reached(fit: Fit, size: tuple[int, int]) -> None:
    for given in ((1, 1), (2, 37), (37, 2)):
        assert fit_image(Image.new("L", given, 9), size, fit, 1).shape == (1, *size)


def test_crop_of_a_jpeg_is_not_shrunk(tmp_path: Path) -> None:
    image = Image.new("RGB", (256, 256), "white")
    image.paste("black", (64, 64, 192, 192))
    image.save(tmp_path / "a.jpg", quality=95)
    assert int(read(tmp_path / "a.jpg", (64, 64), "crop").max()) < 30
    assert int(read(tmp_path / "a.jpg", (64, 64), "cover").max()) > 225


@pytest.mark.parametrize(
    ("mode", "channels"), [("1", 1), ("L", 1), ("LA", 4), ("P", 3), ("RGB", 3), ("RGBA", 4)]
)
def test_channels_of_modes(mode: str, channels: int, tmp_path: Path) -> None:
    Image.new("RGB", (7, 5), (255, 255, 255)).convert(mode).save(tmp_path / "a.png")
    assert form(tmp_path / "a.png") == (5, 7, channels)
    for wanted in (1, 3, 4):
        x = read(tmp_path / "a.png", (5, 7), channels=wanted)
        assert x.shape == (wanted, 5, 7)
        assert int(x.min()) == 255


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "gif", "tif", "ppm"])
def test_formats(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    Image.new("RGB", (12, 8), (200, 200, 200)).save(path)
    assert form(path)[:2] == (8, 12)
    assert abs(int(read(path, (4, 6)).float().mean()) - 200) <= 2


def test_cmyk_becomes_colour(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    assert form(tmp_path / "a.jpg") == (8, 8, 3)
    red, green, blue = read(tmp_path / "a.jpg", (8, 8)).float().mean((1, 2)).tolist()
    assert red > 240
    assert max(green, blue) < 15


@pytest.mark.parametrize("channels", [1, 3])
def test_transparent_places_turn_white(channels: int, tmp_path: Path) -> None:
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 2, 4))
    image.save(tmp_path / "a.png")
    x = read(tmp_path / "a.png", (4, 4), channels=channels)
    assert int(x[:, :, :2].max()) == 0
    assert int(x[:, :, 2:].min()) == 255


def test_palette_with_transparency(tmp_path: Path) -> None:
    image = Image.new("P", (4, 2), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((0, 0), 0)
    image.save(tmp_path / "a.png", transparency=0)
    assert form(tmp_path / "a.png") == (2, 4, 4)
    x = read(tmp_path / "a.png", (2, 4), channels=4)
    assert x[3].tolist() == [[0, 255, 255, 255], [255] * 4]
    assert x[:, 1, 1].tolist() == [200, 100, 50, 255]
    assert read(tmp_path / "a.png", (2, 4))[:, 0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize(("ending", "order"), [("png", "<u2"), ("tif", "<u2"), ("tif", ">u2")])
def test_16_bit_grey_keeps_the_high_byte(ending: str, order: str, tmp_path: Path) -> None:
    values = np.array([[0, 255, 256], [32768, 65279, 65535]], dtype=order)
    path = tmp_path / f"a.{ending}"
    mode = "I;16B" if order == ">u2" else "I;16"
    Image.frombytes(mode, (3, 2), values.tobytes()).save(path)
    assert form(path) == (2, 3, 1)
    assert read(path, (2, 3), channels=1)[0].tolist() == [[0, 0, 1], [128, 254, 255]]
    assert read(path, (2, 3), channels=3)[2].tolist() == [[0, 0, 1], [128, 254, 255]]


def test_numbers_beyond_16_bits_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 70_000]], dtype=np.int32)).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match="pixels go from 0 to 70000; save it with 8 or 16 bits"):
        read(tmp_path / "a.tif", (1, 2), channels=1)


def test_floating_point_pixels_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0.0, 0.5]], dtype=np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match="floating-point numbers; save it with 8 or 16 bits"):
        form(tmp_path / "a.tif")


# Where the corner that is red in the upright image lies in the file, for each orientation.
RED = {1: "top left", 2: "top right", 3: "bottom right", 4: "bottom left",
       5: "top left", 6: "bottom left", 7: "bottom right", 8: "top right"}  # fmt: skip


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_pictures_are_turned_upright(turn: int, ending: str, tmp_path: Path) -> None:
    height, width = (32, 64) if turn < 5 else (64, 32)  # upright it is 32 x 64
    stored = Image.new("RGB", (width, height), "blue")
    down, across = RED[turn].split()
    top, left = (height - 16) * (down == "bottom"), (width - 16) * (across == "right")
    stored.paste("red", (left, top, left + 16, top + 16))
    exif = Image.Exif()
    exif[0x0112] = turn
    path = tmp_path / f"a.{ending}"
    stored.save(path, exif=exif)
    assert form(path) == (32, 64, 3)
    x = read(path, (32, 64))
    assert int(x[0, 2:14, 2:14].min()) > 200
    assert int(x[0, :, 20:].max()) < 60
    assert int(x[0, 20:].max()) < 60
    assert int(read(path, (8, 16))[0, 1:3, 1:3].min()) > 180  # a JPEG is decoded smaller here


def test_turning_a_photo_loses_no_sharpness(tmp_path: Path) -> None:
    stripes = np.zeros((800, 200, 3), np.uint8)
    for start in range(0, 200, 8):  # seen at half the size, gone at an eighth
        stripes[:, start : start + 4] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(stripes)
    image.save(tmp_path / "turned.png", exif=exif)
    image.save(tmp_path / "turned.jpg", exif=exif, quality=95, subsampling=0)
    assert form(tmp_path / "turned.jpg") == (200, 800, 3)
    sharp = read(tmp_path / "turned.png", (100, 25)).float()
    fast = read(tmp_path / "turned.jpg", (100, 25)).float()
    assert float(sharp.std()) > 80
    assert float((sharp - fast).abs().mean()) < 10


def test_a_broken_exif_block_is_ignored(tmp_path: Path) -> None:
    Image.new("L", (4, 6)).save(tmp_path / "a.jpg", exif=b"Exif\x00\x00garbage that is no TIFF")
    assert form(tmp_path / "a.jpg") == (6, 4, 1)
    assert read(tmp_path / "a.jpg", (6, 4), channels=1).shape == (1, 6, 4)


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read(tmp_path / "a.gif", (4, 4))[:, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"no image at all", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (png_claiming(8001, 8000), "huge: 8000 x 8001 pixels, the limit is 64,000,000"),
        (png_claiming(10_000, 10_000), "huge: "),
        (png_claiming(60_000, 60_000), "huge: it has far more pixels"),
    ],
)
def test_files_that_are_no_pictures(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=reason):
        form(tmp_path / "a.png")
    with pytest.raises(DataError, match=reason):
        read(tmp_path / "a.png", (2, 2))


def test_a_truncated_picture_has_a_header_and_no_pixels(tmp_path: Path) -> None:
    whole = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole, "PNG")
    (tmp_path / "a.png").write_bytes(whole.getvalue()[:3000])
    assert form(tmp_path / "a.png") == (64, 64, 3)
    with pytest.raises(DataError, match="cannot be decoded: image file is truncated"):
        read(tmp_path / "a.png", (8, 8))


class Counted(io.FileIO):
    """A file that knows how much of it was read."""

    total = 0

    def readinto(self, buffer: Buffer, /) -> int | None:
        count = super().readinto(buffer)
        self.total += count or 0
        return count


class CountedFolder(Folder):
    """A folder that keeps the last file it opened."""

    raw: Counted

    def open(self, name: str) -> IO[bytes]:
        with super().open(name) as handle:
            self.raw = Counted(handle.name)
        return io.BufferedReader(self.raw)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_the_header_alone_is_read(ending: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    path = tmp_path / f"a.{ending}"
    Image.fromarray(noise).save(path, quality=100)
    folder = CountedFolder(tmp_path)
    assert read_form(folder, path.name) == (600, 600, 3)
    assert 0 < folder.raw.total < 20_000 < path.stat().st_size / 10
    assert folder.raw.closed


@pytest.mark.parametrize("shape", [(1, 1_100_000), (1_100_000, 1)])
def test_a_picture_that_covering_would_make_endless(shape: tuple[int, int]) -> None:
    strip = Image.new("L", shape)
    with pytest.raises(DataError, match=r"is too narrow: it would become .*--fit contain"):
        fit_image(strip, (64, 64), "cover", 1)
    assert fit_image(strip, (64, 64), "contain", 1).shape == (1, 64, 64)
