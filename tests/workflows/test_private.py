"""Private training: what is promised is what is counted."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import zerosum as zs
from tests.modalities.tables.chain import people
from zerosum.engine.accountant import Spending, histogram_noise_for, step_noise_for
from zerosum.errors import PrivacyError
from zerosum.modalities.tables.judging.part import TablePart
from zerosum.modalities.tables.privacy.histograms import (
    FINGERPRINT,
    Release,
    as_private,
    fit_private_space,
)
from zerosum.modalities.tables.space import TableSpace
from zerosum.runs.store import Run
from zerosum.workflows.private import Promise, promise_of

SMALL = {"game.generator.width": 32, "game.generator.depth": 2}


def test_the_accountant_agrees_with_published_figures() -> None:
    """Batch 256 of 26,048 rows, 2,000 steps, δ = 1e-5: noise .97 for ε = 3, 1.95 for ε = 1."""
    for epsilon, noise in ((3.0, 0.97), (1.0, 1.95)):
        found = step_noise_for(
            epsilon, 1e-5, histogram_noise=None, sample_rate=256 / 26_048, steps=2_000
        )
        assert found == pytest.approx(noise, rel=0.02)


def test_everything_that_is_counted_costs() -> None:
    steps = Spending(None, 1.0, 0.01, 500).epsilon(1e-6)
    both = Spending(10.0, 1.0, 0.01, 500).epsilon(1e-6)
    more = Spending(10.0, 1.0, 0.01, 1_000).epsilon(1e-6)
    assert steps < both < more
    noise = histogram_noise_for(0.5, 1e-6)
    assert Spending(noise, 0.0, 0.0, 0).epsilon(1e-6) <= 0.5


def test_codes_are_made_of_noisy_counts() -> None:
    data = people(20_000)
    values, _ = data.resident
    assert isinstance(data.space, TableSpace)
    spaces = [
        fit_private_space(
            data.space.fields, values,
            release=Release(8.0, 1e-7, torch.Generator().manual_seed(seed)),
        )
        for seed in (0, 1)
    ]  # fmt: skip
    assert spaces[0] != spaces[1]
    for space in spaces:
        assert isinstance(space, TableSpace)
        assert space.num_rows == pytest.approx(20_000, rel=0.02)
        codes = space.to_model(values).floor().long()
        for i, codec in enumerate(space.codecs):
            told = torch.tensor(codec.counts).double()
            real = torch.bincount(codes[:, i], minlength=codec.size).double()
            apart = (told / told.sum() - real / real.sum()).abs().sum() / 2
            assert float(apart) < 0.08, codec.name


def test_a_category_of_few_rows_is_told_to_nobody(tmp_path: Path) -> None:
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"name": ["Ada"] * 7 + list(rng.choice(["x", "y"], 1_993)), "n": rng.integers(0, 9, 2_000)}
    )
    model = zs.train(
        "table", data=frame, out=tmp_path / "run", set=SMALL, images=5_000, epsilon=3.0, quiet=True
    )
    manifest = (tmp_path / "run" / "manifest.json").read_text("utf-8")
    assert "Ada" not in manifest
    assert isinstance(model, zs.TableModel)
    assert set(model.sample(200)["name"]) <= {"x", "y"}


def test_a_private_run_says_what_it_promises_and_resumes_as_it_is(tmp_path: Path) -> None:
    model = zs.train(
        "table", data=people(2_000), out=tmp_path / "run", set=SMALL, images=6_000,
        epsilon=2.0, delta=1e-5, referee="act", quiet=True,
    )  # fmt: skip
    run = Run.open(tmp_path / "run")
    told = run.manifest["privacy"]
    assert 1.9 < told["epsilon"] <= 2.0
    assert told["delta"] == 1e-5
    assert told["histogram_noise"] > 1
    spent = Spending(
        told["histogram_noise"], told["noise_multiplier"], told["sample_rate"], told["steps"]
    )
    assert spent.epsilon(0.9 * 1e-5) <= 2.0
    assert run.manifest["data"]["fingerprint"] == FINGERPRINT
    assert run.manifest["referee"] == "off"
    assert not any("likelihood" in json.dumps(row) for row in run.history())
    assert isinstance(model, zs.TableModel)
    assert model.values(50).shape == (50, 4)
    with pytest.raises(PrivacyError, match="as it is"):
        zs.resume(run, data=people(2_000), images=60_000, quiet=True)
    page = zs.evaluate(run, data=people(2_000), n=200, replicates=2, quiet=True)
    assert "this page does not" in page.warnings[0]
    part = page.part("table")
    assert isinstance(part, TablePart)
    assert part.sketch.reals == part.sketch.lookalikes == ()
    html = page.save(tmp_path / "report.html").read_text("utf-8")
    assert f"(ε = {told['epsilon']:.3g}, δ = 1e-05)-differential privacy" in html
    assert "Reals of the" not in html


def test_rows_are_known_again_by_the_names_that_were_told() -> None:
    data = people(500)
    values, _ = data.resident
    assert isinstance(data.space, TableSpace)
    space = fit_private_space(
        data.space.fields, values, release=Release(0.1, 1e-7, torch.Generator().manual_seed(0))
    )
    again = as_private(data, space)
    assert again.fingerprint == FINGERPRINT
    assert torch.equal(again.resident[0].nan_to_num(), values.nan_to_num())


@pytest.mark.parametrize(("epsilon", "delta"), [(0.0, None), (-1.0, 1e-6), (3.0, 0.0), (3.0, 2.0)])
def test_what_is_no_promise_is_refused(epsilon: float, delta: float | None) -> None:
    with pytest.raises(PrivacyError, match="give a number"):
        promise_of(epsilon, delta)


def test_delta_needs_epsilon_and_other_recipes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PrivacyError, match="needs --epsilon"):
        promise_of(None, 1e-6)
    with pytest.raises(PrivacyError, match="Take the recipe `table`"):
        zs.train("table_gan", data=people(600), out=tmp_path / "a", epsilon=3.0, quiet=True)
    with pytest.raises(PrivacyError, match="cannot be trained privately"):
        zs.train("vanilla", data="ring", out=tmp_path / "b", epsilon=3.0, quiet=True)
    assert Promise(3.0, 1e-6).histogram_noise is None
