"""Pages and their parts are templates of jinja2: whatever is written into one is escaped.

A template says how something looks; what it says is made in Python and handed in by name. A package
that has parts of its own ships their templates in a folder next to them, and imports the macros of
`pieces.html.jinja` like any other.
"""

import base64
import io
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from zerosum.evaluation.reports.words import interval, number, percent
from zerosum.plots.svg import to_svg

TEMPLATES = PackageLoader("zerosum.evaluation.reports")
"""Finds the templates of this package."""

WAYS = {"lower": "lower is better", "higher": "higher is better", "one": "1 is best"}
"""How the side that is good is said."""


def render(name: str, values: Mapping[str, Any], *, loader: BaseLoader = TEMPLATES) -> Markup:
    """A template, filled in.

    Args:
        name: of the template.
        values: what it is given, by name. Text is escaped, unless it is `Markup`.
        loader: finds the template; those of this package are found in any case.

    Raises:
        TemplateError: there is no such template, it is broken, or it asks for what it is not given.
    """
    return Markup(_environment(loader).get_template(name).render(values))


@cache
def _environment(loader: BaseLoader) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([loader, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number, "percent": percent, "way": WAYS.__getitem__, "size": _size,
        "base64": _base64, "svg": to_svg,
    }  # fmt: skip
    environment.globals["interval"] = interval
    return environment


def _size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG file, in pixels."""
    with Image.open(io.BytesIO(png)) as image:
        return image.size


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
