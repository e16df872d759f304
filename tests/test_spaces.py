"""Spaces: there and back without loss, in JSON and in numbers."""

from typing import Any

import pytest
import torch

from zerosum.data.base import ArrayDataset
from zerosum.errors import ConfigError
from zerosum.spaces import Batch, ImageSpace, PointSpace, Space


def test_every_byte_survives() -> None:
    space = ImageSpace(channels=1, height=16, width=16)
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    x = space.to_model(pixels)
    assert x.dtype == torch.float32
    assert (float(x.min()), float(x.max())) == (-1.0, 1.0)
    assert torch.equal(space.to_data(x), pixels)


def test_pictures_are_clamped_and_the_input_is_left_alone() -> None:
    space = ImageSpace(channels=1, height=1, width=3)
    x = torch.tensor([-7.0, 0.0, 7.0]).reshape(1, 1, 1, 3)
    assert space.to_data(x).flatten().tolist() == [0, 128, 255]
    assert x.flatten().tolist() == [-7.0, 0.0, 7.0]


def test_packs_join_samples_along_the_first_dimension() -> None:
    pictures = ImageSpace(channels=3, height=8, width=9, labels=("a",), label_counts=(4,))
    assert pictures.packed(2) == ImageSpace(
        channels=6, height=8, width=9, labels=("a",), label_counts=(4,)
    )
    points = PointSpace(center=(1.0, 2.0), scale=(3.0, 4.0))
    assert points.packed(2) == PointSpace(center=(1.0, 2.0, 1.0, 2.0), scale=(3.0, 4.0, 3.0, 4.0))
    a, b = torch.tensor([1.0, 5.0]), torch.tensor([-7.0, 0.0])
    joined = points.packed(2).to_model(torch.cat([a, b]))
    assert torch.equal(joined, torch.cat([points.to_model(a), points.to_model(b)]))


def test_half_precision_is_accepted() -> None:
    space = ImageSpace(channels=1, height=1, width=2)
    x = torch.tensor([[[[-1.0, 1.0]]]], dtype=torch.bfloat16)
    assert space.to_data(x).flatten().tolist() == [0, 255]


def test_points_are_centred_and_scaled() -> None:
    points = torch.tensor([[0.0, 5.0], [4.0, 5.0]])
    space = ArrayDataset(points, name="points").space
    assert space == PointSpace(center=(2.0, 5.0), scale=(2.0, 1.0))  # a constant keeps scale 1
    assert space.to_model(points).tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert torch.equal(space.to_data(space.to_model(points)), points)


def test_shapes_and_sizes() -> None:
    image = ImageSpace(channels=3, height=4, width=5)
    vector = PointSpace(center=(0.0,) * 7, scale=(1.0,) * 7)
    assert (image.shape, image.size, image.num_labels) == ((3, 4, 5), 60, 0)
    assert (vector.shape, vector.size) == ((7,), 7)
    assert Batch(torch.zeros(6, 2)).size == 6


@pytest.mark.parametrize(
    "space",
    [
        ImageSpace(channels=4, height=3, width=9, labels=("a", "ü"), label_counts=(1, 2)),
        PointSpace(center=(0.1, 1 / 3), scale=(1e-20, 1e20)),
    ],
    ids=lambda space: space.kind,
)
def test_json_and_back(space: Space) -> None:
    assert Space.from_json(space.to_json()) == space


def test_labels_need_counts() -> None:
    with pytest.raises(ConfigError, match="2 labels but 1 label counts"):
        ImageSpace(channels=1, height=1, width=1, labels=("a", "b"), label_counts=(1,))


@pytest.mark.parametrize("side", [0, -1, "wide"])
def test_impossible_sides_are_refused(side: object) -> None:
    body = {"kind": "image", "channels": 1, "height": 8, "width": side}
    with pytest.raises(ConfigError, match="width"):
        Space.from_json(body)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "point", "center": [0.0], "scale": [0.0]},
        {"kind": "point", "center": [0.0], "scale": [-1.0]},
        {"kind": "point", "center": [0.0], "scale": [float("nan")]},
        {"kind": "point", "center": [0.0], "scale": [1.0, 1.0]},
        {"kind": "point", "center": [], "scale": []},
        {"kind": "point", "center": [0], "scale": [1], "labels": ["a"], "label_counts": [-1]},
        {"kind": "point", "center": [0], "scale": [1], "labels": ["a"], "label_counts": [0]},
    ],
)
def test_a_space_that_cannot_be(body: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Space.from_json(body)
