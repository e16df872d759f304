"""The subjects that copy is written for."""

from tests.studio.writing.conftest import sandal, words

__all__ = ["sandal", "words"]
