"""Adversarial losses: what each side minimises, given the logits.

All of them take logits `[B]` and return scalars, so a game can swap one for another.
"""

from typing import ClassVar

from torch import Tensor
from torch.nn.functional import relu, softplus

from zerosum.config import Config


class AdversarialLoss(Config):
    """A pair of losses on `real_logits` and `fake_logits`, `[B]` each.

    Logits may have any value. Every loss is a mean over the batch, a scalar.
    """

    pairs_reals: ClassVar[bool] = False
    """Whether the generator's loss looks at reals too."""

    boundary: ClassVar[float | None] = None
    """The logit at which the discriminator is undecided; None if the loss fixes no such logit."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """The discriminator's terms, to be minimised.

        Args:
            real_logits: of real samples, `[B]`.
            fake_logits: of generated samples, `[B]`.

        Returns:
            Scalars by name; the discriminator minimises their sum.
        """
        raise TypeError(f"{type(self).__name__} must define discriminator()")

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """The generator's loss, to be minimised.

        Args:
            real_logits: of real samples, `[B]`; None unless `pairs_reals`.
            fake_logits: of generated samples, `[B]`.

        Returns:
            A scalar.
        """
        raise TypeError(f"{type(self).__name__} must define generator()")

    def sign_statistic(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Karras et al.'s r_t (2020, eq. 1), from -1 to 1: the share of reals taken for real.

        The mean sign of `real_logits`, counted from `boundary`. A loss of differences leaves
        the logits' common offset free, so that zero means nothing; there they are counted from the
        middle between the mean real and the mean fake. That too is 0 for a discriminator that
        cannot tell reals from fakes, and 1 for one that puts every real above that middle.

        Args:
            real_logits: of real samples, `[B]`.
            fake_logits: of generated samples, `[B]`.

        Returns:
            A scalar in [-1, 1].

        >>> import torch
        >>> Wasserstein().sign_statistic(torch.tensor([5.0, 9.0]), torch.tensor([4.0, 4.0])).item()
        0.0
        """
        boundary = self.boundary
        if boundary is None:
            return (real_logits - (real_logits.mean() + fake_logits.mean()) / 2).sign().mean()
        return (real_logits - boundary).sign().mean()


class Minimax(AdversarialLoss):
    """The zero-sum value: log D(x) + log(1 - D(G(z))), D(x) being the sigmoid of the logit.

    Goodfellow et al., "Generative Adversarial Nets", 2014, eq. 1.

    >>> from torch import tensor
    >>> terms = Minimax().discriminator(tensor([0.0]), tensor([0.0]))
    >>> {name: round(term.item(), 4) for name, term in terms.items()}
    {'real': 0.6931, 'fake': 0.6931}
    """

    kind = "minimax"
    boundary: ClassVar[float | None] = 0.0

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """-log D(x) and -log(1 - D(G(z))) of logits `[B]`, two scalars."""
        return {"real": softplus(-real_logits).mean(), "fake": softplus(fake_logits).mean()}

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """log(1 - D(G(z))) of `fake_logits` `[B]`, a scalar."""
        return -softplus(fake_logits).mean()


class NonSaturating(Minimax):
    """The minimax discriminator; the generator maximises log D(G(z)) instead (section 3).

    >>> from torch import tensor
    >>> round(NonSaturating().generator(None, tensor([0.0, 0.0])).item(), 4)
    0.6931
    """

    kind = "non_saturating"

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """-log D(G(z)) of `fake_logits` `[B]`, a scalar."""
        return softplus(-fake_logits).mean()


class LeastSquares(AdversarialLoss):
    """Mao et al., "Least Squares Generative Adversarial Networks", 2017, eq. 9 (targets 0, 1).

    >>> from torch import tensor
    >>> LeastSquares().generator(None, tensor([3.0])).item()
    2.0
    """

    kind = "least_squares"
    boundary: ClassVar[float | None] = 0.5

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """½(D(x) - 1)² and ½D(G(z))² of logits `[B]`, two scalars."""
        return {
            "real": 0.5 * (real_logits - 1).square().mean(),
            "fake": 0.5 * fake_logits.square().mean(),
        }

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """½(D(G(z)) - 1)² of `fake_logits` `[B]`, a scalar."""
        return 0.5 * (fake_logits - 1).square().mean()


class Hinge(AdversarialLoss):
    """Lim and Ye, "Geometric GAN", 2017; Miyato et al., 2018, eqs. 16 and 17.

    >>> from torch import tensor
    >>> terms = Hinge().discriminator(tensor([2.0, 0.5]), tensor([-3.0, 1.0]))
    >>> {name: term.item() for name, term in terms.items()}
    {'real': 0.25, 'fake': 1.0}
    """

    kind = "hinge"
    boundary: ClassVar[float | None] = 0.0

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """max(0, 1 - D(x)) and max(0, 1 + D(G(z))) of logits `[B]`, two scalars."""
        return {"real": relu(1 - real_logits).mean(), "fake": relu(1 + fake_logits).mean()}

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """-D(G(z)) of `fake_logits` `[B]`, a scalar."""
        return -fake_logits.mean()


class Wasserstein(AdversarialLoss):
    """Arjovsky et al., "Wasserstein GAN", 2017; needs a Lipschitz critic.

    >>> from torch import tensor
    >>> terms = Wasserstein().discriminator(tensor([2.0, 4.0]), tensor([1.0, -1.0]))
    >>> {name: term.item() for name, term in terms.items()}
    {'real': -3.0, 'fake': 0.0}
    """

    kind = "wasserstein"

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """-D(x) and D(G(z)) of logits `[B]`, two scalars."""
        return {"real": -real_logits.mean(), "fake": fake_logits.mean()}

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """-D(G(z)) of `fake_logits` `[B]`, a scalar."""
        return -fake_logits.mean()


class RelativisticPaired(AdversarialLoss):
    """A fake is scored against the real that it is paired with.

    Jolicoeur-Martineau, "The relativistic discriminator", 2018; Huang et al., 2024, eq. 2.

    >>> from torch import tensor
    >>> round(RelativisticPaired().generator(tensor([1.0]), tensor([1.0])).item(), 4)
    0.6931
    """

    kind = "relativistic_paired"
    pairs_reals: ClassVar[bool] = True

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """-log σ(D(x) - D(G(z))) of logits `[B]`, pair by pair, a scalar."""
        return {"paired": softplus(fake_logits - real_logits).mean()}

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """-log σ(D(G(z)) - D(x)) of logits `[B]`, pair by pair, a scalar.

        Raises:
            TypeError: `real_logits` is not given.
        """
        if real_logits is None:
            raise TypeError("relativistic_paired needs the logits of reals")
        return softplus(real_logits - fake_logits).mean()
