"""The table of `referee.py`: from one result file for each training to figures and Markdown."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from referee_faults import Setup, suffers

Result = dict[str, Any]

_HARM = 1.25


def read_results(folder: Path, seeds: Sequence[int]) -> dict[tuple[str, str, int, str], Result]:
    """Every result of these seeds, by setup, fault, seed and guard."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["seed"] in seeds:
            key = (result["setup"], result["fault"], result["seed"], result["guard"])
            found[key] = result
    return found


def best(result: Result) -> float:
    """The least distance that was ever measured, the final one included."""
    finals = [result["final"]] if result["final"] is not None else []
    return min([distance for _, distance in result["distances"]] + finals)


def last(result: Result) -> float:
    """The distance of the model that the user gets; of a diverged run the newest sound one."""
    if result["final"] is not None:
        return result["final"]
    return float("inf")


def first_alarm(result: Result) -> dict[str, Any] | None:
    """The first diagnosis after the fault; in a healthy run the first of all."""
    since = result["struck"] or 0
    alarms = [e for e in result["events"] if e["event"] == "diagnosis" and e["step"] > since]
    if result["error"] and not alarms:
        return {"step": result["events"][-1].get("step", since), "name": "numerical divergence"}
    return alarms[0] if alarms else None


def share(values: Sequence[bool]) -> str:
    """`97 % (34 of 35)`."""
    if not values:
        return "none"
    return f"{sum(values) / len(values):.0%} ({sum(values)} of {len(values)})"


def summary(results: dict[tuple[str, str, int, str], Result]) -> list[str]:
    """The figures that the referee is held to, one line of Markdown each."""
    guarded = [r for r in results.values() if r["guard"] == "act"]
    bare = [r for r in results.values() if r["guard"] == "watch"]
    healthy = {(s, e): r for (s, f, e, g), r in results.items() if f == "healthy" and g == "watch"}
    faulty = [r for r in bare if r["fault"] != "healthy"]
    harmed = [r for r in faulty if last(r) > _HARM * last(healthy[r["setup"], r["seed"]])]
    alarms = {id(r): first_alarm(r) for r in faulty}
    delays = [(a["step"] - r["struck"]) / r["steps"] for r in faulty if (a := alarms[id(r)])]
    sound = [r for (s, e), r in healthy.items() if last(r) <= _HARM * best(r)]
    pairs = [
        (last(results[s, "healthy", e, "act"]) / last(r))
        for (s, e), r in healthy.items()
        if (s, "healthy", e, "act") in results
    ]

    def recovered(r: Result, of: Callable[[Result], float]) -> bool:
        return of(r) <= _HARM * last(healthy[r["setup"], r["seed"]])

    def told(some: Sequence[Result]) -> str:
        return share([alarms[id(r)] is not None for r in some])

    def near_best(some: Sequence[Result]) -> str:
        return share([last(r) <= 1.1 * best(r) for r in some])

    cured = share([recovered(r, last) for r in guarded if r["fault"] != "healthy"])
    bare_ok = share([recovered(r, last) for r in faulty])
    kept = share([recovered(r, best) for r in faulty])
    false = share([first_alarm(r) is not None for r in healthy.values()])
    false_in_sound = share([first_alarm(r) is not None for r in sound])
    ratio = f"{median(pairs):.3f} (mean {sum(pairs) / len(pairs):.3f})"
    return [
        "| figure | asked | guarded | unguarded |",
        "|---|---|---|---|",
        f"| final at most 1.10 times the best | 95 % | {near_best(guarded)} | {near_best(bare)} |",
        f"| faults detected | 95 % | {told(faulty)} | |",
        f"| of these, faults that did harm | | {told(harmed)} | |",
        f"| median delay, share of the budget | 5 % | {median(delays):.1%} | |",
        f"| alarms in healthy runs | at most 5 % | {false} | |",
        f"| the same, of runs that end near their best | | {false_in_sound} | |",
        f"| healthy, guarded over unguarded, median | at most 1.02 | {ratio} | 1 |",
        f"| after a fault within 1.25 times the healthy run | 80 % | {cured} | {bare_ok}; "
        f"with the best checkpoint only {kept} |",
    ]


def write_table(
    folder: Path, seeds: Sequence[int], path: Path, *, setups: Mapping[str, Setup],
    faults: Sequence[str],
) -> None:  # fmt: skip
    """Write the Markdown page."""
    every = read_results(folder, seeds)
    results = {key: result for key, result in every.items() if key[0] in setups}
    lines = [
        "# The referee, measured",
        "",
        "Made by `python benchmarks/referee.py table`; that file says how. Distances are means",
        f"over seeds {', '.join(map(str, seeds))}; `inf` means that at least one run diverged.",
        "",
        *summary(results),
    ]
    for fault in faults:
        lines += ["", f"## {fault}", "", *_rows(results, setups, fault, seeds)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(summary(results)))


def _rows(
    results: dict[tuple[str, str, int, str], Result],
    setups: Mapping[str, Setup],
    fault: str,
    seeds: Sequence[int],
) -> list[str]:
    lines = [
        "| training | unguarded | its best | guarded | detected | delay | diagnoses | remedies |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for setup in setups:
        bare = [results[k] for s in seeds if (k := (setup, fault, s, "watch")) in results]
        kept = [results[k] for s in seeds if (k := (setup, fault, s, "act")) in results]
        if not suffers(setups[setup], fault) or not bare:
            continue
        alarms = [a for r in bare if (a := first_alarm(r))]
        delays = [
            (a["step"] - (r["struck"] or 0)) / r["steps"] for r in bare if (a := first_alarm(r))
        ]
        lines.append(
            f"| {setup} | {_mean(bare, last)} | {_mean(bare, best)} | {_mean(kept, last)} "
            f"| {len(alarms)} of {len(bare)} | {f'{median(delays):.1%}' if delays else ''} "
            f"| {_count([a['name'] for a in alarms])} | {_count(_remedies(kept))} |"
        )
    return lines


def _remedies(results: Sequence[Result]) -> list[str]:
    return [e["name"] for r in results for e in r["events"] if e["event"] == "remedy"]


def _mean(results: Sequence[Result], of: Callable[[Result], float]) -> str:
    values = [of(r) for r in results]
    return f"{sum(values) / len(values):.2f}" if values else ""


def _count(names: Sequence[str]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for name in names:
        counts[name] += 1
    return ", ".join(f"{name} ({n})" for name, n in sorted(counts.items(), key=lambda p: -p[1]))
