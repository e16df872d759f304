"""What is measured of molecules."""

import pyarrow as pa
import pytest
import torch

from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.modalities.molecules.metrics.molecules import MedicinalFilters
from zerosum.modalities.molecules.modality import small_molecules
from zerosum.modalities.molecules.reading import read_like
from zerosum.modalities.molecules.space import MoleculeSpace
from zerosum.modalities.tables.reading.sources import MemorySource


def test_alerts_are_counted() -> None:
    space = small_molecules().space
    assert isinstance(space, MoleculeSpace)
    harmless, suspect = "CCc1ccccc1", "CCc1ccccc1C=O"
    table = pa.table({"smiles": [harmless, harmless, harmless, suspect]})
    data = read_like(MemorySource(table, name="four"), space, library=None)
    x = data.take(torch.arange(len(data)))[0]
    samples = SampleSet(x, torch.zeros(len(x), 1))
    context = MetricContext(space, extractor="-", split="holdout", replicates=20)
    found = MedicinalFilters().read(samples, samples, context)["without_alerts"]
    assert found.value == pytest.approx(0.75)
    assert len(found.replicates) == 20
