"""Certificates and keys: made, read, checked, and their chains verified.

What C2PA asks of a signer's certificate is in its specification, "Trust model", "X.509
certificates": no self-signed one, a use that it knows, and a key of one of its algorithms.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zerosum.errors import OriginError
from zerosum.origin.extra import require

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
"""Names of signatures in JOSE, and in small letters in C2PA, by the curve of the key."""

USES = ("1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1")
"""What a certificate may be for: e-mail protection, document signing, claims of C2PA."""

_YEARS = 10
_LEEWAY = timedelta(minutes=5)
_LARGEST = 2**20

Validity = Literal["valid", "expired", "unknown"]


@dataclass(frozen=True)
class Signatory:
    """Who signed, as a certificate names them.

    Attributes:
        name: the common name.
        organisation: the organisation, which viewers of C2PA show as the issuer.
        serial: the certificate's number.

    >>> str(Signatory("Ada", "Ada (self-made certificate)", "1"))
    'Ada (self-made certificate)'
    >>> str(Signatory("Ada", "Analytical Engines", "2"))
    'Ada, Analytical Engines'
    """

    name: str
    organisation: str
    serial: str

    def __str__(self) -> str:
        if self.organisation.startswith(self.name):
            return self.organisation or "nobody named"
        return ", ".join(part for part in (self.name, self.organisation) if part)


def make_chain(name: str) -> tuple[bytes, bytes]:
    """A certificate for ES256 under a small authority of its own.

    Args:
        name: who signs.

    Returns:
        The certificate and its authority's, as PEM, and the key of the first. The authority's key
        is forgotten, so it never certifies another.
    """
    ec = require("cryptography.hazmat.primitives.asymmetric.ec")
    authority, key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    organisation = f"{name} (self-made certificate)"
    root = _name(f"zerosum {secrets.token_hex(4)}", organisation)
    body = _certify(root, root, authority, authority, ca=True)
    leaf = _certify(_name(name, organisation), root, key, authority, ca=False)
    return to_pem([leaf, body]), key_to_pem(key)


def read_certificates(path: Path) -> "list[Certificate]":
    """The certificates of a PEM file, in their order.

    Raises:
        OriginError: it cannot be read, or holds none.
    """
    x509 = require("cryptography.x509")
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError as error:
        raise OriginError(
            f"{path} holds no certificates in PEM, which begin with "
            "'-----BEGIN CERTIFICATE-----'. Give such a file."
        ) from error


def read_key(path: Path, password: str | None) -> Any:
    """A private key of a PEM file.

    Raises:
        OriginError: it cannot be read, or the password is missing or wrong.
    """
    serialization = require("cryptography.hazmat.primitives.serialization")
    body = _read(path)
    try:
        return serialization.load_pem_private_key(body, password.encode() if password else None)
    except TypeError as error:
        advice = (
            "it is encrypted: put its password into the environment variable ZEROSUM_KEY_PASSWORD"
            if password is None
            else "it is not encrypted: take ZEROSUM_KEY_PASSWORD out of the environment"
        )
        raise OriginError(f"cannot open the key {path}: {advice}.") from error
    except Exception as error:  # of the library: not PEM, a wrong password, an unknown kind
        raise OriginError(
            f"cannot open the key {path}: it is no private key in PEM, or the password is wrong."
        ) from error


def require_fit(chain: "Sequence[Certificate]", key: Any, path: Path) -> None:
    """Refuse a certificate that nothing could be signed with.

    Raises:
        OriginError: it is of another key, self-signed, for other uses or of an algorithm that C2PA
            or JOSE lacks, its chain is out of order, or it is not valid now.
    """
    leaf = chain[0]
    if leaf.public_key() != key.public_key():
        raise OriginError(
            f"the key is not that of the first certificate in {path} ({signatory_of(leaf)}). Give "
            "the two that belong together; the signer's certificate comes first in the file."
        )
    if len(chain) == 1 and leaf.issuer == leaf.subject:
        raise OriginError(
            f"the certificate in {path} is signed by itself, which C2PA does not allow. Give one "
            "that an authority issued, or use your own identity, which is made for you."
        )
    for one, issuer in pairwise(chain):
        try:
            one.verify_directly_issued_by(issuer)
        except Exception as error:  # of the library: a wrong name, signature or kind of key
            raise OriginError(
                f"the certificates in {path} are no chain: {signatory_of(one)!s} was not issued by "
                f"{signatory_of(issuer)!s}, which follows. Put the signer's first, then the one "
                "that issued it, and so on."
            ) from error
    if not set(USES) & set(_uses_of(leaf)):
        raise OriginError(
            f"the certificate in {path} is not for signing documents: its extended key usage must "
            "have emailProtection, documentSigning or C2PA claim signing. Ask for one that has."
        )
    algorithm_of(key.public_key())
    require_current(leaf, path)


def require_current(leaf: "Certificate", path: Path | None = None) -> None:
    """Refuse a certificate that is not valid now.

    Raises:
        OriginError: it has expired, or is not valid yet.
    """
    now = datetime.now(UTC)
    where = "" if path is None else f" in {path}"
    if now > leaf.not_valid_after_utc:
        raise OriginError(
            f"the certificate{where} expired on {leaf.not_valid_after_utc:%Y-%m-%d}. What it "
            "signed before stays readable; sign with a new one."
        )
    if now < leaf.not_valid_before_utc:
        raise OriginError(
            f"the certificate{where} is valid from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC, "
            "which is later than this machine's clock. Wait, or set the clock."
        )


def algorithm_of(public: Any) -> str:
    """The name in JOSE of signatures that a key checks.

    Raises:
        OriginError: the key is of another kind.
    """
    ec = require("cryptography.hazmat.primitives.asymmetric.ec")
    rsa = require("cryptography.hazmat.primitives.asymmetric.rsa")
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in ALGORITHMS:
        return ALGORITHMS[public.curve.name]
    if isinstance(public, rsa.RSAPublicKey) and public.key_size >= 2048:
        return "PS256"
    raise OriginError(
        "the key must be on the curve P-256, P-384 or P-521, or RSA with 2048 bits or more. Ask "
        "for a certificate of such a key."
    )


def verified(
    chain: "Sequence[Certificate]", anchors: "Sequence[Certificate]", at: datetime
) -> bool:
    """Whether a chain leads from its first certificate to an anchor, and was valid then."""
    verification = require("cryptography.x509.verification")
    if not anchors or not set(USES) & set(_uses_of(chain[0])):
        return False
    policy = verification.ExtensionPolicy
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store(list(anchors)))
        .time(at)
        .extension_policies(ca_policy=policy.webpki_defaults_ca(), ee_policy=policy.permit_all())
        .build_client_verifier()
    )
    try:
        verifier.verify(chain[0], list(chain[1:]))
    except verification.VerificationError:
        return False
    return True


def is_authority(certificate: "Certificate") -> bool:
    """Whether it may issue others."""
    x509 = require("cryptography.x509")
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def signatory_of(certificate: "Certificate") -> Signatory:
    """Whom a certificate names."""
    oid = require("cryptography.x509.oid").NameOID

    def of(kind: Any) -> str:
        return next(
            (str(one.value) for one in certificate.subject.get_attributes_for_oid(kind)), ""
        )

    return Signatory(of(oid.COMMON_NAME), of(oid.ORGANIZATION_NAME), str(certificate.serial_number))


def to_pem(certificates: "Sequence[Certificate]") -> bytes:
    """Certificates as PEM, one after another."""
    encoding = require("cryptography.hazmat.primitives.serialization").Encoding.PEM
    return b"".join(one.public_bytes(encoding) for one in certificates)


def key_to_pem(key: Any) -> bytes:
    """A private key as PKCS #8 in PEM, not encrypted."""
    s = require("cryptography.hazmat.primitives.serialization")
    return key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            body = handle.read(_LARGEST + 1)
    except OSError as error:
        raise OriginError(f"cannot read {path}: {error.strerror or error}.") from error
    if len(body) > _LARGEST:
        raise OriginError(f"{path} has more than {_LARGEST:,} bytes, too many for certificates.")
    return body


def _uses_of(certificate: "Certificate") -> list[str]:
    x509 = require("cryptography.x509")
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [use.dotted_string for use in uses]


def _name(common: str, organisation: str) -> Any:
    x509, oid = require("cryptography.x509"), require("cryptography.x509.oid").NameOID
    return x509.Name(
        [
            x509.NameAttribute(oid.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(oid.COMMON_NAME, common),
        ]
    )


def _certify(subject: Any, issuer: Any, key: Any, authority: Any, *, ca: bool) -> "Certificate":
    x509, hashes = require("cryptography.x509"), require("cryptography.hazmat.primitives.hashes")
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not ca, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=ca, crl_sign=ca,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LEEWAY)
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca, 0 if ca else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not ca:
        uses = x509.ExtendedKeyUsage([x509.ObjectIdentifier(USES[0])])
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
        builder = builder.add_extension(uses, critical=False).add_extension(known, critical=False)
    return builder.sign(authority, hashes.SHA256())
