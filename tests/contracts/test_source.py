"""What every file of the package keeps to, read from its syntax tree."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import zerosum

ROOT = Path(zerosum.__path__[0])
FILES = {
    str(path.relative_to(ROOT)): path
    for path in sorted(ROOT.rglob("*.py"))
    if path.parent.name != "migrations"  # which Django writes
}
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


def is_overload(part: Definition) -> bool:
    """Whether it says a type alone; the function that follows has the words."""
    return any(isinstance(one, ast.Name) and one.id == "overload" for one in part.decorator_list)


def public_parts(node: ast.AST, path: str = "") -> Iterator[tuple[str, Definition]]:
    """Public classes, functions and methods; not what lies inside functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition) and not child.name.startswith("_"):
            yield path + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from public_parts(child, f"{path}{child.name}.")
        elif isinstance(child, ast.If | ast.Try):
            yield from public_parts(child, path)


def words_of(tree: ast.AST) -> Iterator[str]:
    """Every name that the code reads or imports, dotted ones in their parts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (part for alias in node.names for part in alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module or "").split(".")
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_there_are_files_to_look_at() -> None:
    assert {"config.py", "runs/store.py", "zoo/dcgan.py", "cli/app.py"} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_modules_classes_and_functions_have_docstrings(name: str) -> None:
    tree = tree_of(name)
    assert ast.get_docstring(tree), "the module says nothing"
    silent = [
        path
        for path, part in public_parts(tree)
        if not ast.get_docstring(part) and not is_overload(part)
    ]
    assert not silent


@pytest.mark.parametrize("name", FILES)
def test_files_are_short(name: str) -> None:
    assert len(FILES[name].read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("name", FILES)
def test_nothing_unsafe_is_read_or_run(name: str) -> None:
    tree = tree_of(name)
    banned = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    banned |= {"eval", "exec", "compile_command", "read_pickle", "allow_pickle"}
    used = set(words_of(tree)) & banned
    used -= {"eval"} if only_calls_eval_of_modules(tree) else set()
    assert not used
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        function = ast.unparse(call.func)
        assert function not in ("torch.load", "torch.save", "torch.jit.load"), function
        for keyword in call.keywords:
            shown = f"{keyword.arg}={ast.unparse(keyword.value)}"
            assert shown not in ("weights_only=False", "allow_pickle=True", "shell=True"), shown


def only_calls_eval_of_modules(tree: ast.Module) -> bool:
    """`game.eval()` puts a network into evaluation mode; the built-in is a bare name."""
    return not any(isinstance(node, ast.Name) and node.id == "eval" for node in ast.walk(tree))


@pytest.mark.parametrize(
    "source", ["import pickle", "from torch import load as pickle", "eval('1')"]
)
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    tree = ast.parse(source)
    found = set(words_of(tree))
    assert found & {"pickle", "eval", "load"}
    assert only_calls_eval_of_modules(tree) == ("eval" not in source)


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "shared"}
    assert not [name for name in FILES if drawers & set(Path(name).with_suffix("").parts)]


@pytest.mark.parametrize("name", [n for n in FILES if Path(n).match("zoo/[!_]*.py")])
def test_papers_are_cited(name: str) -> None:
    words = ast.get_docstring(tree_of(name)) or ""
    assert "arXiv:" in words
    assert any(str(year) in words for year in range(2013, 2040))


@pytest.mark.parametrize("name", FILES)
def test_torchs_global_generator_is_not_seeded(name: str) -> None:
    """`rng.py` alone may touch it, and puts it back."""
    calls = [ast.unparse(n.func) for n in ast.walk(tree_of(name)) if isinstance(n, ast.Call)]
    seeding = {"torch.manual_seed", "torch.seed", "torch.cuda.manual_seed_all", "np.random.seed"}
    seeding |= {"torch.default_generator.manual_seed", "random.seed"}
    assert not seeding & set(calls) or name == "rng.py"


def test_no_two_public_classes_share_a_name() -> None:
    homes: dict[str, list[str]] = {}
    for name in FILES:
        for node in tree_of(name).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(name)
    assert not {name: files for name, files in homes.items() if len(files) > 1}
