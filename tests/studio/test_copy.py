"""Copy of items: who writes it, what it costs, what the rules say, and who may approve it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from tests.studio.writing.scripted_server import GOOD, Reply, ScriptedServer, error, reply
from zerosum.errors import DataError, StudioError, ZerosumError
from zerosum.studio import copying
from zerosum.studio.acts import brand
from zerosum.studio.acts import copy as acts
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.review import ConflictError, approve, comment, decide
from zerosum.studio.models import Act, CopyOrder, CopyText, Item, ItemBatch, Project, WriterSettings
from zerosum.studio.writing.errors import AddressError

Make = Callable[..., list[Item]]
QUICK = {"patience": {"attempts": 1, "seconds": 5}}
BANNED = {"rules": [{"kind": "banned_words", "terms": {"warm": "sunny"}}]}


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    """Starts servers that answer in turn."""
    running = []

    def start(*replies: Reply) -> ScriptedServer:
        context = ScriptedServer(*replies).running()
        running.append(context)
        return context.__enter__()

    yield start
    for context in running:
        context.__exit__(None, None, None)


def let_write(ada: Actor, project: Project, server: ScriptedServer, **values: Any) -> None:
    """Name an LLM that is not asked again and again."""
    asked = {"base_url": server.url, "model": "m", "allow_private": True} | values
    made = brand.set_writer(ada, project, asked, key="sk-secret")
    made.endpoint |= QUICK
    made.save()


def fresh(item: Item) -> Item:
    return Item.objects.select_related("copy", "batch").get(pk=item.pk)


def drafted(items: list[Item], words: dict[str, Any] = GOOD) -> list[CopyText]:
    """Copy that somebody has written already."""
    made = []
    for item in items:
        text = CopyText.objects.create(item=item, words=words, author="person:ada")
        Item.objects.filter(pk=item.pk).update(copy=text)
        made.append(text)
    return made


def test_a_batch_gets_copy_by_the_template_writer(project: Project, make_items: Make) -> None:
    items = make_items(3)
    batch = ItemBatch.objects.get()
    order = copying.order_for(batch)
    assert copying.order_for(batch) == order
    assert copying.do(order) == "done"
    assert copying.do(order) == "done"
    assert CopyText.objects.count() == 3
    text = fresh(items[1]).copy
    assert (text.author, text.words["language"]) == ("template", "en")
    assert "generative model" in text.words["body"]
    assert "no LLM wrote this" in text.notes[0]


def test_an_llm_writes_variants_and_what_they_cost_is_counted(
    ada: Actor, project: Project, make_items: Make, serve: Callable[..., ScriptedServer],
    started: list[str], django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    server = serve(reply())
    let_write(ada, project, server, prices={"prompt": 10, "completion": 100})
    items = make_items(2)
    with django_capture_on_commit_callbacks(execute=True):
        order = acts.ask(ada, project, [item.pk for item in items], variants=2)
    assert started == [f"copy-{order.pk}-1"]
    assert copying.do(order) == "done"
    assert server.received[0].headers["Authorization"] == "Bearer sk-secret"
    assert len(server.received) == 4
    texts = CopyText.objects.filter(item=items[0]).order_by("variant")
    assert [(one.author, one.variant) for one in texts] == [("llm:m", 1), ("llm:m", 2)]
    assert fresh(items[0]).copy == texts[0]
    (usage,) = brand.usage_of(project)
    assert usage.in_words == "4 requests, 400 tokens sent, 80 written, 0.0120 USD"
    acts.choose(ada, texts[1])
    assert fresh(items[0]).copy == texts[1]


def test_one_bad_answer_costs_one_item_and_retry_asks_for_it_alone(
    ada: Actor, project: Project, make_items: Make, serve: Callable[..., ScriptedServer]
) -> None:
    server = serve(reply("no"), reply("nor this"), reply())
    let_write(ada, project, server)
    items = make_items(3)
    order = acts.ask(ada, project, [item.pk for item in items])
    assert copying.do(order) == "failed"
    assert "1 of 3 items got no copy" in order.words
    assert list(order.facts["failed"]) == [str(items[0].pk)]
    assert fresh(items[0]).copy is None
    assert copying.do(order) == "done"
    assert len(server.received) == 5
    order.refresh_from_db()
    assert order.requests == 5  # those in vain too


def test_a_server_that_is_down_ends_the_order_and_says_so(
    ada: Actor, project: Project, make_items: Make, serve: Callable[..., ScriptedServer]
) -> None:
    server = serve(error(503, "overloaded"))
    let_write(ada, project, server)
    order = acts.ask(ada, project, [item.pk for item in make_items(3)])
    assert copying.do(order) == "failed"
    assert "overloaded" in order.words
    assert "Retry goes on" in order.words
    assert len(server.received) == 1
    assert "sk-secret" not in order.words


def test_private_addresses_are_refused_unless_allowed(
    ada: Actor, project: Project, make_items: Make, serve: Callable[..., ScriptedServer]
) -> None:
    server = serve(reply())
    let_write(ada, project, server)
    for url in (server.url, "http://169.254.169.254/v1", "https://[::1]/v1"):
        with pytest.raises(AddressError, match="An owner must allow private addresses"):
            brand.set_writer(ada, project, {"base_url": url, "model": "m"})
    with pytest.raises(AddressError, match="must be encrypted"):
        brand.set_writer(ada, project, {"base_url": "http://8.8.8.8/v1", "model": "m"})
    made = WriterSettings.objects.get()
    made.endpoint["allow_private"] = False  # as when a name leads elsewhere later
    made.save()
    order = acts.ask(ada, project, [make_items(1)[0].pk])
    assert copying.do(order) == "failed"
    assert "An owner must allow private addresses" in order.words


def test_the_key_is_kept_encrypted_and_goes_with_its_address(
    ada: Actor, project: Project, folder: Any
) -> None:
    values = {"base_url": "https://8.8.8.8/v1", "model": "m"}
    brand.set_writer(ada, project, values, key="sk-secret")
    found = WriterSettings.objects.get()
    everything = json.dumps([found.endpoint, found.sealed_key, Act.objects.get().after])
    assert "sk-secret" not in everything
    assert ((folder / "sealing.key").stat().st_mode & 0o777) == 0o600
    brand.set_writer(ada, project, values | {"model": "n"})
    assert copying.endpoint_of(project).key.get_secret_value() == "sk-secret"  # pyright: ignore
    (folder / "sealing.key").write_text("A" * 43 + "=")
    with pytest.raises(StudioError, match=r"not the key that it was stored with.*enter the secret"):
        copying.endpoint_of(project)
    brand.set_writer(ada, project, values | {"base_url": "https://8.8.4.4/v1"})
    assert WriterSettings.objects.get().sealed_key == ""


def test_an_owner_names_an_llm_in_the_page(
    browser: Callable[..., Client], project: Project
) -> None:
    owner, address = browser("owner"), f"/projects/{project.pk}/copy/writer/"
    form = {
        "base_url": "https://8.8.8.8/v1/", "model": "m", "key": "sk-secret", "pictures": "keep",
        "most_tokens": "500", "temperature": "0.5", "price_sent": "1", "price_written": "4",
        "currency": "EUR",
    }  # fmt: skip
    owner.post(address, form)
    found = WriterSettings.objects.get()
    kept = {name: found.endpoint[name] for name in ("base_url", "most_tokens", "temperature")}
    assert kept == {"base_url": "https://8.8.8.8/v1", "most_tokens": 500, "temperature": 0.5}
    assert found.endpoint["prices"]["currency"] == "EUR"
    page = owner.get(f"/projects/{project.pk}/copy/").content.decode()
    assert "Its key is stored, encrypted" in page
    assert "sk-secret" not in page
    refused = owner.post(address, form | {"price_sent": ""}, follow=True).content.decode()
    assert "give both prices" in refused
    refused = owner.post(address, form | {"base_url": "ftp://x"}, follow=True).content.decode()
    assert "is no address to call" in refused
    owner.post(f"{address}forget/")
    assert not WriterSettings.objects.exists()


def test_what_is_sent_is_shown_first_and_nothing_is_sent(
    ada: Actor, project: Project, make_items: Make, browser: Callable[..., Client],
    serve: Callable[..., ScriptedServer], started: list[str],
) -> None:  # fmt: skip
    server = serve(reply())
    let_write(ada, project, server)
    items = make_items(2)
    form = {"items": [one.pk for one in items], "variants": "2", "do": "show"}
    page = browser("expert").post(f"/projects/{project.pk}/copy/ask/", form).content.decode()
    assert f"POST {server.url}/chat/completions" in page
    assert "Bearer (hidden)" in page
    assert "sk-secret" not in page
    assert not server.received
    assert not CopyOrder.objects.exists()
    address = f"/projects/{project.pk}/copy/ask/?items={items[0].pk}&do=ask&by=llm"
    assert browser("expert").get(address).status_code == 200
    assert not CopyOrder.objects.exists()  # looking asks for nothing
    answer = browser("expert").post(
        f"/projects/{project.pk}/copy/ask/", form | {"do": "ask", "by": "llm"}
    )
    assert answer["Location"] == f"/projects/{project.pk}/copy/"
    assert CopyOrder.objects.get().by_llm


def test_prompts_have_versions_and_variables(
    ada: Actor, project: Project, make_items: Make
) -> None:
    values = {"name": "plain", "text": "Praise $brand.", "variables": ["brand"]}
    with pytest.raises(ZerosumError, match="needs a value of brand"):
        brand.save_prompt(ada, project, values, {})
    brand.save_prompt(ada, project, values, {"brand": "Acme"})
    second = brand.save_prompt(ada, project, values | {"language": "de"}, {"brand": "Acme"})
    assert second.version == 2
    make_items(1)
    order = copying.order_for(ItemBatch.objects.get())
    assert (order.prompt, order.given) == (second, {"brand": "Acme"})
    with pytest.raises(StudioError, match=r"no prompt 'plane' in this project\. Did you mean"):
        acts.ask(ada, project, [Item.objects.get().pk], prompt="plane")


def test_a_hit_forbids_approval_until_it_is_mended(
    ada: Actor, eve: Actor, project: Project, make_items: Make, browser: Callable[..., Client]
) -> None:
    items = make_items(2)
    texts = drafted(items)
    decide(ada, project, [(one.pk, None) for one in items], "accepted")
    brand.save_rules(ada, project, BANNED)
    seen = [(items[0].pk, None)]
    with pytest.raises(StudioError, match=r"body: “warm” is not to be used.*Mend the copy first"):
        approve(eve, project, seen)
    with pytest.raises(StudioError, match="only an owner approves what the brand rules forbid"):
        approve(eve, project, seen, despite="it is fine")
    mended = acts.mend(ada, texts[0], 0)
    assert mended.words["body"] == "A red sandal for sunny days."
    assert approve(eve, project, seen)[0].state == "approved"
    bob = Actor(type(ada.user).objects.create(username="bob", role="owner"))
    approve(bob, project, [(items[1].pk, None)], despite="the client asked for it")
    act = Act.objects.filter(what="item.approved").order_by("-pk")[0]
    assert act.after["despite"] == "the client asked for it"
    assert "“warm” is not to be used" in act.after["obstacle"]
    owner = browser("owner", "bob")
    for page in ("/log/", f"/items/{items[1].pk}/"):
        shown = owner.get(page).content.decode()
        assert "Approved all the same: the client asked for it" in shown
        assert "“warm” is not to be used" in shown


def test_rules_that_change_are_checked_again(
    ada: Actor, eve: Actor, project: Project, make_items: Make
) -> None:
    items = make_items(1)
    drafted(items)
    decide(ada, project, [(items[0].pk, None)], "accepted")
    brand.save_rules(ada, project, BANNED)
    with pytest.raises(StudioError, match="breaks the brand rules"):
        approve(eve, project, [(items[0].pk, None)])
    brand.save_rules(ada, project, {"rules": [BANNED["rules"][0] | {"severity": "warning"}]})
    assert approve(eve, project, [(items[0].pk, None)])
    assert fresh(items[0]).copy.rules_version == 2


def test_an_item_without_copy_is_not_approved_where_there_are_rules(
    ada: Actor, eve: Actor, project: Project, make_items: Make
) -> None:
    items = decide(ada, project, [(make_items(1)[0].pk, None)], "accepted")
    brand.save_rules(ada, project, BANNED)
    with pytest.raises(StudioError, match="has no copy that the rules could be checked on"):
        approve(eve, project, [(items[0].pk, None)])


def test_who_words_an_accepted_item_does_not_approve_it(
    ada: Actor, eve: Actor, project: Project, make_items: Make
) -> None:
    item = decide(ada, project, [(make_items(1)[0].pk, None)], "accepted")[0]
    acts.write(eve, item, GOOD, version=item.version)
    with pytest.raises(StudioError, match="Another person has to approve it"):
        approve(eve, project, [(item.pk, None)])
    assert approve(ada, project, [(item.pk, None)])[0].approved_by == ada.user
    with pytest.raises(StudioError, match="Take the approval back first"):
        acts.write(eve, item, GOOD)


def test_of_two_who_write_the_later_is_told(
    ada: Actor, eve: Actor, project: Project, make_items: Make
) -> None:
    item = make_items(1)[0]
    acts.write(ada, item, GOOD, version=item.version)
    with pytest.raises(ConflictError, match=r"ada has changed item .*is not stored"):
        acts.write(eve, item, GOOD, version=item.version)
    with pytest.raises(DataError, match="title"):
        acts.write(eve, item, GOOD | {"title": ""})
    assert CopyText.objects.count() == 1


def test_copy_that_comes_after_acceptance_is_seen_before_approval(
    ada: Actor, eve: Actor, project: Project, make_items: Make
) -> None:
    item = decide(ada, project, [(make_items(1)[0].pk, None)], "accepted")[0]
    copying.do(copying.order_for(ItemBatch.objects.get()))
    comment(ada, item, "Waiting for its copy.")
    with pytest.raises(ConflictError, match=r"^the server has changed item .* Look at it again"):
        approve(eve, project, [(item.pk, item.version)])
    taken = Act.objects.get(what="copy.taken")
    assert taken.user is None
    assert taken.on == f"item:{item.pk}"


def test_rejected_items_get_no_copy(ada: Actor, project: Project, make_items: Make) -> None:
    items = make_items(2)
    decide(ada, project, [(items[0].pk, None)], "rejected")
    copying.do(copying.order_for(ItemBatch.objects.get()))
    assert [one.item for one in CopyText.objects.all()] == [items[1]]


def test_no_other_writer_steps_in_for_an_llm_that_is_forgotten(
    ada: Actor, project: Project, make_items: Make, serve: Callable[..., ScriptedServer]
) -> None:
    let_write(ada, project, serve(reply()))
    order = acts.ask(ada, project, [make_items(1)[0].pk])
    brand.forget_writer(ada, project)
    assert copying.do(order) == "failed"
    assert "no LLM any more" in order.words
    assert not CopyText.objects.exists()


def test_a_file_that_is_gone_is_named_without_its_place(
    project: Project, make_items: Make, folder: Any
) -> None:
    item = make_items(1)[0]
    (folder / "items" / "one.png").unlink()
    order = copying.order_for(ItemBatch.objects.get())
    assert copying.do(order) == "failed"
    assert f"the file of item {item.pk} cannot be read" in order.words
    assert str(folder) not in order.words


def test_what_was_typed_stays_when_it_is_refused(
    browser: Callable[..., Client], project: Project, make_items: Make
) -> None:
    item = make_items(1)[0]
    form = {"title": "", "body": "Much thought", "language": "en", "version": "1"}
    answer = browser("expert").post(f"/items/{item.pk}/copy/write/", form)
    assert answer.status_code == 422
    assert "Much thought" in answer.content.decode()
    address = f"/projects/{project.pk}/copy/prompt/"
    prompt = {"name": "p", "language": "en", "tone": "dry", "system": "Be $loud", "text": "x"}
    page = browser("expert").post(address, prompt)
    assert page.status_code == 422
    assert "uses $loud, which is not declared" in page.content.decode()
    assert "Be $loud" in page.content.decode()


def test_rules_by_the_form_come_back_in_the_form(
    ada: Actor, browser: Callable[..., Client], project: Project
) -> None:
    address = f"/projects/{project.pk}/rules/"
    form = {
        "banned": "cheap => affordable\nugly", "required": "Acme", "claims": "best => By a survey.",
        "names": "iPhone", "no_shouting": "on", "title_most": "40", "warn_length": "on",
        "reading": "50", "alt": "on", "languages": "en, de", "palette": "#ffffff #1c3f94",
    }  # fmt: skip
    owner = browser("owner")
    answer = owner.post(f"/projects/{project.pk}/rules/save/", form)
    assert answer.status_code == 302
    (kept,) = [one.rules for one in project.rules.all()]
    assert len(kept.rules) == 9
    page = owner.get(address).content.decode()
    assert "cheap =&gt; affordable\nugly</textarea>" in page
    assert 'value="#ffffff, #1c3f94"' in page
    refused = owner.post(f"/projects/{project.pk}/rules/save/", {"claims": "best"})
    assert refused.status_code == 422
    assert "the claim &#x27;best&#x27; needs a note" in refused.content.decode()
    other_way_round = {"rules": kept.to_json()["rules"][::-1]}
    brand.save_rules(ada, project, other_way_round)
    assert "say more than the form can" not in owner.get(address).content.decode()
    star = owner.post(f"/projects/{project.pk}/rules/save/", {"banned": "a*b"})
    assert star.status_code == 422
    assert project.rules.count() == 2


def test_rules_that_no_form_has_are_kept_as_json(
    ada: Actor, browser: Callable[..., Client], project: Project
) -> None:
    rule = {"kind": "banned_words", "terms": {"cheap": None}, "fields": ["title"]}
    brand.save_rules(ada, project, {"rules": [rule]})
    page = browser("owner").get(f"/projects/{project.pk}/rules/").content.decode()
    assert "say more than the form can" in page
    assert "&quot;title&quot;" in page
    bad = browser("owner").post(f"/projects/{project.pk}/rules/save/", {"json": "{"})
    assert "this is no JSON" in bad.content.decode()
