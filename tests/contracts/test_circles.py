"""No module imports itself through others, and types from above are named where it is written."""

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


def imports(*, annotations: bool) -> dict[str, set[str]]:
    """What each module imports, inside functions too; with or without `TYPE_CHECKING` blocks."""
    graph = grimp.build_graph(
        "zerosum", exclude_type_checking_imports=not annotations, cache_dir=None
    )
    return {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}


def reaches(graph: Mapping[str, set[str]], start: str, end: str) -> bool:
    seen, todo = {start}, [start]
    while todo:
        for name in graph.get(todo.pop(), set()) - seen:
            if name == end:
                return True
            seen.add(name)
            todo.append(name)
    return False


def upward(real: Mapping[str, set[str]], all_: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Imports for annotations alone that close a circle."""
    for name, known in all_.items():
        for other in known - real[name]:
            if reaches(all_, other, name):
                yield name.removeprefix("zerosum."), other.removeprefix("zerosum.")


def test_no_module_imports_itself_through_others() -> None:
    real = imports(annotations=False)
    assert len(real) > 150
    try:
        TopologicalSorter(real).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


def test_annotations_that_name_upwards_are_written_down() -> None:
    _, _, section = PAGE.read_text("utf-8").partition("## Annotations that name upwards")
    section, _, _ = section.partition("\n## ")
    written = set[tuple[str, str]]()
    for first, second in re.findall(r"^\| (`[^|]+) \| (`[^|]+) \|", section, re.MULTILINE):
        written |= {(name, second.strip(" `")) for name in re.findall(r"`([\w.]+)`", first)}
    assert set(upward(imports(annotations=False), imports(annotations=True))) == written


def test_the_search_finds_circles() -> None:
    real = {"a": {"b"}, "b": {"c"}, "c": set[str](), "d": {"a"}}
    assert reaches(real, "d", "c")
    assert not reaches(real, "c", "a")
    assert set(upward(real, {**real, "c": {"a"}, "d": {"a", "b"}})) == {("c", "a")}
