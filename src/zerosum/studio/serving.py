"""Start a studio: the pages and the API, or a worker that takes jobs."""

import errno
import fcntl
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from zerosum.errors import StudioError
from zerosum.studio.logs import set_up
from zerosum.studio.options import StudioOptions
from zerosum.studio.settings import configure, secret_key

_SERVER = "server"
"""What the engine knows the server by. It stays the same when the port changes, so that a restart
goes on with what was under way; workers have names of their own."""
_TRIED_PORTS = 20
_DEMO_FIRST = 20.0
"""Seconds for which a demo has the machine to itself before recipes are looked for."""
_MOST_BODY = 8 << 20
"""Bytes of a request that uploads nothing."""

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def prepare(options: StudioOptions) -> None:
    """Make folders, settings and database ready in this process.

    Raises:
        StudioError: the folder or the database cannot be used.
        MissingExtraError: the extra is not installed.
    """
    configure(options)
    from zerosum.runs.files import make_folder
    from zerosum.studio.database import migrate

    for folder in (
        options.runs,
        options.jobs,
        options.uploads,
        options.items,
        options.bundles,
    ):
        make_folder(folder)
    migrate()


def serve(options: StudioOptions, *, demo: bool, say: Callable[[str], None]) -> None:
    """Serve a studio until it is interrupted.

    Args:
        options: where, and with what.
        demo: whether to add a project that trains already.
        say: tells the person at the terminal.

    Raises:
        StudioError: the port is taken, or the folder or database cannot be used.
        MissingExtraError: the extra is not installed.
    """
    listener = listen(options)
    secret_key(options.folder)  # which makes the folder, or says why not
    with held(options):
        prepare(options)
        _serve(options, listener, demo=demo, say=say)


def _serve(
    options: StudioOptions, listener: socket.socket, *, demo: bool, say: Callable[[str], None]
) -> None:
    import uvicorn
    from django.core.asgi import get_asgi_application

    from zerosum.studio import pipeline, upkeep
    from zerosum.studio.acts.people import invite
    from zerosum.studio.catalogue import warm_up
    from zerosum.studio.demo import make_demo  # its workflow may have to go on
    from zerosum.studio.models import User
    from zerosum.studio.outages import STOPPING

    set_up(options.log)
    # WhiteNoise reads its small files at once, and Django has a word to say about that.
    warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            STOPPING.set()  # before any job ends
            super().handle_exit(sig, frame)

    limits = {"trainings": options.trainings, "samplings": options.samplings}
    queues = {**pipeline.QUEUES, **limits}
    with ending_in_order(say, "The studio ends. What was under way goes on at its next start."):
        pipeline.launch(options, executor=_SERVER, queues=queues)
        pipeline.start_waiting()
        upkeep.keep_up(executor=_SERVER, serves=True)
        if demo:
            make_demo(say)
        warm_up(_DEMO_FIRST if demo else 0.0)
        say(f"The studio is at {options.local}, and its files in {options.folder}.")
        if not User.objects.filter(role="owner", is_active=True).exists():
            link = f"{options.address}/join/{invite(None, 'owner')}/"
            say(f"Make the owner's account, within a day: {link}")
        app = BoundedBodies(get_asgi_application(), upload=options.most_upload)
        config = uvicorn.Config(
            app, log_level="warning", log_config=None, lifespan="off", server_header=False,
            access_log=False, timeout_graceful_shutdown=2,
        )  # fmt: skip
        Server(config).run(sockets=[listener])


@contextmanager
def ending_in_order(say: Callable[[str], None], words: str) -> Iterator[None]:
    """End the process where Ctrl-C or a service manager asks for it, once its jobs have ended.

    Threads that wait for people and other servers are not waited for: the engine knows what they
    wait for.
    """
    from zerosum.studio.runner import end_processes

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        say(words)
    except BaseException:
        end_processes()
        raise
    with suppress(KeyboardInterrupt):  # of somebody who does not want to wait
        end_processes()
    sys.stdout.flush()
    os._exit(0)


def work(options: StudioOptions, *, name: str, say: Callable[[str], None]) -> None:
    """Take jobs of a studio until interrupted.

    Raises:
        StudioError: there is no database that several processes can share.
        MissingExtraError: the extra is not installed.
    """
    if options.database is None:
        raise StudioError(
            "a worker shares a PostgreSQL database and the folder with its studio. Give "
            "--database postgresql://…; with SQLite the studio does all jobs by itself."
        )
    prepare(options)
    from zerosum.studio import pipeline, upkeep

    executor = f"worker-{socket.gethostname()}-{name}"
    set_up(options.log)
    with ending_in_order(say, "The worker ends. Its jobs go on when it is back."):
        pipeline.launch(options, executor=executor, queues=None)
        upkeep.keep_up(executor=executor, serves=False)
        say(f"The worker {name!r} takes jobs. Ctrl-C ends it; its jobs go on when it is back.")
        threading.Event().wait()


@contextmanager
def held(options: StudioOptions) -> Iterator[None]:
    """Keep other studios from the folder, until this one ends, however it ends.

    Raises:
        StudioError: another studio has it.
    """
    with (options.folder / "server.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise StudioError(
                f"another studio uses {options.folder}: process {lock.read().strip() or 'unknown'}."
                " End it first, or choose another folder with --folder."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def listen(options: StudioOptions) -> socket.socket:
    """A socket at the address of the options.

    Raises:
        StudioError: the port is taken; a free one is offered.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except (OSError, OverflowError) as error:
        listener.close()
        if getattr(error, "errno", None) != errno.EADDRINUSE:
            raise StudioError(
                f"cannot listen at {options.host}:{options.port}: "
                f"{getattr(error, 'strerror', None) or error}. Choose others: --host, --port."
            ) from error
        free = _free_port(options, family)
        hint = f" Port {free} is free: --port {free}." if free else " Choose another: --port."
        raise StudioError(
            f"port {options.port} of {options.host} is in use, perhaps by another studio.{hint}"
        ) from error
    listener.listen(128)
    listener.setblocking(False)
    return listener


def _free_port(options: StudioOptions, family: int) -> int | None:
    for port in range(options.port + 1, min(options.port + 1 + _TRIED_PORTS, 65536)):
        with closing(socket.socket(family, socket.SOCK_STREAM)) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((options.host, port))
            except OSError:
                continue
            return port
    return None


class BoundedBodies:
    """Refuses requests that are too large before anything of them is kept.

    Django keeps a whole request aside before it looks who sent it. So what uploads nothing may have
    a few megabytes, and what uploads must come with a session or a token.
    """

    def __init__(self, app: Any, *, upload: int) -> None:
        self._app, self._upload = app, upload

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Hand a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        known = b"zerosum_session=" in headers.get(b"cookie", b"") or b"authorization" in headers
        uploads = scope["path"].rstrip("/").endswith("/upload")
        most = self._upload + _MOST_BODY if uploads and known else _MOST_BODY
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > most:
            if uploads and known:
                await _read_away(receive)
            await _too_large(scope, send, self._upload if uploads and known else most)
            return
        taken = 0

        async def bounded() -> dict[str, Any]:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return {"type": "http.disconnect"} if taken > most else message

        await self._app(scope, bounded, send)


async def _read_away(receive: Receive) -> None:
    """Read what comes and keep nothing: a browser shows no answer before it has sent all."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return


async def _too_large(scope: dict[str, Any], send: Send, most: int) -> None:
    from django.template.loader import render_to_string

    from zerosum.studio.api.problems import PREFIX, problem

    words = (
        f"this is too large: {most:,} bytes are allowed here. Send less, or ask an owner to allow "
        "a folder of the server, or a larger --most-upload-mb."
    )
    if scope["path"].startswith(PREFIX):
        answer = problem(413, "Content Too Large", words)
        kind, body = answer.headers["Content-Type"], answer.content
    else:
        context = {"title": "Too large", "sentence": words}
        kind = "text/html; charset=utf-8"
        body = render_to_string("studio/unavailable.html", context).encode()
    headers = [
        (b"content-type", kind.encode()),
        (b"connection", b"close"),
        (b"content-security-policy", b"default-src 'none'; style-src 'self'; img-src 'self'"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
