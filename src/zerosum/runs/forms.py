"""The form of what a run says of itself, checked when it is read.

A stranger may have written it. Only what is used is checked; other keys are left alone.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zerosum.config import explain
from zerosum.errors import RunError

Count = Annotated[int, Field(ge=0, le=2**53)]
"""A number of steps or samples; a larger one is not exact in every program."""

Seconds = Annotated[float, Field(ge=0, le=1e12)]
Name = Annotated[str, Field(max_length=10_000)]


class Form(BaseModel):
    """Base of every form. Types are taken strictly, and numbers are finite."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, frozen=True)

    @classmethod
    def read(cls, data: Any, source: Path | str) -> Self:
        """`data`, in this form.

        Raises:
            RunError: it has another form; the message names `source` and the field.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            found = explain(error, within="")
            raise RunError(f"{source} is not as zerosum writes it: {found}") from None


class RecipeForm(Form):
    """What is read of a recipe before it is made into one."""

    name: Name


class DataForm(Form):
    """What data a run was trained on."""

    config: dict[str, Any] | None
    name: Name
    fingerprint: Name
    count: Count


class RemedyForm(Form):
    """A change of the recipe on the way."""

    step: Count
    name: Name
    by: Name
    instead_of: dict[str, Any]


class ModelForm(Form):
    """The state that the referee chose."""

    step: Count


class ParentForm(Form):
    """The run whose weights a training began with."""

    run: Name
    step: Count
    shares: dict[str, float]
    fresh: list[str]
    frozen: list[str]


class FaultForm(Form):
    """A fault that was put into a run on purpose."""

    name: Name
    step: Count


class PrivacyForm(Form):
    """What is promised of rows."""

    epsilon: float = Field(ge=0)
    delta: float = Field(ge=0, le=1)


class ManifestForm(Form):
    """`manifest.json`. What an older run did not write yet may be missing."""

    schema_: Count = Field(default=0, alias="schema")
    created: Name = ""
    state: Name = ""
    name: Name = ""
    recipe: RecipeForm | None = None
    space: dict[str, Any] | None = None
    data: DataForm | None = None
    seed: int = Field(default=0, ge=-(2**63), lt=2**64)
    device: str = Field(default="cpu", pattern=r"^(cpu|mps|cuda)(:\d{1,3})?$")
    processes: int = Field(default=1, ge=1, le=2**20)
    execution: dict[str, Any] | None = None
    budget: list[Any] | None = None
    referee: Literal["off", "watch", "act"] = "off"
    versions: dict[str, Name] | None = None
    remedies: list[RemedyForm] | None = None
    model: ModelForm | None = None
    healthiest: ModelForm | None = None
    health: Literal["collapsed"] | None = None
    parent: ParentForm | None = None
    fault: FaultForm | None = None
    privacy: PrivacyForm | None = None
    step: Count = 0
    samples: Count = 0
    seconds: Seconds = 0.0
    setup_seconds: Seconds = 0.0
    scores: dict[str, Any] | None = None


class FactsForm(Form):
    """What an exported model says of itself; its structures are parsed."""

    recipe: dict[str, Any]
    space: dict[str, Any]
    left_out: list[str]
    precision: Literal["fp32", "bf16"]
    step: str | None = Field(default=None, pattern=r"^[0-9]{1,15}$")
    privacy: PrivacyForm | None = None


class LineForm(Form):
    """What every line of `events.jsonl` has."""

    event: Name
    time: Name


class EventForm(LineForm):
    """An event of which the rest is shown alone."""

    step: Count | None = None
    samples: Count | None = None
    name: Name | None = None
    words: Name | None = None


class MeasuredForm(LineForm):
    """A look of the referee, drawn over the samples seen."""

    samples: Count


class FindingForm(LineForm):
    """What the referee found or did, or what a hand did in its place."""

    step: Count
    name: Name
    words: Name


class DamageForm(LineForm):
    """A checkpoint that a resume passed over."""

    problem: Name
    used: Count


EVENT_FORMS: dict[str, type[LineForm]] = {
    "measured": MeasuredForm,
    "diagnosis": FindingForm,
    "remedy": FindingForm,
    "outcome": FindingForm,
    "provoked": FindingForm,
    "checkpoint_damaged": DamageForm,
}


class Manifest(dict[str, Any]):
    """The manifest of a run; asking for what it lacks is an error of the run's.

    Args:
        folder: of the run.
        values: by name.
    """

    def __init__(self, folder: Path, values: dict[str, Any]) -> None:
        super().__init__(values)
        self._folder = folder

    def __missing__(self, key: str) -> Any:
        raise RunError(
            f"{self._folder / 'manifest.json'} has no {key!r}, so it is damaged, or no run that "
            "zerosum wrote. Train again."
        )
