"""The ledger of a private run: how many steps may have been played, whatever became of them.

What a step lets out of the rows is spent once it is played, also where a crash takes the weights
away that came of it. So steps are reserved on the disk before they are played, in blocks of about a
second, and a resume goes on after the last reserved one: what was lost counts as played.
"""

import os
import time
from math import ceil
from pathlib import Path

from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.errors import PrivacyError
from zerosum.faces import option
from zerosum.runs.files import DamageError, read_json, write_json
from zerosum.runs.store import Run

_BLOCK_SECONDS = 1.0
"""What a crash may lose at most."""


class Ledger:
    """How many steps of a private run are reserved.

    Args:
        folder: of the run.
        planned: steps that were planned, and are accounted for.
    """

    def __init__(self, folder: Path, planned: int) -> None:
        self._folder, self._path, self._planned = folder, folder / "ledger.json", planned

    def read(self, saved: int) -> int:
        """Steps that may have been played.

        Args:
            saved: the newest step that was saved, which was certainly played.

        Raises:
            PrivacyError: the ledger is missing, damaged, or behind the step that was saved.
            RunError: it cannot be read.
        """
        try:
            found = read_json(self._path) if self._path.exists() else None
        except DamageError:
            found = None
        reserved = found.get("reserved") if isinstance(found, dict) else None
        if not isinstance(reserved, int) or not saved <= reserved <= self._planned:
            raise PrivacyError(
                f"{self._path} is missing or damaged, so nobody knows how many steps were played, "
                f"and more might break the promise of {option('epsilon')}. Put the file back "
                "from where the "
                "run was copied; or use the model as it is, or train anew."
            )
        return reserved

    def write(self, reserved: int) -> None:
        """Reserve steps up to `reserved`; once it returns, no crash undoes it.

        Raises:
            RunError: the disk is full or not writable.
        """
        write_json(self._path, {"reserved": reserved, "planned": self._planned})
        if os.name == "posix":  # elsewhere a folder cannot be flushed by itself
            handle = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


class LedgerHook(Hook):
    """Reserves steps before they are played; the first of all hooks."""

    def __init__(self, run: Run) -> None:
        self._planned = int(run.manifest["privacy"]["steps"])
        self._ledger = Ledger(run.folder, self._planned)
        self._reserved = 0
        self._block, self._since = 1, 0.0

    def started(self, trainer: Trainer) -> None:
        """Reserve the first step."""
        self._reserve(trainer.step)

    def stepped(self, trainer: Trainer) -> None:
        """Reserve the next block where the last one is used up."""
        if trainer.step < self._reserved or trainer.progress >= 1:
            return
        took = max(time.monotonic() - self._since, 1e-6)
        self._block = min(2 * self._block, max(ceil(self._block / took * _BLOCK_SECONDS), 1))
        self._reserve(trainer.step)

    def ended(self, trainer: Trainer, reason: str) -> None:
        """Give back what was reserved and not played."""
        self._ledger.write(trainer.step)

    def _reserve(self, step: int) -> None:
        self._reserved = min(step + self._block, self._planned)
        self._ledger.write(self._reserved)
        self._since = time.monotonic()
