"""The page is whole, needs nothing from elsewhere, and no text can break it."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from jinja2 import DictLoader, UndefinedError
from PIL import Image

from zerosum.catalogue import modality_of_kind
from zerosum.errors import EvaluationError, RunError
from zerosum.evaluation.judging.figures import Evaluation, MetricResult
from zerosum.evaluation.metrics.base import SampleSet
from zerosum.evaluation.reports.page import page
from zerosum.evaluation.reports.parts import (
    Card,
    Drawn,
    Neighbour,
    NeighboursPart,
    Part,
    SamplesPart,
    Shown,
    png_of,
)
from zerosum.evaluation.reports.plots import bar, curve
from zerosum.evaluation.reports.rendering import render
from zerosum.spaces import ImageSpace

VOID = {"meta", "img", "br"}
EVIL = "<b onload='x'>&\"</b>"


class Reader(HTMLParser):
    """Checks that every element is closed, and collects attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.open[-1:] != ["style"] else ""


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


TITLES = {"frechet_distance": "Fréchet distance"}


def figure(name: str, value: float, **more: Any) -> MetricResult:
    known: dict[str, Any] = {
        "title": TITLES.get(name, name.capitalize()), "protocol": "pixels, holdout, N=9",
        "low": value - 0.1, "high": value + 0.1,
        "ceiling": 1.0, "floor": 0.0, "better": "higher", "meaning": f"What {name} means.",
        "source": "Somebody 2020, arXiv:2001.00001",
    }  # fmt: skip
    return MetricResult(name=name, value=value, **(known | more))


def png(pixels: np.ndarray) -> bytes:
    return png_of(Image.fromarray(pixels[0]))


@pytest.fixture
def evaluation() -> Evaluation:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 1, 8, 8), dtype=np.uint8)
    return Evaluation(
        subject={
            "name": "first", "run": "runs/first", "recipe": "cgan", "data": "digits", "step": 10,
            "samples": 640, "split": "holdout", "holdout": "test.npz", "n": 9, "seed": 0,
            "trained_on": 1_000, "compared_for_copies": 500, "shown_beside": 1_000,
            "features": "pixels", "judged": "2026-01-02T03:04:05+00:00",
            "versions": {"zerosum": "0.1.0"}, "command": "zerosum evaluate runs/first",
        },
        figures=(
            figure("recall", 0.7),
            figure("frechet_distance", 3.0, better="lower", ceiling=0.5, floor=2.0),
            figure("diversity", 0.97, better="one", ceiling=1.02, floor=0.1),
            figure("nothing", 1.0, floor=1.0, low=None, high=None),
            figure("better_than_real", 1.6),
            figure("endless", float("inf"), better="lower", low=None, high=None, ceiling=0.0,
                   floor=1.0),
        ),
        verdict="Close to fresh reals.",
        warnings=("The training is not finished.",),
        parts=(
            SamplesPart(
                "Samples beside reals",
                Drawn(png(pixels[0]), "9 samples, not selected"),
                Drawn(png(pixels[1]), "9 reals of the holdout"),
            ),
            NeighboursPart(
                (
                    Card(png(pixels[0]), tuple(map(png, pixels[1:4])), (0.5, 1.0, 1.5), "closest"),
                    Card(png(pixels[1]), tuple(map(png, pixels[2:5])), (0.6, 1.1, 1.6), "random"),
                ),
                1_000,
            ),
        ),
        curves={"discriminator/real": [(64, 0.5), (128, 0.25)], "flat": [(64, 1.0)], "none": []},
        events=(
            {"event": "diagnosis", "step": 3, "samples": 96, "name": "mode collapse",
             "words": "All samples look alike.", "confidence": 0.93, "time": "2026-01-02T03:04:05"},
            {"event": "remedy", "step": 3, "name": "lower-rates", "words": "Halved the rates.",
             "diagnosis": "mode collapse", "back_to": 2},
            {"event": "outcome", "step": 5, "name": "lower-rates", "words": "as healthy as before",
             "helped": True},
        ),
        seconds=1.5,
    )  # fmt: skip


def test_the_page_is_well_formed_and_says_everything(evaluation: Evaluation) -> None:
    reader = read(page(evaluation))
    said = " ".join(reader.text.split())
    for words in (
        "first", "cgan on digits", "step 10", "640 images", "2026-01-02", "Close to fresh reals.",
        "The training is not finished.", "Fréchet distance", "3.00", "2.90 to 3.10", "2.00",
        "frechet_distance (pixels, holdout, N=9)", "lower is better", "1 is best",
        "What recall means.", "arXiv:2001.00001", "9 samples, not selected",
        "9 reals of the holdout", "of 1,000 training rows", "mode collapse", "confidence 93%",
        "All samples look alike.", "lower-rates",
        "for mode collapse, back to step 2", "as healthy as before", "discriminator/real",
        "zerosum evaluate runs/first", "500 of 1,000 training rows", "test.npz", "zerosum 0.1.0",
        "no scale", "∞", "0.500",
    ):  # fmt: skip
        assert words in said, words
    assert {"html", "head", "title", "style", "main", "table", "svg", "img", "dl"} <= {*reader.tags}


def test_nothing_is_loaded_from_elsewhere(evaluation: Evaluation) -> None:
    html = page(evaluation)
    reader = read(html)
    assert not {"script", "link", "iframe", "object", "base", "a"} & {*reader.tags}
    sources = [value for name, value in reader.attributes if name in ("src", "href", "srcset")]
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", html)
    assert not [name for name, _ in reader.attributes if name.startswith("on")]


def test_all_text_is_escaped(evaluation: Evaluation) -> None:
    evil = replace(
        evaluation,
        subject={
            key: EVIL if isinstance(value, str) and key != "split" else value
            for key, value in evaluation.subject.items()
        } | {"versions": {EVIL: EVIL}},
        figures=(figure(EVIL, 0.5, protocol=EVIL, meaning=EVIL, source=EVIL),),
        verdict=EVIL,
        warnings=(EVIL,),
        curves={EVIL: [(1, 2.0), (2, 3.0)]},
        events=({"event": EVIL, "name": EVIL, "words": EVIL, "outcome": EVIL, "time": EVIL},),
    )  # fmt: skip
    html = page(evil)
    reader = read(html)
    assert "b" not in reader.tags
    assert "<b " not in html
    assert reader.text.count(EVIL) >= 15


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("kind", ["image", "point"])
def test_samples_are_shown_as_their_kind_asks(
    evaluation: Evaluation, kind: str, private: bool
) -> None:
    modality = modality_of_kind(kind)
    dataset = modality.small_dataset()
    x = dataset.take(torch.arange(50))[0]
    exhibit = SampleSet(x, x.flatten(1).float())
    near = () if private else (Neighbour(x[0], x[1:4], (0.1, 0.2, 0.3), "closest"),)
    trained: Any = None
    shown = Shown(trained, dataset.space, exhibit, exhibit, "holdout", near, 50, private, 0)
    found = replace(evaluation, parts=tuple(modality.judge.parts(shown)))
    said = read(page(found)).text
    words = {"image": "50 samples, not selected", "point": "50 samples in blue"}[kind]
    assert words in said
    assert ("reals" in said.partition(words)[0][-60:] + said.partition(words)[2][:80]) != private
    assert ("Nearest training rows" in said) == (kind == "image" and not private)
    assert Evaluation.from_json(json.loads(found.dumps())).parts == found.parts


def test_what_is_missing_is_left_out() -> None:
    bare = Evaluation(subject={}, figures=(), verdict="Nothing can be said.")
    said = read(page(bare)).text
    assert "Nothing can be said." in said
    for heading in ("Figures", "Samples", "Nearest", "referee", "training,", "What the numbers"):
        assert heading not in said


@pytest.mark.parametrize(
    ("value", "label"), [(0.25, "25%"), (0.0, "0%"), (1.0, "100%"), (-5.0, "-500%"), (9.0, "900%")]
)
def test_a_bar_shows_the_place(value: float, label: str) -> None:
    shown = bar(figure("recall", value))
    assert f'aria-label="{label} of the way' in shown
    centre = re.search(r'<circle cx="([\d.]+)%"', shown)
    if 0 <= value <= 1:
        assert centre is not None
        assert float(centre[1]) == pytest.approx(7 + 86 * value)
    else:
        assert centre is None, "what lies far outside is an arrow at the edge"
        assert "<path" in shown
    for x in re.findall(r'(?:x|cx|x1|x2)="([\d.-]+)%"', shown):
        assert 0 <= float(x) <= 100


def test_an_interval_around_one_reaches_the_best_place() -> None:
    shown = bar(figure("diversity", 1.02, better="one", ceiling=1.1, floor=2.0, low=0.95, high=1.1))
    band = re.search(r'<rect x="([\d.]+)%" width="([\d.]+)%"', shown)
    assert band is not None
    # At 1.1 the place is 1, at 1.0 it is 10/9.
    assert float(band[1]) == pytest.approx(93, abs=0.01)
    assert float(band[1]) + float(band[2]) == pytest.approx(98.5, abs=0.01)


def test_a_figure_that_tells_nothing_has_no_line() -> None:
    assert "no scale" in bar(figure("odd", 0.5, floor=2.0))
    assert "no scale" in bar(figure("same", 0.5, floor=1.0))
    assert "no scale" in bar(figure("vague", 0.5, low=-3.0, high=3.0))
    assert "<svg" in bar(figure("good", 0.5))


def test_curves_keep_inside_their_frame() -> None:
    shown = curve([(0, 1.0), (10, float("nan")), (20, 3.0)], label="a", marks=[10, 99])
    assert shown.count('class="mark"') == 1
    line = re.search(r'points="([^"]+)"', shown)
    assert line is not None
    corners = [tuple(map(float, pair.split(","))) for pair in line[1].split()]
    assert corners == [(46.0, 94.0), (294.0, 8.0)]
    assert "no finite values" in curve([(0, float("inf"))], label="a")


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_large_pictures_are_shown_small(channels: int) -> None:
    preview = modality_of_kind("image").preview
    space = ImageSpace(channels=channels, height=300, width=200)
    x = torch.zeros(4, channels, 300, 200, dtype=torch.uint8)
    assert preview.draw(space, x).height > 600
    with Image.open(BytesIO(png_of(preview.draw_one(space, x[0]), widest=128))) as small:
        assert small.size == (128, 192)


class Note(Part):
    """A part of a modality that is one file, with a template of its own."""

    kind = "note of a test"
    template = "note.html.jinja"
    loader = DictLoader(
        {"note.html.jinja": "{% import 'pieces.html.jinja' as pieces %}"
         "<p title=\"{{ part.text }}\">{{ part.text }}</p>{{ pieces.warnings([part.text]) }}"}
    )  # fmt: skip

    def __init__(self, text: str) -> None:
        self.text = text

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Note":
        return cls(data["text"])


def test_a_part_may_bring_its_template(evaluation: Evaluation) -> None:
    found = replace(evaluation, parts=(Note(EVIL),))
    again = Evaluation.from_json(json.loads(found.dumps()))
    assert again == found
    reader = read(page(again))
    assert "b" not in reader.tags
    assert ("title", EVIL) in reader.attributes
    assert reader.text.count(EVIL) == 2


def test_a_template_that_asks_for_what_it_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'part' is undefined"):
        render("note.html.jinja", {}, loader=Note.loader)


def test_save_writes_the_page_and_the_json(evaluation: Evaluation, tmp_path: Path) -> None:
    path = evaluation.save(tmp_path / "new" / "report.html")
    assert path.read_text("utf-8") == page(evaluation)
    beside = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert beside == evaluation.to_json()
    evaluation.save(str(tmp_path / "alone.JSON"))
    assert json.loads((tmp_path / "alone.JSON").read_text("utf-8")) == beside
    assert sorted(p.name for p in tmp_path.iterdir()) == ["alone.JSON", "new"]


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.htm"])
def test_other_endings_are_refused(evaluation: Evaluation, tmp_path: Path, name: str) -> None:
    with pytest.raises(EvaluationError, match=r"cannot save a report as .*Allowed: \.html"):
        evaluation.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_an_error(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot make"):
        evaluation.save(tmp_path / "file" / "report.html")
