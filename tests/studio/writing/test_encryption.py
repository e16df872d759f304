"""Certificates are checked against the name, although the connection goes to a number."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.studio.writing.scripted_server import FakeClock, ScriptedServer, reply
from zerosum.studio.writing.endpoint import Endpoint
from zerosum.studio.writing.errors import AddressError
from zerosum.studio.writing.llm import LLMWriter
from zerosum.studio.writing.prompts import PromptTemplate
from zerosum.studio.writing.subjects import CopySubject

pytest.importorskip("httpx", reason="pip install 'zerosum[studio]'")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of its own authority for `localhost`, with its key in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path / "both.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    words += f" -addext subjectAltName=DNS:localhost -keyout {path} -out {tmp_path / 'cert.pem'}"
    subprocess.run([openssl, *words.split()], check=True, capture_output=True)
    with path.open("a") as handle:
        handle.write((tmp_path / "cert.pem").read_text())
    return path


def test_the_name_is_checked(
    certificate: Path, words: CopySubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ScriptedServer(reply())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.encrypt(context)

    def write(host: str) -> str:
        endpoint = Endpoint(
            base_url=f"https://{host}:{server.port}/v1", model="m", allow_private=True,
        )  # fmt: skip
        writer = LLMWriter(endpoint, clock=FakeClock())
        return writer.write(words, PromptTemplate()).copy.title

    with server.running():
        with pytest.raises(
            AddressError, match=r"localhost:.* cannot prove to be that server: .*SSL_CERT_FILE"
        ):
            write("localhost")  # nobody trusts this authority
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert write("localhost") == "Red sandal"
        with pytest.raises(AddressError, match="certificate verify failed: IP address mismatch"):
            write("127.0.0.1")
    assert len(server.received) == 1
