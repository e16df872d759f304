"""Runs of words that are a training text's own: none comes out, and who asks may have them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import zerosum as zs
from zerosum.errors import ConfigError, DataError
from zerosum.modalities.strings.copies import OwnRuns, own_runs, plain_words, words_of
from zerosum.modalities.strings.simulated.notes import simulate_notes
from zerosum.workflows.data import open_data

TEXTS = [
    "the nurse said that my mother should come back on monday morning with her papers",
    "i waited for two hours and nobody told me why the doctor was late that day",
    "short and sweet",
    "thank you very much for all your help today",
    "thank you very much for all your help today",
]


def test_what_is_a_text_s_own_is_known_again() -> None:
    known, repeats = own_runs(TEXTS, least=2)
    assert known.words == 8
    assert repeats == 0.4
    said = [
        f"Well: {TEXTS[0].upper()}!",
        "They said the doctor was late that day",
        "nobody told me why the doctor was late that day, sadly",
        TEXTS[2],
        TEXTS[3],
        "something else that nobody in the data has ever said",
    ]
    assert known.repeated(said).tolist() == [True, False, True, False, False, False]
    assert not own_runs(TEXTS, least=1)[0].repeated(said).any()


def test_runs_are_longer_where_reals_share_short_ones() -> None:
    notes = simulate_notes(400)["note"].to_pylist()
    known, repeats = own_runs(notes, least=5)
    assert known.words > 8
    assert repeats < 0.06
    assert np.mean(known.repeated(notes)) == 1
    assert np.mean(known.repeated(simulate_notes(400, seed=5)["note"].to_pylist())) < 0.1


def test_words_of_any_script() -> None:
    assert words_of("私は、2 goals!") == ["私", "は", "、", "2", "goals", "!"]
    assert plain_words("Don't_go 🎉 now.") == ["don", "t_go", "now"]


@pytest.mark.parametrize("hashes", ["AAAA!", "AAA=", "BAAAAAIAAAA="])
def test_runs_that_a_stranger_wrote_are_checked(hashes: str) -> None:
    with pytest.raises(ConfigError):
        OwnRuns(words=8, hashes=hashes)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, zs.TextModel]:
    """A model that knows few texts by heart, and may not or may say them."""
    frame = pd.DataFrame({"text": TEXTS[:3] * 20, "kind": ["a", "b", "c"] * 20})
    folder = tmp_path_factory.mktemp("copies")
    plain = {"threads": 1, "precision": "fp32", "layout": "contiguous", "compile": False}
    return {
        copies: zs.train(
            "text", frame, out=folder / copies, samples=16 * 160, quiet=True, referee="off",
            options={"text": "text", "copies": copies, "protect": 30},
            set={"game.generator.width": 96, "game.generator.rank": 48,
                 "game.attributes.width": 32, "optimisation.batch_size": 16}, **plain,
        )
        for copies in ("refused", "allowed")
    }  # fmt: skip


def test_copies_do_not_come_out(learned: dict[str, zs.TextModel]) -> None:
    model = learned["refused"]
    known = {TEXTS[0], TEXTS[1]}
    free = learned["allowed"].sample(60, seed=1)
    assert free["text"].isin(known).mean() > 0.2
    assert learned["allowed"].remark is None
    made = model.sample(60, seed=1)
    assert len(made) == 60
    assert model.texts.own is not None
    assert not model.texts.own.repeated([*made["text"]]).any()
    assert "repeat a training text, and others were made in their place" in str(model.remark)
    pd.testing.assert_frame_equal(model.sample(25, seed=1), made[:25])


def test_what_cannot_be_made_is_said(
    learned: dict[str, zs.TextModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    from zerosum.errors import ConditionError

    model = learned["refused"]
    monkeypatch.setattr("zerosum.modalities.tables.record_model._PATIENCE", 2)
    monkeypatch.setattr("zerosum.modalities.tables.record_model.TRIES", 1)
    with pytest.raises(ConditionError, match="Loosen what is asked"):
        model.sample(400, where={"text": f"{TEXTS[1][:60]}*"}, seed=2, batch_size=4)
    with pytest.raises(ConditionError, match="with weight no others"):
        model.sample(40, where={"text": f"{TEXTS[1][:60]}*"}, weight={"kind": {"a": 0.5}}, seed=2)


def test_a_table_with_texts_names_the_way_and_takes_it(tmp_path: Path) -> None:
    frame = simulate_notes(80).to_pandas()
    with pytest.raises(DataError, match=r"options=\{'text': 'note'\}"):
        open_data(frame, spaces=("table", "string"))
    made = zs.train(
        "table", frame, out=tmp_path / "run", samples=64, quiet=True, referee="off", threads=1,
        options={"text": "note", "pieces": "characters"}, precision="fp32", compile=False,
        layout="contiguous",
        set={"game.generator.width": 16, "game.generator.rank": 8, "game.attributes.width": 16},
    ).sample(4, where={"sex": "man"}, seed=1)  # fmt: skip
    assert [*made] == [*frame]
    assert set(made["sex"]) == {"man"}
