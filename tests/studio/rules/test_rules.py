"""Every rule: its hits, their places, and what its fix does."""

from typing import Any

import pytest
from PIL import Image

from tests.studio.writing.conftest import png
from zerosum.errors import ConfigError, MissingExtraError
from zerosum.studio.rules.base import Rule
from zerosum.studio.rules.hits import Hit, apply_fix, is_blocked
from zerosum.studio.rules.rule_set import RuleSet, check
from zerosum.studio.writing.drafts import Copy
from zerosum.studio.writing.subjects import CopySubject

for library in ("regex", "snowballstemmer", "py3langid"):
    pytest.importorskip(library, reason="pip install 'zerosum[studio]'")


def copy(**changes: Any) -> Copy:
    values = {
        "title": "A red sandal", "body": "It is light and made for warm days.",
        "alt_text": "A sandal with two straps.", "tags": ("sandal",), "language": "en",
    }  # fmt: skip
    return Copy(**(values | changes))


def hits(
    rule: dict[str, Any], one: Copy | None = None, subject: CopySubject | None = None
) -> list[Hit]:
    rules = RuleSet.from_json({"kind": "rule_set", "name": "acme", "rules": [rule]})
    return check(one or copy(), subject or CopySubject("x"), rules)


def places(found: list[Hit], one: Copy) -> list[tuple[str, str]]:
    return [(hit.field, one.texts()[hit.field][hit.start : hit.end]) for hit in found]


BANNED = {"kind": "banned_words", "terms": {"cheap": "affordable", "colour*": None}}


def test_banned_words_have_a_place_and_a_fix_in_their_case() -> None:
    one = copy(title="Cheap 👩‍💻 CHEAP", body="Cheaply cheap.", tags=("a", "Colourful"))
    found = hits(BANNED, one)
    expected = [
        ("title", "Cheap"), ("title", "CHEAP"), ("body", "cheap"), ("tags.1", "Colourful"),
    ]  # fmt: skip
    assert places(found, one) == expected
    assert [hit.fix for hit in found] == ["Affordable", "AFFORDABLE", "affordable", None]
    assert "Write “affordable”" in found[0].message
    assert apply_fix(one, found[1]).title == "Cheap 👩‍💻 AFFORDABLE"
    assert found[1].utf16(one) == (12, 17)
    assert (found[1].start, found[1].end) == (10, 15)
    assert is_blocked(found)
    assert found[0].to_json()["severity"] == "blocking"


def test_other_forms_of_a_banned_word_have_no_fix() -> None:
    one = copy(body="Wonders and a wonder.")
    rule = {"kind": "banned_words", "terms": {"wonder": "surprise"}, "severity": "warning"}
    found = hits(rule, one)
    assert places(found, one) == [("body", "Wonders"), ("body", "wonder")]
    assert [hit.fix for hit in found] == [None, "surprise"]
    assert not is_blocked(found)
    assert len(hits(rule | {"inflected": False}, one)) == 1


def test_a_hit_without_a_fix_cannot_be_applied() -> None:
    one = copy(tags=("colourful",))
    (hit,) = hits(BANNED, one)
    with pytest.raises(ConfigError, match=r"no fix for tags\.0"):
        apply_fix(one, hit)


def test_required_words_are_added_at_the_end() -> None:
    rule = {"kind": "required_words", "terms": ["Made with AI.", "sandal"], "fields": ["body"]}
    found = hits(rule, copy(body="A sandal."))
    (hit,) = found
    assert (hit.field, hit.start, hit.end, hit.fix) == ("body", 9, 9, " Made with AI.")
    mended = apply_fix(copy(body="A sandal."), hit)
    assert mended.body == "A sandal. Made with AI."
    assert hits(rule, mended) == []
    somewhere = {"kind": "required_words", "terms": ["sandal"], "fields": ["title", "tags"]}
    assert hits(somewhere, copy(title="Shoe")) == []
    assert len(hits(somewhere, copy(title="Shoe", tags=()))) == 1


CLAIMS = {
    "kind": "claims",
    "claims": [
        {"terms": ["best", "number one"], "note": "In our own test, 2026."},
        {"terms": ["100 %"], "note": "By weight."},
    ],
}


def test_claims_need_their_note() -> None:
    one = copy(title="The best sandal", body="The best, of 100% leather.")
    found = hits(CLAIMS, one)
    assert places(found, one) == [("title", "best"), ("body", "best"), ("body", "100%")]
    assert [hit.fix for hit in found] == [
        None, "best (In our own test, 2026.)", "100% (By weight.)",
    ]  # fmt: skip
    mended = apply_fix(apply_fix(one, found[2]), found[1])
    expected = "The best (In our own test, 2026.), of 100% (By weight.) leather."
    assert mended.body == expected
    assert hits(CLAIMS, mended) == []
    assert hits(CLAIMS, copy(title="Number two", body="110 % better")) == []


def test_lengths_are_counted_as_people_count() -> None:
    rule = {
        "kind": "length_limits",
        "limits": {"title": {"most": 10}, "tags": {"least": 2, "most": 3}, "body": {"least": 5}},
    }
    assert places(hits(rule, copy(title="👩‍👩‍👧" * 10, tags=("a", "b"))), copy()) == []
    one = copy(title="Cafe\u0301 au lait", body="Four", tags=("a",))
    found = hits(rule, one)
    assert [(h.field, h.start, h.end, h.fix) for h in found] == [
        ("title", 8, 13, "…"), ("body", 4, 4, None), ("tags", 0, 0, None),
    ]  # fmt: skip
    assert apply_fix(one, found[0]).title == "Cafe\u0301 au…"
    assert "12 characters; at most 10" in found[0].message
    many = hits(rule, copy(title="x", tags=("a", "b", "c", "dd")))
    assert [(hit.field, hit.start, hit.end) for hit in many] == [("tags.3", 0, 2)]
    one = copy(title="abc defg hij", tags=("a", "b"))
    (hit,) = hits(rule | {"limits": {"title": {"most": 8}}}, one)
    assert apply_fix(one, hit).title == "abc…"  # the ellipsis counts too
    (hit,) = hits(rule, copy(title="x" * 11, tags=("a", "b")))
    assert (hit.start, hit.end, hit.fix) == (10, 11, None)


def test_the_hardest_sentence_is_named() -> None:
    hard = (
        "Notwithstanding considerable environmental circumstances, manufacturers continuously "
        "reconsider traditional constructions without unnecessary simplification."
    )
    one = copy(body=f"It is red. {hard} You can wear it in the sun, and it is good.")
    (hit,) = hits({"kind": "reading_level", "most": 45}, one)
    assert places([hit], one) == [("body", hard)]
    assert "at most 45" in hit.message
    assert hits({"kind": "reading_level", "most": 45}, copy(body=hard)) == []  # too few words
    easy = "It is red. You can wear it in the sun. " * 4
    assert hits({"kind": "reading_level", "most": 30}, copy(body=easy)) == []


def test_casing_of_names_shouting_and_first_letters() -> None:
    rule = {"kind": "casing", "names": ["iPhone", "Acme Shoes"], "acronyms": ["NASA"]}
    one = copy(
        title="iPhone and IPHONE", body="buy ACME shoes NOW. AMAZING! NASA says 2FAST",
        alt_text="éclair", tags=("iphone",),
    )  # fmt: skip
    found = hits(rule, one)
    expected = [
        ("title", "IPHONE", "iPhone"), ("body", "b", "B"), ("body", "ACME shoes", "Acme Shoes"),
        ("body", "AMAZING", "Amazing"), ("body", "2FAST", "2fast"), ("alt_text", "é", "É"),
        ("tags.0", "iphone", "iPhone"),
    ]  # fmt: skip
    shown = [(*place, hit.fix) for place, hit in zip(places(found, one), found, strict=True)]
    assert shown == expected
    assert hits(rule | {"shouting": True, "names": [], "capital_first": []}, one) == []


def test_alternative_texts_must_say_something(sandal: CopySubject, words: CopySubject) -> None:
    rule = {"kind": "alt_text", "most": 40}
    one = copy(alt_text="")
    (hit,) = hits(rule, one, sandal)
    assert hit.fix == "Generated picture of class “sandal”. Main colours: red and white."
    assert apply_fix(one, hit).alt_text == hit.fix
    assert hits(rule, one, words) == []  # no picture
    french = hits(rule, copy(alt_text="", language="fr"), sandal)
    assert [hit.fix for hit in french] == [None]
    (repeats,) = hits(rule, copy(alt_text="a RED sandal."), sandal)
    assert "repeats the title" in repeats.message
    one = copy(alt_text="Picture of a sandal")
    (opening,) = hits(rule, one, sandal)
    assert apply_fix(one, opening).alt_text == "A sandal"
    one = copy(alt_text="é" * 41)
    (long,) = hits(rule, one, sandal)
    assert (long.start, long.end) == (40, 41)


def test_languages_by_name_and_by_looks() -> None:
    rule = {"kind": "languages", "allowed": ["en-GB", "de"]}
    assert [hit.field for hit in hits(rule, copy())] == ["language"]
    assert hits(rule, copy(language="en-gb")) == []
    german = "Dieser Schuh ist leicht und für warme Tage gemacht."
    assert hits(rule, copy(language="de-AT", title="Ein roter Schuh", body=german)) == []
    (hit,) = hits(rule, copy(language="en-GB", title="Ein roter Schuh", body=german))
    assert hit.field == "body"
    assert "reads like de" in hit.message
    assert hits(rule | {"detect": False}, copy(language="en-GB", body=german)) == []
    assert hits(rule, copy(language="en-GB", title="Ein Schuh", body="Rot.")) == []  # too short
    unsure = copy(language="en-GB", title="Mini Bikini Retro Look", body="Set in Orange, Pink")
    assert hits(rule, unsure) == []


def test_pictures_keep_to_the_palette(sandal: CopySubject, words: CopySubject) -> None:
    rule = {"kind": "palette", "colours": ["#ffffff", "#101c60"], "severity": "warning"}
    (hit,) = hits(rule, subject=sandal)
    assert (hit.field, hit.start, hit.end, hit.severity) == ("picture", 0, 0, "warning")
    assert "#d42020 (red) covers 50%" in hit.message
    assert hits(rule | {"colours": ["#fdfdfd", "#d02424"]}, subject=sandal) == []
    assert hits(rule | {"least_share": 0.6}, subject=sandal) == []
    assert hits(rule | {"tolerance": 100}, subject=sandal) == []
    assert hits(rule, subject=words) == []
    white = CopySubject("w", picture=png(Image.new("RGB", (4, 4), "#ffffff")))
    assert hits(rule, subject=white) == []


def test_hits_come_in_reading_order() -> None:
    rules = RuleSet.from_json(
        {"kind": "rule_set", "name": "acme", "rules": [
            {"kind": "banned_words", "terms": {"warm": None, "red": None, "light": None}},
            {"kind": "required_words", "terms": ["Acme"], "fields": ["title"]},
            {"kind": "languages", "allowed": ["de"]},
        ]}
    )  # fmt: skip
    found = check(copy(), CopySubject("x"), rules)
    assert [(hit.field, hit.rule) for hit in found] == [
        ("title", "banned_words"), ("title", "required_words"), ("body", "banned_words"),
        ("body", "banned_words"), ("language", "languages"),
    ]  # fmt: skip


def test_sets_of_rules_survive_json_and_have_versions() -> None:
    rules = [
        BANNED, CLAIMS, {"kind": "palette", "colours": ["#112233"]}, "reading_level", "alt_text",
        {"kind": "casing"}, {"kind": "length_limits", "limits": {"title": {"most": 9}}},
        {"kind": "languages", "allowed": ["en"]}, {"kind": "required_words", "terms": ["x"]},
    ]  # fmt: skip
    one = RuleSet.from_json({"kind": "rule_set", "name": "acme", "version": 3, "rules": rules})
    assert RuleSet.from_json(one.to_json()) == one
    assert {rule.kind for rule in one.rules} == {cls.kind for cls in Rule.__subclasses__()}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"kind": "banned_word", "terms": {"a": None}}, "Did you mean 'banned_words'"),
        ({"kind": "banned_words", "terms": {}}, "terms"),
        ({"kind": "banned_words", "terms": {"a": None}, "where": "title"}, "unknown key 'where'"),
        ({"kind": "palette", "colours": ["red"]}, "six hexadecimal digits"),
        ({"kind": "length_limits", "limits": {"name": {"most": 3}}}, "limits.name"),
        ({"kind": "length_limits", "limits": {"title": {"least": 4, "most": 3}}}, "above most"),
        ({"kind": "reading_level", "most": -1}, "most"),
        ({"kind": "languages", "allowed": ["english"]}, "allowed"),
        ({"kind": "casing", "severity": "fatal"}, "severity"),
    ],
)
def test_rules_that_cannot_be_are_refused(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        hits(rule)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from zerosum.studio.rules import form

    form._identifier.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "py3langid.langid", None)
    with pytest.raises(MissingExtraError, match=r"py3langid.*zerosum\[studio\]"):
        hits({"kind": "languages", "allowed": ["en"]})
