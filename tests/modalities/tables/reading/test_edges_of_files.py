"""First rows, last columns and clocks of CSV files as people have them: each guess is told."""

from pathlib import Path

import pytest

from tests.modalities.tables.reading.test_written_by_people import (
    AMOUNTS,
    Case,
    N,
    days,
    opened,
    save,
)
from zerosum.errors import DataError
from zerosum.modalities.tables.reading.readers import schema_of


@pytest.mark.parametrize("clock", ["{}T10:00:00{}", "{} 10:00 {}"])
def test_several_offsets_are_told(clock: str, tmp_path: Path) -> None:
    rows = [
        clock.format(day, ("+01:00", "+02:00")[k % 2]) for k, day in enumerate(days("%Y-%m-%d"))
    ]
    path = save(Case({"at": rows, "n": [str(k % 7) for k in range(N)]}, {}), tmp_path / "t.csv")
    note = next(one for one in schema_of(path).notes if one.startswith("'at'"))
    assert "several offsets from UTC (+01:00, +02:00), which are kept and written in UTC" in note
    dataset, space = opened(path)
    assert note in dataset.notes
    assert next(f.dtype for f in space.fields if f.name == "at").endswith("tz=UTC]")
    path.write_text(path.read_text().replace("+02:00", "+01:00"))
    assert not any("offsets" in note for note in schema_of(path).notes)


@pytest.mark.parametrize("first", ["sep=;", "SEP=; ", '"sep=;"', "sep=|", "sep=\t", "\ufeffsep=;"])
def test_the_separator_that_excel_writes_first(first: str, tmp_path: Path) -> None:
    separator = first.rstrip(' "')[-1]
    case = Case(
        {"a,b,c": [str(k % 9) for k in range(N)], "city": ["Oslo", "Bonn"] * 60}, {}, {}, separator
    )
    plain = save(case, tmp_path / "plain.csv").read_text()
    path = tmp_path / "t.csv"
    path.write_text(f"{first}\r\n{plain}", encoding="utf-8")
    dataset, space = opened(path)
    assert [(field.name, field.kind) for field in space.fields] == [
        ("a,b,c", "integer"), ("city", "category"),
    ]  # fmt: skip
    assert len(dataset) == N
    said = f"Its first line says that {separator!r} separates cells."
    assert dataset.notes[0] == schema_of(path).notes[0] == said
    path.write_text(f"{first}\n{plain}3\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=f"line {N + 3} has 1 column, and line 2, which names them, has 2"
    ):
        schema_of(path)
    path.write_text(f"{first}\n", encoding="utf-8")
    with pytest.raises(DataError, match="is empty"):
        schema_of(path)


def rows_of(*columns: list[str]) -> str:
    return "".join(f"{','.join(row)}\n" for row in zip(*columns, strict=True))


FLOWERS = rows_of([f"{4 + k % 31 / 10}" for k in range(N)], ["setosa", "virginica"] * 60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (FLOWERS, "'4.0', 'setosa'"),
        (rows_of(days("%d.%m.%Y"), [str(v) for v in AMOUNTS]), f"'{days('%d.%m.%Y')[0]}', '"),
        (rows_of(*([str(3 * k + c) for k in range(N)] for c in (5, 9, 1, 4, 8))),
         "'5', '9', '1', '4', …"),
    ],
)  # fmt: skip
def test_a_first_row_that_may_be_data_is_told(text: str, shown: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    found = schema_of(path)
    assert found.notes[0].startswith(f"The first row ({shown}")
    assert found.notes[0].endswith(
        "If it is a row of data, write a row of names above it."
    )  # fmt: skip
    assert [field.name for field in found.fields] == text.partition("\n")[0].split(",")
    assert found.to_json()["remarks"] == [found.notes[0]]


@pytest.mark.parametrize(
    "names", ["0,1", "1,2", "2019,2020", "length,kind", "4.0,kind", "length,setosa", "4.0,rosa"]
)
def test_a_first_row_of_names_is_none_of_data(names: str, tmp_path: Path) -> None:
    numbers = rows_of([str(7 * k % 50) for k in range(N)], [str(k % 9) for k in range(N)])
    (tmp_path / "t.csv").write_text(f"{names}\n{numbers if names[-1].isdecimal() else FLOWERS}")
    assert not schema_of(tmp_path / "t.csv").remarks


def test_a_first_row_of_equal_numbers(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("0,0,1\n1,2,3\n")
    with pytest.raises(DataError, match=r"several columns called '0'.*write a row of names above"):
        schema_of(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("a,a,1\n1,2,3\n")
    with pytest.raises(DataError, match="several columns called 'a'") as caught:
        schema_of(tmp_path / "t.csv")
    assert "row of names above" not in str(caught.value)


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("more", [1, 2])
def test_separators_that_end_each_line(separator: str, more: int, tmp_path: Path) -> None:
    columns = {"n": [str(k % 7) for k in range(N)], "city": ["Oslo", "Bonn"] * 60}
    path = save(Case(columns, {}, {}, separator), tmp_path / "t.csv")
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line}{separator * more}\n" for line in lines))
    dataset, space = opened(path)
    assert [field.name for field in space.fields] == ["n", "city"]
    left_out = [f"'Unnamed: {2 + at}' is left out: it has neither a name nor a value."
                for at in range(more)]  # fmt: skip
    assert [note for note in dataset.notes if "left out" in note] == left_out
    assert [note for note in schema_of(path).notes if "left out" in note] == left_out
    some = path.read_text().splitlines()
    some[5] += "9"
    path.write_text("\n".join(some))
    with pytest.raises(DataError, match=rf"column {2 + more} of t\.csv has no name"):
        schema_of(path)


def test_a_schema_in_a_few_lines(tmp_path: Path) -> None:
    columns = {"at": days("%d.%m.%Y"), "city": ["Oslo", "Bonn"] * 60, "": [""] * N}
    found = schema_of(save(Case(columns, {}), tmp_path / "t.csv"), drop=["city"])
    assert repr(found).splitlines() == [
        "Schema of 3 columns",
        "  at          date; days as %d.%m.%Y",
        "  city        dropped",
        "  Unnamed: 2  left out; it has neither a name nor a value",
    ]
    html = found._repr_html_()
    assert "<td>at</td><td>date</td>" in html
    assert "<td>city</td><td>dropped</td><td></td>" in html
    wide = save(Case({f"c{k}": [str(k * 7 % 5)] * N for k in range(30)}, {}), tmp_path / "w.csv")
    lines = repr(schema_of(wide)).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  and 10 more columns: see .rows"
