"""How texts go on: rows with the beginnings of their texts."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import torch
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ConditionError
from zerosum.modalities.strings.frames import texts_of, to_texts
from zerosum.modalities.strings.game import TextGame
from zerosum.modalities.strings.reading.readers import lines_of, read_beginnings
from zerosum.modalities.strings.space import LENGTH, NOTHING, TextSpace
from zerosum.modalities.tables.reading.places import source_of
from zerosum.modalities.tables.record_model import TRIES
from zerosum.modalities.tables.sampling.conditioning import ask, reaching
from zerosum.modalities.tables.sampling.smc import complete
from zerosum.rng import Noise, derive_seed

if TYPE_CHECKING:
    from zerosum.modalities.strings.model import TextModel

_PARTICLES = 64
_AT_ONCE = 64
"""Texts that are made together."""


def continued(
    model: "TextModel", history: Any, n: int, seed: int, progress: Progress | None
) -> tuple[pa.Table, str | None]:
    """Rows with whole texts, and the library that they came from; see `TextModel.continued`.

    Raises:
        ConditionError: a beginning is too long or not known, or what follows repeats others.
        DataError: the rows cannot be read.
    """
    space = model.texts
    if isinstance(history, str | Path) and Path(history).suffix.lower() == ".txt":
        source, library = lines_of(str(history)), None
    else:
        source, library = source_of(history, (*space.order,))
    values, codes = read_beginnings(source, space)
    _require_beginnings(space, codes)
    owner = torch.arange(len(codes)).repeat_interleave(n)
    made = []
    for start in range(0, len(owner), _AT_ONCE):
        some = owner[start : start + _AT_ONCE]
        own = [codes[i] for i in some.tolist()]
        made.append(_ended(model, values[some], own, some, derive_seed(seed, "texts", start)))
        if progress is not None:
            progress("continuing", start + len(some), len(owner))
    return to_texts(space, torch.cat(made)), library


def _require_beginnings(space: TextSpace, codes: list[list[int]]) -> None:
    for i, own in enumerate(codes, start=1):
        if len(own) >= space.longest:
            raise ConditionError(
                f"the text of row {i:,} has {len(own):,} pieces, and texts have at most "
                f"{space.longest:,}. Give a shorter beginning."
            )
        if 0 in own:
            raise ConditionError(
                f"the text of row {i:,} has a character that is not in the training data. Leave "
                "it out."
            )


def _ended(
    model: "TextModel", values: Tensor, codes: list[list[int]], rows: Tensor, seed: int
) -> Tensor:
    """Compact texts `[n, W]` of values `[n, D]`, each of which begins with its codes."""
    space, game = model.texts, model.game
    assert isinstance(game, TextGame)
    before = torch.tensor([len(one) for one in codes])
    prefix = torch.full((len(codes), space.longest), NOTHING)
    for i, one in enumerate(codes):
        prefix[i, : len(one)] = torch.tensor(one)
    noise = Noise(derive_seed(seed, "lengths"))
    attributes = torch.cat([values, _lengths(model, values, before + 1, noise)], dim=1)
    compact = torch.empty(len(codes), space.shape[0] - len(space.attributes.codecs)).double()
    compact = torch.cat([attributes, compact], dim=1)
    bad = torch.arange(len(codes))
    for attempt in range(TRIES):
        chance = Noise(derive_seed(seed, "pieces", attempt)).uniform(len(codes), game.num_chances)
        pieces = game.pieces_of(attributes[bad], chance[bad], prefix[bad])
        compact[bad] = space.with_pieces(attributes[bad], pieces)
        bad = bad[_copies(space, compact[bad], prefix[bad])]
        if not len(bad):
            return compact
    raise ConditionError(
        f"however often the text of row {int(rows[bad[0]]) + 1:,} is ended, it repeats a training "
        "text. Give a shorter beginning, or leave the row out."
    )


def _copies(space: TextSpace, compact: Tensor, prefix: Tensor) -> Tensor:
    """Which texts `[n, W]` repeat a training text; bool `[n]`.

    Where the beginning that was given repeats one itself, what follows it is looked at alone.
    """
    if space.own is None:
        return torch.zeros(len(compact), dtype=torch.bool)
    attributes = space.parts(compact)[0].clone()
    attributes[:, -1] = (prefix != NOTHING).sum(1)
    given = texts_of(space, space.with_pieces(attributes, prefix))
    whole = texts_of(space, compact)
    known = space.own.repeated(given)
    looked = [
        text[len(begin) :] if own else text
        for text, begin, own in zip(whole, given, known, strict=True)
    ]
    return torch.from_numpy(space.own.repeated(looked))


def _lengths(model: "TextModel", values: Tensor, least: Tensor, noise: Noise) -> Tensor:
    """Pieces of texts with values `[n, D]`, at least so many `[n]`; float64 `[n, 1]`."""
    space, game = model.texts.attributes, model.game
    assert isinstance(game, TextGame)
    index = next(i for i, codec in enumerate(space.codecs) if codec.name == LENGTH)
    x = space.to_model(torch.cat([values, least.double()[:, None]], dim=1))
    x[:, index] = torch.nan
    masks = {index: reaching(space.codecs[index], least.double())}
    rows = game.of_attributes().eval()
    question = ask(space, rows.order, model.attributes.pool, {}, given=x, masks=masks)
    made = space.to_data(complete(rows, question, _PARTICLES, noise))[:, -1]
    return torch.maximum(made, least.double())[:, None]
