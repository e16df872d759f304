"""The training loop. It knows moves, never methods."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.data.loader import Loader, require_batch_fits
from zerosum.engine import optimisation as steps
from zerosum.engine.budget import Budget
from zerosum.engine.execution import Execution
from zerosum.engine.fit import require_state
from zerosum.engine.hooks import Hook, Row, first_problem
from zerosum.engine.optimisation import Optimisation, micro_batch
from zerosum.engine.state import averaged_tensors, below, like, players_of, swap
from zerosum.errors import DivergenceError
from zerosum.faces import option
from zerosum.games.base import Game, Inputs, Move, StepContext, Terms
from zerosum.rng import Noise, SecretNoise, derive_seed
from zerosum.runtime import Runtime

HANDED_OVER = "handed over"
"""What `Trainer.run` returns when another trainer is to continue."""

OBSERVE_EVERY = 5
"""Signals that cost something are taken on every so many steps."""


class Trainer:
    """Plays a game on a data set; `state` is all that an exact resume needs.

    Args:
        game: the players and their moves; moved to the device.
        dataset: where reals come from.
        optimisation: how players learn.
        seed: decides order and noise.
        runtime: device and processes.
        execution: precision, layout, compilation, threads.
        secret: noise of private gradients; in no state, and never repeated.

    Raises:
        ConfigError: the batch cannot be split, or players and optimizers do not match.
        DataError: the batch is larger than the data.

    Attributes:
        step: steps played.
        seconds: time spent in steps, over all resumes.
        stopping: why it ends after this step; empty while it goes on.
        budget: how many samples it takes in all, and how that was changed on the way.
        players: the parameters that every player learns, by its name.
        notes: what hooks need to know after a resume, JSON values by the hook's name.
    """

    def __init__(
        self,
        game: Game,
        dataset: Dataset,
        optimisation: Optimisation,
        *,
        seed: int,
        runtime: Runtime,
        execution: Execution,
        secret: SecretNoise | None = None,
    ) -> None:
        require_batch_fits(dataset, optimisation.batch_size)
        self.optimisation, self.runtime, self.execution = optimisation, runtime, execution
        self.budget, self._replanned = Budget.of(optimisation.total_samples), 0
        self.dataset = dataset
        self._secret = secret or SecretNoise()
        self.step, self.seconds = 0, 0.0
        self.notes: dict[str, Any] = {}
        self._micro = micro_batch(optimisation, runtime.world)
        self.game = game.to(runtime.device).train()
        if execution.layout == "channels_last":
            for one in (*self.game.parameters(), *self.game.buffers()):
                if one.ndim == 4:  # the layout is one of images; weights for clips have 5 axes
                    one.data = one.data.to(memory_format=torch.channels_last)
        if execution.compile:
            for name in game.compiled:
                setattr(game, name, torch.compile(getattr(game, name), dynamic=False))
        self.moves: Sequence[Move] = game.moves()
        self.players = players_of(game, self.moves, optimisation)
        self._largest = {
            name: max(parameters, key=lambda one: one.numel())
            for name, parameters in self.players.items()
        }
        self._everyone = list(game.parameters())
        self._active: str | None = None
        self._optimizers = {
            name: optimisation.optimizers[name].build(parameters)
            for name, parameters in self.players.items()
        }
        self._weights = averaged_tensors(game)
        self._average = [tensor.detach().clone() for tensor in self._weights.values()]
        self._method_state = [b for b in game.buffers() if b.is_floating_point()]
        self.noise = Noise(
            derive_seed(seed, "noise"),
            device=runtime.device, rank=runtime.rank, world=runtime.world,
        )  # fmt: skip
        self.loader = Loader(
            dataset, seed=seed, runtime=runtime,
            channels_last=execution.layout == "channels_last",
        )  # fmt: skip
        self._window: dict[str, list[Tensor]] = {}
        self.stopping = ""

    @property
    def samples_seen(self) -> int:
        """Steps times batch size."""
        return self.step * self.optimisation.batch_size

    @property
    def progress(self) -> float:
        """Share of the budget that is used, 0 to 1."""
        return self.budget.progress(self.samples_seen)

    @property
    def knows_all(self) -> bool:
        """Whether `state` holds for every process: not while each fills a row with its values."""
        return self.runtime.world == 1 or not self._window

    def run(self, hooks: Sequence[Hook] = ()) -> str:
        """Play until the budget is used or a hook stops it; returns `finished` or the reason.

        Raises:
            DivergenceError: a term is NaN or infinite.
        """
        self.stopping = ""
        mine = hooks if self.runtime.is_main else ()
        return self._run(mine, [hook.started for hook in mine])

    def take_over(self, hooks: Sequence[Hook] = ()) -> str:
        """`run`, where an earlier trainer handed over: hooks are not started again."""
        mine = hooks if self.runtime.is_main else ()
        return self._run(mine, [hook.taken_over for hook in mine])

    def stop(self, reason: str) -> None:
        """End the run after this step (with several processes, at the next record)."""
        self.stopping = reason

    def replan(self, total: int) -> None:
        """Take `total` samples in all, from this step on; several processes at the next record.

        Schedules go on from where they are, and reach their end with the new total.
        """
        self._replanned = max(total, 1)

    def hand_over(self) -> None:
        """Leave `run` after this step with `HANDED_OVER`, without calling `ended` of hooks."""
        self.stopping = HANDED_OVER

    def play(self) -> None:
        """One step: every move that is due, then the average."""
        progress = self.progress
        for move in self.moves:
            if self.step % move.every or progress < move.begin:
                continue
            played = self.step // move.every * move.repeats
            for repeat in range(move.repeats):
                self._play_move(move, played + repeat, progress)
        self.step += 1
        self.runtime.average_(self._method_state)
        self._update_average()

    def check_healthy(self) -> None:
        """Raise unless every pending term, every weight and every average is finite.

        Raises:
            DivergenceError: one is not; the message names it.
        """
        for name, values in self._window.items():
            if not all(math.isfinite(v) for v in torch.stack(values).tolist()):
                raise self._diverged(f"the term {name} is not finite")
        averages = zip([f"average.{name}" for name in self._weights], self._average, strict=True)
        for name, tensor in [*self.game.state_dict().items(), *averages]:
            if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
                raise self._diverged(f"the tensor {name} is not finite")

    @contextmanager
    def averaged_weights(self) -> Iterator[Game]:
        """The game in evaluation mode with its averaged weights, for sampling."""
        pairs = list(zip(self._weights.values(), self._average, strict=True))
        swap(pairs)
        self.game.eval()
        try:
            with torch.no_grad():
                yield self.game
        finally:
            self.game.train()
            swap(pairs[::-1])  # backwards, since a tied weight is swapped once for each name

    def sample(self, inputs: Inputs) -> Tensor:
        """Compact samples `[B, ...]` of the averaged generator, on the CPU."""
        with self.averaged_weights() as game, self.execution.autocast(self.runtime.device):
            return game.space.to_data(game.generate(inputs.to(self.runtime.device))).cpu()

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Every tensor `[...]`, by a dotted name, and every number that a resume needs."""
        tensors = {f"game.{name}": t for name, t in self.game.state_dict().items()}
        average = zip(self._weights, self._average, strict=True)
        tensors |= {f"average.{name}": tensor for name, tensor in average}
        for player, parameters in self.players.items():
            for i, parameter in enumerate(parameters):
                state = self._optimizers[player].state.get(parameter, {})
                tensors |= {f"optimizer.{player}.{i}.{k}": v for k, v in state.items()}
        tensors |= {f"window.{name}": torch.stack(v) for name, v in self._window.items()}
        tensors["noise"] = self.noise.state()
        scalars = {
            "step": self.step,
            "position": self.loader.position,
            "seconds": self.seconds,
            "window": list(self._window),
            "notes": self.notes,
        }
        return tensors, scalars

    def load_state(self, tensors: dict[str, Tensor], scalars: dict[str, Any]) -> None:
        """Continue exactly where `state` was taken; `tensors` are `[...]` each.

        Raises:
            RunError: it does not fit; nothing has been loaded then.
        """
        require_state(self, tensors, scalars)
        self.game.load_state_dict(below("game.", tensors))
        average = below("average.", tensors)
        for name, mine in zip(self._weights, self._average, strict=True):
            mine.copy_(average[name])
        for player, parameters in self.players.items():
            saved = below(f"optimizer.{player}.", tensors)
            self._optimizers[player].state.clear()
            for i, parameter in enumerate(parameters):
                state = {
                    name: like(tensor, parameter) for name, tensor in below(f"{i}.", saved).items()
                }
                if state:
                    self._optimizers[player].state[parameter] = state
        device = self.runtime.device
        window = below("window.", tensors)
        self._window = {name: list(window[name].to(device).unbind()) for name in scalars["window"]}
        self.noise.set_state(tensors["noise"])
        self.step, self.seconds = scalars["step"], scalars["seconds"]
        self.loader.position = scalars["position"]
        self.notes = dict(scalars.get("notes", {}))

    def roll_back(self, tensors: dict[str, Tensor], scalars: dict[str, Any]) -> None:
        """Take everything from an earlier `state` except the clock.

        Steps, seconds and the position in the data stay. So the budget counts what was rolled
        back, and other batches follow than followed before. `tensors` are `[...]` each.

        Raises:
            RunError: it does not fit; nothing has been loaded then.
        """
        clock = {
            "step": self.step,
            "position": self.loader.position,
            "seconds": self.seconds,
            "window": [],
            "notes": self.notes,
        }
        self.load_state(tensors, {**scalars, **clock})

    def _run(self, hooks: Sequence[Hook], greetings: Sequence[Callable[["Trainer"], None]]) -> str:
        try:
            with self.execution.applied():
                self._end_together(first_problem(greet(self) for greet in greetings))
                return self._play_on(hooks)
        finally:
            self.loader.close()

    def _play_on(self, hooks: Sequence[Hook]) -> str:
        ending = found = ""
        while self.progress < 1 and not ending:
            start = time.perf_counter()
            self.play()
            row = None
            if self.step % self.optimisation.record_every == 0:
                row = self._record(start)
            else:
                self.seconds += time.perf_counter() - start
            if row is not None:
                found = found or first_problem(hook.recorded(self, row) for hook in hooks)
            found = found or first_problem(hook.stepped(self) for hook in hooks)
            if self.runtime.world == 1 or row is not None:
                self._end_together(found)
                self._replan_together()
                ending = self.runtime.agree_text(self.stopping)
        if ending == HANDED_OVER:
            return ending
        reason = "finished" if self.progress >= 1 else ending
        self.runtime.average_(one for values in self._window.values() for one in values)
        self._end_together(found or first_problem(hook.ended(self, reason) for hook in hooks))
        self.runtime.wait()
        return reason

    def _replan_together(self) -> None:
        """Take the plan of the first process."""
        total = int(self.runtime.agree_text(str(self._replanned)))
        if total:
            self.budget = self.budget.replanned(self.samples_seen, total)
            self._replanned = 0

    def _end_together(self, found: str) -> None:
        """Raise in every process what a hook of the first one found, if it found anything."""
        message = self.runtime.agree_text(found)
        if message:
            raise DivergenceError(message)

    def _play_move(self, move: Move, index: int, progress: float) -> None:
        self._activate(move.player)
        optimizer = self._optimizers[move.player]
        optimizer.zero_grad(set_to_none=True)
        pieces = self.optimisation.accumulate
        for _ in range(pieces):
            context = StepContext(
                self._micro, self.noise, index, progress, self._next_batch,
                observe=self.step % OBSERVE_EVERY == 0, sampled_batch=self._sampled_batch,
                secret=self._secret,
            )  # fmt: skip
            if move.gradient is not None:
                terms = move.gradient(context)
            else:
                with self.execution.autocast(self.runtime.device):
                    terms = move.loss(context)
                    loss = steps.total_of(terms)
                    loss = loss if pieces == 1 else loss / pieces
                loss.backward()
            self._note(move.player, terms)
            self._note(move.player, context.signals)
        if self.runtime.world > 1:
            parameters = self.players[move.player]
            self.runtime.average_([p.grad for p in parameters if p.grad is not None])
        observe = self.step % OBSERVE_EVERY == 0
        if observe:
            self._note(move.player, {"slope": steps.gradient_size(self.players[move.player])})
        self.optimisation.optimizers[move.player].apply(optimizer, progress)
        largest = self._largest[move.player]
        before = largest.detach().clone() if observe else None
        optimizer.step()
        if before is not None:
            self._note(move.player, {"speed": steps.relative_change(before, largest)})

    def _next_batch(self) -> Any:
        return self.loader.next(self._micro)

    def _sampled_batch(self, rate: float) -> Any:
        return self.loader.sampled(rate, self._secret)

    def _note(self, player: str, values: Terms) -> None:
        # Copies, since a signal may be a buffer that changes in place.
        for name, value in values.items():
            self._window.setdefault(f"{player}/{name}", []).append(value.detach().clone())

    def _activate(self, player: str) -> None:
        if player == self._active:
            return
        mine = set(map(id, self.players[player]))
        for parameter in self._everyone:
            parameter.requires_grad_(id(parameter) in mine)
        self._active = player

    def _update_average(self) -> None:
        if not self._average:
            return
        decay = self.optimisation.averaging.decay(
            samples_seen=self.samples_seen, batch_size=self.optimisation.batch_size
        )
        with torch.no_grad():
            torch._foreach_lerp_(  # pyright: ignore[reportPrivateImportUsage]
                self._average, list(self._weights.values()), 1 - decay
            )

    def _record(self, start: float) -> Row:
        """Fetch the window's means from the device, in one copy."""
        # Empty where no step was observed and none has terms, as those of private gradients.
        means = [torch.stack(values).float().mean() for values in self._window.values()]
        means = torch.stack(means) if means else torch.zeros(0, device=self.runtime.device)
        self.runtime.average_([means])
        values = dict(zip(self._window, means.tolist(), strict=True))
        self.seconds += time.perf_counter() - start
        for name, value in values.items():
            if not math.isfinite(value):
                raise self._diverged(f"the term {name} is {value}")
        self._window.clear()
        return Row(self.step, self.samples_seen, self.seconds, values)

    def _diverged(self, what: str) -> DivergenceError:
        return DivergenceError(
            f"training diverged: by step {self.step} {what}. The last healthy checkpoint is kept. "
            "Lower the learning rates (optimisation.optimizers.generator.lr, ...), raise the "
            f"gradient penalty, or try {option('precision', 'fp32')}."
        )
