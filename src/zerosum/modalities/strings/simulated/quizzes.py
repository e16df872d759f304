"""Simulated quiz items: a question with four options, of which one is right.

Tasks are of arithmetic, percentages and units, so that what is right can be worked out anew.
"""

import random
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zerosum.rng import derive_seed

if TYPE_CHECKING:
    import pyarrow as pa

LETTERS = "ABCD"

UNITS: Mapping[str, tuple[str, int]] = {
    "hours": ("minutes", 60), "kilometres": ("metres", 1_000), "weeks": ("days", 7),
    "kilograms": ("grams", 1_000), "metres": ("centimetres", 100), "days": ("hours", 24),
}  # fmt: skip
"""What each unit is converted to, and how many of these it has."""

_OPENINGS = ("What is {task}?", "How much is {task}?", "Work out {task}.", "Find {task}.")
_HEADS = ("{subject}, {difficulty}: ", "[{subject}] [{difficulty}] ")
_ENDINGS = ("Right: {right}", "Answer: {right}")
_TASK = re.compile(r"(\d+) (plus|minus|times|% of) (\d+)|(\d+) (\w+) in (\w+)")


def simulate_quizzes(n: int, *, seed: int = 0) -> "pa.Table":
    """`n` items: subject, difficulty, task, answer, three wrong answers, right, and item.

    There are 98 tasks, each with an answer and three wrong ones; `right` is the letter of the
    option that is right.
    """
    import pyarrow as pa

    chance = random.Random(derive_seed(seed, "quizzes"))
    tasks = [*_tasks()]
    rows = [_item(chance, *chance.choice(tasks)) for _ in range(n)]
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


def worked_out(task: str) -> str | None:
    """The answer to a task; None for other words.

    >>> worked_out("7 times 8"), worked_out("15 % of 60"), worked_out("3 hours in minutes")
    ('56', '9', '180 minutes')
    """
    found = _TASK.fullmatch(task)
    if not found:
        return None
    if found.group(4):
        unit, many = UNITS.get(found.group(5), ("", 0))
        return f"{int(found.group(4)) * many} {unit}" if unit == found.group(6) else None
    a, how, b = int(found.group(1)), found.group(2), int(found.group(3))
    made = {"plus": a + b, "minus": a - b, "times": a * b, "% of": a * b / 100}[how]
    return f"{made:g}"


def contradictions(row: Mapping[str, Any]) -> list[str]:
    """What in an item contradicts its row, or is wrong; empty for one that is right.

    >>> row = {"subject": "arithmetic", "difficulty": "easy", "task": "2 plus 3", "answer": "5",
    ...        "slip": "6", "near": "4", "far": "8", "right": "B",
    ...        "item": "arithmetic, easy: What is 2 plus 3? A) 6 B) 5 C) 4 D) 8. Right: B"}
    >>> contradictions(row), contradictions(row | {"right": "A"})
    ([], ['right'])
    """
    item = str(row["item"])
    wrong = [name for name in ("subject", "difficulty", "task") if str(row[name]) not in item]
    found = re.search(r"A\) (.+?) B\) (.+?) C\) (.+?) D\) (.+?)\. ", item)
    said = re.search(r"(?:Right|Answer): ([A-D])$", item)
    if not found or not said:
        return [*wrong, "options"]
    options = dict(zip(LETTERS, found.groups(), strict=True))
    if len({*options.values()}) < len(LETTERS):
        wrong.append("options")
    if said.group(1) != row["right"]:
        wrong.append("right")
    if options[said.group(1)] != worked_out(str(row["task"])):
        wrong.append("answer")
    if (row["subject"], row["difficulty"]) != _about(str(row["task"])):
        wrong.append("task")
    return wrong


def _tasks() -> list[tuple[str, str, str, str]]:
    """Tasks with an answer, and three that are wrong by usual mistakes."""
    made = []
    for a, b in ((7, 5), (8, 6), (9, 4), (6, 9), (12, 7), (15, 9), (24, 18), (37, 25), (48, 36)):
        made.append((f"{a} plus {b}", f"{a + b}", f"{a + b + 1}", f"{a + b - 2}", f"{a + b + 10}"))
        made.append((f"{a + b} minus {b}", f"{a}", f"{a + 1}", f"{a - 2}", f"{a + 10}"))
    for a in (6, 7, 8, 9, 12, 13):
        for b in (4, 7, 9, 14, 16):
            x = a * b
            made.append((f"{a} times {b}", f"{x}", f"{x + a}", f"{x - b}", f"{x + 10}"))
    for a in (5, 10, 20, 25, 50):
        for b in (40, 80, 200, 300):
            x = a * b // 100
            made.append((f"{a} % of {b}", f"{x}", f"{2 * x}", f"{x + 3}", f"{x + a + 4}"))
    for unit, (small, many) in UNITS.items():
        for a in (2, 3, 5, 8, 12):
            right, *others = (x * many for x in (a, a + 1, a - 1, 10 * a))
            made.append((f"{a} {unit} in {small}", *(f"{x} {small}" for x in (right, *others))))
    return made


def _about(task: str) -> tuple[str, str]:
    """The subject and difficulty of a task."""
    numbers = [int(one) for one in re.findall(r"\d+", task)]
    if " in " in task:
        return "units", "easy" if numbers[0] < 3 else "medium" if numbers[0] < 10 else "hard"
    if "%" in task:
        return "percent", "easy" if numbers[0] in (10, 50) else "medium" if numbers[
            0
        ] > 5 else "hard"
    size = max(numbers)
    hard = size > (40 if "times" not in task else 13)
    return "arithmetic", "hard" if hard else "easy" if size < 10 else "medium"


def _item(chance: random.Random, task: str, answer: str, *others: str) -> dict[str, Any]:
    subject, difficulty = _about(task)
    right = chance.choice(LETTERS)
    facts = {
        "subject": subject, "difficulty": difficulty, "task": task, "answer": answer,
        **dict(zip(("slip", "near", "far"), others, strict=True)), "right": right,
    }  # fmt: skip
    order = [*others]
    order.insert(LETTERS.index(right), answer)
    options = " ".join(f"{x}) {one}" for x, one in zip(LETTERS, order, strict=True))
    head, opening, ending = (chance.choice(one) for one in (_HEADS, _OPENINGS, _ENDINGS))
    item = f"{head}{opening} {options}. {ending}".format(**facts)
    return facts | {"item": item}
