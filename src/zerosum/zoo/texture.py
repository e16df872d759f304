"""Textures of any size that can be tiled, from one or a few pictures.

Bergmann, Jetchev and Vollgraf, "Learning texture manifolds with the Periodic Spatial GAN", ICML
2017, arXiv:1705.06566: convolutions make a texture of any size from a lattice of noise and of
waves, and a critic judges patches of it beside patches of the pictures.

We deviate in four ways. Layers are convolutions on a torus when samples are made, so textures can
be tiled; while training they make patches that go on beyond their edges, as crops of pictures do.
The directions of the waves are not learned: they are read off the spectrum of the pictures, and
bent by a little so that whole numbers of waves fit a tile. There are no global latents: labels say
which texture is wanted. And the duel is R3GAN's (arXiv:2501.05441), patch by patch.
"""

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.modalities.images.texture_game import TextureConfig
from zerosum.modalities.images.torus import TorusGeneratorConfig, require_texture
from zerosum.networks.patch import PatchDiscriminatorConfig
from zerosum.objectives.adversarial import RelativisticPaired
from zerosum.objectives.penalties import R1, R2
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space


@recipe(paper="after Bergmann et al. 2017, arXiv:1705.06566", spaces=("texture",))
def texture(space: Space) -> Recipe:
    """Textures of any size that can be tiled, from one or a few pictures.

    Pictures in subfolders are different textures, which can be asked for by `label`.
    """
    adam = Adam(lr=1e-3, beta1=0.0, beta2=0.99, schedule=Linear(begin=0.5))
    return Recipe(
        name="texture",
        game=TextureConfig(
            generator=TorusGeneratorConfig(width=16, max_width=64),
            discriminator=PatchDiscriminatorConfig(width=32, depth=2, normalisation="none"),
            adversarial=RelativisticPaired(),
            penalties=(R1(weight=0.002, every=8), R2(weight=0.002, every=8)),
            conditional=bool(require_texture(space).labels),
        ),
        optimisation=Optimisation(
            batch_size=4,
            total_samples=14_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=1_000),
        ),
    )
