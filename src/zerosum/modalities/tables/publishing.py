"""What of a table's space goes out with an exported model: no name that is never drawn."""

from collections.abc import Iterable, Sequence

from zerosum.modalities.tables.codecs import CategoryCodec, Codec
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.constraints.groups import FixedCombinations
from zerosum.modalities.tables.fields import CategoryField, Field


def without_withheld(
    fields: Sequence[Field], constraints: Sequence[Constraint], codecs: Sequence[Codec]
) -> tuple[tuple[Field, ...], tuple[Constraint, ...]]:
    """Fields and constraints in which names that too few rows share are numbers.

    The place of each name stays, since codes and constraints count by it.
    """
    drawn: dict[str, set[int]] = {}
    known = {codec.name: codec for codec in codecs if isinstance(codec, CategoryCodec)}
    for name, codec in known.items():
        rare = () if codec.rare_value is None else (codec.rare_value,)
        drawn[name] = {*codec.values, *rare}
    rules = []
    for one in constraints:
        if isinstance(one, FixedCombinations) and one.constructed and one.made in known:
            one = _combinations(one, known[one.made].values)
            for i, name in enumerate(one.names):
                seen = (row[i] for row in one.combinations)
                drawn[name] = {int(value) for value in seen if value is not None}
        rules.append(one)
    return tuple(_named(one, drawn.get(one.name)) for one in fields), tuple(rules)


def _combinations(one: FixedCombinations, kept: Iterable[int]) -> FixedCombinations:
    """With nothing in the place of combinations that are never made."""
    made, nothing = set(kept), (None,) * len(one.names)
    rows = [row if i in made else nothing for i, row in enumerate(one.combinations)]
    return one.having(combinations=rows)


def _named(field: Field, drawn: set[int] | None) -> Field:
    if (
        not isinstance(field, CategoryField)
        or drawn is None
        or drawn >= set(range(len(field.names)))
    ):
        return field
    names = [name if i in drawn else f"(withheld {i})" for i, name in enumerate(field.names)]
    return field.model_copy(update={"names": tuple(names)})
