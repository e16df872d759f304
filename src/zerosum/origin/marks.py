"""Marks in `.wav` files that say that a model made or converted what they hold.

They are a LIST chunk of type INFO (Microsoft and IBM, "Multimedia programming interface and data
specifications 1.0", 1991), which players show and which does not change how a file sounds. Marks
are no proof: anybody can take them out. For a proof, sign the file.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from zerosum.errors import DataError

_COMMENT, _PROGRAM = b"ICMT", b"ISFT"

_MOST = 1 << 20
"""Bytes of a chunk of words, at most."""


def with_marks(wav: bytes, facts: Mapping[str, object], program: str) -> bytes:
    """A `.wav` file with facts as JSON in its comment.

    >>> import io, wave
    >>> buffer = io.BytesIO()
    >>> with wave.open(buffer, "wb") as file:
    ...     file.setparams((1, 2, 8000, 0, "NONE", ""))
    ...     file.writeframes(bytes(8))
    >>> with_marks(buffer.getvalue(), {"converted": True}, "zerosum")[-20:-1]
    b'{"converted": true}'
    """
    text = json.dumps(facts, ensure_ascii=False).encode()
    body = b"INFO" + _chunk(_PROGRAM, program.encode() + b"\0") + _chunk(_COMMENT, text + b"\0")
    whole = wav + _chunk(b"LIST", body)
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


def marks_of(path: Path | str) -> dict[str, Any]:
    """Facts in the comment of a `.wav` file; empty if it has no such comment.

    Raises:
        DataError: it is no `.wav` file.
        OSError: it cannot be read.
    """
    with Path(path).open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise DataError(f"{path} is no .wav file, which begins with RIFF and WAVE.")
        for name, body in _chunks(file):
            if name == b"LIST" and body[:4] == b"INFO":
                for inner, text in _chunks(BytesIO(body[4:])):
                    if inner == _COMMENT:
                        return _understood(text)
    return {}


def _understood(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text.rstrip(b"\0").decode())
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents; those of waves, and whatever else is large, are passed over."""
    while len(head := file.read(8)) == 8:
        size = int.from_bytes(head[4:], "little")
        read = size if size <= _MOST and head[:4] != b"data" else 0
        yield head[:4], file.read(read)
        file.seek(size - read + size % 2, 1)
