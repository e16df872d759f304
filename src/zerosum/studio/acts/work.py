"""Projects, data and batches: what developers and experts order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from zerosum.errors import StudioError, did_you_mean
from zerosum.studio import pipeline
from zerosum.studio.acts.log import Actor, record
from zerosum.studio.acts.training import require_seed
from zerosum.studio.catalogue import kinds_of, options_as
from zerosum.studio.fields import require_options
from zerosum.studio.item_forms import item_form
from zerosum.studio.models import AllowedFolder, DataSource, ItemBatch, Project, Training
from zerosum.studio.models.work import CANCELLED, FAILED, WAITING
from zerosum.studio.roles import MAKERS
from zerosum.studio.run_folders import why_gone, why_no_model
from zerosum.studio.runner import AnyJob
from zerosum.studio.uploads import store
from zerosum.studio.values import require_keepable

MOST_ITEMS = 10_000
"""Items of one batch."""
MOST_ROWS = 100_000
"""Rows of one item."""
MOST_IN_ALL = 2_000_000
"""Rows of one batch."""


def make_project(actor: Actor, name: str) -> Project:
    """A new project.

    Raises:
        StudioError: it has no name, or one that is taken.
    """
    name = name.strip()
    if not 1 <= len(name) <= 80:
        raise StudioError(f"a project's name has 1 to 80 characters; this one has {len(name)}.")
    try:
        with transaction.atomic():
            made = Project.objects.create(name=name, by=actor.user)
            record(actor, "project.made", f"project:{made.pk}", project=made, after={"name": name})
    except IntegrityError as error:
        raise StudioError(
            f"there is a project called {name!r} already. Choose another name."
        ) from error
    return made


def upload_data(actor: Actor, project: Project, upload: Any) -> DataSource:
    """Keep an uploaded file aside, and have it checked.

    Raises:
        StudioError: no reader would know it, it is too large, or the disk is full.
    """
    given, kept, size = store(upload)
    return _add(actor, project, name=given, origin="upload", place=kept, size=size)


def name_folder(actor: Actor, project: Project, folder: AllowedFolder, place: str) -> DataSource:
    """Take data from a folder that an owner has allowed, and have it checked.

    Raises:
        StudioError: the place is not inside that folder.
    """
    root = Path(folder.path)
    place = place.strip()
    try:
        inside = (root / place).resolve().is_relative_to(root.resolve())
        there = inside and (root / place).exists()
    except (OSError, ValueError):
        inside = there = False
    if not inside or not there:
        raise StudioError(
            f"there is no {place!r} in the folder {folder.name!r}. Give a path inside it, such as "
            "photos/train, or leave it empty for the whole folder."
        )
    name = f"{folder.name}/{place}".rstrip("/")
    return _add(actor, project, name=name[:200], origin="folder", folder=folder, place=place)


def take_built_in(actor: Actor, project: Project, name: str, known: list[str]) -> DataSource:
    """Take built-in data.

    Raises:
        StudioError: no built-in data has that name.
    """
    if name not in known:
        raise StudioError(f"no built-in data {name!r}.{did_you_mean(name, known)}")
    return _add(actor, project, name=name, origin="built-in", place=name)


def read_again(
    actor: Actor, data: DataSource, *, read_as: str, options: Mapping[str, Any]
) -> DataSource:
    """Check data anew, read in another way.

    Args:
        actor: who asks.
        data: what was checked, or could not be read as it was.
        read_as: the kind of samples that it holds; empty for what it is surest to be.
        options: of its reader; trainings take them too.

    Raises:
        StudioError: it is being checked now, no reader gives that kind, or an option is not known.
    """
    if not data.is_over:
        raise StudioError(f"{data.name!r} is being checked now. Wait for it, or cancel it.")
    kinds = kinds_of(data)
    if read_as and read_as not in kinds:
        raise StudioError(
            f"{data.name!r} cannot be read as {read_as!r}.{did_you_mean(read_as, kinds)}"
        )
    require_options(options_as(data, read_as), options, of=read_as or "this data")
    require_keepable(dict(options))
    with transaction.atomic():
        current = DataSource.objects.select_for_update().get(pk=data.pk)
        after = {"read_as": read_as, "options": dict(options)}
        record(actor, "data.read", f"data:{data.pk}", project=data.project, after=after)
        current.read_as, current.options, current.facts = read_as, dict(options), {}
        _once_more(current, "read_as", "options", "facts")
    return current


def _once_more(job: Any, *changed: str) -> None:
    """Let a job that is over be done again."""
    job.state, job.unwanted, job.words, job.ended = WAITING, False, "", None
    job.attempt += 1
    job.save(update_fields=["state", "unwanted", "words", "attempt", "ended", *changed])
    pipeline.start(job)


def _add(actor: Actor, project: Project, **values: Any) -> DataSource:
    with transaction.atomic():
        made = DataSource.objects.create(project=project, by=actor.user, **values)
        after = {"name": made.name, "origin": made.origin}
        record(actor, "data.added", f"data:{made.pk}", project=project, after=after)
        pipeline.start(made)
    return made


def sample(
    actor: Actor,
    training: Training,
    *,
    n: int,
    where: dict[str, Any] | None = None,
    seed: int | None = None,
    rows: int = 100,
) -> ItemBatch:
    """Order items of a training; it may still go on.

    Args:
        actor: who orders.
        training: whose model makes them.
        n: how many items.
        where: conditions, as `Model.sample` takes them.
        seed: which samples; if not given, one that no batch of the training has had.
        rows: rows of each item, for models of rows and of databases; of others an item is one
            sample.

    Raises:
        StudioError: a number is not allowed, or the training has not begun.
    """
    if not 1 <= n <= MOST_ITEMS:
        raise StudioError(f"{n} items are not allowed: 1 to {MOST_ITEMS:,} in one batch.")
    rows = rows if makes_sets(training) else 1
    if not 1 <= rows <= MOST_ROWS:
        raise StudioError(f"{rows} rows are not allowed: 1 to {MOST_ROWS:,} in one item.")
    if n * rows > MOST_IN_ALL:
        raise StudioError(
            f"{n:,} items of {rows:,} rows are {n * rows:,} rows, and one batch has "
            f"{MOST_IN_ALL:,} at most. Ask for fewer, or for several batches."
        )
    why = why_no_model(training)
    if why:
        raise StudioError(why)
    if seed is None:
        taken = set(training.batches.values_list("seed", flat=True))
        seed = next(one for one in range(len(taken) + 1) if one not in taken)
    require_seed(seed)
    with transaction.atomic():
        made = ItemBatch.objects.create(
            project=training.project, by=actor.user, training=training, n=n, rows=rows,
            where=where or {}, seed=seed,
        )  # fmt: skip
        after = {"n": n, "where": where or {}, "seed": seed, "training": training.pk}
        record(actor, "batch.ordered", f"batch:{made.pk}", project=training.project, after=after)
        pipeline.start(made)
    return made


def makes_sets(training: Training) -> bool:
    """Whether an item of a training holds several samples; else it is one."""
    kind = training.facts.get("kind") or training.data.facts.get("kind")
    return item_form(kind).is_set


def cancel(actor: Actor, job: AnyJob) -> None:
    """Ask a job to end; what it made is kept.

    Raises:
        StudioError: it is over, or is a developer's to cancel.
    """
    _require_maker(actor, job)
    if job.is_over:
        raise StudioError(f"this is over already: {job.state}. There is nothing to cancel.")
    with transaction.atomic():
        same = type(job).objects.filter(pk=job.pk)
        same.update(unwanted=True)
        same.filter(state=WAITING).update(
            state=CANCELLED, words="cancelled before it began", ended=timezone.now()
        )
        record(actor, f"{job.kind}.cancelled", f"{job.kind}:{job.pk}", project=job.project)


def retry(actor: Actor, job: AnyJob) -> None:
    """Let a job that failed or was cancelled go on where it was.

    Raises:
        StudioError: it is not over, it is done, or it is a developer's to retry.
    """
    _require_maker(actor, job)
    if isinstance(job, Training) and why_gone(job):
        raise StudioError(why_gone(job))
    with transaction.atomic():
        current: Any = type(job).objects.select_for_update().get(pk=job.pk)
        if current.state not in (FAILED, CANCELLED):
            raise StudioError(
                f"only what failed or was cancelled is retried; this is {current.state}."
            )
        record(actor, f"{job.kind}.retried", f"{job.kind}:{job.pk}", project=job.project)
        _once_more(current)


def _require_maker(actor: Actor, job: AnyJob) -> None:
    if isinstance(job, DataSource | Training) and actor.role not in MAKERS:
        raise StudioError("trainings and checks of data are for owners and developers.")
