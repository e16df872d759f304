"""How samples are shown and written: what a modality gives to whoever shows or saves some."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from PIL import Image
from torch import Tensor

from zerosum.forms.csv_cells import Cells
from zerosum.spaces import Space


class Preview(ABC):
    """Draws samples.

    Attributes:
        few: samples that a small view shows.
        draws_reals: whether reals are drawn beneath samples where they are given.
    """

    few: ClassVar[int] = 64
    draws_reals: ClassVar[bool] = False

    @abstractmethod
    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """One picture of samples.

        Args:
            space: what a sample is.
            x: compact samples `[N, ...]`.
            real: other samples `[M, ...]` that decide the frame of the picture and may be drawn
                beside these, such as earlier frames of an animation; if not given, `x` decides.
        """

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One compact sample as a small picture."""
        return self.draw(space, x[None])

    def draw_made(
        self, space: Space, x: Tensor, *, sources: Tensor, truth: Tensor | None = None
    ) -> Image.Image:
        """One picture of samples that were made from something; here they are drawn alone.

        Args:
            space: what a sample is.
            x: compact samples `[N, ...]`.
            sources: what they were made from, compact `[N, ...]`.
            truth: what should have been made, compact `[N, ...]`, where it is known.
        """
        return self.draw(space, x)

    def media(self, space: Space, x: Tensor) -> Mapping[str, bytes]:
        """Files in which samples can be heard or watched, by name; empty for most kinds.

        Args:
            space: what a sample is.
            x: compact samples `[N, ...]`.
        """
        return {}


class Writer(ABC):
    """Writes samples in the forms that people use for their kind.

    A picture (`.png`) and arrays (`.npz`) can be had of all samples and need no writer.

    Attributes:
        forms: endings of files such as `.csv`; `folder` for a folder with a file for each sample.
        default: name of the file that is written where none is asked for.
        labelled_forms: the same as `forms`, of samples with classes; empty if it writes none.
    """

    forms: ClassVar[tuple[str, ...]] = ()
    labelled_forms: ClassVar[tuple[str, ...]] = ()
    default: ClassVar[str] = "samples.png"

    @abstractmethod
    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """Write samples.

        Args:
            path: a file that does not exist yet, or an empty folder.
            form: one of `forms`.
            space: what a sample is.
            pieces: compact samples `[n, ...]`, one piece after another.
            labels: the name of each sample's label; empty where there are no labels.
            cells: what texts go through on their way into a CSV file.

        Raises:
            OSError: it cannot be written.
        """

    def write_labelled(
        self, path: Path, form: str, space: Space, x: Tensor, labels: Sequence[str],
        synthetic: Sequence[bool], cells: Cells,
    ) -> list[str]:  # fmt: skip
        """Write samples as training data with classes that says which of it is synthetic.

        Args:
            path: a file that does not exist yet, or an empty folder.
            form: one of `labelled_forms`.
            space: what a sample is.
            x: compact samples `[N, ...]`.
            labels: the class of each.
            synthetic: whether a model made it.
            cells: what texts go through on their way into a CSV file.

        Returns:
            The names of the files of synthetic samples; empty if all are in one file.

        Raises:
            OSError: it cannot be written.
        """
        raise NotImplementedError(f"{type(self).__name__} has no labelled_forms")
