"""Trainings with all that the command line can set, by the form and by a program."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.studio.test_jobs import QUICK, Heard
from zerosum.catalogue import all_recipes
from zerosum.errors import DataError, StudioError
from zerosum.faces import pages
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.people import make_token
from zerosum.studio.acts.training import TrainingOrder, train
from zerosum.studio.jobs import checking
from zerosum.studio.jobs import training as training_job
from zerosum.studio.jobs.offers import RECOMMENDED
from zerosum.studio.models import DataSource, Project, Training, User
from zerosum.studio.models.work import DONE
from zerosum.studio.runner import order_of

Browser = Callable[..., Client]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the check of visits says: six of each of 40 people."""
    folder = tmp_path_factory.mktemp("check")
    lines = [f"p{i // 6},2025-03-{i % 6 + 1:02d},{20 + i % 17},visit {i % 5}" for i in range(240)]
    (folder / "visits.csv").write_text("who,day,paid,note\n" + "\n".join(lines) + "\n")
    heard = Heard()
    checking.do({"data": str(folder / "visits.csv"), "folder": str(folder)}, heard)
    return {"facts": heard.last("done"), "folder": folder}


@pytest.fixture
def visits(checked: dict[str, Any], project: Project, folder: Path, started: list[str]) -> Any:
    """The same as data of a project."""
    given: Path = checked["folder"]
    (folder / "uploads" / "v").mkdir()
    (folder / "uploads" / "v" / "data.csv").write_bytes((given / "visits.csv").read_bytes())
    source = DataSource.objects.create(
        project=project, name="visits.csv", origin="upload", place="v/data.csv", state=DONE,
        facts=checked["facts"],
    )  # fmt: skip
    (folder / "jobs" / source.key).mkdir()
    (folder / "jobs" / source.key / "recipes.json").write_bytes(
        (given / "recipes.json").read_bytes()
    )
    return source


@pytest.fixture
def images(training: Training, folder: Path, started: list[str]) -> DataSource:
    """Images, for which two recipes are known."""
    offer = {
        "summary": "", "kinds": ["image"], "usual": True, "why_not": "", "options": {},
        "keys": {"game.gamma": 1.0}, "private": "",
    }  # fmt: skip
    offers = [
        offer | {"name": "cgan", "capacities": ["small", "large"]},
        offer | {"name": "dcgan", "capacities": ["small"]},
        offer | {"name": "colorize", "capacities": ["small"], "why_not": "it needs colour."},
    ]
    (folder / "jobs" / training.data.key).mkdir()
    path = folder / "jobs" / training.data.key / "recipes.json"
    path.write_text(json.dumps({"recipes": offers}))
    return training.data


def test_a_private_training_by_entity_is_ordered_in_the_form(
    visits: DataSource, browser: Browser
) -> None:
    client = browser("developer")
    page = client.get(f"/data/{visits.pk}/train/").content.decode()
    assert 'value="table" checked' in page
    assert "Privacy of each row" in page
    address = f"/data/{visits.pk}/train/"
    piece = client.get(f"{address}?recipe=sequences", headers={"HX-Request": "true"})
    text = piece.content.decode()
    assert "<html" not in text
    assert "Privacy of each entity" in text
    assert 'name="option.entity"' in text
    assert "the column that says whose a row is" in text
    form = {
        "recipe": "sequences", "option.entity": "who", "option.time": "day", "epsilon": "8",
        "option.holdout": "0.2", "option.static": "", "option.drop": "note", "samples": "64",
    }  # fmt: skip
    answer = client.post(address, form)
    made = Training.objects.get()
    assert answer["Location"] == f"/trainings/{made.pk}/"
    assert made.options == {"entity": "who", "time": "day", "holdout": 0.2, "drop": ["note"]}
    assert (made.epsilon, made.delta, made.referee) == (8.0, None, "off")
    page = client.get(f"/trainings/{made.pk}/").content.decode()
    assert "epsilon 8.0" in page
    again = client.get(f"{address}?like={made.pk}").content.decode()
    assert 'name="option.drop" value="[&quot;note&quot;]"' in again
    assert 'value="sequences" checked' in again


def test_the_job_keeps_the_promise_and_tells_what_it_guessed(
    visits: DataSource, ada: Actor, folder: Path
) -> None:
    made = train(
        ada, visits,
        TrainingOrder("table", samples=64, epsilon=8.0, options={"drop": ["who"]}),
    )  # fmt: skip
    order: dict[str, Any] = order_of(made) | {"wishes": QUICK}
    Path(order["folder"]).mkdir()
    heard = Heard()
    training_job.do(order, heard)
    manifest = json.loads((folder / "runs" / made.run / "manifest.json").read_text())
    assert manifest["privacy"]["epsilon"] <= 8.0
    assert manifest["privacy"]["unit"] == "row"
    assert "who" not in json.dumps(manifest["space"])
    notes = [note for one in heard for note in one.get("facts", {}).get("notes", ())]
    assert any("found by looking at rows" in note for note in notes)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"recipe": "taple"}, "no recipe &#x27;taple&#x27; takes this data."),
        ({"epsilon": "-1"}, "give a number above 0"),
        ({"delta": "0.1"}, "“delta” goes with “epsilon”"),
        ({"recipe": "table_gan", "epsilon": "3"}, "table_gan cannot promise privacy"),
        ({"epsilon": "soon"}, "epsilon: &#x27;soon&#x27; is not a number"),
        ({"option.holdout": "half"}, "“holdout”: &#x27;half&#x27; is not a number"),
        ({"option.holdout": "NaN"}, "nan is no number that can be kept"),
        ({"changes": "game.width=1e999"}, "inf is no number that can be kept"),
        ({"option.schema": "/etc/passwd"}, "“schema” is not sound JSON"),
        ({"option.schema": '"/etc/passwd"'}, "and not the name of a file"),
        ({"changes": "nonsense"}, "is not an assignment"),
        ({"minutes": "1", "samples": "5"}, "give one of them"),
    ],
)
def test_what_is_refused_stays_in_the_form(
    form: dict[str, str], message: str, visits: DataSource, browser: Browser
) -> None:
    given = {"recipe": "table", "seed": "41"} | form
    answer = browser("owner").post(f"/data/{visits.pk}/train/", given)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert message in text
    assert 'name="seed" inputmode="numeric" value="41"' in text
    assert not Training.objects.exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"recipe": "cgam"}, "no recipe 'cgam' takes this data. Did you mean 'cgan'"),
        ({"recipe": "colorize"}, "it needs colour"),
        ({"minutes": 0.0}, "0 minutes are not allowed"),
        ({"minutes": 1.0, "samples": 5}, "give one of them"),
        ({"seed": -1}, "seed -1 is not allowed"),
        ({"recipe": "dcgan", "capacity": "large"}, "no “capacity: large” for this data"),
        ({"referee": "mend"}, "“referee: mend”"),
        ({"epsilon": 3.0}, "cgan cannot promise privacy"),
        ({"freeze": 2}, "“freeze” keeps layers of the training that it begins with"),
        ({"begins_with": 99}, "this project has no training 99"),
        ({"begins_with": 1}, "has no model: done"),
        ({"options": {"entity": "who"}}, "“entity” is no option of cgan"),
    ],
)
def test_odd_trainings_are_refused(
    values: dict[str, Any], message: str, ada: Actor, images: DataSource
) -> None:
    if values.get("begins_with") == 1:
        values["begins_with"] = Training.objects.get().pk
    given: dict[str, Any] = {"recipe": "cgan"} | values
    with pytest.raises(StudioError, match=message):
        train(ada, images, TrainingOrder(**given))


def test_a_program_orders_the_same(images: DataSource, ada: Actor, folder: Path) -> None:
    client = Client(headers={"Authorization": f"Bearer {make_token(ada, 'tests', 'developer')}"})
    known = client.get(f"/api/v1/data/{images.pk}/recipes").json()
    assert [one["name"] for one in known] == ["cgan", "dcgan", "colorize"]
    first = Training.objects.get()
    (folder / "runs" / first.run).mkdir()
    (folder / "runs" / first.run / "manifest.json").write_text("{}")
    body = {
        "data": images.pk, "recipe": "cgan", "minutes": 1, "capacity": "large", "referee": "watch",
        "begins_with": first.pk, "freeze": 1, "set": {"game.gamma": 2},
    }  # fmt: skip
    answer = client.post("/api/v1/trainings", body, "application/json")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert {name: made[name] for name in body} == body
    order = order_of(Training.objects.get(pk=made["id"]))
    assert order["from"] == str((folder / "runs" / first.run).resolve())
    assert (order["capacity"], order["referee"], order["freeze"]) == ("large", "watch", 1)


def test_data_that_cannot_be_read_is_read_in_another_way(
    project: Project, folder: Path, browser: Browser, started: list[str]
) -> None:
    cells = [f"{0.37 * i + 0.1:.2f}" for i in range(2_000)]
    cells[1_500] = "1,30"
    (folder / "uploads" / "o").mkdir()
    (folder / "uploads" / "o" / "data.csv").write_text("price\n" + "\n".join(
        f'"{one}"' for one in cells
    ))  # fmt: skip
    source = DataSource.objects.create(
        project=project, name="prices.csv", origin="upload", place="o/data.csv"
    )
    with pages(), pytest.raises(DataError, match=r'“missing: \["1,30"\]”') as error:
        checking.do(order_of(source), Heard())
    DataSource.objects.update(state="failed", words=f"{error.value}")
    client, address = browser("developer"), f"/data/{source.pk}/read/"
    page = client.get(address).content.decode()
    assert "missing: [&quot;1,30&quot;]" in page
    assert "<option>sequences</option>" in page
    piece = client.get(f"{address}?read_as=sequences", headers={"HX-Request": "true"})
    assert 'name="option.entity"' in piece.content.decode()
    refused = client.post(address, {"read_as": "image"})
    assert "cannot be read as &#x27;image&#x27;" in refused.content.decode()

    client.post(address, {"read_as": "", "option.missing": '["1,30"]', "option.limit": "150"})
    source.refresh_from_db()
    assert source.options == {"missing": ["1,30"], "limit": 150}
    assert (source.state, source.attempt, source.facts) == ("waiting", 2, {})
    heard = Heard()
    checking.do(order_of(source), heard)
    assert heard.last("done")["count"] == 150
    DataSource.objects.update(state="done", facts=heard.last("done"))
    page = client.get(f"/data/{source.pk}/train/").content.decode()
    assert 'name="option.missing" value="[&quot;1,30&quot;]"' in page

    owner = Actor(User.objects.get(username="developer"))
    program = Client(headers={"Authorization": f"Bearer {make_token(owner, 'x', 'developer')}"})
    body = {"data": source.pk, "recipe": "table", "options": {"limit": 100}}
    made = program.post("/api/v1/trainings", body, "application/json").json()
    assert made["options"] == {"missing": ["1,30"], "limit": 100}
    again = program.post(f"/api/v1{address[:-1]}", {"options": {}}, "application/json")
    assert (again.json()["options"], again.json()["state"]) == ({}, "waiting")


@pytest.mark.parametrize(
    "query",
    ["like=99999999999999999999999", "like=%D9%A3", "recipe=%00", "recipe=../..", "read_as=a%0Ab",
     "like=-1", "recipe=table&like=1&recipe=x"],
)  # fmt: skip
def test_odd_addresses_are_answered(query: str, visits: DataSource, browser: Browser) -> None:
    client = browser("developer")
    for page in ("train", "read"):
        answer = client.get(f"/data/{visits.pk}/{page}/?{query}")
        assert answer.status_code in (200, 422), query


@pytest.mark.parametrize(
    "body",
    [
        {"options": {"schema": {"a": {"kind": "x" * 10_000}}}},
        {"options": {"drop": [["deep"], {"a": None}]}},
        {"options": {"limit": -5}},
        {"set": {"": 1, "a.b.c": {"d": [1, 2]}}},
        {"epsilon": 1e308},
        {"freeze": 2**62},
        {"begins_with": -1},
        {"capacity": ""},
        {"options": [1]},
        {"recipe": ["table"]},
    ],
)
def test_odd_orders_are_answered(body: dict[str, Any], visits: DataSource, ada: Actor) -> None:
    client = Client(headers={"Authorization": f"Bearer {make_token(ada, 'tests', 'developer')}"})
    order = {"data": visits.pk, "recipe": "table"} | body
    answer = client.post("/api/v1/trainings", order, "application/json")
    assert answer.status_code in (201, 422), answer.content
    if answer.status_code == 422:
        assert answer["Content-Type"] == "application/problem+json"


def test_recommended_recipes_exist() -> None:
    assert set(RECOMMENDED) <= set(all_recipes())


def test_data_that_is_not_checked_is_not_trained_on(ada: Actor, training: Training) -> None:
    training.data.state = "running"
    with pytest.raises(StudioError, match="'digits' is not ready: running"):
        train(ada, training.data, TrainingOrder("cgan"))
