"""Songs through every verb: trained, sampled under conditions, written, heard, judged, resumed."""

import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum.errors import ConditionError, RunError
from zerosum.games.likelihood import LikelihoodGame
from zerosum.modalities.music.codes import FIRST, HOLD
from zerosum.modalities.music.counting import summaries
from zerosum.modalities.music.features import judge_inputs
from zerosum.modalities.music.metrics.notes import rules_of
from zerosum.modalities.music.space import MusicSpace
from zerosum.modalities.music.theory import KEYS, scale_of
from zerosum.models.model import Model
from zerosum.rng import Noise
from zerosum.workflows.data import open_data

pytestmark = pytest.mark.usefixtures("small_judges")

SMALL = {
    "game.generator.width": 48, "game.generator.hidden": 32, "game.generator.rank": 24,
    "optimisation.batch_size": 16, "optimisation.averaging.half_life": 160,
}  # fmt: skip
DATA = {"num_samples": 200}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("music")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("ZEROSUM_CACHE", str(place / "cache"))
        yield place


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    options: dict[str, Any] = {**QUICK, "set": SMALL, "options": DATA}
    return zs.train("music", data="tunes", samples=16 * 40, out="run", **options)


def parts(samples: zs.Samples) -> tuple[MusicSpace, torch.Tensor, torch.Tensor]:
    assert isinstance(samples.space, MusicSpace)
    return samples.space, *samples.space.parts(samples.tensor)


def pitches(space: MusicSpace, codes: torch.Tensor) -> torch.Tensor:
    own = codes[..., : space.pitched]
    return own[own >= FIRST] - FIRST


def test_keys_meters_lengths_and_ranges_are_kept(model: Model) -> None:
    wishes = {"key": "D minor", "meter": "6/8", "bars": 11, "lowest": 50, "highest": 70}
    space, head, codes = parts(model.sample(6, where=wishes, seed=1))
    assert head[:, :3].tolist() == [[2, KEYS.index("D minor"), 11]] * 6
    assert ((codes >= 0).sum(1) == 11 * 12).all()
    made = pitches(space, codes)
    assert {*(made % 12).tolist()} <= {*scale_of(KEYS.index("D minor"))}
    assert len(made) > 50
    assert (int(made.min()) >= 50, int(made.max()) <= 70) == (True, True)


def test_labels_bring_their_meter(model: Model) -> None:
    space, head, _ = parts(model.sample(9, in_turn={"label": ["jig", "march", "waltz"]}, seed=0))
    assert [space.meter_names[one] for one in head[:, 0].tolist()] == ["6/8", "4/4", "3/4"] * 3
    assert (head[::3, 1] >= 12).all()  # jigs are in minor


def test_a_note_is_held_only_while_one_sounds(model: Model) -> None:
    _, _, codes = parts(model.sample(20, seed=2))
    before = torch.cat([torch.zeros_like(codes[:, :1]), codes[:, :-1]], dim=1)
    assert not ((codes == HOLD) & (before == 0)).any()
    assert not (codes[..., -1] == HOLD).any()


def test_wishes_that_cannot_be_are_refused(model: Model) -> None:
    with pytest.raises(ConditionError, match="lowest=70 is above highest=60"):
        model.sample(1, where={"lowest": 70, "highest": 60})
    with pytest.raises(ConditionError, match="bars is 40; it takes numbers from 1 to 32"):
        model.sample(1, where={"bars": 40})
    with pytest.raises(ConditionError, match="no value 'H minor'"):
        model.sample(1, where={"key": "H minor"})
    with pytest.raises(ConditionError, match="cannot be walked through"):
        model.walk()


def test_a_song_does_not_depend_on_how_many_are_made(model: Model) -> None:
    many, few = model.sample(9, seed=5), model.sample(2, seed=5, batch_size=1)
    assert many.tensor[:2].equal(few.tensor)


def test_a_folder_of_songs_is_read_again(folder: Path, model: Model) -> None:
    made = model.sample(12, in_turn={"label": ["march", "waltz"]}, seed=3)
    made.save("songs/")
    assert [one.name for one in sorted(Path("songs").glob("0*"))] == [
        f"{i:02}-{'waltz' if i % 2 else 'march'}.{form}" for i in range(10)
        for form in ("mid", "wav")
    ]  # fmt: skip
    again, _ = open_data("songs", voices=tuple(voice.name for voice in made.space.voices))  # type: ignore[attr-defined]
    assert again.space.labels == ("march", "waltz")
    _, _, codes = parts(made)
    assert isinstance(again.space, MusicSpace)
    _, read = again.space.parts(again.take(torch.arange(len(again)))[0])
    drums = [one[one[:, -1] >= FIRST, -1].tolist() for one in codes]
    assert [one[one[:, -1] >= FIRST, -1].tolist() for one in read] == [d for d in drums if d] or (
        len(read) <= len(drums)
    )


def test_songs_are_heard(folder: Path, model: Model) -> None:
    made = model.sample(5, where={"label": "march", "bars": 2}, seed=1)
    assert [*made.media()] == ["0.wav", "1.wav"]
    with wave.open(io.BytesIO(made.media()["0.wav"])) as heard:
        data = np.frombuffer(heard.readframes(heard.getnframes()), "<i2")
        assert heard.getframerate() == 22_050
        assert 4 < heard.getnframes() / 22_050 < 6
    assert 3_000 < np.abs(data).max() < 30_000
    assert made._repr_html_().count("<audio controls") == 2
    long = model.sample(2, where={"label": "march", "bars": 32}, seed=1)
    assert len(long._repr_html_()) < 1_500_000  # ten seconds of each
    made.save("all.mid")
    made.save("all.wav")
    made.save("all.npz")
    assert np.load("all.npz")["x"].shape[0] == 5
    with pytest.raises(RunError, match=r"Allowed: .png, .npz, folder, .mid, .wav"):
        made.save("all.mp3")


def test_songs_are_judged_by_their_notes_and_rules(folder: Path, model: Model) -> None:
    report = zs.evaluate("run", holdout="tunes", n=60, replicates=2, quiet=True)
    assert report["rules_obeyed"].ceiling == 1.0
    for name in (
        "note_pitch_distance", "note_interval_distance", "note_length_distance", "rhythm_distance",
        "consonance_difference", "repeat_difference",
    ):  # fmt: skip
        figure = report[name]
        assert figure.ceiling is not None
        assert figure.floor is not None
        assert 0 <= figure.ceiling < figure.floor, name
    assert report["c2st_music"].floor == pytest.approx(1.0, abs=0.1)
    assert report.part("samples")


def test_they_go_on_and_are_exported(folder: Path, model: Model) -> None:
    model.save("model.safetensors")
    assert (
        zs.load("model.safetensors").sample(2, seed=5).tensor.equal(model.sample(2, seed=5).tensor)
    )
    zs.resume("run", samples=16 * 41, quiet=True)


def test_what_is_counted_of_a_known_song() -> None:
    data, _ = open_data("tunes", num_samples=40)
    space = data.space
    assert isinstance(space, MusicSpace)
    x = data.take(torch.arange(40))[0]
    counted = space.counted(x)
    assert counted.likeness(4).min() > 0.4  # the second half begins as the first
    assert counted.consonance().min() > 0.7
    tonic, others = counted.pitch_classes()[:, 0], counted.pitch_classes()[:, [1, 6]]
    assert (tonic > 0).all()
    assert (others == 0).all()  # in no scale
    melody = counted.codes[..., 0]
    assert counted.lengths()[:, 0].sum(1).tolist() == (melody >= FIRST).sum(1).tolist()
    assert counted.intervals()[:, 0].sum(1).tolist() == ((melody >= FIRST).sum(1) - 1).tolist()
    assert counted.onsets()[:, 0, 0].tolist() == [8.0] * 40
    assert summaries(counted).abs().max() < 10


def test_the_checker_finds_each_broken_rule() -> None:
    data, _ = open_data("tunes", num_samples=20)
    space = data.space
    assert isinstance(space, MusicSpace)
    x = data.take(torch.arange(20))[0]
    assert all(all(one.values()) for one in rules_of(x, space))
    head, codes = space.parts(x)
    bar = space.bar_steps(head)

    def broken(rule: str, change: Any) -> None:
        other = codes.clone()
        for i in range(20):
            change(other[i], int(bar[i]), int(head[i, 1]) % 12)
        found = rules_of(space.compact(head, other), space)
        assert not any(one[rule] for one in found), rule

    def write(song: torch.Tensor, place: int, voice: int, value: int) -> None:
        song[place, voice] = value

    broken("scale", lambda song, bar, tonic: write(song, 0, 0, FIRST + 60 + (tonic + 1) % 12))
    broken("chord", lambda song, bar, tonic: write(song, bar, 0, FIRST + 60 + (tonic + 1) % 12))
    broken("meter", lambda song, bar, tonic: write(song, 2 * bar, 3, 0))
    broken("repeat", lambda song, bar, tonic: write(song, 4 * bar, 0, 0))
    broken("half", lambda song, bar, tonic: write(song, 3 * bar, 3, FIRST + 36 + tonic))
    broken("cadence", lambda song, bar, tonic: write(song, 7 * bar, 0, FIRST + 62 + tonic))


def test_shuffled_songs_keep_their_form() -> None:
    data, _ = open_data("tunes", num_samples=40)
    space = data.space
    assert isinstance(space, MusicSpace)
    made = space.independent(data.take(torch.arange(40))[0], 30, Noise(0))
    head, codes = space.parts(made)
    assert ((codes[..., 0] >= 0).sum(1) == head[:, 2] * space.bar_steps(head)).all()


def test_reals_are_likelier_than_songs_whose_places_are_shuffled(model: Model) -> None:
    game, space = model.game, model.space
    assert isinstance(game, LikelihoodGame)
    assert isinstance(space, MusicSpace)
    data, _ = open_data("tunes", num_samples=64)
    x, y = data.take(torch.arange(64))
    mixed = space.independent(x, 64, Noise(0))
    with torch.no_grad():
        real, fake = (game.log_likelihood(space.to_model(one), y) for one in (x, mixed))
    assert real.shape == (64,)
    assert (real < 0).all()
    assert real.mean() > fake.mean() + 50
    seen, categorical = judge_inputs(space, x)
    assert seen.shape == (64, len(categorical))
    assert not categorical.any()
