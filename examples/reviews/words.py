"""From the text of reviews to indicators of sentiment, by short lists of words.

Free text is nothing that a model of table rows can learn, and what people wrote is nothing to give
out. What remains of a text is how many words it has, how many praise, how many complain, and which
topics come up. The lists are short, English, and about things for the home; put your own in place.
"""

import csv
import re
from datetime import datetime
from pathlib import Path


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PRAISE = _words(
    "amazing awesome beautiful best better clear convenient cool easily easy ease enjoy enjoyed "
    "enjoying enjoys excellent fantastic fast favorite fine fun glad good great happy helpful "
    "impressed incredible like liked love loved lovely loves loving nice outstanding perfect "
    "perfectly pleased recommend reliable satisfied simple smooth super thrilled useful wonderful "
    "works worth"
)
COMPLAINT = _words(
    "annoying awful bad broke broken cheap complaint complicated confusing crashes defective "
    "difficult disappointed disappointing disappointment disconnects error expensive fail failed "
    "fails frustrated frustrating garbage hard hate horrible issue issues junk lacks limited "
    "mistake pain poor poorly problem problems refund reset return returned returning slow "
    "stopped stops terrible trouble unable unfortunately unplugged unreliable useless waste "
    "weak worse worst wrong"
)
NEGATION = _words(
    "barely can't cannot didn't doesn't don't hardly isn't never no not nothing wasn't without "
    "won't wouldn't"
)
"""Turn praise into complaint, where they stand at most two words before it."""
TOPICS = {
    "about_sound": _words("audio bass hear loud music sound sounds speaker volume"),
    "about_setup": _words("connect install installed instructions set setup wifi"),
    "about_home": _words("alarm light lights plug smart switch thermostat tv"),
    "about_price": _words("cheap deal expensive money price priced refund sale worth"),
}

_WORD = re.compile(r"[a-z']+")
_DAYS = ("%d-%b-%y", "%d-%b-%Y", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y")


def indicators(text: str) -> dict[str, int | float | None]:
    """What remains of a text.

    >>> found = indicators("Great sound, but it does not work well. Not good!")
    >>> [found[name] for name in ("num_words", "positive_words", "negative_words", "about_sound")]
    [10, 1, 1, True]
    """
    words = _WORD.findall(text.lower().replace("’", "'"))
    positive = negative = 0
    for i, word in enumerate(words):
        turned = not NEGATION.isdisjoint(words[max(i - 2, 0) : i])
        positive += word in PRAISE and not turned
        negative += word in COMPLAINT or (word in PRAISE and turned)
    both = positive + negative
    return {
        "num_words": len(words),
        "positive_words": positive,
        "negative_words": negative,
        "sentiment": round((positive - negative) / both, 2) if both else None,
        **{name: not topic.isdisjoint(words) for name, topic in TOPICS.items()},
    }


def read_reviews(path: Path, *, text: str) -> list[dict[str, str]]:
    """Rows of a .csv or .tsv file, with indicators in place of the column `text`.

    Days such as 31-Jul-18 are rewritten as 2018-07-31, and names of columns lose their blanks.

    Raises:
        SystemExit: there is no such column.
    """
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as handle:
        header, *lines = csv.reader(handle, delimiter=separator)
    names = [name.strip() for name in header]
    if text not in names:
        raise SystemExit(f"{path} has no column {text!r}; --text takes one of {', '.join(names)}.")
    rows = []
    for line in lines:
        row = dict(zip(names, map(str.strip, line), strict=True))
        found = indicators(row.pop(text))
        kept = {name: _iso_day(value) for name, value in row.items()}
        rows.append(kept | {n: "" if v is None else str(v).lower() for n, v in found.items()})
    return rows


def write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    """A CSV file of rows."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _iso_day(value: str) -> str:
    """A day as the table floor reads it; anything else as it is."""
    for form in _DAYS:
        try:
            return datetime.strptime(value, form).date().isoformat()
        except ValueError:
            continue
    return value
