"""What a report shows of molecules: drawings, and their properties beside those of reals."""

from collections.abc import Iterator

import numpy as np

from zerosum.evaluation.reports.parts import Drawn, Part, SamplesPart, Shown, png_of
from zerosum.modalities.molecules.chemistry import PROPERTIES, properties
from zerosum.modalities.molecules.shown import MoleculePreview
from zerosum.modalities.molecules.space import MoleculeSpace
from zerosum.modalities.strings.frames import texts_of
from zerosum.plots.charts import overlays
from zerosum.plots.raster import to_image

_MOST = 2_000
_STEPS = 40

_PREVIEW = MoleculePreview()


def molecule_parts(shown: Shown) -> Iterator[Part]:
    """Drawings of samples, and of reals where these may be shown; then properties of both."""
    assert isinstance(shown.space, MoleculeSpace)
    samples = Drawn(
        png_of(_PREVIEW.draw(shown.space, shown.samples.x)), "Molecules that the model made"
    )
    reals = None
    if not shown.private:
        reals = Drawn(png_of(_PREVIEW.draw(shown.space, shown.reference.x)), "Reals")
    yield SamplesPart("Samples beside reals" if reals else "Samples", samples, reals)
    sets = {"samples": shown.samples.x, "reals": shown.reference.x}
    found = {
        name: np.array([properties(one) for one in texts_of(shown.space, x[:_MOST])])
        for name, x in sets.items()
    }
    groups: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for i, name in enumerate(PROPERTIES):
        known = {key: one[:, i][~np.isnan(one[:, i])] for key, one in found.items()}
        low, high = np.quantile(np.concatenate([*known.values()]), [0.002, 0.998])
        edges = np.linspace(low, high if high > low else low + 1, _STEPS + 1)
        groups[name] = {
            key: [
                (float(x), float(share))
                for x, share in zip(
                    (edges[1:] + edges[:-1]) / 2,
                    np.histogram(one, edges)[0] / max(len(one), 1), strict=True,
                )
            ]
            for key, one in known.items()
        }  # fmt: skip
    drawn = Drawn(
        png_of(to_image(overlays(groups))), "Properties of samples and of reals, as shares",
        plot=True,
    )  # fmt: skip
    yield SamplesPart("Properties", drawn)
