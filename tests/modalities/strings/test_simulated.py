"""Simulated texts: true as they come, and found untrue where they are changed."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
import torch

from zerosum.modalities.strings.frames import to_texts
from zerosum.modalities.strings.simulated import dialogues, logins, notes, phishing, quizzes
from zerosum.modalities.strings.space import TextSpace
from zerosum.workflows.data import open_data, open_holdout

Simulate = Callable[..., pa.Table]
SIMULATED: Mapping[str, tuple[ModuleType, Simulate, str]] = {
    "notes": (notes, notes.simulate_notes, "note"),
    "quizzes": (quizzes, quizzes.simulate_quizzes, "item"),
    "dialogues": (dialogues, dialogues.simulate_dialogues, "dialogue"),
    "phishing": (phishing, phishing.simulate_phishing, "mail"),
    "logins": (logins, logins.simulate_logins, "line"),
}


@pytest.mark.parametrize("name", SIMULATED)
def test_they_are_true_and_a_seed_says_which(name: str) -> None:
    module, simulate, text = SIMULATED[name]
    rows = simulate(300, seed=3).to_pylist()
    assert not any(module.contradictions(row) for row in rows)
    assert len({row[text] for row in rows}) > 200
    assert simulate(300, seed=3).to_pylist() == rows
    assert simulate(300, seed=4).to_pylist() != rows


@pytest.mark.parametrize("name", SIMULATED)
def test_the_text_of_another_row_is_found_untrue(name: str) -> None:
    module, simulate, text = SIMULATED[name]
    rows = simulate(200, seed=1).to_pylist()
    swapped = [row | {text: other[text]} for row, other in pairwise(rows)]
    wrong = [row for row in swapped if module.contradictions(row)]
    assert len(wrong) > 0.9 * len(swapped)


CHANGES = [
    ("quizzes", lambda row: {"item": f"{row['item'][:-1]}E"}, "options"),
    ("quizzes", lambda row: {"right": "ABCDA"["ABCD".index(row["right"]) + 1]}, "right"),
    ("quizzes", lambda row: {"task": f"1{row['task']}"}, "task"),
    ("dialogues", lambda row: {"dialogue": row["dialogue"] + "\nCustomer: Me again."}, "turns"),
    ("dialogues", lambda row: {"dialogue": row["dialogue"] + " Room 12345."}, "numbers"),
    ("dialogues", lambda row: {"outcome": "exchange"}, "outcome"),
    ("dialogues", lambda row: {"dialogue": row["dialogue"] + " Greet Nobody and Mia and Noah."},
     "customer"),
    ("logins", lambda row: {"line": row["line"].replace(row["ip"], "8.8.8.8"), "ip": "8.8.8.8"},
     "range"),
    ("logins", lambda row: {"attempts": row["attempts"] + 9}, "attempts"),
    ("logins", lambda row: {"status": 500}, "status"),
    ("phishing", lambda row: {"mail": row["mail"].removeprefix("[training material] ")}, "mark"),
    ("phishing", lambda row: {"mail": row["mail"] + " https://pay.example.com"}, "live"),
    ("phishing", lambda row: {"mail": row["mail"] + " hxxps://pay[.]com/a"}, "domain"),
    ("phishing", lambda row: {"label": {"ham": "phish", "phish": "ham"}[row["label"]]}, "label"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "what"), CHANGES)
def test_what_is_changed_is_named(
    name: str, change: Callable[[dict[str, Any]], dict[str, Any]], what: str
) -> None:
    module, simulate, _ = SIMULATED[name]
    rows = simulate(40, seed=2).to_pylist()
    assert all(what in module.contradictions(row | change(row)) for row in rows)


def test_every_task_has_one_right_answer() -> None:
    tasks = {row["task"]: row for row in quizzes.simulate_quizzes(4_000).to_pylist()}
    assert len(tasks) == 98
    for task, row in tasks.items():
        options = {row[name] for name in ("answer", "slip", "near", "far")}
        assert len(options) == 4
        assert quizzes.worked_out(task) == row["answer"]
    assert {row["difficulty"] for row in tasks.values()} == {"easy", "medium", "hard"}
    assert quizzes.worked_out("3 hours in days") is None


@pytest.mark.parametrize("name", SIMULATED)
def test_they_are_read_by_name(name: str) -> None:
    module, _, text = SIMULATED[name]
    data, config = open_data(name, spaces=("string",), num_rows=1_000, pieces="characters")
    held, _ = open_holdout(name, space=data.space, like=config)
    assert isinstance(data.space, TextSpace)
    assert held.space == data.space
    assert not held.holds_what(data)
    rows = to_texts(data.space, data.take(torch.arange(100))[0]).to_pylist()
    wrong = [row for row in rows if module.contradictions(row)]
    assert len(wrong) <= 5, wrong[0][text]  # a few are cut off at the longest
