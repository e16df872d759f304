"""Private training: what is promised is what is counted."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zerosum as zs
from tests.modalities.tables.chain import people
from tests.secrets import Counted, Seeded
from tests.workflows.conftest import PLAIN, QUICK, StopAt
from zerosum.engine.accountant import PrivacySpent, histogram_noise_for, step_noise_for
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.errors import EvaluationError, PrivacyError, RunError
from zerosum.modalities.tables.judging.part import TablePart
from zerosum.modalities.tables.privacy.histograms import fit_private_space
from zerosum.modalities.tables.privacy.private_rows import FINGERPRINT, as_private, stand_in
from zerosum.modalities.tables.reading.dataset import TableDataset
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.unmodelled_fields import KeyField
from zerosum.rng import SecretNoise
from zerosum.runs.ledger import Ledger
from zerosum.runs.store import Run
from zerosum.workflows.data import open_data
from zerosum.workflows.private import PrivacyBudget, promise_of
from zerosum.workflows.remedy import give_remedy
from zerosum.workflows.train import resume, train

pytestmark = pytest.mark.usefixtures("small_judges")

SMALL = {"game.generator.width": 32, "game.generator.depth": 2}


def test_the_accountant_agrees_with_published_figures() -> None:
    """Batch 256 of 26,048 rows, 2,000 steps, δ = 1e-5: noise .97 for ε = 3, 1.95 for ε = 1."""
    for epsilon, noise in ((3.0, 0.97), (1.0, 1.95)):
        found = step_noise_for(
            epsilon, 1e-5, histogram_noise=None, sample_rate=256 / 26_048, steps=2_000
        )
        assert found == pytest.approx(noise, rel=0.02)


def test_everything_that_is_counted_costs() -> None:
    steps = PrivacySpent(None, 1.0, 0.01, 500).epsilon(1e-6)
    both = PrivacySpent(10.0, 1.0, 0.01, 500).epsilon(1e-6)
    more = PrivacySpent(10.0, 1.0, 0.01, 1_000).epsilon(1e-6)
    assert steps < both < more
    noise = histogram_noise_for(0.5, 1e-6)
    assert PrivacySpent(noise, 0.0, 0.0, 0).epsilon(1e-6) <= 0.5


def test_codes_are_made_of_noisy_counts() -> None:
    data = people(20_000)
    values, _ = data.resident
    assert isinstance(data.space, TableSpace)
    spaces = [
        fit_private_space(
            data.space.fields, values, noise_multiplier=8.0, delta=1e-7, secret=Seeded(seed)
        )
        for seed in (0, 1)
    ]  # fmt: skip
    assert spaces[0] != spaces[1]
    for space in spaces:
        assert isinstance(space, TableSpace)
        assert space.num_rows == pytest.approx(20_000, rel=0.02)
        codes = space.to_model(values).floor().long()
        for i, codec in enumerate(space.codecs):
            told = torch.tensor(codec.counts).double()
            real = torch.bincount(codes[:, i], minlength=codec.size).double()
            apart = (told / told.sum() - real / real.sum()).abs().sum() / 2
            assert float(apart) < 0.08, codec.name


def test_a_category_of_few_rows_is_told_to_nobody(tmp_path: Path) -> None:
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"name": ["Ada"] * 7 + list(rng.choice(["x", "y"], 1_993)), "n": rng.integers(0, 9, 2_000)}
    )
    with pytest.warns(UserWarning, match=r"looking at rows.* \(name: kind; n: kind\)"):
        model = zs.train(
            "table", data=frame, out=tmp_path / "run", set=SMALL, samples=5_000, epsilon=3.0,
            **QUICK,
        )  # fmt: skip
    manifest = (tmp_path / "run" / "manifest.json").read_text("utf-8")
    assert "Ada" not in manifest
    assert isinstance(model, zs.TableModel)
    assert set(model.sample(200)["name"]) <= {"x", "y"}


def test_a_private_run_says_what_it_promises_and_resumes_as_it_is(tmp_path: Path) -> None:
    options: dict[str, Any] = {**QUICK, "referee": "act"}
    model = zs.train(
        "table", data=people(2_000), out=tmp_path / "run", set=SMALL, samples=6_000,
        epsilon=2.0, delta=1e-5, **options,
    )  # fmt: skip
    run = Run.open(tmp_path / "run")
    told = run.manifest["privacy"]
    assert told["noise"] == SecretNoise.source
    assert told["read_from_rows"] == {}  # a data set of one's own is given, not read
    assert 1.9 < told["epsilon"] <= 2.0
    assert told["delta"] == 1e-5
    assert told["histogram_noise"] > 1
    spent = PrivacySpent(
        told["histogram_noise"], told["noise_multiplier"], told["sample_rate"], told["steps"]
    )
    assert spent.epsilon(0.9 * 1e-5) <= 2.0
    assert run.manifest["data"]["fingerprint"] == FINGERPRINT
    assert run.manifest["referee"] == "off"
    assert not any("likelihood" in json.dumps(row) for row in run.history())
    assert isinstance(model, zs.TableModel)
    assert model.values(50).shape == (50, 4)
    with pytest.raises(PrivacyError, match="as it is"):
        zs.resume(run, data=people(2_000), samples=60_000, quiet=True)
    for name in ("lower-rates", "roll-back"):
        with pytest.raises(PrivacyError, match="a remedy changes them"):
            give_remedy(run.folder, name)
    assert Run.open(run.folder).manifest == run.manifest
    page = zs.evaluate(run, data=people(2_000), n=200, replicates=2, quiet=True)
    assert "outside that account" in page.warnings[0]
    part = page.part("table")
    assert isinstance(part, TablePart)
    assert part.sketch.reals == part.sketch.lookalikes == ()
    html = page.save(tmp_path / "report.html").read_text("utf-8")
    assert f"(ε = {told['epsilon']:.3g}, δ = 1e-05)-differential privacy" in html
    assert "Reals of the" not in html


@pytest.mark.filterwarnings("ignore:what columns are was found")
def test_private_runs_on_different_rows_are_not_taken_for_the_same(tmp_path: Path) -> None:
    for name, rows in (("a", 400), ("b", 400), ("c", 800)):
        data = tmp_path / f"{name}.csv"
        data.write_text("x,y\n" + "".join(f"{i % 7},{i % 5}\n" for i in range(rows)))
        zs.train(
            "table", data=data, out=tmp_path / name, set=SMALL, samples=800, epsilon=2.0,
            delta=1e-5, **QUICK,
        )  # fmt: skip
    found = zs.compare([tmp_path / "a", tmp_path / "b"], n=50, quiet=True)
    assert len(found.evaluations) == 2
    with pytest.raises(EvaluationError, match="on other data"):
        zs.compare([tmp_path / "a", tmp_path / "c"], n=50, quiet=True)


def test_rows_are_known_again_by_the_names_that_were_told() -> None:
    data = people(500)
    values, _ = data.resident
    assert isinstance(data.space, TableSpace)
    space = fit_private_space(
        data.space.fields, values, noise_multiplier=0.1, delta=1e-7, secret=Seeded()
    )
    again = as_private(data, space)
    assert again.fingerprint == FINGERPRINT
    assert torch.equal(again.resident[0].nan_to_num(), values.nan_to_num())


@pytest.mark.parametrize(("epsilon", "delta"), [(0.0, None), (-1.0, 1e-6), (3.0, 0.0), (3.0, 2.0)])
def test_what_is_no_promise_is_refused(epsilon: float, delta: float | None) -> None:
    with pytest.raises(PrivacyError, match="give a number"):
        promise_of(epsilon, delta)


def test_delta_needs_epsilon_and_other_recipes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PrivacyError, match="needs epsilon="):
        promise_of(None, 1e-6)
    with pytest.raises(PrivacyError, match="Take the recipe `table`"):
        zs.train("table_gan", data=people(600), out=tmp_path / "a", epsilon=3.0, quiet=True)
    with pytest.raises(PrivacyError, match="cannot be trained privately"):
        zs.train("vanilla", data="ring", out=tmp_path / "b", epsilon=3.0, quiet=True)
    assert PrivacyBudget(3.0, 1e-6).histogram_noise is None


ANYWHERE: dict[str, Any] = {
    "samples": 12 * 64,
    "seed": 3,
    "wishes": PLAIN,
    "checkpoint_seconds": 3_600.0,
}
FAST = SMALL | {"optimisation.batch_size": 64, "optimisation.record_every": 2}


class CrashAt(Hook):
    """Ends a training after a step as a killed process does: nothing more is written."""

    def __init__(self, step: int) -> None:
        self.step = step

    def stepped(self, trainer: Trainer) -> None:
        if trainer.step == self.step:
            raise RuntimeError("killed")


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private run that was killed at step 6 of 12, with no checkpoint but the first."""
    folder, secret = tmp_path_factory.mktemp("private") / "run", Counted()
    with pytest.raises(RuntimeError, match="killed"):
        train(
            "table", people(600), out=folder, changes=FAST,
            promise=PrivacyBudget(3.0, 1e-5, secret=secret),
            listener=lambda *_: [CrashAt(6)], **ANYWHERE,
        )  # fmt: skip
    assert secret.steps == 6
    return folder


@pytest.fixture
def crashed(killed: Path, tmp_path: Path) -> Run:
    """The same, for a test of its own."""
    return Run.open(shutil.copytree(killed, tmp_path / "run"))


def test_steps_that_a_crash_took_away_are_spent(crashed: Run) -> None:
    run, secret = crashed, Counted()
    assert run.checkpoints.steps() == [0]
    assert [row["step"] for row in run.history()] == [2, 4, 6]
    for images in (0, 6 * 64):
        (run.folder / "samples").mkdir(exist_ok=True)
        (run.folder / "samples" / f"samples-{images:010d}.png").touch()
    resume(run.folder, data=people(600), secret=secret)
    run = Run.open(run.folder)
    (event,) = [event for event in run.events() if event["event"] == "resumed"]
    assert (event["step"], event["exact"]) == (0, False)
    assert 6 <= event["lost"] <= 12
    assert 6 + secret.steps == 6 + 12 - event["lost"] <= 12
    assert run.manifest["state"] == "finished"
    assert run.checkpoints.steps()[-1] == 12  # schedules ended where they were to
    assert all(row["step"] > event["lost"] for row in run.history())
    pictures = sorted(path.name for path in (run.folder / "samples").iterdir())
    assert pictures == ["samples-0000000000.png", "samples-0000000768.png"]
    with pytest.raises(RunError, match="train anew"):
        resume(run.folder, data=people(600))


def test_where_all_steps_may_be_spent_none_is_played(crashed: Run) -> None:
    run, secret = crashed, Counted()
    Ledger(run.folder, 12).write(12)
    resume(run.folder, data=people(600), secret=secret)
    assert secret.steps == 0
    assert Run.open(run.folder).manifest["state"] == "finished"
    assert zs.load(run.folder).step == 12


@pytest.mark.parametrize("told", [None, "", "{}", '{"reserved": "7"}', '{"reserved": 13}'])
def test_without_its_ledger_a_private_run_is_not_resumed(crashed: Run, told: str | None) -> None:
    path = crashed.folder / "ledger.json"
    path.unlink() if told is None else path.write_text(told)
    with pytest.raises(PrivacyError, match=r"missing or damaged.*as it is.*train anew"):
        resume(crashed.folder, data=people(600))


def test_a_stop_in_order_loses_no_step(tmp_path: Path) -> None:
    secret = Counted()
    run = train(
        "table", people(600), out=tmp_path / "run", changes=FAST,
        promise=PrivacyBudget(3.0, 1e-5, secret=secret),
        listener=lambda *_: [StopAt(5)], **ANYWHERE,
    )  # fmt: skip
    assert Ledger(run.folder, 12).read(5) == 5
    with pytest.raises(PrivacyError, match="missing or damaged"):
        Ledger(run.folder, 12).read(6)  # a checkpoint that the ledger does not know of
    resume(run.folder, data=people(600), secret=secret)
    events = Run.open(run.folder).events()
    assert [event["lost"] for event in events if event["event"] == "resumed"] == [0]
    assert secret.steps == 12


class Reserved(Hook):
    """How many steps the ledger allows for after each step, as a crash then would leave it."""

    def __init__(self, folder: Path) -> None:
        self.ledger, self.steps = Ledger(folder, 12), []

    def stepped(self, trainer: Trainer) -> None:
        self.steps.append((trainer.step, self.ledger.read(trainer.step)))


def test_a_step_is_reserved_before_it_is_played(tmp_path: Path) -> None:
    hook = Reserved(tmp_path / "run")
    train(
        "table", people(600), out=tmp_path / "run", changes=FAST,
        promise=PrivacyBudget(3.0, 1e-5, secret=Counted()), listener=lambda *_: [hook], **ANYWHERE,
    )  # fmt: skip
    assert [step for step, _ in hook.steps] == list(range(1, 13))
    assert all(step < reserved for step, reserved in hook.steps[:-1])


def test_ways_are_tried_on_made_up_rows() -> None:
    data = people(2_000)
    assert isinstance(data.space, TableSpace)
    rows = stand_in(data.space, seed=0)
    assert len(rows) == rows.stated_size == 2_000
    codes = [one.space.to_model(one.resident[0]).floor() for one in (data, rows)]
    assert (codes[1].amax(0) < torch.tensor(data.space.sizes)).all()
    assert not torch.equal(*codes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"show_reals": True}, "show_reals= draws rows"),
        ({"limit": 100}, "limit=100 takes rows that depend on how many"),
        ({"schema": {"key": "fixed"}}, "Give its `of` and `value`"),
    ],
)
def test_what_would_tell_of_rows_is_refused(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    import pandas as pd

    frame = pd.DataFrame({"key": ["a"] * 200, "n": np.arange(200) % 7})
    with pytest.raises(PrivacyError, match=message):
        zs.train("table", data=frame, out=tmp_path / "a", epsilon=3.0, quiet=True, **options)


def test_a_table_that_was_opened_with_values_of_rows_is_refused(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"id": range(100, 300), "n": np.arange(200) % 7})
    opened, _ = open_data(frame)
    with pytest.raises(PrivacyError, match="the columns 'id' were opened for another training"):
        PrivacyBudget(3.0, 1e-6).fit(opened)
    kept, _ = open_data(frame, private=True)
    assert isinstance(kept.space, TableSpace)
    assert kept.space.fields[0] == KeyField(name="id", native="pandas:int64")


def test_only_what_a_schema_leaves_open_is_read_from_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,x,when\n" + "3,1.50,2020-01-01 12:00\n" * 30 + "4,2,\n")
    given = {
        "n": "float", "x": {"kind": "float", "places": 1},
        "when": {"kind": "datetime", "resolution": "second"},
    }  # fmt: skip
    data, config = open_data(tmp_path / "a.csv", private=True, schema=given)
    assert isinstance(data, TableDataset)
    assert isinstance(data.space, TableSpace)
    assert data.read_from_rows == {"n": ("places",)}
    assert [field.dtype for field in data.space.fields] == ["double", "double", "timestamp[us]"]
    assert config is not None
    assert config.to_json()["private"] is True
