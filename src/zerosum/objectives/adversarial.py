"""Adversarial losses: what each side minimises, given the logits.

All of them take logits `[B]` and return scalars, so a game can swap one for another.
"""

from typing import ClassVar

from torch import Tensor
from torch.nn.functional import relu, softplus

from zerosum.config import Config


class AdversarialLoss(Config):
    """A pair of losses on `real_logits` and `fake_logits`, `[B]` each."""

    pairs_reals: ClassVar[bool] = False
    """Whether the generator's loss looks at reals too."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """The discriminator's terms, to be minimised."""
        raise TypeError(f"{type(self).__name__} must define discriminator()")

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """The generator's loss; `real_logits` is given only where `pairs_reals`."""
        raise TypeError(f"{type(self).__name__} must define generator()")


class Minimax(AdversarialLoss):
    """The zero-sum value: log D(x) + log(1 - D(G(z))).

    Goodfellow et al., "Generative Adversarial Nets", 2014, eq. 1.
    """

    kind = "minimax"

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """-log D(x) and -log(1 - D(G(z)))."""
        return {"real": softplus(-real_logits).mean(), "fake": softplus(fake_logits).mean()}

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """log(1 - D(G(z)))."""
        return -softplus(fake_logits).mean()


class NonSaturating(Minimax):
    """The minimax discriminator; the generator maximises log D(G(z)) instead (section 3)."""

    kind = "non_saturating"

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """-log D(G(z))."""
        return softplus(-fake_logits).mean()


class LeastSquares(AdversarialLoss):
    """Mao et al., "Least Squares Generative Adversarial Networks", 2017, eq. 9 (targets 0, 1)."""

    kind = "least_squares"

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """½(D(x) - 1)² and ½D(G(z))²."""
        return {
            "real": 0.5 * (real_logits - 1).square().mean(),
            "fake": 0.5 * fake_logits.square().mean(),
        }

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """½(D(G(z)) - 1)²."""
        return 0.5 * (fake_logits - 1).square().mean()


class Hinge(AdversarialLoss):
    """Lim and Ye, "Geometric GAN", 2017; Miyato et al., 2018, eqs. 16 and 17."""

    kind = "hinge"

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """max(0, 1 - D(x)) and max(0, 1 + D(G(z)))."""
        return {"real": relu(1 - real_logits).mean(), "fake": relu(1 + fake_logits).mean()}

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """-D(G(z))."""
        return -fake_logits.mean()


class Wasserstein(AdversarialLoss):
    """Arjovsky et al., "Wasserstein GAN", 2017; needs a Lipschitz critic."""

    kind = "wasserstein"

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """-D(x) and D(G(z))."""
        return {"real": -real_logits.mean(), "fake": fake_logits.mean()}

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """-D(G(z))."""
        return -fake_logits.mean()


class RelativisticPaired(AdversarialLoss):
    """A fake is scored against a real it is paired with.

    Jolicoeur-Martineau, "The relativistic discriminator", 2018; Huang et al., 2024, eq. 2.
    """

    kind = "relativistic_paired"
    pairs_reals: ClassVar[bool] = True

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """-log σ(D(x) - D(G(z)))."""
        return {"paired": softplus(fake_logits - real_logits).mean()}

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """-log σ(D(G(z)) - D(x))."""
        if real_logits is None:
            raise TypeError("relativistic_paired needs the logits of reals")
        return softplus(real_logits - fake_logits).mean()
