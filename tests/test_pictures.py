"""Grids of images: right size and right pixels."""

import numpy as np
import pytest
import torch

from zerosum.pictures import draw_grid, to_pil


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "L"), (3, "RGB"), (4, "RGBA")])
def test_grid_has_its_size_and_pixels(channels: int, mode: str) -> None:
    images = torch.arange(5 * channels * 40 * 70).remainder(251).to(torch.uint8)
    images = images.reshape(5, channels, 40, 70)
    sheet = draw_grid(images, columns=3, gap=2)
    assert sheet.mode == mode
    assert sheet.size == (3 * 72 + 2, 2 * 42 + 2)
    pixels = np.asarray(sheet).reshape(sheet.height, sheet.width, -1)
    for i in range(5):
        top, left = 2 + i // 3 * 42, 2 + i % 3 * 72
        tile = images[i].permute(1, 2, 0).numpy()
        expected = np.asarray(to_pil(tile)).reshape(40, 70, -1)
        assert np.array_equal(pixels[top : top + 40, left : left + 70], expected)
    assert (pixels[44:, 146:] == 255).all()  # the sixth place is empty
    assert (pixels[:2] == 255).all()


def test_small_pictures_are_enlarged_without_smoothing() -> None:
    images = torch.tensor([0, 200], dtype=torch.uint8).reshape(1, 1, 1, 2)
    pixels = np.asarray(draw_grid(images))
    assert pixels.shape == (32 + 4, 64 + 4)
    assert set(pixels[2:34, 2:34].flat) == {0}
    assert set(pixels[2:34, 34:66].flat) == {200}


def test_grid_is_about_square() -> None:
    assert draw_grid(torch.zeros(16, 1, 8, 8, dtype=torch.uint8)).size == (4 * 66 + 2, 4 * 66 + 2)
    wide = draw_grid(torch.zeros(16, 1, 64, 256, dtype=torch.uint8))
    assert wide.size == (2 * 258 + 2, 8 * 66 + 2)
