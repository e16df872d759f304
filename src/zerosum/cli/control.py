"""The commands that control a model with styles: mixing, directions, edits, and an encoder."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zerosum.cli.options import AsJson, Code, Device, RunFolder, Seed, Step, Truncation, Where
from zerosum.cli.output import print_json, print_table, say
from zerosum.cli.sampling import steering
from zerosum.errors import ConditionError
from zerosum.runs.files import unused

Seeds = Annotated[str, typer.Option(help="Which samples: 1-8, or 3,5,9.")]


def register(app: typer.Typer) -> None:
    """Make the commands known to the program."""
    app.command()(mix)
    app.command()(directions)
    app.command("learn-direction")(learn)
    app.command()(edit)
    app.command("learn-encoder")(learn_encoder)


def mix(
    run: RunFolder,
    seeds: Seeds = "1-5",
    layer: Annotated[
        int | None, typer.Option(help="The first layer that takes the column's style.")
    ] = None,
    where: Where = None,
    truncation: Truncation = None,
    out: Annotated[Path | None, typer.Option(help="A .png file; default: mixing.png.")] = None,
    step: Step = None,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Mix samples of a model with styles: coarse parts of the row's, fine ones of the column's."""
    from zerosum.workflows.control import styled_model

    model = styled_model(run, device=device, step=step, code=code)
    steered = steering(model, where, truncation)
    picture = model.mix(read_seeds(seeds), layer=layer, where=steered)
    _report(_saved(picture, out or unused("mixing.png")), as_json)


def directions(
    run: RunFolder,
    how: Annotated[str, typer.Option(help="weights, or components.")] = "weights",
    count: Annotated[int, typer.Option("-n", "--number", help="How many.")] = 8,
    seeds: Seeds = "1-4",
    where: Where = None,
    truncation: Truncation = None,
    out: Annotated[
        Path | None, typer.Option(help="A folder for a filmstrip of each; default: directions.")
    ] = None,
    seed: Seed = 0,
    step: Step = None,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Find directions without labels, and draw a filmstrip of each."""
    from zerosum.workflows.control import styled_model

    model = styled_model(run, device=device, step=step, code=code)
    steered, place = steering(model, where, truncation), out or unused("directions")
    found = model.find_directions(how=how, count=count, seed=seed)  # pyright: ignore[reportArgumentType]
    rows = [
        {
            "name": one.name,
            "share": round(one.about["share"], 4),
            "filmstrip": _saved(
                model.filmstrip(one, seeds=read_seeds(seeds), where=steered),
                place / f"{one.name}.png",
            ),
        }
        for one in found
    ]
    (print_json if as_json else print_table)(rows)


def learn(
    run: RunFolder,
    attribute: Annotated[str, typer.Option(help="What the direction is called: age.")],
    labels: Annotated[
        str,
        typer.Option(
            help="A .csv of files and values; or images with labels: numbers in labels.csv, or "
            "two subfolders, without and with."
        ),
    ],
    images: Annotated[
        Path | None, typer.Option(help="The folder that files in the .csv are named from.")
    ] = None,
    value: Annotated[
        str | None, typer.Option(help="Of several classes, the one that has the attribute.")
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="A learned direction whose attribute is to stay.")
    ] = None,
    n: Annotated[int, typer.Option("-n", "--number", help="Samples that are read.")] = 4_000,
    seeds: Seeds = "1-4",
    where: Where = None,
    truncation: Truncation = None,
    out: Annotated[
        Path | None, typer.Option(help="A .png file for its filmstrip; default ATTRIBUTE.png.")
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Learn a direction from labelled images, and draw its filmstrip."""
    from zerosum.progress import Reporter
    from zerosum.workflows.control import learn_direction, styled_model

    model = styled_model(run, device=device, code=code)
    steered = steering(model, where, truncation)
    with Reporter(quiet=as_json) as progress:
        found = learn_direction(
            model, attribute, labels=labels, images=images, value=value, keep=keep or (), n=n,
            seed=seed, progress=progress,
        )  # fmt: skip
    strip = model.filmstrip(found, seeds=read_seeds(seeds), where=steered)
    film = _saved(strip, out or unused(f"{attribute}.png"))
    row = {"name": found.name, **{k: round(v, 4) for k, v in found.about.items()}}
    if as_json:
        print_json(row | {"filmstrip": film})
    else:
        print_table([row | {"filmstrip": film}])


def edit(
    run: RunFolder,
    direction: Annotated[
        list[str], typer.Option(help="A direction and its strength: age=+2; repeat for more.")
    ],
    seeds: Seeds = "1-8",
    image: Annotated[
        list[Path] | None,
        typer.Option(help="An image to edit in place of samples; repeat for more."),
    ] = None,
    how: Annotated[
        str | None,
        typer.Option(
            help="How its styles are found: encode, optimise, or both; by default both "
            "where there is an encoder."
        ),
    ] = None,
    where: Where = None,
    truncation: Truncation = None,
    out: Annotated[
        str | None, typer.Option(help="grid.png, folder/ or x.npz; default: edited.png.")
    ] = None,
    step: Step = None,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Move samples, or images of your own, along directions that were found or learned."""
    from zerosum.modalities.images.directions import parse_strengths
    from zerosum.progress import Reporter
    from zerosum.workflows.control import edit_images, styled_model

    model = styled_model(run, device=device, step=step, code=code)
    strengths, told = parse_strengths(direction), dict[str, float]()
    if image:
        if where or truncation is not None:
            raise ConditionError(
                "--where and --truncation are for samples; an image has its own styles."
            )
        with Reporter(quiet=as_json) as progress:
            samples, found = edit_images(model, image, strengths, how=how, progress=progress)
        told = dict(zip(map(str, image), found.distortion.tolist(), strict=True))
        for path, far in told.items() if not as_json else ():
            say(f"{path}: found again to within {far:.1f} of 255", err=True)
    else:
        steered = steering(model, where, truncation)
        samples = model.edit(directions=strengths, seeds=read_seeds(seeds), where=steered)
    path = str(samples.save(out or unused("edited.png")))
    _report(path, as_json, **({"distortion": told} if told else {}))


def learn_encoder(
    run: RunFolder,
    samples: Annotated[
        int, typer.Option(help="Of the model's own images to learn from.")
    ] = 100_000,
    seed: Seed = 0,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Learn to find the styles of images at once, for `edit --image`."""
    from zerosum.modalities.images.inversion import learn_encoder as learn_from_samples
    from zerosum.progress import Reporter
    from zerosum.workflows.control import styled_model

    model = styled_model(run, device=device, code=code)
    with Reporter(quiet=as_json) as progress:
        path = learn_from_samples(model, samples=samples, seed=seed, progress=progress)
    _report(str(path), as_json)


def read_seeds(text: str) -> list[int]:
    """`1-4,9` as numbers.

    Raises:
        ConditionError: `text` is not a list of seeds and ranges.
    """
    seeds: list[int] = []
    try:
        for part in text.split(","):
            first, dash, last = part.strip().partition("-")
            seeds += range(int(first), int(last) + 1) if dash else [int(first)]
    except ValueError:
        seeds = []
    if not seeds:
        raise ConditionError(f"--seeds {text} names no samples. Write 1-8, or 3,5,9.")
    return seeds


def _report(path: str, as_json: bool, **more: Any) -> None:
    if as_json:
        print_json({"path": path, **more})
    else:
        say(path)


def _saved(picture: Any, path: Path) -> str:
    from zerosum.runs.files import make_folder, write_whole

    make_folder(path.parent)
    write_whole(path, lambda aside: picture.save(aside, format="PNG"))
    return str(path)
