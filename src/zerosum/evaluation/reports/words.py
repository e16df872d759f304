"""How numbers are written, on pages, on terminals and in sentences."""

from collections.abc import Mapping
from math import isfinite
from typing import Any


def number(value: float | None) -> str:
    """A number with about three digits that count.

    >>> number(0.98765), number(1234.5), number(12.345), number(0.00012), number(None)
    ('0.988', '1,234', '12.3', '0.00012', '–')
    """
    if value is None:
        return "–"
    if not isfinite(value):
        return {float("inf"): "∞", float("-inf"): "-∞"}.get(value, "not a number")
    size = abs(value)
    if size >= 1e6:
        return f"{value:.3g}"
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 1:
        return f"{value:.2f}"
    if size >= 0.001 or size == 0:
        return f"{value:.3f}".rstrip("0").rstrip(".") if value in (0, 1) else f"{value:.3f}"
    return f"{value:.2g}"


def promise(privacy: Mapping[str, Any]) -> str:
    """What a private training promises.

    >>> promise({"epsilon": 2.9968, "delta": 1e-06})
    '(ε = 3, δ = 1e-06)-differential privacy'
    >>> promise({"epsilon": 2.9968, "delta": 1e-06, "unit": "entity"})
    '(ε = 3, δ = 1e-06)-differential privacy of each entity'
    """
    unit = privacy.get("unit", "row")
    whom = "" if unit == "row" else f" of each {unit}"
    return f"(ε = {privacy['epsilon']:.3g}, δ = {privacy['delta']:g})-differential privacy{whom}"


def outside_the_account(privacy: Mapping[str, Any]) -> str:
    """What is to be said of figures that are computed from the rows of a private training.

    >>> outside_the_account({"epsilon": 3.0, "delta": 1e-06}).partition(";")[0]
    'The model keeps (ε = 3, δ = 1e-06)-differential privacy'
    """
    return (
        f"The model keeps {promise(privacy)}; these figures are outside that account, since they "
        "are computed from real rows without noise. Share the model and what it makes, not them."
    )


def interval(low: float | None, high: float | None) -> str:
    """An interval, or nothing.

    >>> interval(0.25, 0.5)
    '0.250 to 0.500'
    """
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def percent(share: float) -> str:
    """A share in hundredths, with enough digits to distinguish it from 0 and 1.

    >>> percent(0.1234), percent(0.00042), percent(0.0), percent(0.9996), percent(-0.01)
    ('12.3 %', '0.04 %', '0 %', '99.96 %', '-1.0 %')
    >>> percent(0.00004)
    'under 0.01 %'
    """
    if not 0 < abs(share) < 1:
        return f"{100 * share:.0f} %"
    if abs(share) < 0.00005:
        return "under 0.01 %" if share > 0 else "0 %"
    near = min(abs(share), 1 - abs(share))
    return f"{100 * share:.{1 if near >= 0.001 else 2}f} %"
