"""Images below a folder or in a zip, each made into another file."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from PIL import Image
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.data.scanning import by_reason
from zerosum.errors import DataError, RunError
from zerosum.faces import option
from zerosum.modalities.images.forms import as_pillow
from zerosum.modalities.images.pixels import ENDINGS
from zerosum.modalities.images.several import listed, single
from zerosum.runs.files import make_folder, write_whole
from zerosum.spaces import ImageSpace

_FORMATS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".bmp": "BMP", ".gif": "GIF",
    ".tif": "TIFF", ".tiff": "TIFF", ".ppm": "PPM", ".pgm": "PPM",
}  # fmt: skip
"""What Pillow calls the forms that an image is written in, by ending."""

_WITH_ALPHA = {".png", ".webp", ".gif", ".tif", ".tiff"}
"""Of these, those that hold alpha; in others colour is laid over white."""

MakePixels = Callable[[Tensor, str, Progress | None], Tensor]
"""From an image, uint8 `[C, H, W]`, and its name to another, uint8 `[C', H', W']`."""


@dataclass(frozen=True)
class Translated:
    """The result of translating a folder.

    Attributes:
        paths: files that were written.
        failed: name and reason of each file that could not be read or translated.
        facts: numbers that are of interest beside; for images none.
        remark: the same in words.
    """

    paths: list[Path]
    failed: list[tuple[str, str]]
    facts: ClassVar[Mapping[str, float]] = {}
    remark: ClassVar[str] = ""


def rewrite(
    source: Path | str | Mapping[str, Path | str], out: Path | str, make: MakePixels, *,
    space: ImageSpace | None = None, progress: Progress | None = None,
) -> Translated:  # fmt: skip
    """Make files of an image, or of all images below a folder or in a zip.

    Names and subfolders are kept; what is written is PNG, which loses nothing. Files that cannot be
    read or translated are skipped, and named in the result.

    Args:
        source: the image, folder or zip; where images are made from several, see `several`.
        out: an empty or new folder; for a single image also the name of a file.
        make: makes each image.
        space: what it is made from, where that may be several.
        progress: called with how many images are done; of a single one, handed to `make`.

    Raises:
        DataError: there are no images, or none can be read and translated.
        RunError: `out` is not empty, or cannot be written.
    """
    out, one = Path(out), single(source, space)
    if one is not None:
        made = make(one.read(), one.name, progress)
        path = out if out.suffix.lower() in ENDINGS else out / f"{Path(one.name).stem}.png"
        given = source.values() if isinstance(source, Mapping) else [source]
        if path.resolve() in [Path(place).resolve() for place in given]:
            raise RunError(f"{path} is the image itself. Choose another name with {option('out')}.")
        return Translated([_save(made, path)], [])
    files = listed(source, space)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"{out} is not an empty folder. Choose a new folder with {option('out')}.")
    done = Translated([], [])
    for file, target in zip(files, _targets([file.name for file in files]), strict=True):
        try:
            made = make(file.read(), file.name, None)
        except DataError as error:
            done.failed.append((file.name, str(error)))
        else:
            done.paths.append(_save(made, out / target))
        if progress is not None:
            progress("translating images", len(done.paths) + len(done.failed), len(files))
    if not done.paths:
        raise DataError(
            f"none of the images in {source} can be translated: {by_reason(done.failed)}."
        )
    return done


def _targets(names: Sequence[str]) -> list[str]:
    """Names of what is written: with .png for the ending, or after it where two would agree."""
    stems = [PurePosixPath(name).with_suffix("").as_posix() for name in names]
    twice = {stem for stem, count in Counter(stems).items() if count > 1}
    return [
        f"{name}.png" if stem in twice else f"{stem}.png"
        for name, stem in zip(names, stems, strict=True)
    ]


def _save(pixels: Tensor, path: Path) -> Path:
    """Write uint8 `[C, H, W]` in the form that the ending of `path` names."""
    make_folder(path.parent)
    picture, ending = as_pillow(pixels), path.suffix.lower()
    if picture.mode == "RGBA" and ending not in _WITH_ALPHA:
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        picture = picture.convert("RGB")
    if ending == ".pgm":
        picture = picture.convert("L")
    write_whole(path, lambda aside: picture.save(aside, format=_FORMATS[ending], quality=95))
    return path
