# pyright: reportMissingImports=false
"""How the benchmark reads a table: one rule for types, the same for every peer and every judge."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

Kind = Literal["number", "date", "category"]

MAX_CATEGORIES = 254
"""What scikit-learn's histogram trees take as a category, besides missing values."""

_ISO_DATE = r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?"


def read_table(path: Path) -> pd.DataFrame:
    """A CSV file with numbers as they are, ISO dates as datetimes and the rest as text or NaN."""
    frame = pd.read_csv(path)
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_bool_dtype(column):
            frame[name] = column.astype(str)
        elif not pd.api.types.is_numeric_dtype(column):
            told = column.dropna().astype(str)
            if len(told) and told.str.fullmatch(_ISO_DATE).all():
                frame[name] = pd.to_datetime(column, format="ISO8601")
    return frame


def read_like(path: Path, reference: pd.DataFrame) -> pd.DataFrame:
    """A CSV file with the columns of `reference`, in its order and of its kinds.

    A synthetic column may be all missing, or lack the one value that made the real one text.
    """
    raw = pd.read_csv(path)
    if set(raw.columns) != set(reference.columns):
        odd = sorted(set(raw.columns) ^ set(reference.columns))
        sys.exit(f"{path} and the training rows differ in the columns {odd}; they need the same.")
    made = {}
    for name, kind in kinds(reference).items():
        if kind == "number":
            made[name] = pd.to_numeric(raw[name])
        elif kind == "date":
            made[name] = pd.to_datetime(raw[name], format="ISO8601")
        else:
            made[name] = raw[name].astype(str).where(raw[name].notna())
    return pd.DataFrame(made)


def kinds(frame: pd.DataFrame) -> dict[str, Kind]:
    """What each column is."""
    return {str(name): kind_of(column) for name, column in frame.items()}


def kind_of(column: pd.Series) -> Kind:
    """What a column is."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    return "number" if pd.api.types.is_numeric_dtype(column) else "category"


def seconds(column: Any) -> pd.Series:
    """A column of datetimes as float seconds since 1970, NaN where missing."""
    return (column - pd.Timestamp(0)).dt.total_seconds()


def codes(frames: Sequence[pd.DataFrame]) -> tuple[list[np.ndarray], np.ndarray]:
    """Frames of the same columns as float arrays `[rows, columns]` for trees, and a mask.

    Categories become codes, ordered by frequency in all frames together; NaN stays NaN. The mask
    `[columns]` says which columns trees shall take as categories: those of few enough values.
    """
    whole = pd.concat(frames, ignore_index=True)
    columns, mask = [], []
    for name, column in whole.items():
        kind = kinds(frames[0])[str(name)]
        if kind == "category":
            order = column.value_counts().index
            code = pd.Series(np.arange(len(order), dtype=float), index=order)
            columns.append(column.map(code).to_numpy(dtype=float))
            mask.append(len(order) <= MAX_CATEGORIES)
        else:
            column = seconds(column) if kind == "date" else column
            columns.append(column.to_numpy(dtype=float))
            mask.append(False)
    table = np.column_stack(columns)
    ends = np.cumsum([len(frame) for frame in frames])[:-1]
    return np.split(table, ends), np.array(mask)


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write aside, then rename."""
    aside = path.with_suffix(".part")
    frame.to_csv(aside, index=False)
    aside.replace(path)
