"""Images as a video: H.264 in an .mp4 file, through PyAV."""

import errno
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zerosum.errors import MissingExtraError, RunError

CODECS = ("libx264", "libopenh264", "mpeg4")
"""Encoders, best first: the first that the installed PyAV has is used."""

_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EIO)
_WHITE = 255
_CONSTANT_QUALITY = "18"
"""x264's quantiser scale, of which 18 is hard to tell from the original."""
_BITS_PER_PIXEL = 0.5
"""Where the encoder takes no constant quality."""


def require_video() -> Any:
    """PyAV's module `av`.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(
            "PyAV, which writes .mp4 files, is not installed. Install the extra: pip install "
            "'zerosum[video]', or save as .gif."
        ) from error
    return av


def write_video(
    path: Path, pictures: Iterable[Image.Image], *, frames_per_second: Fraction
) -> None:
    """Write images of one size as the frames of a video in MP4 form, yuv420p.

    An odd side gets a white line at the right or at the bottom, since colours are stored for
    blocks of 2 x 2.

    Raises:
        MissingExtraError: PyAV is not installed.
        RunError: the video cannot be encoded.
        OSError: it cannot be written.
    """
    av = require_video()
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as video:
            stream = None
            for number, picture in enumerate(pictures):
                pixels = _even(np.asarray(picture.convert("RGB")))
                if stream is None:
                    stream = _stream(av, video, pixels.shape, frames_per_second)
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = number, 1 / frames_per_second
                video.mux(stream.encode(frame))
            if stream is not None:
                video.mux(stream.encode())
    except av.FFmpegError as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise OSError(error.errno, error.strerror) from error
        raise RunError(f"cannot encode the video: {error}. Save as .gif.") from error


def _stream(av: Any, video: Any, shape: tuple[int, ...], frames_per_second: Fraction) -> Any:
    """A stream of `video` for frames `[H, W, 3]`."""
    codec = next(name for name in CODECS if _has(av, name))
    stream = video.add_stream(codec, rate=frames_per_second)
    stream.height, stream.width, stream.pix_fmt = shape[0], shape[1], "yuv420p"
    if codec == "libx264":
        stream.options = {"crf": _CONSTANT_QUALITY}
    else:
        rate = _BITS_PER_PIXEL * shape[0] * shape[1] * frames_per_second
        stream.bit_rate = max(round(rate), 200_000)
    return stream


def _has(av: Any, name: str) -> bool:
    try:
        av.codec.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def _even(pixels: np.ndarray) -> np.ndarray:
    """`[H, W, 3]` with even sides.

    >>> _even(np.zeros((3, 4, 3), np.uint8)).shape
    (4, 4, 3)
    """
    height, width, _ = pixels.shape
    room = ((0, height % 2), (0, width % 2), (0, 0))
    return np.ascontiguousarray(np.pad(pixels, room, constant_values=_WHITE))
