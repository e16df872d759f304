"""What is asked of private trainings of every kind: that one more or less leaves no trace."""

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import zerosum as zs
from tests.laws.test_private_training import files_below
from tests.secrets import Replayed
from tests.workflows.conftest import PLAIN, StopAt
from zerosum.engine.accountant import PrivacySpent
from zerosum.live import watch
from zerosum.modalities.tables.privacy.private_rows import FINGERPRINT
from zerosum.progress import Reporter
from zerosum.runs.store import Run
from zerosum.workflows.private import PrivacyBudget
from zerosum.workflows.train import resume, train

CLIP = 0.25


def leaves_no_trace(
    recipe: str, made: Callable[[bool], Any], sampled: Callable[[zs.Model], Mapping[str, Any]], *,
    small: Mapping[str, Any], options: Mapping[str, Any], extremes: Sequence[str], place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Train without and with one who is like nobody else, at noise that says the same of both.

    Args:
        recipe: what is trained, stopped and resumed.
        made: data without (False) and with (True) the one.
        sampled: files of samples of a model.
        small: changes of the recipe.
        options: of the reader.
        extremes: words that only the one has.
        place: an empty folder.
        monkeypatch: changes the folder.
    """
    script: list[Any] | None = None
    both = []
    for extreme in (False, True):
        folder = place / str(extreme)
        folder.mkdir()
        monkeypatch.chdir(folder)
        secret, data, said = Replayed(script), made(extreme), io.StringIO()
        with redirect_stderr(said), warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            train(
                recipe, data, out="run", samples=24 * 6, seed=3, changes=small, wishes=PLAIN,
                data_options=options, promise=PrivacyBudget(3.0, 1e-5, secret=secret),
                listener=lambda *given: [*watch(Reporter())(*given), StopAt(3)],
            )  # fmt: skip
            resume("run", data=data, secret=secret, listener=watch(Reporter()))
        script = secret.script
        files = files_below(Path("run")) | dict(sampled(zs.load("run", device="cpu")))
        both.append((files, [str(one.message) for one in warned]))
        assert not [word for word in extremes if word in said.getvalue()]
    (first, said), (second, again) = both
    assert said == again
    assert first.keys() == second.keys()
    assert not [name for name, one in first.items() if one != second[name]]
    assert not [word for word in extremes if word in str(first)]


def spends_what_it_promises(run: Run, *, epsilon: float, histograms: int, count: int) -> None:
    """Check that an account is that of its steps and histograms, and nearly used up."""
    told = run.manifest["privacy"]
    spent = PrivacySpent(
        told["histogram_noise"], told["noise_multiplier"], told["sample_rate"], histograms
    ).epsilon(0.9 * 1e-5)  # fmt: skip
    assert 0.967 * epsilon < spent <= epsilon
    assert spent == pytest.approx(told["epsilon"], abs=1e-4)
    assert run.manifest["data"]["fingerprint"] == FINGERPRINT
    assert run.manifest["data"]["count"] != count  # a noisy number


def one_moves_no_more_than_the_clip(
    player: nn.Module, gradient: Callable[[int], Mapping[str, Any]]
) -> None:
    """Check that one more or less moves a gradient by what it is clipped to, or little less.

    Args:
        player: whose gradient it is.
        gradient: takes that of all (0), of all but one (1) and of nobody (2), as means of 8.
    """
    found: list[Tensor] = []
    for which in range(3):
        assert gradient(which) == {}
        learned = [p.grad for p in player.parameters() if p.grad is not None]
        found.append(torch.cat([one.flatten() for one in learned]) * 8)
    whole, without, none = found
    assert not none.any()
    assert 0.9 * CLIP < float((whole - without).norm()) <= CLIP + 1e-5
