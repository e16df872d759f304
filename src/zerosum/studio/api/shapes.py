"""What the API takes and gives."""

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from zerosum.studio.models import Comment, DataSource, Item, ItemBatch, Project, Training
from zerosum.studio.run_folders import why_gone


class Problem(Schema):
    """What went wrong, after RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None


class Me(Schema):
    """Whom a token acts for, and as what."""

    name: str
    role: str


class NewProject(Schema):
    """A project to make."""

    name: str = Field(examples=["Spring campaign"])


class ProjectOut(Schema):
    """A project."""

    id: int
    name: str
    created: datetime

    @classmethod
    def of(cls, project: Project) -> "ProjectOut":
        """From its row."""
        return cls(id=project.pk, name=project.name, created=project.created)


class NewData(Schema):
    """Data that is there already: built in, or in a folder that an owner has allowed."""

    built_in: str | None = Field(None, examples=["digits"])
    folder: str | None = Field(None, description="the name of an allowed folder")
    place: str = Field("", description="a path inside that folder")


class JobOut(Schema):
    """A job: how far it is, and how it ended."""

    id: int
    project: int
    state: str
    progress: float
    words: str
    attempt: int
    created: datetime
    started: datetime | None
    ended: datetime | None


def job_fields(job: Any) -> dict[str, Any]:
    """What all jobs have."""
    return {
        "id": job.pk, "project": job.project_id, "state": job.state, "progress": job.progress,
        "words": job.words, "attempt": job.attempt, "created": job.created,
        "started": job.started, "ended": job.ended,
    }  # fmt: skip


class DataOut(JobOut):
    """Data of a project, and its check."""

    name: str
    origin: str
    read_as: str
    options: dict[str, Any]
    facts: dict[str, Any]

    @classmethod
    def of(cls, data: DataSource) -> "DataOut":
        """From its row."""
        return cls(
            **job_fields(data), name=data.name, origin=data.origin, read_as=data.read_as,
            options=data.options, facts=data.facts,
        )  # fmt: skip


class NewReading(Schema):
    """How data is to be read."""

    read_as: str = Field("", description="a kind of samples; empty for what it is surest to be")
    options: dict[str, Any] = Field({}, description="of the reader, as in /data/{key}/recipes")


class OfferOut(Schema):
    """A recipe that takes some data, and what can be set of it."""

    name: str
    summary: str
    kinds: list[str] = Field(description="what the data is read as, the surest first")
    usual: bool = Field(description="whether the data was found to be of such a kind")
    why_not: str = Field(description="what the data lacks; empty where it can be trained")
    capacities: list[str]
    private: str = Field(description="whom epsilon promises privacy: row, entity, or nobody")
    options: dict[str, Any] = Field(description="of readers, as JSON Schemas")
    keys: dict[str, Any] = Field(description="that `set` may change, and their values")


class NewTraining(Schema):
    """A training to order."""

    data: int
    recipe: str = Field(examples=["cgan"])
    minutes: float | None = None
    samples: int | None = None
    seed: int = 0
    capacity: str = Field("small", description="small, or medium or large for a GPU")
    referee: str = Field("act", description="act, watch or off")
    epsilon: float | None = Field(None, description="of a promise of privacy; 3 is usual")
    delta: float | None = Field(None, description="with epsilon; 1e-6 if not given")
    begins_with: int | None = Field(None, description="a training whose weights it starts with")
    freeze: int = Field(0, description="layers of the discriminator that stay as they are there")
    options: dict[str, Any] = Field(
        {},
        description="of the reader, such as holdout, beside those of the data; see "
        "/data/{key}/recipes",
    )
    set: dict[str, Any] = Field({}, description="dotted keys of the recipe and their values")


class TrainingOut(JobOut):
    """A training."""

    data: int
    recipe: str
    seed: int
    minutes: float | None
    samples: int | None
    capacity: str
    referee: str
    epsilon: float | None
    delta: float | None
    begins_with: int | None
    freeze: int
    options: dict[str, Any]
    set: dict[str, Any]
    problem: str = Field(description="that its run folder is not there any more")
    facts: dict[str, Any]

    @classmethod
    def of(cls, one: Training) -> "TrainingOut":
        """From its row."""
        return cls(
            **job_fields(one), data=one.data.pk, recipe=one.recipe, seed=one.seed,
            minutes=one.minutes, samples=one.samples, capacity=one.capacity, referee=one.referee,
            epsilon=one.epsilon, delta=one.delta, begins_with=one.begins_with_id,
            freeze=one.freeze, options=one.options, set=one.changes,
            problem=why_gone(one), facts=one.facts,
        )  # fmt: skip


class NewBatch(Schema):
    """Items to order of a training."""

    training: int
    n: int = Field(examples=[64])
    where: dict[str, Any] = Field({}, examples=[{"label": "3"}])
    seed: int | None = None
    rows: int = 100


class BatchOut(JobOut):
    """A batch; `closed` when every item of it was decided."""

    training: int
    n: int
    rows: int
    where: dict[str, Any]
    seed: int
    step: int | None
    gathered: int
    closed: datetime | None

    @classmethod
    def of(cls, one: ItemBatch) -> "BatchOut":
        """From its row."""
        return cls(
            **job_fields(one), training=one.training.pk, n=one.n, rows=one.rows, where=one.where,
            seed=one.seed, step=one.step, gathered=one.gathered, closed=one.closed,
        )  # fmt: skip


class ItemOut(Schema):
    """An item, with all that makes it again, and what people said of it."""

    id: int
    project: int
    batch: int
    index: int
    step: int | None
    medium: str
    label: str
    state: str
    rating: int | None
    tags: list[str]
    decided_by: str | None
    approved_by: str | None
    nearness: float | None
    is_copy: bool
    opinion: float | None
    facts: dict[str, Any]
    version: int
    created: datetime
    file: str

    @classmethod
    def of(cls, item: Item) -> "ItemOut":
        """From its row."""
        names = [one and one.username for one in (item.decided_by, item.approved_by)]
        return cls(
            id=item.pk, project=item.project.pk, batch=item.batch.pk, index=item.index,
            step=item.step, medium=item.medium, label=item.label, state=item.state,
            rating=item.rating or None, tags=[tag.name for tag in item.tags.all()],
            decided_by=names[0], approved_by=names[1], nearness=item.nearness,
            is_copy=item.is_copy, opinion=item.opinion,
            facts=item.facts, version=item.version, created=item.created,
            file=f"/api/v1/items/{item.pk}/file",
        )  # fmt: skip


class ItemPage(Schema):
    """Some items, and the cursor of the next ones; null after the last."""

    items: list[ItemOut]
    next: str | None


class Named(Schema):
    """An item, at the version that was seen; without it, at whatever version there is."""

    id: int
    version: int | None = None


class NewAct(Schema):
    """Something to do with items: all of them, or none if one refuses."""

    do: Literal[
        "accepted", "rejected", "edit", "new", "approve", "withdraw", "rate", "tag", "untag"
    ]
    items: list[Named]
    rating: int | None = None
    word: str = ""
    despite: str = Field(
        "", description="why an owner approves what the brand rules forbid; kept in the log"
    )


class NewComment(Schema):
    """Something to say of an item."""

    text: str


class CommentOut(Schema):
    """What somebody said."""

    id: int
    by: str
    text: str
    created: datetime

    @classmethod
    def of(cls, one: Comment) -> "CommentOut":
        """From its row."""
        return cls(id=one.pk, by=one.by.username, text=one.text, created=one.created)
