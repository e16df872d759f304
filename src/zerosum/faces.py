"""How messages spell options and verbs: as the command line, as pages, or as Python has them.

`option` and `verb` are called where a message is made. They spell for Python, unless the program
is the command line or the studio, which says so once.
"""

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

_SHORT = {"n": "-n", "from_run": "--from", "from_speaker": "--from", "to_speaker": "--to"}
"""Options whose name on the command line does not follow from that in Python."""

_LONGEST = 40

_PYTHON, _SHELL, _PAGES = "python", "shell", "pages"
_face = _PYTHON


def command_line() -> AbstractContextManager[None]:
    """Spell for the command line while this lasts."""
    return _speaking(_SHELL)


def pages() -> AbstractContextManager[None]:
    """Spell for the studio while this lasts: options as its forms have them, verbs as a shell."""
    return _speaking(_PAGES)


@contextmanager
def _speaking(face: str) -> Iterator[None]:
    global _face
    before, _face = _face, face
    try:
        yield
    finally:
        _face = before


def option(name: str, value: Any = None) -> str:
    """An option, with a value if one is given.

    >>> option("samples"), option("from_run"), option("labels", "none"), option("skip_bad", True)
    ('samples=', 'from_run=', "labels='none'", 'skip_bad=True')
    >>> with command_line():
    ...     option("samples"), option("from_run"), option("size", 64), option("skip_bad", True)
    ('--samples', '--from', '--size 64', '--skip-bad')
    >>> with pages():
    ...     option("samples"), option("from_run"), option("size", 64), option("skip_bad", True)
    ('“samples”', '“from run”', '“size: 64”', '“skip bad”')

    Args:
        name: as Python spells it.
        value: True for a switch that is set; a path is text.
    """
    value = str(value) if isinstance(value, Path) else value
    if _face == _PYTHON:
        return f"{name}={'' if value is None else repr(value)}"
    if _face == _PAGES:
        shown = "" if value is None or value is True else f": {value}"
        return f"“{label(name)}{shown}”"
    return _flag(name, value)


def several(name: str, values: Sequence[Any]) -> str:
    """An option with several values.

    >>> several("drop", ["a", "b c"])
    "drop=['a', 'b c']"
    >>> with command_line():
    ...     several("drop", ["a", "b c"]), several("missing", ["-9"])
    ("--drop a --drop 'b c'", '--missing=-9')
    >>> with pages():
    ...     several("drop", ["a", "b c"]), several("missing", ["1,30"])
    ('“drop: a, b c”', '“missing: ["1,30"]”')
    """
    if _face == _PYTHON:
        return option(name, list(values))
    if _face == _PAGES:
        split = any("," in str(one) for one in values)
        listed = json.dumps(list(values), ensure_ascii=False)
        return option(name, listed if split else ", ".join(map(str, values)))
    return " ".join(_flag(name, one).replace(" -", "=-", 1) for one in values)


def label(name: str) -> str:
    """What forms call an option.

    >>> label("skip_bad")
    'skip bad'
    """
    return name.replace("_", " ")


def _flag(name: str, value: Any) -> str:
    spelled = _SHORT.get(name, f"--{name.replace('_', '-')}")
    return spelled if value is None or value is True else f"{spelled} {shlex.quote(str(value))}"


class Blank(str):
    """Words in capitals that stand for what the user knows, in the value of an option."""


def reading(**values: Any) -> str:
    r"""Options of a reader, with values.

    >>> reading(window=Blank("LENGTH")), reading(text="NOTE")
    ("options={'window': LENGTH}", "options={'text': 'NOTE'}")
    >>> with command_line():
    ...     reading(series="id", label="id")
    ...     reading(kinds={"day": "date"}, window=8)
    '--with series=id --with label=id'
    '--with \'kinds={"day": "date"}\' --with window=8'
    """
    if _face == _PAGES:
        return " and ".join(option(name, value) for name, value in values.items())
    if _face == _SHELL:
        pairs = (
            f"{k}={v if isinstance(v, str) else json.dumps(v, default=str)}"
            for k, v in values.items()
        )
        return " ".join(f"--with {shlex.quote(one)}" for one in pairs)
    pairs = (f"{k!r}: {_as_python(v)}" for k, v in values.items())
    return f"options={{{', '.join(pairs)}}}"


def _as_python(value: Any) -> str:
    """A value; a blank as it is, several of them as a tuple."""
    if not isinstance(value, Blank):
        return repr(value)
    return f"({value.replace(',', ', ')})" if "," in value else str(value)


def schema(column: str, kind: Any) -> str:
    """What says how a column is taken.

    >>> schema("day", "category")
    "schema={'day': 'category'}"
    >>> with command_line():
    ...     schema("day", "category")
    '--schema FILE, a JSON file of {"day": "category"}'

    Args:
        column: its name.
        kind: its kind, or its kind and more in a dictionary.
    """
    if _face == _PYTHON:
        return f"schema={{{column!r}: {kind!r}}}"
    spelled = json.dumps({column: kind}, ensure_ascii=False)
    if _face == _PAGES:
        return option("schema", spelled)
    return f"--schema FILE, a JSON file of {spelled}"


def shortened(text: str) -> str:
    """At most 40 characters of a text, for a line of output.

    >>> len(shortened("x" * 20_000)), shortened("Oslo")
    (40, 'Oslo')
    """
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def verb(name: str, *given: Any, **options: Any) -> str:
    r"""A call of a verb, which runs as it stands where everything is given.

    >>> verb("recipes"), verb("resume", Path("runs/my run"), samples=64)
    ('zs.recipes()', "zs.resume('runs/my run', samples=64)")
    >>> with command_line():
    ...     print(verb("resume", Path("runs/my run"), samples=64))
    zerosum resume 'runs/my run' --samples 64

    Args:
        name: as Python spells it.
        given: what it is called with.
        options: by their names in Python.
    """
    words = [str(one) if isinstance(one, Path) else one for one in given]
    if _face != _PYTHON:
        named = name.replace("_", "-")
        spelled = [_flag(key, value) for key, value in options.items()]
        return " ".join(["zerosum", named, *(shlex.quote(str(word)) for word in words), *spelled])
    spelled = [option(key, value) for key, value in options.items()]
    return f"zs.{name}({', '.join([*map(repr, words), *spelled])})"


def either(*, python: str, shell: str, page: str = "") -> str:
    """What differs in more than how it is spelled; pages have what a shell has, if not given.

    >>> either(python="model.find_directions()", shell="zerosum directions RUN")
    'model.find_directions()'
    """
    if _face == _PAGES:
        return page or shell
    return python if _face == _PYTHON else shell
