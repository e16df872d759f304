"""Molecules with the columns that they go with.

Krenn, Haese, Nigam, Friederich and Aspuru-Guzik, "Self-referencing embedded strings (SELFIES): a
100% robust molecular string representation", Machine Learning: Science and Technology 2020,
arXiv:1905.13741, for what molecules are made of; and a recurrent network, as in Segler, Kogej,
Tyrchan and Waller, "Generating focused molecule libraries for drug discovery with recurrent neural
networks", ACS Central Science 2018, arXiv:1701.01329.

We deviate in that the network is told properties of the molecule and how many pieces are left. An
adversarial phase after it is `zerosum refine`, in which a judge of fingerprints weights samples.
"""

from zerosum.engine.optimisation import AdamW, Averaging, Optimisation
from zerosum.modalities.molecules.space import require_molecules
from zerosum.modalities.strings.likelihood import TextConfig
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space

_BATCH = 64
_EPOCHS = 10
_LEAST_STEPS = 1_000
_DECAY = 200
"""Weights of columns decay by this over the root of the rows, as those of `table` do."""


@recipe(
    paper="after Krenn et al. 2020, arXiv:1905.13741, and Segler et al. 2018, arXiv:1701.01329",
    spaces=("molecule",),
)
def molecules(space: Space) -> Recipe:
    """Molecules, valid by construction, with the properties and the beginning asked for."""
    rows = require_molecules(space, network="molecules").attributes.num_rows
    batch = min(_BATCH, max(rows // 8, 1))
    return Recipe(
        name="molecules",
        game=TextConfig(),
        optimisation=Optimisation(
            batch_size=batch,
            total_samples=max(_EPOCHS * rows, _LEAST_STEPS * batch),
            optimizers={
                "attributes": AdamW(
                    lr=3e-3, beta2=0.95, decay=_DECAY / rows**0.5,
                    schedule=Linear(start=1.0, end=0.0),
                ),
                "generator": AdamW(
                    lr=3e-3, beta2=0.98, decay=0.01, schedule=Linear(start=1.0, end=0.0)
                ),
            },
            averaging=Averaging(half_life=34 * batch),
        ),
    )  # fmt: skip
