"""Texts as a modality."""

import pyarrow as pa

from zerosum.data.base import Dataset
from zerosum.evaluation.features.base import Extractor
from zerosum.modalities.strings.features import TextFeatures, looks_of
from zerosum.modalities.strings.model import TextModel
from zerosum.modalities.strings.part import text_parts
from zerosum.modalities.strings.reading import simulated  # noqa: F401  (readers are found)
from zerosum.modalities.strings.reading.readers import TextTableMemory
from zerosum.modalities.strings.shown import TextPreview, TextWriter
from zerosum.modalities.strings.space import TextSpace
from zerosum.modalities.strings.templates import found as templates  # noqa: F401  (so are they)
from zerosum.modalities.tables.reading.sources import MemorySource
from zerosum.modality import JudgeKit, Modality, register, too_few


def small_texts(
    *, words: int = 4, columns: int = 2, num_labels: int = 0, needs: tuple[str, ...] = ()
) -> Dataset:
    """64 texts of a few words with a number and a kind, of which the number is a slot."""
    kinds = ("ant", "bee", "cat")
    rows = [
        {
            "kind": kinds[i % 3],
            "count": 10 + i * 7 % 30,
            "text": " ".join(
                [f"{10 + i * 7 % 30}", *[kinds[(i + k) % 3] for k in range(words + i % 2)]]
            ),
        }
        for i in range(64)
    ]
    names = ["kind", "count"][:columns]
    table = pa.table({name: [row[name] for row in rows] for name in [*names, "text"]})
    options = TextTableMemory(text="text", pieces="characters", protect=2)
    return options.read(MemorySource(table, name="small"), library=None)


def _words(dataset: Dataset) -> Extractor:
    assert isinstance(dataset.space, TextSpace)
    return TextFeatures(dataset.space)


register(
    Modality(
        kind="string",
        preview=TextPreview(),
        writer=TextWriter(),
        judge=JudgeKit(
            extractors={"words": lambda dataset, _: _words(dataset)},
            default="words",
            parts=text_parts,
            warnings=too_few("texts", train=1_000),
            inputs=looks_of,
        ),
        model=lambda _game: TextModel,
        small_dataset=small_texts,
        shapes=({"words": 1, "columns": 0}, {"words": 9, "columns": 1}),
    ),
    module=__name__,
)
