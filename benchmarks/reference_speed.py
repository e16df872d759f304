"""Training beside the published code of StyleGAN2, CycleGAN and pix2pix, in time for each image.

    git clone https://github.com/NVlabs/stylegan2-ada-pytorch
    git clone https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix
    python benchmarks/reference_speed.py --stylegan2 stylegan2-ada-pytorch \
        --cyclegan pytorch-CycleGAN-and-pix2pix

Both sides play whole training steps on random images, on one thread, in turns; medians of CPU
time count. `same` has the same networks, losses, batch and intervals on both sides, in fp32 and
contiguous. `same, chosen` lets zerosum choose precision and layout as it does for every run. `as
it comes` are two different trainings: the defaults of the reference and those of the recipe, each
with its own networks and batch (StyleGAN2: 4 for both), with zerosum's choice.

Nothing of the references is copied; their networks, losses and steps are imported and called. What
they need on a CPU, and without torchvision:

- StyleGAN2's training loop works on CUDA alone, so its phases (lazy R1 and path lengths, gradients
  without NaN, averaged weights) are played here as it plays them, without augmentation and in fp32,
  its option `--fp32=true`: half precision is for GPUs. Its own CUDA kernels have a fallback in
  PyTorch, which it takes by itself. `requests` is imported for downloads and stood in for. Adam
  wants both betas as floats since torch 2.
- CycleGAN and pix2pix run as they are with `--gpu_ids -1`. torchvision is imported for data and
  stood in for. A U-Net that ends at 4 x 4, as ours does, has no name there, so that `same` calls
  its constructor.

Where `same` differs: StyleGAN2 filters with [1, 3, 3, 1] and zerosum with [1, 2, 1], and it plays
R1 as a step of its own. CycleGAN shows its discriminators the fakes of its generators' step;
zerosum makes fakes for them anew. pix2pix has one batch for both steps, zerosum two. zerosum
averages the weights of all three, and StyleGAN2 does.
"""

import argparse
import contextlib
import copy
import io
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import MagicMock

import torch
from torch import nn

from zerosum.catalogue import find_recipe
from zerosum.data.base import ArrayDataset, Dataset
from zerosum.engine.choose import Wishes, candidates, choose_execution
from zerosum.engine.execution import Execution
from zerosum.engine.trainer import Trainer
from zerosum.modalities.images.paired import PairDataset
from zerosum.runtime import Runtime, can_bfloat16
from zerosum.workflows.prepare import make_trainer

CPU = Runtime(torch.device("cpu"))
PLAIN = Execution(threads=1)
NUM_PICTURES = 64
LAZY = {0: 1, 8: 1, 4: 2, 1: 12}
"""Steps of sixteen that stand for all: with R1 and path lengths, with path lengths every 8 or 4."""
ALIKE = {1: 1}


@dataclass(frozen=True)
class Side:
    """One training: a step by its number, and how large it is.

    Attributes:
        step: plays the step of that number.
        batch: images in one step.
        players: their parameters by name, all networks of a player together.
        says: what it is, beside its batch.
    """

    step: Callable[[int], None]
    batch: int
    players: Mapping[str, int]
    says: str


def compare(title: str, sides: Mapping[str, Side], steps: Mapping[int, int], rounds: int) -> None:
    """Play the sides in turns and print a row for each; the first is what others are held to."""
    times = {name: {step: [] for step in steps} for name in sides}
    for number in range(rounds + 1):
        for step in steps:
            for name, side in sides.items():
                start = time.process_time()
                side.step(step)
                if number or rounds == 0:  # the first round warms up
                    times[name][step].append(time.process_time() - start)
    print(f"\n{title}")
    first = 0.0
    for name, side in sides.items():
        seconds = sum(median(times[name][step]) * weight for step, weight in steps.items())
        per_image = seconds / sum(steps.values()) / side.batch
        first = first or per_image
        counts = ", ".join(f"{player} {count:,}" for player, count in side.players.items())
        print(
            f"  {name:<20}{1000 * per_image:>9.1f} ms an image {first / per_image:>6.2f}x"
            f"   batch {side.batch}, {side.says}; {counts}",
            flush=True,
        )


def ours(
    recipe: str, dataset: Dataset, changes: Mapping[str, Any], execution: Execution | None = PLAIN
) -> Side:
    """A run of a recipe without its files; the execution is chosen where none is given."""
    resolved = find_recipe(recipe).resolve(dataset.space)
    resolved = resolved.with_values({"optimisation.total_samples": 10**9, **changes})

    def trainer(way: Execution) -> Trainer:
        return make_trainer(resolved, dataset, seed=0, runtime=CPU, execution=way)

    if execution is None:
        ways = candidates(
            Wishes(threads=1), space=dataset.space, device=CPU.device, compilable=False,
            bfloat16=can_bfloat16(CPU.device),
        )  # fmt: skip
        execution, _ = choose_execution(ways, trainer, runtime=CPU, num_steps=1)
    player = trainer(execution)

    def step(number: int) -> None:
        player.step = number
        with execution.applied():
            player.play()

    game = player.game
    assert isinstance(game.generator, nn.Module)
    assert isinstance(game.discriminator, nn.Module)
    players = {"generator": size(game.generator), "discriminator": size(game.discriminator)}
    return Side(step, resolved.optimisation.batch_size, players, str(execution))


def size(*networks: nn.Module) -> int:
    """Parameters of all of them."""
    return sum(p.numel() for network in networks for p in network.parameters())


@contextlib.contextmanager
def stood_in(path: Path, *names: str) -> Iterator[None]:
    """`path` can be imported from, and `names` are modules with anything in them."""
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update({name: MagicMock() for name in names})
    sys.path.insert(0, str(path))
    try:
        yield
    finally:
        sys.path.remove(str(path))
        for name, module in before.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


def stylegan2(path: Path, *, pixels: int, batch: int, dim: int, depth: int, widths: int,
              most: int, path_every: int) -> Side:  # fmt: skip
    """NVIDIA's StyleGAN2; it has `widths / side` channels at a side, and at most `most`."""
    with stood_in(path, "requests"):
        networks, losses = import_module("training.networks"), import_module("training.loss")
        misc = import_module("torch_utils.misc")
    shape = {"c_dim": 0, "img_resolution": pixels, "img_channels": 3}
    channels = {"channel_base": widths, "channel_max": most}
    generator = networks.Generator(
        z_dim=dim, w_dim=dim, mapping_kwargs={"num_layers": depth}, synthesis_kwargs=channels,
        **shape,
    )  # fmt: skip
    discriminator = networks.Discriminator(
        epilogue_kwargs={"mbstd_group_size": min(batch, 4)}, **channels, **shape
    )
    for network in (generator, discriminator):
        network.train().requires_grad_(False)
    average = copy.deepcopy(generator).eval()
    gamma = 0.0002 * pixels**2 / batch
    loss = losses.StyleGAN2Loss(
        CPU.device, generator.mapping, generator.synthesis, discriminator, r1_gamma=gamma
    )
    phases = []
    for name, network, every in (("G", generator, path_every), ("D", discriminator, 16)):
        less = every / (every + 1)
        adam = torch.optim.Adam(
            network.parameters(), lr=0.0025 * less, betas=(0.0, 0.99**less), eps=1e-8
        )
        phases += [(f"{name}main", network, adam, 1), (f"{name}reg", network, adam, every)]
    pictures = torch.randint(256, (NUM_PICTURES, 3, pixels, pixels), dtype=torch.uint8)
    labels = torch.zeros(batch, 0)
    decay = 0.5 ** (batch / (1000 * batch * 10 / 32))

    def step(number: int) -> None:
        rows = torch.randint(NUM_PICTURES, (batch,))
        real = pictures[rows].to(torch.float32) / 127.5 - 1
        latents = torch.randn(len(phases) * batch, dim).split(batch)
        for (name, network, adam, every), z in zip(phases, latents, strict=True):
            if number % every:
                continue
            adam.zero_grad(set_to_none=True)
            network.requires_grad_(True)
            loss.accumulate_gradients(
                phase=name, real_img=real, real_c=labels, gen_z=z, gen_c=labels, sync=True,
                gain=every,
            )  # fmt: skip
            network.requires_grad_(False)
            for p in network.parameters():
                if p.grad is not None:
                    misc.nan_to_num(p.grad, nan=0, posinf=1e5, neginf=-1e5, out=p.grad)
            adam.step()
        with torch.no_grad():
            for mean, now in zip(average.parameters(), generator.parameters(), strict=True):
                mean.copy_(now.lerp(mean, decay))
            for mean, now in zip(average.buffers(), generator.buffers(), strict=True):
                mean.copy_(now)

    players = {"generator": size(generator), "discriminator": size(discriminator)}
    return Side(step, batch, players, "fp32")


def translation(path: Path, model: str, *words: str, pixels: int, levels: int = 0) -> Side:
    """CycleGAN (`cycle_gan`) or pix2pix (`pix2pix`) of its authors, with their options.

    `levels` makes a U-Net that halves the size so often, without dropout.
    """
    torchvision = ("torchvision", "torchvision.transforms")
    with stood_in(path, *torchvision), contextlib.redirect_stdout(io.StringIO()):
        options = import_module("options.train_options").TrainOptions()
        made = import_module("models").find_model_using_name(model)
        networks: Any = import_module("models.networks")
        known = networks.define_G

        def unet(given: int, out: int, width: int, *rest: Any) -> nn.Module:
            _, norm, _, init, gain, devices = rest
            layer = networks.get_norm_layer(norm_type=norm)
            network = networks.UnetGenerator(given, out, levels, width, norm_layer=layer)
            return networks.init_net(network, init, gain, devices)

        parser = options.initialize(argparse.ArgumentParser())
        parser = made.modify_commandline_options(parser, True)
        chosen = parser.parse_args(["--dataroot", "", "--gpu_ids", "-1", "--model", model, *words])
        chosen.isTrain, chosen.gpu_ids = True, []
        networks.define_G = unet if levels else known
        try:
            player = made(chosen)
        finally:
            networks.define_G = known
    noise = torch.Generator().manual_seed(0)
    shape = (NUM_PICTURES, 3, pixels, pixels)
    a, b = (torch.randint(256, shape, generator=noise, dtype=torch.uint8) for _ in range(2))
    batch = chosen.batch_size

    def step(_: int) -> None:
        rows = [random.randrange(NUM_PICTURES) for _ in range(batch)]
        reals = {"A": a[rows].float() / 127.5 - 1, "B": b[rows].float() / 127.5 - 1}
        player.set_input(reals | {"A_paths": "", "B_paths": ""})
        player.optimize_parameters()

    found = [getattr(player, f"net{name}") for name in player.model_names]
    half = len(found) // 2
    players = {"generator": size(*found[:half]), "discriminator": size(*found[half:])}
    return Side(step, batch, players, "fp32")


def pictures(pixels: int, seed: int = 0) -> ArrayDataset:
    """Random ones."""
    noise = torch.Generator().manual_seed(seed)
    shape = (NUM_PICTURES, 3, pixels, pixels)
    x = torch.randint(256, shape, generator=noise, dtype=torch.uint8)
    return ArrayDataset(x, name=f"noise {seed}")


def pairs(pixels: int, *, aligned: bool) -> PairDataset:
    """Random ones."""
    return PairDataset(pictures(pixels), pictures(pixels, 1), aligned=aligned, name="noise")


def compare_stylegan2(path: Path, rounds: int) -> None:
    """At 64 x 64: `same` with the recipe's widths, `as it comes` with configuration `auto`."""
    data = pictures(64)
    same = {"optimisation.batch_size": 8, "game.path_every": 4}
    sides = {
        "NVlabs": stylegan2(path, pixels=64, batch=8, dim=128, depth=4, widths=32 * 64, most=256,
                            path_every=4),
        "same": ours("stylegan", data, same),
        "same, chosen": ours("stylegan", data, same, None),
    }  # fmt: skip
    compare("StyleGAN2, 64 x 64", sides, LAZY, rounds)
    # Both have 32 images at once by default, which cost about as much each, and take minutes.
    sides = {
        "NVlabs, auto": stylegan2(path, pixels=64, batch=4, dim=512, depth=2, widths=16384,
                                  most=512, path_every=4),
        "as it comes": ours("stylegan", data, {"optimisation.batch_size": 4}, None),
    }  # fmt: skip
    compare("StyleGAN2, 64 x 64, different networks, played once", sides, LAZY, 0)


def compare_cyclegan(path: Path, rounds: int) -> None:
    """At 64 x 64: `same` with the authors' networks and batch of 1."""
    data = pairs(64, aligned=False)
    same = {
        "optimisation.batch_size": 1, "game.generator.width": 64, "game.generator.num_blocks": 9,
        "game.discriminator.width": 64,
    }  # fmt: skip
    sides = {
        "authors": translation(path, "cycle_gan", pixels=64),
        "same": ours("cyclegan", data, same),
        "same, chosen": ours("cyclegan", data, same, None),
        "as it comes": ours("cyclegan", data, {}, None),
    }
    compare("CycleGAN, 64 x 64 (as it comes: different networks)", sides, ALIKE, rounds)


def compare_pix2pix(path: Path, rounds: int) -> None:
    """At 128 x 128: `same` with U-Nets down to 4 x 4 and a batch of 1."""
    data = pairs(128, aligned=True)
    same = {
        "optimisation.batch_size": 1, "game.generator.width": 64, "game.generator.dropout": 0.0,
        "game.discriminator.width": 64,
    }  # fmt: skip
    sides = {
        "authors": translation(path, "pix2pix", pixels=128, levels=5),
        "same": ours("pix2pix", data, same),
        "same, chosen": ours("pix2pix", data, same, None),
    }
    compare("pix2pix, 128 x 128", sides, ALIKE, rounds)
    sides = {
        "authors, unet_128": translation(path, "pix2pix", "--netG", "unet_128", pixels=128),
        "as it comes": ours("pix2pix", data, {}, None),
    }
    compare("pix2pix, 128 x 128, different networks", sides, ALIKE, rounds)


def main() -> None:
    """Print a table for each reference that is given."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--stylegan2", type=Path, help="checkout of NVlabs/stylegan2-ada-pytorch")
    parser.add_argument(
        "--cyclegan", type=Path, help="checkout of junyanz/pytorch-CycleGAN-and-pix2pix"
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.stylegan2 is options.cyclegan is None:
        parser.error("give --stylegan2, --cyclegan, or both, each with the path to a checkout.")
    torch.set_num_threads(1)
    if options.stylegan2:
        compare_stylegan2(options.stylegan2, options.rounds)
    if options.cyclegan:
        compare_cyclegan(options.cyclegan, 3 * options.rounds)
        compare_pix2pix(options.cyclegan, 3 * options.rounds)


if __name__ == "__main__":
    main()
