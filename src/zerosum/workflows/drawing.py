"""What a model is judged by: samples that are asked for as the reals are that they are held to."""

import torch
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import EvaluationError
from zerosum.games.base import Choice, Inputs
from zerosum.games.translation import TranslationGame
from zerosum.rng import Noise, derive_seed
from zerosum.spaces import Batch
from zerosum.tasks.model import Model
from zerosum.tasks.table import TableModel
from zerosum.workflows.case import Case

_BATCH = 256


def draw_samples(
    model: Model, case: Case, progress: Progress | None
) -> tuple[Tensor, Tensor | None]:
    """As many samples as there are reals, compact, with the labels they were asked for.

    A model that is steered by `label` is asked for the labels of the fresh reals, row by row: so
    both are as far from the reference's labels. One that translates is given what the fresh reals
    were, or would be, made from.

    Raises:
        EvaluationError: some are not finite.
    """
    if isinstance(model, TableModel):
        values = model.values(case.n, seed=case.seed)
        _refuse_infinite(int(values.isinf().any(dim=1).sum()), case.n)
        return values, None
    if isinstance(model.game, TranslationGame):
        inputs = _sources_of_reals(model.game, case)
    else:
        inputs = model.draw(case.n, seed=case.seed)
    control, y = model.controls.get("label"), case.fresh.y
    if isinstance(control, Choice) and y is not None:
        names = [case.space.labels[code] for code in y.tolist()]
        inputs = model.steer(inputs, {"label": names})
    made, bad = [], 0
    for x in model.generate(inputs, batch_size=_BATCH):
        bad += int((~torch.isfinite(x).flatten(1).all(1)).sum())
        made.append(model.space.to_data(x).cpu())
        if progress is not None:
            progress("drawing samples", min(len(made) * _BATCH, case.n), case.n)
    _refuse_infinite(bad, case.n)
    return torch.cat(made), inputs.y


def _sources_of_reals(game: TranslationGame, case: Case) -> Inputs:
    """What the fresh reals are to be made from, on the CPU."""
    noise, pieces = Noise(derive_seed(case.seed, "sources")), []
    for start in range(0, case.n, _BATCH):
        x = game.space.to_model(case.fresh.x[start : start + _BATCH])
        given = None if case.sources is None else case.sources[start : start + _BATCH]
        source = None if given is None else game.source.to_model(given)
        pieces.append(game.sources(Batch(x, None, source), noise))
    return Inputs(torch.cat(pieces))


def _refuse_infinite(bad: int, n: int) -> None:
    if bad:
        raise EvaluationError(
            f"{bad:,} of {n:,} samples hold NaN or infinite values, so there is nothing to "
            "judge. The training has diverged: train again with lower rates, or resume an earlier "
            "checkpoint."
        )
