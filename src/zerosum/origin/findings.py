"""What was found out about one file's origin: whether it is whole, who signed it, what made it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zerosum.errors import DataError, OriginError
from zerosum.origin.certificates import (
    Signatory,
    is_authority,
    read_certificates,
    signatory_of,
    verified,
)
from zerosum.origin.embedded import EmbeddedOrigin, Made, read_embedded
from zerosum.origin.identity import CERTIFICATE, own_folder
from zerosum.origin.marks import marks_of
from zerosum.origin.sidecars import (
    Sidecar,
    SignatureError,
    digest_of,
    read_sidecar,
    sidecar_of,
)

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

State = Literal["whole", "changed", "damaged", "no origin"]
Form = Literal["inside", "beside", "bundle"]
Trust = Literal["own", "given", "unknown", "expired"]

_TRUST = {
    "own": "This is your own identity.",
    "given": "An authority that you trust issued the certificate.",
    "unknown": "Nobody that you trust vouches for this name: anybody can make a certificate of any "
    "name.",
    "expired": "The certificate has expired, and only the signer says when the file was signed.",
}
_MADE = {
    "all": "Its signer says that it is AI-generated.",
    "some": "Its signer says that a part of it is AI-generated.",
    "not stated": "Its signer does not say whether it is AI-generated.",
}


@dataclass(frozen=True)
class Inspection:
    """What there is to know of a file's origin.

    Attributes:
        path: the file.
        state: `whole` as it was signed, `changed` after that, `damaged` so that nothing can be
            said, or `no origin`.
        form: whether the origin lies `inside` (C2PA) or `beside` the file, or it is a `bundle`.
        signatory: who signed.
        trust: whether the signer is one's `own` identity, `given` as trusted, `unknown`, or their
            certificate has `expired`.
        made: whether a model made `all` or `some` of it; `not stated` by a signer who says nothing.
        facts: how it was made; see `Provenance`. Without an origin, what a mark says that nobody
            signed.
        generator: the program that signed.
        problems: what is wrong, in words.
    """

    path: Path
    state: State
    form: Form | None = None
    signatory: Signatory | None = None
    trust: Trust | None = None
    made: Made | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    generator: str = ""
    problems: tuple[str, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether the file is whole, and signed by one's own or a given authority's."""
        return self.state == "whole" and self.trust in ("own", "given")

    def sentences(self) -> list[str]:
        """The same in words."""
        lines = [f"{self.path.name}: {self._state()}", *(f"- {one}" for one in self.problems)]
        if self.state == "changed" and self.signatory is not None:
            lines.append("What follows was signed with another content.")
        if self.signatory is not None and self.trust is not None:
            lines.append(f"Signed by {self.signatory}. {_TRUST[self.trust]}")
        if self.made is not None:
            lines.append(_MADE[self.made])
        lines += [f"{name:>12}  {_text(value)}" for name, value in self.facts.items()]
        return lines

    def to_json(self) -> dict[str, Any]:
        """The same as JSON."""
        return asdict(self) | {"path": str(self.path), "trusted": self.trusted}

    def _state(self) -> str:
        if self.state == "no origin":
            return (
                "no origin. It was never signed, or that was removed: saving a file anew, or a "
                "screenshot, does so."
            ) + (" It carries a mark without a signature, which says:" if self.facts else "")
        if self.state == "whole":
            return "whole, as it was signed." + (
                " Its origin lies in the file beside it." if self.form == "beside" else ""
            )
        return f"{self.state}."


@dataclass(frozen=True)
class Anchors:
    """The certificates that are trusted.

    Attributes:
        own: of one's own identity.
        given: of authorities that the user names.
    """

    own: "Sequence[Certificate]" = ()
    given: "Sequence[Certificate]" = ()

    @classmethod
    def read(cls, files: Sequence[Path | str] = (), identity: Path | None = None) -> "Anchors":
        """Those of one's own identity, where there is one, and of files.

        Args:
            files: PEM files with certificates of authorities, such as another's `certificate.pem`.
            identity: the folder of one's own identity; if not given, the usual one.

        Raises:
            OriginError: a file cannot be read, or holds no authority.
        """
        folder = own_folder() if identity is None else identity
        mine = None if folder is None else folder / CERTIFICATE
        own = read_certificates(mine) if mine is not None and mine.exists() else []
        return cls(own, [one for file in files for one in _authorities(Path(file))])

    @property
    def all(self) -> "list[Certificate]":
        """Each authority among them."""
        return [one for one in (*self.own, *self.given) if is_authority(one)]

    def judge(self, chain: "Sequence[Certificate]") -> Trust:
        """Whether a chain leads to one of them."""
        now = datetime.now(UTC)
        if now > chain[0].not_valid_after_utc:
            return "expired"
        if self.own and chain[0] == self.own[0]:
            return "own"
        return "given" if verified(chain, self.given, now) else "unknown"

    def judge_embedded(self, found: EmbeddedOrigin) -> Trust:
        """The same of an origin inside a file, whose chain C2PA has checked."""
        if found.expired:
            return "expired"
        if not found.trusted:
            return "unknown"
        return "own" if self.is_own(found.signatory) else "given"

    def is_own(self, signatory: Signatory) -> bool:
        """Whether a certificate has the number of one's own."""
        return bool(self.own) and signatory.serial == str(self.own[0].serial_number)


def inspect_single(path: Path, anchors: Anchors) -> Inspection:
    """The origin of one file, which lies inside it or beside it.

    Raises:
        OSError: the file cannot be read.
        MissingExtraError: the extra `origin` is not installed.
    """
    found = read_embedded(path, anchors.all)
    if isinstance(found, EmbeddedOrigin) and found.trusted and not anchors.is_own(found.signatory):
        # One's own authority may have signed for others too, who are not trusted by that.
        found = read_embedded(path, anchors.given)
    if isinstance(found, EmbeddedOrigin):
        return _embedded(path, found, anchors)
    if sidecar_of(path).exists():
        return _beside(path, anchors)
    if found is None:
        return Inspection(path, "no origin", facts=_mark(path))
    elsewhere = "not fetched" in found
    return Inspection(path, "no origin" if elsewhere else "damaged", problems=(found,))


def judge_sidecar(
    path: Path, form: Form, sidecar: Sidecar, anchors: Anchors, problems: Sequence[str]
) -> Inspection:
    """What a file beside another says, as an inspection."""
    share = sidecar.facts.get("share")
    return Inspection(
        path,
        "changed" if problems else "whole",
        form,
        signatory_of(sidecar.chain[0]),
        anchors.judge(sidecar.chain),
        share if share in ("all", "some") else "not stated",
        sidecar.facts | {"signed_at": sidecar.signed_at},
        f"zerosum {sidecar.facts.get('zerosum', '')}".strip(),
        tuple(problems),
    )


def _mark(path: Path) -> dict[str, Any]:
    """What a sound says of itself without a signature."""
    try:
        return marks_of(path)
    except DataError:
        return {}


def _embedded(path: Path, found: EmbeddedOrigin, anchors: Anchors) -> Inspection:
    return Inspection(
        path, "changed" if found.problems else "whole", "inside", found.signatory,
        anchors.judge_embedded(found), found.made, found.facts, found.generator, found.problems,
    )  # fmt: skip


def _beside(path: Path, anchors: Anchors) -> Inspection:
    try:
        sidecar = read_sidecar(sidecar_of(path))
    except SignatureError as error:
        return Inspection(path, "changed", "beside", problems=(str(error),))
    problems = []
    with path.open("rb") as handle:
        if digest_of(handle) != (sidecar.sha256, sidecar.size):
            problems.append("the content was changed after it was signed")
    return judge_sidecar(path, "beside", sidecar, anchors, problems)


def _authorities(path: Path) -> "list[Certificate]":
    found = [one for one in read_certificates(path) if is_authority(one)]
    if not found:
        raise OriginError(
            f"{path} holds no certificate of an authority, only of signers, which vouch for "
            "nobody. Give the authority's, or the whole chain."
        )
    return found


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={_text(one)}" for name, one in value.items())
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
