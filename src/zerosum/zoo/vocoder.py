"""A vocoder: speech from mel levels, by ConvNeXt blocks and an inverse Fourier transform.

Siuzdak, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders for
high-quality audio synthesis", ICLR 2024, arXiv:2306.00814; judged as in HiFi-GAN (Kong, Kim and
Bae, NeurIPS 2020, arXiv:2010.05646), by periods, and as in DAC (Kumar et al., NeurIPS 2023,
arXiv:2306.06546), by bands of spectra.

We deviate in the order. For the first three quarters of the budget there is no discriminator: the
generator learns from the distance of mel levels at five lengths of frames alone. Networks are far
narrower, for a CPU, and discriminators hear half of a batch. The generator begins from what some
iterations of Griffin-Lim find (see `networks.vocos`).
"""

from zerosum.engine.optimisation import AdamW, Averaging, Optimisation
from zerosum.modalities.speech.vocoder_game import VocoderConfig
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Cosine
from zerosum.spaces import Space


@recipe(
    paper="Siuzdak 2023, arXiv:2306.00814, and Kong et al. 2020, arXiv:2010.05646",
    spaces=("speech",),
)
def vocoder(space: Space) -> Recipe:
    """Speech from mel levels, of any length: trained by spectra first, then by discriminators.

    The data is a folder of recordings of any length; half an hour is a beginning.
    """
    slow = Cosine(end=0.05)
    return Recipe(
        name="vocoder",
        game=VocoderConfig(),
        optimisation=Optimisation(
            batch_size=8,
            total_samples=48_000,
            optimizers={
                "generator": AdamW(lr=1e-3, beta1=0.8, beta2=0.9, schedule=slow),
                "discriminator": AdamW(lr=5e-4, beta1=0.8, beta2=0.9),
            },
            averaging=Averaging(half_life=1_000),
        ),
    )
