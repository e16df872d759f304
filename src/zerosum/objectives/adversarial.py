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

    boundary: ClassVar[float | None] = None
    """The logit at which the discriminator is undecided; None where the loss fixes none."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """The discriminator's terms, to be minimised."""
        raise TypeError(f"{type(self).__name__} must define discriminator()")

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """The generator's loss; `real_logits` is given only where `pairs_reals`."""
        raise TypeError(f"{type(self).__name__} must define generator()")

    def sign_statistic(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Karras et al.'s r_t (2020, eq. 1), from -1 to 1: the share of reals taken for real.

        The mean sign of `real_logits` `[B]`, counted from `boundary`. A loss of differences leaves
        the logits' common offset free, so that zero means nothing; there they are counted from the
        middle between the mean real and the mean fake. That too is 0 for a discriminator that
        cannot tell, and 1 for one that holds every real above what lies between the two.

        >>> import torch
        >>> Wasserstein().sign_statistic(torch.tensor([5.0, 9.0]), torch.tensor([4.0, 4.0])).item()
        0.0
        """
        boundary = self.boundary
        if boundary is None:
            return (real_logits - (real_logits.mean() + fake_logits.mean()) / 2).sign().mean()
        return (real_logits - boundary).sign().mean()


class Minimax(AdversarialLoss):
    """The zero-sum value: log D(x) + log(1 - D(G(z))).

    Goodfellow et al., "Generative Adversarial Nets", 2014, eq. 1.
    """

    kind = "minimax"
    boundary: ClassVar[float | None] = 0.0

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
    boundary: ClassVar[float | None] = 0.5

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
    boundary: ClassVar[float | None] = 0.0

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
