"""Private training of databases: nobody is told more of a unit than what is counted."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

import zerosum as zs
from tests.private_runs import (
    CLIP,
    leaves_no_trace,
    one_moves_no_more_than_the_clip,
    spends_what_it_promises,
)
from tests.secrets import Seeded
from tests.workflows.conftest import PLAIN
from zerosum.data.loader import Batch
from zerosum.errors import DataError, PrivacyError
from zerosum.games.base import StepContext
from zerosum.modalities.relational.dataset import RelationalDataset
from zerosum.modalities.relational.model import RelationalModel
from zerosum.modalities.relational.private import PrivateDatabase, private_database
from zerosum.modalities.relational.space import HEADER, RelationalSpace
from zerosum.modalities.tables.codecs import CategoryCodec
from zerosum.modalities.tables.privacy.histograms import NoisyRelease
from zerosum.objectives.private import Private
from zerosum.rng import Noise
from zerosum.runs.store import Run
from zerosum.workflows.data import open_data
from zerosum.workflows.private import PrivacyBudget
from zerosum.workflows.train import train
from zerosum.zoo.relational import RelationalConfig

UNITS = 300
SMALL = {
    "game.generator.rows.width": 16, "game.generator.rows.depth": 2, "game.generator.context": 6,
    "game.generator.vector": 4, "optimisation.batch_size": 24, "optimisation.record_every": 2,
}  # fmt: skip
KEYS: dict[str, Any] = {
    "tables": [
        {"name": "patients", "key": ["id"]},
        {"name": "wards", "key": ["code"], "kept": True},
        {"name": "stays", "key": ["id"], "refers": [
            {"columns": ["patient"], "to": "patients"}, {"columns": ["ward"], "to": "wards"}]},
        {"name": "doses", "key": ["stay", "number"],
         "refers": [{"columns": ["stay"], "to": "stays"}]},
    ]
}  # fmt: skip
ROWS: dict[str, Any] = {"schema": KEYS}


def clinic(units: int = UNITS, *, seed: int = 0, extreme: bool = False) -> dict[str, pd.DataFrame]:
    """Patients with one to three stays and their doses; and one who is like nobody else."""
    rng = np.random.default_rng(seed)
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 20_000, units), unit="D")
    patients = pd.DataFrame({"id": range(units), "sex": list("fm") * (units // 2), "born": born})
    owner = np.repeat(np.arange(units), 1 + np.arange(units) % 3)
    n = len(owner)
    begun = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    stays = pd.DataFrame({
        "id": range(n), "patient": owner, "ward": rng.choice(["a", "b", "c"], n), "begun": begun,
        "cost": rng.gamma(2, 50, n).round(2), "kind": np.where(owner % 2, "acute", "planned"),
    })  # fmt: skip
    stay = np.repeat(np.arange(n), np.arange(n) % 3)
    number = np.arange(len(stay)) - np.searchsorted(stay, stay) + 1
    doses = pd.DataFrame({"stay": stay, "number": number, "mg": rng.integers(1, 9, len(stay))})
    tables = {
        "patients": patients, "stays": stays, "doses": doses,
        "wards": pd.DataFrame({"code": ["a", "b", "c", "d"], "floor": ["1", "1", "2", "3"]}),
    }  # fmt: skip
    return with_extreme(tables) if extreme else tables


def with_extreme(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """With a patient who has 40 stays of 30 doses each, all out of the usual."""
    zed = pd.DataFrame({"id": [77_777], "sex": ["Xanadu"], "born": [pd.Timestamp("1700-01-01")]})
    at = np.arange(40)
    stays = pd.DataFrame({
        "id": 900_000 + at, "patient": 77_777, "ward": "d",
        "begun": pd.Timestamp("2199-12-31") - pd.to_timedelta(at, unit="D"), "cost": 9_999_999.25,
        "kind": [f"Zed kind {i}" for i in at],
    })  # fmt: skip
    doses = pd.DataFrame({
        "stay": np.repeat(900_000 + at, 30), "number": np.tile(np.arange(1, 31), 40),
        "mg": -70_000,
    })  # fmt: skip
    more = {"patients": zed, "stays": stays, "doses": doses}
    return {
        name: pd.concat([more[name], one], ignore_index=True) if name in more else one
        for name, one in tables.items()
    }


def opened(tables: Any, **options: Any) -> Any:
    return open_data(tables, spaces=("relational",), private=True, **(ROWS | options))[0]


def fitted(tables: Any, *, noise: float = 1e-6, **options: Any) -> PrivateDatabase:
    return private_database(
        opened(tables, **options), noise_multiplier=noise, delta=1e-7, secret=Seeded()
    )


def space_of(dataset: Any) -> RelationalSpace:
    assert isinstance(dataset.space, RelationalSpace)
    return dataset.space


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(
        "relational", clinic(600), out=tmp_path_factory.mktemp("private") / "run", samples=24 * 4,
        seed=3, changes=SMALL, wishes=PLAIN, data_options=ROWS | {"unit": "patients"},
        promise=PrivacyBudget(10.0, 1e-5, read_from_rows={}),
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:what columns are was found")
def test_what_is_promised_is_what_networks_and_codes_spend(run: Run) -> None:
    told = run.manifest["privacy"]
    assert told["unit"] == "unit"
    assert "one row of 'patients' more or less, with all that hangs below it" in told["neighbours"]
    assert "of 'stays'" in told["neighbours"]
    assert "kept as they are" in told["taken_for_public"]
    assert told["read_from_rows"]["stays.cost"] == ["kind", "places"]
    assert told["read_from_rows"]["doses.number"] == ["kind"]
    assert not {"stays.id", "stays.patient", "wards.floor"} & told["read_from_rows"].keys()
    assert (told["steps"], told["gradients"]) == (4, 3)
    spends_what_it_promises(run, epsilon=10.0, histograms=12, count=600)
    assert not any("likelihood" in str(row) for row in run.history())


@pytest.mark.filterwarnings("ignore:what columns are was found")
def test_it_is_sampled_audited_and_not_refined(run: Run, tmp_path: Path) -> None:
    model = zs.load(run.folder, device="cpu")
    assert isinstance(model, RelationalModel)
    made = model.sample(30, where={"patients.# stays": ">=1"}, seed=1)
    assert made["patients"]["id"].tolist() == list(range(1, 31))  # nothing of the largest is told
    assert set(made["stays"]["patient"]) == set(made["patients"]["id"])
    assert set(made["stays"]["ward"].dropna()) <= set("abcd")
    assert made["wards"]["code"].tolist() == list("abcd")
    again = zs.load(model.save(tmp_path / "model.safetensors"))
    assert isinstance(again, RelationalModel)
    assert again.tables(scale=0.1, seed=4) == model.tables(scale=0.1, seed=4)
    found = zs.audit(run, data=clinic(600), holdout=clinic(100, seed=9), attacks=20, quiet=True)
    assert found.subject["trained_on"] == 600
    assert "of each unit" in found.warnings[0]
    with pytest.raises(PrivacyError, match="promises privacy"):
        zs.refine(run, quiet=True)


def test_no_file_and_no_word_depends_on_a_unit_but_by_what_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sampled(model: zs.Model) -> dict[str, Any]:
        assert isinstance(model, RelationalModel)
        return {name: one.to_csv() for name, one in model.sample(40, seed=7).items()}

    leaves_no_trace(
        "relational", lambda extreme: clinic(extreme=extreme), sampled, small=SMALL, options=ROWS,
        extremes=("Xanadu", "Zed kind", "77777", "900000"), place=tmp_path, monkeypatch=monkeypatch,
    )  # fmt: skip


def test_codes_are_those_of_the_data_where_there_is_no_noise() -> None:
    tables = clinic()
    made = fitted(tables)
    space, stays = space_of(made), tables["stays"]
    assert [side.rows.num_rows for side in space.sides] == [300, 600, len(tables["doses"])]
    assert space["stays"].most == 3
    assert space.num_rows == len(made) == 300
    kinds = {codec.name: codec for codec in space["stays"].rows.codecs}
    wards, kind = kinds["→ ward"], kinds["kind"]
    assert isinstance(wards, CategoryCodec)
    assert wards.values == (0, 1, 2, 3)  # d too, where nobody stays
    assert isinstance(kind, CategoryCodec)
    assert sum(kind.counts) == pytest.approx(len(stays), abs=3)
    assert not any(side.copied or side.rows.calendars for side in space.sides)
    parts = made.parts_of(torch.tensor([2, 5]))
    assert parts is not None
    assert len(space.split(parts)["stays"]) == 6  # three each


def test_of_each_unit_the_first_rows_enter() -> None:
    tables = clinic(60, extreme=True)
    made = fitted(tables, most_rows={"stays": 2, "doses": 3})
    space = space_of(made)
    parts = made.parts_of(torch.arange(61))
    assert parts is not None
    rows = space.split(parts)
    for name, most in (("stays", 2), ("doses", 3)):
        assert int(rows[name][:, HEADER - 1].bincount().max()) == most
    counted = made.resident[0][:, space.names.index("# stays")]
    assert counted.max() == 2  # what is left of forty
    assert counted.sum() == len(rows["stays"])
    begun = made.resident[0][:, space.names.index("stays.begun: least")]
    last = pd.Timestamp("2199-12-31") - pd.Timedelta(days=39)
    assert begun[0] == (last - pd.Timestamp("1970-01-01")).days  # the first in time


class Exact(Seeded):
    """Keeps every vector of counts as it was before noise; of names in an order of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[Tensor] = []
        self.deviations: set[float] = set()

    def noisy(self, exact: Tensor, deviation: float) -> Tensor:
        self.deviations.add(deviation)
        self.counts.append(exact.double())
        return exact.double()

    def frequent(
        self, counts: Mapping[str, int], *, deviation: float, threshold: float
    ) -> dict[str, float]:
        names = ["f", "m", "Xanadu", "acute", "planned", *(f"Zed kind {i}" for i in range(40))]
        assert set(counts) <= {*names}
        super().frequent(
            {name: counts.get(name, 0) for name in names}, deviation=deviation, threshold=threshold
        )
        return {name: float(count) for name, count in counts.items() if count > threshold}


def test_a_unit_moves_all_histograms_by_no_more_than_is_counted() -> None:
    secrets = []
    for extreme in (False, True):
        tables, secret = clinic(60, extreme=extreme), Exact()
        dataset = opened(tables, most_rows={"stays": 2, "doses": 7})
        private_database(dataset, noise_multiplier=1e-9, delta=1e-7, secret=secret)
        secrets.append(secret)
    one, other = secrets
    assert one.deviations == other.deviations
    apart = [float((a - b).norm()) for a, b in zip(one.counts, other.counts, strict=True)]
    assert max(apart) <= 1 + 1e-9
    (deviation,) = one.deviations
    counted = round((deviation / 1e-9) ** 2)
    assert counted == 1 + 2 + (1 + 2 + 2) + (1 + 2 + 2 + 2 + 2) + 2 * 1
    assert counted - 8 < sum(one**2 for one in apart) <= counted + 1e-9


def test_how_many_rows_enter_comes_from_noisy_counts() -> None:
    numbers = np.tile([0, 1, 2, 5], 200)
    for more in ([], [900]):  # one who is like nobody else decides nothing
        release = NoisyRelease(2.0, 1e-7, Seeded(), num_counts=4, num_names=10)
        assert release.bound(np.append(numbers, more), 1_000) == 6
    secret = Exact()
    release = NoisyRelease(1e-9, 1e-7, secret, num_counts=1, num_names=10)
    assert release.bound(np.append(numbers, 5_000), 1_000) == 1_000
    assert release.bound(numbers, 1_000) == 6
    assert float((secret.counts[0] - secret.counts[1]).norm()) == 1.0


def test_a_unit_moves_no_gradient_by_more_than_the_clip() -> None:
    dataset = fitted(clinic(40), noise=0.05)
    small = {n.removeprefix("game."): value for n, value in SMALL.items() if "game." in n}
    config = RelationalConfig().with_values(small)
    private = Private(clip=CLIP, noise_multiplier=0.0)
    game = config.model_copy(update={"private": private}).build(dataset.space)
    context = StepContext(8, Noise(0), 0, 0.0, lambda: Batch(Tensor(), None), secret=Seeded())
    batches = []
    for units in (range(5, 20), range(6, 20), range(0)):
        at = torch.tensor(list(units), dtype=torch.int64)
        batches.append(Batch(dataset.take(at)[0], None, None, dataset.parts_of(at)))
    for move in game.moves():
        assert move.gradient is not None
        one_moves_no_more_than_the_clip(
            game.get_submodule(move.player),
            lambda i, take=move.gradient: take(
                replace(context, sampled_batch=lambda _: batches[i])
            ),
        )


def changed(which: int, **facts: Any) -> dict[str, Any]:
    """The keys of the clinic with something else said of one table."""
    own = [dict(one) for one in KEYS["tables"]]
    own[which] |= facts
    return {"tables": own}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (changed(1, kept=False), r"'stays' refers to several.*keep.*'wards'"),
        (changed(0, refers=[{"columns": ["sex"], "to": "patients"}]), "'patients' refers to it"),
        (changed(2, refers=[{"columns": ["ward"], "to": "wards"}]), "'patients' hang below"),
    ],
)
def test_what_is_no_tree_is_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(PrivacyError, match=words):
        opened(clinic(10), schema=keys)


def test_rows_without_a_parent_are_refused() -> None:
    tables = clinic(10)
    tables["stays"]["patient"] = tables["stays"]["patient"].astype("Int64")
    tables["stays"].loc[3, "patient"] = None
    with pytest.raises(PrivacyError, match="some rows of 'stays' refer to no row by patient"):
        opened(tables)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"unit": "stays"}, PrivacyError, "a row of 'patients' is protected"),
        ({"holdout": 0.2}, PrivacyError, "depend on how many"),
        ({"constraints": [zs.Inequality("stays.cost", ">=", "stays.cost")]}, PrivacyError,
         "constraints are fitted"),
        ({"most_rows": {"patients": 2}}, DataError, "bounds rows of tables below 'patients'"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        opened(clinic(10), **options)


def test_what_is_said_of_columns_is_not_read_from_rows() -> None:
    found = opened(clinic(10)).read_from_rows
    said = {"stays.cost": {"kind": "float", "places": 2}, "stays.kind": "category"}
    assert found.keys() - opened(clinic(10), kinds=said).read_from_rows.keys() == said.keys()


def test_a_bound_is_for_private_trainings() -> None:
    with pytest.raises(DataError, match="most_rows is for private trainings"):
        open_data(clinic(10), spaces=("relational",), most_rows={"stays": 2}, **ROWS)


def test_other_data_is_not_that_of_a_run(run: Run) -> None:
    tables = clinic(600)
    tables["wards"]["floor"] = ["1", "2", "3", "4"]
    with pytest.raises(DataError, match="rows of 'wards'"):
        zs.audit(run, data=tables, holdout=clinic(100, seed=9), quiet=True)


def test_a_reference_that_follows_from_another_is_no_second_parent() -> None:
    tables = clinic(10)
    keys = changed(3, refers=[
        {"columns": ["stay", "ward"], "to": "stays", "keys": ["id", "ward"]},
        {"columns": ["ward"], "to": "wards"}])  # fmt: skip
    tables["doses"]["ward"] = tables["stays"]["ward"].to_numpy()[tables["doses"]["stay"]]
    dataset = opened(tables, schema=keys)
    assert isinstance(dataset, RelationalDataset)
    assert dataset.opened is not None
    assert dataset.opened.parents == {"patients": None, "stays": 0, "doses": 0}
