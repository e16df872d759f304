"""What texts that imitate fraud are for: material for training detectors, and nothing else.

Such texts begin with a mark, and no link or address in them can be followed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

TRAINING = "[training material] "
"""What each such text begins with."""

FRAUD = ("phish", "phishing", "smish", "smishing", "vishing", "scam", "fraud")
"""Values of a class that name texts which imitate fraud."""

_SCHEME = re.compile(r"\b(h)ttp(s?)\s*:\s*[/\\]{2}", re.IGNORECASE)
_HOST = re.compile(
    r"(?<![\w\]])((?:\w(?:[\w-]*\w)?\.)+(?:[^\W\d_]{2,24}|xn--[a-z0-9-]+))(?!\w)", re.IGNORECASE
)
_NUMBERS = re.compile(r"(?<![\w.\]])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\w.])")
_AT = re.compile(r"(?<=[\w.+-])@(?=[\w\[])")


def defanged(text: str) -> str:
    """A text whose links and addresses cannot be followed; the same again stays as it is.

    >>> defanged("Go to https://pay.example.com/a or write to me@mail.example.org.")
    'Go to hxxps://pay[.]example[.]com/a or write to me[at]mail[.]example[.]org.'
    >>> defanged(defanged("www.example.com, 192.0.2.7"))
    'www[.]example[.]com, 192[.]0[.]2[.]7'
    """
    text = _SCHEME.sub(r"\1xxp\2://", text)
    text = _HOST.sub(lambda found: found.group(1).replace(".", "[.]"), text)
    text = _NUMBERS.sub(r"\1[.]\2[.]\3[.]\4", text)
    return _AT.sub("[at]", text)


def marked_as_training(text: str) -> str:
    """A defanged text with the mark before it.

    >>> marked_as_training(marked_as_training("Dear customer"))
    '[training material] Dear customer'
    """
    return TRAINING + defanged(unmarked(text))


def unmarked(text: str) -> str:
    """A text without the mark."""
    return text.removeprefix(TRAINING)


def imitates_fraud(cells: Mapping[str, Iterable[Any]]) -> Sequence[str]:
    """Columns with a class of texts that imitate fraud.

    >>> imitates_fraud({"label": ["ham", "Phishing"], "n": [1, 2]})
    ['label']
    """
    return [
        name for name, own in cells.items()
        if any(isinstance(one, str) and one.strip().lower() in FRAUD for one in own)
    ]  # fmt: skip
