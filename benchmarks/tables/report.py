"""The benchmark's results as Markdown: adult row by row, every table, and the mean ranks."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

from harness import read_json

Result = Mapping[str, Any]
Results = Mapping[str, Mapping[str, Sequence[Result]]]
"""By table and method, one result for each seed."""

_CEILING = "real"
_MAIN_TABLE = "adult"


class Figure(NamedTuple):
    """A row of the table: what it is called and where it is in a result."""

    name: str
    path: Sequence[str]
    form: str = ".3f"


ROWS = (
    Figure("quality", ("judge", "quality", "score")),
    Figure("column shapes", ("judge", "quality", "column_shapes")),
    Figure("pair trends", ("judge", "quality", "pair_trends")),
    Figure("pair trends, all pairs", ("judge", "quality", "all_pairs")),
    Figure("C2ST of boosted trees, AUC", ("judge", "c2st", "auc")),
    Figure("train synthetic, test real: AUC", ("judge", "utility", "auc")),
    Figure("train synthetic, test real: macro-F1", ("judge", "utility", "macro_f1")),
    Figure("train synthetic, test real: R²", ("judge", "utility", "r2")),
    Figure("exact copies of training rows", ("judge", "copies", "exact"), ".4f"),
    Figure("nearer to train than to test", ("judge", "copies", "nearer_to_train")),
    Figure("singling out, multivariate: rate", ("attacks", "singling_out_multivariate", "rate")),
    Figure("… of equal rows: rate", ("attacks", "singling_out_multivariate", "rate_small")),
    Figure("… of equal rows: control", ("attacks", "singling_out_multivariate", "control")),
    Figure("… risk", ("attacks", "singling_out_multivariate", "risk")),
    Figure("singling out, univariate: rate", ("attacks", "singling_out_univariate", "rate")),
    Figure("… risk", ("attacks", "singling_out_univariate", "risk")),
    Figure("linkability: rate", ("attacks", "linkability", "rate")),
    Figure("… risk", ("attacks", "linkability", "risk")),
    Figure("inference of the target: rate", ("attacks", "inference", "rate")),
    Figure("… risk", ("attacks", "inference", "risk")),
    Figure("encoding, CPU-seconds", ("times", "encoding"), ".1f"),
    Figure("training, CPU-seconds", ("times", "training"), ".1f"),
    Figure("sampling 100,000 rows, CPU-seconds", ("times", "sampling"), ".2f"),
)

RANKED: Mapping[str, Callable[[Result], float]] = {
    "quality": lambda result: -result["judge"]["quality"]["score"],
    "C2ST": lambda result: abs(result["judge"]["c2st"]["auc"] - 0.5),
    "utility": lambda result: -_utility(result),
}
"""What methods are ranked by; less is better."""


def read_results(folder: Path) -> dict[str, dict[str, list[Result]]]:
    """Every job that was judged; a method that failed on a table stands there with no result."""
    found: dict[str, dict[str, list[Result]]] = {}
    for about in sorted(folder.glob("*/about.json")):
        methods: dict[str, list[Result]] = {}
        for job in sorted(path for path in about.parent.iterdir() if path.is_dir()):
            method = job.name.rpartition("-")[0]
            if (job / "error.json").exists():
                methods.setdefault(method, [])
            elif (job / "judge.json").exists():
                parts = ("judge", "attacks", "times")
                files = {part: job / f"{part}.json" for part in parts}
                whole = {part: read_json(file) for part, file in files.items() if file.exists()}
                methods.setdefault(method, []).append(whole)
        if methods:
            found[about.parent.name] = methods
    return found


def write_report(folder: Path, out: Path) -> None:
    """All tables into one Markdown file."""
    results = read_results(folder)
    parts = [_one_table(results[_MAIN_TABLE])] if _MAIN_TABLE in results else []
    parts += [_all_tables(results, folder), _ranks(results)]
    out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(out.read_text(encoding="utf-8"))


def mean_ranks(results: Results) -> dict[str, dict[str, float]]:
    """For each method that was run on all tables, its mean rank in each figure and in all.

    Ties share the mean of their ranks, and methods that failed on a table share the last ones.
    """
    everywhere = set.intersection(*(set(methods) for methods in results.values()))
    methods = sorted(everywhere - {_CEILING})
    ranks: dict[str, dict[str, list[float]]] = {name: {} for name in methods}
    for table in results.values():
        for figure, measure in RANKED.items():
            losses = {
                name: fmean(map(measure, table[name])) if table[name] else float("inf")
                for name in methods
            }
            for name, loss in losses.items():
                better = sum(other < loss for other in losses.values())
                equal = sum(other == loss for other in losses.values())
                ranks[name].setdefault(figure, []).append(better + (equal + 1) / 2)
    means = {name: {key: fmean(one) for key, one in found.items()} for name, found in ranks.items()}
    return {name: found | {"all": fmean(found.values())} for name, found in means.items()}


def _utility(result: Result) -> float:
    utility = result["judge"]["utility"]
    return utility["r2"] if "r2" in utility else utility["auc"]


def _at(result: Result, path: Sequence[str]) -> float | None:
    found: Any = result
    for key in path:
        if not isinstance(found, Mapping) or key not in found:
            return None
        found = found[key]
    return found


def _cell(results: Sequence[Result], figure: Figure) -> str:
    """The mean over seeds, and how far seeds are apart where there are several."""
    values = [value for one in results if (value := _at(one, figure.path)) is not None]
    if not values:
        return "–"
    told = format(fmean(values), figure.form)
    return told if len(values) == 1 else f"{told} ± {format(stdev(values), figure.form)}"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _one_table(methods: Mapping[str, Sequence[Result]]) -> str:
    names = [name for name in methods if methods[name]]
    rows = [[row.name, *(_cell(methods[name], row) for name in names)] for row in ROWS]
    told = [row for row in rows if set(row[1:]) != {"–"}]
    seeds = ", ".join(f"{name} {len(methods[name])}" for name in names)
    return f"## {_MAIN_TABLE}\n\nSeeds: {seeds}.\n\n{_markdown(['', *names], told)}"


def _all_tables(results: Results, folder: Path) -> str:
    """Quality / C2ST / utility of every method on every table."""
    names = sorted({name for methods in results.values() for name in methods})
    rows = []
    for table, methods in results.items():
        about = read_json(folder / table / "about.json")
        cells = []
        for name in names:
            figures = [[measure(one) for one in methods.get(name, [])] for measure in _SHOWN]
            failed = "failed" if name in methods else "–"
            cells.append(
                " / ".join(f"{fmean(one):.3f}" for one in figures) if figures[0] else failed
            )
        size = f"{about['train_rows']} × {about['columns']}"
        rows.append([table, about["shape"], size, *cells])
    head = ["table", "shape", "training rows", *names]
    says = "Quality / C2ST AUC / utility (AUC of a category, R² of a number)."
    return f"## All tables\n\n{says}\n\n{_markdown(head, rows)}"


_SHOWN: Sequence[Callable[[Result], float]] = (
    lambda result: result["judge"]["quality"]["score"],
    lambda result: result["judge"]["c2st"]["auc"],
    _utility,
)


def _ranks(results: Results) -> str:
    ranks = mean_ranks(results)
    keys = [*RANKED, "all"]
    order = sorted(ranks, key=lambda name: ranks[name]["all"])
    rows = [[name, *(f"{ranks[name][key]:.2f}" for key in keys)] for name in order]
    says = f"Over {len(results)} tables, of the methods that were run on all of them."
    return f"## Mean ranks\n\n{says}\n\n{_markdown(['method', *keys], rows)}"
