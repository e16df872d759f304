"""The documentation is true: pages exist for all there is, links lead somewhere, blocks run."""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType
from typing import Any

import pytest
from typer.main import get_command

from tests.forks import Forks
from zerosum.catalogue import all_measures, all_recipes
from zerosum.cli.app import app
from zerosum.engine.choose import Wishes
from zerosum.games.base import GameConfig
from zerosum.workflows.train import train

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN = sorted(
    path
    for path in [
        *DOCS.glob("*.md"),
        *DOCS.glob("decisions/*.md"),
        *DOCS.glob("log/*.md"),
        *ROOT.glob("[CR]*.md"),
    ]
    if path not in (DOCS / "cli.md", DOCS / "figures.md")
)
BLOCK = re.compile(r"^```(?P<head>[^\n`]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return load_generator().all_pages()


def page_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(text: str, language: str) -> list[re.Match[str]]:
    return [m for m in BLOCK.finditer(text) if m["head"].split(" ")[0] == language]


def script_and_files(text: str) -> tuple[str, dict[str, str]]:
    """The page's Python as one program whose lines stand where they do on the page, and its files.

    A block with a title is a file of that name; one that begins with `# not run` is left out.
    """
    lines = [""] * text.count("\n")
    files: dict[str, str] = {}
    for block in blocks(text, "python"):
        title = re.search(r'title="([^"]+)"', block["head"])
        if title:
            files[title[1]] = block["code"]
        elif not block["code"].startswith("# not run"):
            start = text.count("\n", 0, block.start("code"))
            code = block["code"].splitlines()
            lines[start : start + len(code)] = code
    return "\n".join(lines), files


EXECUTABLE = [page for page in WRITTEN if script_and_files(page.read_text("utf-8"))[0].strip()]

SLOW = {"README.md", "docs/table-conditions.md", "docs/tables.md"}
"""Pages that train for long what another page trains shortly."""


EXTRAS = {"docs/origin.md": "c2pa"}
"""Pages that need a library of an extra."""


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page_id(page), marks=[pytest.mark.slow] * (page_id(page) in SLOW))
        for page in EXECUTABLE
    ],
)
def test_python_blocks_run(page: Path, tmp_path: Path, forks: Forks) -> None:
    if page_id(page) in EXTRAS:
        pytest.importorskip(EXTRAS[page_id(page)], reason="the extra is not installed")
    script, files = script_and_files(page.read_text("utf-8"))
    for name, code in files.items():
        (tmp_path / name).write_text(code, "utf-8")
    program = tmp_path / f"{page.stem}.page.py"
    program.write_text(script, "utf-8")
    done = forks.run(Path(__file__).with_name("page.py"), program, cwd=tmp_path)
    assert done.returncode == 0, f"{page_id(page)} (lines as on the page):\n{done.stderr}"


WITHOUT_PANDAS = """
from importlib.machinery import PathFinder as finder

_find_spec = finder.find_spec
_absent = ("pandas", "polars")
finder.find_spec = lambda name, *more: (
    None if name.split(".")[0] in _absent else _find_spec(name, *more)
)
"""
"""What makes a program find neither library of frames, so that it gets arrow tables."""

OF_TABLES = [
    page
    for page in EXECUTABLE
    if re.search(r'"table"|"reviews"', page.read_text("utf-8"))
    and "import pandas" not in page.read_text("utf-8")
]


@pytest.mark.slow
@pytest.mark.parametrize("page", OF_TABLES, ids=page_id)
def test_python_blocks_run_without_pandas(page: Path, tmp_path: Path) -> None:
    script, files = script_and_files(page.read_text("utf-8"))
    for name, code in files.items():
        (tmp_path / name).write_text(code, "utf-8")
    program = tmp_path / f"{page.stem}.page.py"
    program.write_text(f"{WITHOUT_PANDAS}\n{script}", "utf-8")
    done = subprocess.run(
        [sys.executable, program.name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{page_id(page)}:\n{done.stderr}"


def test_enough_pages_run() -> None:
    names = {page.name for page in EXECUTABLE}
    assert {"index.md", "start.md", "own-gan.md", "control.md", "data.md", "evaluation.md"} <= names


@pytest.mark.parametrize("page", WRITTEN, ids=page_id)
def test_commands_are_spelled_as_in_the_program(page: Path) -> None:
    program: Any = get_command(app)
    for block in blocks(page.read_text("utf-8"), "sh"):
        for line in block["code"].splitlines():
            words = shlex.split(line, comments=True)
            if not words or words[0] != "zerosum":
                continue
            command = program.commands.get(words[1])
            assert command is not None, f"{line!r}: no such command"
            rest = words[2:]
            if rest and rest[0] in getattr(command, "commands", {}):
                command = command.commands[rest.pop(0)]
            command.make_context(words[1], rest)  # raises on an unknown or missing option


def test_own_gan_is_a_game_of_its_own() -> None:
    _, files = script_and_files((DOCS / "own-gan.md").read_text("utf-8"))
    assert f"({GameConfig.__name__})" in files["my_gan.py"]


@pytest.mark.slow  # 8 s
def test_own_gan_makes_many_digits(tmp_path: Path) -> None:
    """Without batch normalisation it makes one: coverage .01 to .02, lost .83 to .97."""
    _, files = script_and_files((DOCS / "own-gan.md").read_text("utf-8"))
    (tmp_path / "my_gan.py").write_text(files["my_gan.py"], "utf-8")
    run = train(
        str(tmp_path / "my_gan.py"), "digits", out=tmp_path / "run", samples=40_000, seed=0,
        device="cpu", referee="watch", wishes=Wishes("fp32", "contiguous", False, 1),
    )  # fmt: skip
    look = [event for event in run.events() if event["event"] == "measured"][-1]
    assert look["coverage"] > 0.2
    assert look["lost"] < 0.4
    assert look["spread"] > 0.6
    assert run.manifest["health"] is None


def test_every_recipe_has_a_page(generated: dict[str, str]) -> None:
    for entry in all_recipes().values():
        if entry.source is not None:
            continue
        page = generated[f"recipes/{entry.name}.md"]
        assert page.startswith(f"# {entry.name}\n")
        assert entry.summary.replace("\n", " ") in page.replace("\n", " ")
        assert "`optimisation.total_samples`" in page
        assert f"({entry.name}.md)" in generated["recipes/index.md"]


def test_a_recipe_page_covers_each_space(generated: dict[str, str]) -> None:
    for entry in all_recipes().values():
        if entry.source is None:
            page = generated[f"recipes/{entry.name}.md"]
            assert ("images of 32 x 32" in page) == ("image" in entry.spaces)
            assert ("points in the plane" in page) == ("point" in entry.spaces)


def test_every_command_and_option_is_documented(generated: dict[str, str]) -> None:
    page = generated["cli.md"]
    program: Any = get_command(app)
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert sections.keys() == program.commands.keys()
    spoken = list(program.commands.items())
    spoken += [
        (name, below)
        for name, command in program.commands.items()
        for below in getattr(command, "commands", {}).values()
    ]
    for name, command in spoken:
        assert command.help in sections[name]
        for parameter in command.params:
            assert parameter.help, f"{name}: {parameter.name} has no help"
            names = parameter.opts if parameter.param_type_name == "option" else []
            for spelled in [*names, *parameter.secondary_opts]:
                assert f"`{spelled}`" in sections[name], f"{name} {spelled} is not on the page"


def test_every_figure_is_explained(generated: dict[str, str]) -> None:
    page = generated["figures.md"]
    outputs = [output for measure in all_measures() for output in measure.outputs]
    assert len(outputs) > 10
    for output in outputs:
        assert f"`{output.name}`" in page
        assert output.meaning in page


def test_flat_gives_dotted_keys() -> None:
    flat = load_generator().flat
    tree = {"a": {"b": 1, "c": []}, "d": [{"e": None}], "f": {}}
    assert list(flat(tree)) == [("a.b", 1), ("a.c", []), ("d.0.e", None), ("f", {})]


def navigation() -> set[str]:
    """Paths and folders that mkdocs.yml names, read without mkdocs."""
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    _, _, nav = text.partition("\nnav:\n")
    return set(re.findall(r"^\s+- [^:\n]+: (\S+)$", nav, re.MULTILINE))


def test_every_page_is_in_the_navigation(generated: dict[str, str]) -> None:
    named = navigation()
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} | set(generated)
    missing = [p for p in pages if p not in named and f"{Path(p).parent.as_posix()}/" not in named]
    assert not missing, f"not in the nav of mkdocs.yml: {', '.join(sorted(missing))}"
    gone = [n for n in named if n not in pages and not any(p.startswith(n) for p in pages)]
    assert not gone, f"the nav of mkdocs.yml names what is not there: {', '.join(gone)}"


def test_the_hook_fills_folders_into_the_navigation(generated: dict[str, str]) -> None:
    config = {"nav": [{"Home": "index.md"}, {"Project": [{"Decisions": "decisions/"}]}]}
    nav = load_generator().on_config(config)["nav"]
    decisions = [f"decisions/{path.name}" for path in sorted((DOCS / "decisions").glob("*.md"))]
    decisions.sort(key=lambda path: (not path.endswith("/index.md"), path))
    assert nav == [{"Home": "index.md"}, {"Project": [{"Decisions": decisions}]}]
    assert len(decisions) >= 8


def anchors(text: str) -> set[str]:
    """The ids of headings, as the site makes them."""
    prose = BLOCK.sub("", text)
    plain = (re.sub(r"[^\w\s-]", "", title).strip().lower() for title in HEADING.findall(prose))
    return {re.sub(r"[-\s]+", "-", title) for title in plain}


def test_internal_links_lead_somewhere(generated: dict[str, str]) -> None:
    texts = {path.resolve(): path.read_text("utf-8") for path in WRITTEN}
    texts |= {(DOCS / name).resolve(): text for name, text in generated.items()}
    count = 0
    for path, text in texts.items():
        for target in LINK.findall(BLOCK.sub("", text)):
            if re.match(r"https?://|mailto:", target):
                continue
            count += 1
            file, _, anchor = target.partition("#")
            there = (path.parent / file).resolve() if file else path
            assert there in texts or there.is_file(), f"{path.name}: no page at {target}"
            if anchor:
                assert anchor in anchors(texts[there]), f"{path.name}: no heading at {target}"
    assert count > 20


def test_the_reference_names_what_there_is() -> None:
    text = (DOCS / "reference.md").read_text("utf-8")
    for block in re.split(r"^::: ", text, flags=re.MULTILINE)[1:]:
        name = block.split()[0]
        named = resolve_name(name)
        members = re.search(r"members: \[([^\]]*)\]", block)
        gone = [m for m in members[1].split(", ") if not hasattr(named, m)] if members else []
        assert not gone, f"{name} has no {', '.join(gone)}"


def test_architecture_lists_who_asks_for_the_class_of_a_space() -> None:
    source = ROOT / "src/zerosum"
    asking = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if "modalities" not in path.parts
        and re.search(r"isinstance\([^)]*Space\b", path.read_text("utf-8"))
    }
    _, _, section = (DOCS / "architecture.md").read_text("utf-8").partition("## Who still asks")
    listed = set(re.findall(r"^\| `([\w/]+\.py)`", section, re.MULTILINE))
    assert listed == asking


def test_the_site_needs_no_network() -> None:
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert "font: false" in text
    assert not re.search(r"extra_(javascript|css)|https?://", text)
