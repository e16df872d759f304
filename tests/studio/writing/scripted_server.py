"""An OpenAI-compatible server that answers what a test tells it to, in a thread."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = {
    "title": "Red sandal",
    "body": "A red sandal for warm days.",
    "alt_text": "A red sandal on white.",
    "tags": ["sandal", "red"],
    "language": "en",
}


@dataclass
class Reply:
    """One answer; `cut` breaks off after half of it, `stalls` sends half and then nothing."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    stalls: bool = False
    endless: bool = False


def reply(content: object = GOOD, **changes: Any) -> Reply:
    """A chat completion with this content: an object as JSON, or a text."""
    text = content if isinstance(content, str | list) or content is None else json.dumps(content)
    answer = {
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20},
    }
    return Reply(body=json.dumps(answer | changes).encode())


def error(status: int, message: str, **headers: str) -> Reply:
    """An error in OpenAI's form; underscores in names of headers are hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps({"error": {"message": message}}).encode(), named)


@dataclass
class Received:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def picture(self) -> str | None:
        """The URL of the picture in the last message of the user that has one."""
        for message in self.json["messages"]:
            if isinstance(message["content"], list):
                return message["content"][1]["image_url"]["url"]
        return None


class ScriptedServer:
    """Answers requests in turn; the last reply is repeated."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.received: list[Received] = []
        self.stalled = threading.Event()
        self.release = threading.Event()
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                script.received.append(Received(self.path, dict(self.headers), body))
                n = len(script.received)
                script.answer(self, script.replies[min(n, len(script.replies)) - 1])

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that goes away is what some tests are about

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def answer(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Connection", "close")
        if not reply.endless:
            handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        handler.close_connection = True
        half = reply.cut or reply.stalls
        handler.wfile.write(reply.body[: len(reply.body) // 2] if half else reply.body)
        if reply.stalls:
            self.stalled.set()
            self.release.wait(20)
        while reply.endless:
            handler.wfile.write(b"x" * 65_536)  # until the client goes away

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on; a handshake that fails ends its own connection alone."""
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    @contextmanager
    def running(self) -> Iterator["ScriptedServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.release.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += timedelta(seconds=seconds)
