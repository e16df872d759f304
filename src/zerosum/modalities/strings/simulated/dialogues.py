"""Simulated dialogues of customers with a support desk, with the case that they are about.

Products, names and shops are made up here; nothing in it is real.
"""

import random
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zerosum.rng import derive_seed

if TYPE_CHECKING:
    import pyarrow as pa

PROBLEMS: Mapping[str, tuple[str, ...]] = {
    "kettle": ("leaks", "does not heat"), "lamp": ("flickers", "does not turn on"),
    "headset": ("has no sound", "does not charge"), "router": ("loses the signal", "overheats"),
    "backpack": ("has a torn strap", "has a broken zip"),
}  # fmt: skip
"""What can be wrong with each product."""

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "replacement": (
        "I am sending you a new {product}; it arrives in {days} days.",
        "A new {product} is on its way and takes {days} days.",
    ),
    "refund": (
        "You get your money back within {days} days.",
        "I have started a refund, which takes {days} days.",
    ),
    "repair": (
        "Please send it in; the repair takes {days} days.",
        "Our workshop mends it within {days} days.",
    ),
    "declined": (
        "I am sorry, the warranty ended {days} days ago, so I cannot help.",
        "The warranty ran out {days} days ago, and there is nothing I can do.",
    ),
}
"""What an agent says at the end of each."""

CUSTOMERS = (
    "Mia", "Noah", "Lena", "Omar", "Sofia", "Ivan", "Aiko", "Paul", "Zoe", "Hugo", "Nadia", "Finn",
)  # fmt: skip
AGENTS = ("Alex", "Sam", "Robin", "Kim", "Jo")

_GREETINGS = (
    "Hello, this is {customer}.",
    "Hi, {customer} here.",
    "Good morning, I am {customer}.",
)
_COMPLAINTS = (
    "The {product} from order {order} {problem}.", "My {product} {problem}. Order {order}.",
    "I bought a {product}, order {order}, and it {problem}.",
)  # fmt: skip
_WELCOMES = (
    "Hello {customer}, {agent} speaking. Since when is that so?",
    "Hi {customer}, I am {agent}. Have you tried it again today?",
)
_REPLIES = ("Since yesterday.", "Yes, it is still the same.", "Since it came.", "Yes, twice.")
_CHECKS = ("Thank you, I have found order {order}.", "I see order {order} here, one {product}.")
_THANKS = ("Great, thank you {agent}.", "Thanks for the quick help, {agent}.")
_UNHAPPY = ("That is a pity.", "I expected more, {agent}.")
_WANTED = ("customer", "agent", "product", "problem", "order", "days")


def simulate_dialogues(n: int, *, seed: int = 0) -> "pa.Table":
    """`n` dialogues: customer, agent, product, problem, order, outcome, days, and dialogue."""
    import pyarrow as pa

    chance = random.Random(derive_seed(seed, "dialogues"))
    rows = [_dialogue(chance) for _ in range(n)]
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


def contradictions(row: Mapping[str, Any]) -> list[str]:
    r"""What in a dialogue contradicts its row; empty for one that is true.

    >>> row = {"customer": "Mia", "agent": "Kim", "product": "lamp", "problem": "flickers",
    ...        "order": 10234, "outcome": "refund", "days": 3, "dialogue":
    ...        "Customer: Hi, Mia here. My lamp flickers. Order 10234.\n"
    ...        "Agent: Hello Mia, Kim speaking. I have started a refund, which takes 4 days."}
    >>> contradictions(row)
    ['days', 'numbers']
    """
    dialogue = str(row["dialogue"])
    wrong = [
        name for name in _WANTED
        if not re.search(rf"(?<!\w){re.escape(str(row[name]))}(?!\w)", dialogue)
    ]  # fmt: skip
    words = {*re.findall(r"\w+", dialogue)}
    for name, known in (("customer", CUSTOMERS), ("agent", AGENTS), ("product", PROBLEMS)):
        if (words & {*known}) - {row[name]} and name not in wrong:
            wrong.append(name)
    if {*re.findall(r"\d+", dialogue)} - {str(row["order"]), str(row["days"])}:
        wrong.append("numbers")
    others = {one for own in PROBLEMS.values() for one in own} - {row["problem"]}
    if any(one in dialogue for one in others) or row["problem"] not in PROBLEMS[row["product"]]:
        wrong.append("problem")
    if [name for name, ways in OUTCOMES.items() if any(_says(dialogue, one) for one in ways)] != [
        row["outcome"]
    ]:
        wrong.append("outcome")
    speakers = [line.partition(": ")[0] for line in dialogue.splitlines()]
    if speakers != [("Customer", "Agent")[i % 2] for i in range(len(speakers))]:
        wrong.append("turns")
    return [*dict.fromkeys(wrong)]


def _says(dialogue: str, sentence: str) -> bool:
    """Whether a dialogue has a sentence, whatever is in its slots."""
    return all(part in dialogue for part in re.split(r"\{\w+\}", sentence))


def _dialogue(chance: random.Random) -> dict[str, Any]:
    product = chance.choice([*PROBLEMS])
    outcome = chance.choices([*OUTCOMES], weights=[4, 3, 2, 1])[0]
    facts: dict[str, Any] = {
        "customer": chance.choice(CUSTOMERS), "agent": chance.choice(AGENTS), "product": product,
        "problem": chance.choice(PROBLEMS[product]), "order": chance.randint(10_000, 99_999),
        "outcome": outcome, "days": chance.choice((2, 3, 5, 7, 10, 14)),
    }  # fmt: skip
    ends = _UNHAPPY if outcome == "declined" else _THANKS
    asked = chance.random() < 0.5
    turns = [f"{chance.choice(_GREETINGS)} {chance.choice(_COMPLAINTS)}"]
    end = f"{chance.choice(_CHECKS)} {chance.choice(OUTCOMES[outcome])}"
    if asked:
        turns += [chance.choice(_WELCOMES), chance.choice(_REPLIES), end]
    else:
        turns += [f"Hello {{customer}}, {{agent}} here. {end}"]
    turns += [chance.choice(ends)]
    lines = [f"{('Customer', 'Agent')[i % 2]}: {one}" for i, one in enumerate(turns)]
    return facts | {"dialogue": "\n".join(lines).format(**facts)}
