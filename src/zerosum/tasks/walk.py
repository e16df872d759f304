"""Walks through the latent space, as frames and as an animation that closes."""

from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from torch import Tensor

from zerosum.errors import RunError
from zerosum.games.base import Game, Inputs
from zerosum.pictures import draw_samples
from zerosum.spaces import ImageSpace, Space


def walk_inputs(game: Game, corners: list[Inputs], frames: int) -> Iterator[Inputs]:
    """Inputs for `frames` steps from corner to corner and back to the first."""
    for frame in range(frames):
        place = frame * len(corners) / frames
        leg = int(place)
        yield game.interpolate(corners[leg], corners[(leg + 1) % len(corners)], place - leg)


class Walk:
    """Frames of a walk, each holding samples in data form."""

    def __init__(self, space: Space, frames: list[Tensor]) -> None:
        self._space, self._frames = space, frames

    def __len__(self) -> int:
        return len(self._frames)

    def pictures(self) -> list[Image.Image]:
        """One picture for each frame; points keep the frame of the whole walk."""
        real = None if isinstance(self._space, ImageSpace) else self._frames[0]
        return [draw_samples(self._space, frame, real=real) for frame in self._frames]

    def save(self, path: Path | str, *, frames_per_second: int = 20) -> Path:
        """Write an endless GIF.

        Raises:
            RunError: `path` does not end in .gif, or cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() != ".gif":
            raise RunError(f"cannot save a walk as {path.suffix or 'a folder'}. Allowed: .gif.")
        first, *rest = [picture.convert("RGB") for picture in self.pictures()]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            first.save(
                path, save_all=True, append_images=rest, loop=0,
                duration=round(1000 / frames_per_second),
            )  # fmt: skip
        except OSError as error:
            raise RunError(f"cannot write {path}: {error.strerror or error}.") from error
        return path
