"""Extractors by the names that users give."""

from pathlib import Path

import pytest
import torch

from zerosum.data.base import ArrayDataset
from zerosum.errors import EvaluationError
from zerosum.workflows.features import choose_features

POINTS = ArrayDataset(torch.arange(60.0).reshape(30, 2), name="points")


@pytest.mark.parametrize(("name", "full"), [("pixels", "pixels"), ("self", "self-2")])
def test_a_name_gives_an_extractor(
    name: str, full: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEROSUM_CACHE", str(tmp_path))
    extractor = choose_features(name, POINTS).extractor
    assert extractor.name == full
    assert extractor(POINTS.resident[0]).shape == (30, extractor.num_features)


@pytest.mark.parametrize("name", ["efficientnet", "inception"])
def test_pictures_only(name: str) -> None:
    with pytest.raises(EvaluationError, match=r"no features .* for points.*pixels, self"):
        choose_features(name, POINTS)


def test_an_unknown_name_is_met_with_the_nearest() -> None:
    with pytest.raises(EvaluationError, match=r"'pixel' for points. Did you mean 'pixels'"):
        choose_features("pixel", POINTS)
