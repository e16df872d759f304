"""The form of what a referee leaves in checkpoints, which may be a stranger's."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from zerosum.runs.forms import Count, Form, Name

Numbers = dict[str, float]


class _Loose(Form):
    """A form in which distances may be infinite, as those of samples that are not finite."""

    model_config = ConfigDict(allow_inf_nan=True)


class SightForm(_Loose):
    """A `Sight`."""

    model_config = ConfigDict(extra="forbid")

    distance: float
    coverage: float
    lost: float
    spread: float


class MomentForm(_Loose):
    """A `Moment`."""

    model_config = ConfigDict(extra="forbid")

    step: Count
    sight: SightForm
    accuracy: float
    real_sign: float


class TraceForm(_Loose):
    """The state of a `Trace`."""

    rows: list[Numbers] = Field(max_length=100)
    scores: Numbers


class RealsForm(_Loose):
    """The state of a `RealWatch`."""

    counts: list[float]
    batches: Count
    largest: float


class NotesForm(_Loose):
    """What `Referee` notes."""

    rules: dict[str, Any]
    every: Annotated[int, Field(ge=1, le=2**53)]
    first: float
    best: MomentForm | None
    looks: list[MomentForm] = Field(max_length=100)
    row: Numbers
    told: Numbers
    tries: list[Name]
    first_aid: Numbers
    alarm: float
    kept: list[Annotated[tuple[Count, float], Field(strict=False)]]
    waiting: Name | None
    trace: TraceForm
    reals: RealsForm
