"""The judge's distances beside those of independent implementations, on the same features.

    python -m venv judge-env
    judge-env/bin/pip install . torch-fidelity clean-fid prdc torchmetrics
    judge-env/bin/python benchmarks/judge_reference.py

The other libraries need an environment of their own, since zerosum needs none of them; those that
are absent are named and left out. All get float64. Distances are computed from all rows, as one
subset, so that no choice of subsets stands between the numbers.

    python benchmarks/judge_reference.py --memory --rows 50000 --features 2048

measures the peak memory of density and coverage instead, features included; it takes minutes.
"""

import argparse
import contextlib
import io
import math
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from importlib.metadata import version

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.features.base import Embedded
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.frechet import FrechetDistance
from zerosum.evaluation.metrics.kernels import KernelDistance
from zerosum.evaluation.metrics.neighbours import Neighbourhoods
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace
from zerosum.workflows.data import open_data

NEIGHBOURS = 5
BENCH = MetricContext(
    ImageSpace(channels=1, height=8, width=8),
    extractor="given",
    split="holdout",
    neighbours=NEIGHBOURS,
)


def zerosum(made: Tensor, real: Tensor) -> dict[str, float]:
    """Our numbers."""
    exhibits = SampleSet(made, made), SampleSet(real, real)
    metrics = FrechetDistance(), KernelDistance(), Neighbourhoods()
    readings = [one.read(*exhibits, BENCH) for one in metrics]
    return {name: reading.value for each in readings for name, reading in each.items()}


def torch_fidelity(made: Tensor, real: Tensor) -> dict[str, float]:
    """Fréchet and kernel distance, precision and recall of torch-fidelity."""
    fid = import_module("torch_fidelity.metric_fid")
    kid = import_module("torch_fidelity.metric_kid")
    prc = import_module("torch_fidelity.metric_prc")
    statistics = [fid.fid_features_to_statistics(x) for x in (made, real)]
    size = {"kid_subsets": 1, "kid_subset_size": len(made), "verbose": False}
    near = {"prc_neighborhood": NEIGHBOURS, "verbose": False}
    shares = prc.prc_features_to_metric(made, real, **near)
    return {
        "frechet_distance": fid.fid_statistics_to_metric(*statistics, verbose=False)[
            "frechet_inception_distance"
        ],
        "kernel_distance": kid.kid_features_to_metric(made, real, **size)[
            "kernel_inception_distance_mean"
        ],
        "precision": shares["precision"],
        "recall": shares["recall"],
    }


def clean_fid(made: Tensor, real: Tensor) -> dict[str, float]:
    """Fréchet and kernel distance of clean-fid."""
    fid = import_module("cleanfid.fid")
    a, b = made.numpy(), real.numpy()
    moments = a.mean(0), np.cov(a, rowvar=False), b.mean(0), np.cov(b, rowvar=False)
    found = {"kernel_distance": fid.kernel_distance(a, b, num_subsets=1, max_subset_size=len(a))}
    with contextlib.suppress(TypeError):  # it needs a scipy whose sqrtm still takes `disp`
        found["frechet_distance"] = float(fid.frechet_distance(*moments))
    return found


def torchmetrics(made: Tensor, real: Tensor) -> dict[str, float]:
    """Fréchet and kernel distance of torchmetrics."""
    fid = import_module("torchmetrics.image.fid")
    kid = import_module("torchmetrics.image.kid")
    moments = made.mean(0), made.T.cov(), real.mean(0), real.T.cov()
    return {
        "frechet_distance": float(fid._compute_fid(*moments)),
        "kernel_distance": float(kid.poly_mmd(real, made)),
    }


def prdc(made: Tensor, real: Tensor) -> dict[str, float]:
    """Precision, recall, density and coverage of the second paper's authors."""
    with contextlib.redirect_stdout(io.StringIO()):
        found = import_module("prdc").compute_prdc(real.numpy(), made.numpy(), NEIGHBOURS)
    return {name: float(value) for name, value in found.items()}


PEERS: Mapping[str, Callable[[Tensor, Tensor], dict[str, float]]] = {
    "torch-fidelity": torch_fidelity,
    "clean-fid": clean_fid,
    "torchmetrics": torchmetrics,
    "prdc": prdc,
}


def cases() -> Iterator[tuple[str, Tensor, Tensor]]:
    """Names, and features of samples and of reals."""
    noise = Noise(0)
    real = noise.normal(1_000, 64)
    yield "1,000 random rows of 64", 0.9 * noise.normal(1_000, 64) + 0.1, real
    few = noise.normal(200, 64)
    yield "200 random rows of 64, far from zero", 1.2 * noise.normal(200, 64) + 100, few + 100
    digits, _ = open_data("digits")
    x, _ = digits.take(torch.randperm(len(digits), generator=torch.Generator().manual_seed(0)))
    pixels = Embedded(digits.space, name="pixels")(x)
    pixels = pixels[:, pixels.std(0) > 0]
    half = len(pixels) // 2
    noisy = pixels[half : 2 * half] + 0.1 * noise.normal(half, pixels.shape[1])
    yield f"{half} noisy digits beside as many digits", noisy, pixels[:half]
    yield f"{half} digits beside as many others", pixels[half : 2 * half], pixels[:half]


def let_torchvision_in() -> list[torch.library.Library]:
    """Let torchvision be imported beside a torch of another build, as two of the peers need it.

    Its operators cannot be loaded then, and the import fails for want of their names; nothing here
    calls them. What is returned must be kept.
    """
    try:
        import_module("torchvision")
    except ModuleNotFoundError:
        return []
    except RuntimeError:
        for name in [name for name in sys.modules if name.startswith("torchvision")]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return [library]
    return []


def compare() -> None:
    """Print a table for each case."""
    _kept = let_torchvision_in()
    for name in PEERS:
        with contextlib.suppress(ModuleNotFoundError):
            print(f"{name} {version(name)}")
    for name, made, real in cases():
        print(f"\n{name}\n{'number':<18}{'whose':<16}{'value':>20}{'difference':>14}")
        ours = zerosum(made, real)
        for number, value in ours.items():
            print(f"{number:<18}{'zerosum':<16}{value:>20.12g}")
        for peer, measure in PEERS.items():
            try:
                theirs = measure(made.double(), real.double())
            except ModuleNotFoundError as error:
                print(f"{peer} is left out: no module {error.name}")
                continue
            for number, value in theirs.items():
                apart = abs(value - ours[number]) / max(abs(value), 1e-12)
                print(f"{number:<18}{peer:<16}{value:>20.12g}{apart:>14.1e}")


def peak() -> float:
    """The most memory that the process has had so far, in MiB."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def memory(rows: int, features: int) -> None:
    """Print the peak of density and coverage, for random features."""
    before = peak()
    noise = Noise(0)
    made, real = noise.normal(rows, features), noise.normal(rows, features)
    print(f"{before:,.0f} MiB with torch imported, {peak():,.0f} with the features", flush=True)
    start = time.monotonic()
    shown = -math.inf

    def tick(what: str, done: int, total: int) -> None:
        nonlocal shown
        if time.monotonic() - shown > 15 or done == total:
            shown = time.monotonic()
            print(f"{shown - start:6.0f} s  {what} {done} of {total}", flush=True)

    exhibits = SampleSet(made, made), SampleSet(real, real)
    found = Neighbourhoods().read(*exhibits, replace(BENCH, tick=tick))
    print({name: round(reading.value, 6) for name, reading in found.items()})
    print(f"{rows:,} beside {rows:,} rows of {features:,}: {peak():,.0f} MiB at the most, ", end="")
    print(f"{time.monotonic() - start:,.0f} s on {torch.get_num_threads()} threads")


def main() -> None:
    """Compare, or measure memory."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=2_048)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    memory(asked.rows, asked.features) if asked.memory else compare()


if __name__ == "__main__":
    main()
