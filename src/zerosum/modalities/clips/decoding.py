"""Frames of one clip, at a rate: of an animation, a video, or a folder of images."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageSequence
from torch import Tensor

from zerosum.data.archives import Archive
from zerosum.errors import DataError, MissingExtraError
from zerosum.modalities.images.pixels import (
    MAX_PIXELS,
    Fit,
    fit_image,
    open_image,
    read_form,
    read_pixels,
)

ANIMATIONS = frozenset({".gif", ".webp", ".apng"})
VIDEOS = frozenset({".mp4", ".webm", ".mov", ".avi", ".mkv", ".m4v", ".mpg", ".mpeg"})
ENDINGS = ANIMATIONS | VIDEOS

MOST_READ = 20_000
"""Frames that are read of one file."""

_NO_PAUSE = Fraction(1, 10)
"""How long a frame is shown that says 0, as browsers have it."""

_ONE = "it holds a single image, which is no clip"


@dataclass(frozen=True)
class ClipHeader:
    """What a file says of itself.

    Attributes:
        height: of a frame, in pixels.
        width: of a frame.
        channels: 1 for grey, 3 for colour.
        rate: frames in a second; None of a folder, which does not say.
        frames: how many there are at that rate.
    """

    height: int
    width: int
    channels: int
    rate: Fraction | None
    frames: int

    def frames_at(self, rate: float) -> int:
        """How many frames there are at another rate.

        >>> ClipHeader(8, 8, 1, Fraction(10), 20).frames_at(5.0)
        10
        """
        return self.frames if self.rate is None else round(self.frames / self.rate * Fraction(rate))


def read_header(archive: Archive, name: str, frames: tuple[str, ...] = ()) -> ClipHeader:
    """What a file says of itself, or a folder with these `frames`.

    Raises:
        DataError: it cannot be read, or holds a single image.
        MissingExtraError: it is a video, and PyAV is not installed.
    """
    if frames:
        forms = [read_form(archive, frame) for frame in (frames[0], frames[-1])]
        channels = 1 if all(form.channels == 1 for form in forms) else 3
        return ClipHeader(forms[0].height, forms[0].width, channels, None, len(frames))
    if PurePosixPath(name).suffix.lower() in VIDEOS:
        return _video_header(archive, name)
    try:
        with open_image(archive, name) as image:
            shown, grey = [], True
            for frame in ImageSequence.Iterator(image):
                shown.append(_pause(frame))
                grey = grey and _is_grey(frame)
            height, width = image.height, image.width
    except DataError:
        raise
    except Exception as error:  # decoders raise whatever they like
        raise DataError(f"cannot be decoded: {str(error) or type(error).__name__}") from error
    if len(shown) == 1:
        raise DataError(_ONE)
    step = min(shown)
    return ClipHeader(height, width, 1 if grey else 3, 1 / step, round(sum(shown) / step))


def read_clip(
    archive: Archive, name: str, wanted: list[int], *, rate: float, size: tuple[int, int],
    fit: Fit, channels: int, frames: tuple[str, ...] = (),
) -> Tensor:  # fmt: skip
    """Some frames of a file, or of a folder with these `frames`, as uint8 `[K, C, H, W]`.

    Args:
        archive: where it lies.
        name: of the file or folder.
        wanted: numbers of frames at `rate`, ascending.
        rate: frames in a second; of a folder every frame is one.
        size: `(height, width)` that frames are brought to.
        fit: how.
        channels: 1 or 3.
        frames: names of the images in a folder, in order.

    Raises:
        DataError: it cannot be decoded, or ends too soon.
        MissingExtraError: it is a video, and PyAV is not installed.
    """
    if frames:
        return torch.stack([read_pixels(archive, frames[i], size, fit, channels) for i in wanted])
    left, made = set(wanted), []
    try:
        with _opened(archive, name) as shown:
            for number, image in _at_rate(shown, Fraction(rate).limit_denominator(1000)):
                if number in left:
                    made.append(fit_image(image, size, fit, channels))
                if number >= wanted[-1] or number > MOST_READ:
                    break
    except (DataError, MissingExtraError):
        raise
    except Exception as error:  # decoders raise whatever they like
        raise DataError(f"cannot be decoded: {str(error) or type(error).__name__}") from error
    if len(made) < len(wanted):
        raise DataError(f"it ends after {len(made)} of {len(wanted)} frames")
    return torch.stack(made)


Shown = Iterator[tuple[Fraction, Image.Image]]
"""Images, each with the time in seconds at which it is no longer shown."""


def _at_rate(shown: Shown, rate: Fraction) -> Iterator[tuple[int, Image.Image]]:
    """Numbers of frames at a rate, and what is shown in the middle of each."""
    number = 0
    for end, image in shown:
        while (number + Fraction(1, 2)) / rate < end:
            yield number, image
            number += 1


@contextmanager
def _opened(archive: Archive, name: str) -> Iterator[Shown]:
    if PurePosixPath(name).suffix.lower() in VIDEOS:
        with _video(archive, name) as video:
            yield _of_video(video)
        return
    with open_image(archive, name) as image:
        yield _of_animation(ImageSequence.Iterator(image))


def _of_animation(frames: Iterable[Image.Image]) -> Shown:
    end = Fraction(0)
    for frame in frames:
        end += _pause(frame)
        yield end, frame


def _pause(frame: Image.Image) -> Fraction:
    """Seconds for which a frame of an animation is shown."""
    return Fraction(round(frame.info.get("duration", 0)), 1000) or _NO_PAUSE


def _is_grey(frame: Image.Image) -> bool:
    """Whether it has no colour; a .gif says nothing of that."""
    if frame.mode in ("1", "L"):
        return True
    red, green, blue = np.asarray(frame.convert("RGB")).transpose(2, 0, 1)
    return bool((red == green).all() and (green == blue).all())


def _of_video(video: Any) -> Shown:
    stream = video.streams.video[0]
    step = 1 / Fraction(stream.average_rate)
    first = None
    for number, frame in enumerate(video.decode(stream)):
        at = step * number if frame.pts is None else frame.pts * frame.time_base
        first = at if first is None else first
        yield at - first + step, frame.to_image()


def _video_header(archive: Archive, name: str) -> ClipHeader:
    with _video(archive, name) as video:
        stream = video.streams.video[0]
        if not stream.average_rate or max(stream.width, stream.height) ** 2 > MAX_PIXELS:
            raise DataError("its rate or size is not known")
        rate = Fraction(stream.average_rate)
        frames = stream.frames or 0
        if not frames:
            try:
                frames = sum(1 for _ in zip(video.decode(stream), range(MOST_READ), strict=False))
            except Exception as error:
                raise DataError(f"cannot be decoded: {error}") from error
        if frames < 2:
            raise DataError(_ONE if frames else "it holds no frames")
        grey = (stream.pix_fmt or "").startswith("gray")
        return ClipHeader(stream.height, stream.width, 1 if grey else 3, rate, frames)


@contextmanager
def _video(archive: Archive, name: str) -> Iterator[Any]:
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(
            f"{name} is read with PyAV, which is not installed. Install the extra: pip install "
            "'zerosum[video]', or give .gif files."
        ) from error
    with archive.open(name) as handle:
        try:
            video = av.open(handle, "r")
        except Exception as error:  # some are no subclass of FFmpegError
            raise DataError(f"cannot be decoded: {error}") from error
        with video:
            if not video.streams.video:
                raise DataError("it holds no video")
            yield video
