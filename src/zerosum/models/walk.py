"""Walks through the latent space, as frames and as an animation that closes."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from PIL import Image
from torch import Tensor

from zerosum.cards import Described, InfoCard
from zerosum.data.base import Progress
from zerosum.errors import RunError
from zerosum.forms.base import Preview
from zerosum.games.base import Game, Inputs
from zerosum.models.video import require_video, write_video
from zerosum.runs.files import make_folder, require_unicode, write_whole
from zerosum.spaces import Space

FASTEST = {".gif": 50, ".mp4": 120}
"""Forms of an animation, and frames in a second that players still show."""


def walk_inputs(game: Game, corners: list[Inputs], frames: int) -> Iterator[Inputs]:
    """Inputs for `frames` steps from corner to corner and back to the first."""
    for frame in range(frames):
        place = frame * len(corners) / frames
        leg = int(place)
        yield game.interpolate(corners[leg], corners[(leg + 1) % len(corners)], place - leg)


def require_form(path: Path, frames_per_second: float) -> str:
    """The ending of `path`, known to be one that an animation can be saved as.

    Raises:
        RunError: it is another, cannot be shown so fast, or the path is not UTF-8.
        MissingExtraError: it is .mp4, and PyAV is not installed.
    """
    require_unicode(path)
    form = path.suffix.lower()
    if form not in FASTEST:
        raise RunError(
            f"cannot save a walk as {path.suffix or 'a folder'}. Allowed: {', '.join(FASTEST)}."
        )
    if not 1 <= frames_per_second <= FASTEST[form]:
        raise RunError(
            f"{frames_per_second:g} frames per second; a {form} takes 1 to {FASTEST[form]}."
        )
    if form == ".mp4":
        require_video()
    return form


class Walk(Described):
    """Frames of a walk, each holding samples in data form.

    The step from the last frame to the first is as long as the others.
    """

    def __init__(self, space: Space, frames: list[Tensor], *, preview: Preview) -> None:
        self._space, self._frames, self._preview = space, frames, preview

    def __len__(self) -> int:
        return len(self._frames)

    def card(self, *, drawn: bool) -> InfoCard:
        """How long it is, and its first frame."""
        return InfoCard(
            f"Walk of {len(self)} frames through {len(self._frames[0])} samples",
            {"of": self._space.description},
            notes=["save('walk.gif') writes the animation."],
            pictures=[next(self._drawn(None))] if drawn else [],
        )

    def pictures(self) -> list[Image.Image]:
        """One picture for each frame; points keep the frame of the whole walk."""
        return list(self._drawn(None))

    def save(
        self,
        path: Path | str,
        *,
        frames_per_second: float = 20,
        progress: Progress | None = None,
    ) -> Path:
        """Write an animation that closes: an endless `.gif`, or an `.mp4` to play in a loop.

        Args:
            path: where to; the ending decides the form. `.mp4` needs the extra `video`.
            frames_per_second: 1 to 50 for `.gif`, 1 to 120 for `.mp4`.
            progress: called with how many frames are drawn.

        Raises:
            RunError: `path` ends in something else, or cannot be written.
            MissingExtraError: PyAV is not installed.
        """
        path = Path(path)
        form = require_form(path, frames_per_second)
        rate = Fraction(frames_per_second).limit_denominator(1000)
        make_folder(path.parent)

        def write(aside: Path) -> None:
            drawn = self._drawn(progress)
            if form == ".mp4":
                write_video(aside, drawn, frames_per_second=rate)
            else:
                _write_gif(aside, drawn, rate)

        write_whole(path, write)
        return path

    def _drawn(self, progress: Progress | None) -> Iterator[Image.Image]:
        for number, frame in enumerate(self._frames):
            yield self._preview.draw(self._space, frame, real=self._frames[0])
            if progress is not None:
                progress("drawing frames", number + 1, len(self))


def _write_gif(path: Path, pictures: Iterator[Image.Image], rate: Fraction) -> None:
    first, *rest = [picture.convert("RGB") for picture in pictures]
    first.save(
        path, format="GIF", save_all=True, append_images=rest, loop=0, duration=round(1000 / rate)
    )
