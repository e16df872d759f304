"""Fields of a form from JSON Schemas, and what people type into them as values."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zerosum.errors import StudioError, did_you_mean
from zerosum.faces import label

CHECK, CHOICE, NUMBER, TEXT, LIST, JSON = "check", "choice", "number", "text", "list", "json"
_PAIR = re.compile(r"\s*(\d+)\s*[x×,]\s*(\d+)\s*")


@dataclass(frozen=True)
class FormField:
    """One field of a form.

    Attributes:
        name: of the option.
        label: what people read.
        widget: how it is asked for.
        hint: what it means.
        usual: what holds where it is left empty, in words.
        choices: that there are.
    """

    name: str
    label: str
    widget: str
    hint: str = ""
    usual: str = ""
    choices: tuple[str, ...] = ()


def fields_of(options: Mapping[str, Mapping[str, Any]]) -> list[FormField]:
    """A field for each option, by its JSON Schema.

    >>> fields_of({"size": {"type": "integer", "default": 8}})[0].widget
    'number'
    """
    return [_field(name, schema) for name, schema in options.items()]


def _field(name: str, schema: Mapping[str, Any]) -> FormField:
    kinds = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    kind = kinds[0] if len(kinds) == 1 else {}
    default, widget = schema.get("default"), TEXT
    if "enum" in kind or "const" in kind:
        widget = CHOICE
    elif kind.get("type") == "boolean":
        widget = CHECK
    elif kind.get("type") in ("integer", "number"):
        widget = NUMBER
    elif kind.get("type") == "array" and kind.get("items", {}).get("type") == "string":
        widget = LIST
    elif "$ref" in kind or kind.get("type") == "object" or "$ref" in kind.get("items", {}):
        widget = JSON
    plain = isinstance(default, str | int | float) and not isinstance(default, bool)
    choices = tuple(map(str, kind.get("enum", [kind["const"]] if "const" in kind else [])))
    hint = str(schema.get("description", ""))
    return FormField(name, label(name), widget, hint, str(default) if plain else "", choices)


def given(fields: list[FormField], form: Mapping[str, str], before: str) -> dict[str, Any]:
    """Values of the fields that somebody filled in.

    Args:
        fields: of the form.
        form: what was sent.
        before: what each name begins with in the form.

    Raises:
        StudioError: a text is not a number, or not sound JSON.
    """
    found = {}
    for field in fields:
        text = form.get(before + field.name, "").strip()
        if text:
            found[field.name] = _value(field, text)
    return found


def _value(field: FormField, text: str) -> Any:
    if field.widget == CHECK:
        return True
    if field.widget in (NUMBER, CHOICE):
        try:
            return json.loads(text)
        except ValueError:
            if field.widget == CHOICE:
                return text
            raise StudioError(f"“{field.label}”: {text[:80]!r} is not a number.") from None
    if field.widget == JSON or (field.widget == LIST and text.startswith("[")):
        try:
            return json.loads(text)
        except ValueError as error:
            raise StudioError(f"“{field.label}” is not sound JSON: {error}.") from None
    if field.widget == LIST:
        return [one.strip() for one in text.split(",") if one.strip()]
    pair = _PAIR.fullmatch(text)
    return [int(pair[1]), int(pair[2])] if pair else text


def require_options(
    options: Mapping[str, Mapping[str, Any]], values: Mapping[str, Any], *, of: str
) -> None:
    """Refuse unknown options, and names of files where JSON is asked for.

    A text would be taken for the path of a file of the server.

    Args:
        options: JSON Schemas by name.
        values: what was given.
        of: whose options they are, for messages.

    Raises:
        StudioError: a reader has no such option, or it names a file.
    """
    for field in fields_of({name: options.get(name, {}) for name in values}):
        if field.name not in options:
            raise StudioError(
                f"“{field.label}” is no option of {of}.{did_you_mean(field.name, options)}"
            )
        if field.widget == JSON and not isinstance(values[field.name], dict | list):
            raise StudioError(
                f"“{field.label}” is the content itself here, as JSON, and not the name of a file."
            )
