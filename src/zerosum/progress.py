"""How far long work is: one bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from zerosum.screen import Screen, screen
from zerosum.terminal import printable

_SILENT_SECONDS = 0.5
"""Work that is done sooner gets no bar."""
_LINE_SECONDS = 2.0
"""Seconds between plain lines."""
_REFRESH_SECONDS = 0.1


def console_of(where: Screen) -> Console:
    """A console that writes to the screen."""
    return Console(file=where)  # pyright: ignore[reportArgumentType]


def can_redraw(console: Console) -> bool:
    """Whether lines can be drawn over: it is a terminal, and not a dumb one."""
    return console.is_terminal and not console.is_dumb_terminal


class CountColumn(ProgressColumn):
    """`1,200 of 5,000 images`."""

    def render(self, task: Task) -> Text:
        """The field `unit` of a task is what is counted."""
        return Text(count_of(task), style="progress.download")


class RateColumn(ProgressColumn):
    """`310 images/s`."""

    def render(self, task: Task) -> Text:
        """The field `unit` of a task is what is counted."""
        return Text(rate_of(task), style="progress.data.speed")


def count_of(task: Task) -> str:
    """How much of a task is done, such as `1,200 of 5,000 images`."""
    return f"{task.completed:,.0f} of {task.total or 0:,.0f} {task.fields['unit']}".rstrip()


def rate_of(task: Task) -> str:
    """How fast a task goes, such as `310 images/s`; `…` where it is not known yet."""
    speed = task.speed or task.finished_speed
    if not speed:
        return "…"
    number = f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"
    return f"{number} {task.fields['unit']}".rstrip() + "/s"


class Bar(Progress):
    """A bar with its count, rate and time left, as wide as the console.

    Where that is narrow, the rate, the bar, the time and the count are not shown, in this order.
    Tasks need the field `unit`, which is what is counted. It is drawn when it is asked to be.
    """

    def __init__(
        self, console: Console, *, clock: Callable[[], float] = time.monotonic
    ) -> None:  # fmt: skip
        def cell(ratio: int | None = None) -> Column:
            return Column(no_wrap=True, overflow="ellipsis", ratio=ratio)

        self._where = console
        self._by_width: tuple[tuple[int, ProgressColumn], ...] = (
            (0, TextColumn("{task.description}", markup=False, table_column=cell())),
            (56, BarColumn(bar_width=None, table_column=cell(ratio=1))),
            (28, CountColumn(table_column=cell())),
            (72, RateColumn(table_column=cell())),
            (40, TimeRemainingColumn(table_column=cell())),
        )
        super().__init__(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False,
            get_time=clock, expand=True,
        )  # fmt: skip

    def get_renderables(self) -> Iterable[RenderableType]:
        """What fits the console as it is now."""
        width = self._where.width
        self.columns = tuple(column for least, column in self._by_width if width >= least)
        yield from super().get_renderables()


class Reporter:
    """Says how far work is, as `zerosum.data.base.Progress`, until the `with` block ends.

    On a terminal one bar stands beneath what is printed, and goes when its work is done. Elsewhere
    a line is written every two seconds.

    Args:
        quiet: whether nothing is said.
        clock: seconds.
    """

    def __init__(self, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.quiet = quiet
        self._screen, self._clock = screen(), clock
        self._console = console_of(self._screen)
        self._redraws = can_redraw(self._console)
        self._bar = Bar(self._console, clock=clock)
        self._what, self._began, self._last = "", clock(), clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Say that `done` of `total` is done of what is being done."""
        if self.quiet:
            return
        now = self._clock()
        if what != self._what:
            self._what, self._began, self._last = what, now, now
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._bar.add_task(printable(what), total=total, unit="")
        self._bar.update(self._bar.task_ids[0], total=total, completed=done)
        if self._redraws:
            self._draw(now, done >= total)
        elif now - self._last >= _LINE_SECONDS:
            self._last = now
            self._screen.say(self._line())

    def say(self, words: str) -> None:
        """Say a sentence, such as what was guessed of the data."""
        if not self.quiet:
            self._screen.say(words)

    def stop(self) -> None:
        """Take the bar away, before something else is printed."""
        if self._bar.live.is_started:
            self._bar.stop()

    def _draw(self, now: float, finished: bool) -> None:
        if finished:
            self.stop()
        elif self._bar.live.is_started:
            if now - self._last >= _REFRESH_SECONDS:
                self._last = now
                self._bar.refresh()
        elif now - self._began >= _SILENT_SECONDS:
            self._last = now
            self._bar.start()

    def _line(self) -> str:
        task = self._bar.tasks[0]
        left = TimeRemainingColumn().render(task)
        return f"{task.description}: {count_of(task)}, {rate_of(task)}, {left} left"
