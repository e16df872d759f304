"""A run's history as a picture and as a TensorBoard log."""

from pathlib import Path

from zerosum.errors import MissingExtraError, RunError
from zerosum.pictures import draw_curves
from zerosum.runs.files import make_folder, write_whole
from zerosum.runs.store import Run

_NOT_CURVES = {"step", "images", "seconds"}


def draw_history(run: Run, path: Path, *, names: tuple[str, ...] = ()) -> Path:
    """Draw the terms over the images seen; `names` picks some.

    Raises:
        RunError: the run has no history yet, or no such term, or `path` does not end in .png.
    """
    if path.suffix.lower() != ".png":
        raise RunError(f"cannot draw curves as {path.suffix or 'a folder'}. Allowed: .png.")
    rows = run.history()
    if not rows:
        raise RunError(f"{run.folder} has no history yet.")
    known = [name for name in rows[-1] if name not in _NOT_CURVES]
    missing = [name for name in names if name not in known]
    if missing:
        raise RunError(f"no term {missing[0]!r} in {run.folder}. It has: {', '.join(known)}.")
    curves = {
        name: [(row["images"], row[name]) for row in rows if name in row] for name in names or known
    }
    make_folder(path.parent)
    write_whole(path, lambda aside: draw_curves(curves).save(aside, format="PNG"))
    return path


def export_tensorboard(run: Run, folder: Path) -> Path:
    """Write every term and signal as a TensorBoard log.

    Raises:
        MissingExtraError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError(
            "TensorBoard is not installed. Install the extra: pip install 'zerosum[tensorboard]'."
        ) from error
    with SummaryWriter(str(folder)) as writer:
        for row in run.history():
            for name, value in row.items():
                if name not in _NOT_CURVES:
                    writer.add_scalar(name, value, global_step=row["images"])
    return folder
