"""Copy without an LLM."""

import pytest

from tests.studio.writing.conftest import png
from zerosum.errors import ConfigError
from zerosum.studio.writing.subjects import CopySubject
from zerosum.studio.writing.template_writer import TemplateWriter


def test_it_says_what_is_known_of_a_picture(sandal: CopySubject) -> None:
    draft = TemplateWriter().write(sandal)
    assert draft.author == "template"
    assert not draft.saw_picture
    assert "no LLM wrote this" in draft.notes[0]
    assert draft.usage.requests == 0
    assert draft.copy.title == "Sandal in red and white"
    assert draft.copy.body == (
        "This picture of class “sandal” was made by a generative model. "
        "Its main colours are red and white. Facts: season: summer."
    )
    alt = "Generated picture of class “sandal”. Main colours: red and white."
    assert draft.copy.alt_text == alt
    assert draft.copy.tags == ("sandal", "summer", "red", "white", "generated")


def test_it_writes_german(sandal: CopySubject) -> None:
    copy = TemplateWriter("de-AT").write(sandal).copy
    assert copy.language == "de-AT"
    assert copy.title == "Sandal in Rot und Weiß"
    assert "Die Hauptfarben sind Rot und Weiß." in copy.body
    assert copy.alt_text.startswith("Erzeugtes Bild der Klasse „sandal“.")


def test_colours_are_those_of_the_picture(sandal: CopySubject) -> None:
    from PIL import Image

    green = CopySubject("g.png", picture=png(Image.new("RGB", (9, 9), "#30a030")))
    copy = TemplateWriter().write(green).copy
    assert copy.title == "Picture in green"
    assert "Its main colour is green." in copy.body
    assert "g.png" not in copy.body + copy.alt_text


def test_it_writes_of_rows_in_the_numbers_of_the_language() -> None:
    row = {"income": 12_345, "rate": 0.25, "married": True, "job": None, "city": "Graz"}
    subject = CopySubject("row 4", row=row | {f"c{i}": i for i in range(10)})
    english = TemplateWriter().write(subject).copy
    assert "income: 12,345; rate: 0.25; married: yes; job: unknown; city: Graz" in english.body
    assert english.body.endswith("and 7 more.")
    assert english.alt_text == ""
    german = TemplateWriter("de").write(subject).copy
    assert "income: 12.345; rate: 0,25; married: ja; job: unbekannt" in german.body


def test_variants_differ_and_come_again(sandal: CopySubject) -> None:
    writer = TemplateWriter()
    texts = [writer.write(sandal, variant=i).copy.body for i in (1, 2, 3, 4)]
    assert len(set(texts)) == 3
    assert texts[3] == texts[0]


def test_other_languages_need_an_llm() -> None:
    with pytest.raises(ConfigError, match=r"does not write 'fr'. Allowed: en, de. .*LLM"):
        TemplateWriter("fr")


def test_long_and_odd_facts_still_make_copy() -> None:
    subject = CopySubject("x" * 999, label="a,\nb" * 200, attributes={"k" * 300: "v, w\n" * 300})
    copy = TemplateWriter().write(subject).copy
    assert len(copy.title) <= 200
    assert all("," not in tag and len(tag) <= 80 for tag in copy.tags)


def test_each_column_is_a_tag_of_its_own() -> None:
    rows = CopySubject("item 3", attributes={"rows": "1,200", "columns": "price, list_price"})
    assert TemplateWriter().write(rows).copy.tags == ("1 200", "price", "list_price", "generated")
