"""What an item is, by the kind of samples: its medium, its file, and how many samples it holds.

A kind that is not named here is shown by its picture, which every kind has.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PICTURE, ROWS, DATABASE = "picture", "rows", "database"
SERIES, TEXT, LEVEL, SOUND, CLIP = "series", "text", "level", "sound", "clip"
SETS = (ROWS, DATABASE)
"""Media of which one item holds as many samples as its batch says."""


@dataclass(frozen=True)
class ItemForm:
    """What an item is.

    Attributes:
        medium: what people look at, listen to or read.
        ending: of its file.
        is_set: whether it holds several samples; else it is one.
    """

    medium: str
    ending: str
    is_set: bool = False


ITEM_FORMS: Mapping[str, ItemForm] = {
    "image": ItemForm(PICTURE, ".png"),
    "pair": ItemForm(PICTURE, ".png"),
    "texture": ItemForm(PICTURE, ".png"),
    "captioned": ItemForm(PICTURE, ".png"),
    "point": ItemForm(ROWS, ".csv", is_set=True),
    "table": ItemForm(ROWS, ".csv", is_set=True),
    "relational": ItemForm(DATABASE, ".sqlite", is_set=True),
    "sequences": ItemForm(ROWS, ".csv"),
    "series": ItemForm(SERIES, ".csv"),
    "string": ItemForm(TEXT, ".csv"),
    "level": ItemForm(LEVEL, ".txt"),
    "sound": ItemForm(SOUND, ".wav"),
    "speech": ItemForm(SOUND, ".wav"),
    "voices": ItemForm(SOUND, ".wav"),
    "music": ItemForm(SOUND, ".wav"),
    "clip": ItemForm(CLIP, ".gif"),
    "molecule": ItemForm(TEXT, ".csv"),
}
"""Of each kind of samples."""


def item_form(kind: str | None) -> ItemForm:
    """What an item of a kind is.

    >>> item_form("sound").medium, item_form("something else").medium
    ('sound', 'picture')
    """
    return ITEM_FORMS.get(kind or "", ItemForm(PICTURE, ".png"))
