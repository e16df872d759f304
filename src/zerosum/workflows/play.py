"""Play a trainer to its end, with everything that looks on, and change its recipe on the way."""

import json
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from zerosum.catalogue import modality_of
from zerosum.engine.carry import carry_over
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import HANDED_OVER, Trainer
from zerosum.errors import DivergenceError, RunError
from zerosum.recipe_registry import Recipe
from zerosum.referee.guard import Guard
from zerosum.referee.hook import Referee
from zerosum.referee.remedies import Wish
from zerosum.rng import derive_seed
from zerosum.runs.hooks import CheckpointHook, Deadline, HistoryHook, KeepTime, SampleHook
from zerosum.runs.ledger import LedgerHook
from zerosum.runs.store import Run
from zerosum.workflows.metrics import metric_hook
from zerosum.workflows.prepare import make_trainer
from zerosum.workflows.provoke import fault_hook
from zerosum.workflows.quality import quality_hook

Listener = Callable[[Run, Trainer, SampleHook], Sequence[Hook]]
"""Gives the hooks of a face, such as a live view, once the run exists."""


def play(
    run: Run,
    trainer: Trainer,
    *,
    seed: int,
    guard: Guard,
    clock: Deadline | None,
    checkpoint_seconds: float,
    listener: Listener | None,
) -> None:
    """Play until the budget is used; where the referee asks for it, go on with another trainer.

    Args:
        run: where everything is kept.
        trainer: at the step it goes on from.
        seed: of everything that is random.
        guard: what the referee may do.
        clock: ends the training in time, where it has a budget in minutes.
        checkpoint_seconds: time between two checkpoints.
        listener: gives the hooks of a face.

    Raises:
        DivergenceError: a term is NaN or infinite, and there is no remedy.
    """
    # With a budget in samples, looks do not depend on how fast the machine is.
    seconds = clock.seconds if isinstance(clock, KeepTime) else None
    player = _Player(run, trainer, seed, guard, seconds)
    preview = modality_of(trainer.game.space).preview
    show_reals = run.manifest.get("show_reals", False)
    samples = SampleHook(run, preview=preview, seed=seed, show_reals=show_reals)
    hooks: list[Hook] = [LedgerHook(run)] if run.manifest.get("privacy") else []
    hooks += [HistoryHook(run), samples]
    hooks += metric_hook(run, trainer) + quality_hook(run, trainer)
    hooks += [clock] if clock is not None else []
    if player.referee is not None:
        hooks.append(player.referee)  # before a face, whose last line says what was found
    hooks += fault_hook(run)
    hooks += listener(run, trainer, samples) if listener and trainer.runtime.is_main else []
    before = player.referee.flush if player.referee is not None else None
    hooks.append(CheckpointHook(run, seconds=checkpoint_seconds, before=before))
    if clock is not None:
        clock.others = hooks
    try:
        with _interruptible(player):
            player.play(hooks)
    except BaseException as error:
        player.trainer.loader.close()
        if trainer.runtime.is_main:
            for hook in hooks:
                hook.failed(player.trainer)
            _record_failure(run, player.trainer, error)
        raise


class _Player:
    """The trainer that is playing, and who may change it."""

    def __init__(
        self, run: Run, trainer: Trainer, seed: int, guard: Guard, seconds: float | None
    ) -> None:
        self.run, self.trainer, self._seed = run, trainer, seed
        watched = guard != "off" and trainer.runtime.is_main
        self.referee = Referee(run, guard=guard, seed=seed, seconds=seconds) if watched else None

    def play(self, hooks: Sequence[Hook]) -> None:
        """Play to the end, over all trainers."""
        go_on = self.trainer.run
        while True:
            try:
                if go_on(hooks) != HANDED_OVER:
                    return
                self.trainer = self._changed(None)
            except DivergenceError as error:
                self.trainer = self._changed(error)
            go_on = self.trainer.take_over

    def _changed(self, error: DivergenceError | None) -> Trainer:
        """The next trainer; with several processes all of them make it from the first one's word.

        Raises:
            DivergenceError: `error`, when there is no remedy.
        """
        old, word = self.trainer, ""
        if self.referee is not None and (error is None or self.referee.diverged(old, error)):
            if self.referee.wish is None:
                raise RuntimeError("the trainer handed over without a remedy")
            word = json.dumps(self._order(self.referee.wish, old.step))
        word = old.runtime.agree_text(word)
        if not word:
            raise error or RuntimeError("no remedy was agreed on")
        order = json.loads(word)
        recipe = Recipe.from_json(order["recipe"])
        new = make_trainer(
            recipe, old.dataset, seed=order["seed"], runtime=old.runtime, execution=old.execution
        )
        new.step, new.seconds, new.notes = old.step, old.seconds, old.notes
        new.budget = old.budget
        new.loader.position = old.loader.position
        if order["seed"] == self._seed:
            healthy = self.run.healthy.load(order["back_to"])
            new.roll_back(carry_over(healthy.tensors, new), healthy.scalars)
        if error is not None and old.stopping != HANDED_OVER:
            new.stopping = old.stopping  # found while the training was about to end
        if old.runtime.is_main:
            given = [*self.run.manifest.get("remedies", []), order["remedy"]]
            self.run.update(recipe=recipe.to_json(), remedies=given)
        return new

    def _order(self, wish: Wish, step: int) -> dict[str, Any]:
        remedy = wish.remedy
        recipe = Recipe.from_json(self.run.manifest["recipe"])
        changed = remedy.change(recipe, self.trainer.game.space)
        if changed is None:
            raise RuntimeError(f"{remedy.name} changes nothing")
        seed = derive_seed(self._seed, remedy.name, step) if remedy.anew else self._seed
        return {
            "recipe": changed.to_json(), "seed": seed, "back_to": wish.back_to,
            "remedy": {
                "step": step, "name": remedy.name, "by": "referee", "instead_of": recipe.to_json(),
            },
        }  # fmt: skip


def _record_failure(run: Run, trainer: Trainer, error: BaseException) -> None:
    """Say in the run why it ended; where even that cannot be written, the error itself says it."""
    state = "failed"
    if isinstance(error, DivergenceError):
        state = "diverged"
    elif isinstance(error, KeyboardInterrupt):
        state = "interrupted"
    with suppress(RunError):
        run.add_event(state, step=trainer.step, message=str(error))
        run.update(state=state)


@contextmanager
def _interruptible(player: _Player) -> Iterator[None]:
    """The first Ctrl-C ends the training after the step, resumable; a second one at once.

    So does a terminal that is closed, unless `nohup` asked that it should not; shells say it twice,
    and no second one is needed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(number: int, _frame: object) -> None:
        player.trainer.stop("interrupted")
        if number != hangup:
            signal.signal(number, signal.default_int_handler)

    hangup = getattr(signal, "SIGHUP", None)
    numbers = [signal.SIGINT, signal.SIGTERM]
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:
        numbers.append(hangup)
    previous = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
