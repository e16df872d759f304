"""Brand rules as a form has them: a few lines for each kind of rule."""

from collections.abc import Mapping
from typing import Any

from zerosum.errors import StudioError
from zerosum.studio.rules.rule_set import RuleSet

ARROW = "=>"
_LIMITS = ("title", "body", "alt_text", "tags")


def rules_from(form: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rules that a form asks for, as JSON.

    Raises:
        StudioError: a number is not whole, or a claim has no note.

    >>> rules_from({"banned": "cheap => affordable", "title_most": "40", "warn_length": "on"})[0]
    {'kind': 'banned_words', 'severity': 'blocking', 'terms': {'cheap': 'affordable'}}
    """
    rules: list[dict[str, Any]] = []

    def add(kind: str, part: str, **values: Any) -> None:
        severity = "warning" if form.get(f"warn_{part}") else "blocking"
        rules.append({"kind": kind, "severity": severity, **values})

    if banned := _pairs(form, "banned"):
        add("banned_words", "banned", terms={term: better or None for term, better in banned})
    if required := _lines(form, "required"):
        add("required_words", "required", terms=required)
    if claims := _pairs(form, "claims"):
        for term, note in claims:
            if not note:
                raise StudioError(f"the claim {term!r} needs a note: write {term} {ARROW} NOTE.")
        add("claims", "claims", claims=[{"terms": [term], "note": note} for term, note in claims])
    names = _lines(form, "names")
    if names or form.get("no_shouting"):
        add("casing", "casing", names=names, shouting=not form.get("no_shouting"))
    bounds = {field: _number(form, f"{field}_most") for field in _LIMITS}
    limits = {field: {"most": most} for field, most in bounds.items() if most is not None}
    if limits:
        add("length_limits", "length", limits=limits)
    if (most := _number(form, "reading")) is not None:
        add("reading_level", "reading", most=most)
    if form.get("alt"):
        add("alt_text", "alt")
    if languages := _words(form, "languages"):
        add("languages", "languages", allowed=languages)
    if colours := _words(form, "palette"):
        add("palette", "palette", colours=colours)
    return rules


def form_of(rules: RuleSet) -> dict[str, str] | None:
    """The form that asks for these rules; None where no form does, as of rules by the API."""
    form: dict[str, str] = {}
    for rule in rules.to_json()["rules"]:
        kind = rule["kind"]
        part = _PARTS.get(kind)
        if part is None:
            return None
        if rule["severity"] == "warning":
            form[f"warn_{part}"] = "on"
        form |= _fields(kind, rule)
    again = RuleSet.from_json({"name": rules.name, "rules": rules_from(form)})
    # In whatever order they stand, they say the same.
    same = _by_kind(again) == _by_kind(rules)
    return form if same else None


def _by_kind(rules: RuleSet) -> list[Any]:
    return sorted(rules.rules, key=lambda rule: rule.kind)


_PARTS = {
    "banned_words": "banned", "required_words": "required", "claims": "claims", "casing": "casing",
    "length_limits": "length", "reading_level": "reading", "alt_text": "alt",
    "languages": "languages", "palette": "palette",
}  # fmt: skip


def _fields(kind: str, rule: dict[str, Any]) -> dict[str, str]:
    if kind == "banned_words":
        return {"banned": _joined(sorted(rule["terms"].items()))}  # PostgreSQL keeps no order
    if kind == "required_words":
        return {"required": "\n".join(rule["terms"])}
    if kind == "claims":
        return {"claims": _joined((one["terms"][0], one["note"]) for one in rule["claims"])}
    if kind == "casing":
        quiet = {} if rule["shouting"] else {"no_shouting": "on"}
        return {"names": "\n".join(rule["names"])} | quiet
    if kind == "length_limits":
        return {f"{field}_most": f"{one['most'] or ''}" for field, one in rule["limits"].items()}
    if kind == "reading_level":
        return {"reading": f"{rule['most']:g}"}
    if kind == "languages":
        return {"languages": ", ".join(rule["allowed"])}
    return {"palette": ", ".join(rule["colours"])} if kind == "palette" else {"alt": "on"}


def _joined(pairs: Any) -> str:
    return "\n".join(f"{term} {ARROW} {other}" if other else term for term, other in pairs)


def _lines(form: Mapping[str, str], name: str) -> list[str]:
    return [line.strip() for line in form.get(name, "").splitlines() if line.strip()]


def _pairs(form: Mapping[str, str], name: str) -> list[tuple[str, str]]:
    parts = [line.partition(ARROW) for line in _lines(form, name)]
    return [(term.strip(), other.strip()) for term, _, other in parts]


def _words(form: Mapping[str, str], name: str) -> list[str]:
    return form.get(name, "").replace(",", " ").split()


def _number(form: Mapping[str, str], name: str) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not text.isdecimal():
        raise StudioError(f"{name.replace('_', ' ')}: {text!r} is not a whole number.")
    return int(text)
