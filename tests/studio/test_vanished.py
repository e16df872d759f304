"""Run folders that were deleted, renamed or moved: what pages, programs and jobs say."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from zerosum.errors import StudioError
from zerosum.studio.acts import duel, work
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.people import make_token
from zerosum.studio.acts.training import TrainingOrder, train
from zerosum.studio.live import Position, _look
from zerosum.studio.models import Item, ItemBatch, Training

GONE = "is not there any more: somebody has deleted, renamed or moved it"


@pytest.fixture
def run(training: Training, folder: Path, make_items: Callable[..., list[Item]]) -> Path:
    """The run of a training that is over, and that items were made of."""
    path = folder / "runs" / training.run
    path.mkdir()
    (path / "manifest.json").write_text('{"samples": 640}')
    (path / "history.jsonl").write_text('{"step": 1, "samples": 64, "a/b": 1.0}\n')
    facts = {"total": 640, "kind": "image", "faults": {"few": "few"}, "mends": {"remedies": {}}}
    Training.objects.filter(pk=training.pk).update(facts=facts)
    training.refresh_from_db()
    make_items(2)
    return path


@pytest.mark.parametrize("state", ["done", "failed", "running"])
def test_every_page_and_operation_says_so(
    state: str, run: Path, training: Training, browser: Callable[..., Client], ada: Actor
) -> None:
    Training.objects.update(state=state)
    client = browser("owner", "ada")
    item = Item.objects.all()[0]
    about = f"/trainings/{training.pk}"
    assert GONE not in client.get(f"{about}/").content.decode()
    shutil.rmtree(run)
    for address in (f"{about}/", f"{about}/sample/", f"{about}/beside/?with={training.pk}"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert GONE in answer.content.decode(), address
        assert f"runs/{training.run}" in answer.content.decode()
    for address in (f"/projects/{training.project_id}/", f"/projects/{training.project_id}/work/"):
        assert "Its run folder is not there any more" in client.get(address).content.decode()
    for address in (f"/items/{item.pk}/", f"/projects/{training.project_id}/queue/"):
        assert client.get(address).status_code == 200  # items that were made stay
    for address in ("sample/", "provoke/", "mend/"):
        form = {"n": "3", "fault": "few", "referee": "watch", "remedy": "roll-back"}
        answer = client.post(f"{about}/{address}", form, follow=True)
        assert GONE in answer.content.decode(), address
    assert ItemBatch.objects.count() == 1

    program = Client(headers={"Authorization": f"Bearer {make_token(ada, 'tests', 'owner')}"})
    assert GONE in program.get(f"/api/v1{about}").json()["problem"]
    for address, body in {
        "/batches": {"training": training.pk, "n": 1},
        f"{about}/provoke": {"fault": "few"},
        f"{about}/mend": {"remedy": "roll-back"},
    }.items():
        answer = program.post(f"/api/v1{address}", json.dumps(body), "application/json")
        assert (answer.status_code, GONE in answer.json()["detail"]) == (422, True), address


@pytest.mark.django_db(transaction=True)
def test_a_page_that_is_open_is_told(run: Path, training: Training) -> None:
    position = Position()
    state, found, _ = _look(training.pk, position)
    assert (state["gone"], found[0][0]) == ("", "rows")
    run.rename(run.with_name("elsewhere"))
    state, found, over = _look(training.pk, position)
    assert GONE in state["gone"]
    assert found == [("again", {})]
    assert over
    run.with_name("elsewhere").rename(run)
    assert _look(training.pk, position)[0]["gone"] == ""


def test_nothing_begins_anew_where_a_run_was(run: Path, training: Training, ada: Actor) -> None:
    Training.objects.update(state="failed")
    training.refresh_from_db()
    shutil.rmtree(run)
    for act in (
        lambda: work.retry(ada, training),
        lambda: work.sample(ada, training, n=1),
        lambda: duel.provoke(ada, training, fault="", referee="watch"),
        lambda: train(ada, training.data, TrainingOrder("cgan", begins_with=training.pk)),
    ):
        with pytest.raises(StudioError, match=GONE) as error:
            act()
        assert str(run.parent) not in str(error.value)


def test_one_that_has_not_begun_misses_nothing(
    training: Training, browser: Callable[..., Client], folder: Any
) -> None:
    Training.objects.update(state="waiting")
    assert GONE not in browser("owner").get(f"/trainings/{training.pk}/").content.decode()
