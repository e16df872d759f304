"""Simulated mails, ordinary ones and ones that phish, as material for training detectors.

Every mail is marked as training material. Companies are invented, all links are below `.invalid` or
an example domain, which nobody can own (RFC 2606), and they are written so that none can be
followed.
"""

import random
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zerosum.modalities.strings.purpose import TRAINING, defanged, marked_as_training
from zerosum.rng import derive_seed

if TYPE_CHECKING:
    import pyarrow as pa

COMPANIES: Mapping[str, str] = {
    "Kestrel Bank": "kestrel-bank", "Plumwood Post": "plumwood-post", "Orbia Cloud": "orbia-cloud",
    "Tarnmere Energy": "tarnmere-energy", "Fennel Market": "fennel-market",
}  # fmt: skip
"""Companies, all invented, and their names in links."""

LURES: Mapping[str, tuple[str, ...]] = {
    "account": (
        "Your {company} account has been limited.",
        "We could not verify your {company} account.",
        "Somebody signed in to your {company} account.",
    ),
    "parcel": (
        "Your parcel from {company} could not be delivered.",
        "A fee for your {company} parcel is due.",
    ),
    "invoice": (
        "Your {company} invoice is overdue.",
        "A refund of {amount} euros from {company} is waiting.",
    ),
}
"""How mails that phish begin, by what they pretend to be about."""

_NEWS: Mapping[str, tuple[str, ...]] = {
    "account": (
        "You changed the address of your {company} account.",
        "Your {company} account now has paper statements.",
    ),
    "parcel": (
        "Your parcel from {company} arrives tomorrow between 9 and 12.",
        "Your {company} parcel is with your neighbour.",
    ),
    "invoice": (
        "Here is your {company} invoice for {amount} euros.",
        "Thank you for paying {amount} euros to {company}.",
    ),
}
_URGENT = (
    "Confirm your details within {hours} hours: {link}",
    "Sign in now or lose access in {hours} hours: {link}",
    "Act within {hours} hours: {link}",
)
_CALM = (
    "You do not need to do anything.",
    "You find the details in your inbox at {company}.",
    "Questions? Call us on weekdays within {hours} hours of this mail.",
)
_HELLOS = {
    "phish": ("Dear customer,", "Attention {name},"),
    "ham": ("Hello {name},", "Dear {name},"),
}
_ENDS = {
    "phish": ("Security team", "{company} Support Desk"), "ham": ("Your team at {company}",)
}  # fmt: skip
_NAMES = ("Mia", "Noah", "Lena", "Omar", "Sofia", "Ivan", "Aiko", "Paul", "Zoe", "Hugo")
_LINK = re.compile(r"hxxps://[\w.\[\]/-]+")
_SAFE = re.compile(r"hxxps://[\w-]+(\[\.\](invalid|example))(/[\w-]+)*")


def simulate_phishing(n: int, *, seed: int = 0) -> "pa.Table":
    """`n` mails: label (ham or phish), topic, company, name, amount, hours, link, and mail.

    Mails that phish have a link, others have none.
    """
    import pyarrow as pa

    chance = random.Random(derive_seed(seed, "phishing"))
    rows = [_mail(chance) for _ in range(n)]
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


def contradictions(row: Mapping[str, Any]) -> list[str]:
    """What in a mail contradicts its row, or must not be in one; empty for one that is right.

    >>> row = {"label": "phish", "topic": "parcel", "company": "Orbia Cloud", "name": "Mia",
    ...        "amount": 20, "hours": 24, "link": "hxxps://orbia-cloud-help[.]invalid/fee"}
    >>> mail = ("[training material] Dear customer, A fee for your Orbia Cloud parcel is due. Act "
    ...         "within 24 hours: hxxps://orbia-cloud-help[.]invalid/fee Security team")
    >>> contradictions(row | {"mail": mail})
    []
    >>> contradictions(row | {"mail": mail.replace("xx", "tt").replace("24", "48")})
    ['hours', 'live', 'numbers', 'link']
    """
    mail = str(row["mail"])
    wrong = [] if mail.startswith(TRAINING) else ["mark"]
    urgent = any(_says(mail, one) for one in _URGENT)
    if str(row["company"]) not in mail or any(
        one in mail for one in COMPANIES if one != row["company"]
    ):
        wrong.append("company")
    if urgent and not re.search(rf"\b{row['hours']} hours", mail):
        wrong.append("hours")
    if defanged(mail) != mail:
        wrong.append("live")
    allowed = {str(row["amount"]), str(row["hours"]), "9", "12"}
    if {*re.findall(r"(?<![\w-])\d+(?![\w-])", mail)} - allowed:
        wrong.append("numbers")
    links = _LINK.findall(mail)
    if links != ([row["link"]] if row["label"] == "phish" else []):
        wrong.append("link")
    if not all(_SAFE.fullmatch(one) for one in links):
        wrong.append("domain")
    phishes = [t for t, ways in LURES.items() if any(_says(mail, one) for one in ways)]
    tells = [t for t, ways in _NEWS.items() if any(_says(mail, one) for one in ways)]
    if [phishes, tells] != [
        [row["topic"]] if row["label"] == "phish" else [],
        [row["topic"]] if row["label"] == "ham" else [],
    ]:
        wrong.append("topic")
    if urgent != (row["label"] == "phish"):
        wrong.append("label")
    return wrong


def _says(mail: str, sentence: str) -> bool:
    """Whether a mail has a sentence, whatever is in its slots."""
    words = ".{1,60}?".join(re.escape(part) for part in re.split(r"\{\w+\}", sentence))
    return re.search(words, mail) is not None


def _mail(chance: random.Random) -> dict[str, Any]:
    label = chance.choices(("ham", "phish"), weights=[3, 2])[0]
    topic, company = chance.choice([*LURES]), chance.choice([*COMPANIES])
    place = {"account": "verify", "parcel": "service", "invoice": "help"}[topic]
    end = chance.choice(("invalid", "example"))
    link = f"hxxps://{COMPANIES[company]}-{place}[.]{end}/{topic}"
    facts: dict[str, Any] = {
        "label": label, "topic": topic, "company": company, "name": chance.choice(_NAMES),
        "amount": chance.choice((20, 35, 49, 80, 120, 260)), "hours": chance.choice((24, 48, 72)),
        "link": link if label == "phish" else None,
    }  # fmt: skip
    said = LURES if label == "phish" else _NEWS
    parts = [
        chance.choice(_HELLOS[label]), chance.choice(said[topic]),
        chance.choice(_URGENT if label == "phish" else _CALM), chance.choice(_ENDS[label]),
    ]  # fmt: skip
    return facts | {"mail": marked_as_training(" ".join(parts).format(**facts))}
