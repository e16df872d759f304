"""Every modality draws its small data set, alone and beside others."""

import pytest
import torch

from zerosum.catalogue import modality_of_kind


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("image", (530, 530)),
        ("point", (480, 480)),
        ("table", (480, 480)),
        ("series", (720, 170)),
        ("sound", (464, 502)),
    ],
)
def test_a_small_data_set_is_drawn(kind: str, size: tuple[int, int]) -> None:
    modality = modality_of_kind(kind)
    dataset = modality.small_dataset()
    x = dataset.take(torch.arange(64))[0]
    assert modality.preview.draw(dataset.space, x).size == size
    assert modality.preview.draw(dataset.space, x[:32], real=x[32:]).width > 100
    assert min(modality.preview.draw_one(dataset.space, x[0]).size) >= 8
