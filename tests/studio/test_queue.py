"""The pages of the queue, as browsers without and with scripts use them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

import zerosum.studio
from zerosum.studio.models import Item, Project

Make = Callable[..., list[Item]]
Browser = Callable[..., Client]
TEMPLATES = Path(zerosum.studio.__file__).parent / "templates"


def test_a_form_without_scripts_decides(
    browser: Browser, project: Project, make_items: Make
) -> None:
    items = make_items(2)
    fields = {"items": [f"{one.pk}.1" for one in items], "do": "accepted"}
    answer = browser("expert").post(f"/projects/{project.pk}/queue/act/", fields)
    assert answer.status_code == 303
    assert Item.objects.filter(state="accepted").count() == 2


def test_a_script_gets_tiles_back(browser: Browser, project: Project, make_items: Make) -> None:
    item = make_items(1)[0]
    headers = {"X-Requested-With": "fetch"}
    address = f"/projects/{project.pk}/queue/act/"
    client = browser("expert")
    answer = client.post(address, {"items": f"{item.pk}.1", "do": "rate-4"}, headers=headers)
    assert f'data-key="{item.pk}" data-version="2"' in answer.content.decode()
    answer = client.post(address, {"items": f"{item.pk}.1", "do": "accepted"}, headers=headers)
    assert answer.status_code == 409
    assert "expert has changed item" in answer.content.decode()
    answer = client.post(address, {"do": "accepted"}, headers=headers)
    assert answer.status_code == 422
    assert "no item is chosen" in answer.content.decode()


def test_what_models_and_people_write_is_no_markup(
    browser: Browser, project: Project, make_items: Make
) -> None:
    item = make_items(1, facts={})[0]
    Item.objects.update(label="<img src=x onerror=alert(1)>")
    client = browser("expert")
    client.post(f"/items/{item.pk}/comments/", {"text": "<script>alert(1)</script>"})
    for page in (f"/items/{item.pk}/", f"/projects/{project.pk}/queue/"):
        text = client.get(page).content.decode()
        assert "<img src=x" not in text
        assert "<script>alert" not in text


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        ("/projects/1/queue/?batch=" + 30 * "9", None, "bits is too large"),
        ("/log/?before=" + 30 * "9", None, "bits is too large"),
        ("/projects/1/queue/?label=%00", None, "holds a zero byte"),
        ("/projects/", {"name": "a\0b"}, "holds a zero byte"),
        ("/projects/1/queue/act/", {"items": 30 * "9", "do": "new"}, "bits is too large"),
        ("/projects/1/panels/", {"n": "2", "batch": 30 * "9"}, "bits is too large"),
    ],
)
def test_what_no_database_keeps_is_refused(
    path: str, fields: dict[str, str] | None, words: str, browser: Browser, project: Project
) -> None:
    path = path.replace("/1/", f"/{project.pk}/")
    client = browser("owner")
    answer = client.get(path) if fields is None else client.post(path, fields, follow=True)
    assert words in answer.content.decode()
    assert Project.objects.count() == 1


def test_enter_in_a_field_decides_nothing() -> None:
    """A browser presses the first button of the form then, whatever that does."""
    nothing = "no_default.html"
    guarded = 0
    for path in sorted(TEMPLATES.rglob("*.html")):
        for form in re.findall(r"<form.*?</form>", path.read_text("utf-8"), re.DOTALL):
            typed = re.findall(r'<input(?![^>]*type="(?:hidden|checkbox|radio|file)")', form)
            deeds = re.findall(r'<button name="(?:do|fault|state|says)" value="', form)
            if typed and deeds and 'value="show"' not in form:  # which changes nothing
                assert form.index(nothing) < form.index("<button"), path
                guarded += 1
    assert guarded == 3


def test_files_outside_the_items_are_not_given(
    browser: Browser, make_items: Make, folder: Path
) -> None:
    item = make_items(1)[0]
    (folder / "secret.png").write_bytes(b"x")
    client = browser("viewer")
    assert client.get(f"/items/{item.pk}/file").content[:4] == b"\x89PNG"
    Item.objects.update(file="../secret.png")
    assert client.get(f"/items/{item.pk}/file").status_code == 404
    assert client.get(f"/items/{item.pk}/secret").status_code == 404


def test_a_form_does_not_lead_to_another_server(
    browser: Browser, project: Project, make_items: Make
) -> None:
    item = make_items(1)[0]
    for sender in ("http://evil.example/x", "http://testserver//evil.example/x"):
        answer = browser("expert").post(
            f"/projects/{project.pk}/queue/act/", {"items": f"{item.pk}", "do": "accepted"},
            headers={"Referer": sender},
        )  # fmt: skip
        assert not answer["Location"].startswith(("//", "http"))


def test_addresses_of_items_are_those_of_the_routes(
    browser: Browser, project: Project, make_items: Make
) -> None:
    item = make_items(1)[0]
    assert item.address == reverse("item", args=[item.pk])
    assert f"{item.address}thumbnail" == reverse("item-file", args=[item.pk, "thumbnail"])
    page = browser("viewer").get(f"/projects/{project.pk}/queue/").content.decode()
    assert f'href="{item.address}"' in page
    assert f'data-key="{item.pk}" data-version="1"' in page
