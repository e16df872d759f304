"""What RDKit and SELFIES say of molecules."""

import pytest

from zerosum.errors import DataError
from zerosum.modalities.molecules.chemistry import (
    fingerprints,
    fragments,
    holds,
    parsed,
    pieces_of,
    properties,
    scaffold,
    smiles_of,
)

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def test_pieces_and_back() -> None:
    pieces, canonical = pieces_of("OC(=O)c1ccccc1OC(C)=O")
    assert canonical == ASPIRIN
    assert smiles_of("".join(pieces)) == ASPIRIN
    assert smiles_of("[nonsense]") == ""


def test_stereo_charges_and_salts_are_kept() -> None:
    for smiles in ("C[C@H](N)C(=O)O", "C/C=C/C", "C[N+](C)(C)C", "CC(=O)[O-].[Na+]"):
        pieces, canonical = pieces_of(smiles)
        assert smiles_of("".join(pieces)) == canonical


@pytest.mark.parametrize("smiles", ["C1CC", "", "  ", "hello", "C(C)(C)(C)(C)C", "*CC*"])
def test_what_is_no_molecule_is_refused(smiles: str) -> None:
    with pytest.raises(DataError):
        pieces_of(smiles)


def test_properties_of_aspirin() -> None:
    """LogP, QED and weight as RDKit's own documentation and tables have them."""
    assert properties(ASPIRIN) == pytest.approx((1.31, 0.55, 180.2), abs=0.01)
    assert all(one != one for one in properties(""))


def test_parts() -> None:
    assert scaffold(ASPIRIN) == "c1ccccc1"
    assert len(fragments(ASPIRIN)) > 1
    assert scaffold("") == ""
    assert fragments("") == ()
    assert holds(ASPIRIN, "c1ccccc1")
    assert not holds("", "C")
    both = fingerprints([ASPIRIN, ""])
    assert both.shape == (2, 1_024)
    assert both[0].sum() > 10
    assert not both[1].any()
    assert parsed("CCO").GetNumAtoms() == 3
