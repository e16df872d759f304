"""Identities, authorities and files of every form, made by the tests."""

import io
import struct
import wave
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from zerosum.models.provenance import Provenance

MADE = Provenance(
    "cgan", "ab" * 32, run="digits", step=40, seed=7, n=1, index=3, where={"label": 3}
)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of one's own identity, far from the user's."""
    pytest.importorskip("c2pa", reason="the extra `origin` is not installed")
    monkeypatch.setenv("ZEROSUM_IDENTITY", str(tmp_path / "identity"))
    monkeypatch.delenv("ZEROSUM_KEY_PASSWORD", raising=False)
    return tmp_path / "identity"


def picture(path: Path) -> Path:
    """A small file of the form that its ending names, written by others than us."""
    ending = path.suffix.lower()
    if ending == ".svg":
        path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>')
    elif ending == ".wav":
        with wave.open(str(path), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(struct.pack("<400h", *range(400)))
    elif ending == ".mp3":
        _encode(path, "mp3", "audio")
    elif ending == ".mp4":
        _encode(path, "mpeg4", "video")
    else:
        body = io.BytesIO()
        image = Image.linear_gradient("L").resize((24, 16)).convert("RGB")
        image.save(body, format=Image.registered_extensions()[ending])
        path.write_bytes(body.getvalue())
    return path


def _encode(path: Path, codec: str, kind: str) -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed")
    import numpy as np

    with av.open(str(path), "w") as container:
        if kind == "video":
            stream = container.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
            frames = [av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))]
        else:
            stream = container.add_stream(codec, rate=44100)
            frames = [av.AudioFrame.from_ndarray(np.zeros((1, 4608), np.int16), "s16", "mono")]
            frames[0].sample_rate = 44100
        for frame in [*frames, None]:
            container.mux(stream.encode(frame))


Authority = Callable[..., tuple[Path, Path, Path]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Makes an authority whose department certifies a signer; returns chain, key and root.

    `twin.pem` beside them certifies another signer with the same key.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.x509.oid import NameOID

    keys: dict[str, Callable[[], Any]] = {
        "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "RSA": lambda: rsa.generate_private_key(65537, 2048),
        "Ed25519": ed25519.Ed25519PrivateKey.generate,
    }

    def make(
        kind: str = "P-256", *, name: str = "Studio Ada", days: tuple[int, int] = (-2, 300),
        use: str = "1.3.6.1.5.5.7.3.36", password: bytes | None = None, folder: str = "authority",
        host: str | None = None,
    ) -> tuple[Path, Path, Path]:  # fmt: skip
        now = datetime.now(UTC)

        def certify(
            subject: str, key: Any, issuer: str, signer: Any, length: int | None
        ) -> x509.Certificate:
            ca = length is not None
            first, last = (-400, 400) if ca else days
            names = [
                x509.Name(
                    [
                        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Trust"),
                        x509.NameAttribute(NameOID.COMMON_NAME, one),
                    ]
                )
                for one in (subject, issuer)
            ]
            usage = [not ca, False, False, False, False, ca, ca, False, False]
            builder = (
                x509.CertificateBuilder(names[1], names[0], key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now + timedelta(days=first))
                .not_valid_after(now + timedelta(days=last))
                .add_extension(x509.BasicConstraints(ca, length), critical=True)
                .add_extension(x509.KeyUsage(*usage), critical=True)
                .add_extension(
                    x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
                )
                .add_extension(
                    x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                    critical=False,
                )
            )
            if not ca:
                uses = x509.ExtendedKeyUsage([x509.ObjectIdentifier(use)])
                builder = builder.add_extension(uses, critical=False)
            if host is not None and not ca:
                names_of = x509.SubjectAlternativeName([x509.DNSName(host)])
                builder = builder.add_extension(names_of, critical=False)
            return builder.sign(signer, hashes.SHA256())

        top, middle, key = keys["P-256"](), keys["P-256"](), keys[kind]()
        root = certify("Root", top, "Root", top, 1)
        department = certify("Department", middle, "Root", top, 0)
        leaf = certify(name, key, "Department", middle, None)
        twin = certify("Twin", key, "Department", middle, None)
        pem, place = serialization.Encoding.PEM, tmp_path / folder
        place.mkdir()
        chain = [one.public_bytes(pem) for one in (leaf, department)]
        hidden = (
            serialization.NoEncryption()
            if password is None
            else serialization.BestAvailableEncryption(password)
        )
        files = place / "chain.pem", place / "key.pem", place / "root.pem"
        files[0].write_bytes(b"".join(chain))
        (place / "twin.pem").write_bytes(twin.public_bytes(pem) + chain[1])
        files[1].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, hidden))
        files[2].write_bytes(root.public_bytes(pem))
        return files

    return make
