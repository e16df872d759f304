"""Bundles of approved items, and their way to an address."""

import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.origin import conftest as origins
from tests.origin.test_delivery import Receiver
from tests.studio.test_copy import drafted
from zerosum.errors import OriginError, StudioError
from zerosum.origin.delivery import verify_delivery
from zerosum.origin.inspecting import inspect
from zerosum.studio import delivering
from zerosum.studio.acts import publishing as acts
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.review import approve, decide, withdraw
from zerosum.studio.api.root import api
from zerosum.studio.jobs import bundling
from zerosum.studio.models import Act, Answer, BundleOrder, Item, Project, Webhook, WebhookDelivery
from zerosum.studio.runner import order_of
from zerosum.studio.writing.errors import AddressError

Make = Callable[..., list[Item]]
authority = origins.authority


@pytest.fixture
def approved(
    ada: Actor, eve: Actor, project: Project, make_items: Make, folder: Path
) -> list[Item]:
    """Three items that eve has approved, with copy."""
    items = make_items(3, facts={"model": "ab" * 32}, step=7)
    (folder / "bundles").mkdir()
    drafted(items)
    seen = [(item.pk, None) for item in items]
    decide(ada, project, seen, "accepted")
    return approve(eve, project, seen)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def packed(bundle: BundleOrder) -> dict[str, Any]:
    """Do the job of a bundle in this process, and return what it says at its end."""
    pytest.importorskip("c2pa", reason="the extra `origin` is not installed")
    said: list[dict[str, Any]] = []
    order = order_of(bundle)
    Path(order["folder"]).mkdir(parents=True, exist_ok=True)
    bundling.do(json.loads(json.dumps(order)), lambda **one: said.append(one))
    BundleOrder.objects.filter(pk=bundle.pk).update(state="done", facts=said[-1]["done"])
    bundle.refresh_from_db()
    return said[-1]["done"]


def test_a_bundle_holds_what_was_approved_with_its_origin(
    ada: Actor, project: Project, approved: list[Item], folder: Path,
    browser: Callable[..., Client], started: list[str],
) -> None:  # fmt: skip
    withdraw(ada, project, [(approved[2].pk, None)])
    bundle = acts.bundle(ada, project, title="Spring, part 1")
    done = packed(bundle)
    assert done["items"] == 2
    path = folder / "bundles" / bundle.file
    found = inspect(path, identity=folder / "identity")
    assert (found.state, found.trusted) == ("whole", True)
    with zipfile.ZipFile(path) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        assert "item-" in opened.read("alt.txt").decode()
    first = manifest["items"][0]
    assert first["file"] == f"files/item-{approved[0].pk}.png"
    assert first["copy"]["title"] == "Red sandal"
    assert first["copy"]["author"] == "person:ada"
    origin = first["origin"]
    assert (origin["approved_by"], origin["step"], origin["model"]) == ("eve", 7, "ab" * 32)
    assert origin["approved_at"].startswith(str(Act.objects.latest("pk").time.year))
    answer = browser("viewer").get(f"/bundles/{bundle.pk}/file/")
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="bundle-{bundle.pk}.zip"'


def test_what_is_in_a_bundle_is_not_bundled_again_by_itself(
    ada: Actor, project: Project, approved: list[Item], started: list[str]
) -> None:
    assert acts.bundle(ada, project).items.count() == 3
    with pytest.raises(StudioError, match="every approved item is in a bundle already"):
        acts.bundle(ada, project)
    assert acts.bundle(ada, project, items=[approved[0].pk]).items.count() == 1


def test_only_what_is_approved_is_bundled(
    ada: Actor, project: Project, make_items: Make, approved: list[Item]
) -> None:
    fresh = make_items(1)[0]
    with pytest.raises(StudioError, match=f"item {fresh.pk} is not approved here"):
        acts.bundle(ada, project, items=[approved[0].pk, fresh.pk])
    bundle = acts.bundle(ada, project)
    withdraw(ada, project, [(item.pk, None) for item in approved])
    with pytest.raises(StudioError, match="none of its items is approved any more"):
        order_of(bundle)


def test_an_item_that_does_not_know_its_model_is_named(
    ada: Actor, project: Project, approved: list[Item]
) -> None:
    Item.objects.filter(pk=approved[1].pk).update(facts={})
    with pytest.raises(StudioError, match=f"item {approved[1].pk} does not say which model"):
        order_of(acts.bundle(ada, project))


def test_a_certificate_that_has_expired_is_said(
    ada: Actor, project: Project, approved: list[Item], folder: Path, authority: origins.Authority
) -> None:
    chain, key, _ = authority(days=(-9, -1))
    (folder / "identity").mkdir()
    chain.rename(folder / "identity" / "certificate.pem")
    key.rename(folder / "identity" / "key.pem")
    with pytest.raises(OriginError, match="expired"):
        packed(acts.bundle(ada, project))


def test_a_file_that_has_gone_is_named(
    ada: Actor, project: Project, approved: list[Item], folder: Path
) -> None:
    (folder / "items" / approved[0].file).unlink()
    bundle = acts.bundle(ada, project)
    with pytest.raises(StudioError, match=f"the file of item {approved[0].pk} is gone: items/"):
        order_of(bundle)


def test_a_certificate_that_cannot_be_read_is_said(
    ada: Actor, project: Project, approved: list[Item], folder: Path
) -> None:
    pytest.importorskip("c2pa", reason="the extra `origin` is not installed")
    bundle = acts.bundle(ada, project)
    packed(bundle)
    (folder / "identity" / "certificate.pem").write_text("nothing")
    with pytest.raises(OriginError, match="certificate"):
        packed(bundle)


def delivery_of(bundle: BundleOrder, hook: Webhook) -> WebhookDelivery:
    return WebhookDelivery.objects.create(project=bundle.project, bundle=bundle, webhook=hook)


def test_a_delivery_is_signed_and_comes_again_until_it_is_taken(
    ada: Actor, project: Project, approved: list[Item], folder: Path, receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    bundle = acts.bundle(ada, project)
    digest = packed(bundle)["sha256"]
    hook, secret = acts.add_webhook(ada, project, name="Shop", url=receiver.url, allow_private=True)
    assert receiver.url not in hook.sealed_url
    receiver.answers = [(503, {"retry-after": "0"})]
    monkeypatch.setattr(delivering, "WAITS", (0.0, 0.0))
    delivery = delivery_of(bundle, hook)
    assert delivering.do(delivery) == "done"
    assert delivery.facts == {"id": f"bundle_{digest}", "status": 200, "attempts": 2}
    assert Act.objects.get(what="bundle.delivered").after["to"] == "Shop"
    (_, headers, body), again = receiver.got
    assert body == (folder / "bundles" / bundle.file).read_bytes() == again[2]
    assert headers["webhook-id"] == again[1]["webhook-id"]
    assert verify_delivery(headers, body, secret, now=time.time())


def test_a_refusal_is_said_without_the_address(
    ada: Actor, project: Project, approved: list[Item], receiver: Receiver
) -> None:
    bundle = acts.bundle(ada, project)
    packed(bundle)
    hook, _ = acts.add_webhook(ada, project, name="Shop", url=receiver.url, allow_private=True)
    receiver.answers = [(401, {})]
    delivery = delivery_of(bundle, hook)
    assert delivering.do(delivery) == "failed"
    assert "refuses the bundle: status 401" in delivery.words
    assert "127.0.0.1" not in delivery.words


def test_private_addresses_are_refused_unless_an_owner_allows_them(
    ada: Actor, project: Project, approved: list[Item], receiver: Receiver
) -> None:
    with pytest.raises(AddressError, match="this machine or a private network"):
        acts.add_webhook(ada, project, name="Shop", url=receiver.url)
    bundle = acts.bundle(ada, project)
    packed(bundle)
    hook, _ = acts.add_webhook(ada, project, name="Shop", url=receiver.url, allow_private=True)
    Webhook.objects.update(allow_private=False)
    hook.refresh_from_db()
    delivery = delivery_of(bundle, hook)
    assert delivering.do(delivery) == "failed"
    assert "this machine or a private network" in delivery.words
    assert not receiver.got


def test_a_delivery_can_be_cancelled_and_an_address_removed(
    ada: Actor, project: Project, approved: list[Item], receiver: Receiver,
    browser: Callable[..., Client],
) -> None:  # fmt: skip
    bundle = acts.bundle(ada, project)
    hook, _ = acts.add_webhook(ada, project, name="Shop", url=receiver.url, allow_private=True)
    delivery = delivery_of(bundle, hook)
    delivery.unwanted = True
    delivery.save()
    assert delivering.do(delivery) == "cancelled"
    assert not receiver.got
    owner = browser("owner", "ada")
    owner.post(f"/webhooks/{hook.pk}/remove/")
    assert not Webhook.objects.get().active
    WebhookDelivery.objects.update(unwanted=False)
    delivery = WebhookDelivery.objects.get()
    assert delivering.do(delivery) == "cancelled"
    assert delivery.words == "the address was removed"
    assert not receiver.got
    assert (
        "gets no further bundles" in owner.get(f"/projects/{project.pk}/bundles/").content.decode()
    )


def test_the_secret_is_shown_once(
    browser: Callable[..., Client], project: Project, receiver: Receiver
) -> None:
    form = {"name": "Shop", "url": receiver.url, "allow_private": "on"}
    page = browser("owner").post(f"/projects/{project.pk}/webhooks/", form).content.decode()
    assert "whsec_" in page
    again = browser("owner").get(f"/projects/{project.pk}/bundles/").content.decode()
    assert "whsec_" not in again
    assert "/in/box" not in again


def test_a_secret_is_not_kept_with_the_answer(
    ada: Actor, project: Project, receiver: Receiver, folder: Path
) -> None:
    from zerosum.studio.acts.people import make_token

    token = make_token(ada, "tests", "owner")
    client = Client(headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "one"})
    body = json.dumps({"name": "Shop", "url": receiver.url, "allow_private": True})
    at = f"/api/v1/projects/{project.pk}/webhooks"
    first = client.post(at, body, "application/json").json()
    again = client.post(at, body, "application/json").json()
    assert first["secret"].startswith("whsec_")
    assert again == first | {"secret": None}
    assert "whsec_" not in Answer.objects.get().body


def test_everything_can_be_done_by_the_api(
    ada: Actor, project: Project, make_items: Make, folder: Path, started: list[str]
) -> None:
    from zerosum.studio.acts.people import make_token

    token = make_token(ada, "tests", "owner")

    def call(path: str, body: Any = None) -> Any:
        client = Client(headers={"Authorization": f"Bearer {token}"})
        at = f"/api/v1{path}"
        answer = (
            client.get(at)
            if body is None
            else client.post(at, json.dumps(body), "application/json")
        )
        assert answer.status_code < 300, answer.content
        return answer.json()

    item = make_items(1)[0]
    home = f"/projects/{project.pk}"
    assert call(f"{home}/writer")["writer"] == "template"
    wish = {"items": [item.pk]}
    assert call(f"{home}/copy/preview", wish) == {"url": None, "body": None, "with_key": False}
    writer = {"base_url": "https://8.8.8.8/v1", "model": "m", "key": "sk-1"}
    assert call(f"{home}/writer", writer)["has_key"]
    sent = call(f"{home}/copy/preview", wish)
    assert sent["url"] == "https://8.8.8.8/v1/chat/completions"
    assert sent["with_key"]
    assert call(f"{home}/copy", wish | {"variants": 2})["writer"] == "llm"
    assert call(f"{home}/copy/usage")[0]["requests"] == 0
    prompt = {"name": "shop", "text": "Praise $brand.", "given": {"brand": "Acme"}}
    assert call(f"{home}/prompts", prompt)["version"] == 1
    rules = [{"kind": "banned_words", "terms": {"cheap": "affordable"}}]
    assert call(f"{home}/rules", {"rules": rules})["version"] == 1
    words = {"title": "A cheap shoe", "body": "It is a shoe.", "language": "en"}
    text = call(f"/items/{item.pk}/copy", words)
    assert text["words"]["title"] == "A cheap shoe"
    assert [(hit["start"], hit["end"], hit["fix"]) for hit in text["hits"]] == [
        (2, 7, "affordable")
    ]
    mended = call(f"/copy/{text['id']}/mend", {"hit": 0})
    assert mended["words"]["title"] == "A affordable shoe"
    assert call(f"/copy/{text['id']}/choose", {})["chosen"]
    assert [one["chosen"] for one in call(f"/items/{item.pk}/copy")] == [False, True]
    hook = {"name": "Shop", "url": "http://127.0.0.1/x", "allow_private": True}
    assert call(f"{home}/webhooks", hook)["secret"].startswith("whsec_")
    assert call(f"{home}/webhooks")[0]["secret"] is None
    Item.objects.filter(pk=item.pk).update(state="approved")
    made = call(f"{home}/bundles", {})
    assert call(f"/bundles/{made['id']}")["state"] == "waiting"
    assert call(f"/bundles/{made['id']}/deliveries") == []
    assert call(f"/bundles/{made['id']}/cancel", {})["unwanted"]
    assert "/api/v1/copy/{key}/mend" in api.get_openapi_schema()["paths"]
