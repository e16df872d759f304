"""SMILES that are read: which column, which lines, what is left aside, and what is told."""

from pathlib import Path

import pandas as pd
import pytest
import torch

import zerosum as zs
from zerosum.errors import DataError, PrivacyError
from zerosum.modalities.molecules.fragments import make_fragments
from zerosum.modalities.molecules.space import MoleculeSpace
from zerosum.modalities.strings.frames import texts_of
from zerosum.workflows.data import open_data, open_holdout

SMILES = make_fragments(30)["smiles"].to_pylist()


def opened(data: object, **options: object) -> zs.Model:
    return open_data(data, spaces=("molecule",), **options)[0]  # type: ignore[return-value]


def frame(**more: object) -> pd.DataFrame:
    return pd.DataFrame({"name": [f"m{i}" for i in range(30)], "smi": SMILES, **more})


def test_the_column_is_found_and_told() -> None:
    made, _ = open_data(frame(kind=["a", "b"] * 15), spaces=("molecule",))
    space = made.space
    assert isinstance(space, MoleculeSpace)
    assert space.text == "smi"
    assert space.computed == ("logP", "QED", "MW")
    assert space.order == ("name", "smi", "kind", "logP", "QED", "MW")
    assert any("'smi' is taken" in note for note in made.notes)
    odd, _ = open_data(
        frame().rename(columns={"smi": "what"}), spaces=("molecule",)
    )  # found by its cells
    assert isinstance(odd.space, MoleculeSpace)
    assert odd.space.text == "what"


def test_lines_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    rows = ["id,smiles", "1,C1CC", *(f"{i},{s}" for i, s in enumerate(SMILES, 2)), "40,", "41,*C"]
    path = tmp_path / "m.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    made, _ = open_data(path, spaces=("molecule",))
    said = " ".join(made.notes)
    assert "line 2: 'C1CC' is no SMILES" in said
    assert "line 34: '*C'" in said
    assert "rows without SMILES, which are left aside: 1." in said
    lines = tmp_path / "m.smi"
    lines.write_text("\n".join([SMILES[0] + " first", "", "nonsense", *SMILES]), encoding="utf-8")
    made, _ = open_data(lines, spaces=("molecule",))
    assert "line 3: 'nonsense'" in " ".join(made.notes)
    lines.write_text("\n".join(["SMILES\tname", *SMILES, "C1C\tx"]), encoding="utf-8")
    (said,) = open_data(lines, spaces=("molecule",))[0].notes
    assert f"line {len(SMILES) + 2}: 'C1C'" in said


def test_molecules_that_repeat_are_counted() -> None:
    made, _ = open_data(frame().assign(smi=["CCO", "OCC", "C(O)C"] * 10), spaces=("molecule",))
    assert any("29 of 30 molecules repeat others" in note for note in made.notes)


def test_a_file_of_structures_names_the_way(tmp_path: Path) -> None:
    (tmp_path / "x.sdf").write_text("$$$$\n")
    with pytest.raises(DataError, match=r"Open Babel does: obabel in\.sdf"):
        open_data(tmp_path / "x.sdf", spaces=("molecule",))


def test_molecules_go_in_and_come_out() -> None:
    made, _ = open_data(frame(), spaces=("molecule",), longest=90, protect=1)
    assert isinstance(made.space, MoleculeSpace)
    x, _ = made.take(torch.arange(len(made)))
    from zerosum.modalities.molecules.chemistry import pieces_of

    assert texts_of(made.space, x) == [pieces_of(one)[1] for one in SMILES]
    back = made.space.to_data(made.space.to_model(x))
    assert texts_of(made.space, back) == texts_of(made.space, x)
    torch.testing.assert_close(made.space.worked_out(x), x, equal_nan=True)


def test_a_column_of_the_data_is_not_worked_out() -> None:
    made, _ = open_data(frame(logp=[0.1 * i for i in range(30)]), spaces=("molecule",))
    assert isinstance(made.space, MoleculeSpace)
    assert made.space.computed == ("QED", "MW")
    assert any("logP is not worked out" in note for note in made.notes)
    none, _ = open_data(frame(), spaces=("molecule",), properties="none")
    assert isinstance(none.space, MoleculeSpace)
    assert none.space.computed == ()


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (frame().drop(columns="smi"), {}, "must hold SMILES"),
        (frame(), {"smiles": "smile"}, "Did you mean 'smi'"),
        (frame()[:3], {}, "3 molecules that can be read"),
        (frame().assign(smi="nonsense"), {"smiles": "smi"}, "row 1: 'nonsense'"),
        (frame(length=1.5), {}, "Rename it"),
        (frame(), {"given": "names"}, "no other column"),
    ],
)
def test_what_cannot_be_used(data: pd.DataFrame, options: dict, words: str) -> None:
    with pytest.raises(DataError, match=words):
        open_data(data, spaces=("molecule",), **options)


def test_no_promise_of_privacy() -> None:
    with pytest.raises(PrivacyError, match="not bounded"):
        open_data(frame(), spaces=("molecule",), private=True)


def test_a_holdout_is_read_as_the_training_data_was() -> None:
    made, config = open_data("fragments", spaces=("molecule",), num_rows=40)
    held, _ = open_holdout("fragments", space=made.space, like=config)
    assert held.space == made.space
    assert held.fingerprint != made.fingerprint
    strange = frame().assign(smi=["CCBr", *SMILES[1:]])
    known, _ = open_data(frame()[1:], spaces=("molecule",))
    held, _ = open_holdout(strange, space=known.space)
    assert any("does not know" in note for note in held.notes)
