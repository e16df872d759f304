"""The space of sequences: time as days and clocks, rows to networks and back, baselines."""

import numpy as np
import pytest
import torch
from torch import Tensor

from zerosum.config import Config
from zerosum.errors import ConfigError, RecipeError
from zerosum.modalities.sequences.ahead import NUM_MARKS
from zerosum.modalities.sequences.bursts import find_bursts
from zerosum.modalities.sequences.columns import Phase
from zerosum.modalities.sequences.metrics.rows import calendars, distance_of_ranks
from zerosum.modalities.sequences.modality import small_sequences
from zerosum.modalities.sequences.reading.readers import BankConfig
from zerosum.modalities.sequences.space import SequenceSpace, require_sequences
from zerosum.modalities.sequences.time_axis import CALENDAR, CLOCK, GAP, PAUSE, Moments, axis_of
from zerosum.modalities.tables.fields import BooleanField, IntegerField
from zerosum.modalities.tables.time_fields import DateField, DatetimeField
from zerosum.rng import Noise
from zerosum.spaces import PointSpace


@pytest.fixture(scope="module")
def bank() -> tuple[SequenceSpace, Tensor]:
    dataset = BankConfig(num_customers=250).build()
    assert isinstance(dataset.space, SequenceSpace)
    return dataset.space, dataset.take(torch.arange(len(dataset)))[0]


def values(*texts: str) -> Tensor:
    minutes = np.array(texts, "datetime64[m]").astype(np.int64)
    return torch.from_numpy(minutes).double()


AXIS = axis_of(DatetimeField(name="t", resolution="minute")).model_copy(update={"has_pauses": True})


def test_moments_are_told_by_days_pauses_and_clocks_and_come_back() -> None:
    when = values(
        "2024-01-30T23:50", "2024-01-30T23:53", "2024-02-01T08:00", "2024-02-01T08:00",
        "2023-01-01T00:00",
    )  # fmt: skip
    first = torch.tensor([True, False, False, False, True])
    told = AXIS.told(AXIS.split(when), first)
    assert told[GAP].nan_to_num(-1).tolist() == [-1, 0, 2, 0, -1]
    assert told[PAUSE].nan_to_num(-1).tolist() == [-1, 3, -1, 0, -1]
    assert told[CLOCK].nan_to_num(-1).tolist() == [1_430, -1, 480, -1, 0]
    start = AXIS.split(when).day[:1]
    now, end = Moments(start, torch.zeros(1).double()), AXIS.split(when).day[3:4]
    for i in range(4):
        row = {name: column[i : i + 1] for name, column in told.items()}
        now = AXIS.after(now, row, end=end, last=torch.tensor([i == 3]))
        assert AXIS.joined(now).item() == when[i].item()


def test_no_row_goes_back_in_time_or_beyond_the_end() -> None:
    before = Moments(torch.tensor([10.0, 10.0]).double(), torch.tensor([600.0, 600.0]).double())
    told = {
        GAP: torch.tensor([0.0, 9.0]).double(), PAUSE: torch.tensor([2_000.0, torch.nan]).double(),
        CLOCK: torch.tensor([torch.nan, 3.0]).double(),
    }  # fmt: skip
    end = torch.tensor([12.0, 12.0]).double()
    now = AXIS.after(before, told, end=end, last=torch.tensor([False, False]))
    assert now.day.tolist() == [10, 12]
    assert now.clock.tolist() == [1_439, 3]
    last = AXIS.after(before, told, end=end, last=torch.tensor([True, True]))
    assert last.day.tolist() == [12, 12]


def test_calendars_know_months_weekdays_and_hours() -> None:
    days = AXIS.split(values("2024-02-29T00:00", "2023-02-28T12:30", "1969-12-31T23:59"))
    assert AXIS.calendar(days.day).tolist() == [[3, 28, 0, 1], [1, 27, 0, 1], [2, 30, 0, 11]]
    assert AXIS.hour(days.clock).tolist() == [0, 12, 23]
    assert axis_of(DateField(name="d")).has_calendar
    assert not axis_of(DateField(name="d")).has_clock
    assert not axis_of(IntegerField(name="n")).has_calendar


def test_sequences_come_back_from_what_networks_see(bank: tuple[SequenceSpace, Tensor]) -> None:
    space, x = bank
    seen = space.to_model(x)
    assert seen.shape == (len(x), *space.shape)
    again = space.to_data(seen)
    lengths, others = (space.lengths(space.parts(one)[0]) for one in (x, again))
    same = lengths == others
    assert same.double().mean() > 0.95  # the extremes are held at what five entities reach
    (_, rows), (_, made) = space.parts(x[same]), space.parts(again[same])
    assert torch.equal(rows.isnan(), made.isnan())
    known = ~rows[:, :, 0].isnan()
    away = (rows[:, :, 0] - made[:, :, 0])[known].abs()
    assert (away == 0).double().mean() > 0.95
    kinds = rows[:, :, 1][known]
    assert torch.equal(kinds, made[:, :, 1][known])


def test_what_is_known_before_a_row(bank: tuple[SequenceSpace, Tensor]) -> None:
    space, x = bank
    seen = space.model_parts(space.to_model(x))[1][..., -space.num_numbers :]
    lengths = space.lengths(space.parts(x)[0])
    for i in range(5):
        last = int(lengths[i]) - 1
        assert seen[i, : last + 1, 1].tolist() == [0.0] * last + [1.0]
        assert seen[i, 0, 2] == 1
        assert (seen[i, last + 1 :] == -1).all()


def test_a_gap_is_told_by_the_day_that_it_leads_to(bank: tuple[SequenceSpace, Tensor]) -> None:
    space, x = bank
    rows = space.model_parts(space.to_model(x))[1][0]
    own = [one.name for one in space.columns]
    before, after = rows[4:5].floor().long(), rows[5:6].floor().long()
    marks = space.marks(before[:, : len(own)])
    assert marks is not None
    gap = int(after[0, own.index("(gap)")])
    weekday, day, to_end = (int(after[0, own.index(name)]) for name, _ in CALENDAR[:3])
    assert marks[0, gap, :2].tolist() == [weekday, 7 + day]
    assert int(marks[0, gap, 2]) in (7 + 31 + to_end, 7 + 31 + 31)  # or the month's end is passed
    assert (space.marks(torch.full((1, len(own)), -1)) == NUM_MARKS).all()


def test_values_that_come_in_bursts_are_counted(bank: tuple[SequenceSpace, Tensor]) -> None:
    space, x = bank
    attributes, rows = space.parts(x)
    at = space.names.index("is_fraud") + 1
    counts = (rows[:, :, at] == 1).sum(1)
    assert "# is_fraud" in space.attributes.names
    assert torch.equal(space.attribute(attributes, "# is_fraud"), counts.double())
    number = [one.name for one in space.bursts].index("# is_fraud")
    seen = space.model_parts(space.to_model(x))[1][..., -space.num_numbers + 7 + number]
    struck = int(counts.argmax())
    hits = (rows[struck, :, at] == 1).nonzero()[:, 0]
    assert seen[struck, : hits[-1] + 1].tolist() == [1.0] * (int(hits[-1]) + 1)
    assert not seen[struck, hits[-1] + 1 : int(space.lengths(attributes)[struck])].any()


def test_whether_a_row_is_of_a_burst_is_said_before_its_time(
    bank: tuple[SequenceSpace, Tensor],
) -> None:
    space, x = bank
    names = [one.name for one in space.columns]
    assert names[:3] == ["is_fraud", "phase of is_fraud", "(gap)"]
    seen = space.model_parts(space.to_model(x))[1]
    run, fraud = seen[..., 1], space.parts(x)[1][..., space.names.index("is_fraud") + 1] == 1
    begins = fraud & ~fraud.roll(1, dims=1)
    assert torch.equal(run == Phase.BEGINS, begins)
    assert torch.equal(run == Phase.GOES_ON, fraud & ~begins)


def test_what_comes_one_by_one_is_no_burst() -> None:
    noise = np.random.default_rng(0)
    lengths = np.full(300, 20)
    alone = (noise.random(6_000) < 0.01).astype(float)
    struck = np.repeat(noise.random(300) < 0.1, 20)
    burst = (struck & (np.arange(6_000) % 20 < 5)).astype(float)
    rows = torch.from_numpy(np.stack([alone, burst], axis=1))
    fields = [BooleanField(name="alone"), BooleanField(name="struck")]
    found = find_bursts(fields, rows, lengths, taken=("alone", "struck"))
    assert [one.name for one in found] == ["# struck"]
    assert find_bursts(fields, rows, lengths, taken=("# struck",)) == ()


def test_the_floor_keeps_columns_and_loses_how_they_hang_together(
    bank: tuple[SequenceSpace, Tensor],
) -> None:
    space, x = bank
    made = space.independent(x, 300, Noise(0))
    assert made.shape == (300, x.shape[1])
    kinds = [space.parts(one)[1][:, :, 1] for one in (x, made)]
    shares = [
        torch.bincount(one[~one.isnan()].long(), minlength=10) / (~one.isnan()).sum()
        for one in kinds
    ]
    assert (shares[0] - shares[1]).abs().max() < 0.02
    # Salaries are booked on month ends, and the floor does not know.
    salary = space.rows.modelled[3].categories.index("salary")
    ends = []
    for one, kind in zip((x, made), kinds, strict=True):
        day = AXIS.split(space.parts(one)[1][:, :, 0]).day[kind == salary]
        ends.append(float((AXIS.calendar(day)[:, 2] == 0).double().mean()))
    assert ends[0] == 1.0
    assert ends[1] < 0.3


def test_calendars_count_every_row(bank: tuple[SequenceSpace, Tensor]) -> None:
    space, x = bank
    lengths = space.lengths(space.parts(x)[0]).double().numpy()
    for part in calendars(space, x):
        assert (part.sum(1) == lengths).all()


def test_distance_of_ranks_is_that_of_scipy() -> None:
    from scipy.stats import ks_2samp

    noise = np.random.default_rng(0)
    a, b = noise.normal(size=40), noise.normal(0.5, size=60)
    ones = np.ones((1, 40)), np.ones((1, 60))
    assert distance_of_ranks(a, b, *ones)[0] == pytest.approx(ks_2samp(a, b)[0])


def test_it_survives_json_and_knows_what_does_not_fit(bank: tuple[SequenceSpace, Tensor]) -> None:
    space, _ = bank
    again = Config.from_json(space.to_json())
    assert again == space
    other = small_sequences().space
    assert "no column" in (space.mismatch(other, "the holdout") or "")
    assert space.mismatch(space, "the holdout") is None
    with pytest.raises(ConfigError):
        space.packed(2)
    with pytest.raises(RecipeError, match="takes sequences of rows"):
        require_sequences(PointSpace(center=(0.0,), scale=(1.0,)), network="sequences")
    broken = space.to_json() | {"attributes": space.rows.to_json()}
    with pytest.raises(ConfigError, match="attributes of sequences end with"):
        Config.from_json(broken)
