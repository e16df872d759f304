"""Bundles: a zip of files with their origin, their copy, and a page to look at.

A bundle holds `files/`, `manifest.json` with the digest of everything, `copy.csv`, `alt.txt` and
`index.html`. `manifest.json.origin.json` signs the manifest, and by it everything else.
"""

import csv
import io
import re
import shutil
import tempfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from zerosum.errors import OriginError, RunError
from zerosum.forms.csv_cells import Cells
from zerosum.models.provenance import Provenance
from zerosum.origin.embedded import MEDIA
from zerosum.origin.findings import Anchors, Inspection, inspect_single, judge_sidecar
from zerosum.origin.identity import Identity
from zerosum.origin.sidecars import (
    SignatureError,
    digest_of,
    read_sidecar,
    sidecar_of,
    write_sidecar,
)
from zerosum.runs.files import make_folder, parse_json, require_unicode, write_json, write_whole

KIND, SCHEMA = "zerosum.bundle", 1
MANIFEST = "manifest.json"
COPY = ("title", "body", "alt_text", "tags", "language", "author")
"""Columns of `copy.csv` after `file`."""

_SIGNATURE = sidecar_of(Path(MANIFEST)).name
_MOST_MANIFEST = 64 * 2**20
_MOST_FILES = 100_000
_LONGEST_NAME = 100
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\s]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What zipfile raises of a damaged or encrypted file."""
_SHOWN = {
    "image": (".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".svg"),
    "audio": (".wav", ".mp3"),
    "video": (".mp4",),
}


@dataclass(frozen=True)
class BundleCopy:
    """What is written about a file.

    Attributes:
        title: its title.
        body: its text.
        alt_text: what it shows, for those who do not see it.
        tags: words to find it by.
        language: of all of them, such as `en`.
        author: who wrote it: a person, a model, or `template`.
    """

    title: str = ""
    body: str = ""
    alt_text: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    author: str = ""


@dataclass(frozen=True)
class BundleItem:
    """A file of a bundle.

    Attributes:
        path: where it lies.
        copy: what is written about it.
        provenance: how it was made; the copy in the bundle is signed with it. If not given, the
            file goes in as it is, with the origin that it has.
    """

    path: Path | str
    copy: BundleCopy = field(default_factory=BundleCopy)
    provenance: Provenance | None = None


def write_bundle(
    path: Path | str, items: Sequence[BundleItem], identity: Identity, *, title: str = "Bundle"
) -> Path:
    """Write a bundle, whole or not at all.

    The same items give the same files, but for signatures and their times.

    Args:
        path: ends in `.zip`.
        items: what goes in, in the order of the page.
        identity: signs the manifest, and the items that have a provenance.
        title: of the page.

    Raises:
        OriginError: there are no items, or one is a folder, was changed after it was signed, or
            cannot be signed.
        RunError: a file cannot be read, or the bundle not written.
    """
    path = Path(path)
    require_unicode(path)
    if path.suffix.lower() != ".zip":
        raise OriginError(f"a bundle is a .zip, and not {path.name!r}. Give such a name.")
    if not items:
        raise OriginError("there is nothing to bundle. Name at least one file.")
    make_folder(path.parent)
    try:
        with tempfile.TemporaryDirectory(
            prefix=f".{path.name}.", suffix=".part", dir=path.parent
        ) as aside:
            _fill(Path(aside), items, identity, title)
            write_whole(path, lambda target: _pack(Path(aside), target))
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}.") from error
    return path


def read_copy(path: Path | str) -> dict[str, BundleCopy]:
    """Copy by the name of its file, from a CSV with the columns `file` and any of `COPY`.

    Folders before a name are ignored, since a bundle has none.

    Tags are separated by commas.

    Raises:
        OriginError: it cannot be read, or has other columns or a file twice.
    """
    path = Path(path)
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    except OSError as error:
        raise OriginError(f"cannot read {path}: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise OriginError(f"{path} is no CSV in UTF-8: {error}. Save it as one.") from error
    found: dict[str, BundleCopy] = {}
    for row in rows:
        if "file" not in row or set(row) - {"file", *COPY} or None in row.values():
            raise OriginError(
                f"{path} needs a column `file`, and may have {', '.join(COPY)}; each row "
                f"fills all. It has: {', '.join(map(str, row))}."
            )
        name = Path(row["file"]).name
        if name in found:
            raise OriginError(f"{path} names {name!r} twice. Keep one of the two rows.")
        texts = {name: row.get(name, "") for name in COPY if name != "tags"}
        tags = tuple(tag.strip() for tag in row.get("tags", "").split(",") if tag.strip())
        found[name] = BundleCopy(**texts, tags=tags)
    return found


def safe_name(name: str) -> str:
    """A file name that every system takes, and that leads nowhere else.

    >>> safe_name("../../été: 1.png")
    'été-1.png'
    >>> safe_name("con.txt")
    'file-con.txt'
    """
    name = "".join(
        one if unicodedata.category(one)[0] != "C" else "-"
        for one in unicodedata.normalize("NFC", name)
    )
    stem, dot, ending = _FORBIDDEN.sub("-", name).strip(".- ").rpartition(".")
    stem, ending = (stem, dot + ending[:20]) if dot else (ending, "")
    stem = stem[:_LONGEST_NAME].strip(".- ") or "file"
    return ("file-" if _RESERVED.match(stem + ending) else "") + stem + ending


def is_bundle(path: Path) -> bool:
    """Whether a file is meant as a bundle."""
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as opened:
            names = set(opened.namelist())
    except (zipfile.BadZipFile, ValueError):
        return False
    return _SIGNATURE in names or {MANIFEST, "copy.csv", "alt.txt"} <= names


def inspect_bundle(path: Path, anchors: Anchors) -> Inspection:
    """Whether everything in a bundle is as it was signed; see `inspect`."""
    try:
        with zipfile.ZipFile(path) as opened:
            names = opened.namelist()
            if _SIGNATURE not in names:
                return Inspection(
                    path, "no origin", "bundle", problems=("its manifest is not signed",)
                )
            sidecar = read_sidecar(_small(opened, _SIGNATURE))
            body = _small(opened, MANIFEST)
            problems = []
            if digest_of(io.BytesIO(body)) != (sidecar.sha256, sidecar.size):
                problems.append(f"{MANIFEST} was changed")
            problems += _compared(opened, names, parse_json(body))
    except SignatureError as error:
        return Inspection(path, "changed", "bundle", problems=(str(error),))
    except _UNREADABLE as error:
        return Inspection(path, "damaged", "bundle", problems=(f"it cannot be read ({error})",))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Inspection(
            path, "changed", "bundle", problems=(f"{MANIFEST} cannot be read ({error})",)
        )
    return judge_sidecar(path, "bundle", sidecar, anchors, problems)


def _fill(folder: Path, items: Sequence[BundleItem], identity: Identity, title: str) -> None:
    (folder / "files").mkdir()
    taken: set[str] = set()
    entries = [_add(folder, item, identity, taken) for item in items]
    (folder / "copy.csv").write_bytes(_copy_csv(entries))
    lines = [f"{one['file']}\t{_line(one['copy']['alt_text'])}\n" for one in entries]
    (folder / "alt.txt").write_bytes("".join(lines).encode())
    (folder / "index.html").write_bytes(_page(title, entries, identity).encode())
    files = {}
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        with file.open("rb") as handle:
            digest, size = digest_of(handle)
        files[file.relative_to(folder).as_posix()] = {"sha256": digest, "bytes": size}
    manifest = {
        "kind": KIND, "schema": SCHEMA, "title": title, "items": entries, "files": files,
    }  # fmt: skip
    write_json(folder / MANIFEST, manifest)
    made = {entry["made"] for entry in entries}
    share = "all" if made == {"all"} else "some" if made & {"all", "some"} else "not stated"
    facts = {"bundle": title, "items": len(entries), "share": share}
    write_sidecar(folder / MANIFEST, facts, identity.chain, identity.key)


def _add(folder: Path, item: BundleItem, identity: Identity, taken: set[str]) -> dict[str, Any]:
    """Put one file and its origin in; returns what the manifest says of it."""
    source = Path(item.path)
    if source.is_dir():
        raise OriginError(
            f"{source} is a folder, and a bundle holds files. Name those that you mean, such as "
            f"{source / '*.png'}. What a run makes is sampled into files first."
        )
    target = folder / "files" / _free(safe_name(source.name), taken)
    try:
        shutil.copyfile(source, target)
        if item.provenance is None and sidecar_of(source).exists():
            shutil.copyfile(sidecar_of(source), sidecar_of(target))
    except OSError as error:
        raise RunError(f"cannot read {source}: {error.strerror or error}.") from error
    if item.provenance is not None:
        identity.sign(target, item.provenance)
    found = inspect_single(target, Anchors())
    if found.state in ("changed", "damaged"):
        raise OriginError(
            f"{source} is {found.state}: {'; '.join(found.problems)}. Bundle the file as it was "
            "signed."
        )
    return {
        "file": f"files/{target.name}",
        "made": found.made or "not stated",
        "origin": found.facts or None,
        "signed_by": None if found.signatory is None else str(found.signatory),
        "copy": asdict(item.copy) | {"tags": list(item.copy.tags)},
    }


def _free(name: str, taken: set[str]) -> str:
    """A name that no file or sidecar of the folder has, on systems that ignore case too."""
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if dot else (ending, "")
    number, free = 1, name
    while {free.casefold(), sidecar_of(Path(free)).name.casefold()} & taken:
        number += 1
        free = f"{stem}-{number}{ending}"
    taken |= {free.casefold(), sidecar_of(Path(free)).name.casefold()}
    return free


def _copy_csv(entries: Sequence[dict[str, Any]]) -> bytes:
    cells = Cells(safe=True)
    columns = [cells.texts("file", [one["file"] for one in entries])]
    for name in COPY:
        values = [one["copy"][name] for one in entries]
        texts = [", ".join(value) if isinstance(value, list) else value for value in values]
        columns.append(cells.texts(name, texts))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", *COPY])
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def _page(title: str, entries: Sequence[dict[str, Any]], identity: Identity) -> str:
    environment = Environment(
        loader=PackageLoader("zerosum.origin", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    shown = [entry | {"shown": _shown(entry["file"]), "text": entry["copy"]} for entry in entries]
    return environment.get_template("bundle.html.jinja").render(
        title=title, entries=shown, signatory=str(identity.signatory)
    )


def _shown(name: str) -> str:
    ending = Path(name).suffix.lower()
    return next((how for how, endings in _SHOWN.items() if ending in endings), "file")


def _pack(folder: Path, target: Path) -> None:
    """Everything below `folder`, in the order of names, with the same times always."""
    with zipfile.ZipFile(target, "w") as packed:
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _EPOCH)
            stored = file.suffix.lower() in MEDIA and file.suffix.lower() != ".svg"
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            entry.file_size = file.stat().st_size
            with file.open("rb") as source, packed.open(entry, "w") as written:
                shutil.copyfileobj(source, written, 2**20)


def _small(opened: zipfile.ZipFile, name: str) -> bytes:
    with opened.open(name) as handle:
        body = handle.read(_MOST_MANIFEST + 1)
    if len(body) > _MOST_MANIFEST:
        raise SignatureError(f"{name} has more than {_MOST_MANIFEST:,} bytes")
    return body


def _compared(opened: zipfile.ZipFile, names: list[str], manifest: Any) -> Iterator[str]:
    """What differs between a bundle and its manifest."""
    if manifest["kind"] != KIND or manifest["schema"] != SCHEMA:
        yield f"{MANIFEST} is of another kind or a newer version; update zerosum"
        return
    files = manifest["files"]
    if len(names) > _MOST_FILES:
        yield f"it holds {len(names):,} files, and bundles {_MOST_FILES:,} at most"
        return
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    yield from (f"{name} is there twice" for name in twice)
    yield from (f"{name} was removed" for name in sorted(set(files) - set(names)))
    added = set(names) - set(files) - {MANIFEST, _SIGNATURE}
    yield from (f"{name} was added" for name in sorted(added))
    for name in sorted(set(files) & set(names)):
        if not _same(opened, name, files[name]):
            yield f"{name} was changed"


def _same(opened: zipfile.ZipFile, name: str, said: dict[str, Any]) -> bool:
    if opened.getinfo(name).file_size != said["bytes"]:  # a bomb is not unpacked
        return False
    try:
        with opened.open(name) as handle:
            return digest_of(handle)[0] == said["sha256"]
    except _UNREADABLE:
        return False


def _line(text: str) -> str:
    return " ".join(text.split())
