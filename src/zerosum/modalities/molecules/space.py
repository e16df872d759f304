"""The space of molecules: texts whose pieces are SELFIES, and whose words are SMILES."""

from functools import cached_property

import torch
from torch import Tensor

from zerosum.errors import RecipeError
from zerosum.faces import verb
from zerosum.modalities.molecules.chemistry import PROPERTIES, properties, smiles_of
from zerosum.modalities.strings.space import TextSpace
from zerosum.rng import Noise
from zerosum.spaces import Space


class MoleculeSpace(TextSpace):
    """Molecules with the columns that they go with.

    Attributes:
        computed: properties that are worked out of each molecule; the model is told them, and what
            comes out is worked out of the molecule that was made.
    """

    kind = "molecule"
    unit = "molecules"
    computed: tuple[str, ...] = ()

    def templates(self, compact: Tensor) -> list[str]:
        """Canonical SMILES of compact molecules `[N, W]`; empty where RDKit takes one for none."""
        return [smiles_of(one) for one in super().templates(compact)]

    @cached_property
    def places(self) -> list[int]:
        """Where computed properties are among the attributes."""
        return [self.attributes.names.index(name) for name in self.computed]

    def worked_out(self, compact: Tensor) -> Tensor:
        """The same molecules `[N, W]` with their own properties in place of those told."""
        wanted = [[*PROPERTIES].index(name) for name in self.computed]
        if not wanted or not len(compact):
            return compact
        found = torch.tensor(
            [properties(one) for one in self.templates(compact)], dtype=torch.float64
        )
        made = compact.clone()
        made[:, self.places] = found[:, wanted]
        return made

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """`[n, W]`: columns are drawn one by one, and pieces in any order, as often as in reals."""
        return self.worked_out(super().independent(real, n, noise))


def require_molecules(space: Space, *, network: str) -> MoleculeSpace:
    """`space`, known to hold molecules.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, MoleculeSpace):
        raise RecipeError(
            f"{network} takes molecules, and the data is of kind {space.kind!r}. Take a recipe "
            f"that lists {space.kind!r} under {verb('recipes')}."
        )
    return space
