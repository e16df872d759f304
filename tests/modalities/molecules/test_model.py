"""Molecules that are made: valid, with the properties and the beginning that are asked for."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

import zerosum as zs
from zerosum.errors import ConditionError
from zerosum.modalities.molecules.chemistry import holds, properties
from zerosum.modalities.molecules.fragments import make_fragments

SMALL = {
    "game.generator.width": 64, "game.generator.rank": 32, "game.attributes.width": 48,
    "game.attributes.depth": 2, "optimisation.batch_size": 32,
}  # fmt: skip


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return make_fragments(300).to_pandas().assign(kind=["a", "b", "b"] * 100)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame) -> zs.MoleculeModel:
    return zs.train(
        "molecules", frame, out=tmp_path_factory.mktemp("molecules") / "run", samples=32 * 120,
        set=SMALL, quiet=True, referee="off", threads=1, precision="fp32", layout="contiguous",
        compile=False, holdout=0.2,
    )  # fmt: skip


def test_every_row_is_a_molecule_with_its_own_properties(model: zs.MoleculeModel) -> None:
    made = model.sample(40, seed=1)
    assert [*made] == ["smiles", "kind", "logP", "QED", "MW"]
    for row in made.to_dict("records"):
        assert (row["logP"], row["QED"], row["MW"]) == pytest.approx(properties(row["smiles"]))
    assert model.remark is None or "no molecules" in model.remark


def test_conditions_hold_of_the_molecule(model: zs.MoleculeModel) -> None:
    made = model.sample(20, where={"logP": "1..2", "MW": zs.Between(100, 200), "kind": "a"}, seed=2)
    assert len(made) == 20
    assert all(1 <= properties(one)[0] <= 2 for one in made["smiles"])
    assert made["MW"].between(100, 200).all()
    assert set(made["kind"]) == {"a"}
    assert "others were made in their place" in str(model.remark)


def test_a_beginning_is_kept(model: zs.MoleculeModel) -> None:
    made = model.sample(12, where={"smiles": "c1ccccc1*"}, seed=3)
    assert all(holds(one, "c1ccccc1") for one in made["smiles"])


def test_a_row_does_not_depend_on_how_many_are_made(model: zs.MoleculeModel) -> None:
    where = {"logP": "0..2"}
    many, few = model.sample(70, where=where, seed=5), model.sample(9, where=where, seed=5)
    pd.testing.assert_frame_equal(many[:9], few)
    pieces = pd.concat([*model.stream(70, where=where, seed=5, batch_size=32)], ignore_index=True)
    pd.testing.assert_frame_equal(pieces, many)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"where": {"smiles": "CCO"}}, r"say how it begins.*smiles='c1ccccc1\*'"),
        ({"where": {"smiles": "C1CC*"}}, "no SMILES"),
        ({"where": {"smiles": "CC[Se]*"}}, "is not in the training data"),
        ({"where": {"logP": "90..99"}}, "logP"),
        ({"where": {"logp": "1..2"}}, "logP"),
        ({"in_turn": {"QED": [0.3, 0.5]}}, "worked out of each molecule"),
        ({"weight": {"MW": {"<150": 0.5}}}, "worked out of each molecule"),
    ],
)
def test_what_cannot_be_asked(model: zs.MoleculeModel, wish: dict, words: str) -> None:
    with pytest.raises(ConditionError, match=words):
        model.sample(3, **wish)


def test_molecules_are_not_continued(model: zs.MoleculeModel, frame: pd.DataFrame) -> None:
    with pytest.raises(ConditionError, match=r"smiles='c1ccccc1\*'"):
        model.continue_(frame)


def test_pictures_and_files(model: zs.MoleculeModel, tmp_path: Path) -> None:
    path = model.write(tmp_path / "made.csv", 6, seed=6)
    assert pd.read_csv(path)["smiles"].tolist() == model.sample(6, seed=6)["smiles"].tolist()
    picture = model.preview.draw(model.space, model.values(5, seed=6))
    assert picture.size == (880, 320)
    assert len(picture.getcolors(100_000) or ()) > 10
    with Image.open(model.write(tmp_path / "made.png", 9, seed=6)) as sheet:
        assert sheet.size == (880, 480)
    with pytest.raises(ConditionError, match="400 molecules at most"):
        model.write(tmp_path / "many.png", 401)


def test_the_judge_and_the_report(model: zs.MoleculeModel, frame: pd.DataFrame) -> None:
    found = zs.evaluate(model, data=frame, replicates=3)
    assert found["valid_molecules"].value == 1
    assert found["novel_molecules"].value > 0.5
    for name in ("fragment_similarity", "nearest_molecule"):
        assert (found[name].ceiling or 0.0) > found[name].value > (found[name].floor or 0.0), name
    for name in ("logp_distance", "qed_distance", "mw_distance"):
        assert (found[name].ceiling or 9.9) < (found[name].floor or 0.0), name
    page = found.page()
    assert "Properties" in page


def test_a_refinement_looks_at_fingerprints(model: zs.MoleculeModel, frame: pd.DataFrame) -> None:
    from zerosum.games.likelihood import LikelihoodGame
    from zerosum.modalities.molecules.features import looks_of

    x = model.values(8, seed=1)
    seen, categorical = looks_of(model.space, x)
    assert seen.shape == (8, 256 + 3 + 1)
    assert not categorical.any()
    assert isinstance(model.game, LikelihoodGame)
    likely = model.game.log_likelihood(model.space.to_model(x), None)
    assert likely.shape == (8,)
    assert (likely < 0).all()
