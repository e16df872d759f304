"""A few rows are drawn as they are written, many as dots."""

import pandas as pd
import torch

from zerosum.modalities.tables.shown import TablePreview
from zerosum.workflows.data import open_data


def test_a_few_rows_are_drawn_as_rows() -> None:
    frame = pd.DataFrame({"city": ["Oslo", "Rome"] * 20, "age": range(40), "pay": [2.5] * 40})
    data = open_data(frame)[0]
    rows = data.take(torch.arange(40))[0]
    five, six, many = (TablePreview().draw(data.space, rows[:n]) for n in (5, 6, 40))
    assert six.height > five.height  # a line for each row
    assert many.size == TablePreview().draw(data.space, rows[:30]).size  # dots
    swapped = rows[:5].clone()
    swapped[[0, 1]] = swapped[[1, 0]]
    assert TablePreview().draw(data.space, swapped).tobytes() != five.tobytes()
    beside = TablePreview().draw(data.space, rows[:5], real=rows)
    assert beside.size == many.size


def test_columns_that_have_no_place_are_counted() -> None:
    wide = pd.DataFrame({f"a long name of column {i}": [1.0, 2.0, None, 4.0] for i in range(9)})
    data = open_data(wide)[0]
    picture = TablePreview().draw(data.space, data.take(torch.arange(4))[0])
    assert picture.width < 1_200
