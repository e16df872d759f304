"""Values say what they are in a few lines, and as small HTML that is safe."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import zerosum as zs
from zerosum.cards import InfoCard, as_png
from zerosum.runs.store import Run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> zs.Model:
    """Trained on labelled points, one of whose labels is markup."""
    rng = np.random.default_rng(0)
    names = np.array(["<script>", "b"])[np.arange(200) % 2]
    return zs.train(
        "cgan", (rng.normal(size=(200, 2)), names), samples=256, quiet=True, precision="fp32",
        compile=False, layout="contiguous", threads=1, out=tmp_path_factory.mktemp("runs") / "run",
    )  # fmt: skip


def lines(value: object) -> list[str]:
    return repr(value).splitlines()


def test_a_model(model: zs.Model) -> None:
    title, *rest = lines(model)
    assert re.fullmatch(r"Model of cgan, step \d+", title)
    assert len(rest) == 3
    assert "points of 2" in repr(model)
    assert "label" in repr(model)


def test_samples(model: zs.Model) -> None:
    samples = model.sample(9, seed=3)
    assert lines(samples) == ["9 samples: points of 2", "  seed    3", "  labels  <script>, b"]
    html = samples._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert html.count("data:image/png;base64,") == 1


def test_many_samples_are_not_all_drawn(model: zs.Model) -> None:
    small, large = (len(model.sample(n, seed=1)._repr_html_()) for n in (2_000, 20_000))
    assert large < 1.5 * small
    assert "The first 2,500 are shown" in model.sample(3_000, seed=1)._repr_html_()


def test_a_run_and_a_walk(model: zs.Model) -> None:
    assert model.run is not None
    run = Run.open(model.run)
    assert lines(run)[0] == "Run run"
    assert "cgan on memory" in repr(run) or "cgan on" in repr(run)
    assert "finished" in repr(run)
    assert "data:image/png;base64," in run._repr_html_()
    walk = model.walk(frames=3, n=4)
    assert lines(walk)[0] == "Walk of 3 frames through 4 samples"
    assert len(lines(walk)) < 5
    assert "data:image/png;base64," in walk._repr_html_()


def test_a_run_whose_picture_is_damaged(model: zs.Model, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "samples-1.png").write_bytes(b"\x89PNG no picture")
    assert "img" not in Run(tmp_path, {"state": "finished"})._repr_html_()


def test_an_evaluation_and_a_comparison(model: zs.Model, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = np.array(["<script>", "b"])[np.arange(200) % 2]
    data = rng.normal(size=(200, 2)), names
    options: dict[str, Any] = {"data": data, "n": 50, "replicates": 3, "quiet": True}
    found = zs.evaluate(model, **options)
    assert lines(found)[0] == "Evaluation of run"
    assert len(repr(found)) < 3_000
    assert found.verdict in repr(found)
    html = found._repr_html_()
    assert len(html) < 12_000
    assert "<script>" not in html
    assert found.figures[0].title in html
    other = zs.train("cgan", data, samples=64, quiet=True, threads=1, out=tmp_path / "other")
    both = zs.compare([model, other], **options)
    assert lines(both)[0] == "Comparison of run, other"
    assert len(repr(both)) < 4_000
    assert len(both._repr_html_()) < 12_000


def test_recipes() -> None:
    found = zs.recipes()
    assert found["r3gan"].paper.startswith("Huang")
    assert len(lines(found)) == len(found) + 1
    assert "Radford" in found._repr_html_()


def test_wide_pictures_are_made_smaller() -> None:
    wide = as_png(Image.new("RGB", (3_000, 30)))
    assert int.from_bytes(wide[16:20], "big") == 960


def test_what_is_foreign_is_text() -> None:
    card = InfoCard("\x1b]0;x\x07", {"<b>": "<i>"}, ("<u>",), [("<s>",)], ["<em>"])
    assert "\x1b" not in card.text()
    assert not re.search(r"<(b|i|u|s|em)>", card.html())
