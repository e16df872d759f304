"""What an audit says of texts: who was trained on, and how well canaries are known."""

from pathlib import Path

import pandas as pd
import pytest

import zerosum as zs
from zerosum.errors import DataError, PrivacyError
from zerosum.modalities.strings.auditing import exposures
from zerosum.modalities.strings.canaries import make_canaries, others_than
from zerosum.modalities.strings.simulated.notes import simulate_notes
from zerosum.workflows.data import open_data

OPTIONS = {"text": "note", "pieces": "characters", "canaries": 6}


def short(notes: pd.DataFrame) -> pd.DataFrame:
    """Notes of their first sentence alone, which are learned sooner."""
    first = notes["note"].str.split(".").str[0]
    return notes[["age", "sex", "diagnosis", "drug", "weeks", "better"]].assign(note=first)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return short(simulate_notes(150).to_pandas())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame) -> zs.TextModel:
    return zs.train(
        "text", frame, out=tmp_path_factory.mktemp("audit") / "run", samples=16 * 300, quiet=True,
        set={"game.generator.width": 96, "game.generator.rank": 48, "game.attributes.width": 32,
             "optimisation.batch_size": 16},
        referee="off", options=OPTIONS, threads=1, precision="fp32", layout="contiguous",
        compile=False,
    )  # fmt: skip


def test_canaries_differ_in_their_numbers_alone() -> None:
    one, two = make_canaries(2)
    assert (one.times, two.times) == (1, 4)
    others = others_than(one.text, 50)
    assert len(others) == 50
    assert one.text not in others
    assert {other.rsplit(" ", 1)[0] for other in others} == {one.text.rsplit(" ", 1)[0]}


def test_what_is_planted_often_is_exposed(model: zs.TextModel, frame: pd.DataFrame) -> None:
    dataset, _ = open_data(frame, spaces=("string",), **OPTIONS)
    assert len(dataset) == 150 + 2 * (1 + 4 + 16)
    train = dataset.resident
    assert train is not None
    found = exposures(model, train[0])
    assert [*found] == [one.text for one in model.texts.canaries]
    often = [found[one.text] for one in model.texts.canaries if one.times == 16]
    assert all(0 <= bits <= 10 for bits in found.values())
    assert max(often) > 4


def test_an_audit_covers_rows_and_words(model: zs.TextModel, frame: pd.DataFrame) -> None:
    held = short(simulate_notes(60, seed=3).to_pandas())
    found = zs.audit(model, data=frame, holdout=held, attacks=20, n=100)
    assert found["membership_likelihood"].main.value > 0
    assert len([*found]) > 3
    said = " ".join(found.warnings)
    assert "Canaries that stand in 16 training rows: exposure" in said
    assert "Canaries that stand in 1 training row: exposure" in said
    assert "Membership by likelihood" in found.page()


def test_what_cannot_be_planted_or_promised(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="canaries"):
        open_data(frame, spaces=("string",), holdout=0.2, **OPTIONS)
    with pytest.raises(PrivacyError, match="not bounded"):
        open_data(frame, spaces=("string",), private=True, text="note")
