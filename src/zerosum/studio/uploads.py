"""Uploads: bounded while they arrive, under a name of ours, and never opened by the server."""

import secrets
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

from zerosum.errors import StudioError
from zerosum.studio.roles import MAKERS

_PACKED = (".csv", ".tsv", ".jsonl", ".ndjson")
KINDS = {
    "many files of any kind": (".zip",),
    "tables": (*_PACKED, ".parquet", ".feather", ".arrow", ".xlsx", ".xlsm", ".json"),
    "databases": (".sqlite", ".sqlite3", ".db"),
    "arrays": (".npz", ".npy", ".idx"),
    "a picture": (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"),
    "sounds": (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff"),
    "songs": (".mid", ".midi"),
    "clips": (".gif", ".mp4", ".webm", ".mov", ".avi", ".mkv", ".m4v"),
    "texts, levels, molecules, series": (".txt", ".lvl", ".xsb", ".smi", ".smiles", ".ts"),
}  # fmt: skip
"""Endings of files that readers know, by what is in them. Tables may be packed too, as `.csv.gz`;
any other `.gz` holds an idx file, such as `x-idx3-ubyte.gz`."""
ENDINGS = tuple(ending for endings in KINDS.values() for ending in endings)

_LEFT_FREE = 256 << 20
"""Bytes of the disk that an upload leaves free."""


class BoundedHandler(TemporaryFileUploadHandler):
    """Writes an upload into a file aside, and stops one that is not allowed or too large."""

    def handle_raw_input(self, *words: Any, **named: Any) -> None:
        """Refuse before the first byte is stored."""
        request: Any = self.request
        sender = getattr(request, "auth", None) or getattr(request, "user", None)
        allowed = getattr(sender, "role", None) in MAKERS
        size = words[2] if len(words) > 2 else named.get("content_length", 0)
        self._left = settings.STUDIO.most_upload if allowed else 0
        if not allowed or size > self._left + (1 << 20):
            self._left = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Store a piece; too much ends the upload, and the form says why."""
        self._left -= len(raw_data)
        if self._left < 0:
            raise StopUpload(connection_reset=False)
        super().receive_data_chunk(raw_data, start)


def store(upload: Any) -> tuple[str, str, int]:
    """Move an upload to a name of ours.

    Returns:
        The name it was given by the user, the name of its file below the uploads, and its bytes.

    Raises:
        StudioError: no reader would know it, it is too large, or there is little room.
        OSError: the disk is full; nothing of it is kept.
    """
    options = settings.STUDIO
    if upload is None:
        raise StudioError(
            f"no file came with the form, or it has more than {options.most_upload:,} bytes. "
            "Choose a smaller file, or ask an owner to allow a folder of the server."
        )
    given = Path(str(upload.name).replace("\\", "/")).name
    ending = Path(given).suffix.lower()
    bare = given.lower()
    if ending not in (*ENDINGS, ".gz") and not bare.endswith("-ubyte"):
        raise StudioError(
            f"{given!r} is of no kind that can be read. Allowed: {', '.join(ENDINGS)}; put several "
            "files into a .zip, with a folder for each label."
        )
    free = shutil.disk_usage(options.uploads).free
    if free < _LEFT_FREE:
        raise StudioError(
            f"the server's disk has {free >> 20} MB left, too little to keep {given!r}. Ask an "
            "owner to make room."
        )
    kept = f"{secrets.token_hex(8)}/{_kept_name(bare, ending)}"
    target = options.uploads / kept
    target.parent.mkdir(parents=True)
    try:
        if isinstance(upload, TemporaryUploadedFile):
            shutil.copyfile(upload.temporary_file_path(), target)
        else:
            target.write_bytes(upload.read())
    except OSError:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise
    return given[:200], kept, target.stat().st_size


def _kept_name(bare: str, ending: str) -> str:
    """A name that readers know the file by, and that says nothing else.

    >>> _kept_name("x-idx3-ubyte.gz", ".gz"), _kept_name("my photos.zip", ".zip")
    ('data-idx3-ubyte.gz', 'data.zip')
    >>> _kept_name("rows.csv.gz", ".gz")
    'data.csv.gz'
    """
    if ending == ".gz" and Path(bare).with_suffix("").suffix in _PACKED:
        return "data" + Path(bare).with_suffix("").suffix + ending
    if ending == ".gz" or bare.endswith("-ubyte"):
        return "data-idx3-ubyte" + (".gz" if ending == ".gz" else "")
    return f"data{ending}"
