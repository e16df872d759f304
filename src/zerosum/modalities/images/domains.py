"""Where the two domains of a translation lie in a folder or zip."""

from pathlib import Path, PurePosixPath

from zerosum.data.archives import Archive, open_archive
from zerosum.errors import DataError
from zerosum.faces import either
from zerosum.modalities.images.pixels import ENDINGS
from zerosum.modalities.images.scanning import no_images, read_header

KNOWN_NAMES = (("a", "b"), ("source", "target"), ("sources", "targets"), ("traina", "trainb"))
"""Subfolders of sources and of targets that are known by name, in small letters."""

_LISTED = 10
_LOOKED_AT = 50
"""Images whose sides say whether each holds a pair."""


def two_folders() -> str:
    """How two folders are named."""
    return either(
        python="a pair of paths or of arrays, (SOURCES, TARGETS)", shell="--data SOURCES TARGETS"
    )


def two_domains(path: str) -> tuple[str, str]:
    """The subfolders of sources and of targets in the folder or zip at `path`.

    Raises:
        DataError: there are no two, or more than two without known names.
    """
    archive = open_archive(Path(path))
    names = [PurePosixPath(name).parts for name in pictures_in(archive)]
    depth = 0  # a folder in which everything lies is passed through
    while len({parts[depth] for parts in names}) == 1 and all(len(p) > depth + 1 for p in names):
        depth += 1
    above = "".join(f"{part}/" for part in names[0][:depth]) if names else ""
    below = sorted({parts[depth] for parts in names if len(parts) > depth + 1})
    known = {name.lower(): name for name in below}
    for source, target in KNOWN_NAMES:
        if source in known and target in known:
            return above + known[source], above + known[target]
    if not names:
        raise DataError(no_images(archive, path))
    if len(below) != 2:
        found = f"the subfolders {', '.join(below[:_LISTED])}" if below else "no subfolders"
        raise DataError(
            f"{Path(path, above)} has {found} with images, and a translation needs two: A (what "
            "is translated) and B (what it is translated into). Sort the images into these, or "
            f"name two folders: {two_folders()}."
        )
    return above + below[0], above + below[1]


def are_double(path: Path) -> bool:
    """Whether images lie in one folder, and all of some are twice as wide as high."""
    archive = open_archive(path)
    names = pictures_in(archive)
    if not names or len({PurePosixPath(name).parent for name in names}) > 1:
        return False
    some = [read_header(archive, name) for name in names[:: max(1, len(names) // _LOOKED_AT)]]
    forms = [form for form in some if not isinstance(form, str)]
    return bool(forms) and all(form.width == 2 * form.height for form in forms)


def pictures_in(archive: Archive) -> list[str]:
    """Names of the images in a folder or zip."""
    return [name for name in archive.names if PurePosixPath(name).suffix.lower() in ENDINGS]
