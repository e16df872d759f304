"""What an audit asks of a model of texts: who was trained on, and how well it knows canaries.

Yeom, Giacomelli, Fredrikson and Jha, "Privacy risk in machine learning: analyzing the connection
to overfitting", CSF 2018, arXiv:1709.01604, for membership by likelihood; and canaries as in
Carlini et al., 2019, arXiv:1802.08232. Both are asked of the model itself, which tells more than
its samples.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.games.likelihood import LikelihoodGame
from zerosum.modalities.strings.canaries import others_than
from zerosum.modalities.strings.dataset import compact_of
from zerosum.modalities.strings.model import TextModel
from zerosum.modalities.tables.privacy.attack import SyntheticRelease
from zerosum.modalities.tables.privacy.attacks.membership import Membership

_OTHERS = 1_023
_AT_ONCE = 256
_CHANCE = 1 / math.log(2)
"""Bits of exposure of a number that nobody has learned, on average."""


class MembershipByLikelihood(Membership):
    """The likelier a row with its text is for its length, the likelier it was trained on.

    Args:
        model: of texts.
    """

    name: ClassVar[str] = "membership_likelihood"
    title: ClassVar[str] = "Membership by likelihood"
    meaning: ClassVar[str] = (
        "Somebody who has the model itself, and not only its samples, asks of a row with its text "
        "whether it was trained on: yes, if the model finds it likely for its length."
    )
    source: ClassVar[str] = "Yeom et al. 2018, arXiv:1709.01604"

    def __init__(self, model: TextModel) -> None:
        self._model = model

    def score(self, release: SyntheticRelease) -> Callable[[Tensor], Tensor]:
        """From compact texts `[n, W]` to log-likelihoods, nats a piece, `[n]`."""
        return lambda rows: (
            _likelihoods(self._model, rows)
            / (1 + self._model.texts.parts(rows)[1].isfinite().sum(1))
        )


def _likelihoods(model: TextModel, compact: Tensor) -> Tensor:
    """Log-likelihoods of compact texts `[N, W]` with their rows, nats, float64 `[N]`."""
    assert isinstance(model.game, LikelihoodGame)
    found = []
    with torch.no_grad():
        for part in compact.split(_AT_ONCE):
            x = model.space.to_model(part).to(model.device)
            found.append(model.game.log_likelihood(x).double().cpu())
    return torch.cat(found)


def exposures(model: TextModel, train: Tensor) -> Mapping[str, float]:
    """The exposure of each canary that was planted, in bits, by its text.

    With R sentences that differ in the number and the rank r of the canary among them by
    likelihood, it is log2 R - log2 r. The rows are those that the canary was planted with.

    Args:
        model: of texts.
        train: the training data, compact `[N, W]`.
    """
    space = model.texts
    attributes, pieces = space.parts(train)
    found: dict[str, float] = {}
    for canary in space.canaries:
        texts = [canary.text, *others_than(canary.text, _OTHERS)]
        codes = space.vocabulary.encode(texts)
        own = compact_of(space, attributes[:1, :-1], codes[:1])[0, len(space.attributes.names) :]
        rows = (pieces.nan_to_num(-1) == own.nan_to_num(-1)).all(1).nonzero()[:, 0]
        if not len(rows):
            continue
        told = attributes[rows[:1], :-1].expand(len(texts), -1)
        likely = _likelihoods(model, compact_of(space, told, codes))
        rank = 1 + int((likely[1:] > likely[0]).sum())
        found[canary.text] = math.log2(len(texts)) - math.log2(rank)
    return found


def exposure_notes(model: TextModel, found: Mapping[str, float]) -> Iterator[str]:
    """What the exposures say, in a sentence for each number of times that canaries were planted."""
    times = {one.text: one.times for one in model.texts.canaries}
    for many in sorted(set(times.values())):
        own = [bits for text, bits in found.items() if times[text] == many]
        if own:
            yield (
                f"Canaries that stand in {many} training row{'s' * (many > 1)}: exposure "
                f"{sum(own) / len(own):.1f} bits on average, {max(own):.1f} at most. "
                f"{_CHANCE:.1f} says nothing was learned, {math.log2(_OTHERS + 1):.0f} that the "
                "model knows the number by heart."
            )
