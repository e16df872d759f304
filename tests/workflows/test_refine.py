"""A judge corrects a model, where that buys something on rows that nobody trained on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum.errors import EvaluationError, PrivacyError, RecipeError, RunError
from zerosum.runs.store import Run
from zerosum.workflows.refine import refine
from zerosum.workflows.refining import JUDGES, Looks, area, judged


def frame(n: int = 2_000, seed: int = 0) -> pd.DataFrame:
    """A category that follows from two numbers, which a short training does not find."""
    g = np.random.default_rng(seed)
    a, b = g.integers(0, 10, n), g.integers(0, 10, n)
    kind = np.where((a < 5) == (b < 5), "same", "other")
    return pd.DataFrame({"a": a, "b": b, "kind": kind, "x": g.normal(a, 1, n).round(1)})


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was ended before it knew how columns hang together."""
    out = tmp_path_factory.mktemp("refine") / "short"
    zs.train("table", data=frame(), out=out, samples=4_000, holdout=0.25, seed=0, **QUICK)
    return out


@pytest.fixture(scope="module")
def refined(short: Path) -> zs.Refinement:
    return zs.refine(short, data=frame(), rounds=1, out=short.with_name("refined"), quiet=True)


def fits(model: Any) -> float:
    """Share of rows whose category follows from their numbers."""
    made = pd.DataFrame(model.sample(3_000, seed=1))
    same = (made["a"] < 5) == (made["b"] < 5)
    return float(np.mean(same == (made["kind"] == "same")))


def test_a_round_buys_something_and_says_what(short: Path, refined: zs.Refinement) -> None:
    assert refined.kept == 1
    assert refined.after.auc < refined.before.auc - 0.05
    assert refined.after.log_likelihood > refined.before.log_likelihood
    assert refined.rounds[0]["auc"] > 0.6
    assert "1 round kept" in str(refined)
    assert fits(zs.load(refined.run)) > fits(zs.load(short)) + 0.05


def test_the_new_run_knows_where_it_comes_from(short: Path, refined: zs.Refinement) -> None:
    run = Run.open(refined.run.folder)
    assert run.manifest["parent"]["run"] == str(short)
    assert run.manifest["refined"]["kept"] == 1
    assert [one["event"] for one in run.events()] == ["inherited", "refined"]
    assert Run.open(short).manifest.get("parent") is None
    with pytest.raises(RunError, match="finished"):
        zs.resume(run, data=frame(), quiet=True)
    found = zs.evaluate(run, data=frame(), replicates=2, n=100, quiet=True)
    assert found["c2st_boosted"].value < 1


def test_a_round_of_a_recipe_of_small_batches_is_short(tmp_path: Path) -> None:
    animals = pd.DataFrame({"kind": [("ant", "bee")[i % 2] for i in range(400)]})
    animals["text"] = [("red ", "wet ")[i % 3 == 0] + one for i, one in enumerate(animals["kind"])]
    options = {"text": "text", "pieces": "characters", "slots": "none", "copies": "allowed"}
    changes = {"game.generator.width": 24, "game.attributes.width": 16}
    said: dict[str, int] = {}
    model = zs.train(
        "text", data=animals, out=tmp_path / "run", samples=3_200, holdout=0.3, options=options,
        set=changes, **QUICK,
    )  # fmt: skip
    found = refine(
        tmp_path / "run", rounds=1, data=animals,
        progress=lambda what, done, total: said.update({what: total}),
    )  # fmt: skip
    assert found.rounds[0]["auc"] > 0.6
    assert found.kept == 1
    assert found.after.auc < found.before.auc
    before, after = (
        one.game.get_submodule("attributes").state_dict() for one in (model, zs.load(found.run))
    )
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert said["learning from the verdict"] == 200


@pytest.mark.slow
def test_the_same_seed_refines_alike(short: Path, refined: zs.Refinement, tmp_path: Path) -> None:
    again = zs.refine(short, data=frame(), rounds=1, out=tmp_path / "again", quiet=True)
    a, b = (zs.load(one.run).sample(50, seed=1) for one in (refined, again))
    assert pd.DataFrame(a).equals(pd.DataFrame(b))


def test_what_buys_nothing_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    noise = pd.DataFrame({"a": np.random.default_rng(0).integers(0, 9, 1_500)})
    noise["b"] = np.random.default_rng(1).integers(0, 9, 1_500)
    model = zs.train("table", data=noise, out=tmp_path / "run", samples=8_000, seed=0, **QUICK)
    held = noise.sample(frac=1, random_state=1).reset_index(drop=True)
    held["b"] = np.random.default_rng(2).integers(0, 9, 1_500)
    found = zs.refine(model, data=noise, holdout=held, out=tmp_path / "new", quiet=True)
    assert found.kept == 0
    assert found.after == found.before
    assert "nothing was bought" in str(found)
    a, b = (pd.DataFrame(one.sample(50, seed=1)) for one in (model, zs.load(found.run)))
    assert a.equals(b)


class TestRefused:
    def test_without_reals_that_nobody_trained_on(self, tmp_path: Path) -> None:
        model = zs.train("table", data=frame(300), out=tmp_path / "run", samples=300, **QUICK)
        with pytest.raises(EvaluationError, match=r"100 or more reals.*holdout=0.2"):
            zs.refine(model, data=frame(300), quiet=True)
        with pytest.raises(EvaluationError, match="there are 50"):
            zs.refine(model, data=frame(300), holdout=frame(50, seed=1), quiet=True)

    def test_recipes_without_likelihoods(self, tmp_path: Path) -> None:
        model = zs.train("table_gan", data=frame(300), out=tmp_path / "run", samples=300, **QUICK)
        with pytest.raises(RecipeError, match=r"'table_gan'.*how likely"):
            zs.refine(model, data=frame(300), holdout=frame(seed=1), quiet=True)

    def test_unknown_judges_and_rounds(self, short: Path) -> None:
        with pytest.raises(RecipeError, match="Did you mean 'trees'"):
            zs.refine(short, judge="tree", quiet=True)  # pyright: ignore[reportArgumentType]
        with pytest.raises(RecipeError, match="1 or more"):
            zs.refine(short, rounds=0, quiet=True)

    def test_private_runs(self, short: Path, tmp_path: Path) -> None:
        manifest = json.loads((short / "manifest.json").read_text())
        folder = tmp_path / "private"
        folder.mkdir()
        manifest["privacy"] = {"epsilon": 1.0, "delta": 1e-5}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(PrivacyError, match="not refined"):
            zs.refine(folder, quiet=True)


class TestJudges:
    def looks(self, n: int, shift: float, seed: int) -> Looks:
        g = np.random.default_rng(seed)
        x = g.normal(shift, 1, (n, 2))
        x[:, 1] = np.where(g.random(n) < 0.1, np.nan, g.integers(0, 3, n))
        return Looks(x, np.array([False, True]))

    @pytest.mark.parametrize("judge", sorted(JUDGES))
    def test_weights_are_density_ratios(self, judge: str) -> None:
        torch.manual_seed(0)
        real, made, new = (self.looks(1_500, shift, i) for i, shift in enumerate((1.0, 0.0, 0.0)))
        found = judged(JUDGES[judge], real, made, new, seed=0)
        truth = np.exp(np.clip(new.x[:, 0] - 0.5, -3, 2))
        assert found.auc == pytest.approx(0.75, abs=0.04)
        assert found.trust > 0.7
        assert np.corrcoef(found.weights, truth / truth.mean())[0, 1] > 0.85
        assert found.weights.mean() == pytest.approx(1.0)

    @pytest.mark.parametrize("judge", sorted(JUDGES))
    def test_a_judge_that_sees_nothing_is_not_believed(self, judge: str) -> None:
        sides = [self.looks(600, 0.0, i) for i in range(3)]
        found = judged(JUDGES[judge], *sides, seed=0)
        assert found.auc == pytest.approx(0.5, abs=0.06)
        assert found.spread < 0.15

    def test_area(self) -> None:
        assert area(np.array([1.0]), np.array([1.0])) == 0.5
