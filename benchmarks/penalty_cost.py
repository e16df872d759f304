"""What exact R1 and R2 cost beside a plain discriminator step, taken in two ways.

    python benchmarks/penalty_cost.py

`twice` differentiates the input gradient once more, as autograd does; `moved` is what the product
does with networks that are piecewise linear (`zerosum.objectives.piecewise`). A step is the forward
and backward passes of the discriminator on 64 reals and 64 fakes of 32 x 32, on one thread; short
rounds alternate, and medians of CPU time count. `apart` is how far the two gradients are apart.
"""

import time
from statistics import median

import torch
from torch import Tensor

from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.networks.dcgan import DcganDiscriminatorConfig, DcganGeneratorConfig
from zerosum.objectives.adversarial import RelativisticPaired
from zerosum.objectives.penalties import R1, R2
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace

_ROUNDS, _BATCH, _LAZY = 25, 64, 8


def step(game: TwoPlayer, way: str, x: tuple[Tensor, Tensor], bf16: bool) -> float:
    """CPU-seconds of one; gradients are left with the parameters."""
    game.discriminator.zero_grad()
    start = time.process_time()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        if way == "moved":
            terms, _ = game._judge_moved(*x, None, [(one, 1.0) for one in game.penalties])
        else:
            terms, slopes, *_ = game._judge(*x, None, way == "twice", way == "twice")
            for penalty in game.penalties if slopes else ():
                terms[penalty.kind] = penalty.cost(slopes[penalty.site]).mean()
        accuracy = terms.pop("accuracy")
        loss = torch.stack([*terms.values()]).sum()
    loss.backward()
    assert accuracy.isfinite()
    return time.process_time() - start


def gradient(game: TwoPlayer, way: str, x: tuple[Tensor, Tensor]) -> Tensor:
    """In full precision, as one vector."""
    step(game, way, x, bf16=False)
    return torch.cat(
        [p.grad.flatten() for p in game.discriminator.parameters() if p.grad is not None]
    )


def main() -> None:
    """Print a table."""
    torch.set_num_threads(1)
    print(f"{'width':<7}{'':<6}{'plain ms':>9}{'twice':>8}{'moved':>8}{'lazy':>7}{'apart':>10}")
    for width in (16, 32, 64):
        space = ImageSpace(channels=1, height=32, width=32)
        torch.manual_seed(0)
        game = TwoPlayerConfig(
            generator=DcganGeneratorConfig(width=8),
            discriminator=DcganDiscriminatorConfig(width=width, normalisation="none"),
            adversarial=RelativisticPaired(), penalties=(R1(), R2()),
        ).build(space)  # fmt: skip
        game.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        noise = Noise(0)
        x = tuple(
            noise.normal(_BATCH, *space.shape).contiguous(memory_format=torch.channels_last)
            for _ in range(2)
        )
        apart = [gradient(game, way, (x[0], x[1])) for way in ("twice", "moved")]
        far = float((apart[0] - apart[1]).norm() / apart[0].norm())
        for bf16 in (False, True):
            rounds = [
                {way: step(game, way, (x[0], x[1]), bf16) for way in ("plain", "twice", "moved")}
                for _ in range(_ROUNDS)
            ]
            ms = {way: 1000 * median(one[way] for one in rounds) for way in rounds[0]}
            moved = ms["moved"] / ms["plain"]
            print(
                f"{width:<7}{'bf16' if bf16 else 'fp32':<6}{ms['plain']:>9.1f}"
                f"{ms['twice'] / ms['plain']:>7.2f}x{moved:>7.2f}x"
                f"{1 + (moved - 1) / _LAZY:>6.2f}x{far:>10.1e}"
            )


if __name__ == "__main__":
    main()
