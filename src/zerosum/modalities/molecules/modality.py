"""Molecules as a modality."""

from collections.abc import Iterator

from zerosum.data.base import Dataset
from zerosum.evaluation.features.base import Extractor
from zerosum.modalities.molecules.features import MoleculeFeatures, looks_of
from zerosum.modalities.molecules.fragments import make_fragments
from zerosum.modalities.molecules.model import MoleculeModel
from zerosum.modalities.molecules.part import molecule_parts
from zerosum.modalities.molecules.reading import MoleculeTableMemory
from zerosum.modalities.molecules.shown import MoleculePreview, MoleculeWriter
from zerosum.modalities.molecules.space import MoleculeSpace
from zerosum.modalities.tables.reading.sources import MemorySource
from zerosum.modality import JudgeKit, Modality, register

_FEW_TRAIN, _FEW_HELD = 1_000, 200
"""Molecules below which a report warns."""


def small_molecules(
    *, properties: bool = True, num_labels: int = 0, needs: tuple[str, ...] = ()
) -> Dataset:
    """64 molecules of a ring with two side groups."""
    options = MoleculeTableMemory(properties="computed" if properties else "none", protect=2)
    return options.read(MemorySource(make_fragments(64), name="small"), library=None)


def too_small(train: int, held: int | None) -> Iterator[str]:
    """What is to be known of few molecules."""
    few = [f"{train:,} molecules to train on"] if train < _FEW_TRAIN else []
    few += [f"{held:,} molecules of the holdout"] if held is not None and held < _FEW_HELD else []
    if few:
        yield (
            f"There are too few molecules to trust single figures: {' and '.join(few)}, where "
            f"{_FEW_TRAIN:,} and {_FEW_HELD} are few."
        )


def _fingerprints(dataset: Dataset) -> Extractor:
    assert isinstance(dataset.space, MoleculeSpace)
    return MoleculeFeatures(dataset.space)


register(
    Modality(
        kind="molecule",
        preview=MoleculePreview(),
        writer=MoleculeWriter(),
        judge=JudgeKit(
            extractors={"fingerprints": lambda dataset, _: _fingerprints(dataset)},
            default="fingerprints",
            parts=molecule_parts,
            warnings=too_small,
            inputs=looks_of,
        ),
        model=lambda _game: MoleculeModel,
        small_dataset=small_molecules,
        shapes=({"properties": False},),
    ),
    module=__name__,
)
