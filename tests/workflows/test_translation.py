"""Trainings of recipes that translate: resumed exactly, shown, and judged on sources of reals."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.evaluation.judging.figures import Evaluation
from zerosum.modalities.images.translation import TranslationModel
from zerosum.modalities.images.translation_game import TranslationGame
from zerosum.runs.store import Run
from zerosum.workflows.data import open_data
from zerosum.workflows.evaluate import evaluate, open_subject
from zerosum.workflows.evaluation_setup import open_case
from zerosum.workflows.load import load
from zerosum.workflows.train import resume

SMALL = {"game.generator.width": 8, "game.discriminator.width": 8, "optimisation.batch_size": 8}
BLOCKS = {"game.generator.num_blocks": 1}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighty flat images, and the negative of each."""
    folder = tmp_path_factory.mktemp("data") / "pairs"
    rng = np.random.default_rng(0)
    for i in range(80):
        x = np.broadcast_to(rng.integers(0, 256, 3, dtype=np.uint8), (8, 8, 3))
        for name, pixels in (("A", x), ("B", 255 - x)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.ascontiguousarray(pixels)).save(folder / name / f"{i:02}.png")
    return folder


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan"])
def test_a_resume_is_exact(
    name: str, pairs: Path, tmp_path: Path, train_small: Callable[..., Run],
    assert_same_run: Callable[[Run, Run], None],
) -> None:  # fmt: skip
    changes = SMALL | (BLOCKS if name == "cyclegan" else {})
    straight = train_small(tmp_path / "one", name, str(pairs), changes=changes)
    train_small(tmp_path / "two", name, str(pairs), changes=changes, stop=7)
    assert_same_run(straight, resume(tmp_path / "two"))


def test_a_resume_of_arrays_needs_them_again(
    tmp_path: Path, train_small: Callable[..., Run]
) -> None:
    x = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    train_small(tmp_path / "run", "pix2pix", (x, 255 - x), changes=SMALL, stop=7)
    again, _ = open_data((x, 255 - x), spaces=("pair",), needs=("aligned",))
    assert resume(tmp_path / "run", data=again).manifest["state"] == "finished"


def test_previews_show_translations_of_sources(
    pairs: Path, tmp_path: Path, train_small: Callable[..., Run]
) -> None:
    run = train_small(tmp_path / "run", "pix2pix", str(pairs), changes=SMALL)
    model = load(run)
    assert isinstance(model, TranslationModel)
    assert isinstance(model.game, TranslationGame)
    assert int(model.game.filled) == 64
    z = model.draw(64, seed=0).z
    assert len({tuple(one.flatten().tolist()) for one in z}) > 50
    made = model.sample(4, seed=0).tensor
    sources = model.game.source.to_data(z[:4])
    for source, one in zip(sources, made, strict=True):
        again = model.translate(source)
        assert int((again.int() - one.int()).abs().max()) <= 1


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan", "inpaint", "upscale"])
def test_samples_that_are_judged_come_from_sources_of_the_reals(
    name: str, pairs: Path, tmp_path: Path, train_small: Callable[..., Run]
) -> None:
    plain = name in ("pix2pix", "cyclegan")
    changes: dict[str, Any] = SMALL | (BLOCKS if name in ("cyclegan", "upscale") else {})
    data = str(pairs if plain else pairs / "B")
    run = train_small(tmp_path / "run", name, data, changes=changes)
    subject = open_subject(run)
    assert isinstance(subject.model.game, TranslationGame)
    # The translation is known here, so that one sees what was asked for.
    if name == "pix2pix":
        subject.model.game.finish = lambda raw, source: -source
    if name == "upscale":
        subject.model.game.finish = lambda raw, source: source.repeat_interleave(
            2, 2
        ).repeat_interleave(2, 3)
    case = open_case(subject.dataset, subject.data, space=subject.model.space, features="pixels")
    made, _ = subject.model.drawn_like(
        case.fresh.x, case.fresh.y, sources=case.sources, seed=case.seed
    )
    assert made.shape == case.fresh.x.shape
    same = (made.int() - case.fresh.x.int()).abs().amax((1, 2, 3)) <= 1
    if name in ("pix2pix", "upscale"):
        assert bool(same.all())
    again, _ = subject.model.drawn_like(
        case.fresh.x, case.fresh.y, sources=case.sources, seed=case.seed
    )
    assert torch.equal(made, again)
    found = evaluate(run, features="pixels", replicates=0)
    assert isinstance(found, Evaluation)


def test_a_holdout_of_pairs(pairs: Path, tmp_path: Path, train_small: Callable[..., Run]) -> None:
    run = train_small(tmp_path / "run", "pix2pix", str(pairs), changes=SMALL)
    for i, path in enumerate(sorted((pairs / "A").iterdir())[:40]):
        for name in "AB":
            (tmp_path / "held" / name).mkdir(parents=True, exist_ok=True)
            with Image.open(pairs / name / path.name) as picture:
                shifted = (np.asarray(picture).astype(int) + 1 + i).clip(0, 255)
            Image.fromarray(shifted.astype(np.uint8)).save(tmp_path / "held" / name / path.name)
    found = evaluate(run, holdout=str(tmp_path / "held"), features="pixels", n=20, replicates=0)
    assert found.subject["split"] == "holdout"
