"""The space of table rows: fields, constraints and codes, and the way between them.

In compact form a row is its values, float64 `[N, D]` with NaN for what is missing, one column for
each field that is modelled. Networks see *code + place* of each coded column, float32 `[N, C]`;
where constraints change columns, C may differ from D.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from pydantic import Field as Limits
from pydantic import model_validator
from torch import Tensor

from zerosum.errors import ConfigError, RecipeError, did_you_mean
from zerosum.modalities.tables.arrow import functions
from zerosum.modalities.tables.calendars import (
    Calendar,
    backward_calendars,
    forward_calendars,
)
from zerosum.modalities.tables.codecs import CategoryCodec, Codec, NumberCodec
from zerosum.modalities.tables.constraints import kinds as constraint_kinds  # noqa: F401  (a space in JSON names them)
from zerosum.modalities.tables.constraints.base import (
    Constraint,
    Values,
    backward_all,
    construct,
    forward_all,
)
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.identifiers.fields import PatternField, PersonField  # noqa: F401  (JSON names them)
from zerosum.modalities.tables.unmodelled_fields import TextField, UnlearnedField
from zerosum.spaces import Space

EMBEDDED_CATEGORIES = 20

_UNFIT = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError)
"""What parts of a space raise that do not fit each other; arrow's errors are among them."""


class TableSpace(Space):
    """Rows of a table.

    Attributes:
        fields: every column of the user's table, in its order.
        constraints: what holds in every row.
        calendars: the moments in whose place parts of them are coded, after the constraints.
        codecs: the columns that networks see.
        num_rows: training rows.
    """

    kind = "table"
    unit = "rows"
    discrete = True
    holds_records = True
    fields: tuple[Field, ...]
    constraints: tuple[Constraint, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    codecs: tuple[Codec, ...] = Limits(min_length=1)
    num_rows: int = Limits(ge=1, le=2**53)

    @model_validator(mode="after")
    def _parts_fit(self) -> "TableSpace":
        """The parts are those of one table: a stranger may have written them."""
        # Copies, since what is worked out once is kept, and parts would not equal parsed ones then.
        parts = {
            name: tuple(one.model_copy() for one in getattr(self, name))
            for name in ("codecs", "constraints", "calendars")
        }
        try:
            with np.errstate(invalid="raise", over="raise"):
                space = self.model_copy(update=parts)
                space._require_names()
                space._require_categories()
                space._try()
        except _UNFIT as error:
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise ConfigError(
                f"fields, constraints and codes of the table do not fit each other ({reason})."
            ) from error
        return self

    def _require_names(self) -> None:
        names = [field.name for field in self.fields]
        if len(set(names)) < len(names):
            raise ConfigError("two fields of the table have the same name. Give each its own.")
        known, coded = set(self.names), list(self.names)
        for one in self.constraints:
            strange = [name for name in one.columns if name not in known]
            if strange:
                raise ConfigError(f"{one.statement}: the table has no column {strange[0]!r}.")
            if one.constructed:
                made = [field.name for field in one.makes]
                coded = [name for name in coded if name not in one.changes]
                coded += [name for name in made if name not in coded]
        for one in self.calendars:
            if one.of not in self.fields or not set(one.needs) <= set(coded):
                raise ConfigError(f"the calendar of {one.name!r} is of no column to be coded.")
        parts = {one.name: one.made for one in self.calendars}
        coded = [made for name in coded for made in parts.get(name, (name,))]
        given = [codec.name for codec in self.codecs]
        if given != coded:
            raise ConfigError(
                f"there are codes of {_listed(given)}, and the table has the columns "
                f"{_listed(coded)} to be coded."
            )

    def _require_categories(self) -> None:
        made = [field for one in self.constraints if one.constructed for field in one.makes]
        made += [field for one in self.calendars for field in one.makes]
        fields = {field.name: field for field in [*self.modelled, *made]}
        for codec in self.codecs:
            names = fields[codec.name].categories
            if not isinstance(codec, CategoryCodec):
                if names and isinstance(codec, NumberCodec):
                    raise ConfigError(f"{codec.name!r} has categories, and its codes are numbers.")
                continue
            if max([*codec.values, codec.rare_value or 0]) >= max(len(names), 1):
                raise ConfigError(
                    f"the codes of {codec.name!r} stand for more categories than its field names, "
                    f"{len(names)}."
                )

    def _try(self) -> None:
        """Make two rows of the first and last codes, and every number that is a code's end."""
        ends = [[0.0, codec.size - 1 + 0.5] for codec in self.codecs]
        values = self.to_data(torch.tensor(ends).T)
        self.to_model(values)
        columns = self.columns(values)
        knots = {
            codec.name: [min(map(min, codec.knots)), max(map(max, codec.knots))]
            for codec in self.codecs
            if isinstance(codec, NumberCodec) and codec.knots
        }
        for field in self.fields:
            if isinstance(field, TextField):
                continue
            if isinstance(field, UnlearnedField):
                made = field.make(1)
            else:
                more = [*knots.get(field.name, ()), np.nan]
                made = field.to_arrow(np.append(columns[field.name].numpy(), more))
            if getattr(made.type, "tz", None):
                functions().local_timestamp(made)

    @property
    def shape(self) -> tuple[int]:
        """`(coded columns,)`."""
        return (len(self.codecs),)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of codes of each coded column."""
        return tuple(codec.size for codec in self.codecs)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the modelled fields: the columns of the compact form."""
        return tuple(field.name for field in self.fields if field.modelled)

    @cached_property
    def modelled(self) -> tuple[Field, ...]:
        """The modelled fields, in the order of `names`."""
        return tuple(field for field in self.fields if field.modelled)

    def packed(self, count: int) -> "TableSpace":
        """Rows side by side have no space of their own.

        Raises:
            ConfigError: always.
        """
        raise ConfigError("rows of a table are not packed by their space; set game.pack=1.")

    def to_model(self, compact: Tensor) -> Tensor:
        """Code + place, float32 `[N, C]`, of values `[N, D]`."""
        columns = self.coded(self.columns(compact))
        return torch.stack([codec.encode(columns[codec.name]) for codec in self.codecs], dim=1)

    def to_data(self, x: Tensor) -> Tensor:
        """Values, float64 `[N, D]`, of code + place `[N, C]`; see `backward_all` on constraints."""
        return self.compact(backward_all(self.constraints, self._decoded(x)))

    def to_data_as_is(self, x: Tensor) -> Tensor:
        """As `to_data`, `[N, C]` to `[N, D]`, but no row is moved to obey a constraint."""
        return self.compact(construct(self.constraints, self._decoded(x)))

    def coded(self, columns: Values) -> Values:
        """The columns that are coded, float64 `[N]` each, of the table's modelled columns."""
        return forward_calendars(self.calendars, forward_all(self.constraints, columns))

    def _decoded(self, x: Tensor) -> Values:
        coded = x.cpu()
        parts = {codec.name: codec.decode(coded[:, i]) for i, codec in enumerate(self.codecs)}
        return backward_calendars(self.calendars, parts)

    def columns(self, compact: Tensor) -> Values:
        """The columns of values `[N, D]`, by name."""
        return dict(zip(self.names, compact.cpu().unbind(dim=1), strict=True))

    def compact(self, columns: Values) -> Tensor:
        """Values `[N, D]` of columns by name."""
        return torch.stack([columns[name] for name in self.names], dim=1)

    def embed(self, x: Tensor) -> Tensor:
        """Features `[N, F]` of code + place `[N, C]` in which distances make sense.

        Numbers are their rank in the data, centred and of variance 1, with a mark where they are
        missing. Categories are a mark for each of the 20 most frequent; two rows that differ in one
        are as far apart as two in a number of middling rank, on average.
        """
        parts = [
            part
            for i, codec in enumerate(self.codecs)
            for part in self._embedded(codec, x[:, i].float())
        ]
        return torch.stack(parts, dim=1)

    @property
    def published(self) -> "TableSpace":
        """See `Space.published`: names that too few rows share are numbers."""
        from zerosum.modalities.tables.publishing import without_withheld

        fields, constraints = without_withheld(self.fields, self.constraints, self.codecs)
        return self.model_copy(update={"fields": fields, "constraints": constraints})

    def mismatch(self, other: Space, what: str) -> str | None:
        """See `Space.mismatch`: columns must agree in name and order, and in their categories."""
        if not isinstance(other, TableSpace):
            return super().mismatch(other, what)
        columns = f"Give reals with the columns of the training data: {', '.join(self.names)}."
        absent = [name for name in self.names if name not in other.names]
        extra = [name for name in other.names if name not in self.names]
        if absent:
            near = did_you_mean(absent[0], other.names)
            return (
                f"{what} has no column {absent[0]!r} to compare, and the model makes one.{near} "
                f"{columns}"
            )
        if extra:
            return (
                f"{what} has columns that the model lacks: {', '.join(map(repr, extra[:5]))}. "
                f"{columns}"
            )
        if self.names != other.names:
            return f"{what} has its columns in another order. {columns}"
        for mine, theirs in zip(self.modelled, other.modelled, strict=True):
            if (mine.kind, mine.categories) != (theirs.kind, theirs.categories):
                return (
                    f"{what} was read with other values of {mine.name!r} than the training data. "
                    "Give its file, so that it is read with the run's fields."
                )
        return None

    def _embedded(self, codec: Codec, x: Tensor) -> Sequence[Tensor]:
        code = x.floor().long().clamp(0, codec.size - 1)
        if isinstance(codec, NumberCodec):
            rank = ranks(codec).to(x)
            width = shares(codec).to(x)
            value = (rank[code] + (x - code - 0.5) * width[code] - 0.5) * 12**0.5
            if codec.missing is None:
                return [value]
            gone = code == codec.missing
            return [torch.where(gone, 0.0, value), gone.float()]
        marks = min(codec.size, EMBEDDED_CATEGORIES)
        common = torch.tensor(codec.counts).argsort(descending=True, stable=True)[:marks]
        return [(code == one).float() for one in common.tolist()]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (", …" if len(names) > 5 else "")


def shares(codec: NumberCodec) -> Tensor:
    """Share of the known rows in each code, `[size]`.

    >>> shares(NumberCodec(name="a", knots=((0.0,), (0.5, 1.0)), counts=(3, 1)))
    tensor([0.7500, 0.2500])
    """
    counts = torch.tensor(codec.counts, dtype=torch.float64)
    if codec.missing is not None:
        counts[codec.missing] = 0
    return (counts / counts.sum().clamp_min(1)).float()


def ranks(codec: NumberCodec) -> Tensor:
    """Mean rank of the rows in each code, 0 to 1, `[size]`.

    >>> ranks(NumberCodec(name="a", knots=((0.0,), (0.5, 1.0)), counts=(3, 1)))
    tensor([0.3750, 0.8750])
    """
    own = shares(codec).double()
    return (own.cumsum(0) - own / 2).float()


def require_table(space: Space, *, network: str) -> TableSpace:
    """`space`, known to hold rows of a table.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, TableSpace):
        raise RecipeError(
            f"{network} takes tables, and the data is of kind {space.kind!r}. Take a recipe that "
            f"lists {space.kind!r} under `zerosum recipes`."
        )
    return space
