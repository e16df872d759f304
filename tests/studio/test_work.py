"""Projects, data and orders: what is allowed, and what is said where it is not."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from zerosum.errors import StudioError
from zerosum.studio.acts import people, work
from zerosum.studio.acts.log import Actor
from zerosum.studio.models import AllowedFolder, DataSource, ItemBatch, Project, Training
from zerosum.studio.uploads import ENDINGS
from zerosum.workflows.data import reader_for

Browser = Callable[..., Client]


def test_names_of_projects_are_unique(ada: Actor, project: Project) -> None:
    with pytest.raises(StudioError, match="there is a project called 'Spring' already"):
        work.make_project(ada, " Spring ")
    with pytest.raises(StudioError, match="1 to 80 characters"):
        work.make_project(ada, "")


def test_an_upload_is_stored_under_a_name_of_ours(
    browser: Browser, project: Project, folder: Path
) -> None:
    file = io.BytesIO(b"a,b\n1,2\n")
    file.name = "../../secret rows.csv"
    answer = browser("developer").post(f"/projects/{project.pk}/upload/", {"file": file})
    assert answer.status_code == 302
    source = DataSource.objects.get()
    assert source.name == "secret rows.csv"
    assert source.place.endswith("/data.csv")
    assert (folder / "uploads" / source.place).read_bytes() == b"a,b\n1,2\n"


@pytest.mark.parametrize("name", ["page.html", "run.py", "pictures.tar", "x"])
def test_other_files_are_refused(
    name: str, browser: Browser, project: Project, folder: Path
) -> None:
    file = SimpleUploadedFile(name, b"<script>")
    answer = browser("owner").post(f"/projects/{project.pk}/upload/", {"file": file}, follow=True)
    assert "is of no kind that can be read" in answer.content.decode()
    assert not DataSource.objects.exists()


def test_every_ending_that_is_taken_is_known_to_a_reader(tmp_path: Path) -> None:
    lines = b"#####\n#@.$#\n#####\n" * 2
    for ending in (*ENDINGS, ".csv.gz", "-idx3-ubyte.gz"):
        path = tmp_path / f"data{ending}"
        path.write_bytes(lines)
        reader_for(str(path))


def test_an_upload_that_is_too_large_is_stopped(
    browser: Browser, project: Project, folder: Path, settings: object
) -> None:
    import dataclasses

    settings.STUDIO = dataclasses.replace(settings.STUDIO, most_upload=10_000)  # pyright: ignore
    file = SimpleUploadedFile("big.csv", b"x" * 200_000)
    answer = browser("owner").post(f"/projects/{project.pk}/upload/", {"file": file}, follow=True)
    assert "has more than 10,000 bytes" in answer.content.decode()
    assert not [path for path in (folder / "uploads").rglob("*") if path.is_file()]


@pytest.mark.parametrize("place", ["..", "../other", "/etc", "a/../../other", "missing", "link"])
def test_folders_are_not_left(place: str, ada: Actor, project: Project, tmp_path: Path) -> None:
    (tmp_path / "allowed").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "allowed" / "link").symlink_to(tmp_path / "other")
    allowed = people.allow_folder(ada, "pictures", str(tmp_path / "allowed"))
    with pytest.raises(StudioError, match="in the folder 'pictures'") as error:
        work.name_folder(ada, project, allowed, place)
    assert str(tmp_path) not in str(error.value)


def test_a_place_inside_a_folder_is_taken(
    ada: Actor, project: Project, tmp_path: Path, started: list[str],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:  # fmt: skip
    (tmp_path / "allowed" / "cats").mkdir(parents=True)
    allowed = people.allow_folder(ada, "pictures", str(tmp_path / "allowed"))
    with django_capture_on_commit_callbacks(execute=True):  # pyright: ignore
        source = work.name_folder(ada, project, allowed, "cats")
    assert source.name == "pictures/cats"
    assert started == [f"check-{source.pk}-1"]
    assert AllowedFolder.objects.count() == 1


def test_a_training_without_a_model_gives_no_items(ada: Actor, training: Training) -> None:
    with pytest.raises(StudioError, match="has no model: done"):
        work.sample(ada, training, n=4)
    with pytest.raises(StudioError, match="0 items are not allowed"):
        work.sample(ada, training, n=0)


def test_each_batch_gets_another_seed(ada: Actor, training: Training, folder: Path) -> None:
    run = folder / "runs" / training.run
    run.mkdir()
    (run / "manifest.json").write_text("{}")
    assert [work.sample(ada, training, n=1).seed for _ in range(3)] == [0, 1, 2]


def test_conditions_are_read_as_a_shell_reads_them(
    browser: Browser, training: Training, folder: Path, started: list[str]
) -> None:
    run = folder / "runs" / training.run
    run.mkdir()
    (run / "manifest.json").write_text("{}")
    client, address = browser("expert"), f"/trainings/{training.pk}/sample/"
    assert 'name="where"' not in client.get(address).content.decode()
    training.facts = {"asks": ["city", "age"]}
    training.save()
    assert "<code>city</code>, <code>age</code>" in client.get(address).content.decode()
    client.post(address, {"n": "1", "where": "city='New York' age>=30", "label": "1"})
    assert ItemBatch.objects.get().where == {"city": "New York", "age": ">=30", "label": "1"}
    page = client.post(address, {"n": "1", "where": "city='New York"}, follow=True)
    assert "is not closed" in page.content.decode()


def test_what_is_over_is_not_cancelled_and_only_failures_are_retried(
    ada: Actor, eve: Actor, training: Training
) -> None:
    with pytest.raises(StudioError, match="over already: done"):
        work.cancel(ada, training)
    with pytest.raises(StudioError, match="only what failed or was cancelled"):
        work.retry(ada, training)
    with pytest.raises(StudioError, match="for owners and developers"):
        work.cancel(eve, training)


def test_what_waits_is_cancelled_at_once(ada: Actor, training: Training) -> None:
    training.state = "waiting"
    training.save()
    work.cancel(ada, training)
    training.refresh_from_db()
    assert (training.state, training.words) == ("cancelled", "cancelled before it began")
    work.retry(ada, training)
    training.refresh_from_db()
    assert (training.state, training.attempt, training.unwanted) == ("waiting", 2, False)


def test_a_start_goes_on_with_whatever_is_not_over(
    project: Project, training: Training, started: list[str]
) -> None:
    """Also with what an older version had under way, whose workflows are of another form."""
    from zerosum.studio import pipeline
    from zerosum.studio.models import BundleOrder, ItemBatch

    def batch(**values: object) -> ItemBatch:
        return ItemBatch.objects.create(project=project, training=training, n=1, **values)

    waiting, running, undecided = batch(), batch(state="running", attempt=2), batch(state="done")
    batch(state="done", closed=timezone.now())
    batch(state="failed")
    bundle = BundleOrder.objects.create(project=project, title="Spring")
    pipeline.start_waiting()
    assert sorted(started) == sorted(
        [
            f"batch-{waiting.pk}-1",
            f"batch-{running.pk}-2",
            f"batch-{undecided.pk}-1",
            f"bundle-{bundle.pk}-1",
        ]
    )
