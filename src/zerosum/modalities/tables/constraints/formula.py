"""Arithmetic on columns, written as text: `price * quantity`.

The text is parsed as a Python expression and only what is named here is understood; nothing of it
is run as a program.
"""

import ast
import copy
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor

from zerosum.errors import ConstraintError

LONGEST = 1_000
"""Characters of a formula, at most."""

_QUOTED = re.compile(r"`([^`]+)`")
_MARKED = re.compile(r"column_([0-9a-f]+)_")

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: (a / b).floor(),
    ast.Mod: lambda a, b: a - (a / b).floor() * b,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}

_FUNCTIONS: dict[str, tuple[int, Callable[..., Tensor]]] = {
    "abs": (1, torch.abs),
    "ceil": (1, torch.ceil),
    "floor": (1, torch.floor),
    "max": (2, torch.maximum),
    "min": (2, torch.minimum),
    "round": (1, torch.round),
}
"""How many arguments each takes, and what it is."""


class Expression:
    """A formula, checked and ready to be worked out.

    Args:
        text: with names of columns, numbers, `+ - * / // % **`, brackets, and the functions abs,
            ceil, floor, max and min (of two) and round. A name may have dots, such as
            `orders.amount`; one with spaces stands in backticks.

    Raises:
        ConstraintError: the text says anything else.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > LONGEST:
            raise ConstraintError(
                f"a formula of {len(text)} characters; {LONGEST} are allowed. Write a shorter one."
            )
        self._quoted: dict[str, str] = {}
        plain = _QUOTED.sub(self._placeholder, text.strip())
        try:
            self._tree = ast.parse(plain, mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise self._refused(f"cannot be read ({error})") from None
        self.names: tuple[str, ...] = tuple(dict.fromkeys(self._check(self._tree)))
        if not self.names:
            raise self._refused("names no column")

    def __call__(self, values: dict[str, Tensor]) -> Tensor:
        """The result, float64 `[N]`; NaN where a part is missing, or it is not finite."""
        size = values[self.names[0]]
        result = self._work_out(self._tree, values) + torch.zeros_like(size)
        return torch.where(result.isfinite(), result, torch.nan)

    def _placeholder(self, match: re.Match[str]) -> str:
        name = f"quoted_column_{len(self._quoted)}"
        self._quoted[name] = match[1]
        return name

    def renamed(self, names: Mapping[str, str]) -> str:
        """The text with other names of columns, those that it lists.

        >>> Expression("orders.pieces * `orders.unit price`").renamed(
        ...     {"orders.pieces": "pieces", "orders.unit price": "unit price"}
        ... )
        '`pieces` * `unit price`'
        """
        found = ast.unparse(_Renamed(self._name, names).visit(copy.deepcopy(self._tree)))
        return _MARKED.sub(lambda match: f"`{bytes.fromhex(match[1]).decode()}`", found)

    def _name(self, node: ast.expr) -> str | None:
        """The column that a node names: a name, or names with dots."""
        match node:
            case ast.Name(id=name):
                return self._quoted.get(name, name)
            case ast.Attribute(value=value, attr=attr):
                before = self._name(value)
                return None if before is None else f"{before}.{attr}"
        return None

    def _refused(self, problem: str) -> ConstraintError:
        return ConstraintError(
            f"the formula {self.text!r} {problem}. Write names of columns (in backticks where they "
            "hold more than letters, digits and _), numbers, + - * / // % **, brackets, and "
            f"{', '.join(_FUNCTIONS)}."
        )

    def _check(self, node: ast.expr) -> list[str]:
        """Names of columns below a node that is understood."""
        name = self._name(node)
        if name is not None:
            return [name]
        match node:
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                return []
            case ast.BinOp(op=op) if type(op) in _OPERATORS:
                return self._check(node.left) + self._check(node.right)
            case ast.UnaryOp(op=op) if type(op) in _OPERATORS:
                return self._check(node.operand)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if (
                name in _FUNCTIONS and len(args) == _FUNCTIONS[name][0]
            ):
                return [column for arg in args for column in self._check(arg)]
        raise self._refused(f"holds {ast.unparse(node)!r}, which is not arithmetic on columns")

    def _work_out(self, node: ast.expr, values: dict[str, Tensor]) -> Tensor:
        name = self._name(node)
        if name is not None:
            return values[name]
        match node:
            case ast.Constant(value=value):
                return torch.tensor(_float(value), dtype=torch.float64)
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATORS[type(op)](
                    self._work_out(left, values), self._work_out(right, values)
                )
            case ast.UnaryOp(op=op, operand=operand):
                return _OPERATORS[type(op)](self._work_out(operand, values))
            case ast.Call(func=ast.Name(id=name), args=args):
                return _FUNCTIONS[name][1](*(self._work_out(arg, values) for arg in args))
        raise AssertionError(f"{ast.dump(node)} was checked")


class _Renamed(ast.NodeTransformer):
    """Names of columns become names that hold the new one as hexadecimal digits."""

    def __init__(self, name_of: Callable[[ast.expr], str | None], names: Mapping[str, str]) -> None:
        self._name_of, self._names = name_of, names

    def visit(self, node: ast.AST) -> ast.AST:
        """A node with names replaced; the name of a function stays."""
        if isinstance(node, ast.Call):
            node.args = [cast(ast.expr, self.visit(one)) for one in node.args]
            return node
        name = self._name_of(node) if isinstance(node, ast.Name | ast.Attribute) else None
        if name is None or name not in self._names:
            return self.generic_visit(node)
        return ast.Name(id=f"column_{self._names[name].encode().hex()}_", ctx=ast.Load())


def _float(value: Any) -> float:
    """A number of any length; one that no float holds is infinite."""
    try:
        return float(value)
    except OverflowError:
        return float("inf")
