"""The two-player game: what is drawn, what is paid, and when."""

import pytest
import torch
from torch import Tensor

from zerosum.engine.choose import can_compile
from zerosum.errors import RecipeError
from zerosum.games.base import Inputs, StepContext
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig, observed
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.objectives.adversarial import AdversarialLoss, NonSaturating, RelativisticPaired
from zerosum.objectives.penalties import R1, R2, GradientPenalty, Penalty
from zerosum.rng import Noise, seeded_initialisation
from zerosum.schedules import Linear, Schedule
from zerosum.spaces import Batch, PointSpace

SPACE = PointSpace(
    center=(0.0,) * 3, scale=(1.0,) * 3, labels=("a", "b", "c"), label_counts=(2, 4, 10)
)
X = Noise(9).normal(8, 3)
Y = torch.arange(8) % 3


def make_game(
    *,
    adversarial: AdversarialLoss | None = None,
    penalties: tuple[Penalty, ...] = (),
    schedule: Schedule | None = None,
    conditional: bool = False,
) -> TwoPlayer:
    config = TwoPlayerConfig(
        latent_dim=4,
        generator=MlpGeneratorConfig(width=8, depth=1),
        discriminator=MlpDiscriminatorConfig(width=8, depth=1),
        adversarial=adversarial or NonSaturating(),
        penalties=penalties,
        penalty_schedule=schedule or Linear(start=1, end=1),
        conditional=conditional,
    )
    with seeded_initialisation(0):
        return config.build(SPACE)


def context(index: int = 0, progress: float = 0.0) -> StepContext:
    return StepContext(8, Noise(1), index, progress, lambda: Batch(X, Y))


def value(terms: dict[str, Tensor], name: str) -> float:
    return float(terms[name].detach())


def squared_slope(game: TwoPlayer, x: Tensor) -> float:
    points = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(game.score(points, None).sum(), points)
    return float(slope.square().sum(1).mean())


def fakes(game: TwoPlayer) -> Tensor:
    return game.generate(Inputs(Noise(1).normal(8, 4))).detach()


def test_terms_of_the_discriminator_are_loss_and_penalties() -> None:
    game = make_game(penalties=(R1(weight=3.0), R2(weight=5.0), GradientPenalty(weight=7.0)))
    played = context()
    terms = game.discriminator_loss(played)
    assert set(terms) == {"real", "fake", "r1", "r2", "gradient_penalty"}
    assert set(played.signals) == {"accuracy", "gradient_norm"}
    x_fake = fakes(game)
    assert value(terms, "r1") == pytest.approx(1.5 * squared_slope(game, X), rel=1e-5)
    assert value(terms, "r2") == pytest.approx(2.5 * squared_slope(game, x_fake), rel=1e-5)
    expected = torch.nn.functional.softplus(-game.score(X, None)).mean().item()
    assert value(terms, "real") == pytest.approx(expected, rel=1e-6)
    assert all(term.requires_grad for term in terms.values())


def test_accuracy_is_the_share_of_pairs_ranked_rightly() -> None:
    game, played = make_game(), context()
    game.discriminator_loss(played)
    expected = (game.score(X, None) > game.score(fakes(game), None)).float().mean()
    assert played.signals["accuracy"].item() == expected.item()
    assert not played.signals["accuracy"].requires_grad


def test_two_penalties_of_one_kind_are_both_paid() -> None:
    once = make_game(penalties=(R1(weight=3.0),)).discriminator_loss(context())
    twice = make_game(penalties=(R1(weight=1.0), R1(weight=2.0))).discriminator_loss(context())
    assert value(twice, "r1") == pytest.approx(value(once, "r1"), rel=1e-6)


def test_a_lazy_penalty_is_rare_and_as_many_times_as_strong() -> None:
    eager = value(make_game(penalties=(R1(),)).discriminator_loss(context()), "r1")
    lazy = make_game(penalties=(R1(every=4),))
    paid = [lazy.discriminator_loss(context(index)) for index in range(9)]
    assert [index for index, terms in enumerate(paid) if "r1" in terms] == [0, 4, 8]
    assert value(paid[4], "r1") == pytest.approx(4 * eager, rel=1e-6)


def test_the_schedule_multiplies_every_penalty() -> None:
    game = make_game(penalties=(R1(), GradientPenalty()), schedule=Linear(start=1.0, end=0.0))
    full, half = game.discriminator_loss(context()), game.discriminator_loss(context(progress=0.5))
    for kind in ("r1", "gradient_penalty"):
        assert value(half, kind) == pytest.approx(0.5 * value(full, kind), rel=1e-6)
    assert value(half, "real") == value(full, "real")


@pytest.mark.parametrize("adversarial", [NonSaturating(), RelativisticPaired()])
def test_the_discriminator_move_leaves_no_gradient_in_the_generator(
    adversarial: AdversarialLoss,
) -> None:
    game = make_game(adversarial=adversarial, penalties=(R1(), R2()))
    torch.stack(list(game.discriminator_loss(context()).values())).sum().backward()
    assert all(p.grad is None for p in game.generator.parameters())
    assert all(p.grad is not None for p in game.discriminator.parameters())


@pytest.mark.parametrize("adversarial", [NonSaturating(), RelativisticPaired()])
def test_the_generator_move_reaches_every_weight_of_the_generator(
    adversarial: AdversarialLoss,
) -> None:
    game = make_game(adversarial=adversarial)
    torch.stack(list(game.generator_loss(context()).values())).sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in game.generator.parameters())


def test_labels_are_drawn_as_often_as_the_data_has_them() -> None:
    drawn = make_game(conditional=True).draw(4_000, Noise(0)).y
    assert drawn is not None
    share = torch.bincount(drawn, minlength=3) / 4_000
    assert share.tolist() == pytest.approx([2 / 16, 4 / 16, 10 / 16], abs=0.03)
    assert make_game().draw(3, Noise(0)).y is None


def test_fakes_carry_the_labels_of_the_reals_beside_them() -> None:
    game = make_game(conditional=True)
    inputs, y = game.draw_beside(Batch(X, Y), Noise(0))
    assert inputs.y is Y
    assert y is Y
    assert make_game().draw_beside(Batch(X, Y), Noise(0))[1] is None


def test_both_players_use_the_label() -> None:
    game, other = make_game(conditional=True), StepContext(
        8, Noise(1), 0, 0.0, lambda: Batch(X, (Y + 1) % 3)
    )  # fmt: skip
    first, second = game.discriminator_loss(context()), game.discriminator_loss(other)
    assert value(first, "real") != value(second, "real")
    assert value(first, "fake") != value(second, "fake")


def test_a_conditional_game_needs_labels() -> None:
    config = make_game(conditional=True).config
    with pytest.raises(RecipeError, match=r"no labels.*game.conditional=false"):
        config.build(PointSpace(center=(0.0,), scale=(1.0,)))


@pytest.mark.skipif(
    not can_compile(torch.device("cpu")), reason="torch.compile needs a C++ compiler on the CPU"
)
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # torch's compiler imports its own old parts
@pytest.mark.slow
def test_compiled_losses_equal_eager_ones() -> None:
    penalties = (R1(), R2(), GradientPenalty())
    eager = make_game(adversarial=RelativisticPaired(), penalties=penalties)
    fused = make_game(adversarial=RelativisticPaired(), penalties=penalties)
    for name in fused.compiled:
        setattr(fused, name, torch.compile(getattr(fused, name), dynamic=False))
    outcomes = []
    for game in (eager, fused):
        found: dict[str, Tensor] = {}
        for player in ("discriminator", "generator"):
            game.requires_grad_(False)
            game.get_submodule(player).requires_grad_(True)
            terms = getattr(game, f"{player}_loss")(context())
            torch.stack(list(terms.values())).sum().backward()
            found |= {f"{player}/{name}": term.detach() for name, term in terms.items()}
        found |= {n: p.grad for n, p in game.named_parameters() if p.grad is not None}
        outcomes.append(found)
    assert outcomes[0].keys() == outcomes[1].keys()
    for name, expected in outcomes[0].items():
        torch.testing.assert_close(
            outcomes[1][name], expected, rtol=1e-4, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
        )


def test_a_turn_that_observes_tells_of_the_duels_health() -> None:
    game, played = make_game(), context()
    played.observe = True
    game.discriminator_loss(played)
    real, fake = game.score(X, None), game.score(fakes(game), None)
    assert played.signals["logit_gap"].item() == pytest.approx((real.mean() - fake.mean()).item())
    sign = game.config.adversarial.sign_statistic(real, fake)
    assert played.signals["real_sign"].item() == pytest.approx(sign.item())
    spread = fakes(game).var(0, correction=0).mean() / X.var(0, correction=0).mean()
    assert played.signals["spread"].item() == pytest.approx(spread.sqrt().item(), rel=1e-5)
    assert not any(signal.requires_grad for signal in played.signals.values())


def test_equal_fakes_have_no_spread() -> None:
    flat = torch.ones(8, 3)
    signals = observed(torch.ones(8), torch.zeros(8), Noise(0).normal(8, 3), flat)
    assert signals["spread"].item() == 0.0
