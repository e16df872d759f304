"""The live view of a training: a dashboard on a terminal, plain lines elsewhere."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import TaskID, TimeRemainingColumn
from rich.style import Style
from rich.table import Table
from rich.text import Text
from torch import Tensor

from zerosum.engine.hooks import Hook, Row
from zerosum.engine.trainer import Trainer
from zerosum.plots.characters import block_characters, sparkline
from zerosum.progress import Bar, Reporter, can_redraw, console_of, rate_of
from zerosum.runs.hooks import SampleHook
from zerosum.runs.store import Run
from zerosum.runs.tensorboard import TensorBoardHook, require_tensorboard
from zerosum.screen import screen
from zerosum.spaces import Space
from zerosum.terminal import printable
from zerosum.workflows.next_steps import farewell
from zerosum.workflows.play import Listener

_PLAIN_SECONDS = 5.0
_HISTORY = 40
_HEARD = 3
_NOT_QUALITY = {"event", "time", "step", "samples"}
_FOR_THE_REFEREE = {"slope", "speed", "logit_gap", "real_sign", "spread"}


def watch(
    reporter: Reporter, *, quiet: bool = False, tensorboard: Path | str | None = None
) -> Listener:
    """Gives the view that suits where output goes: live on a terminal, else plain lines.

    Args:
        reporter: spoke of what was prepared; its bar makes way for the view.
        quiet: show nothing.
        tensorboard: folder of a TensorBoard log that is written meanwhile.

    Raises:
        MissingExtraError: TensorBoard is asked for and not installed.
    """
    if tensorboard is not None:
        require_tensorboard()

    def view(run: Run, _trainer: Trainer, samples: SampleHook) -> Sequence[Hook]:
        hooks: list[Hook] = []
        if not quiet:
            reporter.stop()
            console = console_of(screen())
            hooks = [Dashboard(console, run, samples) if can_redraw(console) else PlainLines(run)]
        if tensorboard is not None:
            hooks.append(TensorBoardHook(run, samples, Path(tensorboard)))
        return hooks

    return view


def _unit(trainer: Trainer) -> str:
    return trainer.dataset.space.unit


class _Pace:
    """How far a training is, how fast it goes, and how long it takes."""

    def __init__(self, console: Console) -> None:
        self.bar = Bar(console)
        self._task: TaskID | None = None

    def update(self, trainer: Trainer) -> None:
        """Bring it up to date."""
        total, done = trainer.budget.total, trainer.samples_seen
        if self._task is None:
            self._task = self.bar.add_task(
                "training", total=total, completed=done, unit=_unit(trainer)
            )
        self.bar.update(self._task, total=total, completed=done)

    def words(self) -> str:
        """The rate and the time left."""
        (task,) = self.bar.tasks
        return f"{rate_of(task)}  {TimeRemainingColumn().render(task)} left"


class PlainLines(Hook):
    """One line every five seconds, for logs and pipes."""

    def __init__(self, run: Run) -> None:
        self._run, self._last, self._screen = run, 0.0, screen()
        self._pace = _Pace(console_of(self._screen))
        self._quality: dict[str, float] = {}

    def started(self, trainer: Trainer) -> None:
        """Say what starts."""
        self._run.listeners.append(self._hear)
        self._pace.update(trainer)
        self._print(
            f"training {self._run.manifest['recipe']['name']} on {trainer.dataset.name} "
            f"({trainer.dataset.stated_size:,} {_unit(trainer)}) to "
            f"{trainer.budget.total:,} {_unit(trainer)} seen; "
            f"{trainer.runtime.device}, {trainer.execution}; {self._run.folder}"
        )
        if trainer.step == 0 and self._run.manifest.get("parent"):
            self._print(words_of_origin(self._run.manifest["parent"]))

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """One line, when five seconds have passed."""
        self._pace.update(trainer)
        if time.monotonic() - self._last < _PLAIN_SECONDS:
            return
        self._last = time.monotonic()
        values = self._quality | _shown(row)
        terms = "  ".join(f"{name} {value:.3f}" for name, value in values.items())
        self._print(
            f"{100 * trainer.progress:5.1f} %  {row.samples:,} {_unit(trainer)}  "
            f"{self._pace.words()}  {terms}"
        )

    def ended(self, trainer: Trainer, reason: str) -> None:
        """Say how it ended."""
        self._print(farewell(self._run, trainer, reason))

    def failed(self, trainer: Trainer) -> None:
        """Let the last lines come before the error."""
        self._screen.drain()

    def _hear(self, event: dict[str, Any]) -> None:
        self._quality |= quality_of(event)
        words = words_of(event)
        if words:
            self._print(words)

    def _print(self, text: str) -> None:
        self._screen.say(text)


class Dashboard(Hook):
    """Terms, discriminator accuracy, pace, sparklines, and the newest samples in half blocks."""

    def __init__(self, console: Console, run: Run, samples: SampleHook) -> None:
        self._console, self._run, self._samples = console, run, samples
        self._pace = _Pace(console)
        self._curves: dict[str, deque[float]] = {}
        self._live = Live(console=console, auto_refresh=False)
        self._drawn: tuple[object, int, Text] = (None, 0, Text())
        self._shown = 0.0
        self._heard: deque[str] = deque(maxlen=_HEARD)

    def started(self, trainer: Trainer) -> None:
        """Take over the terminal."""
        self._run.listeners.append(self._hear)
        if trainer.step == 0 and self._run.manifest.get("parent"):
            self._heard.append(words_of_origin(self._run.manifest["parent"]))
        self._live.start()
        self._show(trainer)

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """Refresh twice a second at most."""
        self._pace.update(trainer)
        for name, value in _shown(row).items():
            self._curves.setdefault(name, deque(maxlen=_HISTORY)).append(value)
        if time.monotonic() - self._shown > 0.5:
            self._show(trainer)

    def ended(self, trainer: Trainer, reason: str) -> None:
        """Leave the last view standing and say how it ended."""
        self._show(trainer)
        self._live.stop()
        self._console.print(_text(farewell(self._run, trainer, reason)))

    def failed(self, trainer: Trainer) -> None:
        """Give the terminal back."""
        self._live.stop()

    def _hear(self, event: dict[str, Any]) -> None:
        for name, value in quality_of(event).items():
            self._curves.setdefault(name, deque(maxlen=_HISTORY)).append(value)
        words = words_of(event)
        if words:
            self._heard.append(words)

    def _show(self, trainer: Trainer) -> None:
        self._shown = time.monotonic()
        self._live.update(self._view(trainer), refresh=True)

    def _view(self, trainer: Trainer) -> Panel:
        self._pace.update(trainer)
        where = Text(f"{trainer.runtime.device}, {trainer.execution}", style="dim")
        body: list[RenderableType] = [self._pace.bar.get_renderable(), self._table(), where]
        body += [
            _text(words, style="yellow", overflow="ellipsis", no_wrap=True) for words in self._heard
        ]
        newest, rows = self._samples.newest, self._console.height - len(self._curves) - 6
        rows -= len(self._heard)
        if newest is not None:
            if self._drawn[0] is not newest or self._drawn[1] != rows:
                self._drawn = (newest, rows, self._picture(trainer.game.space, newest, rows))
            body.append(self._drawn[2])
        title = f"{self._run.manifest['recipe']['name']} on {trainer.dataset.name}"
        return Panel(
            Group(*body),
            title=_text(title),
            subtitle=_text(str(self._run.folder)),
            border_style="cyan",
        )

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, values in self._curves.items():
            table.add_row(
                _text(name), Text(f"{values[-1]:9.4f}", style="bold"),
                Text(sparkline(list(values)), style="cyan"),
            )  # fmt: skip
        return table

    def _picture(self, space: Space, x: Tensor, rows: int) -> Text:
        preview = self._samples.preview
        picture = preview.draw(space, x[: preview.few])
        # One row of characters shows two rows of pixels; the whole view has to fit the screen.
        wide = round(2 * max(8, rows) * picture.width / picture.height)
        return half_blocks(picture, columns=min(64, wide, self._console.width - 4))


def _text(words: str, **style: Any) -> Text:
    """Words that may be foreign: neither markup nor control characters mean anything."""
    return Text(printable(words), **style)


def half_blocks(picture: Image.Image, *, columns: int) -> Text:
    """A picture as coloured half blocks, `columns` characters wide."""
    text = Text()
    for row in block_characters(picture, columns=columns):
        for upper, lower in row:
            text.append("▀", Style(color=upper, bgcolor=lower))
        text.append("\n")
    return text


def print_picture(picture: Image.Image) -> None:
    """Show a picture on a terminal; elsewhere nothing is printed."""
    console = Console()
    if console.is_terminal:
        console.print(half_blocks(picture, columns=min(80, console.width - 1)))


def _shown(row: Row) -> dict[str, float]:
    """Terms and accuracy; what only the referee reads is in the history."""
    return {k: v for k, v in row.values.items() if k.rpartition("/")[2] not in _FOR_THE_REFEREE}


def quality_of(event: dict[str, Any]) -> dict[str, float]:
    """What was measured of the samples, by name; empty for other events and looks of the referee.

    >>> quality_of({"event": "measured", "step": 7, "samples": 56, "kernel_distance": 0.5})
    {'kernel_distance': 0.5}
    """
    if event["event"] != "measured" or "distance" in event:
        return {}
    values = {k: v for k, v in event.items() if k not in _NOT_QUALITY}
    return {k: float(v) for k, v in values.items() if isinstance(v, int | float)}


def words_of(event: dict[str, Any]) -> str:
    """What the referee's event says, in one line; empty for other events.

    >>> words_of({"event": "remedy", "step": 7, "name": "add-r2", "words": "add the penalty"})
    'step 7: remedy add-r2: add the penalty'
    """
    if event["event"] not in ("diagnosis", "remedy", "outcome"):
        return ""
    return f"step {event['step']:,}: {event['event']} {event['name']}: {event['words']}"


def words_of_origin(parent: Mapping[str, Any]) -> str:
    """What a training has of another run, in one line.

    >>> words_of_origin({"run": "runs/a", "step": 9, "shares": {"generator": 0.5},
    ...                  "fresh": ["generator.embed.weight"], "frozen": []})
    'begins with runs/a at step 9: 50 % of the generator; fresh: generator.embed.weight'
    """
    shares = ", ".join(f"{100 * s:.0f} % of the {name}" for name, s in parent["shares"].items())
    words = f"begins with {parent['run']} at step {parent['step']:,}: {shares}"
    for what in ("fresh", "frozen"):
        names = parent[what]
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        words += f"; {what}: {', '.join(names[:4])}{more}" if names else ""
    return words
