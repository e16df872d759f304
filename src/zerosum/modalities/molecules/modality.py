"""Molecules as a modality."""

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
from zerosum.modality import JudgeKit, Modality, register, too_few


def small_molecules(
    *, properties: bool = True, num_labels: int = 0, needs: tuple[str, ...] = ()
) -> Dataset:
    """64 molecules of a ring with two side groups."""
    options = MoleculeTableMemory(properties="computed" if properties else "none", protect=2)
    return options.read(MemorySource(make_fragments(64), name="small"), library=None)


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
            warnings=too_few("molecules", train=1_000),
            inputs=looks_of,
        ),
        model=lambda _game: MoleculeModel,
        small_dataset=small_molecules,
        shapes=({"properties": False},),
    ),
    module=__name__,
)
