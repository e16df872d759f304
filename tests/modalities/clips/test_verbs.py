"""Clips through every verb: trained, sampled, looped, watched, written, judged, exported."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum.cli.app import main
from zerosum.errors import RecipeError, RunError
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.models.model import Model
from zerosum.workflows.data import open_data

pytestmark = pytest.mark.usefixtures("small_judges")

DATA = {"num_samples": 300, "frames": 6}
SMALL = {
    "game.generator.picture.width": 8, "game.generator.picture.max_width": 8,
    "game.discriminator.width": 8, "game.discriminator.picture.width": 8,
    "game.discriminator.max_width": 8, "optimisation.record_every": 5,
}  # fmt: skip


def trained(out: str, samples: int = 320, **more: Any) -> Model:
    options: dict[str, Any] = {**QUICK, "set": SMALL, "options": DATA, **more}
    return zs.train("video", data="bouncing", samples=samples, out=out, **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place, before = tmp_path_factory.mktemp("clips"), Path.cwd()
    cache = os.environ.get("ZEROSUM_CACHE")
    os.chdir(place)
    os.environ["ZEROSUM_CACHE"] = str(place / "cache")
    yield place
    os.chdir(before)
    os.environ.pop("ZEROSUM_CACHE")
    if cache is not None:
        os.environ["ZEROSUM_CACHE"] = cache


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return trained("run", referee="act")


@pytest.fixture(scope="module")
def report(model: Model) -> Evaluation:
    return zs.evaluate("run", holdout="bouncing", n=60, replicates=2, quiet=True)


def test_samples_are_clips(model: Model) -> None:
    samples = model.sample(5, where={"label": "fast"}, seed=1)
    assert samples.x.shape == (5, 6, 16, 16, 1)
    assert samples.x.dtype == np.uint8
    assert samples.labels == ["fast"] * 5
    assert "clips of 6 frames of 1 x 16 x 16" in repr(samples)


def test_a_loop_goes_there_and_back(model: Model) -> None:
    plain = model.sample(3, where={"loop": "no"}, seed=1).tensor
    loops = model.sample(3, where={"loop": "yes"}, seed=1).tensor
    assert plain.equal(model.sample(3, seed=1).tensor)
    assert loops.equal(plain[:, [0, 1, 2, 3, 2, 1]])


def test_a_notebook_shows_a_sheet_and_an_animation(model: Model) -> None:
    samples = model.sample(20, seed=1)
    html = samples._repr_html_()
    assert html.count("data:image/png") == 1
    assert html.count("data:image/gif") == 1
    assert "<audio" not in html
    assert "The first 6 are shown" in html
    with Image.open(io.BytesIO(samples.media()["clips.gif"])) as image:
        assert getattr(image, "n_frames", 1) == 6
    assert samples.picture().width > samples.picture().height / 20 * 6


def test_what_was_written_is_read_again(model: Model) -> None:
    samples = model.sample(12, in_turn={"label": ["slow", "fast"]}, seed=1)
    samples.save("again/")
    assert sorted(path.name for path in Path("again").iterdir())[:2] == [
        "00-slow.gif",
        "01-fast.gif",
    ]
    dataset, _ = open_data("again", spaces=("clip",), frames=6)
    x, y = dataset.take(torch.arange(12))
    assert dataset.space.labels == ("fast", "slow")
    assert y is not None
    assert y.tolist() == [1, 0] * 6
    assert (x.float() - samples.tensor.float()).abs().max() <= 1


def test_all_clips_in_one_file(model: Model) -> None:
    samples = model.sample(4, seed=1)
    with Image.open(samples.save("all.gif")) as image:
        assert (image.info["loop"], getattr(image, "n_frames", 1)) == (0, 6)
    samples.save("all.npz")
    assert np.load("all.npz")["x"].shape == (4, 6, 16, 16, 1)
    av = pytest.importorskip("av", reason="the extra `video` is not installed")
    with av.open(str(samples.save("all.mp4"))) as video:
        assert sum(1 for _ in video.decode(video=0)) == 6
    with pytest.raises(RunError, match="cannot save clips as"):
        samples.save("all.wav")


def test_the_command_line_writes_a_file_for_each(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "zerosum sample run -n 3 --where loop=yes --out out/"
    monkeypatch.setattr("sys.argv", words.split())
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    assert len([*Path("out").glob("*.gif")]) == 3


def test_the_judge_knows_motion(report: Evaluation) -> None:
    assert report["bounces_right"].ceiling == 1.0
    assert report["bounces_right"].floor == pytest.approx(0, abs=0.05)
    assert report["flicker"].ceiling == pytest.approx(1, abs=0.2)
    assert (report["flicker"].floor or 0) > 1.2
    assert report["frechet_distance"].value > (report["frechet_distance"].ceiling or 0)
    report.save("report.html")
    assert "Bounces right" in Path("report.html").read_text("utf-8")


def test_an_exported_model_makes_the_same_clips(model: Model) -> None:
    model.save("model.safetensors")
    again = zs.load("model.safetensors")
    assert again.sample(3, seed=4).tensor.equal(model.sample(3, seed=4).tensor)


def test_others_are_refused(folder: Path) -> None:
    with pytest.raises(zs.ZerosumError, match="video takes clip data"):
        zs.train("video", data="digits", out="other", samples=64, quiet=True)
    with pytest.raises(RecipeError, match="judged one by one"):
        trained("packs", set={**SMALL, "game.pack": 2, "game.conditional": False})
    with pytest.raises(RecipeError, match="leaves no latent for what is seen"):
        trained("latents", set={**SMALL, "game.latent_dim": 16})
    with pytest.raises(RecipeError, match="makes no motion"):
        trained("mlp", set={"game.generator": "mlp_generator"})
