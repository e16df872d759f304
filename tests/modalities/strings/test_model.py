"""Texts that are made: they obey conditions, agree with their rows, and repeat by seed."""

import re
from pathlib import Path

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

import zerosum as zs
from zerosum.cli.app import app
from zerosum.errors import ConditionError, DataError
from zerosum.games.likelihood import LikelihoodGame
from zerosum.modalities.strings.metrics.words import WordModel
from zerosum.modalities.strings.part import TextsPart
from zerosum.modalities.strings.simulated.notes import simulate_notes

SMALL = {"game.generator.width": 96, "game.generator.rank": 48, "game.attributes.width": 64}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("texts") / "run"
    zs.train(
        "text", simulate_notes(600).to_pandas(), out=out, samples=32 * 250, set=SMALL, quiet=True,
        referee="off", threads=1, precision="fp32", layout="contiguous", compile=False,
        options={"text": "note"},
    )  # fmt: skip
    return out


@pytest.fixture(scope="module")
def model(run: Path) -> zs.TextModel:
    return zs.load(run, recipe="text")


def test_frames_go_out_as_they_came_in(model: zs.TextModel) -> None:
    made = model.sample(5, seed=1)
    assert isinstance(made, pd.DataFrame)
    assert [*made] == ["age", "sex", "diagnosis", "drug", "weeks", "better", "note"]
    assert made["age"].dtype == "int64"


def test_texts_name_the_facts_of_their_rows(model: zs.TextModel) -> None:
    made = model.sample(60, seed=2)
    for name in ("age", "diagnosis"):
        there = [str(row[name]) in row["note"] for _, row in made.iterrows()]
        assert sum(there) > 40, name
    others = {"asthma", "migraine", "diabetes", "back pain"}
    for _, row in made.iterrows():
        assert not any(one in row["note"] for one in others - {row["diagnosis"]})


def test_conditions_hold_in_every_row(model: zs.TextModel) -> None:
    made = model.sample(30, where={"diagnosis": "migraine", "age": zs.Between(20, 30)}, seed=3)
    assert set(made["diagnosis"]) == {"migraine"}
    assert made["age"].between(20, 30).all()
    assert not any("asthma" in note for note in made["note"])
    length = model.sample(10, where={"length": "<=24"}, seed=3)
    assert length["note"].str.len().max() < model.sample(10, seed=3)["note"].str.len().max()


def test_texts_begin_as_they_shall(model: zs.TextModel) -> None:
    made = model.sample(8, where={"note": "Patient is*", "sex": "man"}, seed=4)
    assert all(note.startswith("Patient is") for note in made["note"])
    assert set(made["sex"]) == {"man"}


def test_texts_go_on_from_what_is_given(model: zs.TextModel) -> None:
    begun = simulate_notes(9, seed=4).to_pandas()
    begun["note"] = [note[:k] for k, note in enumerate(begun["note"], start=12)]
    begun.loc[3, "note"] = ""
    whole = model.continue_(begun, n=2, seed=8)
    twice = begun.loc[begun.index.repeat(2)].reset_index(drop=True)
    pd.testing.assert_frame_equal(whole.drop(columns="note"), twice.drop(columns="note"))
    for made, given in zip(whole["note"], twice["note"], strict=True):
        assert made.startswith(given)
        assert len(made) > len(given)
    assert whole["note"].nunique() == 18
    pd.testing.assert_frame_equal(whole, model.continue_(begun, n=2, seed=8))


def test_no_end_repeats_a_training_text(model: zs.TextModel) -> None:
    own = model.texts.own
    assert own is not None
    begun = simulate_notes(30).to_pandas()
    assert own.repeated(begun["note"]).any()
    given = [note[: len(note) // 2] for note in begun["note"]]
    whole = model.continue_(begun.assign(note=given), seed=2)
    fresh = [not one for one in own.repeated(given)]
    assert sum(fresh) > 10
    assert not own.repeated(whole["note"][fresh]).any()


def test_a_refinement_knows_how_likely_texts_are(model: zs.TextModel) -> None:
    assert isinstance(model.game, LikelihoodGame)
    likely = model.game.log_likelihood(model.space.to_model(model.values(8, seed=1)), None)
    assert likely.shape == (8,)
    assert (likely < 0).all()


@pytest.mark.parametrize(
    ("note", "words"), [("Ω", "row 2 has a character"), ("P" * 9_000, "row 2 has 9,000 pieces")]
)
def test_beginnings_that_cannot_be_continued(model: zs.TextModel, note: str, words: str) -> None:
    begun = simulate_notes(2).to_pandas().assign(note=["Pat", note])
    with pytest.raises(ConditionError, match=words):
        model.continue_(begun)
    with pytest.raises(DataError, match="lacks the columns"):
        model.continue_(begun.drop(columns="age"))
    with pytest.raises(DataError, match="no rows"):
        model.continue_(begun[:0])
    with pytest.raises(ConditionError, match="n is 0"):
        model.continue_(begun, n=0)


def test_the_command_line_continues_texts(run: Path, tmp_path: Path) -> None:
    begun = simulate_notes(3).to_pandas().assign(note="Pat")
    begun.to_csv(tmp_path / "begun.csv", index=False)
    asked = ["sample", str(run), "--continue", str(tmp_path / "begun.csv"), "-n", "2"]
    done = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "whole.csv")])
    assert done.exit_code == 0, done.output
    whole = pd.read_csv(tmp_path / "whole.csv")
    assert len(whole) == 6
    assert whole["note"].str.startswith("Pat").all()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"note": "Patient"}, "say how it begins"),
        ({"note": "Ω*"}, "is not in the training data"),
        ({"note": "x" * 9_000 + "*"}, "has at most"),
        ({"note": "Pat*", "length": 5}, "Ask for one"),
        ({"diagnose": "asthma"}, "diagnosis"),
        ({"diagnosis": "plague"}, "plague"),
    ],
)
def test_what_cannot_be_asked(model: zs.TextModel, where: dict, words: str) -> None:
    with pytest.raises(ConditionError, match=words):
        model.sample(3, where=where)


def test_a_row_does_not_depend_on_how_many_are_made(model: zs.TextModel) -> None:
    many, few = model.sample(70, seed=5), model.sample(9, seed=5)
    pd.testing.assert_frame_equal(many[:9], few)
    pieces = pd.concat([*model.stream(70, seed=5, batch_size=32)], ignore_index=True)
    pd.testing.assert_frame_equal(pieces, many)


def test_samples_are_written(model: zs.TextModel, tmp_path: Path) -> None:
    path = model.write(tmp_path / "notes.csv", 6, seed=6)
    pd.testing.assert_frame_equal(pd.read_csv(path), model.sample(6, seed=6), check_dtype=False)


def test_texts_cannot_be_walked_through(model: zs.TextModel) -> None:
    with pytest.raises(ConditionError, match="walked"):
        model.walk()


def test_the_judge_sets_texts_between_floor_and_ceiling(
    model: zs.TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zerosum.evaluation.metrics.c2st.NUM_TREES", 10)
    train, held = simulate_notes(600).to_pandas(), simulate_notes(300, seed=9).to_pandas()
    found = zs.evaluate(model, data=train, holdout=held, replicates=5)
    for name in ("perplexity", "reverse_perplexity"):
        assert (found[name].ceiling or 0.0) < found[name].value < (found[name].floor or 0.0), name
    assert (found["word_test"].ceiling or 1.0) < 0.65
    assert (found["word_test"].floor or 0.0) > 0.95
    assert found["text_copies"].value < 0.2
    assert found["facts_stated"].ceiling == 1
    for name in ("c2st_texts", "c2st_texts_network", "lesson", "facts_stated"):
        better, worse = found[name].ceiling or 0.0, found[name].floor or 0.0
        assert abs(better - worse) > 0.2, name
    assert abs((found["self_bleu"].ceiling or 0.0) - 1) < 0.1
    page = found.page()
    assert '<td class="prose" dir="auto">' in page
    (part,) = (one for one in found.parts if isinstance(one, TextsPart))
    assert TextsPart.from_json(part.to_json()) == part


def test_a_space_says_what_its_texts_are(model: zs.TextModel) -> None:
    said = model.space.description
    assert re.fullmatch(r"texts of \d+ pieces at most, beside age, sex, .*", said)


def test_a_model_of_words_adds_up_to_one() -> None:
    model = WordModel(["a b c", "a b d", "b c"])
    words = ["a", "b", "c", "d", "\n", "unseen"]
    assert sum(model._share(("a", "b"), word) for word in words) == pytest.approx(1)
    assert model.log_prob("a b c")[0] > model.log_prob("c c c")[0]


def test_a_run_resumes_bit_for_bit(run: Path, tmp_path: Path) -> None:
    frame, small = simulate_notes(100).to_pandas(), {**SMALL, "optimisation.batch_size": 8}
    options = {"text": "note", "pieces": "characters"}
    plain = {"threads": 1, "precision": "fp32", "layout": "contiguous", "compile": False}
    for name, samples in (("whole", 160), ("half", 80)):
        zs.train("text", frame, out=tmp_path / name, samples=samples, set=small, quiet=True,
                 options=options, referee="off", **plain)  # fmt: skip
    half = zs.resume(tmp_path / "half", data=frame, samples=160, quiet=True)
    whole = zs.load(tmp_path / "whole")
    assert half.step == whole.step == 20
    assert all(torch.isfinite(p).all() for p in half.game.parameters())
