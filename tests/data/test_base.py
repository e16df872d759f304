"""Labels, spaces and fingerprints, whatever the form of the data."""

from typing import Any

import numpy as np
import pytest
import torch

from zerosum.catalogue import load_installed
from zerosum.data.base import ArrayDataset, DataConfig, encode_labels, fingerprint_of
from zerosum.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("values", "codes", "names"),
    [
        ([3, 1, 3], [1, 0, 1], ("1", "3")),
        ([10, 9, 2], [2, 1, 0], ("2", "9", "10")),
        (["10", "9", "2"], [2, 1, 0], ("2", "9", "10")),
        (["7", "07", "1"], [2, 1, 0], ("1", "07", "7")),
        (["10", "b", "9"], [0, 2, 1], ("10", "9", "b")),
        ([-1, 1], [0, 1], ("-1", "1")),
        ([1.0, 0.0], [1, 0], ("0", "1")),
        ([0.5, 0.25], [1, 0], ("0.25", "0.5")),
        ([True, False], [1, 0], ("False", "True")),
        ([b"dog", b"cat"], [1, 0], ("cat", "dog")),
        (np.array(["a", 1], dtype=object), [1, 0], ("1", "a")),
    ],
)
def test_labels_of_any_type(values: object, codes: list[int], names: tuple[str, ...]) -> None:
    found, labels = encode_labels(np.asarray(values))
    assert found.dtype == torch.int64
    assert found.tolist() == codes
    assert labels == names


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1], [2]], r"labels have shape \(2, 1\); give one label for each sample"),
        (3, r"labels have shape \(\)"),
        ([1.0, float("nan")], "NaN or infinite values"),
        (["a", None], "1 labels are missing"),
        (np.array(["a", float("nan")], dtype=object), "1 labels are missing"),
    ],
)
def test_labels_that_are_none(values: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        encode_labels(np.asarray(values))


def test_the_fingerprint_depends_on_the_content() -> None:
    x, y = torch.arange(12.0).reshape(6, 2), torch.arange(6) % 2
    changed = x.clone()
    changed[5, 1] += 1e-6 * 11
    prints = {
        fingerprint_of(x, None),
        fingerprint_of(x, y),
        fingerprint_of(x, 1 - y),
        fingerprint_of(x, y, ["a", "b"]),
        fingerprint_of(changed, None),
        fingerprint_of(x.flip(0), None),
        fingerprint_of(x.reshape(3, 4), None),
        fingerprint_of(x.view(torch.int32), None),
    }
    assert len(prints) == 8
    assert fingerprint_of(x.clone(), y.clone()) == fingerprint_of(x, y)
    assert fingerprint_of(x.T.contiguous().T, y) == fingerprint_of(x, y)


def test_an_array_dataset_gives_its_rows() -> None:
    x = torch.arange(12, dtype=torch.uint8).reshape(3, 1, 2, 2)
    dataset = ArrayDataset(x, torch.tensor([0, 2, 2]), name="x", labels="abc")
    assert len(dataset) == 3
    assert dataset.space.label_counts == (1, 0, 2)
    rows, codes = dataset.take(torch.tensor([2, 0]))
    assert torch.equal(rows, x[[2, 0]])
    assert codes is not None
    assert codes.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"kind": "ring", "num_samples": 10**12}, "num_samples"),
        ({"kind": "grid", "side": 10**6}, "side"),
        ({"kind": "sprites", "num_samples": 10**12}, "num_samples"),
        ({"kind": "reviews", "num_rows": 10**12}, "num_rows"),
        ({"kind": "images", "path": "a", "size": [10**9, 10**9]}, "size"),
    ],
)
def test_what_no_machine_could_hold_is_refused(config: dict[str, Any], field: str) -> None:
    load_installed()
    with pytest.raises(ConfigError, match=rf"{config['kind']}\.{field}.* less than or equal"):
        DataConfig.from_json(config)
