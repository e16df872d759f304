"""Tables as a modality."""

from collections.abc import Iterator

import torch

from zerosum.data.base import Dataset
from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.features.base import Embedded
from zerosum.modalities.tables import reviews  # noqa: F401  (a reader)
from zerosum.modalities.tables.classes import TableClasses
from zerosum.modalities.tables.codecs import CategoryCodec
from zerosum.modalities.tables.fields import CategoryField, FloatField
from zerosum.modalities.tables.judging.part import table_part
from zerosum.modalities.tables.judging.rows import judge_inputs
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.privacy.private_rows import as_private, private_table, stand_in
from zerosum.modalities.tables.reading.dataset import TableDataset, fit_space
from zerosum.modalities.tables.schema import said_by_schema
from zerosum.modalities.tables.shown import TablePreview, TableWriter
from zerosum.modalities.tables.space import TableSpace, require_table
from zerosum.modality import JudgeKit, Modality, PrivateKit, register
from zerosum.rng import Noise
from zerosum.spaces import Space

_FEW_TRAIN, _FEW_HELD, _FEW_OF_CLASS = 1_000, 200, 50
"""Rows of training, of the holdout, and of a class, below which a report warns."""


def small_table(
    *, dimensions: int = 3, num_labels: int = 0, needs: tuple[str, ...] = ()
) -> Dataset:
    """64 rows without labels: a category that depends on the first number, then the numbers.

    The first number is missing in some.
    """
    values = Noise(0).normal(64, dimensions).double().round(decimals=1)
    category = values[:, :1].clamp(-1, 1).round() + 1
    values[::7, 0] = float("nan")
    fields = [CategoryField(name="class", names=("low", "middle", "high"))]
    fields += [FloatField(name=f"x{i}", places=1) for i in range(values.shape[1])]
    rows = torch.cat([category, values], dim=1)
    return TableDataset(rows, fit_space(fields, rows, least=2), name="small")


def require_target(space: Space, target: str) -> None:
    """The target is a column that a model of tables makes.

    Raises:
        EvaluationError: it is not; the nearest name is suggested.
    """
    assert isinstance(space, TableSpace)
    if target in space.names:
        if len(space.names) == 1:
            raise EvaluationError(
                f"the target {target!r} is the only column that is modelled, so nothing is left to "
                "predict it from. Leave the target out."
            )
        return
    if target in {field.name for field in space.fields}:
        raise EvaluationError(
            f"the target {target!r} is a key or a constant, which nothing predicts. Give one of "
            f"{', '.join(space.names)}."
        )
    raise EvaluationError(f"no column {target!r} to predict.{did_you_mean(target, space.names)}")


def rare_classes(space: Space, target: str) -> Iterator[str]:
    """Which classes of a target are so rare that its scores depend on a few rows."""
    assert isinstance(space, TableSpace)
    for codec in space.codecs:
        if codec.name != target or not isinstance(codec, CategoryCodec):
            continue
        names = space.modelled[space.names.index(target)].categories
        counts = zip(codec.values, codec.counts, strict=False)
        rare = [f"{names[value]} ({times})" for value, times in counts if times < _FEW_OF_CLASS]
        if rare:
            more = f" and {len(rare) - 5} more" if len(rare) > 5 else ""
            yield (
                f"Classes of {target!r} with fewer than {_FEW_OF_CLASS} training rows: "
                f"{', '.join(rare[:5])}{more}. Scores that are a mean over classes depend on these "
                "few rows: another training or another split may change them much."
            )


def too_small(train: int, held: int | None) -> Iterator[str]:
    """What is to be known of a table with few rows."""
    few = [f"{train:,} training rows"] if train < _FEW_TRAIN else []
    few += [f"{held:,} rows of the holdout"] if held is not None and held < _FEW_HELD else []
    if few:
        yield (
            f"This table is too small to trust single figures: {' and '.join(few)}, where "
            f"{_FEW_TRAIN:,} and {_FEW_HELD} are few. Intervals say what other samples of this "
            "model would change. They do not say what another training or another holdout would, "
            "which may be more: believe differences from fresh reals only where they are wide."
        )


register(
    Modality(
        kind="table",
        preview=TablePreview(),
        writer=TableWriter(),
        judge=JudgeKit(
            extractors={"columns": lambda dataset, _: Embedded(dataset.space, name="columns")},
            default="columns",
            parts=table_part,
            warnings=too_small,
            require_target=require_target,
            inputs=judge_inputs,
            target_warnings=rare_classes,
        ),
        model=lambda _game: TableModel,
        small_dataset=small_table,
        shapes=({"dimensions": 1}, {"dimensions": 7}),
        classes=TableClasses(),
        private=PrivateKit(
            unit="row",
            fit=private_table,
            known_again=as_private,
            stand_in=stand_in,
            count=lambda space: require_table(space, network="private training").num_rows,
            neighbours=lambda _space: "one row more or less",
            public="names and kinds of columns, decimals, steps of time, and what the schema says",
            said_by=said_by_schema,
            changes=lambda _space: {"optimisation.optimizers.generator.decay": 0.0},
        ),
    ),
    module=__name__,
)
