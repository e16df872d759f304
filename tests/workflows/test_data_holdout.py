"""A holdout is opened in the form of the training data, and is not the training data itself."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.data.base import ArrayDataset
from zerosum.errors import DataError
from zerosum.modalities.images.arrays import ImagesFile
from zerosum.modalities.points.toy import RingConfig
from zerosum.workflows.data import open_data, open_holdout

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 8, 9), dtype=np.uint8)
LABELS = np.arange(12) % 3


@pytest.mark.parametrize("name", ["ring", "grid", "spiral", "moons", "sprites"])
def test_a_built_in_mixture_comes_from_another_seed(name: str) -> None:
    dataset, config = open_data(name)
    holdout, other = open_holdout(name, space=dataset.space, like=config)
    assert config is not None
    assert other == config.with_values({"seed": 1})
    assert holdout.fingerprint != dataset.fingerprint
    assert holdout.space.labels == dataset.space.labels


def test_a_mixture_keeps_what_else_was_said_of_it() -> None:
    like = RingConfig(num_modes=5, std=0.1, num_samples=100, seed=6)
    _, config = open_holdout("ring", space=like.build().space, like=like)
    assert config == RingConfig(num_modes=5, std=0.1, num_samples=100, seed=7)


def test_the_digits_are_what_they_are() -> None:
    dataset, config = open_data("digits")
    assert open_holdout("digits", space=dataset.space, like=config)[0].fingerprint == (
        dataset.fingerprint
    )


def test_an_npz_gives_its_test_split(tmp_path: Path) -> None:
    path = tmp_path / "both.npz"
    np.savez(path, x_train=PIXELS[:8], y_train=LABELS[:8], x_test=PIXELS[8:], y_test=LABELS[8:])
    dataset, like = open_data(path)
    holdout, config = open_holdout(path, space=dataset.space, like=like)
    assert config == ImagesFile(path=str(path), split="test")
    assert holdout.take(torch.arange(4))[0][:, 0].numpy().tolist() == PIXELS[8:].tolist()
    assert config is not None
    assert config.build().fingerprint == holdout.fingerprint


def test_an_npz_without_a_test_split_gives_what_it_has(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=PIXELS[8:])
    dataset, _ = open_data(PIXELS[:8])
    holdout, config = open_holdout(tmp_path / "a.npz", space=dataset.space)
    assert (len(holdout), config) == (4, ImagesFile(path=str(tmp_path / "a.npz"), size=(8, 9)))
    with pytest.raises(DataError, match="It needs the array x_test, and y_test for"):
        ImagesFile(path=str(tmp_path / "a.npz"), split="test").build()


def write_pictures(folder: Path, *sizes: tuple[int, int]) -> Path:
    for i, size in enumerate(sizes):
        name = folder / ("a" if i % 2 else "b") / f"{i}.png"
        name.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (i, i, i)).save(name)
    return folder


def test_a_folder_is_brought_to_the_form_of_the_training_data(tmp_path: Path) -> None:
    train = write_pictures(tmp_path / "train", (20, 30), (30, 20))
    test = write_pictures(tmp_path / "test", (40, 40), (40, 40))
    dataset, like = open_data(train, size=(8, 10), fit="contain", channels=1, labels="none")
    holdout, _ = open_holdout(test, space=dataset.space, like=like)
    assert holdout.space == dataset.space
    dataset, like = open_data(train)  # of many sizes, so 64 x 64
    assert open_holdout(test, space=dataset.space, like=like)[0].space.shape == (3, 64, 64)
    dataset, like = open_data(test)
    assert open_holdout(train, space=dataset.space, like=like)[0].space.shape == (3, 64, 64)


def test_arrays_take_the_options_that_apply(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "train", (20, 30), (30, 20))
    dataset, like = open_data(folder, size=(8, 10), channels=1)
    assert open_holdout(PIXELS, space=dataset.space, like=like)[0].space.shape == (1, 8, 10)


def test_a_dataset_is_taken_as_it_is() -> None:
    dataset = ArrayDataset(torch.zeros(4, 2), name="mine")
    assert open_holdout(dataset, space=dataset.space, like=None) == (dataset, None)
    assert open_holdout(RingConfig(num_samples=9), space=dataset.space)[1] == RingConfig(
        num_samples=9
    )


def test_a_holdout_that_is_not_there() -> None:
    space = open_data("ring")[0].space
    with pytest.raises(DataError, match="Did you mean 'ring'"):
        open_holdout("ringg", space=space)
