"""The form of what a referee leaves in checkpoints, which may be a stranger's."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from zerosum.errors import RunError, did_you_mean
from zerosum.referee.remedies import REMEDIES
from zerosum.runs.forms import Count, Form, Name

Numbers = dict[str, float]
Size = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1.001)]
"""A share, which rounding may bring beyond 1."""

Unbounded = Annotated[float, Field(ge=0, allow_inf_nan=True)]
"""A distance that may be infinite, as of samples that are not finite; never NaN."""


class SightForm(Form):
    """A `ProbeResult`."""

    model_config = ConfigDict(extra="forbid")

    distance: Unbounded
    coverage: Share
    lost: Share
    spread: Unbounded
    far: bool = False


class MomentForm(Form):
    """A `Moment`."""

    model_config = ConfigDict(extra="forbid")

    step: Count
    sight: SightForm
    accuracy: float
    real_sign: float


class TraceForm(Form):
    """The state of a `Trace`."""

    rows: list[Numbers] = Field(max_length=100)
    scores: Numbers
    expected: list[Name] = Field(max_length=1_000)


class RealsForm(Form):
    """The state of a `RealWatch`."""

    counts: list[Size]
    batches: Count
    largest: Annotated[float, Field(allow_inf_nan=True)]  # NaN, where a batch held some


class NotesForm(Form):
    """What `Referee` notes; `rules` are compared with the recipe and serve for nothing else."""

    rules: dict[str, Any]
    every: Annotated[int, Field(ge=1, le=2**53)]
    first: Size
    best: MomentForm | None
    looks: list[MomentForm] = Field(max_length=100)
    row: Numbers
    told: dict[str, Share]
    tries: list[Name]
    first_aid: dict[str, Share]
    alarm: Annotated[float, Field(ge=-(2**53), allow_inf_nan=True)]
    kept: list[Annotated[tuple[Count, Size], Field(strict=False)]]
    waiting: Name | None
    trace: TraceForm
    reals: RealsForm


def read_notes(notes: Any, *, source: str, step: int) -> NotesForm:
    """What a referee left, in its form, and speaking of nothing that is still to come.

    Args:
        notes: JSON values.
        source: where they lie, for messages.
        step: of the checkpoint that holds them.

    Raises:
        RunError: they have another form; the message names `source`.
    """
    read = NotesForm.read(notes, source)
    kept = [one for one, _ in read.kept]
    best = [] if read.best is None else [read.best.step]
    late = max([*kept, *best, *(look.step for look in read.looks)], default=0)
    if late > step:
        raise RunError(f"{source} speaks of step {late}, and the checkpoint is of step {step}.")
    if not set(best) <= set(kept):
        raise RunError(f"{source} calls step {best[0]} the best, of which it has kept no state.")
    for name in read.first_aid:
        if name not in REMEDIES:
            raise RunError(f"{source} names no remedy {name!r}.{did_you_mean(name, REMEDIES)}")
    return read
