"""Files that pages give: images whole, larger ones in pieces, always from the studio's folder."""

from collections.abc import AsyncIterator
from pathlib import Path

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import Http404, HttpResponse, StreamingHttpResponse

from zerosum.studio.models import Item
from zerosum.studio.storage import at_hand

_PIECE = 1 << 18
_SHOWN = {".png": "image/png", ".gif": "image/gif", ".wav": "audio/wav"}
_KINDS = {
    ".csv": "text/csv; charset=utf-8", ".txt": "text/plain; charset=utf-8",
    ".sqlite": "application/vnd.sqlite3",
}  # fmt: skip


def png(path: Path) -> HttpResponse:
    """An image; see `whole`."""
    return whole(path, "image/png")


def whole(path: Path, kind: str) -> HttpResponse:
    """A small file that is shown or played, which never changes under its address.

    Raises:
        Http404: it is not there.
    """
    try:
        answer = HttpResponse(path.read_bytes(), content_type=kind)
    except OSError as error:
        raise Http404("there is no such file any more") from error
    answer["Cache-Control"] = "private, max-age=86400, immutable"
    return answer


def file_of(item: Item, what: str) -> HttpResponse | StreamingHttpResponse:
    """The file of an item, its `thumbnail`, `neighbour` or `source`, or the `nearest` sound.

    Raises:
        Http404: the item has no such file, or the file is gone.
    """
    names = {
        "file": item.file, "thumbnail": item.thumbnail, "neighbour": item.neighbour,
        "nearest": item.facts.get("nearest_file", ""), "source": item.facts.get("source", ""),
    }  # fmt: skip
    if not names.get(what):
        raise Http404("there is no such file")
    path = path_of(names[what])
    if path.suffix in _SHOWN:
        return whole(path, _SHOWN[path.suffix])
    kind = _KINDS.get(path.suffix, "application/octet-stream")
    return download(path, kind, name=f"item-{item.pk}{path.suffix}")


def download(path: Path, kind: str, *, name: str = "") -> StreamingHttpResponse:
    """A file to keep, in pieces; `name` is what it is called, if not as it is here.

    Raises:
        Http404: it is gone.
    """
    if not at_hand(path).is_file():
        raise Http404("there is no such file any more")
    answer = StreamingHttpResponse(_pieces(path), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name or path.name}"'
    answer["Content-Length"] = str(path.stat().st_size)
    return answer


def path_of(name: str) -> Path:
    """Where a file of an item lies; names are the studio's own, and checked all the same.

    Raises:
        Http404: it is outside the folder of items.
    """
    root = settings.STUDIO.items.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise Http404("there is no such file")
    return at_hand(path)


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    """The file in pieces, read where it holds nobody up."""
    handle = await sync_to_async(path.open, thread_sensitive=False)("rb")
    with handle:
        while piece := await sync_to_async(handle.read, thread_sensitive=False)(_PIECE):
            yield piece
