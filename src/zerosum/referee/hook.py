"""The referee as a hook: it watches, keeps the healthiest state, and asks for remedies."""

import math
import time
from collections.abc import Callable
from typing import Any

from torch import Tensor

from zerosum.engine.hooks import Hook, Row
from zerosum.engine.trainer import Trainer
from zerosum.errors import DivergenceError
from zerosum.recipe_registry import Recipe
from zerosum.referee.diagnosis import (
    REMEDIES_FOR,
    STUCK,
    Diagnosis,
    Moment,
    from_looks,
    from_reals,
    from_size,
    from_surprise,
    never_varied,
    stalled,
)
from zerosum.referee.guard import Guard
from zerosum.referee.notes import read_notes
from zerosum.referee.pace import steps_between_looks
from zerosum.referee.quality_probe import ProbeResult, QualityProbe
from zerosum.referee.reals import RealWatch
from zerosum.referee.remedies import REMEDIES, Remedy, Wish
from zerosum.referee.signals import Trace
from zerosum.rng import derive_seed
from zerosum.runs.store import Run

_SETTLING = 0.15
"""Share of the budget in which a duel may still find its feet."""
_FAIR = 100
"""Steps before which no samples are called collapsed."""
_QUIET = 0.05
"""Share of the budget for which one diagnosis is not repeated."""
_RECENT = 0.2
"""Share of the budget for which the reason of a sudden change is remembered."""
_MOST_TRIES = 6
_TOO_LATE = 0.95
_REST = 2
"""Looks after a remedy before the next one may be tried."""
_HELPED = 1.1
"""Times the best distance up to which a state is as healthy; looks at 500 samples scatter so."""
_CHANCE = 2.0
"""Standard deviations of a look by which the last state may be worse besides."""
_KEPT = 4
_ALARM_LOOKS = 6
_SAME_ALARM = 3
"""Looks up to which an alarm and the plain cause that follows it are one thing."""
_TRUSTED_AFTER = 1
"""Looks that a state must be followed by before it is gone back to."""


class Referee(Hook):
    """Watches a training; in mode `act` it asks for remedies.

    Args:
        run: where findings are written, and the healthiest state is kept.
        guard: `watch` or `act`.
        seed: of the latents it looks at.
        seconds: of a budget in minutes; looks that take long are fewer then.

    Attributes:
        wish: what is wanted, once the trainer was made to hand over.
    """

    def __init__(self, run: Run, *, guard: Guard, seed: int, seconds: float | None = None) -> None:
        self._run, self._guard, self._seconds = run, guard, seconds
        self._seed = derive_seed(seed, "referee")
        self._trace = Trace()
        self._every = 1
        self._first = math.inf
        self._best: Moment | None = None
        self._looks: list[Moment] = []
        self._row: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._tries: list[str] = []
        self._first_aid: dict[str, float] = {}
        self._waiting: str | None = None
        self._alarm = math.inf
        self._flushed: list[int] = []
        self._kept: dict[int, tuple[dict[str, Tensor], dict[str, Any]] | None] = {}
        self._distances: dict[int, float] = {}
        self.wish: Wish | None = None

    def started(self, trainer: Trainer) -> None:
        """Measure the untrained generator, or go on where a checkpoint was taken."""
        self._gauge = QualityProbe(trainer.dataset, seed=self._seed)
        self._reals = RealWatch(self._gauge)
        trainer.loader.listener = self._reals
        self._trainer, self._rules = trainer, self._run.manifest["recipe"]
        if "referee" in trainer.notes:
            self._load_notes(trainer.notes["referee"])
            if trainer.notes["referee"]["rules"] != self._rules:
                self._forget(self._trace.forget_levels)  # a fault, or schedules that stretch
            return
        first = self._see(trainer)
        self._every = steps_between_looks(
            trainer.budget.total, trainer.optimisation.batch_size,
            in_parts=trainer.game.made_in_parts, seconds=self._seconds,
            seconds_of_look=self.closing_seconds,
        )  # fmt: skip
        self._first = first.distance if math.isfinite(first.distance) else 1.0

    def taken_over(self, trainer: Trainer) -> None:
        """Signals of the changed duel are not compared with those before."""
        trainer.loader.listener = self._reals
        self._trainer, self._rules = trainer, self._run.manifest["recipe"]
        self.wish = None
        self._forget(self._trace.clear)

    def _forget(self, signals: Callable[[], None]) -> None:
        signals()
        self._looks, self._row, self._alarm = [], {}, math.inf

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """Look at the signals."""
        self._row = row.values
        surprise = self._trace.add(row.values)
        findings = [from_size(self._reals.read_size())]
        if trainer.progress >= _SETTLING:
            findings.append(from_surprise(surprise, row.values))
        reals = self._reals.read()
        if reals is not None:
            findings.append(from_reals(*reals))
        for finding in findings:
            if finding is not None:
                self._tell(trainer, finding)
                self._first_aid |= dict.fromkeys(finding.first, trainer.progress)
                self._alarm = min(self._alarm, trainer.step - 2 * trainer.optimisation.record_every)
                if finding.urgent:
                    self._mend(trainer, finding)

    def stepped(self, trainer: Trainer) -> None:
        """Look at samples, when it is time."""
        if trainer.step % self._every == 0 and self.wish is None:
            self._look(trainer)

    def ended(self, trainer: Trainer, reason: str) -> None:
        """Say which state is the healthiest."""
        if self._best is None:
            self._look(trainer)
        if self._best is None:
            return
        self.flush()
        seen = bool(self._looks) and self._looks[-1].step == trainer.step
        last = self._looks[-1].sight if seen else self._see(trainer)
        verdict = {
            "step": self._best.step,
            "distance": round(self._best.sight.distance, 4),
            "last_distance": round(last.distance, 4),
        }
        bound = _HELPED * self._best.sight.distance + _CHANCE * self._gauge.scatter
        if self._guard == "act" and last.distance > bound:
            self._run.update(model=verdict)
            last = self._best.sight
        else:
            self._run.update(healthiest=verdict)
        finding = self._never_varied(trainer, [Moment(trainer.step, last)] * 2, 1.0)
        if finding is not None:
            self._tell(trainer, finding)
        self._run.update(health=None if finding is None else "collapsed")

    def flush(self) -> None:
        """Bring the states that are kept to disk, and notes; called before every checkpoint."""
        self._note(self._trainer)
        for step, state in self._kept.items():
            if state is not None:
                self._run.healthy.save(*state)
                self._kept[step] = None
        # What the checkpoint before this one speaks of may still be needed by a resume.
        self._run.healthy.retain({*self._kept, *self._flushed})
        self._flushed = sorted(self._kept)

    def diverged(self, trainer: Trainer, error: DivergenceError) -> bool:
        """A term or weight is not finite: whether there is a remedy to go on with."""
        if self.wish is not None:
            return True  # processes hand over at a record, and the wish is older than that
        finding = Diagnosis("numerical divergence", str(error).partition(". ")[0], 1.0, {})
        self._tell(trainer, finding)
        return self._ask(trainer, finding)

    def _next_remedy(self, recipe: Recipe, finding: Diagnosis, trainer: Trainer) -> Remedy | None:
        """The first remedy that was not tried as often as it is listed, and changes the recipe.

        What a sudden change of signals asked for in the last part of the budget comes first. A duel
        that was given another run's weights has no other first weights to start again from.
        """
        recent = [name for name, at in self._first_aid.items() if trainer.progress - at < _RECENT]
        tried = [one.partition(":")[2] for one in self._tries]
        given = self._run.manifest.get("parent") is not None
        for name in [*recent, *REMEDIES_FOR[finding.name]]:
            if given and REMEDIES[name].anew:
                continue
            if name in tried:
                tried.remove(name)
            elif REMEDIES[name].change(recipe, trainer.game.space) is not None:
                return REMEDIES[name]
        return None

    def _see(self, trainer: Trainer) -> ProbeResult:
        begin = time.monotonic()
        sight = self._gauge.look(trainer)
        self.closing_seconds = time.monotonic() - begin
        return sight

    def _look(self, trainer: Trainer) -> None:
        sight = self._see(trainer)
        moment = Moment(
            trainer.step,
            sight,
            self._row.get("discriminator/accuracy", 0.5),
            self._row.get("discriminator/real_sign", 0.0),
        )
        self._run.add_event(
            "measured", step=trainer.step, samples=trainer.samples_seen, distance=sight.distance,
            coverage=sight.coverage, lost=sight.lost, spread=sight.spread,
        )  # fmt: skip
        self._looks = [*self._looks[-11:], moment]
        self._keep(trainer, moment)
        self._follow_up(trainer, sight)
        if self._alarm < trainer.step - _ALARM_LOOKS * self._every:
            self._alarm = math.inf  # nothing came of it
        finding = self._finding(trainer)
        if finding is not None:
            self._tell(trainer, finding)
            self._mend(trainer, finding)
            return
        stuck = self._share_since_best(trainer)
        finding = self._never_varied(trainer, self._looks, stuck)
        if finding is not None:
            self._tell(trainer, finding)
            if finding.first and stuck >= STUCK:
                self._first_aid |= dict.fromkeys(finding.first, trainer.progress)
                self._mend(trainer, finding)

    def _never_varied(
        self, trainer: Trainer, looks: list[Moment], since: float
    ) -> Diagnosis | None:
        start = max(_FAIR, _SETTLING * trainer.budget.total / trainer.optimisation.batch_size)
        if trainer.step < start:
            return None
        fair, distinct = [look for look in looks if look.step >= start], self._gauge.distinct
        return never_varied(fair, distinct_reals=distinct, share_since=since)

    def _mend(self, trainer: Trainer, finding: Diagnosis) -> None:
        rested = not self._tries or len(self._looks) > _REST
        if rested and not trainer.stopping and self._ask(trainer, finding):
            trainer.hand_over()

    def _finding(self, trainer: Trainer) -> Diagnosis | None:
        best = self._best
        if best is None or trainer.progress < _SETTLING:
            return None
        epochs = trainer.samples_seen / len(trainer.dataset)
        lost = from_looks(self._looks, best, first_distance=self._first, epochs=epochs)
        if lost is not None:
            return lost
        return stalled(best, share_since=self._share_since_best(trainer))

    def _share_since_best(self, trainer: Trainer) -> float:
        """Share of the budget used since the best look or the last remedy."""
        since = max(self._looks[0].step, self._best.step if self._best else 0)
        return (trainer.step - since) * trainer.optimisation.batch_size / trainer.budget.total

    def _keep(self, trainer: Trainer, moment: Moment) -> None:
        """Keep the best state, the newest, and the last few that are about as healthy as the best.

        Nothing is kept of a moment that is not finite.
        """
        distance = moment.sight.distance
        if not math.isfinite(distance):
            return
        best = math.inf if self._best is None else self._best.sight.distance
        if distance < best:
            self._best = moment
        tensors, scalars = trainer.state()
        copies = {name: t.detach().cpu().clone() for name, t in tensors.items()}
        self._kept[moment.step] = copies, scalars
        self._distances[moment.step] = distance
        healthy = [step for step in sorted(self._kept) if self._is_healthy(step)]
        self._drop_but({moment.step, *healthy[-_KEPT:]})

    def _drop_but(self, steps: set[int]) -> None:
        for step in [s for s in self._kept if s not in steps and not self._is_best(s)]:
            del self._kept[step], self._distances[step]

    def _is_healthy(self, step: int) -> bool:
        best = self._best
        return best is not None and self._distances[step] <= _HELPED * best.sight.distance

    def _safe_step(self, trainer: Trainer, finding: Diagnosis) -> int | None:
        """The newest kept state from before it went wrong.

        Of an urgent finding it is known when that was, or when it was first heard of. Otherwise the
        state must lie before any alarm and have been healthy for a while after: averaged weights
        look well for some steps after the weights themselves went astray. But what is not finite
        spreads to them at once.
        """
        if finding.urgent:
            begun = trainer.step - 2 * trainer.optimisation.record_every
            if begun - self._alarm <= _SAME_ALARM * self._every:
                begun = self._alarm
            return max((step for step in self._kept if step <= begun), default=None)
        looks = 0 if finding.name == "numerical divergence" else _TRUSTED_AFTER + 1
        latest = min(trainer.step - looks * self._every, self._alarm)
        steps = [step for step in sorted(self._kept) if self._is_healthy(step)]
        safe = [step for step in steps if step <= latest]
        return safe[-1] if safe else next(iter(steps), None)

    def _follow_up(self, trainer: Trainer, sight: ProbeResult) -> None:
        """Once the duel had its rest after a remedy: did it help?"""
        if self._waiting is None or self._best is None or len(self._looks) <= _REST:
            return
        helped = sight.distance <= _HELPED * self._best.sight.distance
        self._run.add_event(
            "outcome", step=trainer.step, name=self._waiting,
            words="as healthy as before" if helped else "not healthy yet", helped=helped,
        )  # fmt: skip
        self._waiting = None

    def _ask(self, trainer: Trainer, finding: Diagnosis) -> bool:
        late = trainer.progress >= _TOO_LATE
        back_to = self._safe_step(trainer, finding)
        if self._guard != "act" or late or len(self._tries) >= _MOST_TRIES or back_to is None:
            return False
        recipe = Recipe.from_json(self._run.manifest["recipe"])
        remedy = self._next_remedy(recipe, finding, trainer)
        if remedy is None:
            return False
        self._tries = [*self._tries, f"{finding.name}:{remedy.name}"]
        self._waiting = remedy.name
        self._run.add_event(
            "remedy", step=trainer.step, samples=trainer.samples_seen, name=remedy.name,
            words=remedy.words, diagnosis=finding.name, back_to=back_to,
            attempt=len(self._tries),
        )  # fmt: skip
        self.flush()
        self._drop_but({step for step in self._kept if step <= back_to})
        self.wish = Wish(remedy, back_to)
        self._note(trainer)
        return True

    def _is_best(self, step: int) -> bool:
        return self._best is not None and self._best.step == step

    def _tell(self, trainer: Trainer, finding: Diagnosis) -> None:
        """Write the finding down, unless it was said a short while ago."""
        if trainer.progress - self._told.get(finding.name, -1.0) < _QUIET:
            return
        self._told = {**self._told, finding.name: trainer.progress}
        self._run.add_event(
            "diagnosis", step=trainer.step, samples=trainer.samples_seen, name=finding.name,
            words=finding.words, confidence=finding.confidence,
            signals={name: round(value, 4) for name, value in finding.signals.items()},
        )  # fmt: skip

    def _note(self, trainer: Trainer) -> None:
        """Leave what a resume needs with the trainer, whose checkpoints carry it."""
        trainer.notes["referee"] = {
            "rules": self._rules,
            "every": self._every,
            "first": self._first,
            "best": None if self._best is None else self._best.to_json(),
            "looks": [look.to_json() for look in self._looks],
            "row": self._row,
            "told": self._told,
            "tries": self._tries,
            "first_aid": self._first_aid,
            "alarm": self._alarm,
            "kept": [[step, self._distances[step]] for step in sorted(self._kept)],
            "waiting": self._waiting,
            "trace": self._trace.state(),
            "reals": self._reals.state(),
        }

    def _load_notes(self, notes: dict[str, Any]) -> None:
        source = f"what the referee left in {self._run.checkpoints.folder}"
        read_notes(notes, source=source, step=self._trainer.step)
        self._every, self._first = notes["every"], notes["first"]
        self._best = None if notes["best"] is None else Moment.from_json(notes["best"])
        self._looks = [Moment.from_json(look) for look in notes["looks"]]
        self._row, self._told = notes["row"], notes["told"]
        self._tries, self._waiting = notes["tries"], notes["waiting"]
        self._first_aid, self._alarm = notes["first_aid"], notes["alarm"]
        there = self._run.healthy.steps()
        self._distances = {step: far for step, far in notes["kept"] if step in there}
        self._kept = dict.fromkeys(self._distances)
        self._flushed = sorted(self._kept)
        if self._best is not None and self._best.step not in there:
            self._best = None  # the newest checkpoint was damaged, and an older one is used
        self._trace.load_state(notes["trace"])
        self._reals.load_state(notes["reals"])
