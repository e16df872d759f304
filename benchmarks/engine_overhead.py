"""What the engine costs: a step of a run against a hand-written loop of the same mathematics.

    python benchmarks/engine_overhead.py

Both sides have the same networks, batch, precision, optimizers, penalties and weight average, and
both keep every term and fetch the means every 20 steps; the run also appends them to its history on
disk. They take turns in short rounds, so that a busy moment of the machine hits both; the ratio is
of the medians of the rounds, and the median of the ratios round by round is printed beside it.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.nn.functional import softplus

from zerosum.catalogue import find_recipe
from zerosum.engine.execution import Execution
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Row, Trainer
from zerosum.games.two_player import TwoPlayer
from zerosum.recipes import Recipe
from zerosum.runs.hooks import HistoryHook
from zerosum.runs.store import Run
from zerosum.runtime import Runtime
from zerosum.workflows.data import open_data
from zerosum.workflows.prepare import make_trainer

CPU = Runtime(torch.device("cpu"))


def hand_written(recipe: Recipe, dataset: object, seed: int) -> Callable[[], None]:
    """The loop somebody would write for non-saturating or relativistic games with R1 and R2."""
    trainer = make_trainer(recipe, dataset, seed=seed, runtime=CPU, execution=Execution())  # pyright: ignore[reportArgumentType]
    game = trainer.game
    assert isinstance(game, TwoPlayer)
    generator, discriminator = game.generator, game.discriminator
    batch, latent = recipe.optimisation.batch_size, game.config.latent_dim
    paired = game.config.adversarial.kind == "relativistic_paired"
    penalties = {p.kind: (p.weight, p.every) for p in game.penalties}
    x, y = dataset.resident  # pyright: ignore[reportAttributeAccessIssue]
    image = game.space.kind == "image"
    x = x if image else game.space.to_model(x)
    y = y if game.config.conditional else None
    settings = recipe.optimisation.optimizers
    optimizers = [
        torch.optim.Adam(net.parameters(), lr=c.lr, betas=(c.beta1, c.beta2), fused=True)  # pyright: ignore[reportAttributeAccessIssue]
        for net, c in (
            (discriminator, settings["discriminator"]),
            (generator, settings["generator"]),
        )
    ]
    d_optimizer, g_optimizer = optimizers
    average = [p.detach().clone() for p in generator.parameters()]
    draws = torch.Generator().manual_seed(seed)
    order, position, step = torch.randperm(len(x), generator=draws), 0, 0
    kept: dict[str, list[torch.Tensor]] = {}

    def reals() -> tuple[torch.Tensor, torch.Tensor | None]:
        nonlocal order, position
        if position + batch > len(x):
            order, position = torch.randperm(len(x), generator=draws), 0
        rows = order[position : position + batch]
        position += batch
        taken = x[rows]
        if image:
            taken = taken.float().mul_(1 / 127.5).sub_(1)
        return taken, None if y is None else y[rows]

    def slope(points: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        (gradient,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
        return 0.5 * gradient.square().flatten(1).sum(1).mean()

    def one() -> None:
        nonlocal step
        discriminator.requires_grad_(True)
        generator.requires_grad_(False)
        real, label = reals()
        z = torch.randn(batch, latent, generator=draws)
        with torch.no_grad():
            fake = generator(z, label)
        due = {k: w * every for k, (w, every) in penalties.items() if step % every == 0}
        real.requires_grad_("r1" in due)
        fake.requires_grad_("r2" in due)
        real_logits = discriminator(real, label).squeeze(1)
        fake_logits = discriminator(fake, label).squeeze(1)
        if paired:
            terms = {"paired": softplus(fake_logits - real_logits).mean()}
        else:
            terms = {"real": softplus(-real_logits).mean(), "fake": softplus(fake_logits).mean()}
        if "r1" in due:
            terms["r1"] = due["r1"] * slope(real, real_logits)
        if "r2" in due:
            terms["r2"] = due["r2"] * slope(fake, fake_logits)
        d_optimizer.zero_grad(set_to_none=True)
        torch.stack(list(terms.values())).sum().backward()
        d_optimizer.step()
        terms["accuracy"] = (real_logits > fake_logits).float().mean()
        discriminator.requires_grad_(False)
        generator.requires_grad_(True)
        z, label, paired_logits = torch.randn(batch, latent, generator=draws), None, None
        if paired or y is not None:
            real, label = reals()
            if paired:
                with torch.no_grad():
                    paired_logits = discriminator(real, label).squeeze(1)
        logits = discriminator(generator(z, label), label).squeeze(1)
        loss = softplus(-logits if paired_logits is None else paired_logits - logits).mean()
        g_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        g_optimizer.step()
        terms["adversarial"] = loss
        with torch.no_grad():
            torch._foreach_lerp_(average, list(generator.parameters()), 0.01)  # pyright: ignore[reportPrivateImportUsage]
        for name, value in terms.items():
            kept.setdefault(name, []).append(value.detach())
        step += 1
        if step % 20 == 0:
            torch.stack([torch.stack(v).mean() for v in kept.values()]).tolist()
            kept.clear()

    return one


class Rounds(Hook):
    """Stops the engine after each round, so that both sides can take turns."""

    def __init__(self) -> None:
        self.steps = 0

    def stepped(self, trainer: Trainer) -> None:
        """Count down."""
        self.steps -= 1
        if self.steps == 0:
            trainer.stop("round")

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """Nothing."""


def compare(name: str, data: str, changes: dict[str, object], rounds: int) -> dict[str, object]:
    """Milliseconds a step of both sides, and their ratio."""
    dataset, _ = open_data(data)
    recipe = find_recipe(name).resolve(dataset.space)
    recipe = recipe.with_values({"optimisation.total_samples": 10**9, **changes})
    trainer = make_trainer(recipe, dataset, seed=0, runtime=CPU, execution=Execution())
    loop = hand_written(recipe, dataset, 0)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder) / "run", {})
        counter = Rounds()
        hooks: list[Hook] = [HistoryHook(run), counter]

        def engine(steps: int) -> float:
            counter.steps = steps
            start = time.perf_counter()
            trainer.run(hooks)
            return (time.perf_counter() - start) / steps

        def by_hand(steps: int) -> float:
            start = time.perf_counter()
            for _ in range(steps):
                loop()
            return (time.perf_counter() - start) / steps

        engine(20)
        by_hand(20)
        steps = max(20, int(0.4 / by_hand(20)) // 20 * 20)
        pairs = [(engine(steps), by_hand(steps)) for _ in range(rounds)]
    ours = statistics.median(a for a, _ in pairs)
    theirs = statistics.median(b for _, b in pairs)
    return {
        "recipe": name, "data": data, "engine_ms": round(1e3 * ours, 3),
        "by_hand_ms": round(1e3 * theirs, 3), "ratio": round(ours / theirs, 3),
        "median_of_ratios": round(statistics.median(a / b for a, b in pairs), 3),
    }  # fmt: skip


def main() -> None:
    """Three sizes: points, 8 x 8 digits, and a convolutional pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    narrow = {"game.generator.width": 16, "game.discriminator.width": 16}
    cases = [("r3gan", "grid", {}), ("cgan", "digits", {}), ("dcgan", "digits", narrow)]
    for name, data, changes in cases:
        print(json.dumps(compare(name, data, changes, options.rounds)), flush=True)


if __name__ == "__main__":
    main()
