"""Readers of levels: text files with a character for each tile."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, Field
from torch import Tensor

from zerosum.config import Count
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress, encode_labels
from zerosum.data.files import look_at, open_regular
from zerosum.errors import DataError
from zerosum.faces import reading
from zerosum.modalities.levels.rules import Grid, Jump, Reach, Rules, Sokoban
from zerosum.modalities.levels.space import MOST_SIDE, LevelSpace

ENDINGS = (".txt", ".lvl", ".xsb", ".sok")
_OF_SOKOBAN = set("#@+$*. ")
_LARGEST_FILE = 16_000_000
_LOOKED_AT = 2_000
_LEAST = 8
_WALL = "#"
_RATHER_WIDE = 1.5
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
"""`(height, width)` of pieces, in tiles."""


class LevelOptions(DataConfig):
    """What can be asked of levels.

    Attributes:
        window: height and width of the pieces that larger levels are cut into; if not given, levels
            are taken whole, and smaller ones are filled up.
        stride: tiles from one piece to the next.
        rules: what makes a level playable; if not given, found by the tiles.
    """

    spaces = ("level",)
    window: Window | None = None
    stride: int = Field(default=1, ge=1)
    rules: Rules | None = None


class LevelFiles(LevelOptions):
    """A text file of levels, or a folder of such files; its subfolders are labels.

    Levels in one file are separated by empty lines; lines that begin with `;` are titles. XSB files
    of Sokoban and the texts of the Video Game Level Corpus are such files.

    Attributes:
        path: the file or folder.
    """

    kind = "level_files"
    path: str

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
        grids, labels = [], []
        files = [path] if look_at(path) == "file" else _files_in(path)
        for one in files:
            found = parse(_text_of(one), name=str(one))
            grids += found
            labels += [one.parent.name] * len(found)
        classes = path.is_dir() and all(one.parent != path for one in files)
        return level_dataset(
            grids, labels if classes else (), name=path.name, window=self.window,
            stride=self.stride, rules=self.rules,
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
    stride: int = 1,
    rules: Rules | None = None,
) -> Dataset:
    """Levels of one size as a data set.

    Args:
        grids: rows of characters.
        labels: the class of each level; empty without classes.
        name: how messages call this data.
        window: see `LevelOptions`.
        stride: see `LevelOptions`.
        rules: see `LevelOptions`.

    Raises:
        DataError: no level is given, they are too large, or of no size that fits.
    """
    if not grids:
        raise DataError(f"{name} holds no levels: lines of characters, all of one length.")
    notes: list[str] = []
    found = rules or rules_of(grids)
    if found is not None and rules is None:
        notes.append(f"levels are judged by the rules `{found.kind}`.")
    if isinstance(found, Sokoban):
        grids = [[re.sub("[-_]", " ", row) for row in grid] for grid in grids]
    height, width = window or _usual_size(grids, name=name)
    pieces, owners = _pieces(grids, height, width, stride, notes)
    if not pieces:
        raise DataError(f"no level of {name} is as large as {height} x {width}.")
    tiles = sorted({tile for grid in pieces for row in grid for tile in row})
    if len(tiles) > 256:
        raise DataError(f"{name} has {len(tiles):,} different tiles; levels have at most 256.")
    code = {tile: i for i, tile in enumerate(tiles)}
    x = torch.tensor([[[code[t] for t in row] for row in grid] for grid in pieces])
    y, names = encode_labels([labels[i] for i in owners]) if labels else (None, ())
    counts = () if y is None else tuple(torch.bincount(y, minlength=len(names)).tolist())
    space = LevelSpace(
        tiles=tuple(tiles), height=height, width=width, rules=found, once=_once(x, tiles),
        labels=names, label_counts=counts,
    )  # fmt: skip
    made = ArrayDataset(x.to(torch.uint8), y, name=name, labels=names, space=space)
    made.notes = tuple(notes)
    return made


def parse(text: str, *, name: str) -> list[Grid]:
    r"""The levels in a text.

    >>> parse("; one\n####\n#@>#\n\n##\n##\n", name="x")
    [['####', '#@>#'], ['##', '##']]
    >>> parse("Level 1\n####\n#@>#\n####\nby me\n", name="x")
    [['####', '#@>#', '####']]

    Raises:
        DataError: lines of one level differ in length, and not only by blanks at their ends.
    """
    blocks: list[Grid] = [[]]
    for line in text.splitlines():
        title = line.startswith(";") or re.match(r"[A-Za-z]+:", line)
        if line.strip() and not title:
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    blocks = _without_titles([one for one in blocks if one])
    return [_squared(one, name=name, number=i) for i, one in enumerate(blocks, start=1)]


def _without_titles(blocks: Sequence[Grid]) -> list[Grid]:
    """Levels without words above and below them, where every line of a level has a wall `#`.

    Without walls nothing tells a title from a row of tiles.
    """
    cut = [_between_words(rows) for rows in blocks]
    walled = all(_WALL in row for rows in cut for row in rows)
    return [rows for rows in cut if rows] if walled and any(cut) else list(blocks)


def _between_words(rows: Grid) -> Grid:
    """Rows without those at either end that have letters or digits and no wall."""
    kept = [i for i, row in enumerate(rows) if not (re.search(r"[^\W_]", row) and _WALL not in row)]
    return rows[kept[0] : kept[-1] + 1] if kept else []


def rules_of(grids: Sequence[Grid]) -> Rules | None:
    """The rules that these levels look as if they were made for; None if they fit none.

    >>> rules_of([["#####", "#@$.#", "#####"]])
    Sokoban(most_states=20000)
    """
    tiles = Counter(tile for grid in grids for row in grid for tile in row)
    plain = {" " if tile in "-_" else tile for tile in tiles}
    if plain <= _OF_SOKOBAN and {"#", "$"} <= plain:
        return Sokoban()
    if {"@", ">"} <= plain and all(
        sum(row.count(tile) for row in grid) == 1 for grid in grids for tile in "@>"
    ):
        return Reach()
    if "X" in tiles and "-" in tiles and tiles["-"] > tiles["X"]:
        return Jump()
    return None


def _once(x: Tensor, tiles: Sequence[str]) -> tuple[str, ...]:
    """Tiles that every level, `[N, H, W]`, has exactly once; none if these are all tiles."""
    found = [
        tile for code, tile in enumerate(tiles) if bool(((x == code).sum((1, 2)) == 1).all())
    ]  # fmt: skip
    return tuple(found) if len(found) < len(tiles) else ()


def _squared(rows: Grid, *, name: str, number: int) -> Grid:
    width = max(map(len, rows))
    if any("\t" in row for row in rows):
        raise DataError(f"level {number} of {name} has tabs; a tile is one character.")
    short = [row for row in rows if len(row) < width]
    closed = any(" " in row for row in rows) or all(row.endswith(_WALL) for row in rows)
    if short and not closed:
        raise DataError(
            f"the lines of level {number} of {name} have {len(short[0])} to {width} characters. "
            "Each line of a level has as many."
        )
    floor = next((tile for tile in " -_" if any(tile in row for row in rows)), " ")
    return [row.ljust(width, floor) for row in rows]


def _usual_size(grids: Sequence[Grid], *, name: str) -> tuple[int, int]:
    """The size that all levels are brought to.

    Raises:
        DataError: they are too large to be taken whole.
    """
    height, width = (max(sizes) for sizes in zip(*map(_size, grids), strict=True))
    if max(height, width) > MOST_SIDE or width > _RATHER_WIDE * 2 * height:
        side = min(height, MOST_SIDE)
        raise DataError(
            f"the levels of {name} have up to {height} x {width} tiles. Cut them into pieces with "
            f"{reading(window=f'{side},{side}')}."
        )
    return max(height, _LEAST), max(width, _LEAST)


def _pieces(
    grids: Sequence[Grid], height: int, width: int, stride: int, notes: list[str]
) -> tuple[list[Grid], list[int]]:
    """Levels of one size, and which level each is from."""
    pieces, owners, filled = [], [], 0
    for i, grid in enumerate(grids):
        rows, columns = _size(grid)
        if rows < height or columns < width:
            filled += 1
            grid = _filled_up(grid, height, width)
            rows, columns = _size(grid)
        for top in range(0, rows - height + 1, stride):
            for left in range(0, columns - width + 1, stride):
                pieces.append([row[left : left + width] for row in grid[top : top + height]])
                owners.append(i)
    if filled:
        notes.append(
            f"{filled:,} of {len(grids):,} levels are smaller than {height} x {width} and are "
            "filled up with what lies at their edge."
        )
    if len(pieces) > len(grids):
        notes.append(f"{len(grids):,} levels are cut into {len(pieces):,} pieces.")
    return pieces, owners


def _filled_up(grid: Grid, height: int, width: int) -> Grid:
    """The level in the middle, and around it the tile that is most frequent at its edge."""
    edge = Counter(grid[0] + grid[-1] + "".join(row[0] + row[-1] for row in grid))
    tile = edge.most_common(1)[0][0]
    rows, columns = _size(grid)
    left = max(width - columns, 0) // 2
    wide = [(tile * left + row).ljust(max(width, columns), tile) for row in grid]
    missing = max(height - rows, 0)
    above, empty = missing // 2, tile * max(width, columns)
    return [empty] * above + wide + [empty] * (missing - above)


def _size(grid: Grid) -> tuple[int, int]:
    return len(grid), len(grid[0])


def _files_in(folder: Path) -> list[Path]:
    found = sorted(one for one in folder.rglob("*") if one.suffix.lower() in ENDINGS)
    return [one for one in found if look_at(one) == "file" and not one.name.startswith(".")]


def _text_of(path: Path) -> str:
    with open_regular(path) as handle:
        raw = handle.read(_LARGEST_FILE + 1)
    if len(raw) > _LARGEST_FILE:
        raise DataError(f"{path} is larger than {_LARGEST_FILE // 1_000_000} MB; levels are not.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}.") from error


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
