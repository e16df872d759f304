"""The live view of a training in a notebook: one output that is updated in place.

It shows progress, the newest samples and the curves. Elsewhere the view is that of `live`.
"""

import sys
import time
from collections.abc import Sequence
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image

from zerosum import live
from zerosum.cards import InfoCard
from zerosum.engine.hooks import Hook, Row
from zerosum.engine.trainer import Trainer
from zerosum.plots.charts import frames
from zerosum.plots.raster import to_image
from zerosum.progress import Reporter
from zerosum.runs.hooks import SampleHook
from zerosum.runs.store import Run
from zerosum.terminal import printable
from zerosum.workflows.history import curves_of
from zerosum.workflows.next_steps import duration, farewell
from zerosum.workflows.play import Listener

_SECONDS = 1.0
"""Between updates of a view."""
_CURVES = 6
_HEARD = 4
_PATIENCE = 2.0
"""Seconds after which a preparation is shown."""


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook, which shows HTML."""
    module = sys.modules.get("IPython")
    shell = None if module is None else module.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def watch(
    reporter: Reporter, *, quiet: bool = False, tensorboard: Path | str | None = None
) -> Listener:
    """Gives the view that suits: in a notebook this one, else that of `live.watch`.

    Args:
        reporter: spoke of what was prepared.
        quiet: show nothing.
        tensorboard: folder of a TensorBoard log that is written meanwhile.

    Raises:
        MissingExtraError: TensorBoard is asked for and not installed.
    """
    if quiet or not in_notebook():
        return live.watch(reporter, quiet=quiet, tensorboard=tensorboard)
    others = live.watch(reporter, quiet=True, tensorboard=tensorboard)

    def view(run: Run, trainer: Trainer, samples: SampleHook) -> Sequence[Hook]:
        return [NotebookView(run, samples), *others(run, trainer, samples)]

    return view


def reporter(*, quiet: bool = False) -> Reporter:
    """Says how far a long preparation is: in a notebook in place, else on a bar or in lines."""
    return PreparationBar(quiet=quiet) if in_notebook() else Reporter(quiet=quiet)


class Output:
    """One output of a cell, whose content is replaced."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, html: str) -> None:
        """Show `html` in place of what was shown."""
        shell: Any = import_module("IPython.display")  # there is one: see `in_notebook`
        if self._handle is None:
            self._handle = shell.display(shell.HTML(html), display_id=True)
        else:
            self._handle.update(shell.HTML(html))


class PreparationBar(Reporter):
    """What is said of a preparation, and how far it is, once it has taken two seconds."""

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self._output, self._what = Output(), ""
        self._said, self._bar_html = "", ""
        self._start = self._last = time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        if self.quiet:
            return
        now = time.monotonic()
        if what != self._what:
            self._what, self._start = what, now
        if now - self._start < _PATIENCE or (now - self._last < _SECONDS and done < total):
            return
        self._last = now
        words = f"{what}: {done:,} of {total:,}"
        self._bar_html = bar(done / max(total, 1)) + _text(words)
        self._show()

    def say(self, words: str) -> None:
        """Show a sentence above the bar."""
        if not self.quiet:
            self._said += f"<div>{_text(words)}</div>"
            self._show()

    def _show(self) -> None:
        self._output.show(f"<div>{self._said}{self._bar_html}</div>")


class NotebookView(Hook):
    """Progress, pace, events, the newest samples and curves."""

    def __init__(self, run: Run, samples: SampleHook) -> None:
        self._run, self._samples = run, samples
        self._output, self._shown = Output(), 0.0
        self._begun: tuple[float, int] | None = None
        self._heard: list[str] = []

    def started(self, trainer: Trainer) -> None:
        """Begin to listen and to show."""
        self._run.listeners.append(self._hear)
        if trainer.step == 0 and self._run.manifest.get("parent"):
            self._heard.append(live.words_of_origin(self._run.manifest["parent"]))
        self._show(trainer)

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """Show it anew, once a second at most."""
        if time.monotonic() - self._shown >= _SECONDS:
            self._show(trainer)

    def ended(self, trainer: Trainer, reason: str) -> None:
        """Leave the last state standing, and say how it ended."""
        self._show(trainer, farewell(self._run, trainer, reason))

    def _hear(self, event: dict[str, Any]) -> None:
        words = live.words_of(event)
        if words:
            self._heard = [*self._heard, words][-_HEARD:]

    def _show(self, trainer: Trainer, last: str | None = None) -> None:
        self._shown = time.monotonic()
        unit, total = trainer.dataset.space.unit, trainer.budget.total
        words = f"{trainer.samples_seen:,} of {total:,} {unit}{self._pace(trainer)}"
        card = InfoCard(
            f"{self._run.manifest['recipe']['name']} on {trainer.dataset.name}",
            notes=(last or words, *self._heard), pictures=self._pictures(trainer),
        )  # fmt: skip
        self._output.show(f"{bar(trainer.progress)}{card.html()}")

    def _pace(self, trainer: Trainer) -> str:
        """How fast it is since the view began, and how long it will take."""
        now, seen = time.monotonic(), trainer.samples_seen
        if self._begun is None:
            self._begun = now, seen
        since, first = self._begun
        speed = (seen - first) / max(now - since, 1e-9)
        if not speed:
            return ""
        left = duration((trainer.budget.total - seen) / speed)
        return f"; {speed:,.0f} a second, {left} left"

    def _pictures(self, trainer: Trainer) -> list[Image.Image]:
        pictures, newest = [], self._samples.newest
        if newest is not None:
            preview = self._samples.preview
            pictures.append(preview.draw(trainer.game.space, newest[: preview.few]))
        curves = dict(list(curves_of(self._run).items())[:_CURVES])
        return [*pictures, to_image(frames(curves))] if curves else pictures


def bar(share: float) -> str:
    """A share in [0, 1] as a bar of HTML.

    >>> bar(0.5).count("50.0%")
    1
    """
    return (
        '<div style="background:#e5e7eb;height:8px;max-width:960px;margin:4px 0">'
        f'<div style="background:#2563eb;height:8px;width:{100 * min(max(share, 0.0), 1.0):.1f}%">'
        "</div></div>"
    )


def _text(text: str) -> str:
    return escape(printable(text))
