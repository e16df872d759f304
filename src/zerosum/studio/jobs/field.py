"""A duel in the plane, as it is drawn: the discriminator's field, and where the generator is.

The training's own process looks, now and then, and writes one line of JSON for each look. It draws
nothing from the training's noise, so the training is the same with it and without.
"""

import base64
import json
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zerosum.engine.hooks import Hook, Row
from zerosum.engine.trainer import Trainer
from zerosum.games.two_player import TwoPlayer
from zerosum.rng import Noise, derive_seed
from zerosum.runs.files import append_line, write_whole
from zerosum.runs.hooks import fixed_inputs

FILE = "field.jsonl"
SIDE = 28
"""Places along each side at which the discriminator is asked."""
_POINTS = 240
_REALS = 400
_LOOKS = 240
"""Looks in a budget, at most."""
_LEAST_SECONDS = 0.25
_MARGIN = 0.18
"""Of the data's extent, that is shown around it on each side."""


def field_hooks(folder: Path, trainer: Trainer, *, seed: int) -> list[Hook]:
    """The hook that looks, where the duel is one of points in the plane."""
    game = trainer.game
    plane = game.space.kind == "point" and tuple(game.space.shape) == (2,)
    if not plane or not isinstance(game, TwoPlayer) or game.config.pack != 1:
        return []
    return [FieldHook(folder / FILE, seed=seed)]


def continue_field(source: Path, folder: Path) -> None:
    """Take over what was seen of a training that another one goes on from."""
    if (source / FILE).is_file() and not (folder / FILE).exists():
        write_whole(folder / FILE, lambda aside: shutil.copyfile(source / FILE, aside))


class FieldHook(Hook):
    """Writes the field and the points of a duel in the plane."""

    def __init__(self, path: Path, *, seed: int) -> None:
        self._path, self._seed = path, derive_seed(seed, "field")
        self._last, self._share = 0.0, -1.0

    def started(self, trainer: Trainer) -> None:
        """Take what stays the same, and drop looks that will be taken again."""
        self._trainer = trainer
        count = min(_REALS, len(trainer.dataset))
        self._reals = reals = trainer.dataset.take(torch.arange(count))[0]
        many = trainer.dataset.take(torch.arange(min(2_000, len(trainer.dataset))))[0]
        low, high = many.amin(0), many.amax(0)
        room = float((high - low).max()) * (0.5 + _MARGIN)
        centre = (low + high) / 2
        self._low, self._high = centre - room, centre + room
        noise = Noise(self._seed, device=trainer.runtime.device, rank=0, world=1)
        self._inputs = fixed_inputs(trainer.game, _POINTS, noise)
        frame = [_rounded(self._low), _rounded(self._high)]
        self._keep(trainer.step, {"frame": frame, "side": SIDE, "real": _rounded(reals)})
        self._look(trainer)

    def taken_over(self, trainer: Trainer) -> None:
        """Go on with the next trainer."""
        self._look(trainer)

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """Look, when it is time."""
        due = trainer.progress - self._share >= 1 / _LOOKS
        if due and time.monotonic() - self._last >= _LEAST_SECONDS:
            self._look(trainer)

    def ended(self, trainer: Trainer, reason: str) -> None:
        """One last look."""
        self._look(trainer)

    def _look(self, trainer: Trainer) -> None:
        self._last, self._share = time.monotonic(), trainer.progress
        line = {
            "step": trainer.step, "samples": trainer.samples_seen,
            "field": packed(field_of(trainer, self._low, self._high, self._reals)),
            "points": _rounded(trainer.sample(self._inputs)),
        }  # fmt: skip
        append_line(self._path, json.dumps(line, separators=(",", ":")))

    def _keep(self, step: int, first: dict[str, Any]) -> None:
        """The file with its first line, and the looks up to `step`."""
        kept = []
        if self._path.is_file():
            for text in self._path.read_text("utf-8").splitlines()[1:]:
                try:
                    if json.loads(text)["step"] < step:
                        kept.append(text)
                except (ValueError, KeyError):
                    continue
        lines = [json.dumps(first, separators=(",", ":")), *kept]
        text = "".join(f"{line}\n" for line in lines)
        write_whole(self._path, lambda aside: aside.write_text(text, encoding="utf-8"))


def field_of(trainer: Trainer, low: Tensor, high: Tensor, reals: Tensor) -> Tensor:
    """What the discriminator says over a square, `[SIDE, SIDE]` in [0, 1]: 1 is real.

    Rows go from the top down. The logit goes through a sigmoid; of a game that sees labels it is
    the mean over them. A relativistic discriminator only compares, so its logits are centred
    between those of reals and of the generator's points.

    Args:
        trainer: of a game of points in the plane.
        low: lower left corner `[2]`, in data units.
        high: upper right corner `[2]`.
        reals: some points of the data `[N, 2]`.
    """
    game: Any = trainer.game
    x = torch.linspace(float(low[0]), float(high[0]), SIDE)
    y = torch.linspace(float(high[1]), float(low[1]), SIDE)
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).reshape(-1, 2)
    labels = game.space.num_labels if game.config.conditional else 0

    def logits(points: Tensor) -> Tensor:
        seen = game.space.to_model(points).to(trainer.runtime.device)
        if not labels:
            return game.score(seen, None).float()
        each = torch.arange(labels, device=seen.device).repeat_interleave(len(seen))
        return game.score(seen.repeat(labels, 1), each).float().reshape(labels, -1)

    with trainer.averaged_weights():
        found = logits(places)
        if game.config.adversarial.pairs_reals:
            noise = Noise(0, device=trainer.runtime.device, rank=0, world=1)
            fakes = game.space.to_data(game.generate(game.draw(len(reals), noise))).cpu()
            found = found - (logits(reals).mean() + logits(fakes).mean()) / 2
        field = found.sigmoid()
    return (field.mean(0) if labels else field).reshape(SIDE, SIDE).cpu()


def packed(field: Tensor) -> str:
    """Values in [0, 1], `[H, W]`, as one byte each, in base 64.

    >>> packed(torch.tensor([[0.0, 1.0]]))
    'AP8='
    """
    data = (field.clamp(0, 1) * 255).round().to(torch.uint8).numpy().tobytes()
    return base64.b64encode(data).decode("ascii")


def _rounded(x: Tensor) -> Any:
    return (
        [[round(v, 3) for v in row] for row in x.tolist()]
        if x.ndim == 2
        else [round(v, 3) for v in x.tolist()]
    )
