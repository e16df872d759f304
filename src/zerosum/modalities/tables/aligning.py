"""Which code of one table stands for the same as a code of another, read at another time."""

from collections.abc import Sequence

import torch
from torch import Tensor

from zerosum.modalities.tables.codecs import MIDDLE, CategoryCodec, Codec
from zerosum.modalities.tables.space import TableSpace
from zerosum.networks.masked import MaskedNetwork


def same_codes(old: TableSpace, new: TableSpace) -> list[Tensor] | None:
    """For each code of each column of `new` that of `old`, int64 `[size]`, -1 for new categories.

    A number has the code in which it lies in `old`. None if the columns are others.

    >>> from zerosum.testing import small_dataset
    >>> space = small_dataset("table").space
    >>> [one.tolist() for one in same_codes(space, space)][0]
    [0, 1, 2]
    """
    if [one.name for one in old.codecs] != [one.name for one in new.codecs]:
        return None
    names = [_categories(space) for space in (old, new)]
    found = []
    for before, after in zip(old.codecs, new.codecs, strict=True):
        sides = [known.get(after.name, ()) for known in names]
        if bool(sides[0]) != bool(sides[1]) or before.kind != after.kind:
            return None
        found.append(_same(before, after, *sides))
    return found


@torch.no_grad()
def realigned(new: MaskedNetwork, old: MaskedNetwork, codes: Sequence[Tensor]) -> dict[str, Tensor]:
    """The state of `new`, `[...]` each, with what `old` has learned of the same values.

    What a code is by itself and what its runs say of it is taken together. Codes that are new, and
    how frequent each is, stay as they are in `new`.

    >>> from zerosum.networks.masked import MaskedNetworkConfig
    >>> old, new = (MaskedNetworkConfig(width=4, depth=1).build([2]) for _ in range(2))
    >>> state = realigned(new, old, [torch.tensor([1, 0])])
    >>> bool((state["out"] == old.out.flip(1)).all())
    True

    Args:
        new: a fresh network of the same width and depth.
        old: a network of the same columns, neither with columns that are read through vectors.
        codes: for each column, in the networks' order, what `same_codes` says, int64 `[size]`.
    """
    state = {name: one.clone() for name, one in new.state_dict().items()}
    taken = {name: one.clone() for name, one in old.state_dict().items()}
    for name in ("into", "into_runs", "out", "out_bias", "log_marginals"):
        taken.pop(name, None)
    readings = old.readings()
    for i, own in enumerate(codes):
        mine = torch.nonzero(own >= 0).flatten()
        theirs = own[mine]
        state["into"][new.features[i] + mine] = readings[old.features[i] + theirs]
        state["out"][:, new.heads[i] + mine] = old.out[:, old.heads[i] + theirs]
        state["out_bias"][new.heads[i] + mine] = old.out_bias[old.heads[i] + theirs]
    return state | taken


def _categories(space: TableSpace) -> dict[str, tuple[str, ...]]:
    made = [field for one in space.constraints if one.constructed for field in one.makes]
    made += [field for one in space.calendars for field in one.makes]
    return {field.name: field.categories for field in [*space.modelled, *made]}


def _same(old: Codec, new: Codec, old_names: tuple[str, ...], names: tuple[str, ...]) -> Tensor:
    values = new.decode(torch.arange(new.size) + MIDDLE)
    gone = values.isnan()
    known = torch.ones(new.size, dtype=torch.bool)
    if names:
        place = {name: float(i) for i, name in enumerate(old_names)}
        at = torch.tensor([place.get(name, -1.0) for name in names], dtype=torch.float64)
        values = at[values.nan_to_num(nan=0.0).long()]
        known = values >= 0
        values = values.clamp_min(0)
    codes = old.encode(values.nan_to_num(nan=0.0)).floor().long()
    if names:  # a category that is rare in the old table has no code of its own
        known &= old.decode(codes + MIDDLE) == values
    codes = torch.where(known & ~gone, codes, -1)
    for before, after in ((old.missing, new.missing), (_rare(old), _rare(new))):
        if after is not None:
            codes[after] = -1 if before is None else before
    return codes


def _rare(codec: Codec) -> int | None:
    return codec.rare if isinstance(codec, CategoryCodec) else None
