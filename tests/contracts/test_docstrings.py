"""What docstrings say of tensors, and that texts are plain English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import zerosum

SOURCE = Path(zerosum.__path__[0])
ROOT = SOURCE.parents[1]
PARTS = (
    "spaces.py", "rng.py", "runtime.py", "pictures.py", "engine", "objectives", "networks", "games",
)  # fmt: skip
FILES = [path for part in PARTS for path in sorted([SOURCE / part, *(SOURCE / part).rglob("*.py")])]
PAGES = sorted(
    path
    for path in [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md"), *ROOT.glob("[CR]*.md")]
    if path.name not in ("cli.md", "figures.md")
)
SHAPE = re.compile(r"`\[[^`]*\]`")
BANNED = (
    "nought", "foretold", "foretell", "is none,", "is none.", "None, and none drawn", "to spare",
    "told of", "Left out, ", "left out, ", "thereof", "whereof", "as it were",
)  # fmt: skip

Function = tuple[str, ast.FunctionDef]


def functions_of(node: ast.AST, path: str) -> Iterator[Function]:
    """Public functions, and public methods of public classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from functions_of(child, f"{path}{child.name}.")
        elif isinstance(child, ast.FunctionDef) and not child.name.startswith("_"):
            yield path + child.name, child


def takes_or_returns_tensors(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.args, *function.args.kwonlyargs]
    annotations = [one.annotation for one in arguments] + [function.returns]
    return any(re.search(r"\bTensor\b", ast.unparse(one)) for one in annotations if one is not None)


def over_tensors(sources: dict[str, str]) -> list[Function]:
    found = (f for name, text in sources.items() for f in functions_of(ast.parse(text), f"{name}:"))
    return [(name, function) for name, function in found if takes_or_returns_tensors(function)]


def shows_a_shape(function: ast.FunctionDef) -> bool:
    return SHAPE.search(ast.get_docstring(function) or "") is not None


@pytest.fixture(scope="module")
def known() -> list[Function]:
    files = [path for path in FILES if path.is_file()]
    texts = {path.relative_to(SOURCE).as_posix(): path.read_text("utf-8") for path in files}
    return over_tensors(texts)


def test_functions_over_tensors_show_shapes(known: list[Function]) -> None:
    assert len(known) > 100
    silent = [name for name, function in known if not shows_a_shape(function)]
    assert len(silent) <= 0.1 * len(known), f"no shape in: {', '.join(silent)}"


def test_functions_over_tensors_have_examples(known: list[Function]) -> None:
    """Methods need a network or a game; functions can show what they do."""
    plain = [(name, function) for name, function in known if "." not in name.partition(":")[2]]
    assert len(plain) > 30
    silent = [name for name, one in plain if ">>>" not in (ast.get_docstring(one) or "")]
    assert len(silent) <= 0.25 * len(plain), f"no example in: {', '.join(silent)}"


def test_the_search_finds_what_it_looks_for() -> None:
    source = '''
class A:
    def f(self, x: "Tensor") -> int:
        """`x` is `[B, C]`."""
    def _g(self, x: Tensor) -> int:
        """Nobody calls it."""
def h(*, x: Tensor | None) -> None:
    """Silent."""
def i(x: int) -> int:
    """No tensor."""
'''
    found = dict(over_tensors({"m": source}))
    assert list(found) == ["m:A.f", "m:h"]
    assert [shows_a_shape(one) for one in found.values()] == [True, False]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_are_plain_english(page: Path) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL))
    assert not [idiom for idiom in BANNED if idiom in text]
