"""Formulas: what they give is what numpy gives, and what is no arithmetic is refused."""

import numpy as np
import pytest
import torch

from zerosum.errors import ConstraintError
from zerosum.modalities.tables.constraints.formula import Expression

A = np.array([1.5, -2.0, 7.0, np.nan])
B = np.array([2.0, 3.0, -4.0, 1.0])
REFERENCES = {
    "a + b * 2": A + B * 2,
    "(a - b) / 4": (A - B) / 4,
    "-a ** 2": -(A**2),
    "a // b": A // B,
    "a % b": A % B,
    "abs(a) + max(a, b) - min(a, 1)": np.abs(A) + np.maximum(A, B) - np.minimum(A, 1),
    "round(a / 3) + floor(b / 3) - ceil(a)": np.round(A / 3) + np.floor(B / 3) - np.ceil(A),
    "+`the b's` * `a`": A * B,
    "1e3 * a": A * 1e3,
    "shop.orders.a - a": A * 2 - A,
}


@pytest.mark.parametrize("text", REFERENCES)
def test_it_gives_what_numpy_gives(text: str) -> None:
    columns = {"a": A, "b": B, "the b's": B, "shop.orders.a": A * 2}
    values = {name: torch.from_numpy(column) for name, column in columns.items()}
    expected = torch.from_numpy(REFERENCES[text])
    assert torch.allclose(Expression(text)(values), expected, equal_nan=True)


def test_what_is_not_finite_is_missing() -> None:
    values = {"a": torch.tensor([1.0, 0.0, 4.0]).double()}
    assert Expression("1 / a")(values).isnan().tolist() == [False, True, False]
    assert Expression("a ** 0.5 - a * 10 ** 400")(values).isnan().all()
    assert Expression(f"a * {'9' * 400}")(values).isnan().all()


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')", "a().real", "a[0]", "lambda: a", "a if a else b", "a and b", "a < b",
        "[a]", "a + 'b'", "True + a", "max(a, b, a)", "max(a, key=b)", "sum(a)", "a +", "", "1 + 2",
        "a; b", "a := 1", "1j * a", "a\n+ b = c", "a" * 2_000, "a @ b", "~a", "a << 2", "a\0",
    ],
)  # fmt: skip
def test_what_is_no_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ConstraintError, match="formula"):
        Expression(text)


def test_its_names_are_known() -> None:
    assert Expression("b * `a b` + b").names == ("b", "a b")


def test_names_are_replaced_and_functions_are_not() -> None:
    text = Expression("max(t.max, `t.a b`) * 2 ** -t.c").renamed(
        {"t.max": "max", "t.a b": "a b", "t.c": "c"}
    )
    assert text == "max(`max`, `a b`) * 2 ** (-`c`)" or text == "max(`max`, `a b`) * 2 ** -`c`"
    assert Expression(text).names == ("max", "a b", "c")
