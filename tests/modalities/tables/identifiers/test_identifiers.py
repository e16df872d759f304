"""Columns that say who somebody is are made up, in their own form, and never as in the data."""

import ipaddress
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from faker import Faker

import zerosum as zs
from zerosum.errors import ConfigError, DataError
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.identifiers import people
from zerosum.modalities.tables.identifiers.fields import PatternField, PersonField, remainder
from zerosum.modalities.tables.identifiers.people import names_of
from zerosum.modalities.tables.identifiers.taken import is_taken, taken_of
from zerosum.modalities.tables.reading.readers import schema_of
from zerosum.modalities.tables.schema import Schema


def customers(locale: str = "de_DE", n: int = 120) -> pd.DataFrame:
    fake = Faker(locale)
    fake.seed_instance(3)
    who = [(fake.first_name(), fake.last_name()) for _ in range(n)]
    return pd.DataFrame(
        {
            "Name": [f"{first} {last}" for first, last in who],
            "E-Mail": [f"{a}.{b}@firma.de".lower().replace(" ", "") for a, b in who],
            "telefon phone": [fake.numerify("+49 17# #######") for _ in who],
            "Anschrift": [fake.address().replace("\n", ", ") for _ in who],
            "konto": [fake.iban() for _ in who],
            "last_ip": [f"10.0.{fake.random_int(0, 255)}.{fake.random_int(1, 254)}" for _ in who],
            "age": [18 + i % 60 for i in range(n)],
        }
    )


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return customers()


@pytest.fixture(scope="module")
def schema(frame: pd.DataFrame) -> Schema:
    return schema_of(frame)


def made(schema: Schema, name: str, n: int = 500, start: int = 0) -> list[str]:
    (field,) = [one for one in schema.fields if one.name == name]
    assert isinstance(field, PersonField | PatternField)
    return field.make(n, start).to_pylist()


def test_columns_are_recognised_and_said(schema: Schema) -> None:
    kinds = {field.name: field.kind for field in schema.fields}
    assert kinds == {
        "Name": "person", "E-Mail": "person", "telefon phone": "pattern", "Anschrift": "person",
        "konto": "pattern", "last_ip": "pattern", "age": "integer",
    }  # fmt: skip
    notes = " ".join(schema.notes)
    for said in ("names of people", "addresses of mail", "telephone numbers", "IBANs", "IP addr"):
        assert f"{said}" in notes
    assert {one.locale for one in schema.fields if isinstance(one, PersonField)} == {"de_DE"}


def test_what_is_made_has_the_form_of_the_data(schema: Schema) -> None:
    first, last = names_of("de_DE")
    for name, mail in zip(made(schema, "Name"), made(schema, "E-Mail"), strict=True):
        assert any(name.startswith(one) for one in first)
        assert any(name.endswith(one) for one in last)
        assert re.fullmatch(r"[a-z]+\.[a-z]+\d+@example\.(com|org|net)", mail)
        assert people.plain_letters(name) == re.sub(r"[\d.]|@.*", "", mail)
    assert all(re.fullmatch(r"\+49 17\d \d{7}", one) for one in made(schema, "telefon phone"))
    assert all(", " in one for one in made(schema, "Anschrift", 50))
    ibans = made(schema, "konto")
    assert all(re.fullmatch(r"DE\d{20}", one) and remainder(one) == 1 for one in ibans)
    assert all(ipaddress.ip_address(one).is_private for one in made(schema, "last_ip"))
    for name in ("telefon phone", "konto", "E-Mail", "last_ip"):
        assert len(set(made(schema, name))) == 500


def test_none_of_the_data_is_made(schema: Schema, frame: pd.DataFrame) -> None:
    for name in ("Name", "E-Mail", "telefon phone", "Anschrift", "konto", "last_ip"):
        assert not set(made(schema, name, 1_000)) & set(frame[name])


def test_a_crowded_column_makes_none_of_the_data() -> None:
    """Two digits, of which a half is taken: without the check most rows would be of the data."""
    field = PatternField(
        name="no", dtype="string", masks=("7##",), taken=taken_of([f"7{i:02}" for i in range(50)])
    )
    drawn = field.make(200).to_pylist()
    assert drawn
    assert not {one for one in drawn if int(one) < 750}
    every = taken_of([f"7{i:02}" for i in range(100)])
    with pytest.raises(DataError, match="nearly all that can be made up"):
        field.model_copy(update={"taken": every}).make(10)


def test_row_i_is_the_same_however_many_there_are(schema: Schema) -> None:
    for name in ("Name", "E-Mail", "telefon phone", "Anschrift", "konto"):
        assert made(schema, name, 40)[30:] == made(schema, name, 10, start=30)
    again = Schema.from_json(schema.to_json())
    assert made(again, "Name", 20) == made(schema, "Name", 20)


def test_forms_of_other_places() -> None:
    frame = customers("en_US")
    frame["Name"] = [", ".join(reversed(one.split(" ", 1))) for one in frame["Name"]]
    frame["Name"] = frame["Name"].str.upper()
    frame["telefon phone"] = [f"(2{i % 90:02}) 555-{1000 + i}" for i in range(len(frame))]
    frame.loc[::4, "telefon phone"] = None
    schema = schema_of(frame)
    assert all(re.fullmatch(r"[^a-z]+, [^a-z]+", one) for one in made(schema, "Name"))
    phones = made(schema, "telefon phone")
    known = [one for one in phones if one is not None]
    assert all(re.fullmatch(r"\([1-9]?\d+\) \d{3}-\d{4}", one) for one in known)
    assert 0.15 < 1 - len(known) / len(phones) < 0.35


def test_first_and_last_names_apart_are_of_one_person() -> None:
    frame = customers("fr_FR")
    frame["prenom"] = frame["Name"].str.split().str[0]
    frame["nom"] = frame["Name"].str.split().str[-1]
    schema = schema_of(frame.drop(columns="Name"))
    forms = {one.name: one.form for one in schema.fields if isinstance(one, PersonField)}
    assert (forms["prenom"], forms["nom"]) == ("first_name", "last_name")
    sides = zip(*(made(schema, name, 50) for name in ("prenom", "nom", "E-Mail")), strict=True)
    for first, last, mail in sides:
        assert mail.startswith(people.plain_letters(first))
        assert people.plain_letters(last) in mail
    assert not set(made(schema, "nom")) & set(frame["nom"])


def test_what_only_looks_like_names_is_left_alone() -> None:
    products = pd.DataFrame({"name": [f"Lamp {i % 60}" for i in range(90)], "price": range(90)})
    towns = pd.DataFrame({"city name": ["Oslo", "Bonn", "Kiel"] * 30, "n": range(90)})
    for frame in (products, towns):
        kinds = {field.kind for field in schema_of(frame).fields}
        assert not kinds & {"person", "pattern"}


def test_the_schema_says_it_better(frame: pd.DataFrame) -> None:
    told = {
        "Name": {"kind": "person", "form": "name", "locale": "no_NO"},
        "telefon phone": {"kind": "pattern", "masks": ["+47 ### ## ###"]},
        "konto": "key",
    }
    schema = schema_of(frame, schema=told)
    last = names_of("no_NO")[1]
    assert all(one.endswith(last) for one in made(schema, "Name", 50))
    phones = made(schema, "telefon phone", 50)
    assert all(re.fullmatch(r"\+47 \d{3} \d\d \d{3}", one) for one in phones)
    assert {one.name: one.kind for one in schema.fields}["konto"] == "key"
    with pytest.raises(ConfigError, match="no names for the locale 'xx_XX'"):
        schema_of(frame, schema={"Name": {"kind": "person", "locale": "xx_XX"}})
    with pytest.raises(DataError, match="no template"):
        schema_of(frame, schema={"Name": {"kind": "person", "template": "{middle}"}})


def test_without_faker_patterns_are_made_and_names_are_refused(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("identifiers.people", "reading.identifiers"):
        monkeypatch.setattr(f"zerosum.modalities.tables.{module}.has_faker", lambda: False)
    kinds = {field.name: field.kind for field in schema_of(frame).fields}
    assert kinds["konto"] == "pattern"
    assert kinds["Name"] == "text"
    with pytest.raises(DataError, match=r"pip install 'zerosum\[identifiers\]'"):
        zs.train("table", data=frame, samples=100, quiet=True)


def test_a_private_schema_reads_nothing_of_the_rows(frame: pd.DataFrame) -> None:
    from zerosum.modalities.tables.reading.infer import infer_schema
    from zerosum.modalities.tables.reading.sources import MemorySource

    table = pa.Table.from_pandas(frame[["Name", "age"]], preserve_index=False)
    told = {"Name": {"kind": "person", "locale": "de_DE"}}
    found = infer_schema(MemorySource(table, name="x"), overrides=told, private=True)
    (field,) = [one for one in found.fields if one.name == "Name"]
    assert isinstance(field, PersonField)
    assert (field.taken, field.gaps, field.case) == ({}, 0.0, "")


def test_a_model_makes_them_and_writes_them(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = zs.train("table", data=frame, samples=300, referee="off", quiet=True)
    rows = model.sample(30, seed=1)
    assert list(rows.columns) == list(frame.columns)
    assert not set(rows["Name"]) & set(frame["Name"])
    assert list(model.sample(60, seed=2)["E-Mail"][:30]) == list(rows["E-Mail"])
    model.write("rows.csv", 30, seed=1, safe_csv=True)
    assert list(pd.read_csv("rows.csv")["konto"]) == list(rows["konto"])


def test_the_set_of_what_is_taken_holds_no_values() -> None:
    texts = [f"person {i}" for i in range(1_000)]
    taken = taken_of(texts)
    assert is_taken(taken, texts).all()
    others = is_taken(taken, [f"somebody {i}" for i in range(4_000)]).mean()
    assert 0.05 < others < 0.3
    assert len(taken) < 1_500


def test_fields_are_those_of_json(schema: Schema) -> None:
    for field in schema.fields:
        assert Field.from_json(field.to_json()) == field
