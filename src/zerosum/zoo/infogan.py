"""InfoGAN: codes that the discriminator can read back come to mean something.

Chen, Duan, Houthooft, Schulman, Sutskever and Abbeel, "InfoGAN: Interpretable Representation
Learning by Information Maximizing Generative Adversarial Nets", NeurIPS 2016, arXiv:1606.03657.

The reader Q shares the discriminator's trunk, so it is part of that player; both players minimise
the term of eq. 5. Continuous codes have a Gaussian of fixed variance, which makes their term a
squared error. Q's logits enter the cross entropy as they are. Networks are DCGAN's at half the
width. To find the classes within minutes there is less plain noise beside the codes (4 numbers, the
paper: 62), the codes weigh more (λ = 5 and .5 for 1 and .1), and the discriminator learns as fast
as the generator.
"""

from collections.abc import Mapping

import torch
from pydantic import NonNegativeFloat
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, leaky_relu, one_hot

from zerosum.config import Size, SizeOrZero
from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.base import Inputs, Terms
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.networks.dcgan import DcganDiscriminatorConfig, DcganGeneratorConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.recipes import Recipe, recipe
from zerosum.rng import Noise
from zerosum.spaces import Space


class InfoganConfig(TwoPlayerConfig):
    """One categorical code, some continuous ones, and `latent_dim` numbers of plain noise.

    Attributes:
        num_categories: values of the categorical code `category`.
        num_codes: continuous codes `code1`, `code2`, … in [-1, 1].
        category_weight: weight of the categorical term (the paper's λ).
        code_weight: weight of the continuous term.
        features: width of the trunk's last layer, which both heads read.
    """

    kind = "infogan"
    latent_dim: Size = 4
    num_categories: Size = 10
    num_codes: SizeOrZero = 2
    category_weight: NonNegativeFloat = 5.0
    code_weight: NonNegativeFloat = 0.5
    features: Size = 128

    def build(self, space: Space) -> "Infogan":
        """The game for `space`."""
        return Infogan(self, space)


class Infogan(TwoPlayer):
    """Latents are `[noise, one-hot category, codes]`."""

    config: InfoganConfig

    @property
    def latent_size(self) -> int:
        """Noise, categories and codes together."""
        config = self.config
        return config.latent_dim + config.num_categories + config.num_codes

    def build_discriminator(self, num_labels: int) -> nn.Module:
        """A trunk with two heads."""
        return InfoDiscriminator(self.config, self.space, num_labels)

    def draw_latents(self, n: int, noise: Noise) -> Tensor:
        """Normal noise, a uniform category, uniform codes."""
        config = self.config
        category = noise.integers(n, high=config.num_categories)
        return torch.cat(
            [
                noise.normal(n, config.latent_dim),
                one_hot(category, config.num_categories).float(),
                2 * noise.uniform(n, config.num_codes) - 1,
            ],
            dim=1,
        )

    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """The controls `category`, `code1`, `code2` and so on."""
        codes = {f"code{i + 1}": RangeControl(-1.0, 1.0) for i in range(self.config.num_codes)}
        names = tuple(str(i) for i in range(self.config.num_categories))
        return {"category": ChoiceControl(names), **codes, **super().controls()}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        """Write the category or one code into the latents."""
        if name == "label":
            return super().control(inputs, name, values)
        config, z = self.config, inputs.z.clone()
        start, stop = config.latent_dim, config.latent_dim + config.num_categories
        if name == "category":
            z[:, start:stop] = one_hot(values, config.num_categories).to(z)
        else:
            z[:, stop + int(name.removeprefix("code")) - 1] = values.to(z)
        return Inputs(z, inputs.y)

    def extra_terms(self, readings: Tensor, inputs: Inputs) -> Terms:
        """How badly Q reads the codes from fakes: eq. 5, up to the constant entropy."""
        config = self.config
        truth = inputs.z[:, config.latent_dim :]
        k = config.num_categories
        category = cross_entropy(readings[:, :k], truth[:, :k])
        terms = {"category": config.category_weight * category}
        if config.num_codes:
            error = 0.5 * (readings[:, k:] - truth[:, k:]).square().sum(1).mean()
            terms["codes"] = config.code_weight * error
        return terms


class InfoDiscriminator(nn.Module):
    """A trunk, a head for the logit, and a head that reads category logits and code means."""

    def __init__(self, config: InfoganConfig, space: Space, num_labels: int) -> None:
        super().__init__()
        self.trunk = config.discriminator.build(
            space, num_outputs=config.features, num_labels=num_labels
        )
        self.head = nn.Linear(config.features, 1, bias=False)
        self.reader = nn.Sequential(
            nn.Linear(config.features, config.features),
            nn.LeakyReLU(0.2),
            nn.Linear(config.features, config.num_categories + config.num_codes),
        )

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """`[B, 1 + num_categories + num_codes]`: the logit, then what is read."""
        features = leaky_relu(self.trunk(x, y), 0.2)
        return torch.cat([self.head(features), self.reader(features)], dim=1)


@recipe(paper="Chen et al. 2016, arXiv:1606.03657", spaces=("image", "point"))
def infogan(space: Space) -> Recipe:
    """Unsupervised codes that come to mean digit, slant or width.

    Steer them when sampling: `where={"category": 3, "code1": -0.8}`.
    """
    images = space.axes == 2
    return Recipe(
        name="infogan",
        game=InfoganConfig(
            generator=DcganGeneratorConfig(width=32) if images else MlpGeneratorConfig(),
            discriminator=DcganDiscriminatorConfig(width=32)
            if images
            else MlpDiscriminatorConfig(),
        ),
        optimisation=Optimisation(
            batch_size=64,
            total_samples=1_500_000,
            optimizers={"generator": Adam(lr=1e-3), "discriminator": Adam(lr=1e-3)},
            averaging=Averaging(half_life=10_000),
        ),
    )
