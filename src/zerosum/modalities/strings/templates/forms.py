"""How cells are written in texts: numbers, dates and words in their usual forms.

Each form is a function from a cell to its words, or to None for a cell that it cannot write.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
)  # fmt: skip

_MONTHS: Mapping[str, str] = {
    "english": "January February March April May June July August September October November "
    "December",
    "german": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "french": "janvier février mars avril mai juin juillet août septembre octobre novembre "
    "décembre",
    "spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
}


def plain_cell(cell: Any) -> Any:
    """A cell as forms take it: numbers that are whole as `int`; None where it is missing.

    >>> plain_cell(3.0), plain_cell(2.5), plain_cell(float("nan")), plain_cell(" ")
    (3, 2.5, None, None)
    """
    if isinstance(cell, Decimal):
        cell = float(cell)
    if isinstance(cell, float):
        return None if cell != cell else int(cell) if cell.is_integer() else cell
    if isinstance(cell, str):
        return cell.strip() or None
    return cell


def written(cell: Any, form: str) -> str | None:
    """A cell in a form; None where there is no such form of it.

    >>> written(12, "words"), written(1250.5, "thousands"), written("asthma", "capital")
    ('twelve', '1,250.5', 'Asthma')
    >>> written(date(2026, 3, 4), "day month year"), written("asthma", "day month year")
    ('4 March 2026', None)
    """
    write = forms_of(cell).get(form)
    return None if write is None else write(cell)


def forms_of(cell: Any) -> Mapping[str, Callable[[Any], str | None]]:
    """The forms that a plain cell may have in a text, the usual one first."""
    if isinstance(cell, bool) or cell is None:
        return {}
    if isinstance(cell, int | float):
        return _NUMBER
    if isinstance(cell, datetime):
        return _MOMENT
    if isinstance(cell, date):
        return _DAY
    if isinstance(cell, time):
        return {"plain": lambda cell: cell.isoformat(), "clock": lambda cell: f"{cell:%H:%M}"}
    return _TEXT if isinstance(cell, str) else {}


def _with_commas(words: str) -> str:
    """A number as it is written where commas are decimal signs."""
    return words.translate({ord(","): ".", ord("."): ","})


def _month(cell: date, language: str = "english") -> str:
    return _MONTHS[language].split()[cell.month - 1]


def _in_words(cell: float) -> str | None:
    return _WORDS[int(cell)] if cell in range(len(_WORDS)) else None


def _capital(cell: str) -> str:
    return cell[:1].upper() + cell[1:]


def _small(cell: str) -> str:
    return cell[:1].lower() + cell[1:]


_TEXT: Mapping[str, Callable[[Any], str | None]] = {
    "plain": lambda cell: cell,
    "capital": _capital,
    "small": _small,
    "lower": str.lower,
    "upper": str.upper,
    "spaces": lambda cell: cell.replace("_", " ").replace("-", " "),
}
_NUMBER: Mapping[str, Callable[[Any], str | None]] = {
    "plain": str,
    "two places": lambda cell: f"{cell:.2f}",
    "thousands": lambda cell: f"{cell:,}",
    "thousands, two places": lambda cell: f"{cell:,.2f}",
    "comma": lambda cell: _with_commas(str(cell)),
    "comma, two places": lambda cell: _with_commas(f"{cell:.2f}"),
    "comma, thousands": lambda cell: _with_commas(f"{cell:,}"),
    "comma, thousands, two places": lambda cell: _with_commas(f"{cell:,.2f}"),
    "words": _in_words,
    "capital words": lambda cell: None if (word := _in_words(cell)) is None else _capital(word),
}
_DAY: Mapping[str, Callable[[Any], str | None]] = {
    "plain": lambda cell: f"{cell:%Y-%m-%d}",
    "day month year": lambda cell: f"{cell.day} {_month(cell)} {cell.year}",
    "month day, year": lambda cell: f"{_month(cell)} {cell.day}, {cell.year}",
    "day mon year": lambda cell: f"{cell.day} {_month(cell)[:3]} {cell.year}",
    "dd/mon/yyyy": lambda cell: f"{cell.day:02}/{_month(cell)[:3]}/{cell.year}",
    "day month": lambda cell: f"{cell.day} {_month(cell)}",
    "month day": lambda cell: f"{_month(cell)} {cell.day}",
    "day month year, german": lambda cell: f"{cell.day}. {_month(cell, 'german')} {cell.year}",
    "day month year, french": lambda cell: f"{cell.day} {_month(cell, 'french')} {cell.year}",
    "day month year, spanish": lambda cell: (
        f"{cell.day} de {_month(cell, 'spanish')} de {cell.year}"
    ),
    "year month day, japanese": lambda cell: f"{cell.year}年{cell.month}月{cell.day}日",
    "dd.mm.yyyy": lambda cell: f"{cell:%d.%m.%Y}",
    "d.m.yyyy": lambda cell: f"{cell.day}.{cell.month}.{cell.year}",
    "dd/mm/yyyy": lambda cell: f"{cell:%d/%m/%Y}",
    "mm/dd/yyyy": lambda cell: f"{cell:%m/%d/%Y}",
    "yyyy/mm/dd": lambda cell: f"{cell:%Y/%m/%d}",
    "dd-mm-yyyy": lambda cell: f"{cell:%d-%m-%Y}",
}
_MOMENT: Mapping[str, Callable[[Any], str | None]] = {
    "moment": lambda cell: f"{cell:%Y-%m-%d %H:%M:%S}",
    "moment with T": lambda cell: f"{cell:%Y-%m-%dT%H:%M:%S}",
    "moment in minutes": lambda cell: f"{cell:%Y-%m-%d %H:%M}",
    **_DAY,
    "clock": lambda cell: f"{cell:%H:%M}",
    "clock in seconds": lambda cell: f"{cell:%H:%M:%S}",
}
