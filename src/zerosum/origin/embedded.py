"""Origins inside of files: manifests of C2PA, written and read by `c2pa-python`.

Nothing is fetched: what a file names elsewhere, a manifest or a list of revoked certificates, is
not asked for.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zerosum.errors import OriginError
from zerosum.models.provenance import Provenance
from zerosum.origin.certificates import USES, Signatory, to_pem
from zerosum.origin.extra import require

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MEDIA = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".gif": "image/gif", ".tif": "image/tiff", ".tiff": "image/tiff", ".avif": "image/avif",
    ".svg": "image/svg+xml", ".mp4": "video/mp4", ".wav": "audio/wav", ".mp3": "audio/mpeg",
}  # fmt: skip
"""Files that carry their origin inside, by ending."""

LABEL = "zerosum.origin"
"""The assertion that holds a `Provenance`."""

_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_SOURCES = {
    "all": _TYPES + "trainedAlgorithmicMedia",
    "some": _TYPES + "compositeWithTrainedAlgorithmicMedia",
}
_GENERATED = ("trainedAlgorithmicMedia", "trainedAlgorithmicData")
_PARTLY = ("compositeWithTrainedAlgorithmicMedia", "compositeSynthetic")

_OFFLINE: dict[str, Any] = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "core": {"allowed_network_hosts": []},
    "builder": {"thumbnail": {"enabled": False}},
    "trust": {"trust_config": "\n".join(USES)},
}

_MATCHES = {
    f"assertion.{kind}.match" for kind in ("dataHash", "bmffHash", "boxesHash", "collectionHash")
}
"""That the content is the one that was signed; one of them is needed beside the signature."""

_WORDS = {
    "assertion.dataHash.mismatch": "the content was changed after it was signed",
    "assertion.bmffHash.mismatch": "the content was changed after it was signed",
    "assertion.boxesHash.mismatch": "the content was changed after it was signed",
    "assertion.hashedURI.mismatch": "what the origin says was changed after it was signed",
    "assertion.missing": "a part of what the origin says was removed",
    "claimSignature.mismatch": "the signature does not fit the origin that it stands under",
    "claimSignature.missing": "the signature was removed",
    "signingCredential.invalid": "the certificate is not one that C2PA allows",
}

_MINING_LABEL = "cawg.training-mining"
_MINING = (
    "cawg.ai_inference", "cawg.ai_generative_training", "cawg.ai_training", "cawg.data_mining",
)  # fmt: skip
"""Uses that an assertion of CAWG ("Training and data mining", 1.0) allows or not."""

Mining = Literal["allowed", "notAllowed"]
Made = Literal["all", "some", "not stated"]


@dataclass(frozen=True)
class EmbeddedOrigin:
    """What a file says of its origin from inside.

    Attributes:
        problems: what was changed, in words; empty where the file is whole.
        signatory: who signed.
        trusted: whether their certificate leads to an anchor.
        expired: whether the certificate has expired.
        made: how much of it a model made, as its signer says.
        facts: a `Provenance` as JSON, where the file has one.
        generator: the program that signed.
    """

    problems: tuple[str, ...]
    signatory: Signatory
    trusted: bool
    expired: bool
    made: Made
    facts: dict[str, Any]
    generator: str


def embed(
    source: Path,
    target: Path,
    provenance: Provenance,
    chain: bytes,
    key: bytes,
    *,
    algorithm: str,
    mining: Mining | None = None,
) -> None:
    """Write `source` with its origin inside to `target`.

    Args:
        source: a file whose ending is one of `MEDIA`.
        target: another file.
        provenance: how it was made.
        chain: certificates in PEM.
        key: of the first, in PEM.
        algorithm: of the signature, such as `es256`.
        mining: whether others may mine it and train on it, if the signer says so.

    Raises:
        OriginError: the file is not of the kind that its name says.
    """
    c2pa = require("c2pa")
    program = {"name": "zerosum", "version": provenance.zerosum}
    action = {
        "action": "c2pa.created",
        "digitalSourceType": _SOURCES[provenance.share],
        "softwareAgent": program,
    }
    definition: dict[str, Any] = {
        "claim_generator_info": [program],
        "title": source.name,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [action]}, "created": True},
            {"label": LABEL, "data": provenance.to_json(), "kind": "Json", "created": True},
        ],
    }
    if mining is not None:
        entries = {name: {"use": mining} for name in _MINING}
        definition["assertions"].append(
            {"label": _MINING_LABEL, "data": {"entries": entries}, "created": True}
        )
    kind = MEDIA[source.suffix.lower()]
    try:
        info = c2pa.C2paSignerInfo(algorithm, chain, key, None)
        with (
            c2pa.Context.from_dict(_OFFLINE) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(definition, context) as builder,
            source.open("rb") as read,
            target.open("w+b") as written,
        ):
            builder.sign(signer, kind, read, written)
    except c2pa.C2paError as error:
        raise OriginError(
            f"cannot sign {source.name}: {error}. Is it a whole file of the kind that its "
            "name says?"
        ) from error


def read_embedded(path: Path, anchors: "Sequence[Certificate]" = ()) -> EmbeddedOrigin | str | None:
    """The origin inside of a file.

    Args:
        path: a file of any kind.
        anchors: certificates of authorities that are trusted.

    Returns:
        None where it has none; a sentence where the file is damaged, or its origin is elsewhere.

    Raises:
        MissingExtraError: the extra `origin` is not installed.
    """
    c2pa = require("c2pa")
    settings: dict[str, Any] = dict(_OFFLINE)
    if anchors:
        settings["trust"] = _OFFLINE["trust"] | {"user_anchors": to_pem(anchors).decode()}
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            path.open("rb") as handle,
            c2pa.Reader(MEDIA.get(path.suffix.lower()), handle, context=context) as reader,
        ):
            return _understand(json.loads(reader.json()))
    except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported):
        return None
    except c2pa.C2paError as error:
        if str(error).startswith("Remote"):
            return "its origin lies on a server, and is not fetched"
        return f"it cannot be read ({error})"
    except (KeyError, ValueError, TypeError, AttributeError) as error:  # of another form
        return f"its origin cannot be read ({error!r})"


def _understand(found: dict[str, Any]) -> EmbeddedOrigin:
    manifest = found["manifests"][found["active_manifest"]]
    signed = manifest.get("signature_info") or {}
    codes = {one["code"]: one.get("explanation", "") for one in _results(found, "failure")}
    checked = {one["code"] for one in _results(found, "success")}
    expired = "signingCredential.expired" in codes
    for code in ("signingCredential.untrusted", "signingCredential.expired"):
        codes.pop(code, None)
    state = found.get("validation_state")
    if state in ("Valid", "Trusted"):  # what failed is not the signer's, such as a second identity
        codes.clear()
    if not codes and not ("claimSignature.validated" in checked and checked & _MATCHES):
        codes["unchecked"] = "the library did not check the signature and the content"
    program = (manifest.get("claim_generator_info") or [{}])[0]
    return EmbeddedOrigin(
        tuple(dict.fromkeys(str(_WORDS.get(code) or why or code) for code, why in codes.items())),
        Signatory(
            str(signed.get("common_name") or ""), str(signed.get("issuer") or ""),
            str(signed.get("cert_serial_number") or ""),
        ),
        state == "Trusted",
        expired,
        _made(found["manifests"], found["active_manifest"]),
        next((one["data"] for one in _dicts(manifest, LABEL)), {}) | _mining_of(manifest),
        f"{program.get('name', '')} {program.get('version', '')}".strip(),
    )  # fmt: skip


def _results(found: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    """What validation found of the newest manifest and of those that it builds on."""
    results = found.get("validation_results") or {}
    yield from (results.get("activeManifest") or {}).get(kind, [])
    for ingredient in results.get("ingredientDeltas") or []:
        yield from (ingredient.get("validationDeltas") or {}).get(kind, [])


def _made(manifests: dict[str, Any], active: str) -> Made:
    """How much a model made, by what the newest manifest and those of its ingredients say."""
    if _sources(manifests[active]) & set(_GENERATED):
        return "all"
    every = set().union(*map(_sources, manifests.values()))
    return "some" if every & {*_GENERATED, *_PARTLY} else "not stated"


def _sources(manifest: dict[str, Any]) -> set[str]:
    return {
        str(action.get("digitalSourceType", "")).rpartition("/")[2]
        for one in _dicts(manifest, "c2pa.actions")
        for action in one["data"].get("actions", [])
    }


def _mining_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """What a manifest says of mining and training: of all uses at once, where it is the same."""
    said = {
        str(name).partition(".")[2]: str(entry.get("use", ""))
        for one in _dicts(manifest, _MINING_LABEL)
        for name, entry in one["data"].get("entries", {}).items()
    }
    if not said:
        return {}
    return {"mining": said if len({*said.values()}) > 1 else next(iter(said.values()))}


def _dicts(manifest: dict[str, Any], label: str) -> Iterator[dict[str, Any]]:
    """Assertions whose label begins so, and that hold names and values."""
    for one in manifest.get("assertions", []):
        if str(one["label"]).startswith(label) and isinstance(one.get("data"), dict):
            yield one
