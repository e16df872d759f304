"""The base of readers of files: a folder or zip of them, or one."""

from pydantic import PositiveInt

from zerosum.data.arrays import Labels
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.data.splits import Split


class FilesConfig(DataConfig):
    """Files below a folder or in a zip, or one file.

    Attributes:
        path: the folder, zip or file.
        labels: `auto` reads `labels.csv` (columns file, label), else takes the subfolder's name.
        split: where all files lie in folders called train, val or test, which of them is taken.
        skip_bad: go on without unreadable files.
        limit: take this many files only, evenly spread.
    """

    not_options = frozenset({"path", "split"})
    path: str
    split: Split = "train"
    labels: Labels = "auto"
    skip_bad: bool = False
    limit: PositiveInt | None = None

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read all files; see `open`.

        Raises:
            DataError: as `open`.
            MissingExtraError: as `open`.
        """
        return self.open(self.path, progress)[0]
