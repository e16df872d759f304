"""The choice of precision, layout, threads and compilation."""

import pytest
import torch

from zerosum.data.base import ArrayDataset
from zerosum.engine.choose import (
    Wishes,
    can_compile,
    candidates,
    choose_execution,
    parse_wishes,
)
from zerosum.engine.execution import Execution
from zerosum.engine.optimisation import Adam, Optimisation
from zerosum.engine.trainer import Trainer
from zerosum.errors import ConfigError
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.rng import Noise
from zerosum.runtime import Runtime
from zerosum.spaces import ImageSpace, PointSpace

CPU = torch.device("cpu")
RUNTIME = Runtime(CPU)
PICTURES = ImageSpace(channels=3, height=8, width=8)
POINTS = PointSpace(center=(0.0, 0.0), scale=(1.0, 1.0))
PLAIN = Execution()


def make_trainer(execution: Execution) -> Trainer:
    dataset = ArrayDataset(Noise(0).normal(16, 2), name="points")
    game = TwoPlayerConfig(
        generator=MlpGeneratorConfig(width=4, depth=1),
        discriminator=MlpDiscriminatorConfig(width=4, depth=1),
    ).build(dataset.space)
    optimisation = Optimisation(
        batch_size=4, optimizers={"generator": Adam(), "discriminator": Adam()}
    )
    return Trainer(game, dataset, optimisation, seed=0, runtime=RUNTIME, execution=execution)


def ways(
    wishes: Wishes, *, images: bool = True, compilable: bool = False, bfloat16: bool = True
) -> list[Execution]:
    space = PICTURES if images else POINTS
    return candidates(wishes, space=space, device=CPU, compilable=compilable, bfloat16=bfloat16)


def test_the_plainest_way_comes_first_and_all_are_different() -> None:
    found = ways(Wishes(), compilable=True)
    assert found[0] == Execution(threads=1)
    assert len({str(way) for way in found}) == len(found)
    assert {way.precision for way in found} == {"fp32", "bf16"}
    assert {way.layout for way in found} == {"contiguous", "channels_last"}
    assert {way.compile for way in found} == {False, True}
    assert {way.threads for way in found} == {1, torch.get_num_threads()}


def test_points_keep_full_precision_and_one_layout() -> None:
    found = ways(Wishes(), images=False)
    assert {(way.precision, way.layout, way.compile) for way in found} == {
        ("fp32", "contiguous", False)
    }


def test_without_a_compiler_nothing_is_compiled() -> None:
    assert not any(way.compile for way in ways(Wishes()))


def test_where_bfloat16_is_slow_it_is_not_tried_but_can_be_forced() -> None:
    assert {way.precision for way in ways(Wishes(), bfloat16=False)} == {"fp32"}
    forced = ways(Wishes(precision="bf16"), bfloat16=False)
    assert {way.precision for way in forced} == {"bf16"}


def test_a_gpu_leaves_threads_alone() -> None:
    gpu = torch.device("cuda")
    found = candidates(Wishes(), space=PICTURES, device=gpu, compilable=True, bfloat16=True)
    assert {way.threads for way in found} == {0}


@pytest.mark.parametrize(
    ("wishes", "field", "value"),
    [
        (Wishes(precision="bf16"), "precision", "bf16"),
        (Wishes(layout="channels_last"), "layout", "channels_last"),
        (Wishes(compile=True), "compile", True),
        (Wishes(compile=False), "compile", False),
        (Wishes(threads=3), "threads", 3),
    ],
)
@pytest.mark.parametrize("images", [True, False])
def test_what_is_forced_is_kept(wishes: Wishes, field: str, value: object, images: bool) -> None:
    found = ways(wishes, images=images, compilable=True)
    assert {getattr(way, field) for way in found} == {value}


def test_when_all_is_forced_one_way_is_left() -> None:
    wishes = Wishes(precision="bf16", layout="contiguous", compile=False, threads=2)
    assert ways(wishes, compilable=True) == [Execution(precision="bf16", threads=2)]


def test_one_way_is_not_measured() -> None:
    def refuse(execution: Execution) -> Trainer:
        raise AssertionError("nothing is to be measured")

    assert choose_execution([PLAIN], refuse, runtime=RUNTIME, num_steps=9) == (PLAIN, [])


def test_a_choice_is_one_of_the_ways_and_says_what_it_measured() -> None:
    offered = [Execution(threads=1), Execution(precision="bf16", threads=1)]
    chosen, trials = choose_execution(offered, make_trainer, runtime=RUNTIME, num_steps=100)
    assert chosen in offered
    assert [trial.execution for trial in trials] == offered
    assert all(trial.step_seconds > 0 and trial.warmup_seconds > 0 for trial in trials)
    best = min(trials, key=lambda trial: trial.step_seconds)
    assert chosen == best.execution or chosen == offered[0]


@pytest.mark.parametrize("budget_seconds", [None, 60.0])
def test_compilation_is_not_tried_for_a_short_training(budget_seconds: float | None) -> None:
    built: list[Execution] = []

    def make(execution: Execution) -> Trainer:
        built.append(execution)
        return make_trainer(execution)

    offered = ways(Wishes(threads=1), images=False, compilable=True)
    assert any(way.compile for way in offered)
    chosen, _ = choose_execution(
        offered, make, runtime=RUNTIME, num_steps=100, budget_seconds=budget_seconds
    )
    assert chosen in offered
    assert not any(way.compile for way in [chosen, *built])


def test_a_compiler_that_fails_is_told_and_left_out() -> None:
    def make(execution: Execution) -> Trainer:
        if execution.compile:
            raise AssertionError("expected stride 1\nand more")
        return make_trainer(execution)

    offered = ways(Wishes(threads=1), images=False, compilable=True)
    with pytest.warns(match=r"AssertionError: expected stride 1\), so .* is not compiled"):
        chosen, trials = choose_execution(
            offered, make, runtime=RUNTIME, num_steps=100, budget_seconds=7_200.0
        )
    assert not chosen.compile
    assert [trial.execution.compile for trial in trials] == [False]


def test_words_of_the_command_line() -> None:
    assert parse_wishes(
        precision="auto", layout="auto", compile="auto", threads="auto"
    ) == Wishes()  # fmt: skip
    parsed = parse_wishes(precision="bf16", layout="channels_last", compile="on", threads="2")
    assert parsed == Wishes("bf16", "channels_last", True, 2)
    off = parse_wishes(precision="fp32", layout="contiguous", compile="off", threads="auto")
    assert off.compile is False


@pytest.mark.parametrize(
    ("name", "word", "words"),
    [
        ("precision", "fp16", r"precision='fp16'. Did you mean 'bf16'\?"),
        ("layout", "nhwc", "layout='nhwc'. Allowed: auto, channels_last, contiguous"),
        ("compile", "yes", "compile='yes'. Allowed: auto, off, on"),
        ("threads", "0", "threads='0': write auto or a whole number above 0"),
        ("threads", "-1", "threads='-1'"),
        ("threads", "1.5", "threads='1.5'"),
        ("threads", "²", "threads='²'"),
        ("threads", "", "threads=''"),
    ],
)
def test_other_words_are_refused(name: str, word: str, words: str) -> None:
    given = {"precision": "auto", "layout": "auto", "compile": "auto", "threads": "auto"}
    with pytest.raises(ConfigError, match=words):
        parse_wishes(**(given | {name: word}))


def test_compilation_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert not can_compile(CPU)
