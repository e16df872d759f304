"""Trainings with all that the command line can set, by the form and by a program."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.studio.test_jobs import QUICK, Heard
from zerosum.catalogue import all_recipes
from zerosum.errors import StudioError
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.people import make_token
from zerosum.studio.acts.training import TrainingOrder, train
from zerosum.studio.jobs import checking
from zerosum.studio.jobs import training as training_job
from zerosum.studio.jobs.offers import RECOMMENDED
from zerosum.studio.models import DataSource, Project, Training
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


def test_recommended_recipes_exist() -> None:
    assert set(RECOMMENDED) <= set(all_recipes())


def test_data_that_is_not_checked_is_not_trained_on(ada: Actor, training: Training) -> None:
    training.data.state = "running"
    with pytest.raises(StudioError, match="'digits' is not ready: running"):
        train(ada, training.data, TrainingOrder("cgan"))
