"""What earlier versions wrote, in today's words.

Until schema 2, samples were counted as images, and the space of points was called vector.
"""

from typing import Any

_RENAMED = {"total_images": "total_samples", "ramp_images": "ramp_samples"}


def modern_recipe(recipe: Any) -> Any:
    """The JSON of a recipe with today's names of fields.

    >>> modern_recipe({"optimisation": {"total_images": 640}})
    {'optimisation': {'total_samples': 640}}
    """
    if isinstance(recipe, dict):
        return {_RENAMED.get(name, name): modern_recipe(value) for name, value in recipe.items()}
    return [modern_recipe(value) for value in recipe] if isinstance(recipe, list) else recipe


def modern_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the history, or an event, that counts `samples`.

    >>> modern_row({"step": 1, "images": 64})
    {'step': 1, 'samples': 64}
    """
    return {"samples" if name == "images" else name: value for name, value in row.items()}


def modern_space(space: Any) -> Any:
    """The JSON of a space with today's name of its kind.

    >>> modern_space({"kind": "vector", "dimensions": 2})
    {'kind': 'point', 'dimensions': 2}
    """
    if isinstance(space, dict) and space.get("kind") == "vector":
        return space | {"kind": "point"}
    return space


def modern_manifest(manifest: dict[str, Any]) -> dict[str, Any]:
    """A manifest of schema 1 as one of schema 2."""
    modern = modern_row(manifest) | {"schema": 2}
    for name, read in (("recipe", modern_recipe), ("space", modern_space)):
        if name in modern:
            modern[name] = read(modern[name])
    return modern
