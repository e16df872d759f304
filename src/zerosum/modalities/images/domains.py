"""Where the domains of a translation lie in a folder or zip."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from zerosum.data.archives import Archive
from zerosum.data.places import open_archive
from zerosum.errors import DataError, did_you_mean
from zerosum.faces import Blank, either, reading
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
        python="a pair of paths or of arrays, (SOURCES, TARGETS)",
        shell="--data SOURCES TARGETS",
        page="a .zip with a folder of sources and one of targets",
    )


def two_domains(path: str) -> tuple[str, str]:
    """The subfolders of sources and of targets in the folder or zip at `path`.

    Raises:
        DataError: there are no two, or more than two without known names.
    """
    above, below = subfolders(path)
    pair = _known_pair(below)
    if pair is not None:
        return above + pair[0], above + pair[1]
    if len(below) != 2:
        found = f"the subfolders {', '.join(below[:_LISTED])}" if below else "no subfolders"
        raise DataError(
            f"{Path(path, above)} has {found} with images, and a translation needs two: A (what "
            "is translated) and B (what it is translated into). Sort the images into these, or "
            f"name two folders: {two_folders()}."
        )
    return above + below[0], above + below[1]


def are_several(path: str) -> bool:
    """Whether there are more than two subfolders with images, and no two with known names.

    Raises:
        DataError: there are no images.
    """
    _, below = subfolders(path)
    return len(below) > 2 and _known_pair(below) is None


def named_domains(
    path: str, sources: Sequence[str] | None, target: str | None
) -> tuple[dict[str, str], str, str]:
    """Subfolders of several sources and of the target in the folder or zip at `path`.

    Args:
        path: the folder or zip.
        sources: names of the subfolders of sources; if not given, all others.
        target: that of the target; if not given, the only other one, or the last of the alphabet.

    Returns:
        Subfolders of the sources, by name; that of the target; and what was guessed, or nothing.

    Raises:
        DataError: there is no such subfolder, none is left, or one is named twice.
    """
    above, below = subfolders(path)
    for name in (*(sources or ()), *([] if target is None else [target])):
        if name not in below:
            raise DataError(
                f"{Path(path, above)} has no subfolder {name!r} with images; it has "
                f"{', '.join(below[:_LISTED]) or 'none'}.{did_you_mean(name, below)}"
            )
    left = [name for name in below if name not in (sources or ())]
    guessed = target is None and len(left) > 1
    if not left:
        raise DataError(f"no subfolder of {Path(path, above)} is left to be the target.")
    target = left[-1] if target is None else target
    sources = [name for name in left if name != target] if sources is None else sources
    if target in sources or len(set(sources)) < len(sources) or not sources:
        raise DataError(
            f"the sources are {', '.join(sources) or 'none'} and the target is {target}; name "
            "each subfolder once, and one source or more."
        )
    another = reading(target=Blank("NAME"))
    note = f"{target} is made from {' and '.join(sources)} ({another} for another)."
    return {name: above + name for name in sources}, above + target, note if guessed else ""


def subfolders(path: str) -> tuple[str, list[str]]:
    """Where the subfolders with images begin, and their names; there may be none.

    A folder in which everything lies is passed through.

    Raises:
        DataError: there are no images.
    """
    archive = open_archive(Path(path))
    names = [PurePosixPath(name).parts for name in pictures_in(archive)]
    if not names:
        raise DataError(no_images(archive, path))
    depth = 0
    while len({parts[depth] for parts in names}) == 1 and all(len(p) > depth + 1 for p in names):
        depth += 1
    above = "".join(f"{part}/" for part in names[0][:depth])
    return above, sorted({parts[depth] for parts in names if len(parts) > depth + 1})


def _known_pair(names: Iterable[str]) -> tuple[str, str] | None:
    known = {name.lower(): name for name in names}
    pairs = [pair for pair in KNOWN_NAMES if known.keys() >= {*pair}]
    return (known[pairs[0][0]], known[pairs[0][1]]) if pairs else None


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
