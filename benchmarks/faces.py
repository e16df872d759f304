"""Does `age` change the age? `stylegan` on faces, judged by what never met it.

    unzip ../shared/data/faces/utkface_agegroup_gender.zip -d faces
    zerosum train stylegan --data faces --size 32 --labels none --images 150000 --out runs/faces
    python benchmarks/faces.py --run runs/faces --faces faces

Folders are called AGEGROUP.GENDER, with ten groups of age. Every second face, listed in a CSV with
its group, teaches a direction `age`, once more with a direction for the brightness of images held
still. The other faces teach two kinds of judges, which share no shape with what directions are
learned by: five networks that name the group, whose expected group counts, and support vectors on
gradients and colours. Their mean is what is told of here, and each kind alone: how well it ranks
faces that nobody learned from; then, of samples moved from -2 to 2, the share that is older at 2
than at -2 (*rises*), that is older at 0 than at -2 and at 2 than at 0 (*monotone*), and at each of
the four steps (*each step*), and the mean group at each strength; all of it for samples as they
come and for such of truncation .7, the usual one for edits. Random directions of the same length
stand beside, turned so that the age rises in the mean.
"""

import argparse
import csv
import json
from collections.abc import Mapping
from pathlib import Path
from statistics import mean

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, cross_entropy

from zerosum.modalities.images.attributes import Reader
from zerosum.modalities.images.labelled import open_labelled
from zerosum.modalities.images.styled import StyledModel
from zerosum.rng import Noise, seeded_initialisation
from zerosum.runs.files import write_json
from zerosum.workflows.control import learn_direction, styled_model

RESULTS = Path(__file__).parent / "results" / "faces"
STRENGTHS = (-2.0, -1.0, 0.0, 1.0, 2.0)
TRUNCATIONS = (1.0, 0.7)
SHOWN, RANDOM = 500, 10
_CLASSIFIERS, _STEPS, _BATCH, _HELD = 5, 1_200, 64, 0.2
_CELLS, _ANGLES = 8, 8


def taught(x: Tensor, y: Tensor) -> dict[str, Reader]:
    """What says how old faces uint8 `[N, 3, H, W]` are, in groups from 0 to 9, `[N]`, by kind.

    A fifth of the faces `x`, of groups `y`, tells how well they rank.
    """
    order = Noise(0).uniform(len(x)).argsort()
    held, learned = order[: int(len(x) * _HELD)], order[int(len(x) * _HELD) :]
    networks: list[nn.Module] = []
    for seed in range(1, 1 + _CLASSIFIERS):
        with seeded_initialisation(seed):
            networks.append(_classifier(x[learned], y[learned], Noise(seed)))
    mirrored = torch.cat([x[learned], x[learned].flip(3)])
    vectors = make_pipeline(StandardScaler(), SVR(C=3))
    vectors.fit(_gradients_and_colours(mirrored), y[learned].repeat(2).numpy())

    def named(x: Tensor) -> Tensor:
        return torch.stack([_expected(network, x) for network in networks]).mean(0)

    def drawn(x: Tensor) -> Tensor:
        return torch.from_numpy(vectors.predict(_gradients_and_colours(x))).float()

    kinds = {"networks": named, "support vectors": drawn}
    for name, (group,) in ages(kinds, [x[held]]).items():
        rank = float(spearmanr(group.numpy(), y[held].numpy())[0])  # pyright: ignore[reportArgumentType]
        print(f"{name}: rank correlation with the groups of unseen faces {rank:.3f}")
    return kinds


def _expected(network: nn.Module, x: Tensor) -> Tensor:
    shares = torch.cat([network(_scaled(part)).softmax(1) for part in x.split(256)])
    return shares @ torch.arange(10.0)


def _gradients_and_colours(x: Tensor) -> npt.NDArray[np.float32]:
    """Of 8 x 8 cells: how much of its gradients goes in each of 8 directions, and its colour.

    Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005, with cells
    normalised one by one.
    """
    x = x.float() / 255
    across, down = torch.zeros(2, *x[:, 0].shape)
    across[:, :, 1:-1] = (x[:, :, :, 2:] - x[:, :, :, :-2]).mean(1)
    down[:, 1:-1] = (x[:, :, 2:] - x[:, :, :-2]).mean(1)
    angle = torch.atan2(down, across) % torch.pi / torch.pi * _ANGLES
    apart = (angle[:, None] - torch.arange(_ANGLES)[:, None, None]).abs()
    share = (1 - torch.minimum(apart, _ANGLES - apart)).clamp_min(0)
    cells = adaptive_avg_pool2d(share * torch.hypot(across, down)[:, None], _CELLS)
    shares = cells / (cells.norm(dim=1, keepdim=True) + 0.02)
    colours = adaptive_avg_pool2d(x, _CELLS)
    return torch.cat([shares.flatten(1), colours.flatten(1)], dim=1).numpy()


def _classifier(x: Tensor, y: Tensor, noise: Noise) -> nn.Module:
    network = nn.Sequential(
        *_layer(3, 32, 1), *_layer(32, 64, 2), *_layer(64, 96, 2), *_layer(96, 128, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.3), nn.Linear(128, 10),
    )  # fmt: skip
    adam = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=5e-2)
    falling = torch.optim.lr_scheduler.OneCycleLR(adam, 2e-3, total_steps=_STEPS)
    for _ in range(_STEPS):
        rows = noise.integers(_BATCH, high=len(x))
        seen = _scaled(x[rows])
        turned = noise.uniform(_BATCH)[:, None, None, None] < 0.5
        logits = network(torch.where(turned, seen.flip(3), seen))
        loss = cross_entropy(logits, y[rows], label_smoothing=0.05)
        adam.zero_grad()
        loss.backward()
        adam.step()
        falling.step()
    return network.eval().requires_grad_(False)


def _layer(before: int, after: int, stride: int) -> list[nn.Module]:
    conv = nn.Conv2d(before, after, 3, stride, 1, bias=False)
    return [conv, nn.BatchNorm2d(after), nn.ReLU()]


def _scaled(x: Tensor) -> Tensor:
    return x.float() / 127.5 - 1


def listed(faces: Path, start: int, path: Path) -> Path:
    """A CSV of every second face from `start` on, with its group."""
    files = sorted(faces.glob("*.*/*.jpg"))[start::2]
    rows = [(str(one.relative_to(faces)), one.parent.name.split(".")[0]) for one in files]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("file", "age"), *rows])
    return path


def judges(faces: Path, model: StyledModel) -> dict[str, Reader]:
    """Of the faces that directions are not learned from; see `taught`."""
    path = listed(faces, 1, RESULTS / "judge.csv")
    height, width = model.space.shape[1:]
    data = open_labelled(path, "age", images=faces, size=(height, width), channels=3)
    x, code = data.take(torch.arange(len(data)))
    assert code is not None
    numbers = torch.tensor([int(label) for label in data.space.labels])
    return taught(x, numbers[code])


def along(model: StyledModel, way: Tensor, truncation: float) -> list[Tensor]:
    """Samples at each strength, uint8 `[N, 3, H, W]`."""
    inputs = model.steer(model.draw(SHOWN, seed=7), {"truncation": truncation})
    return [model.moved(inputs, way * one).tensor for one in STRENGTHS]


def ages(kinds: Mapping[str, Reader], moved: list[Tensor]) -> dict[str, Tensor]:
    """The group at each strength, `[strengths, N]`, by each kind of judge and by their mean."""
    alone = {name: torch.stack([kind(x) for x in moved]) for name, kind in kinds.items()}
    return {"both": torch.stack([*alone.values()]).mean(0), **alone}


def told(group: Tensor) -> list[float]:
    """What changes: three shares, then the mean at each strength."""
    low, middle, high = group[0], group[2], group[4]
    shares = (high > low, (middle > low) & (high > middle), (group.diff(dim=0) > 0).all(0))
    return [float(share.float().mean()) for share in shares] + group.mean(1).tolist()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--faces", type=Path, required=True)
    args = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    model = styled_model(args.run)
    kinds = judges(args.faces, model)
    labels = listed(args.faces, 0, RESULTS / "age.csv")
    learn_direction(model, "bright", labels=lambda x: x.float().mean((1, 2, 3)))
    ways = {}
    for name, keep in (("age", ()), ("age, brightness kept", ("bright",))):
        ways[name] = learn_direction(model, name, labels=labels, images=args.faces, keep=keep)
        print(name, json.dumps(ways[name].about))
    noise = Noise(0)
    length = ways["age"].way.norm()
    random = [noise.normal(len(ways["age"].way)) for _ in range(RANDOM)]
    found: dict[str, list[float]] = {}
    for psi in TRUNCATIONS:
        for name, one in ways.items():
            moved = along(model, one.way, psi)
            for judge, group in ages(kinds, moved).items():
                found[f"{name}; {psi:g}; {judge}"] = told(group)
        others = []
        for way in random:
            group = ages(kinds, along(model, way / way.norm() * length, psi))["both"]
            others.append(told(group if float((group[4] - group[0]).mean()) > 0 else group.flip(0)))
        found[f"random; {psi:g}; both"] = [mean(column) for column in zip(*others, strict=True)]
    write_json(RESULTS / f"{args.run.name}.json", found)
    strengths = " | ".join(f"{one:+.0f}" for one in STRENGTHS)
    print(f"| direction; truncation; judge | rises | monotone | each step | {strengths} |")
    print("| --- " * 9 + "|")
    for name, one in found.items():
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in one) + " |")
    strip = model.filmstrip(ways["age, brightness kept"], strengths=STRENGTHS, seeds=range(8))
    strip.save(RESULTS / f"{args.run.name}-age.png")


if __name__ == "__main__":
    main()
