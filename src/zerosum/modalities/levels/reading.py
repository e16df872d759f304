"""Readers of levels: text files with a character for each tile."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BeforeValidator
from torch import Tensor

from zerosum.config import Count
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress, encode_labels
from zerosum.data.files import look_at, open_regular
from zerosum.data.scanning import unreadable_files
from zerosum.errors import DataError
from zerosum.faces import option
from zerosum.modalities.levels.rules import Grid, Jump, Reach, Rules, Sokoban
from zerosum.modalities.levels.sizes import (
    largest,
    pieces,
    spelled,
    that_fit,
    usual_size,
    walled_in,
)
from zerosum.modalities.levels.space import LevelSpace
from zerosum.modalities.levels.texts import parse, read_text

ENDINGS = (".txt", ".lvl", ".xsb", ".sok")
_OF_SOKOBAN = set("#@+$*. ")
_OF_MARIO = set(" X<>[]?BEQSbo")
_NO_LEVELS = ("readme", "license", "licence", "copying")
"""Names of texts that lie beside levels and are none."""
_LOOKED_AT = 2_000
_MOST_FIXED = 8
"""Of a tile at most, for its number to be a rule of the game and not chance."""
_NAMED_FILES = 3
_NAMED = 0.35
"""How sure a `.txt` file is one of levels where only a recipe says so."""
_SEEN_FIRST = 20
"""Files of a folder that its claim looks at."""


def as_window(value: Any) -> Any:
    """Height and width as users write them: `14,16` or `14x16` for `(14, 16)`.

    >>> as_window("14,16"), as_window("14x16"), as_window((14, 16))
    ((14, 16), (14, 16), (14, 16))

    Raises:
        ValueError: text of another form.
    """
    if isinstance(value, int):
        return value, value
    if not isinstance(value, str):
        return value
    sides = [side.strip() for side in re.split("[,x]", value.lower())]
    if len(sides) > 2 or not all(side.isdecimal() for side in sides):
        raise ValueError("write HEIGHT,WIDTH such as 14,16")
    return int(sides[0]), int(sides[-1])


Window = Annotated[tuple[Count, Count], BeforeValidator(as_window)]
"""Two numbers of tiles: down and to the right."""


class LevelOptions(DataConfig):
    """What can be asked of levels.

    Attributes:
        window: height and width of the pieces that larger levels are cut into, or, by rules for
            whole levels, of the largest that are used; if not given, levels are taken whole.
            Smaller ones are filled up.
        stride: tiles from one piece to the next, down and to the right.
        rules: what makes a level playable; if not given, found by the tiles.
    """

    spaces = ("level",)
    window: Window | None = None
    stride: Window = (1, 1)
    rules: Rules | None = None


class LevelFiles(LevelOptions):
    """A text file of levels, or a folder of such files; its subfolders are labels.

    Levels in one file are separated by empty lines; lines that begin with `;` are titles. XSB files
    of Sokoban and the texts of the Video Game Level Corpus are such files.

    Attributes:
        path: the file or folder.
        skip_bad: go on without unreadable files.
    """

    kind = "level_files"
    path: str
    skip_bad: bool = False

    @classmethod
    def claims(cls, data: Any) -> float:
        """Files of levels by their ending, or by what is in them; folders by their files."""
        if not isinstance(data, str | Path):
            return 0.0
        path = Path(data)
        found = look_at(path)
        if found == "file":
            return _looks_like_levels(path)
        if found != "folder":
            return 0.0
        sure = max(map(_looks_like_levels, _files_in(path)[:_SEEN_FIRST]), default=0.0)
        return min(sure, 0.8) if sure > _NAMED else 0.0

    @classmethod
    def options_like(cls, space: Any, like: DataConfig | None) -> dict[str, Any]:
        """The same size and rules."""
        options = super().options_like(space, like)
        if isinstance(space, LevelSpace):
            options["window"] = (space.height, space.width)
        return options

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read the files.

        Raises:
            DataError: they cannot be read, or hold no levels.
        """
        path = Path(self.path)
        grids, labels, notes = [], [], []
        files = [path] if look_at(path) == "file" else _files_in(path)
        bad, empty, guessed = [], [], []
        for one in files:
            try:
                text, guess = read_text(one)
                found = parse(text, name=str(one))
            except DataError as error:
                if one == path:
                    raise
                bad.append((str(one.relative_to(path)), str(error).rstrip(".")))
                continue
            grids += found
            labels += [one.parent.name] * len(found)
            if guess:
                guessed.append(one)
            if not found:
                empty.append(one)
        if bad and not self.skip_bad:
            raise DataError(unreadable_files(bad))
        if bad:
            notes.append(f"{_named([path / name for name, _ in bad])} cannot be read: skipped.")
        if empty and grids:
            notes.append(f"{_named(empty)} hold no levels: skipped.")
        if guessed:
            notes.append(f"{_named(guessed)} are not UTF-8 text, and are read as Latin-1.")
        classes = path.is_dir() and all(one.parent != path for one in files if one not in empty)
        return level_dataset(
            grids, labels if classes else (), name=path.name, window=self.window,
            stride=self.stride, rules=self.rules, notes=notes,
        )  # fmt: skip

    def scan(self, progress: Progress | None = None) -> str | None:
        """What is found and guessed, in a sentence."""
        try:
            made = self.build()
        except DataError:
            return None  # training says why
        return f"{len(made):,} {made.space.description}"


def level_dataset(
    grids: Sequence[Grid],
    labels: Sequence[str] = (),
    *,
    name: str,
    window: tuple[int, int] | None = None,
    stride: tuple[int, int] = (1, 1),
    rules: Rules | None = None,
    notes: Sequence[str] = (),
) -> Dataset:
    """Levels of one size as a data set.

    Args:
        grids: rows of characters.
        labels: the class of each level; empty without classes.
        name: how messages call this data.
        window: see `LevelOptions`.
        stride: see `LevelOptions`.
        rules: see `LevelOptions`.
        notes: what was guessed as they were read.

    Raises:
        DataError: no level is given, they are too large, or of no size that fits.
    """
    if not grids:
        raise DataError(f"{name} holds no levels: lines of characters, all of one length.")
    told = list(notes)
    found = rules or rules_of(grids)
    if found is not None and rules is None:
        told.append(f"levels are judged by the rules `{found.kind}`.")
    if isinstance(found, Sokoban):
        grids = walled_in([[re.sub("[-_]", " ", row) for row in grid] for grid in grids], told)
    height, width = window or usual_size(grids, name=name)
    kept = list(range(len(grids)))
    if (found is not None and found.whole) or not window:
        kept = that_fit(grids, height, width, told)
        if not kept:
            raise DataError(
                f"no level of {name} fits into {height} x {width} tiles, and by the rules "
                f"`{'' if found is None else found.kind}` they cannot be cut. Give "
                f"{option('window', spelled(*largest(grids)))} or more."
            )
    cut, owners = pieces([grids[i] for i in kept], height, width, stride, told)
    if not cut:
        raise DataError(f"every piece of {name} is of a single tile. Cut larger ones.")
    tiles = sorted({tile for grid in cut for row in grid for tile in row})
    if len(tiles) > 256:
        raise DataError(f"{name} has {len(tiles):,} different tiles; levels have at most 256.")
    code = {tile: i for i, tile in enumerate(tiles)}
    x = torch.tensor([[[code[t] for t in row] for row in grid] for grid in cut])
    y, names = encode_labels([labels[kept[i]] for i in owners]) if labels else (None, ())
    counts = () if y is None else tuple(torch.bincount(y, minlength=len(names)).tolist())
    space = LevelSpace(
        tiles=tuple(tiles), height=height, width=width, rules=found, fixed=_fixed(x, tiles),
        labels=names, label_counts=counts,
    )  # fmt: skip
    made = ArrayDataset(x.to(torch.uint8), y, name=name, labels=names, space=space)
    made.notes = tuple(told)
    return made


def rules_of(grids: Sequence[Grid]) -> Rules | None:
    """The rules that these levels look as if they were made for; None if they fit none.

    >>> rules_of([["#####", "#@$.#", "#####"]])
    Sokoban(most_states=5000)
    """
    tiles = Counter(tile for grid in grids for row in grid for tile in row)
    plain = {" " if tile in "-_" else tile for tile in tiles}
    if plain <= _OF_SOKOBAN and {"#", "$"} <= plain:
        return Sokoban()
    if {"@", ">"} <= plain and all(
        sum(row.count(tile) for row in grid) == 1 for grid in grids for tile in "@>"
    ):
        return Reach()
    if plain <= _OF_MARIO and tiles["-"] > tiles["X"] > 0:
        return Jump()
    return None


def _fixed(x: Tensor, tiles: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Tiles of which every level, `[N, H, W]`, has as many; none if these are all tiles."""
    found = []
    for code, tile in enumerate(tiles):
        counts = (x == code).sum((1, 2))
        if 1 <= int(counts[0]) <= _MOST_FIXED and bool((counts == counts[0]).all()):
            found.append((tile, int(counts[0])))
    return tuple(found) if len(found) < len(tiles) else ()


def _files_in(folder: Path) -> list[Path]:
    found = sorted(one for one in folder.rglob("*") if one.suffix.lower() in ENDINGS)
    return [
        one for one in found
        if look_at(one) == "file" and not one.name.startswith(".")
        and not one.stem.lower().startswith(_NO_LEVELS)
    ]  # fmt: skip


def _named(files: Sequence[Path]) -> str:
    """The first names of files, and how many more there are."""
    more = f" and {len(files) - _NAMED_FILES} more" if len(files) > _NAMED_FILES else ""
    return ", ".join(one.name for one in files[:_NAMED_FILES]) + more


def _looks_like_levels(path: Path) -> float:
    """How sure it is that a file holds levels: by its ending, or as its lines are all as long.

    Other text can be levels with titles, so recipes of levels get it, and nobody else does.
    """
    if path.suffix.lower() not in ENDINGS:
        return 0.0
    if path.suffix.lower() != ".txt":
        return 0.9
    with open_regular(path) as handle:
        head = handle.read(_LOOKED_AT).decode("utf-8", errors="replace")
    lines = [line for line in head.splitlines()[:40] if line.strip() and line[0] != ";"]
    lines = lines[:-1] if len(lines) > 1 else lines  # the last one may be cut off
    alike = len({len(line) for line in lines}) == 1 and len(lines) > 2
    few = len(set("".join(lines))) <= 40
    return 0.8 if alike and few else _NAMED


def levels_of(x: Tensor, space: LevelSpace) -> list[Grid]:
    """Rows of characters of levels, uint8 `[N, H, W]`.

    >>> levels_of(torch.tensor([[[0, 1], [1, 1]]]), LevelSpace(tiles=("#", "."), height=2, width=2))
    [['#.', '..']]
    """
    return [space.text(one).split("\n") for one in x]
