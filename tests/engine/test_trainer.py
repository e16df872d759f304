"""The training loop: what is played when, averages, schedules, hooks, divergence, state."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from zerosum.data.base import ArrayDataset, Dataset
from zerosum.engine.execution import Execution
from zerosum.engine.hooks import Hook, Row
from zerosum.engine.optimisation import Adam, Averaging, Optimisation, OptimizerConfig, RmsProp, Sgd
from zerosum.engine.trainer import HANDED_OVER, OBSERVE_EVERY, Trainer
from zerosum.errors import ConfigError, DataError, DivergenceError
from zerosum.games.base import Game, Inputs, Move, StepContext, Terms
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.objectives.penalties import R1
from zerosum.rng import Noise, seeded_initialisation
from zerosum.runtime import Runtime
from zerosum.schedules import Constant, Linear

CPU = Runtime(torch.device("cpu"))
BATCH = 8


class Trio(Game):
    """Three players that each pull their weights towards the data, and a log of every turn."""

    averaged: ClassVar[tuple[str, ...]] = ("a", "c")

    def __init__(self, dataset: Dataset, *, tied: bool = False) -> None:
        super().__init__()
        self.space = dataset.space
        self.a, self.b, self.c = (nn.Linear(3, 3) for _ in range(3))
        if tied:
            self.a = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
            self.a[1].weight = self.a[0].weight  # pyright: ignore[reportArgumentType]
        self.norm = nn.BatchNorm1d(3)
        self.c.add_module("norm", self.norm)
        self.plan = [
            Move("a", self.pull("a")),
            Move("b", self.pull("b")),
            Move("c", self.pull("c")),
        ]
        self.log: list[tuple[str, int, float]] = []
        self.poison: Callable[[int], float] = lambda index: 1.0

    def pull(self, player: str) -> Callable[[StepContext], Terms]:
        def loss(context: StepContext) -> Terms:
            self.log.append((player, context.index, context.progress))
            x = context.next_batch().x
            made = self.get_submodule(player)(x)
            if player == "c":
                made = self.norm(made)
            context.signals["mean"] = made.mean().detach()
            return {"pull": self.poison(context.index) * (made - x.flip(1)).square().mean()}

        return loss

    def moves(self) -> Sequence[Move]:
        return self.plan

    def draw(self, n: int, noise: Noise) -> Inputs:
        return Inputs(noise.normal(n, 3))

    def generate(self, inputs: Inputs) -> Tensor:
        return self.a(inputs.z)


def make_dataset() -> ArrayDataset:
    return ArrayDataset(Noise(0).normal(64, 3), name="points")


def make_game(*, tied: bool = False) -> Trio:
    with seeded_initialisation(0):
        return Trio(make_dataset(), tied=tied)


def make_trainer(
    game: Game,
    *,
    optimizers: dict[str, OptimizerConfig] | None = None,
    averaging: Averaging | None = None,
    steps: int = 12,
    accumulate: int = 1,
    record_every: int = 3,
    runtime: Runtime = CPU,
) -> Trainer:
    learned = optimizers or {"a": Adam(lr=0.01), "b": Sgd(lr=0.1, momentum=0.9), "c": RmsProp()}
    optimisation = Optimisation(
        batch_size=BATCH, total_samples=steps * BATCH, accumulate=accumulate,
        optimizers=learned, record_every=record_every,
        averaging=averaging or Averaging(half_life=20.0),
    )  # fmt: skip
    return Trainer(
        game, make_dataset(), optimisation, seed=0, runtime=runtime, execution=Execution()
    )


def snapshot(trainer: Trainer) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in trainer.state()[0].items()}


def assert_same(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    assert not [name for name in a if not torch.equal(a[name], b[name])]


class Log(Hook):
    """Writes down what it is told; stops where it is asked to."""

    def __init__(self, name: str, lines: list[str], *, stop_at: int = -1) -> None:
        self.name, self.lines, self.stop_at = name, lines, stop_at
        self.rows: list[Row] = []

    def started(self, trainer: Trainer) -> None:
        self.lines.append(f"{self.name} started {trainer.step}")

    def stepped(self, trainer: Trainer) -> None:
        self.lines.append(f"{self.name} stepped {trainer.step}")
        if trainer.step == self.stop_at:
            trainer.stop("enough")

    def recorded(self, trainer: Trainer, row: Row) -> None:
        self.rows.append(row)
        self.lines.append(f"{self.name} recorded {row.step}")

    def ended(self, trainer: Trainer, reason: str) -> None:
        self.lines.append(f"{self.name} ended {reason}")


# Moves


def test_every_and_repeats() -> None:
    game = make_game()
    game.plan = [
        Move("a", game.pull("a"), repeats=3),
        Move("b", game.pull("b"), every=2),
        Move("c", game.pull("c"), every=3, repeats=2),
    ]
    trainer = make_trainer(game)
    for _ in range(7):
        trainer.play()
    played = {name: [index for who, index, _ in game.log if who == name] for name in "abc"}
    assert played == {"a": [*range(21)], "b": [*range(4)], "c": [*range(6)]}
    first = [who for who, _, progress in game.log if progress == 0]
    assert first == ["a", "a", "a", "b", "c", "c"]
    assert [who for who, _, progress in game.log if progress == 1 / 12] == ["a", "a", "a"]


def test_a_move_that_begins_later_leaves_its_player_alone_till_then() -> None:
    straight, halves = (make_game() for _ in range(2))
    for game in (straight, halves):
        game.plan = [Move("a", game.pull("a")), Move("b", game.pull("b"), begin=0.5)]
    trainer = make_trainer(straight, record_every=20)
    before = straight.b.weight.detach().clone()
    for _ in range(6):
        trainer.play()
    assert torch.equal(straight.b.weight, before)
    assert [who for who, *_ in straight.log] == ["a"] * 6
    again = make_trainer(halves, record_every=20)
    tensors, scalars = trainer.state()
    again.load_state({name: tensor.clone() for name, tensor in tensors.items()}, scalars)
    for one in (trainer, again):
        one.play()
    assert not torch.equal(straight.b.weight, before)
    assert [(who, index) for who, index, _ in halves.log] == [("a", 6), ("b", 6)]
    assert_same(trainer.state()[0], again.state()[0])


def test_progress_is_the_share_of_the_budget() -> None:
    game = make_game()
    trainer = make_trainer(game, steps=4)
    assert trainer.run() == "finished"
    assert trainer.step == 4
    assert trainer.samples_seen == 4 * BATCH
    assert trainer.progress == 1
    assert sorted({progress for *_, progress in game.log}) == [0, 0.25, 0.5, 0.75]


class Counting(TwoPlayer):
    """Notes which terms each discriminator move had."""

    paid: list[bool]

    def discriminator_loss(self, context: StepContext) -> Terms:
        terms = super().discriminator_loss(context)
        self.paid.append("r1" in terms)
        return terms


def test_lazy_penalties_count_the_moves_of_their_player() -> None:
    config = TwoPlayerConfig(
        generator=MlpGeneratorConfig(width=4),
        discriminator=MlpDiscriminatorConfig(width=4),
        penalties=(R1(every=4),),
        discriminator_repeats=3,
    )
    game = Counting(config, make_dataset().space)
    game.paid = []
    adam = Adam()
    trainer = make_trainer(game, optimizers={"generator": adam, "discriminator": adam})
    for _ in range(3):
        trainer.play()
    assert game.paid == [i % 4 == 0 for i in range(9)]


def test_three_players_learn_with_optimizers_of_their_own() -> None:
    game = make_game()
    trainer = make_trainer(game, record_every=1)
    log = Log("log", [])
    before = snapshot(trainer)
    trainer.run([log])
    names = {f"{player}/{name}" for player in "abc" for name in ("pull", "mean", "slope", "speed")}
    assert names == set(log.rows[0].values)
    for player in "abc":
        assert not torch.equal(
            before[f"game.{player}.weight"], trainer.state()[0][f"game.{player}.weight"]
        )
    names = {name.split(".", 3)[-1] for name in trainer.state()[0] if name.startswith("optimizer.")}
    assert names == {"exp_avg", "exp_avg_sq", "step", "momentum_buffer", "square_avg"}


def test_optimizers_must_name_the_players() -> None:
    with pytest.raises(ConfigError, match=r"\['a', 'b'\], and the players are \['a', 'b', 'c'\]"):
        make_trainer(make_game(), optimizers={"a": Sgd(), "b": Sgd()})
    with pytest.raises(ConfigError, match="one optimizer for each player"):
        make_trainer(make_game(), optimizers={name: Sgd() for name in "abcd"})


def test_a_batch_that_cannot_be_split_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"batch of 8 .* 1 processes times 3 .* multiple of 3"):
        make_trainer(make_game(), accumulate=3)
    with pytest.raises(ConfigError, match="multiple of 6"):
        make_trainer(make_game(), accumulate=2, runtime=Runtime(CPU.device, rank=0, world=3))


def test_a_batch_larger_than_the_data_is_refused() -> None:
    small = ArrayDataset(Noise(0).normal(5, 3), name="five")
    optimisation = Optimisation(optimizers={name: Sgd() for name in "abc"})
    with pytest.raises(DataError, match="batch of 64 is larger than five"):
        Trainer(
            make_game(), small, optimisation, seed=0, runtime=CPU, execution=Execution()
        )  # fmt: skip


# Arithmetic


@pytest.mark.parametrize("accumulate", [2, 4])
def test_accumulated_gradients_are_those_of_the_whole_batch(accumulate: int) -> None:
    states, rows = [], []
    for pieces in (1, accumulate):
        game = make_game()
        game.plan = game.plan[:2]  # the third has batch statistics, which do depend on pieces
        optimizers: dict[str, OptimizerConfig] = {"a": Sgd(lr=0.1), "b": Sgd(lr=0.1, momentum=0.9)}
        trainer = make_trainer(game, optimizers=optimizers, accumulate=pieces)
        log = Log("log", [])
        trainer.run([log])
        states.append(snapshot(trainer))
        rows.append(log.rows)
    for name in (n for n in states[0] if n.startswith(("game.", "average."))):
        torch.testing.assert_close(states[0][name], states[1][name], rtol=1e-5, atol=1e-6)
    for one, many in zip(*rows, strict=True):
        assert one.values == pytest.approx(many.values, rel=1e-5, abs=1e-6)


class Slope(Game):
    """One number whose gradient is always one."""

    averaged: ClassVar[tuple[str, ...]] = ("w",)

    def __init__(self, dataset: Dataset) -> None:
        super().__init__()
        self.space = dataset.space
        self.w = nn.ParameterDict({"value": nn.Parameter(torch.zeros((), dtype=torch.float64))})

    def moves(self) -> Sequence[Move]:
        return [Move("w", lambda context: {"height": self.w["value"]})]


def test_the_learning_rate_follows_its_schedule() -> None:
    game = Slope(make_dataset())
    sgd = Sgd(lr=0.5, schedule=Linear(start=1.0, end=0.2, begin=0.25))
    trainer = make_trainer(game, optimizers={"w": sgd}, steps=8)
    heights = [0.0]
    while trainer.progress < 1:
        trainer.play()
        heights.append(game.w["value"].item())
    steps = [a - b for a, b in pairwise(heights)]
    expected = [0.5 * (1 - 0.8 * max(0, (i / 8 - 0.25) / 0.75)) for i in range(8)]
    assert steps == pytest.approx(expected)


@pytest.mark.parametrize(("half_life", "ramp"), [(20.0, 0.05), (20.0, 1.0), (0.0, 0.05)])
def test_the_average_is_the_closed_form(half_life: float, ramp: float) -> None:
    game = Slope(make_dataset())
    averaging = Averaging(half_life=half_life, ramp=ramp)
    trainer = make_trainer(game, optimizers={"w": Sgd(lr=1.0)}, averaging=averaging)
    expected = 0.0
    for step in range(1, 11):
        trainer.play()
        horizon = min(half_life, ramp * step * BATCH)
        decay = 0.5 ** (BATCH / horizon) if horizon else 0.0
        expected = decay * expected + (1 - decay) * -step
        average = trainer.state()[0]["average.w.value"].item()
        assert average == pytest.approx(expected, rel=1e-6)


def test_the_average_has_the_named_players_and_their_statistics() -> None:
    trainer = make_trainer(make_game())
    trainer.play()
    names = {name for name in trainer.state()[0] if name.startswith("average.")}
    expected = {"a.weight", "a.bias", "c.weight", "c.bias"} | {
        f"c.norm.{name}" for name in ("weight", "bias", "running_mean", "running_var")
    }
    assert names == {f"average.{name}" for name in expected}


@pytest.mark.parametrize("tied", [False, True])
def test_averaged_weights_come_and_go(tied: bool) -> None:
    game = make_game(tied=tied)
    trainer = make_trainer(game)
    for _ in range(3):
        trainer.play()
    before = snapshot(trainer)
    with trainer.averaged_weights() as averaged:
        assert not averaged.training
        assert not torch.is_grad_enabled()
        inside = {name: tensor.clone() for name, tensor in averaged.state_dict().items()}
    assert game.training
    assert_same(snapshot(trainer), before)
    for name, tensor in before.items():
        if name.startswith("average."):
            assert torch.equal(inside[name.removeprefix("average.")], tensor)
    assert torch.equal(inside["b.weight"], before["game.b.weight"])


def test_averaged_weights_go_after_an_error_too() -> None:
    trainer = make_trainer(make_game())
    trainer.play()
    before = snapshot(trainer)
    with pytest.raises(KeyError), trainer.averaged_weights() as game:
        game.state_dict()["nothing"]
    assert_same(snapshot(trainer), before)
    assert trainer.game.training


def test_samples_come_from_the_average_and_change_nothing() -> None:
    game = make_game()
    trainer = make_trainer(game)
    for _ in range(3):
        trainer.play()
    before, inputs = snapshot(trainer), game.draw(4, Noise(0))
    x = trainer.sample(inputs)
    assert_same(snapshot(trainer), before)
    made = inputs.z @ before["average.a.weight"].T + before["average.a.bias"]
    torch.testing.assert_close(x, make_dataset().space.to_data(made))


# Hooks and records


def test_hooks_are_called_in_order() -> None:
    lines: list[str] = []
    trainer = make_trainer(make_game(), steps=4)
    assert trainer.run([Log("one", lines), Log("two", lines)]) == "finished"
    events = ["started 0", "stepped 1", "stepped 2", "recorded 3", "stepped 3", "stepped 4"]
    events.append("ended finished")
    assert lines == [f"{name} {event}" for event in events for name in ("one", "two")]


def test_a_hook_can_stop_and_the_run_can_go_on() -> None:
    lines: list[str] = []
    trainer = make_trainer(make_game(), steps=6)
    assert trainer.run([Log("log", lines, stop_at=2)]) == "enough"
    assert trainer.step == 2
    assert lines[-1] == "log ended enough"
    assert trainer.run() == "finished"
    assert trainer.step == 6


def test_rows_are_means_over_their_steps() -> None:
    log, single = Log("log", []), Log("single", [])
    make_trainer(make_game(), steps=6, record_every=3).run([log])
    make_trainer(make_game(), steps=6, record_every=1).run([single])
    assert [(row.step, row.samples) for row in log.rows] == [(3, 24), (6, 48)]
    for i, row in enumerate(log.rows):
        for name, value in row.values.items():
            three = single.rows[3 * i : 3 * i + 3]
            parts = [one.values[name] for one in three if name in one.values]
            assert value == pytest.approx(sum(parts) / len(parts), rel=1e-5, abs=1e-7)
    assert log.rows[0].seconds <= log.rows[1].seconds


@pytest.mark.parametrize("stop_at", [1, 3, 5, 7])
def test_rows_do_not_depend_on_where_a_resume_happened(stop_at: int) -> None:
    whole, first, second = (Log("log", [], stop_at=s) for s in (-1, stop_at, -1))
    make_trainer(make_game()).run([whole])
    early, late = make_trainer(make_game()), make_trainer(make_game())
    early.run([first])
    late.load_state(snapshot(early), early.state()[1])
    late.run([second])
    rows = [(row.step, row.samples, row.values) for row in [*first.rows, *second.rows]]
    assert rows == [(row.step, row.samples, row.values) for row in whole.rows]


# Divergence


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_bad_term_ends_the_training_by_name(bad: float) -> None:
    game = make_game()
    game.poison = lambda index: bad if index == 4 else 1.0
    trainer = make_trainer(game)
    log = Log("log", [])
    with pytest.raises(DivergenceError, match=r"by step 6 the term a/pull is (nan|inf)"):
        trainer.run([log])
    assert [row.step for row in log.rows] == [3]
    assert not [p for p in game.parameters() if bool((p == 0).all())]


def test_check_healthy_reads_terms_that_are_not_recorded_yet() -> None:
    game = make_game()
    game.poison = lambda index: float("nan")
    trainer = make_trainer(game, record_every=100)
    trainer.check_healthy()
    trainer.play()
    with pytest.raises(DivergenceError, match="the term a/pull is not finite"):
        trainer.check_healthy()


@pytest.mark.parametrize("bad", [float("nan"), float("-inf")])
def test_check_healthy_finds_a_bad_weight(bad: float) -> None:
    trainer = make_trainer(make_game())
    trainer.play()
    trainer.check_healthy()
    with torch.no_grad():
        trainer.game.get_parameter("b.weight")[1, 2] = bad
    with pytest.raises(DivergenceError, match=r"by step 1 the tensor b.weight is not finite"):
        trainer.check_healthy()


def test_check_healthy_finds_a_bad_average() -> None:
    trainer = make_trainer(make_game())
    trainer.play()
    trainer.state()[0]["average.a.bias"].fill_(float("nan"))
    with pytest.raises(DivergenceError, match=r"average.a.bias"):
        trainer.check_healthy()


# State


def test_a_state_brings_back_an_earlier_moment() -> None:
    trainer = make_trainer(make_game())
    start, numbers = snapshot(trainer), trainer.state()[1]
    for _ in range(5):
        trainer.play()
    reached = snapshot(trainer)
    trainer.load_state(start, numbers)
    assert_same(snapshot(trainer), start)
    for _ in range(5):
        trainer.play()
    assert_same(snapshot(trainer), reached)


def test_a_state_holds_the_schedule_of_rates_by_its_step_alone() -> None:
    sgd = Sgd(lr=0.5, schedule=Linear(), momentum=0.5)
    first, second = (
        make_trainer(Slope(make_dataset()), optimizers={"w": sgd}, steps=6) for _ in range(2)
    )
    for _ in range(3):
        first.play()
    second.load_state(snapshot(first), first.state()[1])
    for trainer in (first, second):
        trainer.play()
    assert_same(snapshot(first), snapshot(second))
    assert Constant().at(0.3) == 1


def test_the_size_of_a_gradient_is_recorded_on_every_fifth_step() -> None:
    trainer = make_trainer(make_game(), record_every=1)
    log = Log("log", [])
    trainer.run([log])
    with_slope = [row.step for row in log.rows if "a/slope" in row.values]
    assert with_slope == [row.step for row in log.rows if (row.step - 1) % OBSERVE_EVERY == 0]


def test_a_roll_back_takes_everything_but_the_clock() -> None:
    trainer = make_trainer(make_game())
    for _ in range(3):
        trainer.play()
    tensors, scalars = trainer.state()
    early = {name: tensor.clone() for name, tensor in tensors.items()}
    for _ in range(5):
        trainer.play()
    trainer.notes["watch"] = {"tries": 1}
    position = trainer.loader.position
    trainer.roll_back(early, scalars)
    again, numbers = trainer.state()
    assert (trainer.step, trainer.loader.position) == (8, position)
    assert numbers["notes"] == {"watch": {"tries": 1}}
    assert numbers["window"] == []
    kept = [name for name in early if not name.startswith("window.")]
    assert all(torch.equal(early[name], again[name]) for name in kept)


class Handing(Hook):
    """Hands over at step 4 and keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, trainer: Trainer) -> None:
        self.told.append("started")

    def taken_over(self, trainer: Trainer) -> None:
        self.told.append("taken over")

    def stepped(self, trainer: Trainer) -> None:
        if trainer.step == 4 and "taken over" not in self.told:
            trainer.hand_over()

    def ended(self, trainer: Trainer, reason: str) -> None:
        self.told.append(reason)


def test_another_trainer_takes_over_without_a_second_start_or_an_end() -> None:
    first, second = make_trainer(make_game()), make_trainer(make_game())
    hook = Handing()
    assert first.run([hook]) == HANDED_OVER
    tensors, scalars = first.state()
    second.load_state(tensors, scalars)
    assert second.take_over([hook]) == "finished"
    assert hook.told == ["started", "taken over", "finished"]


def test_the_speed_of_a_player_is_how_far_its_largest_tensor_goes() -> None:
    trainer = make_trainer(make_game(), record_every=1)
    log = Log("log", [])
    largest = max(trainer.players["a"], key=lambda one: one.numel())
    before = largest.detach().clone()
    trainer.play()
    expected = ((largest.detach() - before).norm() / before.norm()).item()
    trainer = make_trainer(make_game(), record_every=1)
    trainer.run([log])
    assert log.rows[0].values["a/speed"] == pytest.approx(expected, rel=1e-4)
