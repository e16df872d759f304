"""Every command of `zerosum`.

Heavy libraries are imported inside the commands, so that `zerosum --help` answers at once.
"""

import sys
import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zerosum.cli import (
    anomalies,
    augmenting,
    catalogue,
    control,
    copywriting,
    exporting,
    judging,
    looking,
    origin,
    refining,
    remedies,
    sampling,
    studio,
    tables,
    templating,
    training,
    translating,
)
from zerosum.cli.output import (
    fail,
    say,
    settle_streams,
    show_warning,
    wants_json,
)
from zerosum.errors import ZerosumError
from zerosum.faces import command_line

if TYPE_CHECKING:
    pass

_WRONG_WORDS: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""What typer raises of words it does not know: a class of click, or of its own copy of that."""

app = typer.Typer(
    name="zerosum",
    help="Train, control, judge, audit and ship generative adversarial networks.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"zerosum {version('zerosum')}")
        raise typer.Exit


@app.callback()
def program(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Train, control, judge, audit and ship generative adversarial networks."""


training.register(app)
looking.register(app)
catalogue.register(app)
sampling.register(app)
control.register(app)
copywriting.register(app)
exporting.register(app)
translating.register(app)
judging.register(app)
augmenting.register(app)
refining.register(app)
anomalies.register(app)
remedies.register(app)
tables.register(app)
templating.register(app)
origin.register(app)
studio.register(app)


def main() -> None:
    """Run the command line.

    Errors that zerosum raises on purpose are one line on standard error, or with `--json` an object
    on standard output; the exit code is 2.
    """
    warnings.showwarning = show_warning
    settle_streams()
    try:
        with command_line():
            code = app(standalone_mode=False)
    except ZerosumError as error:
        code = fail(type(error).__name__, str(error), 2)
    except _WRONG_WORDS as error:
        if not wants_json():
            error.show()
            sys.exit(error.exit_code)
        code = fail("UsageError", error.format_message(), error.exit_code)
    except typer.Abort:
        code = 1
    sys.exit(code or 0)
