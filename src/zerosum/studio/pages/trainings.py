"""The live page of a training: curves, images on a slider, the referee's events."""

from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render

from zerosum.studio.access import allow
from zerosum.studio.live import Position, picture_path, pictures_of, stream
from zerosum.studio.models import Training
from zerosum.studio.pages.files import png
from zerosum.studio.roles import EVERYONE
from zerosum.studio.run_folders import why_gone


@allow(EVERYONE)
def show(request: HttpRequest, key: int) -> Any:
    """The page; what moves comes by the stream."""
    wanted = Training.objects.select_related("project", "data", "by", "continuation", "begins_with")
    training = get_object_or_404(wanted, pk=key)
    others = Training.objects.filter(project=training.project).exclude(pk=key)
    context = {
        "training": training, "project": training.project, "pictures": pictures_of(training),
        "gone": why_gone(training),
        "batches": training.batches.order_by("-pk"),
        "others": others.select_related("data").order_by("-pk")[:100],
    }  # fmt: skip
    return render(request, "studio/training.html", context)


@allow(EVERYONE)
async def events(request: HttpRequest, key: int) -> StreamingHttpResponse:
    """Server-sent events; a listener that comes back goes on where it was."""
    await sync_to_async(get_object_or_404)(Training, pk=key)
    await sync_to_async(close_old_connections)()  # a page that is open for hours holds none
    position = Position.read(request.headers.get("Last-Event-ID", ""))
    answer = StreamingHttpResponse(stream(key, position), content_type="text/event-stream")
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"  # a proxy in front shall not wait for more
    return answer


@allow(EVERYONE)
def picture(request: HttpRequest, key: int, seen: int) -> HttpResponse:
    """Samples of the training as they were after so many samples seen."""
    path = picture_path(get_object_or_404(Training, pk=key), seen)
    return png(path)
