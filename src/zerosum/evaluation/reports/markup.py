"""HTML and SVG that cannot be broken by the text in it: all that is not markup is escaped."""

from html import escape
from typing import Any

_VOID = {"img", "meta", "br"}


class Markup(str):
    """Text that is markup already."""


def element(tag: str, *children: Any, **attributes: Any) -> Markup:
    """One element; children that are not `Markup` are escaped, None and "" are left out.

    An attribute that is None is left out; a trailing `_` of its name is dropped, and other `_`
    become `-`.

    >>> element("p", "1 < 2 ", element("b", "so"), class_="a")
    '<p class="a">1 &lt; 2 <b>so</b></p>'
    """
    pairs = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value), quote=True)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{pairs}>")
    return Markup(f"<{tag}{pairs}>{join(*children)}</{tag}>")


def join(*children: Any) -> Markup:
    """Children one after another, escaped where they are not markup.

    >>> join("a & ", None, Markup("<i>b</i>"))
    'a &amp; <i>b</i>'
    """
    return Markup(
        "".join(
            child if isinstance(child, Markup) else escape(str(child), quote=True)
            for child in children
            if child is not None
        )
    )
