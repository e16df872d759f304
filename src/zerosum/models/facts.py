"""What an exported model says of itself, whatever the format."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zerosum.runs.files import read_json
from zerosum.terminal import printable

if TYPE_CHECKING:
    from zerosum.models.model import Model

_HANDED_ON = ("run", "data")
"""Facts of an exported model that is exported again."""


def facts_of(model: "Model") -> dict[str, str]:
    """What an exported file says of the model: text by name, structures as JSON."""
    facts = {name: model.facts[name] for name in _HANDED_ON if name in model.facts}
    facts |= {
        "zerosum_version": version("zerosum"),
        "recipe": as_text(model.recipe.to_json()),
        "space": as_text(model.space.published.to_json()),
    }
    if model.run is not None:
        manifest = read_json(model.run / "manifest.json")
        facts["run"] = printable(model.run.resolve().name)
        # Of a folder the name alone: where it lies is nobody's business.
        facts["data"] = Path((manifest.get("data") or {}).get("name", "")).name
    if model.step is not None:
        facts["step"] = str(model.step)
    if model.privacy:
        facts["privacy"] = as_text(model.privacy)
    return facts


def as_text(value: Any) -> str:
    """A structure as JSON, with letters as they are."""
    return json.dumps(value, ensure_ascii=False)
