"""From whatever the user calls data to a data set, and to a description that opens it again."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from zerosum.catalogue import load_installed
from zerosum.config import family_of
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.data.files import look_at, require_unicode
from zerosum.data.places import is_archive, is_zip, open_archive
from zerosum.data.subsets import with_holdout
from zerosum.errors import DataError, did_you_mean
from zerosum.faces import option
from zerosum.spaces import Space

_HARDLY = 0.3
"""A claim below this only says what the data lacks."""


_UNPACK = "Unpack it, or pack its files as a .zip."
_FRAME = "Read it with pandas ({}) and give the frame, or write it as .parquet."
_ARRAYS = "Read its arrays and give them, or write them with numpy.savez as a .npz file."
_ADVICE = {
    **dict.fromkeys((".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"), _UNPACK),
    **dict.fromkeys((".h5", ".hdf5", ".mat", ".pt", ".pth", ".tfrecord"), _ARRAYS),
    ".dta": _FRAME.format("read_stata"),
    ".sav": _FRAME.format("read_spss"),
    ".sas7bdat": _FRAME.format("read_sas"),
    ".xls": "Save it as .xlsx or .csv.",
    ".ods": "Save it as .xlsx or .csv.",
    **dict.fromkeys(
        (".sdf", ".mol", ".mol2"),
        "Molecules are read as SMILES: write them one a line into a .smi file, as Open Babel does: "
        "obabel in.sdf -O out.smi.",
    ),
    ".arff": "Write it as .csv, with a first row of names.",
    ".pkl": "A pickle can run programs, so none is loaded: write it as .parquet or .npz.",
    ".pickle": "A pickle can run programs, so none is loaded: write it as .parquet or .npz.",
}
"""What to do about files of forms that are not read, by their ending."""

_SHOWN = 3
"""Paths that a message names, if there are many."""


def open_data(
    data: Any,
    *,
    spaces: Sequence[str] | None = None,
    needs: Iterable[str] = (),
    private: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> tuple[Dataset, DataConfig | None]:
    """The data set, and the description that a run records.

    Args:
        data: a built-in name; a path; an array, a tensor or a data frame; a pair `(x, y)`; several
            paths or arrays for recipes that take these; a `DataConfig`, or a `Dataset`.
        spaces: kinds of space that are wanted, such as those that a recipe takes; if not given,
            whatever the data is surest to be.
        needs: what a recipe needs; a reader that has an option of that name is asked for it.
        private: whether it is opened for a private training, by readers that can.
        progress: called during work that takes long.
        options: of the reader, such as `size` or `schema`; None and False are not given.

    Raises:
        DataError: it cannot be found, read or used; the message says why.
    """
    given = {
        name: value for name, value in options.items() if value is not None and value is not False
    }
    if isinstance(data, Dataset):
        if given:
            raise DataError(f"a Dataset takes no options; leave out {', '.join(given)}.")
        return data, None
    if isinstance(data, DataConfig):
        fields = type(data).fields_for(given)
        config = _made_private(data.with_values(fields) if fields else data, private)
        return _apart(config.build(progress), config), config
    reader = reader_for(data, spaces, given)
    config = reader.describing(data, given | _asked(reader, needs))
    dataset, opened = _made_private(config, private).open(data, progress)
    return _apart(dataset, opened), opened


def open_like(
    data: Any,
    space: Space,
    *,
    like: DataConfig | None = None,
    progress: Progress | None = None,
) -> tuple[Dataset, DataConfig | None]:
    """Data brought to the form of `space`.

    Args:
        data: whatever `open_data` takes.
        space: what its samples shall be.
        like: how data of that space was opened; options that fit are used again.
        progress: called during work that takes long.

    Raises:
        DataError: it cannot be found, read or brought to that form; the message says why.
    """
    return _brought_to(data, space, like, False, progress)


def open_holdout(
    data: Any,
    *,
    space: Space,
    like: DataConfig | None = None,
    progress: Progress | None = None,
) -> tuple[Dataset, DataConfig | None]:
    """Reals that a run was not trained on, brought to the form of its training data.

    A file with a test split gives that, and simulated data is drawn from another seed.

    Args:
        data: whatever `open_data` takes.
        space: what the run's samples are.
        like: how the run's data was opened; options that fit are used again.
        progress: called during work that takes long.

    Raises:
        DataError: it cannot be found, read or brought to that form; the message says why.
    """
    return _brought_to(data, space, like, True, progress)


def scan_data(
    data: Any,
    *,
    spaces: Sequence[str] | None = None,
    needs: Iterable[str] = (),
    progress: Progress | None = None,
    **options: Any,
) -> str | None:
    """What lies where `data` says, and the form it is brought to; None if there is nothing to say.

    Raises:
        DataError: it cannot be found or read.
    """
    given = {
        name: value for name, value in options.items() if value is not None and value is not False
    }
    reader = reader_for(data, spaces, given)
    return reader.describing(data, given | _asked(reader, needs)).scan(progress)


def reader_for(
    data: Any, spaces: Sequence[str] | None = None, options: Iterable[str] = ()
) -> type[DataConfig]:
    """The reader that claims `data` most surely.

    Args:
        data: whatever `open_data` takes.
        spaces: kinds of space that are wanted; a reader of other kinds is taken only where none of
            these reads the data, so that it is said what the data is. Of a folder or zip their own
            reader says what it lacks.
        options: that are given; of readers that read the data, those that have all of them are
            preferred, such as one of series where a `window` is given.

    Raises:
        DataError: it is empty, or no reader claims it.
    """
    for place in data if isinstance(data, tuple | list) else [data]:
        if isinstance(place, str) and not place.strip():
            raise DataError(
                f"{option('data')} is empty. Name a file, a folder (the current one is .) or "
                "built-in data."
            )
        if isinstance(place, str | Path):
            require_unicode(str(place), "the path of the data")
    readers = all_readers()
    claims = {kind: reader.claims(data) for kind, reader in readers.items()}
    wanted = [k for k in claims if spaces is None or set(readers[k].spaces) & set(spaces)]
    surest = max(claims, key=lambda kind: claims[kind])
    names = set(options)
    able = [k for k in wanted if claims[k] >= _HARDLY and names <= readers[k].options().keys()]
    best = max(able or wanted, key=lambda kind: claims[kind], default=surest)
    elsewhere = claims[best] < _HARDLY <= claims[surest] and not is_archive(data)
    if elsewhere or not claims[best]:
        best = surest
    if not claims[best]:
        raise DataError(_unclaimed(data, readers, spaces or ()))
    if best not in wanted and isinstance(data, str | Path) and is_zip(data):
        raise DataError(_packed(Path(data)))
    return readers[best]


def readers_of(data: Any, spaces: Sequence[str]) -> list[type[DataConfig]]:
    """Readers that read `data` as one of these kinds of space, the surest first."""
    claims = {
        one: one.claims(data) for one in all_readers().values() if set(one.spaces) & {*spaces}
    }
    able = [one for one, sureness in claims.items() if sureness >= _HARDLY]
    return sorted(able, key=lambda one: claims[one], reverse=True)


def together(short: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Options that have a parameter or flag of their own, and others by name.

    Raises:
        DataError: one is given in both ways.
    """
    given = _given(short)
    twice = [name for name in options if name in given]
    if twice:
        raise DataError(f"{twice[0]} is given twice; give it once.")
    return {**given, **options}


def all_readers() -> dict[str, type[DataConfig]]:
    """Every reader of data, by kind."""
    load_installed()
    family = family_of(DataConfig)
    readers = {kind: one for kind, one in family.items() if issubclass(one, DataConfig)}
    return {kind: reader for kind, reader in readers.items() if reader.spaces}


def built_in_names() -> list[str]:
    """Names of data that needs no file."""
    return [kind for kind, reader in all_readers().items() if reader.built_in]


def _brought_to(
    data: Any, space: Space, like: DataConfig | None, holdout: bool, progress: Progress | None
) -> tuple[Dataset, DataConfig | None]:
    if isinstance(data, Dataset | DataConfig):
        return open_data(data, progress=progress)
    reader = reader_for(data, (space.kind,))
    return reader.open_like(data, space, like=like, holdout=holdout, progress=progress)


def _apart(dataset: Dataset, config: DataConfig) -> Dataset:
    """Without the share that is kept apart, if one is asked for and its reader did not do so."""
    if config.holdout is None or dataset.held_out is not None:
        return dataset
    return with_holdout(dataset, config.holdout)


def _made_private(config: DataConfig, private: bool) -> DataConfig:
    fields = type(config).model_fields
    return config.with_values({"private": True}) if private and "private" in fields else config


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options that say something: neither None nor False."""
    return {name: one for name, one in options.items() if one is not None and one is not False}


def _asked(reader: type[DataConfig], needs: Iterable[str]) -> dict[str, Any]:
    switches = [
        name
        for name, field in reader.options().items()
        if reader.model_fields[field].annotation is bool
    ]
    return {need: True for need in needs if need in switches}


def _packed(path: Path) -> str:
    names = open_archive(path).names
    held = f"{len(names):,} files" if len(names) != 1 else "a file"
    some = f", such as {names[0]}" if names else ""
    return (
        f"{path} is a zip of {held}{some}. Zips of images, sounds, clips and songs are read as "
        "they are; unpack this one, and give its folder, or a file in it."
    )


def _unclaimed(
    data: Any, readers: Mapping[str, type[DataConfig]], spaces: Sequence[str] = ()
) -> str:
    names = [kind for kind, reader in readers.items() if reader.built_in]
    if isinstance(data, str | Path):
        if look_at(Path(data)) is not None:
            known = (
                "Files are known by their names: give a folder or zip of images, sounds, clips or "
                "songs; a .csv, .tsv, .parquet, .xlsx or .jsonl file; a .npz or .npy file, an idx "
                "file called such as x-idx3-ubyte or x.idx; a .sqlite file; or one of "
                f"{', '.join(names)}."
            )
            advice = _ADVICE.get(Path(data).suffix.lower(), "")
            return f"no reader knows what {str(data)!r} is. {advice or known}"
        return (
            f"no data at {str(data)!r}: it is neither a file or folder nor a built-in name."
            f"{did_you_mean(str(data), names)}"
        )
    if isinstance(data, tuple | list) and data and all(isinstance(one, str | Path) for one in data):
        more = f" and {len(data) - _SHOWN:,} more" if len(data) > _SHOWN else ""
        paths = f"there are {len(data)} paths of data, {', '.join(map(str, data[:_SHOWN]))}{more}"
        absent = [str(one) for one in data if look_at(Path(one)) is None]
        paths += f", and nothing lies at {absent[0]!r}. " if absent else ". "
        if any("=" in one for one in absent):
            return f"{paths}Each wish of the form NAME=VALUE follows a --with of its own."
        if absent and {"string", "molecule"} & {*spaces}:
            return (
                f"{paths}If these are texts or SMILES themselves, give them as a column of a data "
                "frame, or as lines of a .txt or .smi file."
            )
        if "pair" in spaces:
            return (
                f"{paths}A translation takes two folders, SOURCES TARGETS, or one folder or zip "
                "that holds both."
            )
        return (
            f"{paths}Two folders are for recipes that translate images, such as cyclegan; give "
            "others one."
        )
    return (
        f"data is of type {type(data).__name__}. Give a path, a built-in name "
        f"({', '.join(names)}), an array, a tensor, a pair (x, y), a data frame, or a Dataset."
    )
