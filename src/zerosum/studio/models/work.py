"""Projects, their data, and the jobs that check, train and sample."""

from typing import Any, ClassVar

from django.db import models

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
GUARDS = [("act", "mends"), ("watch", "reports"), ("off", "is off")]
"""What the referee of a training may do."""
STATES = [(state, state) for state in (WAITING, RUNNING, DONE, FAILED, CANCELLED)]


class Project(models.Model):
    """What a team works on."""

    name = models.CharField(max_length=80, unique=True)
    created = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, null=True, related_name="+")

    prompts: models.Manager[Any]
    rules: models.Manager[Any]
    webhooks: models.Manager[Any]

    def __str__(self) -> str:
        return self.name


class AllowedFolder(models.Model):
    """A folder of the server that an owner has allowed; pages show its name and never its path."""

    name = models.CharField(max_length=80, unique=True)
    path = models.CharField(max_length=4096)
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name


class Job(models.Model):
    """Work in a process of its own.

    Attributes:
        attempt: counts up with every retry; a workflow of its own does each.
        progress: from 0 to 1.
        words: what it does, or what went wrong.
        unwanted: whether somebody has asked to cancel it.
    """

    kind: ClassVar[str] = ""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=12, choices=STATES, default=WAITING)
    attempt = models.PositiveIntegerField(default=1)
    progress = models.FloatField(default=0.0)
    words = models.TextField(default="", blank=True)
    unwanted = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)

    project_id: int
    facts: Any

    class Meta:
        """What the table keeps to."""

        abstract = True

    @property
    def workflow_id(self) -> str:
        """The id of the workflow that does this attempt."""
        return f"{self.kind}-{self.pk}-{self.attempt}"

    @property
    def key(self) -> str:
        """The name of the job's folder."""
        return f"{self.kind}-{self.pk}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in (DONE, FAILED, CANCELLED)

    @property
    def percent(self) -> int:
        """Progress in percent, rounded down."""
        return int(100 * self.progress)


class DataSource(Job):
    """Data of a project: uploaded, in a folder that an owner has allowed, or built in.

    It is checked in a process of its own before anything is trained on it.

    Attributes:
        origin: `upload`, `folder` or `built-in`.
        place: the name of the file below the uploads, of the subfolder, or of the built-in data.
        read_as: the kind of samples that it is read as; empty for what it is surest to be.
        options: of its reader.
        facts: what the check found: kind, count, labels.
    """

    kind = "check"

    name = models.CharField(max_length=200)
    origin = models.CharField(max_length=12)
    folder = models.ForeignKey(AllowedFolder, on_delete=models.PROTECT, null=True)
    place = models.CharField(max_length=4096)
    size = models.BigIntegerField(null=True)
    read_as = models.CharField(max_length=40, default="", blank=True)
    options = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name


class Training(Job):
    """A run of a recipe on data of the project.

    Attributes:
        minutes: budget in minutes, or None.
        samples: budget in samples seen, or None; without both the recipe's own.
        changes: dotted keys of the recipe and their values.
        capacity: how much the networks hold.
        referee: what it may do.
        epsilon: of a promise of privacy, or None.
        delta: with it, or None for the usual one.
        options: of the reader of the data.
        begins_with: the training whose weights it starts with, or None.
        freeze: layers of the discriminator that stay as they are there.
        checkpoint_seconds: time between checkpoints.
        facts: what the run says of itself once it exists: controls, unit, samples seen.
    """

    kind = "train"

    data = models.ForeignKey(DataSource, on_delete=models.PROTECT, related_name="trainings")
    recipe = models.CharField(max_length=80)
    minutes = models.FloatField(null=True)
    samples = models.BigIntegerField(null=True)
    seed = models.BigIntegerField(default=0)
    changes = models.JSONField(default=dict)
    capacity = models.CharField(max_length=8, default="small")
    referee = models.CharField(max_length=8, choices=GUARDS, default="act")
    epsilon = models.FloatField(null=True)
    delta = models.FloatField(null=True)
    options = models.JSONField(default=dict)
    begins_with = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="followers"
    )
    freeze = models.PositiveIntegerField(default=0)
    checkpoint_seconds = models.FloatField(default=60.0)
    facts = models.JSONField(default=dict)

    begins_with_id: int | None
    batches: models.Manager[Any]

    @property
    def name(self) -> str:
        """What pages call it."""
        return f"{self.recipe} on {self.data.name}, no. {self.pk}"

    @property
    def number(self) -> str:
        """Its number as forms hold it."""
        return str(self.pk)

    @property
    def run(self) -> str:
        """The name of its run folder."""
        return f"training-{self.pk}"


class ItemBatch(Job):
    """Items that are made by one training, and reviewed.

    Attributes:
        n: how many items.
        rows: rows in each item, for models of rows.
        where: conditions, as `Model.sample` takes them.
        seed: which samples.
        step: of the training that made them, once they are made.
        gathered: items that are registered.
        closed: when people had decided every item.
    """

    kind = "batch"

    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="batches")
    n = models.PositiveIntegerField()
    rows = models.PositiveIntegerField(default=1)
    where = models.JSONField(default=dict)
    seed = models.BigIntegerField(default=0)
    step = models.BigIntegerField(null=True)
    gathered = models.PositiveIntegerField(default=0)
    closed = models.DateTimeField(null=True)

    items: models.Manager[Any]
