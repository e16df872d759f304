"""Folders of a file for each sample, with their labels in `labels.csv`."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from zerosum.forms.csv_cells import Cells


def file_names(
    n: int, ending: str, labels: Sequence[str] = (), synthetic: Sequence[bool] = ()
) -> list[str]:
    """Numbered names, with the label in each, and whether a model made it.

    >>> file_names(2, ".wav", ["open hat", "a/b"], [True, False])
    ['0-open hat-synthetic.wav', '1.wav']
    """
    width = len(str(n if synthetic else max(n - 1, 1)))
    said = [_in_name(label) for label in labels] or [""] * n
    made = ["-synthetic" if one else "" for one in synthetic] or [""] * n
    return [f"{i:0{width}d}{said[i]}{made[i]}{ending}" for i in range(n)]


def write_labels(
    folder: Path, names: Sequence[str], labels: Sequence[str], cells: Cells,
    synthetic: Sequence[bool] = (),
) -> list[str]:  # fmt: skip
    """Write `labels.csv`: file, label and, where it is given, what is synthetic.

    Returns:
        Names of what is synthetic.
    """
    columns = [names, cells.texts("label", labels or [""] * len(names))]
    head = ["file", "label"]
    if synthetic:
        columns.append([str(made).lower() for made in synthetic])
        head.append("synthetic")
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(head)
        writer.writerows(zip(*columns, strict=True))
    return [name for name, made in zip(names, synthetic, strict=False) if made]


def _in_name(label: str) -> str:
    """A label as part of a file's name; nothing where it has characters that do not suit one."""
    return f"-{label}" if re.fullmatch(r"\w[\w -]{0,60}", label) else ""
