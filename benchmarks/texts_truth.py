"""How often texts contradict their rows: simulated texts, of which the truth is known.

    python benchmarks/texts_truth.py run --sets quizzes,dialogues,phishing,logins,notes --seeds 0
    python benchmarks/texts_truth.py table

`text` learns 3,000 rows with their texts and makes 1,000. Beside it, templates are found in these
texts and filled with 1,000 rows that the recipe `table` made, which learned the rows without their
texts and with the same constraints. Beside both, fresh rows are filled. Each text is asked by the
`contradictions` of its simulator. What is in `benchmarks/results/texts_truth` is not made again.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd

import zerosum as zs
from zerosum.modalities.strings.reading.simulated import SimulatedTexts
from zerosum.modalities.tables.constraints.groups import FixedCombinations
from zerosum.runs.files import write_json
from zerosum.workflows.data import all_readers

RESULTS = Path(__file__).parent / "results" / "texts_truth"
NAMES = ("notes", "quizzes", "dialogues", "phishing", "logins")
MANY = 1_000
QUICK: Any = {"threads": 1, "quiet": True, "referee": "off", "compile": False}


def asked(name: str, rows: Any) -> dict[str, Any]:
    """The share of rows without a contradiction, and how many have each kind."""
    module = import_module(f"zerosum.modalities.strings.simulated.{name}")
    wrong = [module.contradictions(row) for row in pd.DataFrame(rows).to_dict("records")]
    return {"true": mean(not one for one in wrong),
            "wrong": dict(Counter(what for one in wrong for what in one))}  # fmt: skip


def of(name: str, seed: int) -> dict[str, Any]:
    """All figures of one set and seed."""
    reader = all_readers()[name]
    assert issubclass(reader, SimulatedTexts)
    simulate, text = reader.simulate, reader.text
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        model = zs.train("text", name, out=Path(folder) / "text", seed=seed, **QUICK)
        found["minutes"] = (time.process_time() - start) / 60
        found["text"] = asked(name, model.sample(MANY, seed=1))
        found["refused"] = model.remark
        examples = simulate(3_000, seed=0)
        start = time.process_time()
        templates = zs.templates(examples, text=text, purpose=reader.purpose)
        fresh = simulate(MANY, seed=seed + 1).drop_columns([text])
        filled = templates.fill(fresh, seed=seed).to_pandas()
        found["templates"] = len(templates.templates)
        found["seconds of templates"] = time.process_time() - start
        found["fresh rows filled"] = asked(name, filled.dropna(subset=[text]))
        start = time.process_time()
        rows = zs.train(
            "table", examples.drop_columns([text]), out=Path(folder) / "rows", seed=seed,
            constraints=[FixedCombinations(one) for one in reader.together], **QUICK,
        )  # fmt: skip
        found["minutes of rows"] = (time.process_time() - start) / 60
        made: Any = templates.fill(rows.sample(MANY, seed=1), seed=seed).to_pandas()
        found["without"] = int(made[text].isna().sum())
        found["made rows filled"] = asked(name, made.dropna(subset=[text]))
    return found


def run(args: argparse.Namespace) -> None:
    """Every figure that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in args.sets.split(","):
        for seed in map(int, args.seeds.split(",")):
            path = RESULTS / f"{name}-{seed}.json"
            if not path.exists():
                write_json(path, of(name, seed))
                print(path.stem, path.read_text(), flush=True)


def table() -> None:
    """A row for each set."""
    print("| set | texts of `text` | CPU-minutes | rows of `table`, filled | fresh rows, filled |")
    print("| --- " * 5 + "|")
    for name in NAMES:
        each = [json.loads(path.read_text()) for path in sorted(RESULTS.glob(f"{name}-*.json"))]
        if each:
            cells = [mean(one[key]["true"] for one in each)
                     for key in ("text", "made rows filled", "fresh rows filled")]  # fmt: skip
            spent = mean(one["minutes"] for one in each)
            print(f"| `{name}` | {cells[0]:.1%} | {spent:.1f} | {cells[1]:.1%} | {cells[2]:.1%} |")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--sets", default=",".join(NAMES))
    parser.add_argument("--seeds", default="0")
    args = parser.parse_args()
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
