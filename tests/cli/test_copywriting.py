"""`zerosum copy`."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Zerosum
from tests.studio.writing.scripted_server import GOOD, ScriptedServer, error, reply

for library in ("httpx", "regex", "snowballstemmer", "py3langid"):
    pytest.importorskip(library, reason="pip install 'zerosum[studio]'")

RULES = {
    "kind": "rule_set", "name": "acme",
    "rules": [
        {"kind": "banned_words", "terms": {"sandal": "shoe"}},
        {"kind": "length_limits", "limits": {"title": {"most": 5}}, "severity": "warning"},
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZEROSUM_LLM_KEY", raising=False)
    Image.new("RGB", (8, 8), "#d42020").save("a.png")
    Image.new("RGB", (8, 8), "#30a030").save("b.png")


def rows(path: str = "copy.csv") -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_without_an_llm_the_template_writes_and_says_so(zerosum: Zerosum) -> None:
    done = zerosum("copy", "a.png", "b.png", "--label", "boot", "--language", "de")
    assert (done.code, done.out) == (0, "copy.csv\n")
    assert "note: filled in from facts: no LLM wrote this" in done.err
    first, second = rows()
    assert list(first) == ["file", "title", "body", "alt_text", "tags", "language", "author"]
    assert (first["file"], first["title"], first["author"]) == (
        "a.png", "Boot in Rot", "template",
    )  # fmt: skip
    assert second["title"] == "Boot in Grün"
    again = zerosum("copy", "a.png", "b.png")
    assert "2 of 2 files had copy in copy.csv already" in again.err
    assert rows() == [first, second]


def test_an_llm_writes_and_rules_are_checked(zerosum: Zerosum) -> None:
    Path("rules.json").write_text(json.dumps(RULES))
    with ScriptedServer(reply()).running() as server:
        done = zerosum(
            "copy", "a.png", "--model", "m", "--base-url", server.url, "--allow-private",
            "--rules", "rules.json", "--price", "1,2,EUR", "--json",
        )  # fmt: skip
    assert done.code == 1  # a blocking hit
    said = json.loads(done.out)
    assert said["tokens"] == {"sent": 100, "written": 20}
    assert (said["cost"], said["currency"]) == (pytest.approx(0.00014), "EUR")
    assert {hit["rule"] for hit in said["hits"]} == {"banned_words", "length_limits"}
    assert "a.png: blocking: title 4-10: “sandal” is not to be used. Write “shoe”." in done.err
    assert "Fix: 'shoe'" in done.err
    assert rows()[0]["author"] == "llm:m"
    assert rows()[0]["tags"] == "sandal, red"


def test_warnings_alone_are_no_failure(zerosum: Zerosum) -> None:
    rules = RULES | {"rules": RULES["rules"][1:]}
    Path("rules.json").write_text(json.dumps(rules))
    done = zerosum("copy", "a.png", "--rules", "rules.json")
    assert done.code == 0
    assert "a.png: warning: title" in done.err


def test_a_dry_run_sends_nothing(zerosum: Zerosum, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEROSUM_LLM_KEY", "sk-secret")
    Path("prompt.json").write_text(
        json.dumps({"kind": "prompt_template", "text": "Of $brand: $facts", "variables": ["brand"]})
    )
    with ScriptedServer(reply()).running() as server:
        words = ("copy", "a.png", "--model", "m", "--base-url", server.url, "--dry-run")
        words += ("--template", "prompt.json", "--value", "brand=Acme", "--tone", "dry")
        done = zerosum(*words)
        assert zerosum(*words, "--json").code == 0
        assert server.received == []
    assert done.code == 0
    assert f"POST {server.url}/chat/completions" in done.out
    assert "Of Acme:" in done.out
    assert "Tone: dry." in done.out
    assert "Bearer (hidden)" in done.out
    assert "sk-secret" not in done.out + done.err
    assert not Path("copy.csv").exists()
    assert "nothing would be sent" in zerosum("copy", "a.png", "--dry-run").out


def test_what_was_paid_for_is_kept(zerosum: Zerosum) -> None:
    with ScriptedServer(reply(), error(401, "no more credit"), reply(GOOD)).running() as server:
        words = ("copy", "a.png", "b.png", "--model", "m", "--base-url", server.url)
        done = zerosum(*words, "--allow-private")
        assert done.code == 2
        assert "EndpointError" in done.err
        assert "no more credit" in done.err
        assert "1 of 2 files have copy in copy.csv now" in done.err
        assert [row["file"] for row in rows()] == ["a.png"]
        assert zerosum(*words, "--allow-private").code == 0
    assert [row["file"] for row in rows()] == ["a.png", "b.png"]
    assert len(server.received) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "m"), "needs both --model and --base-url"),
        (("--value", "a=b"), "are for an LLM"),
        (("--language", "fr"), "does not write 'fr'"),
        (("--model", "m", "--base-url", "http://127.0.0.1:1/v1"), "--allow-private"),
        (("--model", "m", "--base-url", "https://x.org/v1", "--price", "1"), "two numbers"),
        (("--model", "m", "--base-url", "https://x.org/v1", "--value", "a"), "NAME=TEXT"),
        (("--model", "m", "--base-url", "https://x.org/v1", "--pictures", "no"), "pictures"),
        (("--rules", "none.json"), "none.json"),
        (("--facts", "none.csv"), "there is no file none.csv"),
    ],
)
def test_wrong_words_are_explained(zerosum: Zerosum, words: tuple[str, ...], said: str) -> None:
    done = zerosum("copy", "a.png", *words)
    assert done.code == 2
    assert said in done.err
    assert not Path("copy.csv").exists()
