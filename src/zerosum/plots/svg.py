"""Plots as SVG that is part of a page. Colours come from the style of the page, by role."""

from functools import singledispatch

from markupsafe import Markup

from zerosum.plots.shapes import Area, Box, Dots, Line, Plot, Shape, Words


def to_svg(plot: Plot) -> Markup:
    """A plot as an `svg` element, as wide as its place in the page. All text is escaped.

    >>> print(to_svg(Plot("bar", 9, 5, [Line([(0, 1), (9, 1.25)], "grid")], label="<a>")))
    <svg viewBox="0 0 9 5" role="img" class="plot plot-bar" aria-label="&lt;a&gt;">
    <polyline points="0,1 9,1.25" class="grid"></polyline>
    </svg>
    """
    head = Markup(
        '<svg viewBox="0 0 {} {}" role="img" class="plot plot-{}" aria-label="{}">'
    ).format(plot.width, plot.height, plot.kind, plot.label)
    return Markup("\n").join([head, *map(_element, plot.shapes), Markup("</svg>")])


@singledispatch
def _element(shape: Shape) -> Markup:
    raise TypeError(f"cannot draw {type(shape).__name__} as SVG")


@_element.register
def _(shape: Line) -> Markup:
    return _joined("polyline", shape)


@_element.register
def _(shape: Area) -> Markup:
    return _joined("polygon", shape)


@_element.register
def _(shape: Box) -> Markup:
    (left, top), (right, bottom) = shape.points
    return Markup('<rect x="{}" y="{}" width="{}" height="{}"{}>{}</rect>').format(
        *map(_size, (left, top, right - left, bottom - top)), _look(shape), _title(shape)
    )


@_element.register
def _(shape: Dots) -> Markup:
    dot = Markup('<circle cx="{}" cy="{}" r="{}"{}>{}</circle>')
    return Markup("\n").join(
        dot.format(*map(_size, (x, y, shape.radius)), _look(shape), _title(shape))
        for x, y in shape.points
    )


@_element.register
def _(shape: Words) -> Markup:
    ((x, y),) = shape.points
    place = Markup('x="{}" y="{}"').format(_size(x), _size(y))
    if shape.upwards:
        place = Markup('transform="translate({} {}) rotate(-90)"').format(_size(x), _size(y))
    return Markup('<text {} text-anchor="{}" font-size="{}"{}>{}{}</text>').format(
        place, shape.anchor, shape.size, _look(shape), shape.text, _title(shape)
    )


def _joined(tag: str, shape: Shape) -> Markup:
    corners = " ".join(f"{_size(x)},{_size(y)}" for x, y in shape.points)
    return Markup('<{} points="{}"{}>{}</{}>').format(
        tag, corners, _look(shape), _title(shape), tag
    )


def _look(shape: Shape) -> Markup:
    look = Markup(' class="{}"').format(shape.role)
    return (
        look if shape.strength == 1 else look + Markup(' opacity="{:.2f}"').format(shape.strength)
    )


def _title(shape: Shape) -> Markup:
    return Markup("<title>{}</title>").format(shape.title) if shape.title else Markup()


def _size(pixels: float) -> str:
    """At most two digits after the point."""
    return f"{pixels:.2f}".rstrip("0").rstrip(".")
