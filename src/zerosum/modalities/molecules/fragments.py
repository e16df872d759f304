"""Made molecules: a few rings with side groups, for trials and tests.

None of them is from a collection; many are likely to be known to chemists nevertheless.
"""

import random
from typing import TYPE_CHECKING

from zerosum.rng import derive_seed

if TYPE_CHECKING:
    import pyarrow as pa

RINGS = (
    "c1ccc({b})cc1{a}", "c1cc({b})ncc1{a}", "c1cnc({b})nc1{a}", "C1CCN({b})CC1{a}",
    "c1ccc2c(c1)c({b})cn2{a}", "C1COC({b})CN1{a}", "c1csc({b})c1{a}", "c1c({b})occ1{a}",
)  # fmt: skip
"""With the places of two side groups."""

SIDES = (
    "C", "CC", "OC", "C(=O)O", "C(=O)N", "CN", "CCO", "C#N", "CCC", "C(C)C", "CO", "C(=O)OC",
    "CC(=O)N", "CCN(C)C", "CS(C)(=O)=O", "c3ccccc3", "Cc3ccncc3", "C3CC3",
)  # fmt: skip
"""Groups that hang on rings."""

ON_CARBON = ("F", "Cl", "O", "N")
"""Groups of one atom, which hang on carbon alone."""


def make_fragments(n: int, *, seed: int = 0) -> "pa.Table":
    """`n` molecules with the column smiles; some come twice if there are many."""
    import pyarrow as pa

    chance = random.Random(derive_seed(seed, "fragments"))
    made = []
    for _ in range(n):
        ring = chance.choices(RINGS, weights=range(len(RINGS), 0, -1))[0]
        sides = [chance.choice(SIDES if _on_nitrogen(ring, x) else SIDES + ON_CARBON) for x in "ab"]
        made.append(ring.format(a=sides[0], b=sides[1]))
    return pa.table({"smiles": made})


def _on_nitrogen(ring: str, place: str) -> bool:
    before = ring[: ring.index("{" + place)].rstrip("(")
    return before.rstrip("0123456789")[-1] in "nN"
