"""What docstrings say of tensors, and that texts are plain English."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import zerosum

SOURCE = Path(zerosum.__path__[0])
ROOT = SOURCE.parents[1]
ROOMS = {
    "core": (
        "spaces.py", "rng.py", "runtime.py", "pictures.py", "engine", "objectives", "networks",
        "games",
    ),
    "evaluation": ("evaluation", "plots"),
    "modalities": ("modalities",),
    "cli": ("cli",),
}  # fmt: skip
EXAMPLES = {"core": 0.75, "evaluation": 0.75, "modalities": 0.5}
"""Share of the functions over tensors that have an example; many of a modality need a model."""
"""Where docstrings, comments and messages are plain English."""
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
BANNED_IN_SOURCES = (
    ": told ",
    "told how",
    "there is none",
    "there are none",
    "it is none",
    "left out;",
)

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


def files_of(parts: Sequence[str]) -> list[Path]:
    found = (path for part in parts for path in [SOURCE / part, *(SOURCE / part).rglob("*.py")])
    return sorted(path for path in found if path.is_file())


def known(room: str) -> list[Function]:
    files = files_of(ROOMS[room])
    texts = {path.relative_to(SOURCE).as_posix(): path.read_text("utf-8") for path in files}
    return over_tensors(texts)


def test_every_room_is_looked_at() -> None:
    assert len(known("core")) > 100
    assert len(known("modalities")) > 100
    assert len(known("evaluation")) > 30
    assert all(files_of(parts) for parts in ROOMS.values())


@pytest.mark.parametrize("room", ROOMS)
def test_functions_over_tensors_show_shapes(room: str) -> None:
    functions = known(room)
    silent = [name for name, function in functions if not shows_a_shape(function)]
    assert len(silent) <= 0.1 * len(functions), f"no shape in: {', '.join(silent)}"


@pytest.mark.parametrize("room", EXAMPLES)
def test_functions_over_tensors_have_examples(room: str) -> None:
    """Methods need a network or a game; functions can show what they do."""
    functions = known(room)
    plain = [(name, one) for name, one in functions if "." not in name.partition(":")[2]]
    silent = [name for name, one in plain if ">>>" not in (ast.get_docstring(one) or "")]
    most = (1 - EXAMPLES[room]) * len(plain)
    assert len(silent) <= most, f"no example in: {', '.join(silent)}"


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


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix()
)
def test_sources_are_plain_english(path: Path) -> None:
    text = re.sub(r"\s+", " ", path.read_text("utf-8"))
    assert not [idiom for idiom in (*BANNED, *BANNED_IN_SOURCES) if idiom in text]
