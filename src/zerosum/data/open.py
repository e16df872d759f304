"""From whatever the user calls data to a data set, and to a description that opens it again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from zerosum.data.arrays import (
    ArrayOptions,
    IdxConfig,
    MemoryConfig,
    NpzConfig,
    has_test_split,
)
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.data.files import look_at, require_unicode
from zerosum.data.images import DEFAULT_SIDE, ImagesConfig, describe_form, scan_images
from zerosum.data.pairs import PairDataset, PairsConfig
from zerosum.data.reviews import ReviewsConfig
from zerosum.data.sprites import SpritesConfig
from zerosum.data.tables import (
    TABLE_SUFFIXES,
    TableFileConfig,
    TableMemoryConfig,
    TableOptions,
    open_table_holdout,
    table_options,
)
from zerosum.data.toy import DigitsConfig, GridConfig, MoonsConfig, RingConfig, SpiralConfig
from zerosum.errors import DataError, did_you_mean
from zerosum.spaces import ImageSpace, PairSpace, Space
from zerosum.tables.space import TableSpace

BUILT_IN: dict[str, type[DataConfig]] = {
    cls.kind: cls
    for cls in (
        DigitsConfig, GridConfig, MoonsConfig, ReviewsConfig, RingConfig, SpiralConfig,
        SpritesConfig,
    )
}  # fmt: skip
"""Data that needs no file, by name."""


Pairs = Literal["aligned", "unpaired"]
"""How two domains of pictures belong together."""

_OPTIONS = (
    "size", "fit", "channels", "labels", "skip_bad", "limit", "drop", "constraints", "protect",
)  # fmt: skip
_NAMES = {"columns": "schema", **{name: name for name in _OPTIONS}}
"""What users call the attributes of a `DataConfig` that are options."""


def open_data(
    data: Any,
    *,
    progress: Progress | None = None,
    pairs: Pairs | None = None,
    private: bool = False,
    **options: Any,
) -> tuple[Dataset, DataConfig | None]:
    """The data set, and the description that a run records.

    Args:
        data: a built-in name, a path (folder, .zip, .npz, idx or idx.gz, .csv, .tsv, .parquet), an
            array or tensor, a pair `(x, y)`, a data frame, a `DataConfig`, or a `Dataset`.
        progress: told about anything that takes long.
        pairs: what is opened is a picture for each picture, or two domains: a path with two
            subfolders, or a pair of paths or of arrays, first what is to be translated.
        private: whether a table is opened for a private training; see `TableOptions`.
        options: `size`, `fit`, `channels`, `labels`, `skip_bad`, `limit`, and for tables `schema`,
            `drop`, `constraints`, `protect`, where they apply.

    Raises:
        DataError: it cannot be found, read or used; the message says why.
    """
    options = _given(options)
    if pairs is not None and not isinstance(data, Dataset | DataConfig):
        return _open_pairs(data, progress, options, aligned=pairs == "aligned")
    if isinstance(data, Dataset):
        _refuse(options, "a Dataset")
        return data, None
    if isinstance(data, DataConfig):
        _require_known(options, type(data))
        config = _made_private(data.with_values(options) if options else data, private)
        return config.build(progress), config
    if isinstance(data, str | Path):
        config = _made_private(_config_for(str(data), options), private)
        return config.build(progress), config
    if _is_frame(data):
        held: TableMemoryConfig = _with_options(TableMemoryConfig, options, {})
        return held.with_values({"private": private}).open(data, progress)
    if isinstance(data, tuple | list) and data and isinstance(data[0], str | Path):
        raise DataError(
            f"there are {len(data)} paths of data, {', '.join(map(str, data))}. Two folders are "
            "for recipes that translate pictures, such as cyclegan; give others one."
        )
    x, y = data if isinstance(data, tuple | list) and len(data) == 2 else (data, None)
    if not (hasattr(x, "__array__") or isinstance(x, Tensor)):
        raise DataError(
            f"data is of type {type(data).__name__}. Give a path, a built-in name "
            f"({', '.join(BUILT_IN)}), an array, a tensor, a pair (x, y), a data frame, or a "
            "Dataset."
        )
    config = _with_options(MemoryConfig, options, {})
    return config.dataset(x, y, name="array"), config


def open_holdout(
    data: Any, *, space: Space, like: DataConfig | None = None, progress: Progress | None = None
) -> tuple[Dataset, DataConfig | None]:
    """Reals that a run was not trained on, brought to the form of its training data.

    An `.npz` file with `x_test` gives these, and a built-in mixture is drawn from another seed. A
    table has the columns of the training data.

    Args:
        data: whatever `open_data` takes.
        space: what the run's samples are.
        like: how the run's data was opened; its size, fit, channels and labels are used again.
        progress: told about anything that takes long.

    Raises:
        DataError: it cannot be found, read or used; the message says why.
    """
    if isinstance(data, Dataset | DataConfig):
        return open_data(data, progress=progress)
    if isinstance(data, str | Path) and str(data) in BUILT_IN:
        held, config = open_data(_other_seed(str(data), like), progress=progress)
        return _in_space_of(space, held), config
    if isinstance(space, TableSpace) and (isinstance(data, str | Path) or _is_frame(data)):
        return open_table_holdout(data, space), None
    options = _form(like, space)
    if isinstance(space, PairSpace):
        paired: Pairs = "aligned" if space.aligned else "unpaired"
        options["size"] = (space.height, space.width)
        paths = isinstance(data, str | Path) or isinstance(data[0], str | Path)
        known = _known(options, PairsConfig if paths else MemoryConfig)
        return open_data(data, progress=progress, pairs=paired, **known)
    if not isinstance(data, str | Path):
        return open_data(data, progress=progress, **_known(options, MemoryConfig))
    name = str(data)
    config = _config_for(name, {})
    if isinstance(config, NpzConfig) and has_test_split(Path(name)):
        options["split"] = "test"
    return open_data(config, progress=progress, **_known(options, type(config)))


def open_like(
    data: Any, space: Space, *, progress: Progress | None = None
) -> tuple[Dataset, DataConfig | None]:
    """Data brought to the form of `space`, of which only the space is known.

    Args:
        data: whatever `open_data` takes.
        space: what its samples shall be: pictures get their size and channels, rows their columns.
        progress: told about anything that takes long.

    Raises:
        DataError: it cannot be found, read or used; the message says why.
    """
    named = isinstance(data, str | Path) and str(data) not in BUILT_IN
    if isinstance(space, TableSpace) and (named or _is_frame(data)):
        return open_table_holdout(data, space), None
    options: dict[str, Any] = {}
    if named and isinstance(space, ImageSpace):
        options["size"] = (space.height, space.width)
        if Path(data).suffix not in (".npz", ".gz"):
            options["channels"] = space.channels
    dataset, config = open_data(data, progress=progress, **options)
    return _in_space_of(space, dataset), config


def _in_space_of(space: Space, held: Dataset) -> Dataset:
    """A built-in table as rows of `space`, with its categories and codes; other data as it is."""
    if not (isinstance(space, TableSpace) and isinstance(held.space, TableSpace)):
        return held
    from zerosum.data.frames import to_table

    values, _ = held.take(torch.arange(len(held)))
    rows = open_table_holdout(to_table(values, held.space), space)
    rows.name = held.name
    return rows


def _form(like: DataConfig | None, space: Space) -> dict[str, Any]:
    """The options that bring other samples to the form of data that was opened as `like`."""
    if not isinstance(like, ArrayOptions | ImagesConfig | PairsConfig):
        return {}
    names = ("size", "fit", "channels", "labels", "skip_bad")
    options = {name: getattr(like, name) for name in names if name in type(like).model_fields}
    if isinstance(like, ImagesConfig) and isinstance(space, ImageSpace) and like.size is None:
        mixed = (DEFAULT_SIDE, DEFAULT_SIDE)  # what pictures of many sizes have become
        options["size"] = mixed if (space.height, space.width) == mixed else None
    return options


def _known(options: dict[str, Any], cls: type[DataConfig]) -> dict[str, Any]:
    known = {name: value for name, value in options.items() if name in cls.model_fields}
    if known.get("size") is None:  # how to reach a size is said of a size
        known.pop("fit", None)
    return known


def _other_seed(name: str, like: DataConfig | None) -> DataConfig:
    cls = BUILT_IN[name]
    if "seed" not in cls.model_fields:
        return cls()
    same = like if isinstance(like, cls) else cls()
    return same.with_values({"seed": same.to_json()["seed"] + 1})


def scan_data(
    data: str | Sequence[str], *, progress: Progress | None = None, pairs: Pairs | None = None,
    **options: Any,
) -> str | None:  # fmt: skip
    """What lies in the folder or zip called `data`, and the form its pictures are brought to.

    None for data of other forms, which are never changed without being asked.

    Raises:
        DataError: it cannot be found or read.
    """
    if pairs is not None:
        return _pairs_at(data, _given(options), aligned=pairs == "aligned").describe(progress)
    if not isinstance(data, str):
        return None
    config = _config_for(data, _given(options))
    if not isinstance(config, ImagesConfig):
        return None
    scan = scan_images(config, progress)
    if scan.unreadable and not config.skip_bad:
        return str(scan)  # the training will refuse them, and list them
    return f"{scan}; {describe_form(config, scan)}"


def _open_pairs(
    data: Any, progress: Progress | None, options: dict[str, Any], *, aligned: bool
) -> tuple[Dataset, DataConfig | None]:
    several = isinstance(data, tuple | list)
    if several and len(data) == 2 and not any(isinstance(one, str | Path) for one in data):
        sources, targets = (open_data(one, progress=progress, **options)[0] for one in data)
        return PairDataset(sources, targets, aligned=aligned, name="two arrays"), None
    config = _pairs_at(data, options, aligned=aligned)
    return config.build(progress), config


def _pairs_at(data: Any, options: dict[str, Any], *, aligned: bool) -> PairsConfig:
    paths = list(data) if isinstance(data, tuple | list) else [data]
    if len(paths) > 2 or not paths or not all(isinstance(path, str | Path) for path in paths):
        raise DataError(
            "a translation takes a folder or zip with two subfolders, or two folders: "
            "--data SOURCES TARGETS (in Python a pair of paths or of arrays)."
        )
    _require_known(options, PairsConfig)
    for place in paths:
        require_unicode(str(place), "the path of the data")
    path, targets = str(paths[0]), str(paths[1]) if len(paths) == 2 else None
    return PairsConfig(path=path, targets=targets, aligned=aligned, **options)


def _config_for(data: str, options: dict[str, Any]) -> DataConfig:
    if data in BUILT_IN:
        _require_known(options, BUILT_IN[data])
        return BUILT_IN[data](**options)
    path = Path(data)
    name = path.name.lower()
    body = {"path": data}
    require_unicode(data, "the path of the data")
    found = look_at(path)
    if found is None and not any(look_at(place) for place in _zips_above(path)):
        raise DataError(
            f"no data at {data!r}: it is neither a file or folder nor a built-in name."
            f"{did_you_mean(data, BUILT_IN)}"
        )
    if path.suffix.lower() in TABLE_SUFFIXES and found == "file":
        return _with_options(TableFileConfig, options, body)
    if name.endswith(".npz"):
        return _with_options(NpzConfig, options, body)
    if "idx" in name and (name.endswith((".gz", "ubyte")) or ".idx" in name):
        return _with_options(IdxConfig, options, body)
    return _with_options(ImagesConfig, options, body)


def _with_options(
    cls: type[ArrayOptions] | type[ImagesConfig] | type[TableOptions],
    options: dict[str, Any],
    body: dict[str, Any],
) -> Any:
    _require_known(options, cls)
    return cls(**body, **options)


def _made_private(config: DataConfig, private: bool) -> DataConfig:
    if private and isinstance(config, TableOptions):
        return config.with_values({"private": True})
    return config


def _is_frame(data: Any) -> bool:
    from zerosum.data.frames import is_frame

    return is_frame(data)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return table_options({k: v for k, v in options.items() if v is not None and v is not False})


def _zips_above(path: Path) -> list[Path]:
    return [parent for parent in path.parents if parent.suffix.lower() == ".zip"]


def _require_known(options: dict[str, Any], cls: type[DataConfig]) -> None:
    wrong = [name for name in options if name not in cls.model_fields]
    if wrong:
        known = sorted(_NAMES[name] for name in cls.model_fields if name in _NAMES)
        raise DataError(
            f"{_NAMES.get(wrong[0], wrong[0])} does not apply to {cls.kind} data; leave it out. "
            f"These do: {', '.join(known) or 'none'}."
        )


def _refuse(options: dict[str, Any], what: str) -> None:
    if options:
        raise DataError(f"{what} takes no options; leave out {', '.join(options)}.")
