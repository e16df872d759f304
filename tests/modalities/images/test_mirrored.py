"""Images with their mirror images, held in memory and read from disk."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.modalities.images import folders
from zerosum.workflows.data import open_data, open_holdout

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 10, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of three images."""
    for i, pixels in enumerate(PIXELS):
        path = tmp_path / "photos" / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return tmp_path / "photos"


@pytest.mark.parametrize("streamed", [False, True])
def test_a_folder(folder: Path, streamed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if streamed:
        monkeypatch.setattr(folders, "RESIDENT_BYTES", 0)
    plain, _ = open_data(folder)
    both, config = open_data(folder, mirror=True)
    assert (len(plain), len(both)) == (6, 12)
    assert (both.resident is None) == streamed
    x, y = plain.take(torch.arange(6))
    made, labels = both.take(torch.tensor([11, 0, 6, 5]))
    assert torch.equal(made, torch.stack([x[5].flip(2), x[0], x[0].flip(2), x[5]]))
    assert y is not None
    assert labels is not None
    assert labels.tolist() == [int(y[i]) for i in (5, 0, 0, 5)]
    told = both.labels_of(torch.tensor([11]))
    assert told is not None
    assert told.tolist() == [int(y[5])]
    assert both.space == plain.space
    assert both.fingerprint != plain.fingerprint
    assert config is not None
    again, _ = open_data(config)
    assert again.fingerprint == both.fingerprint


def test_arrays() -> None:
    both, config = open_data(PIXELS, mirror=True)
    x, _ = both.take(torch.arange(12))
    assert torch.equal(x[6:], x[:6].flip(3))
    held, _ = open_holdout(PIXELS[:4], space=both.space, like=config)
    assert len(held) == 4, "a holdout is compared as it is"
