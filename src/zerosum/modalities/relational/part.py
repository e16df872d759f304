"""What a report shows of a database."""

from collections.abc import Iterator

from zerosum.evaluation.reports.parts import Part, Shown


def database_parts(shown: Shown) -> Iterator[Part]:
    """Nothing yet."""
    yield from ()
