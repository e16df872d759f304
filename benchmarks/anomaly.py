"""Anomalies beside an isolation forest and nearest neighbours, of data with known truth.

python benchmarks/anomaly.py run --settings digits,textures,series,rows --seeds 0
python benchmarks/anomaly.py report

Every detector is given the same normal samples, and none an anomalous one.

- `digits`: scikit-learn's, 8 x 8; each digit in turn is normal, and the others are anomalies.
- `textures`: brushed noise of 32 x 32 pixels, 600 to learn from; anomalies have a scratch, a stain,
  a part that is shifted, or one that is missing (`zerosum.testing`).
- `series`: those of `waves`; anomalies have a spike, a level shift or a flat line.
- `rows`: a simulated network log (`network_log`): connections of six services, and four kinds of
  attack traffic, of which single columns look usual.

The baselines are scikit-learn's `IsolationForest` (300 trees) and the mean distance to the five
nearest normals, on what the recipe itself is given: pixels; scaled values of series; scaled
logarithms of numbers with marks for categories.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from sklearn.datasets import load_digits
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

import zerosum as zs
from zerosum import testing
from zerosum.modalities.series.waves import waves
from zerosum.rng import Noise

RESULTS = Path(__file__).parent / "results" / "anomaly"


@dataclass
class Case:
    """Normal samples to learn from, and others with their truth.

    Attributes:
        normal: what `zs.train` is given.
        data: what is looked through.
        truth: 1 for anomalies.
        features: of both, for the baselines.
        samples: budget of the training.
    """

    normal: object
    data: object
    truth: np.ndarray
    features: tuple[np.ndarray, np.ndarray]
    samples: int


def digits(seed: int) -> dict[str, Case]:
    """One case for each digit."""
    x, y = map(np.asarray, load_digits(return_X_y=True))
    x = (x.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
    order = np.random.default_rng(seed).permutation(len(y))
    train, test = order[:1_200], order[1_200:]
    cases = {}
    for digit in range(10):
        normal = x[train][y[train] == digit]
        cases[f"digit {digit}"] = Case(
            normal, x[test], (y[test] != digit).astype(int), (_flat(normal), _flat(x[test])), 6_400
        )
    return cases


DAMAGE = (testing.scratch, testing.stain, testing.shifted_part, testing.missing_part)


def brushed(n: int, seed: int, side: int = 32) -> np.ndarray:
    """Brushed metal, uint8 `[n, side, side]`: noise that is smoother along one direction."""
    random = np.random.default_rng(seed)
    down, right = np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None]
    smooth = np.exp(-0.5 * ((down / 0.06) ** 2 + (right / 0.22) ** 2))
    made = np.fft.ifft2(np.fft.fft2(random.normal(size=(n, side, side))) * smooth).real
    made = 128 + 40 * made / made.std(axis=(1, 2), keepdims=True)
    return made.round().clip(0, 255).astype(np.uint8)


def textures(seed: int) -> dict[str, Case]:
    """One case for all kinds of damage, 75 of each."""
    normal, fresh = brushed(600, 10 * seed), brushed(300, 10 * seed + 1)
    plain = brushed(300, 10 * seed + 2)
    bad = [make(plain[i::4], seed=seed).x for i, make in enumerate(DAMAGE)]
    data = np.concatenate([fresh, *bad])
    cases = {"textures": _case(normal, data, 300, 24_000)}
    for kind, some in zip(DAMAGE, bad, strict=True):
        cases[f"textures, {kind.__name__}"] = _case(
            normal, np.concatenate([fresh, some]), 300, 24_000
        )
    return cases


def series(seed: int) -> dict[str, Case]:
    """One case for all kinds, 100 of each."""

    def drawn(n: int, part: int) -> np.ndarray:
        made = waves(n, 32, Noise(10 * seed + part), name="waves")
        x = made.take(torch.arange(n))[0]
        return made.space.to_numpy(x)

    normal, fresh, plain = drawn(1_600, 0), drawn(300, 1), drawn(300, 2)
    kinds = (testing.spike, testing.level_shift, testing.flat_line)
    plain = plain.copy()
    plain[..., 1:] = np.log(plain[..., 1:])  # prices move by shares of themselves
    bad = []
    for i, make in enumerate(kinds):
        some = make(plain[i::3], seed=seed).x
        some[..., 1:] = np.exp(some[..., 1:])
        bad.append(some)
    data = np.concatenate([fresh, *bad])

    def scaled(x: np.ndarray) -> np.ndarray:
        x, own = x.copy(), normal.copy()
        x[..., 1:], own[..., 1:] = np.log(x[..., 1:]), np.log(own[..., 1:])
        return _flat((x - own.mean((0, 1))) / own.std((0, 1)))

    truth = np.repeat([0, 1], [300, 300])
    return {"series": Case(normal, data, truth, (scaled(normal), scaled(data)), 24_000)}


SERVICES = {
    # name: (protocol, ports, log seconds, log bytes sent, log bytes got), means
    "http": ("tcp", (80, 443), -1.0, 6.5, 9.0),
    "dns": ("udp", (53,), -3.0, 4.0, 4.8),
    "ssh": ("tcp", (22,), 4.0, 8.0, 8.5),
    "smtp": ("tcp", (25, 587), 0.5, 9.0, 6.0),
    "ntp": ("udp", (123,), -3.5, 4.3, 4.3),
    "backup": ("tcp", (873,), 5.0, 13.0, 6.0),
}
_FREQUENT = (0.5, 0.25, 0.08, 0.08, 0.06, 0.03)


def network_log(n: int, random: np.random.Generator, attacks: bool = False) -> dict[str, list]:
    """Connections; with `attacks` scans, floods, theft through DNS and guessed passwords."""
    rows = []
    for _ in range(n):
        kind = int(random.integers(4)) if attacks else -1
        name = ("http", "http", "dns", "ssh")[kind] if attacks else str(
            random.choice(list(SERVICES), p=_FREQUENT)
        )  # fmt: skip
        protocol, ports, seconds, sent, got = SERVICES[name]
        busy = random.normal()
        seconds += 0.8 * busy + 0.4 * random.normal()
        sent += 0.7 * busy + 0.3 * random.normal()
        got += 0.9 * busy + 0.4 * random.normal()
        port, flag = int(random.choice(ports)), str(random.choice(["SF", "RST"], p=[0.96, 0.04]))
        if kind == 0:  # a scan: a known service, little said, no answer
            seconds, sent, got, flag = -4 + 0.5 * random.normal(), 3.8, 3.9, "RST"
        elif kind == 1:  # a flood: requests of usual size, and hardly an answer
            got = 5.0 + 0.5 * random.normal()
        elif kind == 2:  # theft through DNS: sends far more than it gets
            sent, got = 7.0 + 0.5 * random.normal(), 4.8 + 0.3 * random.normal()
            seconds = -1.0 + 0.5 * random.normal()
        elif kind == 3:  # guessed passwords: short sessions of few bytes
            seconds, sent, got = -0.5 + 0.4 * random.normal(), 6.5, 6.8
        packets = 2 + np.exp(sent) / 700 + np.exp(got) / 1_200 + random.poisson(2)
        numbers = round(float(np.exp(seconds)), 3), int(np.exp(sent)), int(np.exp(got))
        rows.append((name, protocol, port, flag, *numbers, int(packets)))
    names = ("service", "protocol", "port", "flag", "seconds", "sent", "got", "packets")
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def log_rows(seed: int) -> dict[str, Case]:
    """One case: 4,000 rows to learn from, 500 normal and 500 attacks to find."""
    random = np.random.default_rng(seed)
    normal, fresh = network_log(4_000, random), network_log(500, random)
    bad = network_log(500, random, attacks=True)
    data = {name: fresh[name] + bad[name] for name in fresh}

    def features(rows: dict[str, list]) -> np.ndarray:
        parts = []
        for name in ("seconds", "sent", "got", "packets"):
            own, base = (np.log1p(np.array(one[name], float)) for one in (rows, normal))
            parts.append(((own - base.mean()) / base.std())[:, None])
        for name in ("service", "protocol", "port", "flag"):
            known = sorted(set(normal[name]))
            parts.append(np.array([[value == one for one in known] for value in rows[name]], float))
        return np.concatenate(parts, axis=1)

    truth = np.repeat([0, 1], [500, 500])
    return {"rows": Case(pa.table(normal), pa.table(data), truth,
                         (features(normal), features(data)), 96_000)}  # fmt: skip


SETTINGS: dict[str, Callable[[int], dict[str, Case]]] = {
    "digits": digits, "textures": textures, "series": series, "rows": log_rows,
}  # fmt: skip


def measure(setting: str, seed: int, keep: Path | None = None) -> dict[str, object]:
    """Areas under the curve of every detector in a setting, by case; `keep` keeps the last run."""
    found: dict[str, object] = {}
    model, spent = None, 0.0
    for name, case in SETTINGS[setting](seed).items():
        start = time.process_time()
        if model is None or setting == "digits":
            folder = (keep or Path(tempfile.mkdtemp())) / "run"
            shutil.rmtree(folder, ignore_errors=True)
            model = zs.train("anomaly", case.normal, out=folder, samples=case.samples, seed=seed,
                             referee="off", quiet=True)  # fmt: skip
            spent = time.process_time() - start
        scores = zs.anomalies(model, case.data, quiet=True)
        train, test = case.features
        forest = IsolationForest(n_estimators=300, random_state=seed).fit(train)
        near = NearestNeighbors(n_neighbors=5).fit(train)
        areas = {
            "anomaly": scores.scores.numpy(),
            "isolation forest": -forest.score_samples(test),
            "nearest neighbours": near.kneighbors(test)[0].mean(axis=1),
            **{f"part {part}": scores.parts[:, i].numpy()
               for i, part in enumerate(scores.part_names)},
        }  # fmt: skip
        found[name] = {
            "auroc": {key: float(roc_auc_score(case.truth, one)) for key, one in areas.items()},
            "false alarms": float(scores.anomalous.numpy()[case.truth == 0].mean()),
            "found": float(scores.anomalous.numpy()[case.truth == 1].mean()),
            "cpu seconds": spent,
        }
        print(name, found[name], flush=True)
        np.savez(RESULTS / f"parts-{name}-{seed}.npz", parts=scores.parts.numpy(), y=case.truth)
    return found


def _case(normal: np.ndarray, data: np.ndarray, good: int, samples: int) -> Case:
    truth = np.repeat([0, 1], [good, len(data) - good])
    return Case(normal, data, truth, (_flat(normal), _flat(data)), samples)


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1).astype(np.float32)


def report() -> None:
    """The table of the documentation."""
    print("| setting | anomaly | isolation forest | nearest neighbours | found | false alarms |")
    print("|---|---|---|---|---|---|")
    for setting in SETTINGS:
        files = sorted(RESULTS.glob(f"{setting}-*.json"))
        cases = [json.loads(path.read_text()) for path in files]
        every = [one for case in cases for name, one in case.items() if "," not in name]
        if not every:
            continue
        means = [
            np.mean([one["auroc"][key] for one in every])
            for key in ("anomaly", "isolation forest", "nearest neighbours")
        ]
        rest = [np.mean([one[key] for one in every]) for key in ("found", "false alarms")]
        print(f"| {setting} | " + " | ".join(f"{m:.3f}" for m in means) + " | "
              + " | ".join(f"{100 * r:.0f} %" for r in rest) + " |")  # fmt: skip


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("verb", choices=("run", "report"))
    parser.add_argument("--settings", default=",".join(SETTINGS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--keep", type=Path, help="folder for the last run, for docs/pictures.py")
    given = parser.parse_args()
    if given.verb == "run":
        RESULTS.mkdir(parents=True, exist_ok=True)
        for setting in given.settings.split(","):
            for seed in map(int, given.seeds.split(",")):
                found = measure(setting, seed, given.keep)
                if given.keep is not None and setting == "textures":
                    kinds = [make(brushed(2, 100 + i), seed=i) for i, make in enumerate(DAMAGE)]
                    np.savez(given.keep / "planted.npz", x=np.concatenate([k.x for k in kinds]),
                             mask=np.concatenate([k.mask for k in kinds]))  # fmt: skip
                path = RESULTS / f"{setting}-{seed}.json"
                path.write_text(json.dumps(found, indent=1))
    report()


if __name__ == "__main__":
    main()
