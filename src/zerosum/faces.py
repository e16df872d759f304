"""How messages spell options and verbs: as the command line has them, or as Python does.

`option` and `verb` are called where a message is made. They spell for Python, unless the program
is the command line, which says so once.
"""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SHORT = {"n": "-n", "from_run": "--from", "from_speaker": "--from", "to_speaker": "--to"}
"""Options whose name on the command line does not follow from that in Python."""

_LONGEST = 40

_verbs_of_shell = False


@contextmanager
def command_line() -> Iterator[None]:
    """Spell for the command line while this lasts."""
    global _verbs_of_shell
    before, _verbs_of_shell = _verbs_of_shell, True
    try:
        yield
    finally:
        _verbs_of_shell = before


def option(name: str, value: Any = None) -> str:
    """An option, with a value if one is given.

    >>> option("samples"), option("from_run"), option("labels", "none"), option("skip_bad", True)
    ('samples=', 'from_run=', "labels='none'", 'skip_bad=True')
    >>> with command_line():
    ...     option("samples"), option("from_run"), option("size", 64), option("skip_bad", True)
    ('--samples', '--from', '--size 64', '--skip-bad')

    Args:
        name: as Python spells it.
        value: True for a switch that is set; a path is text.
    """
    value = str(value) if isinstance(value, Path) else value
    if not _verbs_of_shell:
        return f"{name}={'' if value is None else repr(value)}"
    spelled = _SHORT.get(name, f"--{name.replace('_', '-')}")
    return spelled if value is None or value is True else f"{spelled} {shlex.quote(str(value))}"


class Blank(str):
    """Words in capitals that stand for what the user knows, in the value of an option."""


def reading(**values: Any) -> str:
    """Options of a reader, with values.

    >>> reading(window=Blank("LENGTH")), reading(text="NOTE")
    ("options={'window': LENGTH}", "options={'text': 'NOTE'}")
    >>> with command_line():
    ...     reading(series="id", label="id")
    '--with series=id label=id'
    """
    if _verbs_of_shell:
        return "--with " + " ".join(shlex.quote(f"{k}={v}") for k, v in values.items())
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
    if not _verbs_of_shell:
        return f"schema={{{column!r}: {kind!r}}}"
    spelled = json.dumps({column: kind}, ensure_ascii=False)
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
    spelled = [option(key, value) for key, value in options.items()]
    if _verbs_of_shell:
        named = name.replace("_", "-")
        return " ".join(["zerosum", named, *(shlex.quote(str(word)) for word in words), *spelled])
    return f"zs.{name}({', '.join([*map(repr, words), *spelled])})"


def either(*, python: str, shell: str) -> str:
    """What differs between both in more than how it is spelled.

    >>> either(python="model.find_directions()", shell="zerosum directions RUN")
    'model.find_directions()'
    """
    return shell if _verbs_of_shell else python
