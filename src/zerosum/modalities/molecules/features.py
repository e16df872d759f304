"""Features of molecules: neighbourhoods of atoms in fixed random directions, and properties."""

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.features.base import Extractor
from zerosum.modalities.molecules.chemistry import BITS, PROPERTIES, fingerprints, properties
from zerosum.modalities.molecules.space import MoleculeSpace
from zerosum.rng import Noise
from zerosum.spaces import Space

_WIDTH = 64
_USUAL = np.array([(2.5, 1.5), (0.7, 0.15), (310.0, 60.0)])
"""Middle and spread of each property among drug-like molecules."""


class MoleculeFeatures(Extractor):
    """Fingerprints in 64 fixed random directions, properties, and the other columns.

    Args:
        space: what a molecule is.
    """

    name = "fingerprints"

    def __init__(self, space: MoleculeSpace) -> None:
        self._space = space
        self._directions = Noise(0).normal(BITS, _WIDTH)
        coded = space.attributes.embed(torch.zeros(1, len(space.attributes.codecs)))
        self.num_features = _WIDTH + len(PROPERTIES) + coded.shape[1]

    def extract(self, x: Tensor) -> Tensor:
        """Features of compact molecules `[B, W]`."""
        attributes, _ = self._space.parts(x)
        smiles = self._space.templates(x)
        found = torch.from_numpy(np.sqrt(fingerprints(smiles)))
        found = found / found.norm(dim=1, keepdim=True).clamp_min(1)
        told = self._space.attributes.embed(self._space.attributes.to_model(attributes))
        return torch.cat([found @ self._directions, _standard(smiles), told.float()], dim=1)


def looks_of(space: Space, compact: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """What a judge of `refine` sees: fingerprints folded to 256, properties, number of pieces."""
    assert isinstance(space, MoleculeSpace)
    smiles = space.templates(compact)
    folded = fingerprints(smiles).reshape(len(smiles), 4, -1).sum(1)
    lengths = (~space.parts(compact)[1].isnan()).sum(1, keepdim=True).numpy()
    x = np.concatenate([folded, _standard(smiles).numpy(), lengths], axis=1).astype(np.float64)
    return x, np.zeros(x.shape[1], bool)


def _standard(smiles: list[str]) -> Tensor:
    known = np.array([properties(one) for one in smiles]).reshape(len(smiles), len(PROPERTIES))
    scaled = (known - _USUAL[:, 0]) / _USUAL[:, 1]
    return torch.from_numpy(np.nan_to_num(scaled, nan=-5.0)).float()
