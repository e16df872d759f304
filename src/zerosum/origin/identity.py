"""Who signs: an identity of one's own that is made once, or a certificate from an authority."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zerosum.errors import OriginError, RunError
from zerosum.faces import either
from zerosum.models.provenance import Provenance, Signer
from zerosum.origin.certificates import (
    Signatory,
    algorithm_of,
    key_to_pem,
    make_chain,
    read_certificates,
    read_key,
    require_current,
    require_fit,
    signatory_of,
    to_pem,
)
from zerosum.origin.embedded import MEDIA, Mining, embed
from zerosum.origin.extra import require
from zerosum.origin.sidecars import sidecar_of, write_sidecar
from zerosum.runs.files import make_folder, write_folder, write_whole

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

CERTIFICATE, KEY = "certificate.pem", "key.pem"
"""Files of an identity's folder: the chain, signer first, and the private key."""


@dataclass(frozen=True)
class Identity(Signer):
    """A certificate with its key.

    Attributes:
        chain: certificates, the signer's first, then the one that issued it, and so on.
        key: the private key of the first.
        mining: whether others may mine what it signs and train on it; if not given, nothing is
            said.
    """

    chain: "Sequence[Certificate]"
    key: Any = field(repr=False)
    mining: Mining | None = None

    @classmethod
    def own(cls, folder: Path | str | None = None, *, name: str = "zerosum user") -> "Identity":
        """One's own identity, which is made when it is first asked for.

        It proves that files are from the same signer, and not who that is: anybody can make one of
        any name. The key lies unencrypted in a folder that the user alone may read.

        Args:
            folder: where it lies; if not given, `ZEROSUM_IDENTITY`, else `zerosum/identity` in the
                user's folder of settings.
            name: who signs; used only when the identity is made.

        Raises:
            OriginError: the folder cannot be made or read, or the certificate has expired.
            MissingExtraError: the extra `origin` is not installed.
        """
        place = own_folder() if folder is None else Path(folder)
        if place is None:
            raise OriginError(
                "there is no home folder to keep an identity in. Set ZEROSUM_IDENTITY to a folder, "
                f"or give one with {_another()}."
            )
        if not (place / CERTIFICATE).exists():
            _make(place, name)
        return cls.load(place / CERTIFICATE, place / KEY)

    @classmethod
    def load(
        cls, certificate: Path | str, key: Path | str, *, password: str | None = None
    ) -> "Identity":
        """An identity from files in PEM.

        Args:
            certificate: the chain, the signer's certificate first.
            key: the private key of the signer's certificate.
            password: of the key; if not given, `ZEROSUM_KEY_PASSWORD`.

        Raises:
            OriginError: a file cannot be read, they do not belong together, the certificate is not
                valid now, or C2PA does not allow it.
            MissingExtraError: the extra `origin` is not installed.
        """
        require("c2pa")
        certificate = Path(certificate)
        password = password or os.environ.get("ZEROSUM_KEY_PASSWORD") or None
        chain, private = read_certificates(certificate), read_key(Path(key), password)
        require_fit(chain, private, certificate)
        return cls(chain, private)

    @property
    def signatory(self) -> Signatory:
        """Who signs."""
        return signatory_of(self.chain[0])

    @property
    def algorithm(self) -> str:
        """The name of its signatures in JOSE, such as `ES256`."""
        return algorithm_of(self.key.public_key())

    def sign(self, path: Path | str, provenance: Provenance) -> None:
        """Sign a file in place: inside it, or in a file beside it; see `docs/origin.md`.

        Args:
            path: the file. An origin that it had is replaced.
            provenance: how it was made.

        Raises:
            OriginError: the certificate has expired, or the file is not of the kind its name says.
            RunError: it cannot be read or written.
        """
        path = Path(path)
        require_current(self.chain[0])
        if not path.is_file():
            raise RunError(f"cannot sign {path}: it is no file. Name one that is there.")
        if path.suffix.lower() not in MEDIA:
            said = {} if self.mining is None else {"mining": self.mining}
            write_sidecar(path, provenance.to_json() | said, self.chain, self.key)
            return
        chain, key = to_pem(self.chain), key_to_pem(self.key)
        algorithm = self.algorithm.lower()
        mining = self.mining

        def fill(aside: Path) -> None:
            embed(path, aside, provenance, chain, key, algorithm=algorithm, mining=mining)

        write_whole(path, fill)

    def write(self, path: Path, write: Callable[[Path], object], provenance: Provenance) -> Path:
        """Let `write` write a file or folder, sign each file, then put it in place.

        In a folder, files named by a number hold the sample of that number.

        Raises:
            OriginError: it cannot be signed.
            RunError: it cannot be written.
        """
        require_current(self.chain[0])
        make_folder(path.parent)
        try:
            aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        except OSError as error:
            raise RunError(
                f"cannot write into {path.parent}: {error.strerror or error}."
            ) from error
        try:
            self._write(path, aside / path.name, write, provenance)
        except OSError as error:
            raise RunError(f"cannot write {path}: {error.strerror or error}.") from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return path

    def _write(
        self, path: Path, made: Path, write: Callable[[Path], object], provenance: Provenance
    ) -> None:
        if path.is_dir() and any(path.iterdir()):
            raise RunError(f"{path} is not empty. Choose a new folder.")
        write(made)
        if made.is_dir():
            for file in sorted(made.iterdir()):
                number = file.stem if file.stem.isdecimal() and file.stem.isascii() else None
                self.sign(file, provenance if number is None else provenance.one(int(number)))
        else:
            self.sign(made, provenance)
            if sidecar_of(made).exists():  # first, so that no file is ever there unsigned
                sidecar_of(made).replace(sidecar_of(path))
        made.replace(path)


def own_folder() -> Path | None:
    """Where one's own identity lies; None where the user has no home folder."""
    given = os.environ.get("ZEROSUM_IDENTITY")
    if given:
        return Path(given)
    settings = os.environ.get("XDG_CONFIG_HOME")
    try:
        return (Path(settings) if settings else Path.home() / ".config") / "zerosum" / "identity"
    except RuntimeError:
        return None


def _make(folder: Path, name: str) -> None:
    """A new identity; where another process was quicker, its is kept."""
    if not name.strip() or len(name) > 40:  # 64 with what is added is all that X.509 allows
        raise OriginError(f"the name {name!r} must have 1 to 40 letters.")
    chain, key = make_chain(name.strip())

    def fill(aside: Path) -> None:
        aside.chmod(0o700)
        for file, body in ((CERTIFICATE, chain), (KEY, key)):
            number = os.open(aside / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(number, "wb") as handle:
                handle.write(body)
                handle.flush()
                os.fsync(handle.fileno())

    try:
        make_folder(folder.parent)
        write_folder(folder, fill)
    except RunError as error:
        with contextlib.suppress(OSError):
            if (folder / CERTIFICATE).exists():
                return
        raise OriginError(
            f"cannot make your identity: {error} Set ZEROSUM_IDENTITY to a folder that you may "
            f"write to, or give one with {_another()}."
        ) from error


def _another() -> str:
    return either(python="Identity.own(FOLDER)", shell="--identity FOLDER")
