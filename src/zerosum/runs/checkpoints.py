"""Checkpoints: one safetensors file and one JSON file each, verified before they are used.

The JSON file is written last and holds the digest of tensors and numbers, so a checkpoint that was
cut off or damaged is recognised, and the one before it is taken instead.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from zerosum.errors import RunError
from zerosum.runs.files import (
    DamageError,
    inside,
    make_folder,
    open_plain,
    read_json,
    write_json,
    write_whole,
)
from zerosum.runs.tensors import parse_tensors, read_body, write_tensors

_NAME = re.compile(r"step-(\d{9})\.json")


@dataclass(frozen=True)
class Checkpoint:
    """A training at one step: every tensor, and the numbers beside them."""

    step: int
    tensors: dict[str, Tensor]
    scalars: dict[str, Any]


class Checkpoints:
    """The checkpoints of one run.

    Args:
        folder: where they lie.
        keep: how many of the newest are kept; at least 2, so that one is always whole.
    """

    def __init__(self, folder: Path, *, keep: int = 3) -> None:
        self.folder, self.keep = folder, max(keep, 2)

    def steps(self) -> list[int]:
        """Steps that have a checkpoint, ascending.

        Raises:
            RunError: the folder cannot be read.
        """
        try:
            names = [path.name for path in self._own().iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise RunError(
                f"cannot look into {self.folder}: {error.strerror or error}. See that you may read "
                "it."
            ) from error
        found = map(_NAME.fullmatch, names)
        return sorted(int(match[1]) for match in found if match)

    def sizes(self) -> dict[int, int]:
        """Bytes that each checkpoint takes, by its step, ascending.

        Raises:
            RunError: the folder, or a file, cannot be read.
        """
        return {step: sum(map(_length, self._paths(step))) for step in self.steps()}

    def save(self, tensors: dict[str, Tensor], scalars: dict[str, Any]) -> int:
        """Write a checkpoint, then delete the oldest over the limit; returns its size in bytes.

        Raises:
            RunError: it cannot be written; the earlier ones are untouched.
        """
        make_folder(self._own())
        weights, record = self._paths(scalars["step"])
        flat = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
        write_whole(weights, lambda aside: write_tensors(flat, aside))
        size = _length(weights)
        with open_plain(weights) as handle:
            digest = _with_scalars(hashlib.file_digest(handle, "sha256"), scalars)
        write_json(record, {"scalars": scalars, "bytes": size, "sha256": digest})
        self._drop(self.steps()[: -self.keep])
        return size

    def retain(self, steps: Collection[int]) -> None:
        """Delete every checkpoint but those of `steps`."""
        self._drop([step for step in self.steps() if step not in steps])

    def tidy(self, step: int) -> None:
        """Remove what a crash left: files cut off while written, and checkpoints after `step`.

        A resume from `step` calls this, so that damaged checkpoints do not count among the newest.
        """
        whole = {path for known in self.steps() if known <= step for path in self._paths(known)}
        folder = self._own()
        for path in [*folder.glob("step-*"), *folder.glob(".step-*.part")]:
            if path not in whole:
                _remove(path)

    def load_newest(self) -> tuple[Checkpoint, list[str]]:
        """The newest whole checkpoint, and what was wrong with newer ones.

        Raises:
            RunError: there is no checkpoint, or one cannot be read, damaged or not.
        """
        newest, problems = self.newest()
        if newest is not None:
            return newest, problems
        detail = f" Damaged: {' '.join(problems)}" if problems else ""
        raise RunError(
            f"no usable checkpoint in {self.folder}.{detail} What was trained is lost. Train again "
            "with the run's recipe, into another folder."
        )

    def newest(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest whole checkpoint, if there is one, and what was wrong with newer ones.

        Raises:
            RunError: one cannot be read, so that nobody knows whether it is damaged.
        """
        problems = []
        for step in reversed(self.steps()):
            try:
                return self.load(step), problems
            except DamageError as error:
                problems.append(str(error))
        return None, problems

    def load(self, step: int) -> Checkpoint:
        """The checkpoint of `step`.

        Raises:
            RunError: it is missing or cannot be read.
            DamageError: it is damaged.
        """
        weights, record = self._paths(step)
        meta = read_json(record)
        if not isinstance(meta, dict) or not {"scalars", "bytes", "sha256"} <= meta.keys():
            raise DamageError(f"checkpoint {record.name} is damaged: it lacks what it should say.")
        if not isinstance(meta["scalars"], dict) or meta["scalars"].get("step") != step:
            raise DamageError(f"checkpoint {record.name} is damaged: it says another step.")
        if _length(weights) != meta["bytes"]:
            raise DamageError(f"checkpoint {weights.name} is cut off.")
        body = read_body(weights)
        if _with_scalars(hashlib.sha256(body), meta["scalars"]) != meta["sha256"]:
            raise DamageError(f"checkpoint {weights.name} is damaged: its digest does not match.")
        return Checkpoint(step, parse_tensors(body, weights), meta["scalars"])

    def _drop(self, steps: Iterable[int]) -> None:
        for step in steps:
            for path in reversed(self._paths(step)):
                _remove(path)

    def _own(self) -> Path:
        """The folder, which is no link: else the checkpoints of another run would be replaced."""
        return inside(self.folder.parent, self.folder.name)

    def _paths(self, step: int) -> tuple[Path, Path]:
        stem = self._own() / f"step-{step:09d}"
        return stem.with_suffix(".safetensors"), stem.with_suffix(".json")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            f"cannot remove {path}: {error.strerror or error}. See that you may write to its "
            "folder, then resume."
        ) from error


def _length(path: Path) -> int:
    """Bytes of a file; 0 if it does not exist."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}.") from error


def _with_scalars(digest: "hashlib._Hash", scalars: Any) -> str:
    """SHA-256 of the file of tensors, followed by the numbers as sorted JSON."""
    digest.update(json.dumps(scalars, sort_keys=True).encode())
    return digest.hexdigest()
