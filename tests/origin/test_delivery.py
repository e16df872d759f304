"""Bundles sent to a server that really listens."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.origin.conftest import Authority
from zerosum.errors import OriginError
from zerosum.origin.delivery import Delivery, deliver, verify_delivery

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """A server on this machine; answers with the statuses of `answers`, then with 200."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((self.path, headers, body))
                status, said = receiver.answers.pop(0) if receiver.answers else (200, {})
                self.send_response(status)
                for name, value in said.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}/in/box?a=b"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    path.write_bytes(b"PK" + bytes(range(256)) * 5000)
    return path


def send(url: str, bundle: Path, *, waits: tuple[float, ...] = (), paused: list[float]) -> Delivery:
    return deliver(url, bundle, SECRET, allow_private=True, waits=waits, wait=paused.append)


def test_it_arrives_signed(receiver: Receiver, bundle: Path) -> None:
    done = send(receiver.url, bundle, paused=[])
    ((path, headers, body),) = receiver.got
    assert (done.status, done.attempts) == (200, 1)
    assert (path, body) == ("/in/box?a=b", bundle.read_bytes())
    assert headers["host"] == f"127.0.0.1:{receiver.server.server_port}"
    assert headers["content-type"] == "application/zip"
    assert headers["webhook-id"] == headers["idempotency-key"] == done.id
    now = time.time()
    assert verify_delivery(headers, body, SECRET, now=now)
    assert not verify_delivery(headers, body + b"x", SECRET, now=now)
    assert not verify_delivery(headers, body, "another", now=now)
    assert not verify_delivery(headers, body, SECRET, now=now + 400)
    assert not verify_delivery(headers | {"webhook-timestamp": "x"}, body, SECRET, now=now)
    later = headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}
    assert not verify_delivery(later, body, SECRET, now=now)
    assert not verify_delivery({}, body, SECRET, now=now)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of the specification's own libraries."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }  # fmt: skip
    assert verify_delivery(headers, b'{"test": 2432232314}', SECRET, now=1614265330)


def test_it_is_sent_again_under_the_same_id(receiver: Receiver, bundle: Path) -> None:
    receiver.answers = [(503, {}), (429, {"retry-after": "7"}), (500, {"retry-after": "99999"})]
    paused: list[float] = []
    done = send(receiver.url, bundle, waits=(1, 2, 4), paused=paused)
    assert (done.attempts, paused) == (4, [1, 7, 300])
    assert {headers["webhook-id"] for _, headers, _ in receiver.got} == {done.id}
    assert {body for _, _, body in receiver.got} == {bundle.read_bytes()}


def test_it_gives_up_in_words(receiver: Receiver, bundle: Path) -> None:
    receiver.answers = [(503, {})] * 3
    with pytest.raises(OriginError, match="status 503 at the last of 3 attempts"):
        send(receiver.url, bundle, waits=(0, 0), paused=[])
    assert len(receiver.got) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 409, 501])
def test_a_refusal_is_not_repeated(receiver: Receiver, bundle: Path, status: int) -> None:
    receiver.answers = [(status, {})]
    with pytest.raises(OriginError, match=f"refuses the bundle: status {status}"):
        send(receiver.url, bundle, waits=(0, 0), paused=[])
    assert len(receiver.got) == 1


def test_redirects_are_not_followed(receiver: Receiver, bundle: Path) -> None:
    receiver.answers = [(307, {"location": receiver.url})]
    with pytest.raises(OriginError, match="redirect to 'http://127"):
        send(receiver.url, bundle, waits=(0,), paused=[])
    assert len(receiver.got) == 1


def test_the_server_is_who_it_says(bundle: Path, authority: Authority) -> None:
    """The name of the address is checked, although the connection goes to a number."""
    chain, key, root = authority(use="1.3.6.1.5.5.7.3.1", host="localhost")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(chain, key)
    trusted = ssl.create_default_context(cafile=root)
    receiver = Receiver(served)
    port = receiver.server.server_port
    try:
        for url, tls, words in (
            (f"https://localhost:{port}/", trusted, None),
            (f"https://127.0.0.1:{port}/", trusted, "doesn't match|mismatch|not valid for"),
            (f"https://localhost:{port}/", None, "CERTIFICATE_VERIFY_FAILED"),
        ):
            if words is None:
                done = deliver(url, bundle, SECRET, allow_private=True, tls=tls, waits=())
                assert done.status == 200
                continue
            with pytest.raises(OriginError, match=words):
                deliver(url, bundle, SECRET, allow_private=True, tls=tls, waits=())
    finally:
        receiver.close()
    assert len(receiver.got) == 1
    assert receiver.got[0][1]["host"] == f"localhost:{port}"


def test_nobody_listens(bundle: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/"
        with pytest.raises(OriginError, match="no answer"):
            send(url, bundle, waits=(0,), paused=[])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "224.0.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[fe80::1]", "[fd00::1]",
     "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "2130706433", "0x7f.1"],
)  # fmt: skip
def test_private_addresses_are_refused(bundle: Path, host: str) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(OriginError, match="this machine or a private network"):
            deliver(f"{scheme}://{host}/", bundle, SECRET, waits=())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://8.8.8.8/", "unencrypted"),
        ("ftp://example.org/", "https://HOST"),
        ("file:///etc/passwd", "https://HOST"),
        ("https://name:secret@example.org/", "without a name"),
        ("https://", "https://HOST"),
        ("https://example.org:99999/", "no web address"),
        ("example.org", "https://HOST"),
    ],
)
def test_addresses_that_are_none(bundle: Path, url: str, words: str) -> None:
    with pytest.raises(OriginError, match=words) as failed:
        deliver(url, bundle, SECRET, waits=())
    assert "name:secret" not in str(failed.value) or "secret@" in url


def test_secrets_that_are_none(bundle: Path) -> None:
    for secret, words in (("", "is empty"), ("whsec_%%", "not base64")):
        with pytest.raises(OriginError, match=words):
            deliver("https://example.org/", bundle, secret, waits=())


def test_a_bundle_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OriginError, match="cannot read"):
        deliver("https://example.org/", tmp_path / "none.zip", SECRET, waits=())
