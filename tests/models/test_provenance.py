"""How samples were made: said by each model, kept by samples, handed to what signs them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import zerosum as zs
from zerosum.engine.choose import Wishes
from zerosum.errors import OriginError
from zerosum.models.provenance import Provenance, Signer
from zerosum.workflows.load import load
from zerosum.workflows.train import train

WISHES = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)


class Notary(Signer):
    """Keeps what it is asked to sign."""

    def __init__(self) -> None:
        self.seen: list[tuple[Path, Provenance]] = []

    def write(self, path: Path, write: Callable[[Path], object], provenance: Provenance) -> Path:
        write(path)
        self.seen.append((path, provenance))
        return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> zs.Model:
    folder = tmp_path_factory.mktemp("runs") / "mine"
    train("cgan", "ring", out=folder, samples=64, wishes=WISHES)
    return load(folder)


def test_a_fingerprint_is_of_weights(model: zs.Model, tmp_path: Path) -> None:
    same = load(model.save(tmp_path / "a.safetensors"))
    assert same.fingerprint == model.fingerprint
    assert same.provenance(3).run == model.provenance(3).run == "mine"
    assert model.run is not None
    other = load(model.run)
    with torch.no_grad():
        next(other.game.parameters()).view(-1)[0] += 1
    assert other.fingerprint != model.fingerprint


def test_samples_know_how_they_were_made(model: zs.Model) -> None:
    made = model.sample(5, where={"label": 3}, in_turn=None, seed=7).provenance
    assert made == model.provenance(5, where={"label": 3}, seed=7)
    assert made is not None
    assert (made.recipe, made.step, made.n, made.index) == ("cgan", model.step, 5, 0)
    pieces = [piece.provenance for piece in model.stream(5, batch_size=2, seed=7)]
    assert [(one.index, one.n) for one in pieces if one] == [(0, 2), (2, 2), (4, 1)]


def test_what_is_saved_is_handed_to_the_signer(model: zs.Model, tmp_path: Path) -> None:
    notary = Notary()
    model.sample(2, seed=3).save(tmp_path / "a.png", sign=notary)
    model.write(tmp_path / "b.csv", 4, seed=3, sign=notary)
    assert [path.name for path, _ in notary.seen] == ["a.png", "b.csv"]
    assert [one for _, one in notary.seen] == [model.provenance(n, seed=3) for n in (2, 4)]
    assert (tmp_path / "a.png").exists()


def test_samples_that_do_not_know(model: zs.Model, tmp_path: Path) -> None:
    samples = model.samples_of(model.sample(2).tensor)
    assert samples.provenance is None
    with pytest.raises(OriginError, match="do not know how they were made"):
        samples.save(tmp_path / "a.png", sign=Notary())
    assert not (tmp_path / "a.png").exists()


def test_rows_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n" + "".join(f"{i % 3},{i % 5}\n" for i in range(200)))
    changes = {"game.generator.width": 16, "game.generator.depth": 1}
    train("table", tmp_path / "rows.csv", out=tmp_path / "run", samples=400, changes=changes,
          wishes=WISHES)  # fmt: skip
    rows, notary = load(tmp_path / "run"), Notary()
    assert isinstance(rows, zs.TableModel)
    rows.write(tmp_path / "a.csv", 9, where={"a": zs.Between(0, 1)}, seed=2, sign=notary)
    (tmp_path / "gaps.csv").write_text("a,b\n1,\n,2\n")
    rows.write_completed(tmp_path / "b.csv", tmp_path / "gaps.csv", sign=notary)
    (_, made), (_, completed) = notary.seen
    assert made.to_json()["where"] == {"a": "0..1"}
    assert (made.share, completed.share, completed.n) == ("all", "some", 2)


def test_as_json() -> None:
    made = Provenance("cgan", "00", seed=1, where={"a": [1, "b"], "c": None, "d": {"e": 0.5}})
    told = made.one(4).approved("Grace", "2026-11-29").to_json()
    assert told["where"] == {"a": [1, "b"], "c": None, "d": {"e": 0.5}}
    assert (told["index"], told["n"], told["approved_by"]) == (4, 1, "Grace")
    assert not {"run", "step", "in_turn", "weight"} & set(told)
