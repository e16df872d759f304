"""What can be trained, and on which built-in data: read where torch may be imported."""

from collections.abc import Callable
from typing import Any

from zerosum.catalogue import all_recipes
from zerosum.workflows.data import built_in_names


def do(order: dict[str, Any], say: Callable[..., None]) -> None:
    """Say the recipes and the names of built-in data."""
    recipes = [
        {
            "name": entry.name, "takes": list(entry.spaces), "needs": list(entry.needs),
            "summary": entry.summary,
        }
        for entry in all_recipes().values()
    ]  # fmt: skip
    say(done={"recipes": recipes, "built_in": sorted(built_in_names())})
