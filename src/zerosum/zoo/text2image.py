"""Images from captions of a small world.

Reed et al., "Generative adversarial text to image synthesis", ICML 2016, arXiv:1605.05396: a
generator is told what a caption says, and a discriminator sees images beside right and wrong
captions.

We deviate in that encoders of captions are learned along, one for each player and from nothing but
the data; in that all other captions of a batch are wrong ones, in one softmax (Zhang et al., CVPR
2021, arXiv:2101.04702), which the generator is to please too; and in the duel, which is R3GAN's
(arXiv:2501.05441), between DCGAN's networks. It is no open-world model: it knows the words of its
training data and no others.
"""

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.modalities.images.caption_game import CaptionGameConfig
from zerosum.networks.dcgan import DcganDiscriminatorConfig, DcganGeneratorConfig
from zerosum.objectives.adversarial import RelativisticPaired
from zerosum.objectives.penalties import R1, R2
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space


@recipe(paper="after Reed et al. 2016, arXiv:1605.05396", spaces=("captioned",))
def text2image(space: Space) -> Recipe:
    """Images from captions, in the words of the training data.

    The data is a folder of images with a table of captions.
    """
    adam = Adam(lr=2e-3, beta1=0.0, beta2=0.99, schedule=Linear(begin=0.5))
    return Recipe(
        name="text2image",
        game=CaptionGameConfig(
            latent_dim=32,
            generator=DcganGeneratorConfig(width=32),
            discriminator=DcganDiscriminatorConfig(width=32, normalisation="none"),
            adversarial=RelativisticPaired(),
            penalties=(R1(weight=0.1, every=8), R2(weight=0.1, every=8)),
        ),
        optimisation=Optimisation(
            batch_size=16,
            total_samples=300_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=10_000),
        ),
    )
