"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
RunFolder = Annotated[Path, typer.Argument(help="A run folder, such as runs/NAME.")]
RunOrFile = Annotated[
    Path, typer.Argument(help="A run folder, such as runs/NAME, or an exported .safetensors file.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where", help="What to fix: label=3, label=0,1 for any of both, code1=0..0.5, age>=30."
    ),
]
InTurn = Annotated[
    list[str] | None, typer.Option(help="Values that samples take in turn: label=0,1,2.")
]
Truncation = Annotated[
    float | None,
    typer.Option(help="Of models with styles: below 1 less varied and odd; as truncation=0.7."),
]
Code = Annotated[
    Path | None, typer.Option(help="Your own recipe file, where the run came from one.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
MoreData = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DATA]", help="A second folder after --data, for translations."),
]
FreshSeed = Annotated[
    int | None, typer.Option("--seed", help="Which samples; without it others each time.")
]
Step = Annotated[int | None, typer.Option(help="A checkpoint other than the newest.")]
Seed = Annotated[int, typer.Option(help="Decides everything random.")]
