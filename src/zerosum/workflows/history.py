"""A run's history as curves, as an image and as a TensorBoard log."""

from math import isfinite
from pathlib import Path
from typing import Any

from zerosum.errors import MissingExtraError, RunError
from zerosum.pictures import draw_curves, draw_frames
from zerosum.runs.files import make_folder, require_unicode, write_whole
from zerosum.runs.store import Run

_NOT_CURVES = {"step", "samples", "seconds"}
_CURVE_POINTS = 400
_MARKS = {"diagnosis": "#9ca3af", "remedy": "#dc2626"}


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


def draw_history(run: Run, path: Path, *, names: tuple[str, ...] = ()) -> Path:
    """Draw curves over the samples seen: all of them in a frame each, or `names` in one frame.

    Diagnoses of the referee are upright grey lines, remedies red ones.

    Raises:
        RunError: the run has no history yet, or no such curve, or `path` does not end in .png.
    """
    if path.suffix.lower() != ".png":
        raise RunError(f"cannot draw curves as {path.suffix or 'a folder'}. Allowed: .png.")
    curves = curves_of(run)
    if not curves:
        raise RunError(f"{run.folder} has no history yet.")
    missing = [name for name in names if name not in curves]
    if missing:
        raise RunError(f"no curve {missing[0]!r} in {run.folder}. It has: {', '.join(curves)}.")
    marks = [
        (event["samples"], _MARKS[event["event"]])
        for event in run.events()
        if event["event"] in _MARKS and "images" in event
    ]
    if names:
        picture = draw_curves({name: curves[name] for name in names}, marks=marks)
    else:
        picture = draw_frames(curves, marks=marks)
    make_folder(path.parent)
    write_whole(path, lambda aside: picture.save(aside, format="PNG"))
    return path


def export_tensorboard(run: Run, folder: Path) -> Path:
    """Write every term and signal as a TensorBoard log.

    Raises:
        MissingExtraError: TensorBoard is not installed.
        RunError: the path is not UTF-8.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError(
            "TensorBoard is not installed. Install the extra: pip install 'zerosum[tensorboard]'."
        ) from error
    require_unicode(folder)
    with SummaryWriter(str(folder)) as writer:
        for row in run.history():
            for name, value in row.items():
                if name not in _NOT_CURVES:
                    writer.add_scalar(name, value, global_step=row["samples"])
    return folder


def _thinned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(rows) <= _CURVE_POINTS:
        return rows
    last = len(rows) - 1
    return [rows[i * last // (_CURVE_POINTS - 1)] for i in range(_CURVE_POINTS)]
