"""Origins beside files: `FILE.origin.json`, for forms that cannot carry one inside.

The file is JSON. `origin` says how the file was made, and `signature` is a JSON Web Signature
(RFC 7515, compact, with its payload detached as in appendix F) whose header holds the chain of
certificates (`x5c`). Its payload is everything but `signature`, as JSON in UTF-8 with sorted keys
and without spaces.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from zerosum.errors import OriginError, RunError
from zerosum.origin.certificates import algorithm_of
from zerosum.origin.extra import require
from zerosum.runs.files import DamageError, parse_json, read_json, write_json

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SCHEMA = 1
_KIND = "zerosum.origin"
_LONGEST_CHAIN = 10
_BLOCK = 2**20


class SignatureError(OriginError):
    """A signature does not fit what it stands under, or cannot be read."""


@dataclass(frozen=True)
class Sidecar:
    """What a file beside another says, once its signature has been checked.

    Attributes:
        name: what the file was called.
        sha256: of its content, in hex digits.
        size: in bytes.
        facts: a `Provenance` as JSON.
        signed_at: when, as the signer says, in ISO 8601.
        chain: certificates, the signer's first. They are not checked.
    """

    name: str
    sha256: str
    size: int
    facts: dict[str, Any]
    signed_at: str
    chain: "list[Certificate]"


def sidecar_of(path: Path) -> Path:
    """Where the origin of `path` lies.

    >>> sidecar_of(Path("rows.csv")).name
    'rows.csv.origin.json'
    """
    return path.with_name(path.name + ".origin.json")


def write_sidecar(
    path: Path, facts: dict[str, Any], chain: "Sequence[Certificate]", key: Any
) -> Path:
    """Sign `path` in a file beside it.

    Args:
        path: the file.
        facts: how it was made, as JSON.
        chain: certificates, the signer's first.
        key: of the first.

    Raises:
        RunError: the file cannot be read, or the other not written.
    """
    try:
        with path.open("rb") as handle:
            digest, size = digest_of(handle)
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}.") from error
    said = {
        "kind": _KIND,
        "schema": SCHEMA,
        "file": {"name": path.name, "sha256": digest, "bytes": size},
        "origin": facts,
        "signed_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(sidecar_of(path), said | {"signature": _sign(said, chain, key)})
    return sidecar_of(path)


def read_sidecar(content: Path | bytes) -> Sidecar:
    """What a file beside another says.

    Args:
        content: the path of a `.origin.json` file, or what is in it.

    Raises:
        SignatureError: it is damaged, or its signature does not fit.
        OriginError: it is of a newer version.
        RunError: it cannot be read.
    """
    try:
        said = read_json(content) if isinstance(content, Path) else parse_json(content)
    except DamageError as error:
        raise SignatureError(str(error).removesuffix(".")) from error
    except ValueError as error:
        raise SignatureError(f"its origin is no JSON: {error}") from error
    if not isinstance(said, dict) or said.get("kind") != _KIND:
        raise SignatureError("its origin is no file that zerosum wrote")
    if said.get("schema") != SCHEMA:
        raise OriginError(
            f"the origin is of schema {said.get('schema')!r} and this zerosum knows {SCHEMA}: "
            "update zerosum."
        )
    chain = _check(said)
    try:
        file, facts = said["file"], said["origin"]
        made = Sidecar(
            str(file["name"]), str(file["sha256"]), int(file["bytes"]), dict(facts),
            str(said["signed_at"]), chain,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise SignatureError("its origin lacks what zerosum writes there") from error
    return made


def digest_of(handle: IO[bytes]) -> tuple[str, int]:
    """SHA-256 in hex digits, and how many bytes there are."""
    digest, size = hashlib.sha256(), 0
    while block := handle.read(_BLOCK):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def _sign(said: dict[str, Any], chain: "Sequence[Certificate]", key: Any) -> str:
    jws, encoding = require("jwt").PyJWS(), _der()
    x5c = [base64.b64encode(one.public_bytes(encoding)).decode() for one in chain]
    algorithm = algorithm_of(key.public_key())
    token = jws.encode(_canonical(said), key, algorithm, {"typ": "JOSE", "x5c": x5c})
    header, _, signature = token.split(".")
    return f"{header}..{signature}"


def _check(said: dict[str, Any]) -> "list[Certificate]":
    """The chain of the certificate that everything but `signature` is signed by."""
    jwt, x509 = require("jwt"), require("cryptography.x509")
    rest = {name: value for name, value in said.items() if name != "signature"}
    try:
        header, empty, signature = said["signature"].split(".")
        x5c = jwt.get_unverified_header(f"{header}.e30.{signature}")["x5c"]
        chain = [
            x509.load_der_x509_certificate(base64.b64decode(one, validate=True))
            for one in x5c[:_LONGEST_CHAIN]
        ]
        public = chain[0].public_key()
        payload = base64.urlsafe_b64encode(_canonical(rest)).rstrip(b"=").decode()
        token = f"{header}.{payload}.{signature}"
        if empty:
            raise SignatureError("its signature is not detached, as zerosum writes it")
        jwt.PyJWS().decode(token, public, [algorithm_of(public)])
    except jwt.InvalidSignatureError as error:
        raise SignatureError("what the origin says was changed after it was signed") from error
    except SignatureError:
        raise
    except Exception as error:  # of the libraries: no token, no certificates, an unknown kind
        raise SignatureError(f"its signature cannot be read: {error}") from error
    return chain


def _canonical(said: dict[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _der() -> Any:
    return require("cryptography.hazmat.primitives.serialization").Encoding.DER
