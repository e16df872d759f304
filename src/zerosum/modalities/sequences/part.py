"""What a report shows of sequences: timelines, lengths, gaps and calendars."""

from collections.abc import Iterator

from zerosum.evaluation.reports.parts import Drawn, Part, SamplesPart, Shown, png_of
from zerosum.modalities.sequences.shown import SequencePreview

_MOST = 2_000

_PREVIEW = SequencePreview()


def sequence_parts(shown: Shown) -> Iterator[Part]:
    """Timelines of samples, and their lengths, gaps and calendars beside those of reals."""
    x = shown.samples.x[:_MOST]
    real = None if shown.private else shown.reference.x[:_MOST]
    words = f"Timelines of a few samples; then {len(x):,} of them as bars"
    words += "" if real is None else f", beside {len(real):,} reals in grey"
    words += ": rows of an entity, gaps between rows, and when rows are."
    drawn = Drawn(png_of(_PREVIEW.draw(shown.space, x, real=real)), words, plot=True)
    yield SamplesPart("Samples" if real is None else "Samples beside reals", drawn)
