"""Write the pages that follow from the code: docs/recipes/, docs/figures.md and docs/cli.md.

`make docs` runs this before it builds the site. It needs zerosum alone; the site's tools are only
needed afterwards. mkdocs loads the same file as a hook, which fills folders into the navigation.
"""

import json
import re
import sys
from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path
from typing import Any

from typer.main import get_command

from zerosum.catalogue import all_measures, all_recipes
from zerosum.cli.app import app
from zerosum.evaluation.metrics.base import Metric
from zerosum.evaluation.reports.rendering import WAYS
from zerosum.games.base import Game
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.images.pair_space import PairSpace
from zerosum.recipe_registry import Entry
from zerosum.rng import seeded_initialisation
from zerosum.spaces import ImageSpace, PointSpace, Space
from zerosum.testing import small_dataset

DOCS = Path(__file__).parent
GENERATED = "<!-- Written by docs/generate.py; change the code it describes instead. -->"
_LABELS = ("a", "b", "c", "d")


def main() -> None:
    """Write every generated page, and delete pages of recipes that are gone."""
    pages = all_pages()
    folder = DOCS / "recipes"
    folder.mkdir(exist_ok=True)
    for stale in folder.glob("*.md"):
        if f"recipes/{stale.name}" not in pages:
            stale.unlink()
    for name, text in pages.items():
        (DOCS / name).write_text(text, encoding="utf-8")
    print(f"wrote {len(pages)} pages into {DOCS}")


def all_pages() -> dict[str, str]:
    """Text by path below `docs/`."""
    entries = [entry for entry in all_recipes().values() if entry.source is None]
    pages = {f"recipes/{entry.name}.md": recipe_page(entry) for entry in entries}
    return pages | {
        "recipes/index.md": recipe_index(entries),
        "figures.md": figure_page(),
        "cli.md": command_page(),
    }


def recipe_index(entries: list[Entry]) -> str:
    """One table of all recipes."""
    rows = [
        (
            f"[`{entry.name}`]({entry.name}.md)",
            _words(entry.spaces) + (f", with {', '.join(entry.needs)}" if entry.needs else ""),
            _cell(entry.summary),
            _linked(entry.paper),
        )
        for entry in entries
    ]
    text = (
        "One page for each recipe, written from its code. The same list is printed by "
        "`zerosum recipes`."
    )
    table = _table(("Recipe", "Takes", "In one sentence", "Paper"), rows)
    return f"# Recipes\n\n{GENERATED}\n\n{text}\n\n{table}\n"


_EXAMPLES = {
    "image": "digits", "point": "moons", "table": "reviews", "pair": "pairs/", "series": "waves",
    "sequences": "bank",
    "level": "dungeon", "string": "notes", "clip": "bouncing", "molecule": "fragments",
    "relational": "shop.sqlite",
    "sound": "kit", "music": "tunes",
    "speech": "speech/", "voices": "anna/ ben/",
    "texture": "wall.jpg", "captioned": "scenes",
}  # fmt: skip
"""Data that shows a recipe, by the first kind of space that it takes."""


def recipe_page(entry: Entry) -> str:
    """What a recipe is, how it deviates from its paper, and every value it decides."""
    labels = " The data must be labelled." if "labels" in entry.needs else ""
    labels += " The images must be in colour." if "colour" in entry.needs else ""
    labels += " Each image needs one that it is made from." if "aligned" in entry.needs else ""
    example = "photos/" if "colour" in entry.needs else _EXAMPLES[entry.spaces[0]]
    parts = [
        f"# {entry.name}\n\n{GENERATED}",
        getdoc(entry.build) or "",
        f"- **Paper:** {_linked(entry.paper)}\n- **Takes:** {_words(entry.spaces)}.{labels}",
        f"```sh\nzerosum train {entry.name} --data {example}\n```",
        "## The paper, and where the recipe deviates\n\n" + _linked(_module_docstring(entry)),
        "## What it decides\n\nA recipe is resolved for the data at hand. These are the values for "
        "an example or two; any of them can be changed with `--set key=value` "
        "(see [Configuration](../configuration.md)).",
        *(_resolved(entry, title, space) for title, space in example_spaces(entry)),
    ]
    return "\n\n".join(parts) + "\n"


def example_spaces(entry: Entry) -> Iterator[tuple[str, Space]]:
    """A space of each kind that the recipe takes, with a title."""
    labels = _LABELS if "labels" in entry.needs else ()
    counts = (100,) * len(labels)
    if "image" in entry.spaces:
        space = ImageSpace(channels=3, height=32, width=32, labels=labels, label_counts=counts)
        yield "For colour images of 32 x 32", space
    if "point" in entry.spaces:
        plane = PointSpace(center=(0, 0), scale=(1, 1), labels=labels, label_counts=counts)
        yield "For points in the plane", plane
    if "pair" in entry.spaces:
        picture = ImageSpace(channels=3, height=32, width=32)
        fields = {"channels": 3, "height": 32, "width": 32, "aligned": True}
        yield "For pairs in colour, 32 x 32", PairSpace(source=picture, **fields)
    if "table" in entry.spaces:
        yield "For a small table of four columns", small_dataset("table").space
    if "relational" in entry.spaces:
        yield "For a database of two small tables", small_dataset("relational").space
    if "sound" in entry.spaces:
        yield "For sounds with four labels", small_dataset("sound").space
    if "speech" in entry.spaces:
        yield "For speech", small_dataset("speech").space
    if "voices" in entry.spaces:
        yield "For two speakers", small_dataset("voices", num_labels=2).space
    if "series" in entry.spaces:
        yield "For labelled series of two channels", small_dataset("series", num_labels=2).space
    if "sequences" in entry.spaces:
        yield "For sequences of 64 entities", small_dataset("sequences").space
    if "string" in entry.spaces:
        yield "For 64 short texts", small_dataset("string").space
    if "clip" in entry.spaces:
        yield "For clips of two labels", small_dataset("clip", num_labels=2).space
    if "texture" in entry.spaces:
        yield "For small textures without labels", small_dataset("texture", num_labels=0).space
    if "captioned" in entry.spaces:
        yield "For small images with four captions", small_dataset("captioned").space
    if "molecule" in entry.spaces:
        yield "For 64 molecules", small_dataset("molecule").space
    if "level" in entry.spaces:
        yield "For small dungeons of two labels", small_dataset("level", num_labels=2).space
    if "music" in entry.spaces:
        yield "For short songs with four labels", small_dataset("music").space


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and plain values of a JSON tree.

    >>> list(flat({"a": {"b": 1}, "c": []}))
    [('a.b', 1), ('c', [])]
    """
    if isinstance(value, list):
        value = {str(i): item for i, item in enumerate(value)} or value
    if not isinstance(value, dict) or not value:
        yield prefix, value
        return
    for key, item in value.items():
        yield from flat(item, f"{prefix}.{key}" if prefix else key)


def figure_page() -> str:
    """What each figure of the judge means, which way is good, and where it comes from."""
    parts = [
        f"# Figures\n\n{GENERATED}",
        "Every figure that [`zerosum evaluate`](evaluation.md) may give, written from the code. "
        "Which of them appear depends on the data: labels, a holdout and known modes add some.",
    ]
    for measure in all_measures():
        where = _words(_suited(measure)) or "samples of every kind"
        for output in measure.outputs:
            needs = f"{where}; at least {measure.least} samples and reals"
            features = "in features" if output.extractor else "not in features"
            parts.append(
                f"## {output.title}\n\n{output.meaning}\n\n"
                f"- `{output.name}`: {WAYS[output.better]}; {features}; for {needs}.\n"
                f"- {_linked(output.source)}"
            )
    return "\n\n".join(parts) + "\n"


def _suited(measure: Metric) -> tuple[str, ...]:
    """Kinds of samples that are judged and that a metric suits; empty for all of them."""
    kinds = ("image", "point", "sequences", "series", "table")
    suited = tuple(kind for kind in kinds if measure.suits(small_dataset(kind).space))
    return () if suited == kinds else suited


def command_page() -> str:
    """Every command with its arguments and options."""
    program: Any = get_command(app)
    parts = [
        f"# Command line\n\n{GENERATED}",
        f"{program.help} Every command answers to `-h`, and `zerosum "
        "--install-completion` teaches your shell to complete them. Errors that zerosum raises on "
        "purpose are one line on standard error, with exit code 2; with `--json` they are an "
        "object on standard output with `error`, `message` and `exit_code`. A training that was "
        "interrupted leaves with code 130, and can be resumed.",
    ]
    parts += [_command(name, command) for name, command in program.commands.items()]
    return "\n\n".join(parts) + "\n"


def on_config(config: Any) -> Any:
    """Called by mkdocs: an entry of the navigation that ends in `/` becomes its folder's pages."""
    config["nav"] = [_filled(item) for item in config["nav"]]
    return config


def _filled(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    ((title, target),) = item.items()
    if isinstance(target, list):
        return {title: [_filled(inner) for inner in target]}
    if not target.endswith("/"):
        return item
    pages = sorted((DOCS / target).glob("*.md"), key=lambda page: (page.stem != "index", page.stem))
    return {title: [page.relative_to(DOCS).as_posix() for page in pages]}


def _resolved(entry: Entry, title: str, space: Space) -> str:
    recipe = entry.resolve(space)
    with seeded_initialisation(0):
        game = recipe.game.build(space)
    rows = [(f"`{key}`", f"`{_json(value)}`") for key, value in flat(recipe.to_json())]
    return f"### {title}\n\n{_players(game)}\n\n" + _table(("Key", "Value"), rows)


def _players(game: Game) -> str:
    names = dict.fromkeys(move.player for move in game.moves())
    counts = [
        f"`{name}` {sum(p.numel() for p in game.get_submodule(name).parameters()):,}"
        for name in names
    ]
    controls = [f"`{name}` ({_choices(control)})" for name, control in game.controls().items()]
    return (
        f"- Parameters: {', '.join(counts)}.\n"
        f"- Controls for `--where`: {', '.join(controls) or 'none as it stands'}."
    )


def _choices(control: ChoiceControl | RangeControl) -> str:
    if isinstance(control, ChoiceControl):
        return f"one of {len(control.names)} names"
    return f"{control.low:g} to {control.high:g}"


def _command(name: str, command: Any, level: str = "##") -> str:
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    arguments = [p for p in shown if p.param_type_name == "argument"]
    options = [p for p in shown if p.param_type_name == "option"]
    words = [p.name.upper() if p.required else f"[{p.name.upper()}]" for p in arguments]
    required = [p.opts[0] + " …" for p in options if p.required]
    usage = " ".join(["zerosum", name, *words, *required, "[OPTIONS]"])
    parts = [f"{level} {name}", command.help, f"```text\n{usage}\n```"]
    if arguments:
        rows = [(f"`{p.name.upper()}`", _default(p), _cell(p.help)) for p in arguments]
        parts.append(_table(("Argument", "Default", "What it is"), rows))
    if options:
        rows = [(_spelling(p), _default(p), _cell(p.help)) for p in options]
        parts.append(_table(("Option", "Default", "What it does"), rows))
    below = getattr(command, "commands", {})
    parts += [_command(f"{name} {under}", one, f"{level}#") for under, one in below.items()]
    return "\n\n".join(parts)


def _spelling(option: Any) -> str:
    return ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if isinstance(parameter.default, bool):
        return "on" if parameter.default else "off"
    return "" if parameter.default is None else f"`{parameter.default}`"


def _module_docstring(entry: Entry) -> str:
    return (sys.modules[entry.build.__module__].__doc__ or "").strip()


def _words(spaces: tuple[str, ...]) -> str:
    names = {"image": "images", "point": "points", "table": "tables",
             "pair": "two domains of images", "texture": "textures",
             "captioned": "images with captions"}  # fmt: skip
    return " and ".join(names.get(space, space) for space in spaces)


def _linked(text: str) -> str:
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
