"""Faults and remedies, from a person's wish to the training's process."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.studio.test_jobs import QUICK, Heard
from zerosum.errors import StudioError
from zerosum.runs.hooks import SampleHook
from zerosum.runs.store import Run
from zerosum.studio.acts import duel as acts
from zerosum.studio.acts.log import Actor
from zerosum.studio.jobs import training as training_job
from zerosum.studio.jobs.field import FILE, SIDE
from zerosum.studio.live import FIELD, Position, news, pictures_of, run_folder
from zerosum.studio.models import Continuation, Training
from zerosum.studio.runner import order_of

WAYS = {
    "faults": {"generator-x10": "ten times"},
    "mends": {"remedies": {"slow-generator": "slower"}, "by_diagnosis": {}},
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A duel in the plane, as its job left it: the run, and the job's folder beside it."""
    folder = tmp_path_factory.mktemp("plane")
    heard = Heard()
    training_job.do(plan(folder, "run") | {"samples": 2_560}, heard)
    assert "generator-x10" in heard.last("facts")["faults"]
    assert "slow-generator" in heard.last("facts")["mends"]["remedies"]
    return folder


def plan(folder: Path, name: str) -> dict[str, Any]:
    job = folder / f"job-{name}"
    job.mkdir(exist_ok=True)
    return {
        "run": str(folder / name), "folder": str(job), "recipe": "r3gan", "data": "ring",
        "seed": 0, "wishes": QUICK, "changes": {"optimisation.batch_size": 64},
    }  # fmt: skip


def looks(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / FILE).read_text().splitlines()]


@pytest.fixture
def learning(training: Training) -> Training:
    """A training that has saved something and says what applies to it."""
    folder = run_folder(training)
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"samples": 640}))
    training.facts = WAYS
    training.save()
    return training


def test_a_plane_is_seen_as_the_discriminator_sees_it(plane: Path) -> None:
    first, *rest = looks(plane / "job-run")
    low, high = first["frame"]
    assert all(low[i] <= one[i] <= high[i] for one in first["real"] for i in (0, 1))
    assert rest[0]["samples"] == 0
    assert rest[-1]["samples"] == 2_560
    assert len(base64.b64decode(rest[-1]["field"])) == SIDE**2
    assert rest[0]["points"] != rest[-1]["points"]


def test_looking_changes_nothing(plane: Path, tmp_path: Path) -> None:
    from zerosum.engine.choose import Wishes
    from zerosum.workflows.train import train

    wanted = plan(tmp_path, "bare")
    train(
        "r3gan", "ring", out=tmp_path / "bare", samples=2_560, seed=0, changes=wanted["changes"],
        wishes=Wishes(**QUICK),
    )  # fmt: skip
    bare, seen = ((one / name) for one, name in ((tmp_path, "bare"), (plane, "run")))
    one, two = (Run.open(path).checkpoints.load_newest()[0].tensors for path in (bare, seen))
    assert all(one[name].equal(two[name]) for name in one)


def test_a_copy_goes_on_with_a_fault_and_a_remedy(plane: Path, tmp_path: Path) -> None:
    order: dict[str, Any] = plan(tmp_path, "copy") | {"samples": 1_280}
    order["continues"] = {
        "run": str(plane / "run"), "folder": str(plane / "job-run"), "fault": "generator-x10",
        "referee": "watch",
    }  # fmt: skip
    wish = Path(order["folder"]) / acts.WISH
    wish.write_text(json.dumps({"remedy": "slow-generator"}))
    heard = Heard()
    training_job.do(order, heard)
    assert heard.last("done") == {"state": "finished", "seen": 3_840}
    assert not wish.exists()
    run = Run.open(tmp_path / "copy")
    events = [(one["event"], one.get("name")) for one in run.events()]
    assert ("provoked", "generator-x10") in events
    assert ("remedy", "slow-generator") in events
    samples = [one["samples"] for one in looks(Path(order["folder"]))[1:]]
    assert samples[0] == 0  # what was seen of the training before it
    assert samples == sorted(samples)


def test_a_remedy_is_given_while_the_training_goes_on(plane: Path, tmp_path: Path) -> None:
    order: dict[str, Any] = plan(tmp_path, "midway") | {"samples": 6_400}
    wish = Path(order["folder"]) / acts.WISH

    class Asking(Heard):
        """Somebody who asks as soon as the training has begun."""

        def __call__(self, **message: Any) -> None:
            if "seen" in message.get("words", "") and not any("seen" in str(o) for o in self):
                wish.write_text(json.dumps({"remedy": "lower-rates"}))
            super().__call__(**message)

    heard = Asking()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_job, "_EVERY", 0.0)
        training_job.do(order, heard)
    assert heard.last("done")["seen"] == 6_400
    events = Run.open(tmp_path / "midway").events()
    given = [one["step"] for one in events if one.get("name") == "lower-rates"]
    assert len(given) == 1
    assert 0 < given[0] < 100


def test_somebody_provokes(learning: Training, ada: Actor, started: list[str]) -> None:
    made = acts.provoke(ada, learning, fault="generator-x10", referee="watch", samples=100)
    assert made.samples == 100
    order = order_of(made)
    assert order["continues"]["fault"] == "generator-x10"
    assert order["continues"]["run"].endswith(learning.run)
    with pytest.raises(StudioError, match=r"no fault 'generator-x1' here\. Allowed: generator-x10"):
        acts.provoke(ada, learning, fault="generator-x1", referee="watch")
    with pytest.raises(StudioError, match="Allowed: watch, act"):
        acts.provoke(ada, learning, fault="", referee="off")


def test_nothing_is_provoked_before_there_is_a_model(training: Training, ada: Actor) -> None:
    with pytest.raises(StudioError, match="has saved nothing yet"):
        acts.provoke(ada, training, fault="", referee="watch")


@pytest.mark.parametrize("state", ["running", "cancelled", "done"])
def test_somebody_mends(
    state: str, learning: Training, ada: Actor, folder: Path, started: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    Training.objects.update(state=state)
    learning.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        target = acts.mend(ada, learning, "slow-generator")
    assert (target.pk == learning.pk) == (state != "done")
    wish = json.loads((folder / "jobs" / target.key / acts.WISH).read_text())
    assert wish == {"remedy": "slow-generator"}
    expected = {"running": [], "cancelled": ["train-1-2"], "done": [f"train-{target.pk}-1"]}
    assert started == [one.replace("train-1-", f"train-{learning.pk}-") for one in expected[state]]
    with pytest.raises(StudioError, match="no remedy 'take-back' changes this training"):
        acts.mend(ada, learning, "take-back")


def test_a_fault_can_be_taken_back(learning: Training, ada: Actor, started: list[str]) -> None:
    made = acts.provoke(ada, learning, fault="generator-x10", referee="act")
    assert acts.mend(ada, made, "take-back") == made


def test_pages_show_both(
    learning: Training, ada: Actor, browser: Callable[..., Client], started: list[str]
) -> None:
    client = browser("developer")
    answer = client.post(
        f"/trainings/{learning.pk}/provoke/", {"fault": "generator-x10", "referee": "watch"}
    )
    made = Continuation.objects.get().training
    assert answer["Location"] == f"/trainings/{made.pk}/"
    page = client.get(answer["Location"]).content.decode()
    assert "with the fault <code>generator-x10</code>" in page
    page = client.get(f"/trainings/{learning.pk}/beside/?with={made.pk}").content.decode()
    assert page.count('class="live"') == 2
    assert client.get(f"/trainings/{learning.pk}/beside/").status_code == 422
    assert client.get(f"/trainings/{learning.pk}/beside/?with=99").status_code == 404


def test_the_stream_has_the_looks(training: Training, folder: Path) -> None:
    place = folder / "jobs" / training.key
    place.mkdir()
    (place / FIELD).write_text('{"frame":[]}\n{"step":1}\n')
    position = Position()
    assert news(training, position) == [("field", [{"frame": []}, {"step": 1}])]
    assert news(training, Position.read(str(position))) == []
    assert FIELD == FILE


def test_the_pictures_of_a_run_have_the_names_that_pages_look_for(
    plane: Path, training: Training, folder: Path
) -> None:
    """Ties the names that `SampleHook` gives to what `studio/live.py` finds."""
    from zerosum.engine.execution import Execution
    from zerosum.runtime import open_runtime
    from zerosum.workflows.prepare import data_of, make_trainer, recipe_of

    source = Run.open(plane / "run")
    target = folder / "runs" / training.run
    target.mkdir()
    with open_runtime("cpu") as runtime:
        trainer = make_trainer(
            recipe_of(source, None), data_of(source)[0], seed=0, runtime=runtime,
            execution=Execution(),
        )  # fmt: skip
        trainer.step = 7
        from zerosum.catalogue import modality_of

        preview = modality_of(trainer.game.space).preview
        hook = SampleHook(Run(target, {}), preview=preview, seed=0)
        hook.started(trainer)
        hook.ended(trainer, "finished")
    assert pictures_of(training) == [7 * 64]
