"""What is known of the item that copy is written for, and its picture on the way to a server."""

import base64
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from PIL import Image
from pydantic import Field

from zerosum.config import Config
from zerosum.data.files import open_regular
from zerosum.errors import DataError
from zerosum.studio.writing.colours import ColourShare, dominant_colours

_MOST_PIXELS = 64_000_000
_MOST_FILE = 64 * 2**20
_SMALL = 256
"""Pixels of the longer side below which a picture is enlarged, since models see little of it."""
_LEAST_SIDE = 64
_QUALITIES = (90, 75, 60)


@dataclass(frozen=True)
class CopySubject:
    """What copy is about, whatever the item is.

    Attributes:
        name: what the item is called, such as its file name.
        label: its class, such as `sandal`; None if it has none.
        attributes: further facts in words, such as `{"season": "summer"}`.
        row: columns of a row and their values, for items that are rows.
        picture: a path, or the bytes of a picture file; None if it is no picture.
    """

    name: str
    label: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    row: Mapping[str, Any] = field(default_factory=dict)
    picture: Path | bytes | None = None

    @cached_property
    def opened(self) -> Image.Image | None:
        """The picture, decoded; None without a picture.

        Raises:
            DataError: it cannot be read, or is too large.
        """
        return None if self.picture is None else open_picture(self.picture, name=self.name)

    @cached_property
    def colours(self) -> list[ColourShare]:
        """Dominant colours of the picture, the largest first; empty if there is no picture.

        Raises:
            DataError: the picture cannot be read.
        """
        return [] if self.opened is None else dominant_colours(self.opened)

    def facts(self, language: str = "en") -> dict[str, Any]:
        """Everything known, as plain JSON values.

        Names of colours are in German for German, and in English for every other language.
        """
        named = "de" if language.lower().split("-")[0] == "de" else "en"
        colours = [f"{one.name(named)} {one.share:.0%} ({one.colour})" for one in self.colours]
        known = {
            "name": self.name, "label": self.label, "attributes": dict(self.attributes),
            "row": {name: _plain(value) for name, value in self.row.items()}, "colours": colours,
        }  # fmt: skip
        return {name: value for name, value in known.items() if value}


class PictureLimits(Config):
    """How large pictures are that are sent to a server; larger ones are made smaller.

    Attributes:
        side: of the longer side, in pixels.
        kilobytes: of the encoded file, before base64.
    """

    kind = "picture_limits"

    side: Annotated[int, Field(ge=_LEAST_SIDE, le=8_192)] = 1_024
    kilobytes: Annotated[int, Field(ge=16, le=20_000)] = 1_000

    def encode(self, picture: Image.Image) -> bytes:
        """The picture as a fresh JPEG file within the limits, over white, without metadata.

        Raises:
            DataError: it cannot be made small enough.
        """
        picture = picture.convert("RGBA")
        sheet = Image.new("RGBA", picture.size, "white")
        sheet.alpha_composite(picture)
        small = sheet.convert("RGB")
        longer = max(small.size)
        if longer < _SMALL:
            zoom = -(-_SMALL // longer)
            small = small.resize((small.width * zoom, small.height * zoom), Image.Resampling.BOX)
        side = self.side
        while side >= _LEAST_SIDE:
            small.thumbnail((side, side), Image.Resampling.LANCZOS)
            for quality in _QUALITIES:
                body = io.BytesIO()
                small.save(body, format="JPEG", quality=quality)
                if body.tell() <= self.kilobytes * 1_000:
                    return body.getvalue()
            side = max(small.size) * 3 // 4
        raise DataError(
            f"a picture does not fit into {self.kilobytes} kB. Allow more kilobytes for pictures."
        )

    def data_url(self, picture: Image.Image) -> str:
        """The picture of `encode` as a `data:` URL."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.encode(picture)).decode()}"


def open_picture(source: Path | bytes, *, name: str) -> Image.Image:
    """A picture, decoded and turned upright.

    Raises:
        DataError: it is no picture, is damaged, or is too large to be decoded safely.
    """
    from PIL import ImageOps

    if isinstance(source, bytes):
        body = source
    else:
        with open_regular(source) as handle:
            body = handle.read(_MOST_FILE + 1)
    if len(body) > _MOST_FILE:
        raise DataError(f"{name} is larger than {_MOST_FILE >> 20} MiB. Make it smaller.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(body)) as opened:
                if opened.width * opened.height > _MOST_PIXELS:
                    raise DataError(
                        f"{name} has {opened.width} x {opened.height} pixels; {_MOST_PIXELS:,} are "
                        "allowed. Make it smaller."
                    )
                return ImageOps.exif_transpose(opened).convert("RGBA")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise DataError(f"{name} has more than {_MOST_PIXELS:,} pixels. Make it smaller.") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise DataError(f"{name} is no picture that can be read: {error}.") from None


def _plain(value: Any) -> Any:
    """A value of a row as JSON has it; others as text."""
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
