"""Read the origin of any file: one that a model made, a bundle, or somebody else's."""

from collections.abc import Sequence
from pathlib import Path

from zerosum.errors import OriginError
from zerosum.origin.bundles import inspect_bundle, is_bundle
from zerosum.origin.findings import Anchors, Inspection, inspect_single


def inspect(
    path: Path | str, *, trust: Sequence[Path | str] = (), identity: Path | str | None = None
) -> Inspection:
    """Read the origin of a file, or of a bundle and everything in it.

    Args:
        path: a file of any kind.
        trust: PEM files with certificates of authorities that are trusted.
        identity: the folder of one's own identity; if not given, as for `Identity.own`.

    Raises:
        OriginError: the file cannot be read, or a file of `trust`.
        MissingExtraError: the extra `origin` is not installed.
    """
    path = Path(path)
    anchors = Anchors.read(trust, None if identity is None else Path(identity))
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise OriginError(f"{path} {what}. Name a file, such as one that `zerosum sample` made.")
    try:
        return inspect_bundle(path, anchors) if is_bundle(path) else inspect_single(path, anchors)
    except OSError as error:
        raise OriginError(f"cannot read {path}: {error.strerror or error}.") from error
