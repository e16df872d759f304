"""What editors know of `train`, `resume` and `load`: which recipe trains which kind of model.

Names of recipes and options are written out, since editors run no code. Tests hold the names to
the catalogue, and the options to `zerosum.api.train`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

from zerosum.engine.choose import Auto
from zerosum.engine.execution import Layout, Precision
from zerosum.models.model import Model
from zerosum.recipe_registry import Capacity
from zerosum.referee.guard import Guard
from zerosum.runs.store import Run

TableRecipe = Literal["table", "table_gan"]
"""Recipes whose models are a `TableModel`."""

SequenceRecipe = Literal["sequences"]
"""Recipes whose models are a `SequenceModel`."""
DatabaseRecipe = Literal["relational"]
"""Recipes whose models are a `RelationalModel`."""

StyledRecipe = Literal["stylegan"]
"""Recipes whose models are a `StyledModel`."""

TranslationRecipe = Literal["colorize", "cyclegan", "inpaint", "pix2pix", "sketch", "upscale"]
"""Recipes whose models are a `TranslationModel`."""

TextRecipe = Literal["text"]
"""Recipes whose models are a `TextModel`."""

MoleculeRecipe = Literal["molecules"]
"""Recipes whose models are a `MoleculeModel`."""

LevelRecipe = Literal["levels"]
"""Recipes whose models are a `LevelModel`."""

SoundRecipe = Literal["sound"]
"""Recipes whose models are a `SoundModel`."""

VocoderRecipe = Literal["vocoder"]
"""Recipes whose models are a `VocoderModel`."""

VoiceRecipe = Literal["voice"]
"""Recipes whose models are a `VoiceModel`."""

TextureRecipe = Literal["texture"]
"""Recipes whose models are a `TextureModel`."""

CaptionRecipe = Literal["text2image"]
"""Recipes whose models are a `CaptionModel`."""

PlainRecipe = Literal[
    "anomaly", "cgan", "dcgan", "few", "infogan", "music", "r3gan", "series", "series_gan",
    "vanilla", "video", "wgan_gp"
]  # fmt: skip
"""Recipes whose models are a `Model` and no more."""


class TrainOptions(TypedDict, total=False):
    """The keyword arguments of `zerosum.api.train`, which says what each means."""

    out: Path | str | None
    root: Path | str
    minutes: float | None
    samples: int | None
    seed: int
    capacity: Capacity
    set: Mapping[str, Any] | None
    size: int | tuple[int, int] | None
    fit: str | None
    channels: int | None
    labels: str | None
    mirror: bool
    skip_bad: bool
    limit: int | None
    schema: Any
    drop: Sequence[str] | None
    constraints: Any
    protect: int | None
    missing: Sequence[str] | None
    holdout: float | None
    options: Mapping[str, Any] | None
    from_run: Model | Run | Path | str | None
    freeze: int
    device: str
    precision: Precision | Auto
    layout: Layout | Auto
    compile: bool | Auto
    threads: int | Auto
    referee: Guard
    epsilon: float | None
    delta: float | None
    show_reals: bool
    tensorboard: Path | str | None
    quiet: bool


class ResumeOptions(TypedDict, total=False):
    """The keyword arguments of `zerosum.api.resume` but `recipe`."""

    data: Any
    minutes: float | None
    samples: int | None
    device: str | None
    code: Path | str | None
    referee: Guard | None
    tensorboard: Path | str | None
    quiet: bool


class LoadOptions(TypedDict, total=False):
    """The keyword arguments of `zerosum.api.load` but `recipe`."""

    device: str
    step: int | None
    code: Path | str | None


class SchemaOptions(TypedDict, total=False):
    """The keyword arguments of `zerosum.api.schema`."""

    schema: Any
    drop: Sequence[str]
    missing: Sequence[str]
    options: Mapping[str, Any] | None
