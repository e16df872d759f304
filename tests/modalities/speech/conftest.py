"""The command line, for tests of this room."""

from tests.cli.conftest import zerosum

__all__ = ["zerosum"]
