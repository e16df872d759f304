"""Hooks that fill a run folder while the engine plays."""

import time
from collections import deque
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from zerosum.engine.hooks import Hook, Row
from zerosum.engine.trainer import Trainer
from zerosum.forms.base import Preview
from zerosum.games.base import Game, Inputs
from zerosum.games.controls import ChoiceControl
from zerosum.rng import Noise, derive_seed
from zerosum.runs.files import write_whole
from zerosum.runs.store import Run
from zerosum.runs.thinning import thin_out

_PLANS = 40
"""How often a budget in minutes is planned, at least."""
_SHARE_TO_DRAW = 0.05
"""Of the time, at most, for pictures of samples."""
_CLOSE = 0.01
"""Plans that differ by this share of what is left are the same."""


class HistoryHook(Hook):
    """Appends every record to `history.jsonl`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """One line of JSON."""
        values = {"step": row.step, "samples": row.samples, "seconds": round(row.seconds, 3)}
        self._run.add_history(values | row.values)


class CheckpointHook(Hook):
    """Saves every `seconds` seconds and at the end; never a state that is not finite.

    With several processes a state is saved when a row of the history is full: until then each of
    them holds values of its own, and only those of the first one would be saved.

    `before` is called before each save, for what must lie on disk when a resume starts from it.
    """

    def __init__(
        self, run: Run, *, seconds: float, before: Callable[[], None] | None = None
    ) -> None:
        self._run, self._seconds, self._before = run, seconds, before
        self._last, self._last_step = time.monotonic(), -1

    def started(self, trainer: Trainer) -> None:
        """Keep the untrained state too, where the run does not hold it since it was made."""
        self._run.update(state="running")
        if trainer.step == 0 and not self._run.checkpoints.steps():
            self._save(trainer)

    def taken_over(self, trainer: Trainer) -> None:
        """A changed recipe can be resumed from its first step."""
        self._save(trainer)

    def stepped(self, trainer: Trainer) -> None:
        """Save when it is time, and the first process knows all."""
        if time.monotonic() - self._last >= self._seconds and trainer.knows_all:
            self._save(trainer)

    def ended(self, trainer: Trainer, reason: str) -> None:
        """Save the last step, and let go of states that a finished training needs no longer."""
        if trainer.step != self._last_step:
            self._save(trainer)
        if reason == "finished":
            thin_out(self._run)
        self._run.update(state=reason)
        self._run.add_event("ended", reason=reason, step=trainer.step)

    def _save(self, trainer: Trainer) -> None:
        trainer.check_healthy()
        if self._before is not None:
            self._before()
        begin = time.monotonic()
        self._run.checkpoints.save(*trainer.state())
        self._run.update(
            step=trainer.step, samples=trainer.samples_seen, seconds=round(trainer.seconds, 3)
        )
        self._last, self._last_step = time.monotonic(), trainer.step
        self.closing_seconds = self._last - begin


class SampleHook(Hook):
    """Draws samples of the same latents again and again, so that one can watch them change.

    The first picture comes after `first_seconds`; each later one after twice the time, up to
    `most_seconds`, or later where drawing would take more than a twentieth of the time. Points are
    drawn on reals in grey. Samples that may be somebody's record are drawn alone unless
    `show_reals` says otherwise.
    """

    def __init__(
        self, run: Run, *, preview: Preview, seed: int, n: int = 64, first_seconds: float = 2.0,
        most_seconds: float = 60.0, show_reals: bool = False,
    ) -> None:  # fmt: skip
        self._run, self.preview, self._n, self._most = run, preview, n, most_seconds
        self._wait, self._last = first_seconds, time.monotonic()
        self._seed = derive_seed(seed, "samples")
        self._show_reals, self._real = show_reals, None
        self.newest: Tensor | None = None

    def started(self, trainer: Trainer) -> None:
        """Take the reals that samples are drawn on, where they are."""
        allowed = self._show_reals or not trainer.dataset.space.holds_records
        if self.preview.draws_reals and allowed:
            count = min(2_000, len(trainer.dataset))
            self._real = trainer.dataset.take(torch.arange(count))[0]
        self._last = time.monotonic()

    def stepped(self, trainer: Trainer) -> None:
        """Draw when it is time."""
        if time.monotonic() - self._last >= self._wait:
            self.draw(trainer)
            self._wait = max(min(2 * self._wait, self._most), self.closing_seconds / _SHARE_TO_DRAW)

    def ended(self, trainer: Trainer, reason: str) -> None:
        """Draw the last state."""
        self.draw(trainer)

    def draw(self, trainer: Trainer) -> None:
        """Draw samples as they are now."""
        begin = time.monotonic()
        # Each time anew, since a game that translates has none before its first batches.
        inputs = fixed_inputs(trainer.game, self._n, Noise(self._seed))
        self.newest = trainer.sample(inputs)
        folder = self._run.subfolder("samples")
        space, sources = trainer.game.space, trainer.game.sources_in(inputs)
        if sources is None:
            picture = self.preview.draw(space, self.newest, real=self._real)
        else:
            picture = self.preview.draw_made(space, self.newest, sources=sources)
        path = folder / f"samples-{trainer.samples_seen:010d}.png"
        write_whole(path, lambda aside: picture.save(aside, format="PNG"))
        self._last = time.monotonic()
        self.closing_seconds = self._last - begin


def fixed_inputs(game: Game, n: int, noise: Noise) -> Inputs:
    """`n` inputs; where the game has a choice to make, it takes its names in turn."""
    inputs = game.draw(n, noise)
    for name, control in game.controls().items():
        if isinstance(control, ChoiceControl):
            return game.control(inputs, name, torch.arange(n) % len(control.names))
    return inputs


class Deadline(Hook):
    """Ends a training in time, what other hooks do at its end included.

    Attributes:
        seconds: of wall time that it may take, from when this was made or the training started.
        others: these hooks.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self._start = seconds, time.monotonic()
        self.others: Sequence[Hook] = ()

    def started(self, trainer: Trainer) -> None:
        """Begin to count."""
        self._start = time.monotonic()

    def left(self, now: float) -> float:
        """Seconds for further steps, from `now` on."""
        closing = sum(hook.closing_seconds for hook in self.others)
        return self._start + self.seconds - closing - now


class StopAfter(Deadline):
    """Stops the training when its time is over."""

    def stepped(self, trainer: Trainer) -> None:
        """Look at the clock."""
        if self.left(time.monotonic()) <= 0:
            trainer.stop("out of time")


class KeepTime(Deadline):
    """Plans the training again and again, so that its budget ends with its time.

    The pace is that of the last half of the time, with everything that looks on. Each plan is in
    the manifest before it is followed, so a resume follows it too.
    """

    def __init__(self, run: Run, seconds: float) -> None:
        super().__init__(seconds)
        self._run, self._due = run, 0.0
        self._half = 0
        self._seen: deque[tuple[float, int]] = deque()

    def stepped(self, trainer: Trainer) -> None:
        """Plan again where it is time; several processes can only agree at a record."""
        if trainer.runtime.world == 1:
            self._look(trainer)

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """The same, for several processes."""
        if trainer.runtime.world > 1:
            self._look(trainer)

    def _look(self, trainer: Trainer) -> None:
        now, seen = time.monotonic(), trainer.samples_seen
        if not self._seen:  # the first step is slow, and so is what looks on before it
            self._seen.append((now, seen))
            self._set_next(now, seen, trainer.budget.total)
        elif now >= self._due or seen >= self._half:
            self._plan(trainer, now, seen)

    def _plan(self, trainer: Trainer, now: float, seen: int) -> None:
        size, left = trainer.optimisation.batch_size, self.left(now)
        while len(self._seen) > 1 and self._seen[1][0] <= (self._start + now) / 2:
            self._seen.popleft()
        begin, seen_then = self._seen[0]
        self._seen.append((now, seen))
        steps = round(left * (seen - seen_then) / max(now - begin, 1e-9) / size)
        total = seen + max(steps, 0) * size
        if left <= 0 or abs(total - trainer.budget.total) > _CLOSE * (total - seen):
            self._run.update(budget=trainer.budget.replanned(seen, total).to_json())
            trainer.replan(total)
        self._set_next(now, seen, total)

    def _set_next(self, now: float, seen: int, total: int) -> None:
        """The plan is looked at again in a fortieth of the time, or at half of what is left."""
        left = self.left(now)
        self._due = now + max(min(self.seconds / _PLANS, left / 4), 0.0)
        self._half = seen + (total - seen + 1) // 2
