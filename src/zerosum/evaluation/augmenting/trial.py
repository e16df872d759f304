"""What samples are worth to a classifier: the scores of each way to train it, and a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from zerosum.errors import EvaluationError
from zerosum.plots.charts import dot_rows
from zerosum.plots.raster import to_image
from zerosum.plots.shapes import Plot
from zerosum.runs.files import make_folder, write_json, write_whole

NONE, GAN = "none", "GAN"
"""Names of ways: reals alone, and filled with samples."""

SHARES = {0.5: "half GAN + {}", 0.25: "quarter GAN + {}"}
"""Ways in which samples make up a share of each class that was filled, beside what is usual."""

IN_TURN = "half GAN, then {}"
"""Samples make up half at first, and nothing in the last part of the training."""

ABOVE_CHANCE = 0.1
"""Balanced accuracy above chance that the best way must reach for anything to be concluded."""

LEAST_GAIN = 0.005
"""Balanced accuracy by which samples must better the best way without them."""


class Score(NamedTuple):
    """Balanced accuracy on held-out reals, in [0, 1]: on all, and on each half of them.

    Where each class has a single real there are no halves, and all stand for each.
    """

    whole: float
    halves: tuple[float, float]


@dataclass(frozen=True)
class Arm:
    """One way to train the classifier.

    Attributes:
        name: `none`, what is usual, `GAN`, or both.
        scores: for each seed.
    """

    name: str
    scores: tuple[Score, ...]

    @property
    def mean(self) -> float:
        """Balanced accuracy on the whole holdout, over seeds."""
        return fmean(one.whole for one in self.scores)

    def on_half(self, half: int) -> float:
        """Balanced accuracy on one half of it (0 or 1), over seeds."""
        return fmean(one.halves[half] for one in self.scores)


@dataclass(frozen=True)
class AugmentationTrial:
    """Classifiers with and without samples, tried on reals that were held out.

    Attributes:
        arms: in the order in which they are shown.
        usual: names of the arms that do what is usual.
        believed: whether the holdout was new to the model, so that a gain can be believed.
        held_out: reals of each class of the holdout, of those that it has.
        subject: what was tried.
        warnings: what a reader must know.
        seconds: how long it took.
    """

    arms: tuple[Arm, ...]
    usual: Sequence[str]
    believed: bool
    held_out: Sequence[int]
    subject: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def without(self) -> Arm:
        """The best way without samples."""
        return max((one for one in self.arms if not self._is_made(one)), key=lambda one: one.mean)

    @property
    def best(self) -> Arm:
        """The best way with samples."""
        return max((one for one in self.arms if self._is_made(one)), key=lambda one: one.mean)

    @property
    def gains(self) -> tuple[float, ...]:
        """What samples gain over the best way without, for each seed.

        On each half of the holdout samples are used in the way that was best on the other half.
        """
        made = [one for one in self.arms if self._is_made(one)]
        chosen = [max(made, key=lambda one: one.on_half(1 - half)) for half in (0, 1)]
        return tuple(
            fmean(chosen[half].scores[seed].halves[half] - usual.halves[half] for half in (0, 1))
            for seed, usual in enumerate(self.without.scores)
        )

    @property
    def conclusive(self) -> bool:
        """Whether any classifier reads the classes; where none does, nothing can help it."""
        most = max(self.best.mean, self.without.mean)
        return most >= self._chance + ABOVE_CHANCE

    @property
    def grain(self) -> float:
        """What a single real of the smallest class of the holdout adds to the score."""
        return self._chance / min(self.held_out)

    @property
    def helps(self) -> bool:
        """Whether samples help: half a point on average, and something for every seed."""
        return self.believed and self.conclusive and self._gained and self._told_from_chance

    @property
    def _gained(self) -> bool:
        return fmean(self.gains) >= LEAST_GAIN and min(self.gains) > 0

    @property
    def _told_from_chance(self) -> bool:
        return self._parted and fmean(self.gains) > self.grain

    @property
    def _parted(self) -> bool:
        return max(self.held_out) > 1

    @property
    def _chance(self) -> float:
        return 1 / len(self.held_out)

    @property
    def _one_seed(self) -> bool:
        return len(self.gains) == 1

    @property
    def verdict(self) -> str:
        """What to do, in a sentence or two."""
        chosen = (
            "Chosen on one half of the holdout and judged on the other"
            if self._parted
            else "Chosen and judged on the same reals, one of each class"
        )
        by_seed = ", ".join(f"{100 * one:+.1f}" for one in self.gains)
        found = (
            f"{self.best.name} reaches {self.best.mean:.1%} and {self.without.name} "
            f"{self.without.mean:.1%}. {chosen}, samples are worth "
            f"{100 * fmean(self.gains):+.1f} points (by seed {by_seed})."
        )
        if self.helps:
            alone = " A single seed may be chance: repeat it with more." if self._one_seed else ""
            return f"Do: {found}{alone}"
        if not self.conclusive:
            return (
                f"Not known: {found} Chance is {self._chance:.1%}: no classifier reads "
                "these classes, with samples or without. Give more reals."
            )
        if self._gained and not self._told_from_chance:
            return (
                f"Not known: {found} A single real of the smallest class that is held out is "
                f"worth {100 * self.grain:.1f} points. Hold out more."
            )
        if self._gained:
            return f"Not known: {found} The model may have seen the reals that this was tried on."
        return f"Do not: {found} Samples help where they add half a point, and harm with no seed."

    @property
    def table(self) -> list[dict[str, str]]:
        """A row for each arm: mean, worst and best seed, in percent."""
        return [
            {
                "trained on": one.name, "balanced accuracy": f"{100 * one.mean:.1f}",
                "by seed": ", ".join(f"{100 * score.whole:.1f}" for score in one.scores),
            }
            for one in self.arms
        ]  # fmt: skip

    def plot(self) -> Plot:
        """Each arm on a row: a dot for each seed and a stroke at the mean, in percent."""
        return dot_rows(
            {one.name: [100 * score.whole for score in one.scores] for one in self.arms},
            strong=[one.name for one in self.arms if self._is_made(one)], unit="%",
            label="balanced accuracy of each way to train, by seed",
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON."""
        return {
            "subject": dict(self.subject),
            "arms": [
                {
                    "name": a.name, "mean": a.mean, "scores": [one.whole for one in a.scores],
                    "halves": [list(one.halves) for one in a.scores],
                }
                for a in self.arms
            ],
            "held_out": list(self.held_out),
            "without": self.without.name,
            "best": self.best.name,
            "gains": list(self.gains),
            "helps": self.helps,
            "verdict": self.verdict,
            "warnings": list(self.warnings),
            "seconds": self.seconds,
        }  # fmt: skip

    def save(self, path: Path | str) -> Path:
        """Write the plot (`.png`, with the JSON next to it), or the JSON alone (`.json`).

        Raises:
            EvaluationError: the path has another ending.
            RunError: it cannot be written.
        """
        path = require_form(path)
        make_folder(path.parent)
        write_json(path.with_suffix(".json"), self.to_json())
        if path.suffix.lower() == ".png":
            image = to_image(self.plot())
            write_whole(path, lambda aside: image.save(aside, format="PNG"))
        return path

    def _is_made(self, arm: Arm) -> bool:
        return arm.name != NONE and arm.name not in self.usual


def require_form(path: Path | str) -> Path:
    """The path that a trial is saved at.

    Raises:
        EvaluationError: it is neither a `.png` nor a `.json` file.
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".json"):
        raise EvaluationError(
            f"cannot save the evaluation as {path.name!r}. Allowed: .png for a plot with the JSON "
            "next to it, and .json."
        )
    return path
