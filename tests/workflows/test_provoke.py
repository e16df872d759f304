"""Copies of a run that go on with a fault, and what takes it away again."""

from pathlib import Path

import pytest
import torch

from tests.workflows.conftest import PLAIN as QUICK
from zerosum.errors import RecipeError, RunError
from zerosum.referee.faults import FAULTS
from zerosum.runs.store import Run
from zerosum.workflows.provoke import fault_hook, faults_for, provoke, remedies_for, take_back
from zerosum.workflows.remedy import give_remedy
from zerosum.workflows.train import resume, train


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A duel in the plane that the referee has watched."""
    folder = tmp_path_factory.mktemp("provoke") / "source"
    return train(
        "r3gan", "ring", out=folder, samples=12_800, wishes=QUICK, referee="watch",
        changes={"optimisation.batch_size": 64},
    )  # fmt: skip


def rate(run: Run) -> float:
    return run.manifest["recipe"]["optimisation"]["optimizers"]["generator"]["lr"]


def test_a_copy_goes_on_bit_for_bit(source: Run, tmp_path: Path) -> None:
    longer = provoke(source, out=tmp_path / "copy", samples=640)
    resume(longer.folder)
    again = provoke(source, out=tmp_path / "again", samples=640)
    resume(again.folder)
    first, second = (Run.open(one.folder).checkpoints.load_newest()[0] for one in (longer, again))
    assert first.step == second.step == source.manifest["step"] + 10
    for name, tensor in first.tensors.items():
        assert torch.equal(tensor, second.tensors[name]), name
    parent = Run.open(longer.folder).manifest["parent"]
    assert parent["run"] == str(source.folder)
    assert Run.open(source.folder).manifest["state"] == "finished"


def test_a_rate_times_ten_is_found_and_mended(source: Run, tmp_path: Path) -> None:
    copy = provoke(source, out=tmp_path / "fast", samples=6_400, fault="generator-x10")
    assert rate(copy) == pytest.approx(10 * rate(source))
    resume(copy.folder)
    copy = Run.open(copy.folder)
    begun = source.manifest["step"]
    said = [e for e in copy.events() if (e.get("step") or 0) > begun]
    found = [e for e in said if e["event"] == "diagnosis"]
    assert found
    harmed = max(e["distance"] for e in said if e["event"] == "measured" and "distance" in e)
    mends = remedies_for(copy)
    assert "slow-generator" in mends["remedies"]
    assert set(mends["by_diagnosis"][found[0]["name"]]) <= set(mends["remedies"])
    give_remedy(copy.folder, "roll-back")
    give_remedy(copy.folder, "slow-generator")
    assert rate(Run.open(copy.folder)) == pytest.approx(rate(source))
    total = copy.manifest["samples"] + 3_200
    resume(copy.folder, samples=total)
    looks = [e for e in Run.open(copy.folder).events() if "distance" in e]
    assert looks[-1]["distance"] < harmed / 2


def test_a_referee_that_acts_mends_by_itself(source: Run, tmp_path: Path) -> None:
    copy = provoke(
        source, out=tmp_path / "act", samples=9_600, fault="generator-x10", referee="act"
    )
    resume(copy.folder)
    names = [e["event"] for e in Run.open(copy.folder).events()]
    assert names.index("provoked") < names.index("diagnosis") < names.index("remedy")


@pytest.mark.parametrize("fault", [one.name for one in FAULTS.values() if one.rows is not None])
def test_a_fault_of_the_data_lasts_over_a_resume(fault: str, source: Run, tmp_path: Path) -> None:
    copy = provoke(source, out=tmp_path / fault, samples=6_400, fault=fault)
    resume(copy.folder)
    found = [e["name"] for e in copy.events() if e["event"] == "diagnosis"]
    assert "strange data" in found
    assert len(fault_hook(Run.open(copy.folder))) == 1
    take_back(copy.folder)
    assert fault_hook(Run.open(copy.folder)) == []
    with pytest.raises(RunError, match="no fault to take back"):
        take_back(copy.folder)


def test_a_fault_of_the_recipe_is_taken_back(source: Run, tmp_path: Path) -> None:
    copy = provoke(source, out=tmp_path / "off", samples=640, fault="penalty-off")
    assert copy.manifest["recipe"]["game"]["gamma"] == 0
    take_back(copy.folder)
    recipe = Run.open(copy.folder).manifest["recipe"]
    assert recipe["game"] == source.manifest["recipe"]["game"]
    resume(copy.folder)
    assert Run.open(copy.folder).manifest["state"] == "finished"


def test_a_penalty_that_is_gone_is_found_and_put_back(source: Run, tmp_path: Path) -> None:
    copy = provoke(source, out=tmp_path / "off", samples=6_400, fault="penalty-off")
    assert not any("r1" in name for name in penalties(resume(copy.folder), after=source))
    found = [e for e in Run.open(copy.folder).events() if e["event"] == "diagnosis"]
    assert "term r1 is not there any more" in found[-1]["words"]
    assert "add-penalties" in remedies_for(copy)["by_diagnosis"][found[-1]["name"]]
    give_remedy(copy.folder, "add-penalties")
    total = Run.open(copy.folder).manifest["samples"]
    mended = resume(copy.folder, samples=total + 6_400)
    assert any("r1" in name for name in penalties(mended, after=source))


def test_a_copy_without_a_fault_alarms_nobody(source: Run, tmp_path: Path) -> None:
    copy = resume(provoke(source, out=tmp_path / "sound", samples=6_400).folder)
    assert not [e for e in copy.events() if e["event"] == "diagnosis"]


def penalties(run: Run, *, after: Run) -> set[str]:
    """Names of terms in the rows that a copy has of its own, of its newest part."""
    rows = [row for row in run.history() if row["step"] > after.manifest["step"]]
    return {name for name in rows[-1] if name.startswith("discriminator/")}


def test_what_does_not_apply_is_refused(source: Run, tmp_path: Path) -> None:
    assert set(faults_for(source)) == set(FAULTS)
    with pytest.raises(RecipeError, match=r"no fault 'generator-x1'.*generator-x10"):
        provoke(source, out=tmp_path / "a", samples=64, fault="generator-x1")
    with pytest.raises(RunError, match=r"samples=0.* is not allowed"):
        provoke(source, out=tmp_path / "a", samples=0)
    bare = train("vanilla", "digits", out=tmp_path / "bare", samples=64, wishes=QUICK)
    assert "penalty-off" not in faults_for(bare)
    with pytest.raises(RecipeError, match=r"penalty-off .* does not apply.*generator-x10"):
        provoke(bare, out=tmp_path / "b", samples=64, fault="penalty-off")
    assert not (tmp_path / "b").exists()
