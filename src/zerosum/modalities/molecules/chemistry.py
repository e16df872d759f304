"""What RDKit and SELFIES know of molecules: reading, writing, properties, fingerprints, parts.

Krenn, Haese, Nigam, Friederich and Aspuru-Guzik, "Self-referencing embedded strings (SELFIES): a
100% robust molecular string representation", Machine Learning: Science and Technology 2020,
arXiv:1905.13741: every string of their pieces is a molecule.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from zerosum.errors import DataError, MissingExtraError

PROPERTIES = {"logP": 2, "QED": 3, "MW": 1}
"""Properties that are worked out of each molecule, and the decimal places they are given with.

logP is the octanol-water partition of Wildman and Crippen (1999), QED the drug-likeness of
Bickerton et al. (2012), and MW the molar weight in g/mol.
"""

BITS = 1_024
_KEPT = 100_000


def has_chemistry() -> bool:
    """Whether RDKit and SELFIES are installed."""
    return find_spec("rdkit") is not None and find_spec("selfies") is not None


def require_chemistry() -> None:
    """Molecules need both.

    Raises:
        MissingExtraError: one is not installed.
    """
    if not has_chemistry():
        raise MissingExtraError(
            "molecules are read by RDKit and SELFIES, and one of them is not installed. Install "
            "the extra: pip install 'zerosum[molecules]'."
        )


@cache
def _quiet() -> Any:
    """RDKit's `Chem`, which says nothing of molecules that it refuses."""
    require_chemistry()
    from rdkit import Chem, RDLogger

    RDLogger.DisableLog("rdApp.*")  # pyright: ignore[reportAttributeAccessIssue]
    return Chem


def parsed(smiles: str) -> Any:
    """The molecule of RDKit.

    Raises:
        DataError: there is no such molecule.
    """
    mol = _quiet().MolFromSmiles(smiles) if smiles.strip() else None
    if mol is None or not mol.GetNumAtoms():
        raise DataError(f"{smiles!r} is no SMILES of a molecule.")
    return mol


def pieces_of(smiles: str) -> tuple[list[str], str]:
    """SELFIES pieces of a molecule, and its canonical SMILES.

    >>> pieces_of("OCC")
    (['[C]', '[C]', '[O]'], 'CCO')

    Raises:
        DataError: it is no molecule, or one that SELFIES cannot hold.
    """
    canonical = str(_quiet().MolToSmiles(parsed(smiles)))
    return list(split(selfies_of(canonical))), canonical


def selfies_of(smiles: str) -> str:
    """A molecule as SELFIES, atom by atom in the order of `smiles`.

    Raises:
        DataError: SELFIES cannot hold it.
    """
    import selfies

    try:
        written = str(selfies.encoder(smiles))
    except selfies.EncoderError as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{smiles!r} cannot be written as SELFIES: {reason[:120]}.") from error
    if smiles_of(written) == "":
        raise DataError(f"{smiles!r} cannot be read back from SELFIES.")
    return written


def split(written: str) -> Sequence[str]:
    """The pieces of SELFIES."""
    import selfies

    return tuple(selfies.split_selfies(written))


@lru_cache(maxsize=_KEPT)
def smiles_of(written: str) -> str:
    """Canonical SMILES of SELFIES; empty where they are no molecule that RDKit takes.

    >>> smiles_of("[O][C][C]")
    'CCO'
    """
    import selfies

    chem = _quiet()
    try:
        mol = chem.MolFromSmiles(selfies.decoder(written))
    except selfies.DecoderError:
        return ""
    return "" if mol is None else str(chem.MolToSmiles(mol))


@lru_cache(maxsize=_KEPT)
def properties(smiles: str) -> tuple[float, ...]:
    """The properties of a molecule in the order of `PROPERTIES`, rounded; NaN of no molecule.

    >>> properties("CCO")
    (-0.0, 0.407, 46.1)
    """
    if not smiles:
        return (float("nan"),) * len(PROPERTIES)
    _quiet()
    from rdkit.Chem import QED, Crippen, Descriptors

    mol = parsed(smiles)
    found = (Crippen.MolLogP(mol), QED.qed(mol), Descriptors.MolWt(mol))  # pyright: ignore[reportAttributeAccessIssue]
    return tuple(round(x, n) for x, n in zip(found, PROPERTIES.values(), strict=True))


def fingerprints(smiles: Sequence[str]) -> np.ndarray:
    """How often each neighbourhood of two bonds is there, float32 `[N, 1024]`.

    Rogers and Hahn, "Extended-connectivity fingerprints", 2010.
    """
    made = np.zeros((len(smiles), BITS), np.float32)
    for i, one in enumerate(smiles):
        made[i] = np.frombuffer(_fingerprint(one), np.uint8)
    return made


@lru_cache(maxsize=_KEPT)
def _fingerprint(smiles: str) -> bytes:
    if not smiles:
        return bytes(BITS)
    _quiet()
    from rdkit.Chem import rdFingerprintGenerator

    maker = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=BITS)
    counts = maker.GetCountFingerprintAsNumPy(parsed(smiles))
    return np.minimum(counts, 255).astype(np.uint8).tobytes()


@lru_cache(maxsize=_KEPT)
def scaffold(smiles: str) -> str:
    """The rings of a molecule and what joins them; empty without rings.

    Bemis and Murcko, "The properties of known drugs", 1996.

    >>> scaffold("Cc1ccccc1CC")
    'c1ccccc1'
    """
    if not smiles:
        return ""
    _quiet()
    from rdkit.Chem.Scaffolds import MurckoScaffold

    return str(MurckoScaffold.MurckoScaffoldSmiles(mol=parsed(smiles)))


@lru_cache(maxsize=_KEPT)
def fragments(smiles: str) -> tuple[str, ...]:
    """The parts that a molecule falls into where chemists would join them.

    Degen, Wegscheid-Gerlach, Zaliani and Rarey, "On the art of compiling and using 'drug-like'
    chemical fragment spaces" (BRICS), 2008.
    """
    if not smiles:
        return ()
    _quiet()
    from rdkit.Chem import BRICS

    return tuple(sorted(BRICS.BRICSDecompose(parsed(smiles))))


@cache
def _catalogue() -> Any:
    """RDKit's catalogue of parts that medicinal chemists avoid: PAINS and BRENK."""
    _quiet()
    from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

    asked = FilterCatalogParams()
    for one in ("PAINS", "BRENK"):
        asked.AddCatalog(getattr(FilterCatalogParams.FilterCatalogs, one))
    return FilterCatalog(asked)


@lru_cache(maxsize=_KEPT)
def alerts(smiles: str) -> tuple[str, ...]:
    """Parts that medicinal chemists avoid, by their names; none of no molecule.

    Baell and Holloway, "New substructure filters for removal of pan assay interference compounds
    (PAINS)", 2010; Brenk et al., "Lessons learnt from assembling screening libraries", 2008.

    >>> alerts("CCO"), alerts("c1ccccc1N=Nc1ccccc1")
    ((), ('azo_A(324)', 'diazo_group'))
    """
    if not smiles:
        return ()
    return tuple(str(one.GetDescription()) for one in _catalogue().GetMatches(parsed(smiles)))


def holds(smiles: str, part: str) -> bool:
    """Whether a molecule has another within it.

    >>> holds("Cc1ccccc1", "c1ccccc1"), holds("CCO", "c1ccccc1")
    (True, False)
    """
    return bool(smiles) and bool(parsed(smiles).HasSubstructMatch(parsed(part)))
