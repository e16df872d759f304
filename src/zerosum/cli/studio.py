"""The commands of a studio: `studio` with `backup` and `restore`, and `worker`."""

from pathlib import Path
from typing import Annotated

import typer

from zerosum.cli.output import say
from zerosum.studio.logs import LogForm

_PORT = 8765
_Folder = Annotated[Path, typer.Option(help="Where data, runs, items and the secret key lie.")]
_Database = Annotated[str | None, typer.Option(help="The studio's, if it is on PostgreSQL.")]
_HELP = {"help_option_names": ["-h", "--help"]}

_Storage = Annotated[
    str | None,
    typer.Option(help="s3://BUCKET/PREFIX, to keep items and bundles there as well."),
]


def register(app: typer.Typer) -> None:
    """Make the commands known to the program."""
    commands = typer.Typer(invoke_without_command=True, context_settings=_HELP)
    commands.callback()(studio)
    commands.command()(backup)
    commands.command()(restore)
    app.add_typer(commands, name="studio")
    app.command()(worker)


def studio(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen at.")] = _PORT,
    folder: _Folder = Path("studio"),
    database: _Database = None,
    storage: _Storage = None,
    demo: Annotated[bool, typer.Option(help="Add a project that trains on digits.")] = False,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name by which browsers reach this server through a proxy; repeat."),
    ] = None,
    most_upload_mb: Annotated[int, typer.Option(min=1, help="The largest upload.")] = 2048,
    trainings: Annotated[
        int, typer.Option(min=1, help="Trainings at a time, in each process.")
    ] = 1,
    samplings: Annotated[
        int, typer.Option(min=1, help="Samplings at a time, in each process.")
    ] = 1,
    jobs: Annotated[bool, typer.Option(help="Do jobs; otherwise workers do them.")] = True,
    log: Annotated[
        LogForm, typer.Option(help="What goes to standard error: problems, or JSON lines of all.")
    ] = LogForm.PLAIN,
) -> None:
    """Open the studio, where people train, review and approve in a browser."""
    if context.invoked_subcommand is not None:
        return
    from zerosum.studio.options import StudioOptions
    from zerosum.studio.serving import serve

    options = StudioOptions(
        folder=folder, database=database, storage=storage, host=host, port=port,
        names=tuple(name or ()), most_upload=most_upload_mb << 20, trainings=trainings,
        samplings=samplings, does_jobs=jobs, log=log,
    )  # fmt: skip
    serve(options, demo=demo, say=say)


def backup(
    target: Annotated[Path, typer.Argument(help="The zip to write, such as studio-1130.zip.")],
    folder: _Folder = Path("studio"),
    database: _Database = None,
    storage: _Storage = None,
) -> None:
    """Write a studio on SQLite into one zip, while it runs or not."""
    from zerosum.studio.backups import back_up

    made = back_up(folder, target, database=database, storage=storage)
    say(f"{target} holds the studio in {folder}: {made.bytes / 1e6:,.1f} MB. Keep it to yourself.")
    if made.missing:
        hint = "" if storage else " If the studio was started with --storage, name it here too."
        say(
            f"{len(made.missing):,} files of items are not in it, since they are nowhere: "
            f"{made.missing[0]} and so on.{hint}"
        )


def restore(
    source: Annotated[Path, typer.Argument(help="A zip that `zerosum studio backup` wrote.")],
    folder: _Folder = Path("studio"),
    storage: _Storage = None,
) -> None:
    """Make a studio from a backup, in a folder that is free."""
    from zerosum.studio.backups import restore as restore_studio

    note = restore_studio(source, folder, storage=storage)
    more = f" --storage {storage}" if storage else ""
    start = f"zerosum studio --folder {folder}{more}"
    say(f"{folder} is the studio of {note['created']}. Start it: {start}")


def worker(
    database: Annotated[str | None, typer.Option(help="The studio's: postgresql://…")] = None,
    folder: _Folder = Path("studio"),
    storage: _Storage = None,
    name: Annotated[str, typer.Option(help="Unlike other workers' on this machine.")] = "1",
) -> None:
    """Do jobs of a studio on another machine, which shares its database and its folder."""
    from zerosum.studio.options import StudioOptions
    from zerosum.studio.serving import work

    work(StudioOptions(folder=folder, database=database, storage=storage), name=name, say=say)
