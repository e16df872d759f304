"""The pages of the queue, as browsers without and with scripts use them."""

from collections.abc import Callable
from pathlib import Path

from django.test import Client
from django.urls import reverse

from zerosum.studio.models import Item, Project

Make = Callable[..., list[Item]]
Browser = Callable[..., Client]


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
