"""The commands about origins: `inspect` and `bundle`; and the options that sign."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zerosum.cli.options import AsJson
from zerosum.cli.output import print_json, say
from zerosum.errors import OriginError, did_you_mean
from zerosum.runs.files import unused

if TYPE_CHECKING:
    from zerosum.origin.identity import Identity

Sign = Annotated[
    bool,
    typer.Option(
        "--sign", help="Say in each file, or beside it, that a model made it; `inspect` reads it."
    ),
]
IdentityFolder = Annotated[
    Path | None,
    typer.Option(
        "--identity",
        help="Folder of your own identity, made when first used; default: ZEROSUM_IDENTITY.",
    ),
]
CertificateFile = Annotated[
    Path | None,
    typer.Option("--certificate", help="In place of your own: a chain in PEM, signer first."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", help="Its private key in PEM; a password is in ZEROSUM_KEY_PASSWORD."),
]

MiningChoice = Annotated[
    str | None,
    typer.Option(
        "--mining", help="Say whether others may mine it and train on it: allowed or notAllowed."
    ),
]

_CODES = {"whole": 4, "changed": 1, "damaged": 1, "no origin": 3}
"""How `inspect` exits; 0 where a file is whole and its signer trusted."""


def register(app: typer.Typer) -> None:
    """Make the commands known to the program."""
    app.command()(inspect)
    app.command()(bundle)


def inspect(
    file: Annotated[Path, typer.Argument(help="A file of any kind, or a bundle.")],
    trust: Annotated[
        list[Path] | None,
        typer.Option(help="A .pem file of an authority that you trust; repeat for more."),
    ] = None,
    identity: IdentityFolder = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a file is as it was signed, by whom, and what made it.

    Exits with 0: whole, by a trusted signer; 4: whole, by an unknown one; 1: changed or damaged;
    3: no origin.
    """
    from zerosum.origin.inspecting import inspect as inspect_file

    found = inspect_file(file, trust=trust or (), identity=identity)
    if as_json:
        print_json(found.to_json())
    else:
        say(*found.sentences())
    raise typer.Exit(0 if found.trusted else _CODES[found.state])


def bundle(
    files: Annotated[list[Path], typer.Argument(help="Files, with the origins that they have.")],
    out: Annotated[
        Path | None,
        typer.Option(help="A .zip file. Default: bundle.zip, with a number if that is there."),
    ] = None,
    copy: Annotated[
        Path | None,
        typer.Option(help="A .csv with columns file, title, body, alt, tags, language."),
    ] = None,
    title: Annotated[str, typer.Option(help="Of the page.")] = "Bundle",
    identity: IdentityFolder = None,
    certificate: CertificateFile = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Pack files, their origins and their copy into a signed .zip with a page to look at."""
    from zerosum.origin.bundles import BundleCopy, BundleItem, read_copy, write_bundle

    texts = {} if copy is None else read_copy(copy)
    unknown = set(texts) - {file.name for file in files}
    if unknown:
        raise OriginError(
            f"{copy} names {min(unknown)!r}, which is not among the files. Take out the row, or "
            "name the file."
        )
    items = [BundleItem(file, texts.get(file.name, BundleCopy())) for file in files]
    signer = identity_of(identity, certificate, key)
    path = write_bundle(out or unused("bundle.zip"), items, signer, title=title)
    if as_json:
        print_json({"path": str(path), "items": len(items), "signed_by": str(signer.signatory)})
    else:
        say(str(path))


def signer_of(
    sign: bool, folder: Path | None, certificate: Path | None, key: Path | None, mining: str | None
) -> "Identity | None":
    """Who signs, where --sign is given.

    Raises:
        OriginError: the others are given without it, do not go together, or cannot be used.
    """
    if sign:
        return identity_of(folder, certificate, key, mining)
    if folder or certificate or key or mining:
        raise OriginError(
            "--identity, --certificate, --key and --mining are about what is signed. Add --sign."
        )
    return None


def identity_of(
    folder: Path | None, certificate: Path | None, key: Path | None, mining: str | None = None
) -> "Identity":
    """Who signs, from --identity, or --certificate and --key; and what --mining says.

    Raises:
        OriginError: they do not go together, or cannot be used.
    """
    from zerosum.origin.identity import Identity

    if mining is not None and mining not in ("allowed", "notAllowed"):
        raise OriginError(f"--mining {mining!r}.{did_you_mean(mining, ('allowed', 'notAllowed'))}")
    if certificate is None and key is None:
        return replace(Identity.own(folder), mining=mining)
    if certificate is None or key is None or folder is not None:
        raise OriginError(
            "give --certificate and --key together, and no --identity; or neither, for your own."
        )
    return replace(Identity.load(certificate, key), mining=mining)
