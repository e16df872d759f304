"""Rare classes of a table: do the rows that are asked for look like their class?

    python rare.py run --seeds 0,1,2
    python rare.py report

The table is simulated traffic of 20,010 rows and 18 columns, the class among them: 12,000 normal,
5,600 dos, 2,189 probe, 209 r2l, which are three kinds of attack, and 12 u2r. So fresh rows of each
class can be drawn. `look` is the share of 600 rows asked for that trees take for the class, which
learned from 2,000 fresh rows of each; `told` is the area under the curve by which trees tell these
rows from fresh ones. Each is shown without a target, and with the class as the target of training
(`--set game.target=label`), beside rows that are real.
"""

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from harness import RESULTS
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

import zerosum as zs

COUNTS = {"normal": 12_000, "dos": 5_600, "probe": 2_189, "r2l": 209, "u2r": 12}
CATEGORIES = ("service", "protocol", "flag")
ASKED = 600

Columns = dict[str, Any]


class Draws:
    """Columns of `n` rows, drawn one after another."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.n, self.rng = n, rng

    def pick(self, shares: Mapping[Any, float]) -> np.ndarray:
        """One of several values in these shares."""
        p = np.array([*shares.values()], float)
        return self.rng.choice([*shares], self.n, p=p / p.sum())

    def large(self, mean: float, spread: float) -> np.ndarray:
        """Whole numbers with a long tail."""
        return self.rng.lognormal(mean, spread, self.n).round().astype(int)

    def rate(self, a: float, b: float) -> np.ndarray:
        """A share, with two decimals."""
        return self.rng.beta(a, b, self.n).round(2)

    def often(self, share: float) -> np.ndarray:
        """True in so many rows."""
        return self.rng.random(self.n) < share

    def whole(self, low: int, high: int) -> np.ndarray:
        """Whole numbers from `low` and below `high`."""
        return self.rng.integers(low, high, self.n)


def normal(d: Draws) -> Columns:
    """What users do."""
    service = d.pick({"http": 50, "smtp": 14, "domain": 14, "ftp_data": 8, "other": 5, "ftp": 2,
                      "telnet": 2, "pop_3": 1, "ssh": 2, "auth": 2})  # fmt: skip
    flag = d.pick({"SF": 95, "REJ": 4, "RSTO": 1})
    protocol = np.where(service == "domain", "udp", "tcp")
    done = flag == "SF"
    return {
        "service": service, "protocol": protocol, "flag": flag,
        "duration": np.where(d.often(0.85), 0, d.large(3, 1.5)),
        "src_bytes": done * np.where(service == "domain", d.large(3.8, 0.1), d.large(5.6, 0.8)),
        "dst_bytes": done * np.where(service == "http", d.large(7.8, 1.2), d.large(5.5, 1)),
        "logged_in": (protocol == "tcp") & done & d.often(0.93),
        "failed_logins": d.often(0.002), "hot": np.where(d.often(0.97), 0, d.whole(1, 5)),
        "count": d.large(1.5, 1), "same_srv": d.rate(12, 0.4), "serror": d.rate(0.2, 12),
        "host_count": d.large(4.4, 1.1).clip(max=255), "host_same_srv": d.rate(5, 0.7),
        "host_same_port": d.rate(0.6, 3), "root_shell": d.often(0.0008),
        "files_made": np.where(d.often(0.996), 0, d.whole(1, 4)), "guest": d.often(0.005),
    }  # fmt: skip


def dos(d: Draws) -> Columns:
    """Floods of half-open connections, and of echoes."""
    flood = d.often(0.7)
    few = d.pick({"private": 70, "other": 5, "http": 12, "telnet": 6, "finger": 7})
    flag = np.where(flood, d.pick({"S0": 80, "REJ": 12, "SF": 8}), "SF")
    return {
        "service": np.where(flood, few, "ecr_i"), "protocol": np.where(flood, "tcp", "icmp"),
        "flag": flag, "src_bytes": np.where(flood, 0, d.pick({1032: 1, 520: 1, 1480: 1})),
        "count": np.where(flood, d.whole(100, 300), d.whole(400, 512)),
        "same_srv": np.where(flood, d.rate(1, 12), 1.0),
        "serror": np.where(flag == "S0", d.rate(30, 0.3), d.rate(0.1, 20)), "host_count": 255,
        "host_same_srv": np.where(flood, d.rate(1, 15), d.rate(20, 1)),
        "host_same_port": np.where(flood, 0, d.rate(20, 1)),
    }  # fmt: skip


def probe(d: Draws) -> Columns:
    """Sweeps by echo, and scans of ports."""
    sweep = d.often(0.5)
    scanned = d.pick({"private": 50, "other": 25, "ftp": 9, "telnet": 8, "smtp": 8})
    return {
        "service": np.where(sweep, "eco_i", scanned),
        "protocol": np.where(sweep, "icmp", d.pick({"tcp": 85, "udp": 15})),
        "flag": np.where(sweep, "SF", d.pick({"REJ": 45, "RSTR": 35, "SF": 15, "SH": 5})),
        "duration": np.where(d.often(0.9), 0, d.large(7, 1)),
        "src_bytes": np.where(sweep, d.pick({8: 1, 18: 1, 20: 1}), 0),
        "count": np.where(sweep, 1, d.large(2, 2)),
        "same_srv": np.where(sweep, 1.0, d.rate(0.5, 2)), "serror": d.rate(0.2, 8),
        "host_count": np.where(sweep, d.whole(1, 120), 255),
        "host_same_srv": np.where(sweep, d.rate(8, 1), d.rate(0.3, 9)),
        "host_same_port": np.where(sweep, d.rate(8, 1), d.rate(1, 2)),
    }  # fmt: skip


def r2l(d: Draws) -> Columns:
    """Files taken by guests, passwords that are guessed, and faults of a mail server."""
    kind = d.pick({0: 50, 1: 35, 2: 15})
    taken, guessed = kind == 0, kind == 1
    loads = d.pick({"ftp": 30, "ftp_data": 70})
    service = np.select([taken, guessed], [loads, d.pick({"telnet": 9, "pop_3": 1})], "imap4")
    ftp = service == "ftp"

    def by_kind(a: Any, b: Any, c: Any) -> np.ndarray:
        return np.select([taken, guessed], [a, b], c)

    return {
        "service": service, "protocol": "tcp",
        "flag": by_kind("SF", d.pick({"SF": 8, "RSTO": 2}), d.pick({"SF": 3, "SH": 3, "RSTO": 4})),
        "duration": by_kind(ftp * d.large(5.5, 1), d.whole(1, 5), d.large(1, 1)),
        "src_bytes": by_kind(
            np.where(ftp, d.large(6, 0.6), d.large(10, 1.5)), d.whole(120, 131), d.large(6.5, 0.4)
        ),
        "dst_bytes": by_kind(ftp * d.large(7.2, 0.5), d.whole(174, 190), d.large(7, 0.6)),
        "logged_in": by_kind(True, False, d.often(0.4)), "failed_logins": guessed,
        "hot": by_kind(ftp * d.whole(20, 31), 1, 0), "count": d.whole(1, 3), "same_srv": 1.0,
        "serror": by_kind(0.0, 0.0, d.rate(0.5, 2)),
        "host_count": d.large(4.1, 1).clip(max=255),
        "host_same_srv": np.where(guessed, d.rate(1, 9), d.rate(3, 2)),
        "host_same_port": np.where(taken, d.rate(3, 2), d.rate(1, 9)), "guest": taken & ftp,
    }  # fmt: skip


def u2r(d: Draws) -> Columns:
    """Users who become root."""
    service = d.pick({"telnet": 65, "ftp_data": 25, "ftp": 10})
    return {
        "service": service, "protocol": "tcp", "flag": "SF",
        "duration": (service == "telnet") * d.large(4.6, 0.8), "src_bytes": d.large(6.4, 0.9),
        "dst_bytes": (service != "ftp_data") * d.large(8, 0.7), "logged_in": True,
        "hot": d.whole(1, 4), "count": 1, "same_srv": 1.0, "serror": 0.0,
        "host_count": d.large(2, 1), "host_same_srv": d.rate(6, 1), "host_same_port": d.rate(2, 2),
        "root_shell": d.often(0.6), "files_made": d.whole(1, 5),
    }  # fmt: skip


MAKERS = {"normal": normal, "dos": dos, "probe": probe, "r2l": r2l, "u2r": u2r}
ZERO = ("duration", "dst_bytes", "logged_in", "failed_logins", "hot", "root_shell", "files_made",
        "guest")  # fmt: skip


def traffic(counts: Mapping[str, int], seed: int) -> pd.DataFrame:
    """So many rows of each class, in any order."""
    rng, parts = np.random.default_rng(seed), []
    for label, n in counts.items():
        made = dict.fromkeys(ZERO, 0) | MAKERS[label](Draws(n, rng))
        parts.append(pd.DataFrame(made, index=range(n)).assign(label=label))
    rows = pd.concat(parts)
    rows = rows.astype(dict.fromkeys(ZERO, int))
    rate = np.log1p(rows["src_bytes"].astype(float)) / (1 + np.log1p(rows["count"].astype(float)))
    rows.insert(len(rows.columns) - 1, "src_rate", (rate + rng.normal(0, 0.05, len(rows))).round(2))
    return rows.sample(frac=1, random_state=seed).reset_index(drop=True)


def numbers(rows: Any, names: Mapping[str, list[str]]) -> np.ndarray:
    """Columns but the class as trees take them."""
    columns = [
        rows[name].map({one: i for i, one in enumerate(names[name])}).fillna(-1)
        if name in names else rows[name]
        for name in rows if name != "label"
    ]  # fmt: skip
    return np.stack([np.asarray(one, float) for one in columns], axis=1)


def trees(columns: list[str]) -> HistGradientBoostingClassifier:
    """Boosted trees that know which columns are categories."""
    options: Any = {
        "categorical_features": [name in CATEGORIES for name in columns],
        "early_stopping": False,
    }
    return HistGradientBoostingClassifier(max_iter=60, random_state=0, **options)


def told(a: np.ndarray, b: np.ndarray, columns: list[str]) -> float:
    """Area under the curve of trees that tell rows from others, in two folds."""
    n = min(len(a), len(b))
    x, y = np.concatenate([a[:n], b[:n]]), np.repeat([0, 1], n)
    fold, odds = np.tile(np.arange(n) % 2, 2), np.zeros(2 * n)
    for one in (0, 1):
        fitted = trees(columns).fit(x[fold != one], y[fold != one])
        odds[fold == one] = fitted.decision_function(x[fold == one])
    return float(roc_auc_score(y, odds))


def run(seed: int) -> None:
    """Train with and without the class as a target, and judge each class."""
    data, test = traffic(COUNTS, seed), traffic({k: v // 2 for k, v in COUNTS.items()}, seed + 100)
    truth = traffic(dict.fromkeys(COUNTS, 2_000), seed + 200)
    names = {c: sorted({*data[c], *test[c], *truth[c]}) for c in CATEGORIES}
    columns = [name for name in data if name != "label"]
    judge = trees(columns).fit(numbers(truth, names), truth["label"])

    def look(rows: Any, label: str) -> float:
        return float((judge.predict(numbers(rows, names)) == label).mean())

    for way, changes in (("plain", {}), ("target", {"game.target": "label"})):
        start = time.process_time()
        model: Any = zs.train(
            "table", data, seed=seed, threads=1, quiet=True, set=changes,
            out=Path(tempfile.mkdtemp()) / "run",
        )  # fmt: skip
        found: dict[str, Any] = {"seed": seed, "way": way, "seconds": time.process_time() - start}
        free = model.sample(8_000, seed=seed)
        found["all, told"] = told(numbers(free, names), numbers(test[:8_000], names), columns)
        for label in COUNTS:
            found[f"{label}, share"] = float((free["label"] == label).mean())
            rows = model.sample(ASKED, where={"label": label}, seed=seed)
            mine = truth[truth["label"] == label]
            found[f"{label}, look"] = look(rows, label)
            found[f"{label}, told"] = told(numbers(rows, names), numbers(mine, names), columns)
            found[f"{label}, look of reals"] = look(test[test["label"] == label], label)
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"rare-{way}-{seed}.json").write_text(json.dumps(found, indent=1) + "\n")
        print(json.dumps(found), flush=True)


def report() -> None:
    """Means over seeds, with the least and the greatest."""
    for way in ("plain", "target"):
        found = [json.loads(p.read_text()) for p in sorted(RESULTS.glob(f"rare-{way}-*.json"))]
        for name in found[0] if found else ():
            if name not in ("seed", "way"):
                values = [one[name] for one in found]
                print(
                    f"{way:8}{name:24}{np.mean(values):8.3f}  {min(values):.3f} {max(values):.3f}"
                )


def main() -> None:
    """Run or report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("run", "report"))
    parser.add_argument("--seeds", default="0,1,2")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if given.what == "report":
        report()
        return
    for seed in given.seeds.split(","):
        run(int(seed))


if __name__ == "__main__":
    main()
