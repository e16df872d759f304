"""Cards: what a value is in a few lines of text, or as a small piece of HTML in a notebook."""

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from io import BytesIO

from PIL import Image

from zerosum.terminal import printable

_MOST_WIDE = 960
"""Pixels; wider pictures are made smaller."""

_MOST_NAMES = 8


@dataclass(frozen=True)
class InfoCard:
    """What is said of a value.

    Attributes:
        title: what it is.
        facts: by name, in order; text alone.
        columns: heads of a table, for HTML alone.
        rows: cells of the table.
        notes: sentences beneath.
        pictures: shown at the end, for HTML alone.
        media: files by name, to be played beneath: sound as `.wav`, animations as `.gif`; for HTML
            alone.
    """

    title: str
    facts: Mapping[str, str] = field(default_factory=dict)
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()
    pictures: Sequence[Image.Image] = ()
    media: Mapping[str, bytes] = field(default_factory=dict)

    def text(self) -> str:
        """As lines.

        >>> print(InfoCard("Run digits", {"state": "finished"}, notes=["All is well."]).text())
        Run digits
          state  finished
          All is well.
        """
        wide = max(map(len, self.facts), default=0)
        lines = [f"  {name:<{wide}}  {value}" for name, value in self.facts.items()]
        return "\n".join(
            map(printable, [self.title, *lines, *(f"  {note}" for note in self.notes)])
        )

    def html(self) -> str:
        """As HTML without scripts, in which what is foreign is text.

        >>> InfoCard("<b>", {"a": "&"}).html().count("&lt;b&gt;")
        1
        """
        parts = [f"<strong>{_text(self.title)}</strong>"]
        if self.facts:
            rows = (
                f'<tr><th style="text-align:left">{_text(name)}</th>'
                f'<td style="text-align:left">{_text(value)}</td></tr>'
                for name, value in self.facts.items()
            )
            parts.append(f"<table>{''.join(rows)}</table>")
        if self.rows:
            head = "".join(f"<th>{_text(name)}</th>" for name in self.columns)
            body = "".join(
                f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>"
                for row in self.rows
            )
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        parts += [f"<div>{_text(note)}</div>" for note in self.notes]
        parts += [
            f'<img alt="{_text(self.title)}" style="max-width:100%" '
            f'src="data:image/png;base64,{b64encode(as_png(picture)).decode()}">'
            for picture in self.pictures
        ]
        parts += [_played(name, file) for name, file in self.media.items()]
        return f"<div>{''.join(parts)}</div>"


class Described(ABC):
    """What says what it is, by a card: as `repr`, and in a notebook."""

    @abstractmethod
    def card(self, *, drawn: bool) -> InfoCard:
        """What is said of it.

        Args:
            drawn: whether pictures will be shown; making them may take long.
        """

    def __repr__(self) -> str:
        return self.card(drawn=False).text()

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return self.card(drawn=True).html()


def listed(names: Sequence[str]) -> str:
    """Names in a line; the first eight of many.

    >>> listed(["a", "b"]), listed([*"abcdefghij"])
    ('a, b', 'a, b, c, d, e, f, g, h and 2 more')
    """
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def as_png(picture: Image.Image) -> bytes:
    """A picture as PNG, made smaller if it is very wide."""
    if picture.width > _MOST_WIDE:
        high = max(1, round(picture.height * _MOST_WIDE / picture.width))
        picture = picture.resize((_MOST_WIDE, high), Image.Resampling.BOX)
    buffer = BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _played(name: str, file: bytes) -> str:
    data = b64encode(file).decode()
    if name.endswith(".gif"):
        return f'<img alt="{_text(name)}" src="data:image/gif;base64,{data}">'
    return (
        f'<audio controls preload="none" title="{_text(name)}" '
        f'src="data:audio/wav;base64,{data}"></audio>'
    )


def _text(text: str) -> str:
    return escape(printable(text))
