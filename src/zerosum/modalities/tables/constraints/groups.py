"""Constraints on columns that belong together: fixed combinations, one-hot groups, unique rows."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor

from zerosum.errors import ConstraintError
from zerosum.modalities.tables.constraints.base import Constraint, Values, fields_of
from zerosum.modalities.tables.fields import CategoryField, Field

_AT_ONCE = 2_000_000
"""Comparisons of rows with combinations that are held in memory."""

_ON = {"true", "yes", "1", "y", "t"}


class FixedCombinations(Constraint):
    """Values that only occur together: `FixedCombinations(["city", "zip"])`.

    By construction: one column with a category for each combination of the training rows.

    Attributes:
        names: the columns.
        allowed: the combinations, where they are not to be taken from the training rows.
        combinations: values of each, most frequent first; None for what is missing.
        made: name of the column of combinations.
    """

    kind = "fixed_combinations"
    positional = ("names", "allowed")
    names: tuple[str, ...]
    allowed: tuple[tuple[str | float | None, ...], ...] = ()
    combinations: tuple[tuple[float | None, ...], ...] = ()
    made: str = ""

    if TYPE_CHECKING:

        def __init__(self, names: Sequence[str], allowed: Sequence[Sequence[Any]] = ()) -> None: ...

    @property
    def columns(self) -> tuple[str, ...]:
        """`names`."""
        return self.names

    @property
    def statement(self) -> str:
        """`city, zip together as in the training rows`."""
        source = "allowed" if self.allowed else "in the training rows"
        return f"{', '.join(self.names)} together as {source}"

    @property
    def changes(self) -> tuple[str, ...]:
        """All."""
        return self.names

    @property
    def makes(self) -> tuple[Field, ...]:
        """A category for each combination."""
        labels = tuple(f"{i}" for i in range(len(self.combinations)))
        return (CategoryField(name=self.made, names=labels),)

    @cached_property
    def _table(self) -> Tensor:
        """Values of each combination, `[C, K]`."""
        rows = [[np.nan if v is None else v for v in row] for row in self.combinations]
        return torch.tensor(rows, dtype=torch.float64).reshape(len(rows), len(self.names))

    def holds(self, values: Values) -> Tensor:
        """Bool `[N]`: whether it is one of the combinations, or a part is missing."""
        missing = torch.stack([values[name].isnan() for name in self.names]).any(dim=0)
        return missing | (self._index(values) < len(self.combinations))

    def fit(self, values: Values, fields: Mapping[str, Field]) -> Self:
        """With the combinations of the rows, or those that are allowed."""
        if len(self.names) < 2 or len(set(self.names)) < len(self.names):
            raise ConstraintError(
                f"combinations of {list(self.names)}. Name two columns or more, each once."
            )
        found = fields_of(self, fields)
        made = ", ".join(self.names)
        while made in fields:
            made += "'"
        rows = torch.stack([values[name] for name in self.names], dim=1)
        known = self._allowed(found) if self.allowed else self._seen(rows)
        return self.having(
            combinations=[[None if np.isnan(v) else v for v in row] for row in known.tolist()],
            made=made, constructed=True,
        )  # fmt: skip

    def forward(self, values: Values) -> Values:
        """The number of the combination; one that is not known has the number after the last."""
        rest = {name: x for name, x in values.items() if name not in self.names}
        return rest | {self.made: self._index(values).double()}

    def backward(self, values: Values) -> Values:
        """The combination's values; missing where it has no number."""
        index = values[self.made]
        rows = self._table[index.nan_to_num().long().clamp(0, len(self._table) - 1)]
        rows[index.isnan()] = torch.nan
        back = dict(zip(self.names, rows.unbind(dim=1), strict=True))
        return {name: x for name, x in values.items() if name != self.made} | back

    def project(self, values: Values) -> Values:
        """The combination that agrees in most columns; of equals in the first, then the commonest.

        A row that agrees with none in any column stays as it is.
        """
        rows = torch.stack([values[name] for name in self.names], dim=1)
        width = len(self.names)
        first = torch.tensor([2.0**-i for i in range(1, width + 1)])
        nearest = []
        for some in rows.split(max(1, _AT_ONCE // max(1, len(self._table) * width))):
            same = (some[:, None] == self._table[None]).float()
            score, at = (same.sum(dim=2) + same @ first).max(dim=1)
            nearest.append(torch.where(score[:, None] > 0, self._table[at], some))
        return dict(zip(self.names, torch.cat(nearest).unbind(dim=1), strict=True))

    def _index(self, values: Values) -> Tensor:
        """Number of each row's combination, int64 `[N]`."""
        columns = [
            torch.cat([self._table[:, i], values[name]]) for i, name in enumerate(self.names)
        ]
        code = torch.from_numpy(_combined(columns))
        count = len(self._table)
        number = torch.full((int(code.max()) + 1,), count)
        number[code[:count]] = torch.arange(count)
        return number[code[count:]]

    def _seen(self, rows: Tensor) -> np.ndarray:
        """Combinations of the rows, most frequent first."""
        _, first, times = np.unique(
            _combined(rows.unbind(dim=1)), return_index=True, return_counts=True
        )
        if len(first) > 1 and (times == 1).sum() > len(rows) / 2:
            raise ConstraintError(
                f"{self.statement}: the columns have {len(first):,} combinations in {len(rows):,} "
                "rows, most of them in one row alone. Nothing is fixed: leave the constraint out."
            )
        order = np.argsort(-times, kind="stable")
        return rows.numpy()[first[order]]

    def _allowed(self, fields: Sequence[Field]) -> np.ndarray:
        """The combinations that a user gave, as values."""
        for row in self.allowed:
            if len(row) != len(fields):
                raise ConstraintError(
                    f"{self.statement}: {list(row)} has {len(row)} values for {len(fields)} "
                    "columns. Give one for each."
                )
        rows = [
            [
                np.nan if v is None else field.value_of(v)
                for v, field in zip(row, fields, strict=True)
            ]
            for row in self.allowed
        ]
        return np.array(rows, float)


class OneHot(Constraint):
    """Exactly one column of a group is on: `OneHot(["is_a", "is_b"])`.

    By construction: one column with a category for each column of the group.

    Attributes:
        names: the columns; numbers 0 and 1, or two categories of which one is called true or yes.
        on: the value of each column that means on.
        commonest: columns of the group by number, the one that is on most often first.
        made: name of the column that says which is on.
    """

    kind = "one_hot"
    positional = ("names",)
    names: tuple[str, ...]
    on: tuple[int, ...] = ()
    commonest: tuple[int, ...] = ()
    made: str = ""

    if TYPE_CHECKING:

        def __init__(self, names: Sequence[str]) -> None: ...

    @property
    def columns(self) -> tuple[str, ...]:
        """`names`."""
        return self.names

    @property
    def statement(self) -> str:
        """`exactly one of is_a, is_b`."""
        return f"exactly one of {', '.join(self.names)}"

    @property
    def changes(self) -> tuple[str, ...]:
        """All."""
        return self.names

    @property
    def makes(self) -> tuple[Field, ...]:
        """A category for each column of the group."""
        return (CategoryField(name=self.made, names=self.names),)

    def holds(self, values: Values) -> Tensor:
        """Bool `[N]`: whether exactly one column is on, or any is missing."""
        rows = self._rows(values)
        return rows.isnan().any(dim=1) | (rows.nan_to_num().sum(dim=1) == 1)

    def fit(self, values: Values, fields: Mapping[str, Field]) -> Self:
        """Constructed where all of the group are missing, or none."""
        if len(self.names) < 2 or len(set(self.names)) < len(self.names):
            raise ConstraintError(
                f"a one-hot group of {list(self.names)}. Name two columns or more, each once."
            )
        found = fields_of(self, fields)
        on = [self._on(field, values[field.name]) for field in found]
        made = ", ".join(self.names)
        while made in fields:
            made += "'"
        one = self.having(on=on, made=made)
        rows = one._rows(values)
        gone = rows.isnan()
        order = rows.nan_to_num().sum(dim=0).argsort(descending=True, stable=True)
        return one.having(
            commonest=order.tolist(), constructed=torch.equal(gone.any(dim=1), gone.all(dim=1))
        )

    def forward(self, values: Values) -> Values:
        """The number of the column that is on; missing where all are."""
        rows = self._rows(values)
        which = rows.nan_to_num().argmax(dim=1).double().masked_fill(rows.isnan()[:, 0], torch.nan)
        return {name: x for name, x in values.items() if name not in self.names} | {
            self.made: which
        }

    def backward(self, values: Values) -> Values:
        """The group, of which one is on."""
        which = values[self.made]
        back = {name: x for name, x in values.items() if name != self.made}
        return back | self._group(which)

    def project(self, values: Values) -> Values:
        """Of those that are on the commonest alone; where none is, the commonest of all."""
        rows = self._rows(values).nan_to_num()
        score = torch.empty(len(self.names), dtype=torch.float64)
        score[list(self.commonest)] = -torch.arange(len(self.names), dtype=torch.float64)
        return self._group((rows * len(self.names) + score).argmax(dim=1).double())

    def _rows(self, values: Values) -> Tensor:
        """1 where a column is on, else 0; NaN where it is missing; `[N, K]`."""
        rows = [
            (values[name] == on).double().masked_fill(values[name].isnan(), torch.nan)
            for name, on in zip(self.names, self.on, strict=True)
        ]
        return torch.stack(rows, dim=1)

    def _group(self, which: Tensor) -> Values:
        return {
            name: torch.where(which == i, on, 1 - on).double().masked_fill(which.isnan(), torch.nan)
            for i, (name, on) in enumerate(zip(self.names, self.on, strict=True))
        }

    def _on(self, field: Field, values: Tensor) -> int:
        if not field.categories and bool((values.isnan() | (values == 0) | (values == 1)).all()):
            return 1
        named = [i for i, name in enumerate(field.categories) if name.lower() in _ON]
        if len(field.categories) == 2 and len(named) == 1:
            return named[0]
        given = ", ".join(field.categories[:5]) or f"numbers such as {float(values.nanmedian()):g}"
        raise ConstraintError(
            f"{self.statement}: column {field.name!r} holds {given}. Each column of a group holds "
            "0 and 1, or two categories of which one is called true, yes, y, t or 1."
        )


class Unique(Constraint):
    """No two rows have the same values in these columns: `Unique(["id", "day"])`.

    Nothing is constructed or moved: of rows that repeat one, all but the first break it, and are
    drawn again. It holds by itself where one of the columns is a key.

    Attributes:
        names: the columns.
        made: those that are not learned: keys, and columns in which all rows are the same.
    """

    kind = "unique"
    positional = ("names",)
    names: tuple[str, ...]
    made: tuple[str, ...] = ()

    if TYPE_CHECKING:

        def __init__(self, names: Sequence[str]) -> None: ...

    @property
    def columns(self) -> tuple[str, ...]:
        """`names` without `made`."""
        return tuple(name for name in self.names if name not in self.made)

    @property
    def statement(self) -> str:
        """`id, day unique`."""
        return f"{', '.join(self.names)} unique"

    def fit(self, values: Values, fields: Mapping[str, Field]) -> Self:
        """Constructed where one of the columns is a key, which is made unique."""
        if not self.names:
            raise ConstraintError("unique without columns. Name one or more.")
        made = [name for name in self.names if name in fields and not fields[name].modelled]
        one = self.having(made=made, constructed=any(fields[name].kind == "key" for name in made))
        fields_of(one, fields)
        return one

    def holds(self, values: Values) -> Tensor:
        """Bool `[N]`: whether no earlier row of `values` is the same, or a part is missing."""
        size = len(next(iter(values.values())))
        if self.constructed:
            return torch.ones(size, dtype=torch.bool)
        columns = [values[name] for name in self.columns]
        if not columns:  # all rows are the same
            return torch.arange(size) == 0
        missing = torch.stack([x.isnan() for x in columns]).any(dim=0)
        _, first = np.unique(_combined(columns), return_index=True)
        ok = missing.clone()
        ok[torch.from_numpy(first)] = True
        return ok


def _combined(columns: Sequence[Tensor]) -> np.ndarray:
    """A number for each different row, int64 `[N]`; what is missing is a value like others."""
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        _, index = np.unique(column.numpy(), return_inverse=True)
        _, code = np.unique(code * (int(index.max(initial=0)) + 1) + index, return_inverse=True)
    return code
