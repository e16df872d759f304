"""Private training of sequences: nobody is told more of an entity than what is counted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
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
from zerosum.errors import PrivacyError
from zerosum.games.base import StepContext
from zerosum.modalities.sequences.model import SequenceModel
from zerosum.modalities.sequences.private import private_sequences
from zerosum.modalities.sequences.space import SequenceSpace
from zerosum.modalities.tables.codecs import CategoryCodec, NumberCodec
from zerosum.modalities.tables.privacy.histograms import NoisyRelease, private_codec
from zerosum.modalities.tables.time_fields import DateField
from zerosum.objectives.private import Private
from zerosum.rng import Noise
from zerosum.runs.store import Run
from zerosum.workflows.data import open_data
from zerosum.workflows.private import PrivacyBudget
from zerosum.workflows.train import train
from zerosum.zoo.sequences import SequencesConfig, SequencesGame

ENTITIES = 300
SMALL = {
    "game.entities.width": 16, "game.entities.depth": 2, "game.generator.width": 8,
    "game.generator.rank": 4, "game.generator.row.width": 16, "game.generator.row.depth": 1,
    "optimisation.batch_size": 24, "optimisation.record_every": 2,
}  # fmt: skip
ROWS: dict[str, Any] = {"entity": "patient", "time": "when", "static": ("sex", "born")}


def visits(entities: int = ENTITIES, *, seed: int = 0, extreme: bool = False) -> Any:
    """One to five visits of each patient; and those of one who is like nobody else."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(entities):
        when = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(rng.integers(200)))
        born = pd.Timestamp("1950-01-01") + pd.Timedelta(days=int(rng.integers(20_000)))
        known = {"patient": f"p{i:03}", "sex": "fm"[i % 2], "born": born}
        rows += [
            known
            | {"when": when + pd.Timedelta(minutes=k * 700), "ward": "abc"[int(rng.integers(3))]}
            | {"cost": round(float(rng.gamma(2, 50)), 2), "fee": 1.5}
            for k in range(1 + i % 5)
        ]
    if extreme:
        zed = {"patient": "Zed-99/7", "sex": "Xanadu", "born": pd.Timestamp("1700-01-01")}
        last = pd.Timestamp("2199-12-31 23:59")
        rows += [
            zed
            | {"when": last - pd.Timedelta(days=k), "ward": f"ward {k}"}
            | {"cost": 9_999_999.25, "fee": -7.0}
            for k in range(40)
        ]
    return pd.DataFrame(rows)


def opened(frame: Any, **options: Any) -> Any:
    return open_data(frame, spaces=("sequences",), private=True, **(ROWS | options))[0]


def fitted(frame: Any, *, noise: float = 1e-6, **options: Any) -> Any:
    return private_sequences(
        opened(frame, **options), noise_multiplier=noise, delta=1e-7, secret=Seeded()
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    frame = visits(600)
    return train(
        "sequences", frame, out=tmp_path_factory.mktemp("private") / "run", samples=24 * 6,
        seed=3, changes=SMALL, wishes=PLAIN, data_options=ROWS | {"unit": "patient"},
        promise=PrivacyBudget(3.0, 1e-5, read_from_rows={}),
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:what columns are was found")
def test_what_is_promised_is_what_both_networks_and_codes_spend(run: Run) -> None:
    told = run.manifest["privacy"]
    assert told["unit"] == "entity"
    assert "'patient'" in told["neighbours"]
    assert "all of its rows" in told["neighbours"]
    assert "static" not in str(told["read_from_rows"])  # it was given
    assert told["read_from_rows"]["cost"] == ["kind", "places"]
    assert (told["steps"], told["gradients"]) == (6, 2)
    spends_what_it_promises(run, epsilon=3.0, histograms=12, count=600)
    assert not any("likelihood" in str(row) or "attributes" in str(row) for row in run.history())


@pytest.mark.filterwarnings("ignore:what columns are was found")
def test_it_is_sampled_and_audited_by_entity(run: Run) -> None:
    model = zs.load(run.folder, device="cpu")
    assert isinstance(model, SequenceModel)
    made = model.sample(30, seed=1)
    assert made["patient"].nunique() == 30
    assert set(made["ward"].dropna()) <= {"a", "b", "c"}
    found = zs.audit(run, data=visits(600), holdout=visits(100, seed=9), attacks=20, quiet=True)
    assert found.subject["trained_on"] == 600
    assert "of each entity" in found.warnings[0]


def test_no_file_and_no_word_depends_on_an_entity_but_by_what_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sampled(model: zs.Model) -> dict[str, Any]:
        assert isinstance(model, SequenceModel)
        return {"rows": model.sample(40, seed=7).to_csv()}

    leaves_no_trace(
        "sequences", lambda extreme: visits(extreme=extreme), sampled, small=SMALL, options=ROWS,
        extremes=("Xanadu", "Zed-99", "ward 1"), place=tmp_path, monkeypatch=monkeypatch,
    )  # fmt: skip


def test_codes_are_those_of_the_data_where_there_is_no_noise() -> None:
    frame = visits(900)
    made = fitted(frame, longest=4)
    space = made.space
    assert isinstance(space, SequenceSpace)
    assert space.longest == 4
    lengths = frame.groupby("patient").size().clip(upper=4)
    assert space.attributes.num_rows == len(made) == 900
    assert space.rows.num_rows == lengths.sum()
    wards = next(one for one in space.rows.codecs if one.name == "ward")
    assert isinstance(wards, CategoryCodec)
    held = frame[frame.groupby("patient").cumcount() < 4]
    shares = held["ward"].value_counts(normalize=True)
    field = space.rows.modelled[space.rows.names.index("ward")]
    for value, count in zip(wards.values, wards.counts, strict=False):
        assert count / sum(wards.counts) == pytest.approx(shares[field.categories[value]], abs=0.02)
    gap = space.rows.codecs[0]
    assert isinstance(gap, NumberCodec)
    assert gap.has_missing  # that first rows have none is known
    x = space.to_model(made.resident[0])
    again = space.lengths(space.parts(space.to_data(x))[0])
    assert again.tolist() == lengths.tolist()


def test_how_long_sequences_are_comes_from_noisy_counts() -> None:
    made = fitted(visits(900, extreme=True), noise=1.0)
    assert made.space.longest in (4, 5, 6, 7, 8)
    assert not made.space.bursts


class Exact(Seeded):
    """Keeps every vector of counts as it was before noise."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[Tensor] = []

    def noisy(self, exact: Tensor, deviation: float) -> Tensor:
        self.counts.append(exact.double())
        return exact.double()


@pytest.mark.parametrize("kind", ["numbers", "names"])
def test_an_entity_moves_no_histogram_by_more_than_one(kind: str) -> None:
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(50), 7)
    if kind == "names":
        field = next(one for one in opened(visits()).space.rows.modelled if one.name == "ward")
        values = rng.integers(0, 3, 350).astype(float)
        values[owner == 49] = [0, 0, 0, 1, 2, np.nan, np.nan]
    else:
        field = DateField(name="day")
        values = rng.integers(300, 900, 350).astype(float)
        values[owner == 49] = [500, 500, 500, 500, 800, 801, np.nan]
    moved = []
    for kept in (owner >= 0, owner < 49):
        secret = Exact()
        release = NoisyRelease(1e-9, 1e-7, secret, num_counts=2, num_names=14)
        private_codec(field, values[kept], release, num_rows=350, owner=owner[kept])
        moved.append(secret.counts)
    apart = [float((a - b).norm()) for a, b in zip(*moved, strict=True)]
    assert len(apart) == 2
    assert all(0.5 < one <= 1 + 1e-9 for one in apart)


def test_an_entity_moves_no_gradient_by_more_than_the_clip() -> None:
    dataset = fitted(visits(40), noise=0.05)
    config = SequencesConfig().with_values(
        {name.removeprefix("game."): value for name, value in SMALL.items() if "game." in name}
    )
    private = Private(clip=CLIP, noise_multiplier=0.0)
    game = config.model_copy(update={"private": private}).build(dataset.space)
    assert isinstance(game, SequencesGame)
    x = dataset.space.to_model(dataset.resident[0])
    context = StepContext(8, Noise(0), 0, 0.0, lambda: Batch(x, None), secret=Seeded())
    batches = [Batch(rows, None) for rows in (x[:20], x[1:20], x[:0])]
    for player, gradient in (
        ("entities", game.private_attributes),
        ("generator", game.private_rows),
    ):
        one_moves_no_more_than_the_clip(
            game.get_submodule(player),
            lambda i, take=gradient: take(replace(context, sampled_batch=lambda _: batches[i])),
        )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"unit": "sex"}, "protected by their entity"),
        ({"limit": 20}, "depend on how many"),
        ({"holdout": 0.2}, "depend on how many"),
        ({"constraints": [zs.Inequality("cost", ">=", "fee")]}, "constraints are fitted"),
    ],
)
def test_what_cannot_be_counted_is_refused(
    options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(PrivacyError, match=words):
        zs.train(
            "sequences", visits(60), out=tmp_path / "run", epsilon=3.0, options=ROWS | options,
            samples=48, set=SMALL, quiet=True,
        )  # fmt: skip
