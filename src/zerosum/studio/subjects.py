"""What a writer and the rules get to know of an item."""

import csv
from typing import Any

from django.conf import settings

from zerosum.errors import DataError
from zerosum.studio.models import Item
from zerosum.studio.storage import at_hand
from zerosum.studio.writing.subjects import CopySubject


def subject_of(item: Item) -> CopySubject:
    """What is known of an item.

    Of rows, these are the columns and their number. A single row comes with its values, unless it
    is a row of the training data.

    Raises:
        DataError: its file is gone.
    """
    path = at_hand(settings.STUDIO.items / item.file)
    where = item.batch.where.items()
    attributes = {name: str(value) for name, value in where if name != "label"}
    name, label = f"item {item.pk}", item.label or None
    try:
        if item.medium == "picture":
            return CopySubject(name, label, attributes, picture=path.read_bytes())
        with path.open(newline="", encoding="utf-8") as handle:
            reader = csv.reader(handle)
            columns = next(reader, [])
            first, second = next(reader, None), next(reader, None)
    except OSError as error:
        raise DataError(
            f"the file of item {item.pk} cannot be read: {error.strerror or error}."
        ) from error
    row: dict[str, Any] = {}
    if first is not None and second is None and not item.is_copy:
        row = dict(zip(columns, first, strict=False))
    else:
        attributes |= {"rows": str(item.batch.rows), "columns": ", ".join(columns)}
    return CopySubject(name, label, attributes, row)
