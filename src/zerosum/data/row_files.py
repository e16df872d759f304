"""Files in the rows of a table, as Hugging Face keeps pictures and sounds in Parquet and Arrow.

They are read as a folder of files is: rows are files, and what other columns say of them is a
`metadata.jsonl` beside them.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from zerosum.data.archives import MAX_MEMBER, Archive, walk
from zerosum.data.files import look_at, open_regular
from zerosum.errors import DataError
from zerosum.faces import reading

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".parquet", ".arrow", ".feather")
METADATA = "metadata.jsonl"
_MOST_BYTES = 4 << 30
_ROWS = 256
_LOOKED_AT = 1_000
"""Files of a folder among which files of rows are looked for."""
_SPLITS = ("train", "training", "test", "testing", "val", "valid", "validation", "eval")
_BEGINNINGS = (
    (rb"\x89PNG", ".png"), (rb"\xff\xd8\xff", ".jpg"), (rb"GIF8", ".gif"), (rb"BM", ".bmp"),
    (rb"RIFF....WEBP", ".webp"), (rb"II\*\x00|MM\x00\*", ".tif"), (rb"....ftypavif", ".avif"),
    (rb"RIFF....WAVE", ".wav"), (rb"fLaC", ".flac"), (rb"OggS", ".ogg"),
    (rb"ID3|\xff[\xfb\xf3\xf2]", ".mp3"),
)  # fmt: skip
"""How files begin, and what their names end in."""


class RowFiles(Archive):
    """The files in the rows of a file, or of those of a folder; they are called by their number.

    Where files are called as splits are, such as `train-00000-of-00002.parquet`, or lie in folders
    that are, theirs lie in folders of these names.

    Args:
        path: a file, or a folder of such files.
        inside: the folder of a split, or empty.

    Raises:
        DataError: a file is damaged, or no column holds files.
    """

    def __init__(self, path: Path, inside: str = "") -> None:
        self._path, self._inside, self._held = path, inside, dict[str, bytes]()
        self._parts = _parts_of(path)
        splits = {_split_of(part, path) for part in self._parts}
        self._folders = splits if len(splits) > 1 else {""}
        if inside and inside not in self._folders:
            raise DataError(f"{path} has no split {inside!r}; it has {', '.join(sorted(splits))}.")
        self.names = sorted(
            f"{folder}/{name}".strip("/") if not inside else name
            for folder in self._folders
            if inside in ("", folder)
            for name in self._listed(folder)
        )
        with _opened(self._parts[0]) as rows:
            self.note = _note(rows)

    def read(self, name: str) -> bytes:
        """The content of one file."""
        if not self._held:
            self._held = self._loaded()
        if name not in self._held:
            raise DataError(f"{self._path} holds no {name}.")
        return self._held[name]

    def size(self, name: str) -> int:
        """Its length in bytes."""
        return len(self.read(name))

    def _of(self, folder: str) -> list[Path]:
        return [
            part
            for part in self._parts
            if self._folders == {""} or _split_of(part, self._path) == folder
        ]

    def _listed(self, folder: str) -> Iterator[str]:
        start, described = 0, False
        for part in self._of(folder):
            with _opened(part) as rows:
                described |= any(_tells(rows, name) for name in rows.schema.names)
                yield from (f"{start + i:07d}{rows.ending}" for i in range(rows.count))
                start += rows.count
        if described:
            yield METADATA

    def _loaded(self) -> dict[str, bytes]:
        """Every file of the split, and what other columns say of them."""
        held, total = dict[str, bytes](), 0
        for folder in self._folders if not self._inside else [self._inside]:
            names = iter(self._listed(folder))
            above = f"{folder}/" if folder and not self._inside else ""
            lines = []
            for part in self._of(folder):
                with _opened(part) as rows:
                    for body, told in _rows_of(rows):
                        name = next(names)
                        total += len(body)
                        if len(body) > MAX_MEMBER or total > _MOST_BYTES:
                            raise DataError(
                                f"{self._path} holds more than {_MOST_BYTES:,} bytes of files, or "
                                f"{MAX_MEMBER:,} in one. Write them into a folder, and give that."
                            )
                        held[above + name] = body
                        lines.append(json.dumps({"file_name": name, **told}))
            held[above + METADATA] = "\n".join(lines).encode()
        return held


class _Rows:
    """An open file of rows.

    Attributes:
        schema: its columns.
        count: how many rows there are.
        batches: some columns in pieces, by their names and rows of a piece.
    """

    def __init__(
        self, schema: "pa.Schema", count: int,
        batches: Callable[[list[str], int], Iterable["pa.RecordBatch"]],
    ) -> None:  # fmt: skip
        self.schema, self.count, self.batches = schema, count, batches

    @cached_property
    def _first(self) -> tuple[str, str]:
        for field in self.schema:
            if not _may_hold_files(field.type):
                continue
            for batch in self.batches([field.name], 1):
                known = [body for body in _bytes_of(batch.column(0)) if body]
                if known and _ending(known[0]):
                    return field.name, _ending(known[0])
                if known:
                    break
        return "", ""

    @property
    def column(self) -> str:
        """The column that holds files: bytes, or bytes beside a path; empty without one."""
        return self._first[0]

    @property
    def ending(self) -> str:
        """What names of its files end in."""
        return self._first[1]


def _note(rows: _Rows) -> str:
    """Which columns are taken for what."""
    label = _label_in(rows.schema)
    others = [n for n in rows.schema.names if n not in (rows.column, label) and _tells(rows, n)]
    labels = f", {label!r} says their labels" if label else ""
    more = f"; others can be named ({reading(attributes=others[0])})" if others else ""
    return f"{rows.column!r} holds the files{labels}{more}."


def holds_files(data: Any) -> bool:
    """Whether `data` is the path of a file of rows that hold files, or of a folder of such ones."""
    if not isinstance(data, str | Path):
        return False
    try:
        parts = _parts_of(Path(data))
        if not parts:
            return False
        with _opened(parts[0]) as rows:
            return rows.column != ""
    except DataError:
        return False


def place_in_rows(path: Path) -> tuple[Path, str] | None:
    """The file or folder of rows at `path`, and the folder in it that `path` names; else None."""
    for parent in (path, path.parent):
        if look_at(parent) is not None:
            inside = path.relative_to(parent).as_posix().removeprefix(".")
            return (parent, inside) if holds_files(parent) else None
    return None


def _parts_of(path: Path) -> list[Path]:
    """The files of rows at a path; none where other files lie there."""
    if look_at(path) == "file":
        return [path] if path.suffix.lower() in ENDINGS else []
    if look_at(path) != "folder":
        return []
    found, seen = [], 0
    for folder, names in walk(path):
        found += [folder / name for name in names if Path(name).suffix.lower() in ENDINGS]
        seen += len(names)
        if seen > _LOOKED_AT and len(found) < seen / 2:
            return []
    return sorted(found) if len(found) >= seen / 2 else []


def _split_of(part: Path, path: Path) -> str:
    """The split that a file is called as, or its folder; empty if none."""
    words = [re.split(r"[-_.]", part.name.lower())[0]]
    words += [above.name.lower() for above in part.parents if above != path][:2]
    return next((word for word in words if word in _SPLITS), "")


@contextmanager
def _opened(path: Path) -> Iterator[_Rows]:
    """A Parquet or Arrow file.

    Raises:
        DataError: it is another file, or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as parquet

    damaged = (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError)
    with open_regular(path) as handle:
        try:
            if path.suffix.lower() == ".parquet":
                file = parquet.ParquetFile(handle, page_checksum_verification=True)
                yield _Rows(
                    file.schema_arrow, file.metadata.num_rows,
                    lambda names, size: file.iter_batches(size, columns=names, use_threads=False),
                )  # fmt: skip
                return
            batches = _arrow_batches(handle)
            schema = batches[0].schema if batches else pa.schema([])
            yield _Rows(
                schema, sum(map(len, batches)),
                lambda names, _size: (one.select(names) for one in batches),
            )  # fmt: skip
        except damaged as error:
            why = " ".join(str(error).split()).rstrip(".")
            raise DataError(f"{path} cannot be read as rows: {why}. Write it again.") from error


def _arrow_batches(handle: IO[bytes]) -> "list[pa.RecordBatch]":
    """The batches of an Arrow file, or of a stream, as the library `datasets` writes it."""
    import pyarrow as pa

    with suppress(pa.ArrowInvalid):
        file = pa.ipc.open_file(handle)
        return [file.get_batch(i) for i in range(file.num_record_batches)]
    handle.seek(0)
    return list(pa.ipc.open_stream(handle))


def _rows_of(rows: _Rows) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The file of each row, and what other columns say."""
    column, label = rows.column, _label_in(rows.schema)
    told = [name for name in rows.schema.names if name != column and _tells(rows, name)]
    names = {name: _class_names(rows.schema, name) for name in told}
    for batch in rows.batches([column, *told], _ROWS):
        files = _bytes_of(batch.column(batch.schema.names.index(column)))
        others = {name: batch.column(batch.schema.names.index(name)).to_pylist() for name in told}
        for i, body in enumerate(files):
            said = {name: _called(values[i], names[name]) for name, values in others.items()}
            if label and label != "label":
                said["label"] = said[label]
            yield body, said


def _called(value: Any, names: Sequence[str]) -> Any:
    """A value; a number of a class by its name, and nothing for -1, which says that none is known.

    >>> _called(1, ["cat", "dog"]), _called(-1, ["cat", "dog"]), _called(7, [])
    ('dog', '', 7)
    """
    if not names or not isinstance(value, int):
        return value
    return names[value] if 0 <= value < len(names) else ""


def _bytes_of(column: Any) -> list[bytes]:
    """The bytes of each row; none where they are missing."""
    import pyarrow.types as pt

    flat = column.field("bytes") if pt.is_struct(column.type) else column
    return [body or b"" for body in flat.to_pylist()]


def _may_hold_files(kind: "pa.DataType") -> bool:
    import pyarrow.types as pt

    if pt.is_struct(kind):
        names = [kind.field(i).name for i in range(kind.num_fields)]
        return "bytes" in names and _may_hold_files(kind.field(names.index("bytes")).type)
    return pt.is_binary(kind) or pt.is_large_binary(kind)


def _ending(body: bytes) -> str:
    """What the name of a file ends in, by how it begins; empty where that is not known.

    >>> _ending(bytes.fromhex("89504e470d0a1a0a")), _ending(b"hello")
    ('.png', '')
    """
    found = (ending for start, ending in _BEGINNINGS if re.match(start, body, re.DOTALL))
    return next(found, "")


def _tells(rows: _Rows, name: str) -> bool:
    """Whether a column says something of files in a cell: text, a number, true or false."""
    import pyarrow.types as pt

    kind = rows.schema.field(name).type
    checks = (pt.is_string, pt.is_large_string, pt.is_integer, pt.is_floating, pt.is_boolean)
    return any(check(kind) for check in checks)


def _label_in(schema: "pa.Schema") -> str:
    """The column of labels: `label`, or the only one whose numbers are names of classes."""
    if "label" in schema.names:
        return "label"
    classes = [name for name in schema.names if _class_names(schema, name)]
    return classes[0] if len(classes) == 1 else ""


def _class_names(schema: "pa.Schema", column: str) -> list[str]:
    """What the library `datasets` says that the numbers of a column are called."""
    told = (schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        feature = json.loads(told)["info"]["features"][column]
        names = feature["names"] if feature["_type"] == "ClassLabel" else []
    except (ValueError, KeyError, TypeError):
        return []
    if isinstance(names, Mapping):
        names = [names[key] for key in sorted(names, key=int)]
    return [str(name) for name in names or ()]
