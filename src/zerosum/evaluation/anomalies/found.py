"""What a detector found in some data: scores, a threshold, and what a reader must know."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from zerosum.cards import Described, InfoCard
from zerosum.errors import EvaluationError, RunError
from zerosum.evaluation.anomalies.columns import write_columns
from zerosum.evaluation.anomalies.heat import heat_pictures, write_heat
from zerosum.faces import option
from zerosum.forms.base import Preview
from zerosum.runs.files import make_folder, require_unicode, write_json, write_whole
from zerosum.spaces import Space

FORMS = (".csv", ".parquet", ".json")

_SHOWN = 5
"""Of the oddest items that a card names."""
_DRAWN = 16


@dataclass(frozen=True, eq=False, repr=False)
class Anomalies(Described):
    """Scores of data, in its order; larger is odder.

    Attributes:
        scores: float32 `[N]`.
        threshold: above it an item is called anomalous.
        false_alarms: the share of normals that are meant to be above.
        held_out: scores of the normals that set the threshold, rising, `[n]`.
        parts: what each way to look adds to the score, `[N, P]`; see `part_names`.
        part_names: names of the ways.
        heat: where items are odd, `[N, ...]`; above 1 in one of a hundred places of normals.
        places: what the last axis of the heat of rows or series is called: columns, else nothing.
        items: names of the files; empty where items have numbers alone.
        x: the items, compact `[N, ...]`.
        space: what an item is.
        preview: draws them.
        warnings: what a reader must know.
        subject: run, data and protocol.
    """

    scores: Tensor
    threshold: float
    false_alarms: float
    held_out: Tensor
    parts: Tensor
    part_names: Sequence[str]
    heat: Tensor
    places: Sequence[str]
    items: Sequence[str]
    x: Tensor
    space: Space
    preview: Preview
    warnings: Sequence[str] = ()
    subject: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def anomalous(self) -> Tensor:
        """Which items are above the threshold, bool `[N]`."""
        return self.scores > self.threshold

    @property
    def share(self) -> float:
        """Share of the items that are called anomalous, 0 to 1."""
        return float(self.anomalous.float().mean())

    @property
    def names(self) -> list[str]:
        """The name of each item, or its number, counted from 0."""
        return list(self.items) or [str(i) for i in range(len(self))]

    @property
    def oddest(self) -> Tensor:
        """Numbers of the items from the oddest down, int64 `[N]`."""
        return self.scores.argsort(descending=True, stable=True)

    def card(self, *, drawn: bool) -> InfoCard:
        """Counts, the threshold, and the oddest items."""
        names, anomalous = self.names, int(self.anomalous.sum())
        top = self.oddest[:_SHOWN].tolist()
        return InfoCard(
            f"{anomalous:,} of {len(self):,} {self.space.unit} are anomalous",
            {
                "threshold": f"{self.threshold:.4g}, from {len(self.held_out):,} held-out normals "
                f"at {self.false_alarms:.2%} false alarms",
                "oddest": ", ".join(f"{names[i]} ({float(self.scores[i]):.3g})" for i in top),
            },
            notes=tuple(self.warnings),
            pictures=self._pictures() if drawn else (),
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Everything but pixels and heat, as JSON."""
        own = self.parts.tolist()
        return {
            "subject": dict(self.subject),
            "threshold": self.threshold,
            "false_alarms": self.false_alarms,
            "held_out": self.held_out.tolist(),
            "warnings": list(self.warnings),
            "items": [
                {
                    self._key: name if self.items else i, "score": float(self.scores[i]),
                    "anomalous": bool(self.anomalous[i]),
                    "parts": dict(zip(self.part_names, own[i], strict=True)),
                }
                for i, name in enumerate(self.names)
            ],
        }  # fmt: skip

    def save(self, path: Path | str) -> Path:
        """Write a row for each item, in the order of the data, to `.csv`, `.parquet` or `.json`.

        Columns are `item` (the name of the file) or `row` (its number), `score` and `anomalous`.
        JSON also says what the score is made of, and how the threshold was set.

        Raises:
            EvaluationError: the path has another ending.
            RunError: it cannot be written.
        """
        path = require_scores_form(path)
        make_folder(path.parent)
        form = path.suffix.lower()
        if form == ".json":
            write_json(path, self.to_json())
            return path
        first = self.names if self.items else np.arange(len(self))
        columns = {
            self._key: first, "score": self.scores.numpy(), "anomalous": self.anomalous.numpy()
        }  # fmt: skip
        write_whole(path, lambda aside: write_columns(columns, aside, form))
        return path

    def write_heat(self, folder: Path | str) -> Path:
        """Write where items are odd, into a new or empty folder.

        Of images, a `.png` for each; of series, `heat.csv` with a row for each step, and of rows
        one with a row for each, and their columns. Values above 1 occur in one of a hundred
        places of normals.

        Raises:
            RunError: something is there already, or it cannot be written.
        """
        return write_heat(self, Path(folder))

    @property
    def _key(self) -> str:
        return "item" if self.items else "row"

    def _pictures(self) -> list[Any]:
        top = self.oddest[:_DRAWN]
        return heat_pictures(self, top)


def require_scores_form(path: Path | str) -> Path:
    """The path that scores are saved at.

    Raises:
        EvaluationError: it ends in none of `.csv`, `.parquet` and `.json`.
    """
    path = Path(path)
    require_unicode(path)
    if path.suffix.lower() not in FORMS:
        raise EvaluationError(
            f"cannot save scores as {path.name!r}. Allowed: .csv, .parquet and .json."
        )
    return path


def threshold_at(held_out: Tensor, false_alarms: float) -> tuple[float, str | None]:
    """The least threshold that promises a share of false alarms, and a warning if it cannot.

    A new normal is above the k-th smallest of n scores with a chance of at most
    (n + 1 - k) / (n + 1), whatever scores are like (Vovk, Gammerman and Shafer, "Algorithmic
    learning in a random world", 2005).

    Args:
        held_out: scores of normals that nothing was learned from, rising, `[n]`.
        false_alarms: share of normals that may be above, between 0 and 1.

    Raises:
        EvaluationError: the share is not between 0 and 1.

    >>> import torch
    >>> threshold_at(torch.arange(1.0, 100.0), 0.1)
    (90.0, None)
    >>> threshold_at(torch.arange(1.0, 20.0), 0.01)[0]
    19.0
    """
    if not 0 < false_alarms < 1:
        raise EvaluationError(
            f"{option('false_alarms', false_alarms)} is a share of normals: above 0 and below 1, "
            "such as 0.01."
        )
    n = len(held_out)
    rank = int(np.ceil((n + 1) * (1 - false_alarms) - 1e-9))
    if rank <= n:
        return float(held_out[max(rank, 1) - 1]), None
    return float(held_out[-1]), (
        f"{n:,} held-out normals cannot show a rate of {false_alarms:g}. The threshold is their "
        f"largest score, which promises {1 / (n + 1):.2g}. Keep more normals apart, or ask for "
        "more false alarms."
    )


_CERTAIN = 1e-4
"""A difference that chance alone shows less often than this is believed."""


def drift(scores: Tensor, held_out: Tensor, threshold: float, false_alarms: float) -> list[str]:
    """Warnings that data is of another kind than the normals.

    Args:
        scores: of the data, `[N]`.
        held_out: of normals, `[n]`.
        threshold: above it an item is called anomalous.
        false_alarms: share of normals that are meant to be above.
    """
    share = float((scores > threshold).float().mean())
    below, usual = scores[scores <= threshold].numpy(), held_out[held_out <= threshold].numpy()
    warnings = []
    if share >= 0.5:
        warnings.append(
            f"Drift: {share:.0%} of the data is above the threshold, and {false_alarms:.2%} of "
            "normals are. Either most of it is anomalous, or it is of another kind than the "
            "normals: another camera, place or time. Look at some; if they are normal, train anew "
            "with them."
        )
    elif min(len(below), len(usual)) >= 20:
        chance = _chance(below, usual)
        higher = float(np.median(below)) > float(np.median(usual))
        if chance < _CERTAIN and higher:
            warnings.append(
                "Drift: even the items below the threshold score higher than held-out normals "
                f"(two-sample test, p = {chance:.1g}). The data is a little different from "
                "the normals, and false alarms may be more frequent than was asked for."
            )
        elif chance < _CERTAIN:
            warnings.append(
                f"These items score lower than held-out normals (two-sample test, p = "
                f"{chance:.1g}). Was the model trained on them?"
            )
    return warnings


def _chance(a: np.ndarray, b: np.ndarray) -> float:
    """The p-value of the Kolmogorov-Smirnov test that both are of one distribution."""
    from scipy.stats import ks_2samp

    _, chance = ks_2samp(a, b)
    return float(chance)  # pyright: ignore[reportArgumentType]


def free_folder(folder: Path) -> Path:
    """A folder that heat may be written into.

    Raises:
        RunError: it is a file, or holds something.
    """
    require_unicode(folder)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RunError(f"{folder} is there already and is left as it is. Choose another folder.")
    return folder
