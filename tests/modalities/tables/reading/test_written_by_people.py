"""Tables as banks, hospitals, sensors and spreadsheets write them: read as meant, written alike."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerosum.errors import DataError
from zerosum.faces import command_line
from zerosum.forms.csv_cells import Cells
from zerosum.modalities.tables.reading.dataset import TableDataset
from zerosum.modalities.tables.reading.readers import schema_of
from zerosum.modalities.tables.shown import tables_of
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.writing import write_csv
from zerosum.workflows.data import open_data

N = 120
RNG = np.random.default_rng(0)
AMOUNTS = [round(float(v), 2) for v in RNG.normal(0, 4_000, N)]
POSITIVE = [round(abs(v) + 0.01, 2) for v in AMOUNTS]
DAYS = [np.datetime64("2023-01-01") + int(d) for d in RNG.integers(0, 360, N)]
MOMENTS = [np.datetime64("2023-05-01T00:00:00") + int(s) for s in RNG.integers(0, 10**6, N)]


def days(format: str, of: list[np.datetime64] = DAYS) -> list[str]:
    return [one.astype(object).strftime(format) for one in of]


def german(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


@dataclass
class Case:
    """A file: its cells, what its columns are, and one value that is known."""

    columns: dict[str, list[str]]
    kinds: dict[str, str]
    first: dict[str, float] = field(default_factory=dict)
    separator: str = ","
    options: dict[str, Any] = field(default_factory=dict)
    exact: bool = True


def epoch(day: str) -> float:
    return float(np.datetime64(day, "D").astype(int))


CASES = {
    "german bank": Case(
        {"Buchungstag": days("%d.%m.%Y"), "Betrag": [german(v) for v in AMOUNTS],
         "Waehrung": ["EUR", "CHF"] * 60},
        {"Buchungstag": "date", "Betrag": "float", "Waehrung": "category"},
        {"Betrag": AMOUNTS[0], "Buchungstag": epoch(str(DAYS[0]))}, ";",
    ),
    "french bank": Case(
        {"montant": [f"{v:,.2f} €".replace(",", "\u202f").replace(".", ",") for v in AMOUNTS],
         "date": days("%d/%m/%y")},
        {"montant": "float", "date": "date"}, {"montant": AMOUNTS[0]}, ";",
    ),
    "swiss bank": Case(
        {"saldo": [f"CHF {v:,.2f}".replace(",", "'") for v in POSITIVE]},
        {"saldo": "float"}, {"saldo": POSITIVE[0]},
    ),
    "accounting": Case(
        {"net": [f"${v:,.2f}" if v >= 0 else f"(${-v:,.2f})" for v in AMOUNTS]},
        {"net": "float"}, {"net": AMOUNTS[0]},
    ),
    "minus behind": Case(
        {"netto": [german(abs(v)) + "-" * (v < 0) for v in AMOUNTS], "konto": ["a", "b"] * 60},
        {"netto": "float", "konto": "category"}, {"netto": AMOUNTS[0]}, ";",
    ),
    "american card": Case(
        {"posted": days("%m/%d/%Y"), "amount": [f"{v:.2f}" for v in AMOUNTS]},
        {"posted": "date", "amount": "float"}, {"posted": epoch(str(DAYS[0]))}, exact=False,
    ),
    "british statement": Case(
        {"date": days("%d/%m/%Y"), "paid": [f"£{v:.2f}" for v in POSITIVE]},
        {"date": "date", "paid": "float"}, {"date": epoch(str(DAYS[0]))},
    ),
    "days without zeros": Case(
        {"when": [f"{d.astype(object).day} {d.astype(object):%b %Y}" for d in DAYS]},
        {"when": "date"}, {"when": epoch(str(DAYS[0]))},
    ),
    "american months": Case(
        {"when": days("%B %d, %Y")}, {"when": "date"}, {"when": epoch(str(DAYS[0]))},
    ),
    "hospital days": Case(
        {"admitted": [t.upper() for t in days("%d%b%Y")], "los": [str(k % 60) for k in range(N)]},
        {"admitted": "date", "los": "integer"}, {"admitted": epoch(str(DAYS[0]))},
    ),
    "laboratory": Case(
        {"glucose": [*(f"{v / 100:.1f} mmol/L" for v in POSITIVE[1:]), ""],
         "ward": ["1A", "2B"] * 60},
        {"glucose": "float", "ward": "category"},
    ),
    "vital signs": Case(
        {"sbp": [f"{90 + k % 70} mmHg" for k in range(N)],
         "spo2": [f"{80 + k % 20}%" for k in range(N)]},
        {"sbp": "integer", "spo2": "integer"}, {"sbp": 90, "spo2": 80},
    ),
    "patients": Case(
        {"subject_id": [f"P{k:05d}" for k in range(N)], "dob": days("%Y-%m-%d"),
         "sex": ["F", "M"] * 60},
        {"subject_id": "key", "dob": "date", "sex": "category"},
    ),
    "compact admissions": Case(
        {"ADMDATE": days("%Y%m%d"), "WARD": ["A1", "B2", "C3"] * 40},
        {"ADMDATE": "date", "WARD": "category"}, {"ADMDATE": epoch(str(DAYS[0]))},
    ),
    "compact stamps": Case(
        {"ts": days("%Y%m%d%H%M%S", MOMENTS), "v": [f"{v:.2f}" for v in AMOUNTS]},
        {"ts": "datetime", "v": "float"}, exact=False,
    ),
    "thermometer": Case(
        {"time": days("%Y/%m/%d %H:%M:%S", MOMENTS),
         "t": [f"{20 + v / 1000:.1f} °C" for v in AMOUNTS]},
        {"time": "datetime", "t": "float"},
    ),
    "logger with am and pm": Case(
        {"time": [f"{d:%m/%d/%Y %I:%M %p}" for d in (m.astype(object) for m in MOMENTS)]},
        {"time": "datetime"},
    ),
    "browser stamps": Case(
        {"at": [f"{m}.{k:03d}Z" for k, m in enumerate(MOMENTS)]}, {"at": "datetime"},
    ),
    "ticks": Case(
        {"at": [f"{m}.{k * 37:07d}+02:00" for k, m in enumerate(MOMENTS)]}, {"at": "datetime"},
    ),
    "offset without colon": Case(
        {"at": [f"{m.astype(object):%d/%m/%Y %H:%M:%S} +0100" for m in MOMENTS]},
        {"at": "datetime"}, exact=False,
    ),
    "minutes": Case(
        {"at": [str(m.astype("datetime64[m]")).replace("T", " ") for m in MOMENTS]},
        {"at": "datetime"},
    ),
    "percent with comma": Case(
        {"share": [f"{k * 0.25:.2f} %".replace(".", ",") for k in range(N)],
         "land": ["Oslo", "Wien"] * 60},
        {"share": "float", "land": "category"}, {"share": 0.0}, ";",
    ),
    "thousands alone": Case(
        {"people": [f"{1_000 + 977 * k:,}" for k in range(N)]}, {"people": "integer"},
        {"people": 1_000},
    ),
    "mysql": Case(
        {"n": [r"\N" if k % 9 == 0 else str(k * 3 % 71) for k in range(N)], "s": ["a", "b"] * 60},
        {"n": "integer", "s": "category"}, exact=False,
    ),
    "sheet with errors": Case(
        {"ratio": ["#DIV/0!" if k % 7 == 0 else f"{v:.2f}" for k, v in enumerate(AMOUNTS)]},
        {"ratio": "float"}, exact=False,
    ),
    "telephones and post codes": Case(
        {"phone": [f"+4790{k:06d}" for k in range(N)], "zip": [f"0{k % 5}150" for k in range(N)],
         "n": [str(k % 7) for k in range(N)]},
        {"phone": "pattern", "zip": "category", "n": "integer"},
    ),
    "versions": Case(
        {"version": [f"1.{k % 4}.{k % 3}" for k in range(N)]}, {"version": "category"},
    ),
    "label studio": Case(
        {"annotation_id": [str(900 + k) for k in range(N)], "choice": ["Cat", "Dog"] * 60,
         "created_at": [f"{m}.{k:06d}Z" for k, m in enumerate(MOMENTS)],
         "image": [f"/data/upload/1/{k * 7919:x}-photo.jpg" for k in range(N)],
         "lead_time": [f"{p / 100:.3f}" for p in POSITIVE]},
        {"annotation_id": "key", "choice": "category", "created_at": "datetime",
         "lead_time": "float"},
        options={"drop": ["image"]}, exact=False,
    ),
    "kaggle houses": Case(
        {"Id": [str(k + 1) for k in range(N)], "Street": ["Pave", "Grvl"] * 60,
         "LotFrontage": ["NA" if k % 5 == 0 else str(40 + k) for k in range(N)],
         "SalePrice": [str(100_000 + 250 * (k % 90)) for k in range(N)]},
        {"Id": "key", "LotFrontage": "integer", "Street": "category", "SalePrice": "integer"},
        exact=False,
    ),
    "kaggle airbnb": Case(
        {"price": [f"${v:,.2f}" for v in POSITIVE],
         "host_response_rate": [f"{k % 101}%" for k in range(N)],
         "instant_bookable": ["t", "f"] * 60},
        {"price": "float", "host_response_rate": "integer", "instant_bookable": "category"},
        {"price": POSITIVE[0]},
    ),
    "saved twice by pandas": Case(
        {"Unnamed: 0": [str(k) for k in range(N)], "v": [f"{v:.2f}" for v in AMOUNTS]},
        {"v": "float"}, exact=False,
    ),
    "row names of R": Case(
        {"": [f'"{k + 1}"' for k in range(N)], "v": [f"{v:.2f}" for v in AMOUNTS]},
        {"v": "float"}, exact=False,
    ),
}  # fmt: skip


def save(case: Case, path: Path) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=case.separator, lineterminator="\n")
    writer.writerow(case.columns)
    writer.writerows(zip(*case.columns.values(), strict=True))
    path.write_text(text.getvalue().replace('"""', '"'), encoding="utf-8")
    return path


def opened(path: Path, **options: Any) -> tuple[TableDataset, TableSpace]:
    dataset, _ = open_data(str(path), **options)
    assert isinstance(dataset, TableDataset)
    assert isinstance(dataset.space, TableSpace)
    return dataset, dataset.space


def written(dataset: TableDataset, space: TableSpace, path: Path) -> list[dict[str, str]]:
    write_csv(path, tables_of(space, [dataset.resident[0]]), Cells(safe=False))
    text = path.read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text else ","))


@pytest.mark.parametrize("name", CASES)
def test_what_people_write_is_read_and_written_as_they_mean_it(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    dataset, space = opened(save(case, tmp_path / "t.csv"), **case.options)
    assert {one.name: one.kind for one in space.fields} == case.kinds
    for column, value in case.first.items():
        at = space.names.index(column)
        assert dataset.resident[0][0, at].item() == pytest.approx(value)
    rows = written(dataset, space, tmp_path / "again.csv")
    for column in space.names if case.exact else ():
        assert [row[column] for row in rows] == case.columns[column]
    again, _ = opened(tmp_path / "again.csv")
    assert [one for one in again.space.fields if one.modelled] == list(space.modelled)  # pyright: ignore[reportAttributeAccessIssue]
    same = np.array_equal(again.resident[0], dataset.resident[0], equal_nan=True)
    assert same or not case.exact


def table(tmp_path: Path, columns: dict[str, list[str]], separator: str = ",") -> Path:
    return save(Case(columns, {}, separator=separator), tmp_path / "t.csv")


def test_the_whole_column_decides_which_is_the_month(tmp_path: Path) -> None:
    late = ["01/02/2023"] * 50 + ["03/04/2023"] * 50 + ["13/02/2023"]
    assert schema_of(table(tmp_path, {"d": late})).fields[0].to_json()["format"] == "%d/%m/%Y"
    late[-1] = "02/13/2023"
    assert schema_of(table(tmp_path, {"d": late})).fields[0].to_json()["format"] == "%m/%d/%Y"


def test_where_no_cell_decides_the_neighbours_do_or_it_is_told(tmp_path: Path) -> None:
    unclear = ["01/02/2023", "03/04/2023"] * 20
    told = schema_of(table(tmp_path, {"d": unclear}))
    assert "no cell says whether it is %m/%d/%Y or %d/%m/%Y" in told.guesses["d"]
    beside = schema_of(table(tmp_path, {"d": unclear, "e": ["31/12/2022", "01/01/2023"] * 20}))
    assert beside.fields[0].to_json()["format"] == "%d/%m/%Y"
    said = schema_of(
        table(tmp_path, {"d": unclear}), schema={"d": {"kind": "date", "format": "%d/%m/%Y"}}
    )
    assert said.fields[0].to_json()["format"] == "%d/%m/%Y"
    assert not said.guesses


def test_a_german_column_of_thousands_beside_decimal_commas(tmp_path: Path) -> None:
    columns = {"stück": ["1.234", "5.000", "998"] * 20, "preis": ["1,50", "0,99", "12,00"] * 20}
    found = schema_of(table(tmp_path, columns, ";"))
    assert [field.kind for field in found.fields] == ["integer", "float"]
    dataset, _ = opened(tmp_path / "t.csv")
    assert dataset.resident[0][0].tolist() == [1234, 1.5]


@pytest.mark.parametrize("mark", ["?", "-", "n/a", "#VALUE!", "none", "<NA>", r"\N", "N/A", "."])
def test_known_marks_are_missing_among_numbers(mark: str, tmp_path: Path) -> None:
    dataset, space = opened(
        table(tmp_path, {"k": ["a", "b"] * 40, "x": [*map(str, range(79)), mark]})
    )
    assert space.fields[1].kind == "integer"
    assert dataset.resident[0][:, 1].isnan().sum() == 1


@pytest.mark.parametrize("odd", ["unknown", "1,30", "$1.30", "12 apples"])
def test_an_odd_cell_is_located_and_can_be_missing(odd: str, tmp_path: Path) -> None:
    cells = [f"{k * 0.37:.2f}" for k in range(400)]
    cells[300] = odd
    path = table(tmp_path, {"k": ["a", "b"] * 200, "x": cells})
    with pytest.raises(DataError, match=f"line 302, column 'x' holds '{odd}'".replace("$", r"\$")):
        opened(path)
    dataset, space = opened(path, missing=[odd])
    assert space.fields[1].kind == "float"
    assert dataset.resident[0][:, 1].isnan().sum() == 1
    assert opened(path, drop=["x"])[1].names == ("k",)
    texts, _ = opened(path, schema={"x": "category"}, protect=1)
    assert odd in texts.space.fields[1].categories  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "texts",
    [
        lambda k: f"{59 + k * 0.001:.4f}, {10 + k * 0.001:.4f}",
        lambda k: f"POINT ({10 + k * 0.001:.4f} {59 + k * 0.001:.4f})",
        lambda k: f"{k % 60}°{k % 59:02d}'12\" N",
    ],
)
def test_coordinates_are_no_key(texts: Callable[[int], str], tmp_path: Path) -> None:
    path = table(
        tmp_path,
        {"where": [texts(k) for k in range(60)], "x": [str(k % 7) for k in range(60)]},
    )
    assert schema_of(path).fields[0].kind != "key"


@pytest.mark.parametrize(
    "texts",
    [
        lambda k: (
            f"2023-{1 + k // 28:02d}-{1 + k % 28:02d}"
            if k % 2
            else f"{1 + k % 28:02d}/{1 + k // 28:02d}/2023"
        ),
        lambda k: (
            f"{1 + k % 28:02d}.{1 + k // 28:02d}.2023"
            if k % 4
            else f"2023/{1 + k // 28}/{1 + k % 28}"
        ),
        lambda k: f"{1 + k % 9}:{k % 60:02d} PM" if k % 2 else f"1:{k % 60:02d}:{k % 7:02d}",
        lambda k: f"1.{100 + k},50" if k % 2 else f"1,{100 + k}.50",
    ],
)
def test_measures_in_several_forms_are_no_key_and_said_so(
    texts: Callable[[int], str], tmp_path: Path
) -> None:
    path = table(
        tmp_path,
        {"at": [texts(k) for k in range(60)], "x": [str(k % 7) for k in range(60)]},
    )
    assert schema_of(path).fields[0].kind == "text"
    with pytest.raises(
        DataError, match="Cells of 'at' read as days, times or numbers, but not all"
    ):
        opened(path)


@pytest.mark.parametrize("text", ["{:03d}-45-6789", "{:03d}-99", "C{:05d}", "+47 22 90 {:04d}"])
def test_numbers_with_signs_in_them_are_still_keys(text: str, tmp_path: Path) -> None:
    path = table(
        tmp_path,
        {"n": [text.format(k + 100) for k in range(60)], "x": [str(k % 7) for k in range(60)]},
    )
    assert schema_of(path).fields[0].kind == "key"


def test_hints_of_a_kind_are_spelled_for_who_reads_them(tmp_path: Path) -> None:
    cells = {"price": [*map(str, range(100)), "one"], "x": [str(k % 7) for k in range(101)]}
    path = table(tmp_path, cells)
    with pytest.raises(DataError, match=r"schema=\{'price': 'category'\}"):
        opened(path)
    with command_line(), pytest.raises(DataError, match=r'--schema FILE, a JSON file of \{"price"'):
        opened(path)


def test_columns_that_no_table_takes_say_how_to_leave_them_out(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"a": k % 5, "boxes": [{"x": k}]} for k in range(60)]))
    with command_line(), pytest.raises(DataError, match="--drop boxes"):
        schema_of(path)
    assert [field.name for field in schema_of(path, drop=["boxes"]).fields] == ["a"]


def test_long_names_are_shown_short(tmp_path: Path) -> None:
    path = table(tmp_path, {"a": [f"{'x' * 20_000}{k % 3}" for k in range(30)]})
    assert len(schema_of(path).fields[0].details) < 200


def test_every_guess_is_told(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        {
            "order_id": [f"A-{k:04d}" for k in range(60)],
            "n": [str(k) for k in range(60)],
            "price": [f"${k}.50" for k in range(60)],
            "city": ["Oslo", "Bergen"] * 30,
            " x ": [str(k % 7) for k in range(60)],
        },
    )
    dataset, _ = opened(path)
    told = "\n".join(dataset.notes)
    for words in (
        "'order_id' is taken for a key, since its name says so and no value comes twice",
        "'n' is taken for a key, since its numbers count up",
        "'price' is taken for numbers as $1234.50",
        "'city': taken for categories",
        "' x ': conditions may leave out the spaces",
    ):
        assert words in told
    found = schema_of(path, schema={"order_id": "key", "n": "integer", "city": "category"})
    assert set(found.guesses) == {"price"}


def test_a_column_that_is_no_count_keeps_the_error_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",x\n" + "".join(f"{k * 3},{k % 5}\n" for k in range(30)), encoding="utf-8")
    with pytest.raises(DataError, match=r"column 1 of t\.csv has no name"):
        schema_of(path)


def test_conditions_take_values_in_the_form_of_the_column(tmp_path: Path) -> None:
    _, space = opened(save(CASES["german bank"], tmp_path / "t.csv"))
    day, amount = space.fields[0], space.fields[1]
    assert day.value_of("05.03.2023") == day.value_of("2023-03-05") == epoch("2023-03-05")
    assert amount.value_of("-1.234,50") == amount.value_of("-1234.5") == -1234.5
    with pytest.raises(DataError, match="it holds days"):
        day.value_of("yesterday")
