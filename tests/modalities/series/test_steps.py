"""Steps are undone, and what they state holds whatever a network makes."""

import numpy as np
import pytest
import torch
from torch import Tensor

from zerosum.errors import ConfigError
from zerosum.modalities.series.baselines import autoregressive, block_bootstrap, shuffled
from zerosum.modalities.series.curves import Curve
from zerosum.modalities.series.finding import FactWishes, find_steps
from zerosum.modalities.series.space import SeriesSpace, fit_space
from zerosum.rng import Noise


def market(n: int = 200, length: int = 16) -> Tensor:
    """Prices `[n, 7, length]`: open, high, low, close, a copy, a volume, a constant."""
    noise = Noise(0)
    start = 3 + noise.normal(n, 1)
    opened = (start + 0.02 * noise.normal(n, length).cumsum(1)).exp()
    closed = opened * (0.01 * noise.normal(n, length)).exp()
    high = opened.maximum(closed) * (1 + (0.01 * noise.normal(n, length)).clamp_min(0))
    low = opened.minimum(closed) * (1 - (0.01 * noise.normal(n, length)).clamp_min(0))
    volume = (1000 * (2 + noise.normal(n, length)).exp()).round()
    return torch.stack(
        [opened, high, low, closed, closed, volume, torch.full_like(volume, 7)], dim=1
    )


NAMES = ("open", "high", "low", "close", "adjusted", "volume", "venue")


@pytest.fixture(scope="module")
def space() -> SeriesSpace:
    return fit_space(market(), NAMES)


def test_the_facts_of_a_market_are_found(space: SeriesSpace) -> None:
    assert {
        "adjusted equals close",
        "venue is always 7",
        "high is never below any of open, low, close",
        "low is never above any of open, close",
        "close moves with open and is modelled beside it",
        "open wanders and is modelled by its increments",
        "volume is whole",
    } <= set(space.facts)
    assert space.coded == ("open", "high", "low", "close", "volume")
    assert space.shape == (5, 16)


def test_series_come_back_as_they_were(space: SeriesSpace) -> None:
    x = market()
    again = space.to_data(space.to_model(x))
    assert torch.allclose(again, x, rtol=2e-6, atol=0)
    assert torch.equal(again[:, 3], again[:, 4])
    assert torch.equal(again[:, 5], x[:, 5])


def test_scores_of_values_of_scores_are_the_scores(space: SeriesSpace) -> None:
    scores = space.to_model(market())
    assert torch.allclose(space.to_model(space.to_data(scores)), scores, atol=2e-3)


def test_scores_are_about_normal(space: SeriesSpace) -> None:
    scores = space.to_model(market())
    assert bool((scores.mean((0, 2)).abs() < 0.1).all())
    assert bool(((scores.std((0, 2)) - 1).abs() < 0.2).all())


@pytest.mark.parametrize("scale", [0.0, 1.0, 5.0, 100.0])
def test_facts_hold_of_whatever_a_network_makes(space: SeriesSpace, scale: float) -> None:
    made = space.to_data(scale * Noise(1).normal(300, *space.shape))
    opened, high, low, closed, adjusted, volume, venue = made.unbind(1)
    assert bool(made.isfinite().all())
    assert bool((high >= opened.maximum(closed)).all())
    assert bool((low <= opened.minimum(closed)).all())
    assert bool((made > 0).all()) or scale > 50
    assert torch.equal(closed, adjusted)
    assert torch.equal(volume, volume.round())
    assert bool((venue == 7).all())


def test_order_holds_on_a_coarse_grid() -> None:
    noise = Noise(2)
    low = noise.integers(100, 8, high=5).float()
    x = torch.stack([low + noise.integers(100, 8, high=3), low], dim=1)
    space = fit_space(x, ("high", "low"))
    made = space.to_data(3 * noise.normal(500, *space.shape))
    assert bool((made[:, 0] >= made[:, 1]).all())
    assert torch.equal(made, made.round())
    assert torch.equal(space.to_data(space.to_model(x)), x)


def test_frequent_values_are_made_as_often_as_they_are() -> None:
    noise = Noise(3)
    rain = (noise.normal(400, 12) - 0.5).clamp_min(0)[:, None]
    space = fit_space(rain, ("rain",))
    assert torch.allclose(space.to_data(space.to_model(rain)), rain, atol=1e-6)
    made = space.to_data(noise.normal(400, *space.shape))
    dry = float((rain == 0).float().mean())
    assert float((made == 0).float().mean()) == pytest.approx(dry, abs=0.03)
    assert bool((made >= 0).all())
    assert space.bounds == {"rain": (0.0, None)}


def test_snapping_keeps_the_gradient_and_moves_to_the_datas_own_scores() -> None:
    rain = (Noise(3).normal(400, 12) - 0.5).clamp_min(0)[:, None]
    space = fit_space(rain, ("rain",))
    own = space.to_model(rain)[rain == 0].unique()
    assert len(own) == 1
    scores = torch.full((1, 1, 12), float(own) + 0.1).requires_grad_()
    snapped = space.snapped(scores)
    assert torch.allclose(snapped, own.expand_as(snapped))
    snapped.sum().backward()
    assert scores.grad is not None
    assert bool((scores.grad == 1).all())


def test_levels_and_paths_are_sums_of_increments(space: SeriesSpace) -> None:
    x = market()
    scores = space.to_model(x).requires_grad_()
    path = space.paths(scores)
    log = x[:, 0].log()
    expected = (log - log[:, :1]) / space.path_scales[0]
    assert torch.allclose(path[:, 0], expected, atol=1e-4)
    assert float(space.levels(scores).detach().mean()) == pytest.approx(0, abs=1e-4)
    path.sum().backward()
    assert scores.grad is not None
    assert bool((scores.grad[:, 0] != 0).any())


def test_sines_are_not_taken_for_walks() -> None:
    steps = torch.linspace(0, 12, 40)
    x = torch.sin(steps + 6 * Noise(0).uniform(100, 1))[:, None] + 0.01 * Noise(1).normal(
        100, 1, 40
    )
    assert not any("wanders" in fact for fact in fit_space(x, ("a",)).facts)


def test_what_the_user_says_is_taken_in_place_of_what_is_found() -> None:
    x = market()
    kinds = {
        (step.kind, getattr(step, "channel", ""))
        for step in find_steps(x, NAMES, FactWishes(increments=("volume",), log=()))
    }
    assert ("increments", "volume") in kinds
    assert not any(kind == "log_scale" for kind, _ in kinds)
    assert ("increments", "open") not in kinds


def test_a_space_survives_json(space: SeriesSpace) -> None:
    again = SeriesSpace.from_json(space.to_json())
    assert again == space
    x = market()
    assert torch.equal(again.to_model(x), space.to_model(x))


def test_a_damaged_space_is_refused(space: SeriesSpace) -> None:
    body = space.to_json()
    body["steps"] = [one for one in body["steps"] if one["kind"] != "fixed_channel"]
    with pytest.raises(ConfigError, match="channels"):
        SeriesSpace.from_json(body)
    body = space.to_json() | {"level_centers": []}
    with pytest.raises(ConfigError, match="a centre and two scales"):
        SeriesSpace.from_json(body)


@pytest.mark.parametrize(
    ("values", "scores"),
    [((0, 1), (1, 0)), ((1, 0), (0, 1)), ((0, 0), (1, 1)), ((0, 1, 2), (0, 1))],
)
def test_a_curve_rises(values: tuple[float, ...], scores: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError):
        Curve(values=values, scores=scores)


def test_shorter_series_have_scores_too(space: SeriesSpace) -> None:
    """Features of long series are learned from averages over time."""
    short = torch.nn.functional.adaptive_avg_pool1d(market(), 5)
    assert space.to_model(short).shape == (200, 5, 5)


def test_users_hold_time_before_channels(space: SeriesSpace) -> None:
    x = market(3)
    assert np.array_equal(space.to_numpy(x), x.numpy().transpose(0, 2, 1))


def test_simple_makers_of_series(space: SeriesSpace) -> None:
    x = market()
    scores = space.to_model(x)
    for maker in (shuffled, autoregressive, block_bootstrap):
        made = space.to_data(maker(scores, 300, Noise(4)))
        assert made.shape == (300, 7, 16)
        assert bool((made[:, 1] >= made[:, 0]).all())
    spread = space.to_data(autoregressive(scores, 300, Noise(4)))[:, 5].log()
    assert float(spread.std()) == pytest.approx(float(x[:, 5].log().std()), rel=0.2)


def test_the_baseline_obeys_the_facts(space: SeriesSpace) -> None:
    x = market()
    made = space.independent(x, 300, Noise(4))
    assert made.shape == (300, 7, 16)
    assert torch.equal(made[:, 3], made[:, 4])
    assert bool((made[:, 1] >= made[:, 0]).all())
    steps = made[:, 0].log().diff(dim=1)
    assert float(steps.std()) == pytest.approx(0.02, rel=0.3)
