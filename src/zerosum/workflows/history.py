"""A run's history as curves, as an image and as a TensorBoard log."""

from math import isfinite
from pathlib import Path
from typing import Any

from zerosum.errors import RunError
from zerosum.plots.charts import curves as curves_chart
from zerosum.plots.charts import frames
from zerosum.plots.raster import to_image
from zerosum.plots.shapes import Role
from zerosum.runs.files import make_folder, write_whole
from zerosum.runs.store import Run
from zerosum.runs.tensorboard import log_measured, log_row, open_log

_NOT_CURVES = {"step", "samples", "seconds"}
_CURVE_POINTS = 400
_MARKS: dict[str, Role] = {"diagnosis": "diagnosis", "remedy": "remedy"}


def curves_of(run: Run) -> dict[str, list[tuple[int, float]]]:
    """Terms and signals of a run's history, and what was measured meanwhile, over samples seen.

    Of long histories 400 rows are taken, evenly spread.
    """
    measured = [row for row in run.events() if row["event"] == "measured"]
    curves: dict[str, list[tuple[int, float]]] = {}
    for rows in (run.history(), measured):
        for row in _thinned(rows):
            for name, value in row.items():
                if name not in _NOT_CURVES and isinstance(value, int | float) and isfinite(value):
                    curves.setdefault(name, []).append((row["samples"], float(f"{value:.6g}")))
    return curves


def require_png(path: Path) -> None:
    """Refuse a place where no curves can be drawn.

    Raises:
        RunError: it does not end in .png.
    """
    if path.suffix.lower() != ".png":
        raise RunError(f"cannot draw curves as {path.suffix or 'a folder'}. Allowed: .png.")


def draw_history(run: Run, path: Path, *, names: tuple[str, ...] = ()) -> Path:
    """Draw curves over the samples seen: all of them in a frame each, or `names` in one frame.

    Diagnoses of the referee are upright grey lines, remedies red ones.

    Raises:
        RunError: the run has no history yet, or no such curve, or `path` does not end in .png.
    """
    require_png(path)
    curves = curves_of(run)
    if not curves:
        raise RunError(f"{run.folder} has no history yet.")
    missing = [name for name in names if name not in curves]
    if missing:
        raise RunError(f"no curve {missing[0]!r} in {run.folder}. It has: {', '.join(curves)}.")
    marks: list[tuple[float, Role]] = [
        (event["samples"], _MARKS[event["event"]])
        for event in run.events()
        if event["event"] in _MARKS and "samples" in event
    ]
    if names:
        plot = curves_chart({name: curves[name] for name in names}, marks=marks)
    else:
        plot = frames(curves, marks=marks)
    make_folder(path.parent)
    write_whole(path, lambda aside: to_image(plot).save(aside, format="PNG"))
    return path


def export_tensorboard(run: Run, folder: Path) -> Path:
    """Write every term and signal, and what was measured meanwhile, as a TensorBoard log.

    Raises:
        MissingExtraError: TensorBoard is not installed.
        RunError: the path is not UTF-8.
    """
    with open_log(folder) as writer:
        for row in run.history():
            log_row(writer, row)
        for event in run.events():
            if event["event"] == "measured":
                log_measured(writer, event)
    return folder


def _thinned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(rows) <= _CURVE_POINTS:
        return rows
    last = len(rows) - 1
    return [rows[i * last // (_CURVE_POINTS - 1)] for i in range(_CURVE_POINTS)]
