"""Voices converted through every verb, and nothing without consent."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zerosum as zs
from tests.cli.conftest import Zerosum
from tests.modalities.speech.voices import RATE, voice, write
from tests.workflows.conftest import QUICK
from zerosum.errors import ConditionError, DataError, RunError
from zerosum.modalities.sound.loudness import loudness
from zerosum.modalities.sound.spectra import log_mels, usual_frames
from zerosum.modalities.speech.pitch import median_pitch
from zerosum.modalities.speech.vocoder_model import VocoderModel
from zerosum.modalities.speech.voice_model import VoiceModel
from zerosum.modalities.speech.warping import mean_level, moved, moves_between
from zerosum.origin.marks import marks_of
from zerosum.runs.store import Run
from zerosum.workflows.data import open_data

pytestmark = pytest.mark.usefixtures("small_judges")

CONSENT = 'who = "Anna Example"\nwhen = 2026-01-31\nwhat = "tests"\n'
PITCHES = {"anna": 200.0, "ben": 100.0}
SMALL = {
    "game.generator.width": 8, "game.generator.depth": 1, "game.discriminator.width": 4,
    "game.discriminator.max_width": 8, "optimisation.record_every": 5,
}  # fmt: skip
OPTIONS = {"rate": RATE, "seconds": 0.5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place, before = tmp_path_factory.mktemp("voices"), Path.cwd()
    for name, pitch in PITCHES.items():
        write(place / "data" / name / "a.wav", voice(24.0, pitch=pitch, seed=1))
        (place / "data" / name / "consent.toml").write_text(CONSENT)
    os.chdir(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZEROSUM_CACHE", str(place / "cache"))
        yield place
    os.chdir(before)


@pytest.fixture(scope="module")
def model(folder: Path) -> VoiceModel:
    options: dict[str, Any] = {**QUICK, "referee": "act"}
    return zs.train(
        "voice", data="data", samples=160, out="run", set=SMALL, options=OPTIONS, **options
    )


@pytest.fixture(scope="module")
def vocoder(folder: Path) -> VocoderModel:
    small = {
        "game.generator.width": 8, "game.generator.depth": 1, "game.begin": 1.0,
        "game.discriminator.width": 1, "game.discriminator.periods": [2],
        "game.discriminator.windows": [],
    }  # fmt: skip
    return zs.train(
        "vocoder", data="data", samples=16, out="vocoder", set=small, options=OPTIONS, **QUICK
    )


def test_what_is_known_of_speakers_is_in_the_manifest(model: VoiceModel) -> None:
    kept = Run.open("run").manifest["space"]
    assert kept["labels"] == ["anna", "ben"]
    assert kept["speakers"][0]["consent"] == {
        "kind": "consent", "who": "Anna Example", "when": "2026-01-31", "what": "tests",
        "until": None,
    }  # fmt: skip
    pitches = [one.pitch for one in model.voices.speakers]
    assert pitches == pytest.approx([200, 100], rel=0.15)
    assert model.consents["ben"].what == "tests"


def test_several_folders_are_several_speakers(folder: Path) -> None:
    places = ["data/ben", "data/anna"]
    dataset, config = open_data(places, spaces=("voices",), **OPTIONS)
    assert dataset.space.labels == ("ben", "anna")
    assert config is not None
    assert open_data(config)[0].fingerprint == dataset.fingerprint
    assert "ben has" in dataset.notes[0]
    assert "Anna Example agreed on 2026-01-31 to: tests" in dataset.notes[0]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (None, "", "holds no consent of ben. A voice is learned only if its speaker agreed"),
        ("consent.toml", "who = ", "consent.toml cannot be used"),
        ("consent.json", "[]", "it holds no names and values"),
        ("consent.json", '{"who": "Ben", "when": "2026-01-31"}', "what"),
        ("consent.toml", 'who = "Ben"\nwhen = "soon"\nwhat = "x"\n', "when"),
        ("consent.toml", 'who = ""\nwhen = 2026-01-31\nwhat = "x"\n', "who"),
        ("consent.toml", 'who = "B"\nwhen = 9999-01-31\nwhat = "x"\n', "has not come yet"),
        ("consent.json", '{"who": "B", "when": "2026-02-31", "what": "x"}', "cannot be used"),
        ("consent.toml", CONSENT + "until = 2026-02-28\n", "ended on 2026-02-28; ask ben anew"),
    ],
)
def test_nothing_is_learned_without_consent(
    folder: Path, tmp_path: Path, name: str | None, text: str, words: str
) -> None:
    for who in PITCHES:
        write(tmp_path / "data" / who / "a.wav", voice(9.0))
    (tmp_path / "data" / "anna" / "consent.toml").write_text(CONSENT)
    if name:
        (tmp_path / "data" / "ben" / name).write_text(text)
    with pytest.raises(DataError, match=words) as found:
        zs.train("voice", data=tmp_path / "data", samples=16, out=tmp_path / "run", **QUICK)
    assert "who = " in str(found.value)
    assert not (tmp_path / "run").exists()


def test_one_speaker_is_too_few_and_little_speech_too(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="recordings in 0 subfolders"):
        open_data("data/anna", spaces=("voices",))
    write(tmp_path / "anna" / "a.wav", voice(3.0))
    (tmp_path / "anna" / "consent.json").write_text(
        json.dumps({"who": "A", "when": "2026-01-31", "what": "x"})
    )
    with pytest.raises(DataError, match="anna is heard in 3 windows"):
        open_data([tmp_path / "anna", "data/ben"], spaces=("voices",))
    with pytest.raises(DataError, match="two of these have one name"):
        open_data([tmp_path / "anna", "data/anna"], spaces=("voices",))


def test_pitch_is_moved_to_that_of_the_target(model: VoiceModel) -> None:
    said = voice(4.0, pitch=PITCHES["anna"], seed=5)
    made = model.translate(said, from_speaker="anna", to_speaker="ben", rate=RATE)
    assert made.shape == (1, len(said))
    assert np.abs(made).max() <= 0.9  # -1 dB
    assert np.abs(made[0, [0, -1]]).max() == 0
    assert loudness(made, RATE) == pytest.approx(loudness(said[None], RATE), abs=0.1)
    assert median_pitch(torch.from_numpy(made), RATE) == pytest.approx(100, rel=0.2)


def test_nothing_is_converted_after_a_consent_has_ended(model: VoiceModel) -> None:
    shutil.copytree("run", "ended")
    manifest = Path("ended/manifest.json")
    manifest.write_text(manifest.read_text().replace('"until": null', '"until": "2026-02-28"'))
    ended = zs.load("ended", recipe="voice", device="cpu")
    with pytest.raises(ConditionError, match="the consent of anna ended on 2026-02-28"):
        ended.translate(voice(1.0), from_speaker="anna", to_speaker="ben", rate=RATE)


def test_own_levels_stay_as_they_are() -> None:
    frames = usual_frames(RATE)
    waves = torch.from_numpy(np.stack([voice(2.0, pitch=p) for p in (90, 180)]))
    levels = log_mels(waves, frames)
    means = torch.stack([mean_level(one[None]) for one in levels])
    moves = moves_between([90.0, 180.0], means, frames)
    whole, colours = moves.matrix, moves.colour
    for i in range(2):
        same = moved(levels[i : i + 1], whole[i, i][None], colours[i, i][None])
        assert torch.allclose(same, levels[i : i + 1], atol=1e-5)
    other = moved(levels[:1], whole[0, 1][None], colours[0, 1][None])
    apart = [(mean_level(one[None]) - means[1]).abs().mean() for one in (levels[0], other[0])]
    assert apart[1] < 0.4 * apart[0]


def test_unknown_pitches_move_nothing_but_colour() -> None:
    frames = usual_frames(RATE)
    means = torch.stack([torch.linspace(0, -0.5, frames.mels), torch.full((frames.mels,), -0.2)])
    moves = moves_between([0.0, 150.0], means, frames)
    whole, colours = moves.matrix, moves.colour
    assert (moves.pitch == 1).all()
    assert whole.isfinite().all()
    assert torch.allclose(whole[0, 1] @ (means[0] + 1) - 1 + colours[0, 1], means[1], atol=1e-4)


@pytest.mark.parametrize(
    ("source", "out", "words"),
    [
        ("in.wav", "out.mp3", "sounds are written as .wav files: out='out.wav'"),
        ("data/anna", "out.wav", "is the name of one. Name a folder: out='out'"),
    ],
)
def test_names_of_what_is_made_are_held_to_what_is_written(
    source: str, out: str, words: str, folder: Path, model: VoiceModel
) -> None:
    write(folder / "in.wav", voice(1.5, pitch=200))
    with pytest.raises(RunError, match=words):
        model.translate_files(source, out, from_speaker="anna", to_speaker="ben")
    assert not Path(out).exists()


def test_files_are_marked(folder: Path, model: VoiceModel, zerosum: Zerosum) -> None:
    source = write(folder / "in.wav", voice(1.5, pitch=200))
    done = zerosum("translate", "run", source, "--from", "anna", "--to", "ben", "--out", "out.wav")
    assert done.code == 0, done.err
    assert "Griffin-Lim; a run of vocoder is faster: --with vocoder=RUN" in done.err
    told = marks_of("out.wav")
    assert told["converted"] is True
    assert told["recipe"] == "voice"
    assert told["model"] == model.fingerprint
    assert told["where"] == {"from": "anna", "to": "ben", "waves": "Griffin-Lim"}
    assert told["consents"]["ben"] == "Anna Example agreed on 2026-01-31 to: tests"
    soundfile = pytest.importorskip("soundfile", reason="the extra `sound` is not installed")
    wave, rate = soundfile.read("out.wav")
    assert (len(wave), rate) == (6_000, RATE)
    assert marks_of(source) == {}


def test_a_signature_holds_what_speakers_agreed_to(
    folder: Path, model: VoiceModel, zerosum: Zerosum
) -> None:
    pytest.importorskip("c2pa", reason="the extra `origin` is not installed")
    source = write(folder / "said.wav", voice(1.0, pitch=200))
    words = ("translate", "run", source, "--from", "anna", "--to", "ben")
    assert zerosum(*words, "--out", "plain.wav").code == 0
    assert zerosum(*words, "--out", "signed.wav", "--sign", "--identity", "me").code == 0
    plain = zerosum("inspect", "plain.wav", "--identity", "me")
    assert plain.code == 3
    assert "a mark without a signature, which says:" in plain.out
    signed = zerosum("inspect", "signed.wav", "--identity", "me")
    assert signed.code == 0, signed.out
    assert "Its signer says that it is AI-generated." in signed.out
    for one in (plain, signed):
        assert "ben=Anna Example agreed on 2026-01-31 to: tests" in one.out
    assert marks_of("signed.wav") == marks_of("plain.wav")
    spoilt = bytearray(Path("signed.wav").read_bytes())
    spoilt[3_000] ^= 1
    Path("signed.wav").write_bytes(spoilt)
    assert zerosum("inspect", "signed.wav", "--identity", "me").code == 1
    done = zerosum(*words, "--out", "x.wav", "--identity", "me")
    assert "are about what is signed. Add --sign" in done.err


def test_waves_by_a_vocoder(
    folder: Path, model: VoiceModel, vocoder: VocoderModel, zerosum: Zerosum
) -> None:
    write(folder / "several" / "one.wav", voice(1.0, pitch=100))
    write(folder / "several" / "two.wav", np.zeros(RATE, np.float32))
    words = ("--from", "ben", "--to", "anna", "--with", "vocoder=vocoder", "--out", "folder")
    done = zerosum("translate", "run", "several", *words)
    assert done.code == 1
    assert "two.wav is left out: it is silent throughout" in done.err
    assert "Waves were made by a vocoder." in done.err
    assert marks_of("folder/one.wav")["where"]["waves"] == vocoder.fingerprint
    done = zerosum("translate", "run", "several", "--with", "vocoder=run", "--out", "x")
    assert "run was not trained by vocoder" in done.err
    done = zerosum("translate", "run", "several", "--with", "tile=3", "--out", "x")
    assert "--with tile=… is no option of translate" in done.err
    done = zerosum("translate", "vocoder", "several", "--to", "ben", "--out", "x")
    assert "--to means nothing to this model" in done.err


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ({}, "say who speaks and who is to speak, of anna, ben"),
        ({"from_speaker": "anna"}, "say who speaks"),
        ({"from_speaker": "anna", "to_speaker": "bne"}, "knows anna, ben.*Did you mean"),
        ({"from_speaker": "anna", "to_speaker": "anna"}, "anna speaks already"),
    ],
)
def test_speakers_must_be_known(model: VoiceModel, who: Any, words: str) -> None:
    with pytest.raises(ConditionError, match=words):
        model.translate(voice(1.0), rate=RATE, **who)


def test_what_cannot_be_converted(model: VoiceModel) -> None:
    who: Any = {"from_speaker": "anna", "to_speaker": "ben"}
    with pytest.raises(DataError, match="a wave needs its rate"):
        model.translate(voice(1.0), **who)
    with pytest.raises(DataError, match="320 s long, and Griffin-Lim takes 300 s at most"):
        model.translate(np.zeros(320 * 100, np.float32), rate=100, **who)
    with pytest.raises(DataError, match="no file at nowhere"):
        model.translate("nowhere.wav", **who)


def test_another_vocoder_is_refused(model: VoiceModel, folder: Path) -> None:
    small = {"game.generator.width": 8, "game.generator.depth": 1, "game.begin": 1.0}
    waves = np.stack([voice(10.0, rate=8_000)] * 8)
    other = zs.train(
        "vocoder", data=waves, samples=8, out="other", set=small, options={"rate": 8_000}, **QUICK
    )
    with pytest.raises(ConditionError, match="at 8,000 Hz of other levels"):
        model.translate(voice(1.0), rate=RATE, from_speaker="anna", to_speaker="ben", vocoder=other)


def test_samples_and_figures(folder: Path, model: VoiceModel) -> None:
    samples = model.sample(4, where={"label": "ben"}, seed=1)
    assert samples.labels == ["ben"] * 4
    assert samples.x.shape == (4, 1, model.voices.samples)
    samples.save("heard/")
    samples.save("heard.wav")
    told = marks_of("heard/0-ben.wav")
    assert told["where"] == marks_of("heard.wav")["where"] == {"to": "ben"}
    assert told["converted"] is True
    assert told["consents"]["anna"] == "Anna Example agreed on 2026-01-31 to: tests"
    with pytest.raises(RunError, match=r"cannot save windows as \.flac"):
        samples.save("heard.flac")
    report = zs.evaluate("run", n=20, replicates=2, quiet=True)
    assert 0 <= report["intended_class"].value <= 1


def test_it_is_exported_with_consents_and_resumed(folder: Path, model: VoiceModel) -> None:
    model.save("voice.safetensors")
    again = zs.load("voice.safetensors", recipe="voice")
    assert again.consents == model.consents
    who: Any = {"from_speaker": "ben", "to_speaker": "anna"}
    said = voice(1.0, pitch=100)
    first, second = (one.translate(said, rate=RATE, **who) for one in (model, again))
    assert np.array_equal(first, second)
    assert zs.resume("run", samples=168, quiet=True).step == 21
