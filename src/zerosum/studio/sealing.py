"""Secrets that the studio has to know again: encrypted, with a key in a file beside its state.

Who takes the database alone cannot read them.
"""

from typing import Any

from django.conf import settings

from zerosum.errors import MissingExtraError, StudioError
from zerosum.studio.keys import kept_key

_FILE = "sealing.key"


def seal(text: str) -> str:
    """A secret as the database keeps it.

    Raises:
        StudioError: the key cannot be read or made.
        MissingExtraError: cryptography is not installed.
    """
    fernet, _ = _libraries()
    return fernet(_key(fernet)).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret again.

    Raises:
        StudioError: it was sealed with another key.
        MissingExtraError: cryptography is not installed.
    """
    fernet, invalid = _libraries()
    try:
        return fernet(_key(fernet)).decrypt(sealed.encode()).decode()
    except (invalid, ValueError) as error:
        raise StudioError(
            f"a stored secret cannot be read: {_FILE} is not the key that it was stored with. "
            "Bring that file back, or enter the secret again."
        ) from error


def _key(fernet: Any) -> str:
    path = settings.STUDIO.folder / _FILE
    try:
        return kept_key(path, lambda: fernet.generate_key().decode())
    except OSError as error:
        raise StudioError(
            f"cannot use {_FILE} in the studio's folder: {error.strerror or error}."
        ) from error


def _libraries() -> tuple[Any, type[Exception]]:
    try:
        from cryptography.fernet import Fernet, InvalidToken
    except ImportError:
        raise MissingExtraError(
            "stored secrets need cryptography, which is not installed. Run: pip install "
            "'zerosum[studio]'."
        ) from None
    return Fernet, InvalidToken
