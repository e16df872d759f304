"""Operations on projects, data, trainings and batches."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Router
from ninja.files import UploadedFile
from ninja.params.functions import File

from zerosum.errors import StudioError
from zerosum.studio.acts import work as acts
from zerosum.studio.acts.training import TrainingOrder
from zerosum.studio.acts.training import train as train_on
from zerosum.studio.api.access import TokenOf
from zerosum.studio.api.copy_shapes import BundleOut, CopyOrderOut, DeliveryOut
from zerosum.studio.api.shapes import (
    BatchOut,
    DataOut,
    Me,
    NewBatch,
    NewData,
    NewProject,
    NewReading,
    NewTraining,
    OfferOut,
    ProjectOut,
    TrainingOut,
)
from zerosum.studio.api.tags import require_match, tagged
from zerosum.studio.catalogue import catalogue, offers_of
from zerosum.studio.models import (
    AllowedFolder,
    BundleOrder,
    CopyOrder,
    DataSource,
    ItemBatch,
    Project,
    Training,
    WebhookDelivery,
)
from zerosum.studio.roles import EVERYONE, MAKERS, WRITERS

work = Router(tags=["Work"])
_KINDS: dict[str, tuple[Any, Any]] = {
    "data": (DataSource, DataOut),
    "trainings": (Training, TrainingOut),
    "batches": (ItemBatch, BatchOut),
    "copy-orders": (CopyOrder, CopyOrderOut),
    "bundles": (BundleOrder, BundleOut),
    "deliveries": (WebhookDelivery, DeliveryOut),
}
"""What each kind of job is, and how it is given."""


@work.get("/me", auth=TokenOf(EVERYONE), response=Me)
def me(request: Any) -> Me:
    """Whom this token acts for."""
    return Me(name=request.auth.user.username, role=request.auth.role)


@work.get("/recipes", auth=TokenOf(EVERYONE), response=list[dict[str, Any]])
def recipes(request: HttpRequest) -> Any:
    """What can be trained."""
    return catalogue()["recipes"]


@work.get("/projects", auth=TokenOf(EVERYONE), response=list[ProjectOut])
def projects(request: HttpRequest) -> Any:
    """Every project, newest first."""
    return [ProjectOut.of(one) for one in Project.objects.order_by("-pk")]


@work.post("/projects", auth=TokenOf(MAKERS), response={201: ProjectOut})
def make_project(request: Any, body: NewProject) -> Any:
    """Make a project."""
    return ProjectOut.of(acts.make_project(request.auth, body.name))


@work.get("/projects/{int:key}/data", auth=TokenOf(EVERYONE), response=list[DataOut])
def list_data(request: HttpRequest, key: int) -> Any:
    """Data of a project, newest first."""
    project = get_object_or_404(Project, pk=key)
    return [DataOut.of(one) for one in DataSource.objects.filter(project=project).order_by("-pk")]


@work.post("/projects/{int:key}/data", auth=TokenOf(MAKERS), response={201: DataOut})
def add_data(request: Any, key: int, body: NewData) -> Any:
    """Take built-in data, or a folder that an owner has allowed; it is checked then."""
    project = get_object_or_404(Project, pk=key)
    if (body.built_in is None) == (body.folder is None):
        raise StudioError("give either built_in or folder. Files are for …/data/upload.")
    if body.built_in is not None:
        known = catalogue()["built_in"]
        return DataOut.of(acts.take_built_in(request.auth, project, body.built_in, known))
    folder = AllowedFolder.objects.filter(name=body.folder).first()
    if folder is None:
        raise StudioError(f"no folder called {body.folder!r} is allowed. Ask an owner.")
    return DataOut.of(acts.name_folder(request.auth, project, folder, body.place))


@work.post("/projects/{int:key}/data/upload", auth=TokenOf(MAKERS), response={201: DataOut})
def upload_data(request: Any, key: int, file: Annotated[UploadedFile, File()]) -> Any:
    """Upload data; it is checked then."""
    project = get_object_or_404(Project, pk=key)
    return DataOut.of(acts.upload_data(request.auth, project, file))


@work.post("/data/{int:key}/read", auth=TokenOf(MAKERS), response=DataOut)
def read_again(request: Any, key: int, body: NewReading) -> Any:
    """Check data anew, read as another kind or with other options."""
    data = _job(request, "data", key)
    return DataOut.of(acts.read_again(request.auth, data, **body.model_dump()))


@work.get("/data/{int:key}/recipes", auth=TokenOf(EVERYONE), response=list[OfferOut])
def recipes_for(request: HttpRequest, key: int) -> Any:
    """Recipes that take some data, those for what it is surest to be first."""
    return offers_of(get_object_or_404(DataSource, pk=key))


@work.get("/projects/{int:key}/trainings", auth=TokenOf(EVERYONE), response=list[TrainingOut])
def trainings(request: HttpRequest, key: int) -> Any:
    """The newest 200 trainings of a project."""
    found = Training.objects.filter(project=get_object_or_404(Project, pk=key))
    return [TrainingOut.of(one) for one in found.select_related("data").order_by("-pk")[:200]]


@work.post("/trainings", auth=TokenOf(MAKERS), response={201: TrainingOut})
def train(request: Any, body: NewTraining) -> Any:
    """Order a training."""
    data = get_object_or_404(DataSource, pk=body.data)
    given = body.model_dump(exclude={"data", "set", "options"})
    known = next((one["options"] for one in offers_of(data) if one["name"] == body.recipe), {})
    mine = {name: value for name, value in data.options.items() if name in known}
    options = mine | body.options
    order = TrainingOrder(changes=body.set, options=options, **given)
    made = train_on(request.auth, data, order)
    return TrainingOut.of(made)


@work.post("/batches", auth=TokenOf(WRITERS), response={201: BatchOut})
def sample(request: Any, body: NewBatch) -> Any:
    """Order items of a training."""
    training = get_object_or_404(Training, pk=body.training)
    made = acts.sample(
        request.auth, training, n=body.n, where=body.where, seed=body.seed, rows=body.rows
    )
    return BatchOut.of(made)


@work.get("/projects/{int:key}/batches", auth=TokenOf(EVERYONE), response=list[BatchOut])
def batches(request: HttpRequest, key: int) -> Any:
    """The newest 200 batches of a project."""
    found = ItemBatch.objects.filter(project=get_object_or_404(Project, pk=key))
    return [BatchOut.of(one) for one in found.select_related("training").order_by("-pk")[:200]]


@work.get("/data/{int:key}", auth=TokenOf(EVERYONE), response=DataOut)
def show_data(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """Data, and how its check went."""
    return tagged(response, DataOut.of(get_object_or_404(DataSource, pk=key)))


@work.get("/trainings/{int:key}", auth=TokenOf(EVERYONE), response=TrainingOut)
def show_training(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """A training, and how far it is."""
    return tagged(response, TrainingOut.of(get_object_or_404(Training, pk=key)))


@work.get("/batches/{int:key}", auth=TokenOf(EVERYONE), response=BatchOut)
def show_batch(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """A batch, and how far it is."""
    return tagged(response, BatchOut.of(get_object_or_404(ItemBatch, pk=key)))


@work.post("/{kind}/{int:key}/cancel", auth=TokenOf(WRITERS), response=dict[str, Any])
def cancel(request: Any, kind: str, key: int) -> Any:
    """Ask a job to end; `kind` as in its address, or `deliveries`."""
    job = _job(request, kind, key)
    acts.cancel(request.auth, job)
    return {"id": key, "unwanted": True}


@work.post("/{kind}/{int:key}/retry", auth=TokenOf(WRITERS), response=dict[str, Any])
def retry(request: Any, kind: str, key: int) -> Any:
    """Let a job that failed or was cancelled go on where it was."""
    job = _job(request, kind, key)
    acts.retry(request.auth, job)
    return {"id": key, "state": "waiting"}


def _job(request: Any, kind: str, key: int) -> Any:
    """A job, which is as `If-Match` says."""
    if kind not in _KINDS:
        raise Http404(f"there are jobs of {', '.join(_KINDS)}, and not of {kind!r}.")
    model, shape = _KINDS[kind]
    job = get_object_or_404(model, pk=key)
    require_match(request, [shape.of(job)])
    return job
