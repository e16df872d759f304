"""What a report shows of texts: some of them beside reals."""

from collections.abc import Iterator

from zerosum.evaluation.reports.parts import Drawn, Part, SamplesPart, Shown, png_of
from zerosum.modalities.strings.shown import TextPreview
from zerosum.modalities.strings.space import TextSpace

_PREVIEW = TextPreview()


def text_parts(shown: Shown) -> Iterator[Part]:
    """Twelve samples; texts of people are shown of the model alone."""
    assert isinstance(shown.space, TextSpace)
    picture = _PREVIEW.draw(shown.space, shown.samples.x)
    yield SamplesPart("Samples", Drawn(png_of(picture), "Texts that the model made", plot=False))
