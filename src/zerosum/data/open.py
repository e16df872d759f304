"""From whatever the user calls data to a data set, and to a description that opens it again."""

from pathlib import Path
from typing import Any

from torch import Tensor

from zerosum.data.arrays import ArrayOptions, IdxConfig, MemoryConfig, NpzConfig
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.data.images import ImagesConfig, Scan, scan_images
from zerosum.data.toy import DigitsConfig, GridConfig, MoonsConfig, RingConfig, SpiralConfig
from zerosum.errors import DataError, did_you_mean

BUILT_IN: dict[str, type[DataConfig]] = {
    cls.kind: cls for cls in (DigitsConfig, GridConfig, MoonsConfig, RingConfig, SpiralConfig)
}
"""Data that needs no file, by name."""


def open_data(
    data: Any, *, progress: Progress | None = None, **options: Any
) -> tuple[Dataset, DataConfig | None]:
    """The data set, and the description that a run records.

    Args:
        data: a built-in name, a path (folder, .zip, .npz, idx or idx.gz), an array or tensor, a
            pair `(x, y)`, a `DataConfig`, or a `Dataset`.
        progress: told about anything that takes long.
        options: `size`, `fit`, `channels`, `labels`, `skip_bad`, `limit`, where they apply.

    Raises:
        DataError: it cannot be found, read or used; the message says why.
    """
    options = {name: value for name, value in options.items() if value not in (None, False)}
    if isinstance(data, Dataset):
        _refuse(options, "a Dataset")
        return data, None
    if isinstance(data, DataConfig):
        config = data.with_values(options) if options else data
        return config.build(progress), config
    if isinstance(data, str | Path):
        config = _config_for(str(data), options)
        return config.build(progress), config
    x, y = data if isinstance(data, tuple | list) and len(data) == 2 else (data, None)
    if not (hasattr(x, "__array__") or isinstance(x, Tensor)):
        raise DataError(
            f"data is of type {type(data).__name__}. Give a path, a built-in name "
            f"({', '.join(BUILT_IN)}), an array, a tensor, a pair (x, y) or a Dataset."
        )
    config = _with_options(MemoryConfig, options, {})
    return config.dataset(x, y, name="array"), config


def scan_data(data: str, **options: Any) -> Scan | None:
    """What lies in the folder or zip called `data`; None for data of other forms.

    Raises:
        DataError: it cannot be found or read.
    """
    options = {name: value for name, value in options.items() if value not in (None, False)}
    config = _config_for(data, options)
    return scan_images(config) if isinstance(config, ImagesConfig) else None


def _config_for(data: str, options: dict[str, Any]) -> DataConfig:
    if data in BUILT_IN:
        _refuse(options, f"the built-in {data!r}")
        return BUILT_IN[data]()
    path = Path(data)
    name = path.name.lower()
    body = {"path": data}
    if name.endswith(".npz"):
        return _with_options(NpzConfig, options, body)
    if "idx" in name and (name.endswith((".gz", "ubyte")) or ".idx" in name):
        return _with_options(IdxConfig, options, body)
    if not path.exists() and not any(parent.suffix == ".zip" for parent in path.parents):
        raise DataError(f"no data at {data!r}.{did_you_mean(data, BUILT_IN)}")
    return _with_options(ImagesConfig, options, body)


def _with_options(
    cls: type[ArrayOptions] | type[ImagesConfig], options: dict[str, Any], body: dict[str, Any]
) -> Any:
    wrong = [name for name in options if name not in cls.model_fields]
    if wrong:
        raise DataError(f"{wrong[0]} does not apply to {cls.kind} data; leave it out.")
    return cls(**body, **options)


def _refuse(options: dict[str, Any], what: str) -> None:
    if options:
        raise DataError(f"{what} takes no options; leave out {', '.join(options)}.")
