"""What texts that imitate fraud are for: material for training detectors, and nothing else.

Such texts begin with a mark, and no link or address in them can be followed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

TRAINING = "[training material] "
"""What each such text begins with."""

FRAUD = ("phish", "phishing", "smish", "smishing", "vishing", "scam", "fraud")
"""Words of classes that name texts which imitate fraud."""

_MOST_CLASSES = 50
"""Values of a column at most in which such a word is looked for among others."""
_NO = frozenset({"", "0", "0.0", "false", "f", "no", "n", "none"})
_CLASS = re.compile(rf"(?<![^\W_])(?:{'|'.join(FRAUD)})(?![^\W_])", re.IGNORECASE)
_DENIED = re.compile(r"(?<![^\W_])(?:no|non|not)(?![^\W_])", re.IGNORECASE)
_COLUMN = re.compile(r"phish|smish|vishing|scam|fraud", re.IGNORECASE)

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
    """Columns with a class of texts that imitate fraud: by what it is called, or by a yes or no.

    Args:
        cells: the different values of each column.

    >>> imitates_fraud({"label": ["ham", "Phishing"], "n": [1, 2]})
    ['label']
    >>> imitates_fraud({"type": ["Safe Email", "Phishing Email"], "is_phishing": [0, 1]})
    ['type', 'is_phishing']
    >>> imitates_fraud({"label": ["not phishing"], "fraud": ["no", None], "phish_score": [1, 2, 3]})
    []
    """
    return [name for name, own in cells.items() if _names_fraud(name, [*own])]


def _names_fraud(name: str, values: Sequence[Any]) -> bool:
    said = ["" if one is None else str(one).strip() for one in values]
    if any(one.lower() in FRAUD for one in said):
        return True
    if len(said) <= _MOST_CLASSES and any(map(_is_class_of_fraud, said)):
        return True
    return (
        len({*said} - {""}) <= 2
        and _COLUMN.search(name) is not None
        and any(one.lower() not in _NO for one in said)
    )


def _is_class_of_fraud(value: str) -> bool:
    short = len(value.split()) <= 4
    return short and bool(_CLASS.search(value)) and not _DENIED.search(value)
