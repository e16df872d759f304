"""Copy of items by a real, small language model; see `writing/test_real_server.py`."""

from collections.abc import Callable

import pytest

from tests.studio.test_copy import fresh
from tests.studio.writing.test_real_server import PROMPT, endpoint, url
from zerosum.studio import copying
from zerosum.studio.acts import brand
from zerosum.studio.acts import copy as acts
from zerosum.studio.acts.log import Actor
from zerosum.studio.models import Item, Project

pytestmark = pytest.mark.slow
__all__ = ["url"]


def test_a_real_model_writes_for_items(
    url: str, ada: Actor, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    values = {"base_url": url, "model": "smollm2", "allow_private": True, "temperature": 0}
    writer = brand.set_writer(
        ada, project, values | {"pictures": "send_if_taken", "most_tokens": 300}, key=""
    )
    writer.endpoint["patience"] = endpoint(url).patience.to_json()
    writer.save()
    brand.save_prompt(ada, project, {"name": "plain"} | asked(), {})
    items = make_items(2)
    order = acts.ask(ada, project, [item.pk for item in items], prompt="plain")
    state = copying.do(order)
    written = [one.copy for one in map(fresh, items) if one.copy is not None]
    failed = order.facts.get("failed", {})  # so small a model does not always end
    assert state == ("failed" if failed else "done")
    assert len(written) + len(failed) == 2
    assert written
    for text in written:
        assert text.author == "llm:smollm2"
        assert text.words["title"]
        assert not text.saw_picture
        assert "written from facts alone" in text.notes[0]
    order.refresh_from_db()
    assert order.requests >= 2
    assert order.prompt_tokens > 100


def asked() -> dict[str, str]:
    """The prompt of the other tests, without what an act counts itself."""
    values = PROMPT.to_json()
    return {name: values[name] for name in ("system", "text")}
