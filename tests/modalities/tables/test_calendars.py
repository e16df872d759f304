"""Moments are learned by the parts that the data shows: hours, weekdays, ends of months."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import zerosum as zs
from zerosum.config import Config
from zerosum.errors import ConditionError, ConfigError, ConstraintError
from zerosum.games.controls import RangeControl
from zerosum.modalities.tables.calendars import Calendar
from zerosum.modalities.tables.fields import FloatField, IntegerField
from zerosum.modalities.tables.metrics.boosted import boosted_c2st
from zerosum.modalities.tables.reading.dataset import fit_space
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.time_fields import DateField, DatetimeField, DurationField
from zerosum.workflows.data import open_data

QUICK: dict[str, Any] = {
    "precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1,
    "referee": "off", "quiet": True,
}  # fmt: skip

START = np.datetime64("2023-01-02", "D")  # a Monday


def office_hours(n: int, seed: int = 0) -> np.ndarray:
    """Minutes from 9 to 17 o'clock on quarters of hours, from Monday to Friday."""
    g = np.random.default_rng(seed)
    day = START + (7 * g.integers(0, 60, n) + g.integers(0, 5, n))
    return day.astype("M8[m]") + (540 + 15 * g.integers(0, 32, n))


def orders(n: int = 2_000, seed: int = 0) -> pd.DataFrame:
    """Orders in office hours, six in ten delivered on the same evening, some never paid."""
    g = np.random.default_rng(seed)
    ordered = office_hours(n, seed)
    gap = np.where(g.random(n) < 0.6, 0, 1 + g.poisson(3, n))
    delivered = (ordered.astype("M8[D]") + gap).astype("M8[m]") + 17 * 60 + g.integers(0, 240, n)
    paid = pd.Series(ordered.astype("M8[D]") + g.integers(0, 30, n))
    paid[g.random(n) < 0.1] = pd.NaT
    size = pd.Series(np.where(pd.Series(ordered).dt.hour < 12, "small", "large"))
    return pd.DataFrame({"size": size, "ordered": ordered, "delivered": delivered, "paid": paid})


def space_of(frame: pd.DataFrame, **options: object) -> tuple[TableSpace, torch.Tensor]:
    dataset, _ = open_data(frame, **options)  # pyright: ignore[reportArgumentType]
    assert isinstance(dataset.space, TableSpace)
    return dataset.space, dataset.take(torch.arange(len(dataset)))[0]


def coded(frame: pd.DataFrame) -> list[str]:
    """Names of the columns that networks see."""
    return [codec.name for codec in space_of(frame)[0].codecs]


@pytest.fixture(scope="module")
def model() -> zs.TableModel:
    made = zs.train("table", data=orders(), samples=100_000, seed=0, **QUICK)
    assert isinstance(made, zs.TableModel)
    return made


class TestWhatTheDataShows:
    def test_office_hours(self) -> None:
        names = coded(pd.DataFrame({"at": office_hours(2_000)}))
        assert names == ["at (week)", "at (weekday)", "at (time)"]

    def test_seconds_have_hours(self) -> None:
        g = np.random.default_rng(0)
        at = office_hours(2_000).astype("M8[s]") + g.integers(0, 900, 2_000)
        assert coded(pd.DataFrame({"at": at}))[2:] == ["at (hour)", "at (time in hour)"]

    def test_ends_of_months(self) -> None:
        g = np.random.default_rng(0)
        month = np.datetime64("2015-01", "M") + g.integers(0, 100, 2_000)
        last = (month + 1).astype("M8[D]") - 1
        day = np.where(
            g.random(2_000) < 0.5, last, month.astype("M8[D]") + g.integers(0, 28, 2_000)
        )
        space, values = space_of(pd.DataFrame({"paid": day}))
        assert [one.name for one in space.codecs] == ["paid (month)", "paid (day of month)"]
        ends = space.coded(space.columns(values))["paid (day of month)"] == 31
        assert ends.double().mean() == pytest.approx((day == last).mean())

    def test_days_without_a_pattern_stay_as_they_are(self) -> None:
        g = np.random.default_rng(0)
        at = (START + g.integers(0, 900, 2_000)).astype("M8[s]") + g.integers(0, 86_400, 2_000)
        frame = pd.DataFrame({"born": START + g.integers(0, 9_000, 2_000), "at": at})
        assert coded(frame) == ["born", "at"]

    def test_too_few_rows_show_nothing(self) -> None:
        frame = pd.DataFrame({"at": office_hours(15), "x": range(0, 30, 2)})
        assert coded(frame) == ["at", "x"]

    def test_a_moment_that_follows_another(self) -> None:
        names = coded(orders())
        assert "delivered (days since ordered)" in names
        assert "delivered (weekday)" not in names

    def test_times_of_day(self) -> None:
        g = np.random.default_rng(0)
        seconds = 3_600 * g.integers(9, 17, 3_000) + 60 * g.integers(0, 60, 3_000)
        field = DurationField(name="at", dtype="time32[s]", resolution="minute")
        space = fit_space([field], torch.tensor(seconds[:, None] / 60.0))
        assert [one.name for one in space.codecs] == ["at (hour)", "at (time in hour)"]

    def test_private_data_decides_nothing(self) -> None:
        rows = torch.tensor(office_hours(500).astype("M8[m]").astype(float))[:, None]
        field = DatetimeField(name="at", resolution="minute")
        assert fit_space([field], rows).calendars
        assert not fit_space([field], rows, private=True).calendars


class TestBackAndForth:
    @pytest.mark.parametrize("zone", ["", ", tz=UTC", ", tz=Europe/Amsterdam"])
    def test_moments_come_back_exactly(self, zone: str) -> None:
        at = pd.Series(office_hours(2_000))
        if zone:
            at = at.dt.tz_localize(zone.removeprefix(", tz="))
        space, values = space_of(pd.DataFrame({"at": at}))
        assert len(space.calendars) == 1
        assert torch.equal(space.to_data(space.to_model(values)), values)
        hours = space.coded(space.columns(values))["at (time)"]
        assert float(hours.min()) == 9 * 4

    def test_frames_come_back_exactly(self) -> None:
        space, values = space_of(orders(), protect=1)
        back = space.to_data(space.to_model(values))
        assert torch.equal(back.isnan(), values.isnan())
        assert (back - values).nan_to_num().abs().max() <= 4  # minutes in an interval of an hour

    def test_any_codes_are_moments(self) -> None:
        space, _ = space_of(orders())
        noise = torch.rand(500, len(space.sizes), generator=torch.Generator().manual_seed(0))
        rows = space.to_data(noise * torch.tensor(space.sizes))
        assert not rows[:, 1:3].isnan().any()

    def test_json(self) -> None:
        space, values = space_of(orders())
        again = Config.from_json(json.loads(json.dumps(space.to_json())))
        assert isinstance(again, TableSpace)
        assert again == space
        assert torch.equal(again.to_model(values), space.to_model(values))

    def test_strangers_calendars_are_refused(self) -> None:
        space, _ = space_of(orders())
        with pytest.raises(ConfigError, match="to be coded"):
            TableSpace.from_json(space.to_json() | {"calendars": []})
        body = space.to_json()
        body["calendars"][0]["of"]["name"] = "absent"
        with pytest.raises(ConfigError, match="absent"):
            TableSpace.from_json(body)
        with pytest.raises(ConfigError, match="do not fit"):
            Calendar.from_json({"of": FloatField(name="x").to_json(), "made": ["a"], "usual": [0]})


class TestSamples:
    def test_hours_weekdays_and_grid(self, model: zs.TableModel) -> None:
        made = model.sample(3_000, seed=1)["ordered"].dt
        assert ((made.hour >= 9) & (made.hour < 17)).all()
        assert (made.day_of_week < 5).all()
        assert (made.minute % 15 == 0).all()

    def test_equal_dates_and_order(self, model: zs.TableModel) -> None:
        made, real = model.sample(3_000, seed=1), orders()
        same = [(x["ordered"].dt.date == x["delivered"].dt.date).mean() for x in (made, real)]
        assert same[0] == pytest.approx(same[1], abs=0.04)
        assert (made["ordered"] < made["delivered"]).all()
        assert made["paid"].isna().mean() == pytest.approx(0.1, abs=0.03)

    def test_a_day_is_all_its_moments(self, model: zs.TableModel) -> None:
        day = np.datetime64("2023-03-07")
        for wanted in ("2023-03-07", day.item()):
            made = model.sample(200, where={"ordered": wanted}, seed=1)
            assert (made["ordered"].dt.normalize() == day).all()
            assert made["ordered"].nunique() > 10
        late = model.sample(200, where={"ordered": ">2023-03-07"}, seed=1)["ordered"]
        assert late.min() >= day + 1
        early = model.sample(200, where={"ordered": "<=2023-03-07"}, seed=1)["ordered"]
        assert day <= early.max() < day + 1

    def test_other_columns_fit_the_hours(self, model: zs.TableModel) -> None:
        where = {"ordered": zs.Between("2023-03-06 09:00", "2023-03-07 15:00")}
        made = model.sample(200, where=where, seed=1)
        assert made["ordered"].between("2023-03-06 09:00", "2023-03-07 15:00").all()
        early = made["ordered"].dt.hour < 12
        assert ((made["size"] == "small") == early).mean() > 0.95

    def test_days_since_another_moment(self, model: zs.TableModel) -> None:
        made = model.sample(200, where={"delivered": "2023-03-07"}, seed=1)
        assert (made["delivered"].dt.normalize() == np.datetime64("2023-03-07")).all()
        same = (made["ordered"].dt.normalize() == np.datetime64("2023-03-07")).mean()
        assert same == pytest.approx(0.6, abs=0.15)
        assert model.sample(50, where={"paid": None}, seed=1)["paid"].isna().all()

    def test_a_day_that_no_row_has(self, model: zs.TableModel) -> None:
        with pytest.raises(ConditionError, match=r"no row has ordered 2023-03-05.*Rows have"):
            model.sample(10, where={"ordered": "2023-03-05"})  # a Sunday

    def test_completion(self, model: zs.TableModel) -> None:
        morning = pd.Timestamp("2023-03-07 09:15")
        evening = pd.Timestamp("2023-03-07 18:00")
        partial = pd.DataFrame(
            {"ordered": [morning, pd.NaT] * 50, "delivered": [pd.NaT, evening] * 50}
        )
        made = model.complete(partial, seed=1)
        assert (made["ordered"][::2] == morning).all()
        assert (made["size"][::2] == "small").mean() > 0.9
        assert made["delivered"][::2].min() > morning
        assert (made["ordered"][1::2] < evening).all()
        same = (made["ordered"][1::2].dt.normalize() == pd.Timestamp("2023-03-07")).mean()
        assert same == pytest.approx(0.6, abs=0.2)
        assert not made[["ordered", "delivered"]].isna().any().any()

    def test_the_best_completion(self, model: zs.TableModel) -> None:
        hours = ["2023-03-07 09:15", "2023-03-07 16:15"] * 20
        partial = pd.DataFrame({"ordered": pd.to_datetime(hours)})
        made = model.complete(partial, best=True)
        assert (made["size"] == ["small", "large"] * 20).all()
        same = made["delivered"].dt.normalize() == made["ordered"].dt.normalize()
        assert same.mean() > 0.8  # what six in ten do is likelier than anything else
        assert made.equals(model.complete(partial, best=True))

    def test_controls_say_the_range(self, model: zs.TableModel) -> None:
        control = model.controls["ordered"]
        assert isinstance(control, RangeControl)
        assert control.texts is not None
        assert control.texts[0].startswith("2023-01-0")


class TestJudge:
    def test_trees_see_hours_and_equal_dates(self) -> None:
        space, values = space_of(orders())
        rows = values[torch.randperm(len(values), generator=torch.Generator().manual_seed(0))]
        real, fake = rows[:1_000].numpy(), rows[1_000:].numpy().copy()
        fine = boosted_c2st(real, fake, space.modelled, seed=0)
        assert abs((fine[1] > fine[0]).mean() - 0.5) < 0.06
        fake[:, 2] += 1_440 * np.random.default_rng(0).integers(1, 3, 1_000)  # other days
        seen = boosted_c2st(real, fake, space.modelled, seed=0)
        assert (seen[1][:, None] > seen[0]).mean() > 0.75


class TestConstraints:
    FIELDS = (
        DatetimeField(name="ordered", resolution="minute"),
        IntegerField(name="days"),
        DateField(name="due"),
    )

    def rows(self) -> torch.Tensor:
        at = torch.tensor(office_hours(300).astype("M8[m]").astype(float))
        days = torch.arange(300.0).double() % 17
        return torch.stack([at, days, (at / 1_440).floor() + days], dim=1)

    def test_a_moment_plus_days(self) -> None:
        rule = zs.Formula("due", "floor(ordered) + days")
        space = fit_space(self.FIELDS, self.rows(), constraints=[rule], least=1)
        assert space.constraints[0].constructed
        assert torch.equal(space.to_data(space.to_model(self.rows())), self.rows())

    def test_the_days_between_two_moments(self) -> None:
        rule = zs.Formula("days", "due - floor(ordered)")
        space = fit_space(self.FIELDS, self.rows(), constraints=[rule])
        assert space.constraints[0].constructed

    @pytest.mark.parametrize("formula", ["ordered + due", "2 * ordered + days", "days * 3"])
    def test_what_is_no_moment_is_refused(self, formula: str) -> None:
        with pytest.raises(ConstraintError, match="makes no moments"):
            fit_space(self.FIELDS, self.rows(), constraints=[zs.Formula("due", formula)])

    def test_an_order_is_offered_until_it_is_asked_for(self) -> None:
        dataset, _ = open_data(orders())
        (offer,) = [note for note in dataset.notes if "is after" in note]
        assert "'ordered' is after 'delivered' in no row" in offer
        rule = zs.Inequality("ordered", "<=", "delivered")
        dataset, _ = open_data(orders(), constraints=[rule])
        assert not [note for note in dataset.notes if "is after" in note]
        assert isinstance(dataset.space, TableSpace)
        assert "ordered (time)" in [one.name for one in dataset.space.codecs]


@pytest.mark.parametrize(
    ("column", "parts"),
    [
        ("hour", ["at (day)", "at (time)"]),
        ("weekday", ["at (week)", "at (weekday)"]),
        ("month", ["at (month)", "at (day of month)"]),
        ("none", ["at"]),
    ],
)
def test_a_part_that_another_column_repeats_is_coded(column: str, parts: list[str]) -> None:
    """Where all hours and days are alike, and a column says which it is."""
    at = pd.Series(pd.date_range("2021-01-01", periods=4_000, freq="5h"))
    told = {
        "hour": at.dt.hour, "weekday": at.dt.day_name(), "month": at.dt.month,
        "none": pd.Series(np.random.default_rng(0).integers(0, 24, len(at))),
    }  # fmt: skip
    assert coded(pd.DataFrame({"at": at, column: told[column]})) == [*parts, column]
