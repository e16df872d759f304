"""Marks in `.wav` files that say that a model made or converted what they hold.

They are a LIST chunk of type INFO (Microsoft and IBM, "Multimedia programming interface and data
specifications 1.0", 1991), which players show and which does not change how a file sounds. Marks
are no proof: anybody can take them out. For a proof, sign the file.
"""

import json
import struct
from collections.abc import Mapping

from zerosum.errors import DataError

_COMMENT, _PROGRAM = b"ICMT", b"ISFT"


def with_marks(wav: bytes, facts: Mapping[str, object], program: str) -> bytes:
    """A `.wav` file with facts as JSON in its comment.

    >>> import io, wave
    >>> buffer = io.BytesIO()
    >>> with wave.open(buffer, "wb") as file:
    ...     file.setparams((1, 2, 8000, 0, "NONE", ""))
    ...     file.writeframes(bytes(8))
    >>> marks_of(with_marks(buffer.getvalue(), {"converted": True}, "zerosum"))
    {'converted': True}
    """
    text = json.dumps(facts, ensure_ascii=False).encode()
    body = b"INFO" + _chunk(_PROGRAM, program.encode() + b"\0") + _chunk(_COMMENT, text + b"\0")
    whole = wav + _chunk(b"LIST", body)
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


def marks_of(wav: bytes) -> dict[str, object]:
    """Facts in the comment of a `.wav` file; empty where there are none.

    Raises:
        DataError: it is no `.wav` file.
    """
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise DataError("this is no .wav file, which begins with RIFF and WAVE.")
    for name, body in _chunks(wav[12:]):
        if name != b"LIST" or body[:4] != b"INFO":
            continue
        for inner, text in _chunks(body[4:]):
            if inner == _COMMENT:
                try:
                    said = json.loads(text.rstrip(b"\0").decode())
                except ValueError:
                    return {}
                return said if isinstance(said, dict) else {}
    return {}


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, place = [], 0
    while place + 8 <= len(data):
        (size,) = struct.unpack("<I", data[place + 4 : place + 8])
        found.append((data[place : place + 4], data[place + 8 : place + 8 + size]))
        place += 8 + size + size % 2
    return found
