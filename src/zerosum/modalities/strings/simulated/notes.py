"""Simulated notes of visits to a doctor, with the facts that they are about.

Nothing in it is real: names of complaints and drugs are common words, and what goes with what is
decided here.
"""

import random
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zerosum.rng import derive_seed

if TYPE_CHECKING:
    import pyarrow as pa

COMPLAINTS: Mapping[str, tuple[str, ...]] = {
    "asthma": ("wheezing at night", "short of breath on stairs", "a dry cough"),
    "migraine": ("headache on one side", "nausea and light hurts", "pulsing headache"),
    "diabetes": ("thirst and fatigue", "blurred vision", "numb feet"),
    "back pain": ("pain after lifting", "stiff in the morning", "pain down the leg"),
}
"""What people with each diagnosis complain of."""

DRUGS: Mapping[str, tuple[str, ...]] = {
    "asthma": ("salbutamol", "budesonide"), "migraine": ("sumatriptan", "ibuprofen"),
    "diabetes": ("metformin", "gliclazide"), "back pain": ("ibuprofen", "naproxen"),
}  # fmt: skip
"""What is prescribed for each."""

_OPENINGS = (
    "{age}-year-old {sex} with {diagnosis}.", "Patient is a {sex}, {age}, known {diagnosis}.",
    "{sex} of {age} years comes for {diagnosis}.",
)  # fmt: skip
_MIDDLES = (
    "Complains of {complaint}.",
    "Reports {complaint} since last week.",
    "Today: {complaint}.",
)
_BETTER = ("Feels better.", "Improving.", "Much better than before.")
_WORSE = ("Feels worse.", "No improvement.", "Worse than before.")
_ENDINGS = (
    "Takes {drug}. Back in {weeks} weeks.", "Continue {drug}, review in {weeks} weeks.",
    "{drug} prescribed; next visit in {weeks} weeks.",
)  # fmt: skip


def simulate_notes(n: int, *, seed: int = 0) -> "pa.Table":
    """`n` notes with the columns age, sex, diagnosis, drug, weeks, better and note."""
    import pyarrow as pa

    chance = random.Random(derive_seed(seed, "notes"))
    rows = [_note(chance) for _ in range(n)]
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


def contradictions(row: Mapping[str, Any]) -> list[str]:
    """What in a note contradicts its row; empty for a note that is true.

    >>> row = {"age": 30, "sex": "woman", "diagnosis": "asthma", "drug": "salbutamol", "weeks": 4,
    ...        "better": "yes", "note": "30-year-old woman with asthma. Improving. Drink tea."}
    >>> contradictions(row)
    ['drug', 'weeks']
    """
    note = str(row["note"])
    wrong = [
        name for name in ("age", "sex", "diagnosis", "drug", "weeks")
        if not re.search(rf"(?<!\w){re.escape(str(row[name]))}(?!\w)", note)
    ]  # fmt: skip
    numbers = {int(one) for one in re.findall(r"\d+", note)}
    if numbers - {int(row["age"]), int(row["weeks"])}:
        wrong.append("numbers")
    others = {one for name in COMPLAINTS if name != row["diagnosis"] for one in COMPLAINTS[name]}
    if any(one in note for one in others - set(COMPLAINTS[str(row["diagnosis"])])):
        wrong.append("complaint")
    said = [_says(note, _BETTER), _says(note, _WORSE)]
    if said != [row["better"] == "yes", row["better"] == "no"]:
        wrong.append("better")
    return wrong


def _says(note: str, phrases: Sequence[str]) -> bool:
    return any(one in note for one in phrases)


def _note(chance: random.Random) -> dict[str, Any]:
    diagnosis = chance.choices([*COMPLAINTS], weights=[4, 3, 2, 3])[0]
    age = chance.randint(18, 45) if diagnosis == "migraine" else chance.randint(25, 85)
    facts: dict[str, Any] = {
        "age": age, "sex": chance.choice(("woman", "man")), "diagnosis": diagnosis,
        "drug": chance.choice(DRUGS[diagnosis]), "weeks": chance.choice((1, 2, 4, 6, 12)),
        "better": chance.choices(("yes", "no"), weights=[3, 2])[0],
    }  # fmt: skip
    parts = [chance.choice(_OPENINGS), chance.choice(_MIDDLES)]
    parts += [chance.choice(_BETTER if facts["better"] == "yes" else _WORSE)]
    parts += [chance.choice(_ENDINGS)]
    complaint = chance.choice(COMPLAINTS[diagnosis])
    return facts | {"note": " ".join(parts).format(complaint=complaint, **facts)}
