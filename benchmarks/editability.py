"""What images that were found again cost in closeness and are worth for editing, on `sprites`.

    zerosum train stylegan --data sprites --samples 150000 --out runs/shapes
    python benchmarks/directions.py --run runs/shapes
    python benchmarks/editability.py --run runs/shapes

Sprites that the model never saw are inverted: by an encoder (learned here where the run has none),
by optimisation, and by both, with more and more pull to usual styles. *Distortion* is
the root of the mean squared difference, of 255; *strangeness* that of styles from their mean, in
standard deviations, squared. What was found then goes along the learned directions from -2 to 2:
*slope* is the change of the factor over what the direction promises, of steps that should end in
the factor's range; *leakage* the mean change of the others over the factor's own. `none` is samples
of the model, which need not be found.
"""

import argparse
import json
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from directions import FACTORS, STRENGTHS, factors_of, read, within
from torch import Tensor

from zerosum.modalities.images.inversion import FILE, How, learn_encoder
from zerosum.modalities.images.sprites import simulate
from zerosum.modalities.images.styled import StyledModel
from zerosum.workflows.control import styled_model

RESULTS = Path(__file__).parent / "results" / "editability.json"
SHOWN, SEED = 64, 1_000
PULLS = (0.0, 0.005, 0.02, 0.1, 0.5)


def edited(model: StyledModel, styles: Tensor, spread: Tensor) -> tuple[float, float]:
    """Slope within range over the promise, and leakage, both in the mean over factors."""
    slopes, leakages = [], []
    for i, name in enumerate(FACTORS):
        steps = [model.edit_styles(styles, {name: strength}).tensor for strength in STRENGTHS]
        seen = torch.stack([factors_of(x) for x in steps]) / spread
        slopes.append(within(seen, i, model.directions()[name].about["gain"], spread))
        leakages.append(read(seen, i)[2])
    return mean(slopes), mean(leakages)


def measured(model: StyledModel) -> list[dict[str, Any]]:
    """A row for each way of finding images."""
    everything = factors_of(model.moved(model.draw(2_000, seed=5)).tensor)
    spread = everything[~everything.isnan().any(1)].std(0)
    pictures, _ = simulate(SHOWN, seed=SEED, size=model.space.shape[-1])
    ways: list[tuple[How, float]] = [("encode", 0.0)]
    for pull in PULLS:
        ways.append(("optimise", pull))
        ways.append(("both", pull))
    own = model.draw(SHOWN, seed=7).to(model.device)
    slope, leakage = edited(model, model.styled.styles(own).detach().float().cpu(), spread)
    rows: list[dict[str, Any]] = [{"how": "none", "slope": slope, "leakage": leakage}]
    for how, pull in ways:
        found = model.invert(pictures, how=how, pull=pull)
        slope, leakage = edited(model, found.styles, spread)
        rows.append(
            {
                "how": how, "pull": pull, "distortion": float(found.distortion.mean()),
                "strangeness": float(found.strangeness.mean()), "slope": slope, "leakage": leakage,
            }
        )  # fmt: skip
        print(json.dumps(rows[-1]), flush=True)
    return rows


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--run", type=Path, required=True)
    model = styled_model(parser.parse_args().run)
    if model.run is not None and not (model.run / FILE).is_file():
        learn_encoder(model)
    rows = measured(model)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    names = ("how", "pull", "distortion", "strangeness", "slope", "leakage")
    print("| " + " | ".join(names) + " |\n|" + " --- |" * len(names))
    for row in rows:
        cells = [row.get(name, "") for name in names]
        print(
            "| " + " | ".join(f"{c:.3g}" if isinstance(c, float) else str(c) for c in cells) + " |"
        )


if __name__ == "__main__":
    main()
