"""The live view of a training: a dashboard on a terminal, plain lines elsewhere."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.style import Style
from rich.table import Table
from rich.text import Text
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Row, Trainer
from zerosum.pictures import block_characters
from zerosum.runs.hooks import SampleHook
from zerosum.runs.store import Run
from zerosum.screen import screen
from zerosum.spaces import Space
from zerosum.terminal import printable

_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_SECONDS = 5.0
_HISTORY = 40
_HEARD = 3
_FOR_THE_REFEREE = {"slope", "speed", "logit_gap", "real_sign", "spread"}


def watch(run: Run, _trainer: Trainer, samples: SampleHook) -> Sequence[Hook]:
    """The view that suits where output goes: live on a terminal, else plain lines."""
    console = Console(file=screen())  # pyright: ignore[reportArgumentType]
    if console.is_terminal and not console.is_dumb_terminal:
        return [Dashboard(console, run, samples)]
    return [PlainLines(run)]


def progress_printer() -> Progress:
    """Says how far a long preparation is, with the time left, at most every two seconds."""
    where = screen()
    state = {"start": time.monotonic(), "last": time.monotonic(), "what": ""}

    def report(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what != state["what"]:
            state.update(what=what, start=now, last=now)
        if now - float(state["last"]) < 2.0:
            return
        state["last"] = now
        left = (now - float(state["start"])) / max(done, 1) * (total - done)
        where.say(f"{what}: {done:,} of {total:,}, {left:.0f} s left")

    return report


def _unit(trainer: Trainer) -> str:
    return trainer.dataset.space.unit


class _Pace:
    """Samples a second and seconds left, from the last rows."""

    def __init__(self) -> None:
        self._rows: deque[tuple[float, int]] = deque(maxlen=50)

    def add(self, row: Row) -> None:
        self._rows.append((time.monotonic(), row.samples))

    @property
    def per_second(self) -> float:
        if len(self._rows) < 2:
            return 0.0
        (t0, n0), (t1, n1) = self._rows[0], self._rows[-1]
        return (n1 - n0) / max(t1 - t0, 1e-9)

    def words(self, trainer: Trainer) -> str:
        speed = self.per_second
        return f"{speed:,.0f} {_unit(trainer)}/s" if speed else "…"

    def left(self, trainer: Trainer) -> str:
        speed = self.per_second
        if not speed:
            return "…"
        seconds = (trainer.optimisation.total_samples - trainer.samples_seen) / speed
        return duration(max(seconds, 0.0))


class PlainLines(Hook):
    """One line every five seconds, for logs and pipes."""

    def __init__(self, run: Run) -> None:
        self._run, self._pace, self._last = run, _Pace(), 0.0
        self._screen = screen()

    def started(self, trainer: Trainer) -> None:
        """Say what starts."""
        self._run.listeners.append(self._hear)
        self._print(
            f"training {self._run.manifest['recipe']['name']} on {trainer.dataset.name} "
            f"({trainer.dataset.stated_size:,} {_unit(trainer)}) to "
            f"{trainer.optimisation.total_samples:,} {_unit(trainer)} seen; "
            f"{trainer.runtime.device}, {trainer.execution}; {self._run.folder}"
        )
        if trainer.step == 0 and self._run.manifest.get("parent"):
            self._print(words_of_origin(self._run.manifest["parent"]))

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """One line, when five seconds have passed."""
        self._pace.add(row)
        if time.monotonic() - self._last < _PLAIN_SECONDS:
            return
        self._last = time.monotonic()
        terms = "  ".join(f"{name} {value:.3f}" for name, value in _shown(row).items())
        self._print(
            f"{100 * trainer.progress:5.1f} %  {row.samples:,} {_unit(trainer)}  "
            f"{self._pace.words(trainer)}  {self._pace.left(trainer)} left  {terms}"
        )

    def ended(self, trainer: Trainer, reason: str) -> None:
        """Say how it ended."""
        self._print(farewell(self._run, trainer, reason))

    def failed(self, trainer: Trainer) -> None:
        """Let the last lines come before the error."""
        self._screen.drain()

    def _hear(self, event: dict[str, Any]) -> None:
        words = words_of(event)
        if words:
            self._print(words)

    def _print(self, text: str) -> None:
        self._screen.say(text)


class Dashboard(Hook):
    """Terms, discriminator accuracy, pace, sparklines, and the newest samples in half blocks."""

    def __init__(self, console: Console, run: Run, samples: SampleHook) -> None:
        self._console, self._run, self._samples = console, run, samples
        self._pace = _Pace()
        self._curves: dict[str, deque[float]] = {}
        self._live = Live(console=console, auto_refresh=False, transient=False)
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
        self._pace.add(row)
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
        words = words_of(event)
        if words:
            self._heard.append(words)

    def _show(self, trainer: Trainer) -> None:
        self._shown = time.monotonic()
        self._live.update(self._view(trainer), refresh=True)

    def _view(self, trainer: Trainer) -> Panel:
        body: list[RenderableType] = [self._head(trainer), self._table(), self._bar(trainer)]
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

    def _head(self, trainer: Trainer) -> Text:
        return Text(
            f"{trainer.samples_seen:,} of {trainer.optimisation.total_samples:,} {_unit(trainer)}   "
            f"{self._pace.words(trainer)}   {self._pace.left(trainer)} left   "
            f"{trainer.runtime.device}, {trainer.execution}",
            style="dim",
        )

    def _bar(self, trainer: Trainer) -> Padding:
        bar = ProgressBar(total=1.0, completed=trainer.progress, complete_style="cyan")
        return Padding(bar)  # which ends the line, as a bar alone does not

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


def sparkline(values: Sequence[float]) -> str:
    """Numbers as a row of bars, lowest to highest.

    >>> sparkline([0, 1, 2, 3])
    '▁▃▅█'
    """
    low, high = min(values), max(values)
    span = high - low or 1.0
    return "".join(_BARS[int((value - low) / span * (len(_BARS) - 1))] for value in values)


def _shown(row: Row) -> dict[str, float]:
    """Terms and accuracy; what only the referee reads is in the history."""
    return {k: v for k, v in row.values.items() if k.rpartition("/")[2] not in _FOR_THE_REFEREE}


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


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(75)
    '1 min 15 s'
    """
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def farewell(run: Run, trainer: Trainer, reason: str) -> str:
    """How a training ended, and what to do next."""
    text = (
        f"{reason} at {trainer.samples_seen:,} {_unit(trainer)} after {duration(trainer.seconds)}."
    )
    if reason != "finished":
        text += f" Continue: zerosum resume {run.folder}"
    return f"{text} Sample: zerosum sample {run.folder} -n 64 --out grid.png"
