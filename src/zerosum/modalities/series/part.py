"""What a report shows of series: fans over time, and how values depend on those before."""

from collections.abc import Iterator

from PIL import Image, ImageDraw
from torch import Tensor

from zerosum.evaluation.reports.parts import Drawn, Part, SamplesPart, Shown, beside_reals, png_of
from zerosum.lettering import Lettering
from zerosum.modalities.series.dependence import autocorrelations
from zerosum.modalities.series.shown import SeriesPreview
from zerosum.modalities.series.space import SeriesSpace
from zerosum.plots.charts import curves as chart
from zerosum.plots.raster import to_image

_MOST = 1_000
_CHANNELS = 6
_SIDE, _TITLE, _COLUMNS = 200, 20, 2

_PREVIEW = SeriesPreview()


def series_parts(shown: Shown) -> Iterator[Part]:
    """Fans of samples over those of reals, autocorrelations, and samples beside training series."""
    assert isinstance(shown.space, SeriesSpace)
    x = shown.samples.x[:_MOST]
    real = None if shown.private else shown.reference.x[:_MOST]
    words = (
        f"Each channel over time: the fan holds 50 % and 90 % of {len(x):,} samples, and lines "
        "are some of them"
    )
    words += "" if real is None else f"; that of {len(real):,} reals is grey"
    fans = Drawn(png_of(_PREVIEW.draw(shown.space, x, real=real)), words, plot=True)
    yield SamplesPart("Samples" if real is None else "Samples over reals", fans)
    if shown.space.length > 3:
        yield SamplesPart("Autocorrelation", _autocorrelations(shown.space, x, real))
    if shown.neighbours:
        yield from [*beside_reals(shown, _PREVIEW, most=1)][1:]


def _autocorrelations(space: SeriesSpace, x: Tensor, real: Tensor | None) -> Drawn:
    sets = {"samples": x} | ({} if real is None else {"reals": real})
    found = {name: autocorrelations(space.bridged(one)).mean(0) for name, one in sets.items()}
    names = space.names[:_CHANNELS]
    across = min(_COLUMNS, len(names))
    width, height = _SIDE * 3 // 2, _SIDE + _TITLE
    sheet = Image.new("RGB", (across * width, -(-len(names) // across) * height), "white")
    pen, letters = ImageDraw.Draw(sheet), Lettering(13)
    for i, name in enumerate(names):
        left, top = i % across * width, i // across * height
        curves = {which: [*enumerate(values[i].tolist(), 1)] for which, values in found.items()}
        letters.write(pen, (left + 12, top + 4), name, fill="#111827")
        plot = chart(curves, width=width, height=_SIDE)
        sheet.paste(to_image(plot), (left, top + _TITLE))
    words = "How much a value says of the one so many steps later, within a series, on average"
    return Drawn(png_of(sheet), words, plot=True)
