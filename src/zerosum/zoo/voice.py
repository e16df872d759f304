"""Voices converted into others, without pairs, after their pitch and throat were moved.

Kaneko, Kameoka, Tanaka and Hojo, "StarGAN-VC2: Rethinking conditional methods for StarGAN-based
voice conversion", Interspeech 2019, arXiv:1907.12279: one generator for all speakers, who are named
twice, as who speaks and who is to speak; adversarial, cycle and identity losses.

We deviate in what the generator begins from. Levels are moved first, by a matrix that follows from
the pitch and the mean levels of both speakers (see `modalities.speech.warping`), and it says how
these are to change, as little as it can. What is translated is moved as a wave (see
`modalities.speech.grains`). So words survive a training of minutes. Levels are mel
levels, and waves are made of them by Griffin-Lim, or by a run of `vocoder`.
"""

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.modalities.speech.voice_game import VoiceConversionConfig
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space


@recipe(paper="after Kaneko et al. 2019, arXiv:1907.12279", spaces=("voices",), needs=("labels",))
def voice(space: Space) -> Recipe:
    """Converts the voice of one speaker who agreed into that of another, without pairs.

    The data is a folder of recordings for each speaker, with a file of their consent.
    """
    return Recipe(
        name="voice",
        game=VoiceConversionConfig(),
        optimisation=Optimisation(
            batch_size=8,
            total_samples=24_000,
            optimizers={
                "generator": Adam(lr=5e-4, schedule=Linear(begin=0.5)),
                "discriminator": Adam(lr=2e-4, schedule=Linear(begin=0.5)),
            },
            averaging=Averaging(half_life=1_000),
        ),
    )
