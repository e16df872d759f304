"""Prompt templates: variables are checked, and nothing is run."""

import pytest

from zerosum.errors import ConfigError
from zerosum.studio.writing.prompts import PromptTemplate
from zerosum.studio.writing.subjects import CopySubject


def test_it_survives_json() -> None:
    prompt = PromptTemplate(
        name="shop", version=3, language="de", text="$facts für $brand", variables=("brand",)
    )
    assert PromptTemplate.from_json(prompt.to_json()) == prompt
    assert prompt.with_values({"version": 4}).version == 4


def test_language_and_tone_reach_the_model(words: CopySubject) -> None:
    system, _ = PromptTemplate(language="de-AT", tone="dry").render(words)
    assert "Write in German (de-AT). Tone: dry." in system
    assert "Write in tlh." in PromptTemplate(language="tlh").render(words)[0]


def test_facts_that_look_like_variables_stay_as_they_are() -> None:
    subject = CopySubject("$language ${tone} $$", attributes={"price": "$brand"})
    prompt = PromptTemplate(text="$name | $facts | $brand", variables=("brand",))
    text = prompt.render(subject, {"brand": "$facts"})[1]
    assert text.startswith("$language ${tone} $$ | ")
    assert '"price": "$brand"' in text
    assert text.endswith(" | $facts")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": "Write of $bran"}, r"uses \$bran, which is not declared\. .*Allowed"),
        ({"text": "It costs $5"}, r"Write \$\$ for the sign"),
        ({"text": "x", "variables": ("brand",)}, r"declares brand and does not use it"),
        ({"text": "$tone", "variables": ("tone",)}, r"which every template has"),
        ({"text": ""}, "text"),
        ({"language": "German"}, "language"),
        ({"version": 0}, "version"),
        ({"model": "m"}, "unknown key 'model'"),
    ],
)
def test_what_cannot_be_filled_is_refused_at_once(changes: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        PromptTemplate.from_json({"kind": "prompt_template"} | changes)


def test_values_must_be_the_variables(words: CopySubject) -> None:
    prompt = PromptTemplate(text="$brand and $place", variables=("brand", "place"))
    with pytest.raises(ConfigError, match="needs place"):
        prompt.render(words, {"brand": "Acme"})
    with pytest.raises(ConfigError, match=r"no variable 'brands'. Did you mean 'brand'"):
        prompt.render(words, {"brands": "Acme", "place": "Graz"})
    assert prompt.render(words, {"brand": "Acme", "place": "Graz"})[1] == "Acme and Graz"
