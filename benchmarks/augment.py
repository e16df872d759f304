"""Are samples worth anything as training data? Few and imbalanced digits and sprites, by `augment`.

    python benchmarks/augment.py --recipe few --minutes 1.5 --out augment.json [SETTING ...]

Of each data set some images are held out, and of the others few are kept: 20 of each digit or 30 of
each shape (*few*), or 90 of one half of the classes and 10 of the other (*imbalanced*). A
recipe learns from these and fills each class (to 100, or to the largest). Classifiers with and
without its samples are tried on what was held out.

`rows, 15 rare` and `rows, 40 rare` are five columns of the breast cancer table of scikit-learn:
200 benign rows and 15 or 40 malignant ones, filled to the largest by `table` (5,120 rows).
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch
from sklearn.datasets import load_breast_cancer

import zerosum as zs
from zerosum.data.base import ArrayDataset, Dataset
from zerosum.engine.choose import Wishes
from zerosum.evaluation.augmenting.trial import AugmentationTrial
from zerosum.modalities.images.digits import DigitsConfig
from zerosum.modalities.images.sprites import SpritesConfig
from zerosum.workflows.data import open_data
from zerosum.workflows.load import load
from zerosum.workflows.train import train

HELD = 800
SETTINGS = {
    "digits, few": ("digits", 20, 20),
    "digits, imbalanced": ("digits", 90, 10),
    "sprites, few": ("sprites", 30, 30),
    "sprites, imbalanced": ("sprites", 90, 10),
    "fashion, few": ("fashion", 20, 20),
    "fashion, imbalanced": ("fashion", 90, 10),
}
"""Of each data set, how many images of the first and of the second half of the classes are kept."""

ROWS = ("rows, 15 rare", "rows, 40 rare")


def data_of(name: str, fashion: Path | None) -> Dataset:
    """All images of a data set; sprites are 16 pixels a side."""
    if name == "fashion":
        return open_data(str(fashion))[0]
    return (
        DigitsConfig() if name == "digits" else SpritesConfig(num_samples=3_000, size=16)
    ).build()


def parts(name: str, many: int, few: int, fashion: Path | None) -> tuple[Dataset, Dataset]:
    """What is trained on, and what is held out."""
    whole = data_of(name, fashion)
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(0))[:3_000]
    x, y = whole.take(order)
    assert y is not None
    labels, kept = whole.space.labels, []
    for code in range(len(labels)):
        rows = HELD + torch.nonzero(y[HELD:] == code).flatten()
        kept.append(rows[: many if code < len(labels) // 2 else few])
    rows = torch.cat(kept)
    return (
        ArrayDataset(x[rows], y[rows], name=f"{name}-train", labels=labels),
        ArrayDataset(x[:HELD], y[:HELD], name=f"{name}-held", labels=labels),
    )


def cells(rare: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to train on, and the others."""
    measures, diagnosis = load_breast_cancer(return_X_y=True, as_frame=True)
    whole = pd.DataFrame(measures).iloc[:, [0, 1, 4, 6, 27]].assign(target=diagnosis)
    whole["target"] = whole.target.map({0: "malignant", 1: "benign"})
    common = whole[whole.target == "benign"][:200]
    train = pd.concat([common, whole[whole.target == "malignant"][:rare]])
    return train, whole.drop(train.index)


def measure_rows(setting: str) -> dict[str, object]:
    """Train `table`, fill the rare class, and try."""
    data, held = cells(int(setting.split()[1]))
    with tempfile.TemporaryDirectory() as folder:
        run = train("table", data, out=Path(folder) / "run", samples=5_120, referee="off")
        model = load(run, device="cpu")
        found = zs.evaluate_augmentation(model, data, holdout=held, target="target")
    print(f"\n{setting}: {len(data)} rows, {len(held)} held out")
    return told(found, setting, "table", run.manifest["samples"])


def told(found: AugmentationTrial, setting: str, recipe: str, samples: int) -> dict[str, object]:
    """What is kept of a trial, which is printed."""
    print("\n".join(str(row) for row in found.table))
    print(found.verdict, flush=True)
    return {"setting": setting, "recipe": recipe, "trained": samples, **found.to_json()}


def measure(setting: str, recipe: str, minutes: float, fashion: Path | None) -> dict[str, object]:
    """Train, fill, and try."""
    name, many, few = SETTINGS[setting]
    data, held = parts(name, many, few, fashion)
    wishes = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run = train(
            recipe,
            data,
            out=Path(folder) / "run",
            minutes=minutes,
            wishes=wishes,
            referee="off",
        )
        trained = time.monotonic() - start
        model = load(run, device="cpu")
        found = zs.evaluate_augmentation(
            model, data, holdout=held, per_class=100 if many == few else None
        )
    print(
        f"\n{setting}: {len(data)} images, trained {run.manifest['samples']:,} in {trained:.0f} s"
    )
    return told(found, setting, recipe, run.manifest["samples"])


def main() -> None:
    """Every setting that is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "settings", nargs="*", default=[*list(SETTINGS)[:4], *ROWS], metavar="SETTING"
    )
    parser.add_argument("--recipe", default="few")
    parser.add_argument("--minutes", type=float, default=1.5)
    parser.add_argument("--out", type=Path, default=Path("augment.json"))
    parser.add_argument("--fashion", type=Path, help="idx file of Fashion-MNIST, for its settings")
    given = parser.parse_args()
    torch.set_num_threads(1)
    found = []
    for setting in given.settings:
        if setting in ROWS:
            found.append(measure_rows(setting))
        else:
            found.append(measure(setting, given.recipe, given.minutes, given.fashion))
        given.out.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
