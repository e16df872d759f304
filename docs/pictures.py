"""Draw the images in the documentation from runs of one's own.

zerosum train infogan --data MNIST.npz --samples 640000 --out runs/infogan
zerosum train r3gan --data grid --out runs/grid
python benchmarks/referee.py run --seeds 8-12
python docs/pictures.py --demo RUN_OF_MAKE_DEMO --infogan runs/infogan --grid runs/grid
python docs/pictures.py --proof benchmarks/results/referee
zerosum train stylegan --data sprites --samples 150000 --out runs/shapes
python benchmarks/directions.py --run runs/shapes
python docs/pictures.py --shapes runs/shapes
python benchmarks/editability.py --run runs/shapes
python docs/pictures.py --editability benchmarks/results/editability.json
python benchmarks/stacked_mnist.py run --samples 200000 --every 25000 --seeds 1,2
python docs/pictures.py --stacked benchmarks/results/stacked_mnist
zerosum train series --data waves --samples 120000 --out runs/waves
python docs/pictures.py --series runs/waves
zerosum train levels --data dungeon --samples 200000 --out runs/levels
python docs/pictures.py --levels runs/levels
python benchmarks/anomaly.py run --settings textures --keep runs/textures
python docs/pictures.py --anomalies runs/textures
zerosum train molecules --data moses.csv --samples 80000 --out runs/molecules
python docs/pictures.py --molecules runs/molecules
zerosum train sound --data kit --samples 40000 --out runs/kit
python docs/pictures.py --sound runs/kit
zerosum train video --data bouncing --out runs/bouncing
python docs/pictures.py --video runs/bouncing
python benchmarks/texture.py run --keep runs/textures
python docs/pictures.py --textures runs/textures
python benchmarks/text2image.py run --keep runs
python docs/pictures.py --captions runs/scenes-0
python benchmarks/wardrobe.py run --keep runs
python docs/pictures.py --try-on runs/pix2pix-0
zerosum train music --data tunes --out runs/tunes
python docs/pictures.py --music runs/tunes
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import zerosum as zs
from zerosum.catalogue import modality_of
from zerosum.evaluation.anomalies.heat import over
from zerosum.games.base import Inputs
from zerosum.modalities.images.wardrobe import simulate_wardrobe
from zerosum.models.steering import steered
from zerosum.pictures import draw_grid
from zerosum.plots.charts import curves
from zerosum.plots.raster import to_image
from zerosum.runs.store import Run
from zerosum.workflows.control import styled_model
from zerosum.workflows.data import open_data, open_holdout
from zerosum.workflows.history import draw_history

FOLDER = Path(__file__).parent / "images"
TERMS = ("discriminator/real", "discriminator/fake", "generator/adversarial")


def draw_demo(run: Path) -> None:
    """Ten samples of each digit, one column each, and the terms of the training."""
    digits = zs.load(run).sample(100, in_turn={"label": range(10)}, seed=1)
    draw_grid(digits.tensor, columns=10).save(FOLDER / "digits.png")
    draw_history(Run.open(run), FOLDER / "curve.png", names=TERMS)


def draw_codes(run: Path) -> None:
    """One image for each continuous code: categories across, the code from -1 to 1 downwards.

    Each column keeps its noise and its other code, so that what changes is what the code does.
    """
    model = zs.load(run)
    start, rows, columns = model.draw(1, seed=3), 9, 10
    for name, other in (("code1", "code2"), ("code2", "code1")):
        same = Inputs(start.z.repeat(rows * columns, 1))
        in_turn = {
            "category": range(columns),
            name: np.repeat(np.linspace(-1, 1, rows), columns),
        }
        inputs = steered(model.game, same, {other: 0.0}, in_turn, seed=3)
        made = model.make(inputs, batch_size=128)
        draw_grid(made.tensor, columns=columns).save(FOLDER / f"infogan-{name}.png")


def draw_modes(run: Path) -> None:
    """Samples in blue over the 25 clusters in grey."""
    model = zs.load(run)
    real, _ = open_data("grid")[0].take(torch.arange(2_000))
    points = model.sample(2_000, seed=1).tensor
    model.preview.draw(model.space, points, real=real).save(FOLDER / "grid.png")


def draw_proof(results: Path) -> None:
    """One training in health, broken midway, and broken and mended; the line is the fault."""
    names = {
        "healthy": "vanilla-healthy-8-watch",
        "ten times the generator's rate, watched": "vanilla-generator_x10-8-watch",
        "the same, mended": "vanilla-generator_x10-8-act",
    }
    distances, struck = {}, 0
    for title, name in names.items():
        result = json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
        distances[title] = [
            (step, distance) for step, distance in result["distances"] if step > 200
        ]
        struck = result["struck"] or struck
    plot = curves(distances, marks=[(struck, "diagnosis")])
    to_image(plot).save(FOLDER / "referee.png")


def draw_styles(run: Path) -> None:
    """Samples mixed, and four of them along each of three learned directions."""
    model = styled_model(run)
    model.mix(range(1, 7)).save(FOLDER / "mixing.png")
    for name in ("x", "size", "hue"):
        model.filmstrip(name, seeds=range(1, 5)).save(FOLDER / f"along-{name}.png")


def draw_editability(result: Path) -> None:
    """What the slope of edits is worth at what distortion, for each way of finding images."""
    rows = json.loads(result.read_text(encoding="utf-8"))
    slopes = {
        title: [(row["distortion"], row["slope"]) for row in rows if row["how"] == how]
        for title, how in (
            ("optimised", "optimise"), ("encoded, then optimised", "both"), ("encoded", "encode"),
        )
    }  # fmt: skip
    to_image(curves(slopes)).save(FOLDER / "editability.png")


def draw_stacked(results: Path) -> None:
    """The divergence of stacked digits over the images of each training."""
    looks = {}
    for path in sorted(results.glob("r3gan-*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        curve = [(look["samples"], look["kl"]) for look in found["curve"]]
        looks[f"KL, seed {path.stem[-1]}"] = curve
    to_image(curves(looks, width=480, height=320)).save(FOLDER / "stacked.png")


def draw_sounds(run: Path) -> None:
    """Four samples of each kind of sound above four reals of each, a column for each kind."""
    model = zs.load(run)
    held, _ = open_holdout("kit", space=model.space)
    y = held.labels_of(torch.arange(len(held)))
    assert y is not None
    kinds = model.space.labels
    rows = torch.stack([torch.nonzero(y == kind)[:4, 0] for kind in range(len(kinds))], dim=1)
    made = model.sample(rows.numel(), in_turn={"label": kinds}, seed=1).tensor
    preview, x = modality_of(model.space).preview, torch.cat([made, held.take(rows.flatten())[0]])
    tiles = np.stack([np.asarray(preview.draw_one(model.space, one)) for one in x])
    sheet = draw_grid(torch.from_numpy(tiles).permute(0, 3, 1, 2), columns=len(kinds))
    sheet.save(FOLDER / "sounds.png")


def draw_try_on(run: Path) -> None:
    """Twelve people and garments that were not trained on, what is made of them, and the truth."""
    model, made = zs.load(run, recipe="pix2pix"), simulate_wardrobe(12, seed=1_000)
    given = [
        {"person": person, "garment": garment}
        for person, garment in zip(made.person, made.garment, strict=True)
    ]
    worn = torch.stack(model.translate(given))
    rows = torch.stack([made.person, made.garment, worn, made.worn], 1)
    sheet = draw_grid(rows.flatten(0, 1), columns=12)
    larger = sheet.resize((sheet.width * 3 // 2, sheet.height * 3 // 2), Image.Resampling.NEAREST)
    larger.save(FOLDER / "try-on.png")


def draw_music(run: Path) -> None:
    """Eight songs, styles in turn."""
    model = zs.load(run)
    made = model.sample(8, in_turn={"label": model.space.labels}, seed=1)
    made.picture().save(FOLDER / "music.png")


def draw_series(run: Path) -> None:
    """Fans of samples over those of held-out reals."""
    model = zs.load(run)
    held, _ = open_holdout("waves", space=model.space)
    real, _ = held.take(torch.arange(1_000))
    made = model.sample(1_000, seed=1).tensor
    preview = modality_of(model.space).preview
    preview.draw(model.space, made, real=real).save(FOLDER / "series.png")


def draw_molecules(run: Path) -> None:
    """Four molecules freely, four of a weight of 270 or less, and four that begin with a part."""
    model = zs.load(run, recipe="molecules")
    wishes = ({}, {"MW": "<=270"}, {model.texts.text: "CS(=O)(=O)c1ccccc1*"})
    rows = [model.values(4, where=one, seed=i) for i, one in enumerate(wishes)]
    model.preview.draw(model.space, torch.cat(rows)).save(FOLDER / "molecules.png")


def draw_levels(run: Path) -> None:
    """Sixteen levels that can be played, half of each label."""
    model = zs.load(run)
    made = model.sample(16, in_turn={"label": ["open", "locked"]}, seed=1)
    made.picture().save(FOLDER / "levels.png")


def draw_video(run: Path) -> None:
    """Three samples of each speed and three loops, a row for each clip; 25 samples in motion."""
    model = zs.load(run)
    speeds = {"label": model.space.labels}
    plain = model.sample(9, in_turn=speeds, seed=1).tensor
    loops = model.sample(3, where={"loop": "yes"}, in_turn=speeds, seed=2).tensor
    model.preview.draw(model.space, torch.cat([plain, loops])).save(FOLDER / "clips.png")
    model.sample(25, seed=3).save(FOLDER / "clips.gif")


def draw_textures(runs: Path) -> None:
    """Two tiles of bricks and two of wood, each laid beside itself."""
    tiles = [
        zs.load(runs / f"{pattern}-0", recipe="texture").sized((96, 128)).sample(2, seed=2).tensor
        for pattern in ("bricks", "wood")
    ]
    draw_grid(torch.cat(tiles).repeat(1, 1, 2, 2), columns=2).save(FOLDER / "textures.png")
    photo = torch.from_numpy(_drawn_ball(128, 192)).expand(3, -1, -1).contiguous()
    drawn = [photo]
    for pattern, strength in (("wood", 1.0), ("wood", 2.0), ("bricks", 1.0)):
        model = zs.load(runs / f"{pattern}-0", recipe="texture")
        drawn.append(model.translate(photo, strength=strength, seed=1))
    draw_grid(torch.stack(drawn), columns=4).save(FOLDER / "texture-drawing.png")


def _drawn_ball(height: int, width: int) -> np.ndarray:
    """A ball on a floor, lit from above on the left, uint8 `[1, height, width]`."""
    down, right = np.mgrid[:height, :width] / height - 0.5
    right = right + 0.5 - width / height / 2
    down, right = down / 0.36 + 0.15, right / 0.36
    deep = np.sqrt(np.clip(1 - down**2 - right**2, 0, None))
    lit = np.clip(0.25 + 0.8 * (-0.55 * right - 0.6 * down + 0.58 * deep), 0.08, 1)
    floor = np.where(down > 0.75, 0.75, 0.45)
    shadow = np.hypot((right - 0.5) / 1.3, (down - 1.0) / 0.22) < 1
    floor = np.where(shadow, 0.2, floor)
    picture = np.where(down**2 + right**2 < 1, lit, floor)
    return (255 * picture).astype(np.uint8)[None]


CAPTIONS = (
    "a small red ring left of a blue square", "a large white triangle above a small purple circle",
    "three small green squares", "two large purple rings", "a small yellow triangle at the top",
    "a large blue circle on the right", "a large red triangle in the middle",
    "two large blue rings",
)  # fmt: skip
"""The last two have pairs of colour and shape that training never sees."""


def draw_captions(run: Path) -> None:
    """A row of eight pictures for each of eight captions."""
    model = zs.load(run, recipe="text2image")
    rows = [model.sample(8, where={"text": caption}, seed=4).tensor for caption in CAPTIONS]
    draw_grid(torch.cat(rows), columns=8).save(FOLDER / "text2image.png")


def draw_anomalies(run: Path) -> None:
    """Damaged textures, exactly what was changed, and the heat that the model has of them."""
    planted = np.load(run / "planted.npz")
    x, mask = planted["x"], planted["mask"]
    found = zs.anomalies(run / "run", x, quiet=True)
    pictures = [Image.fromarray(one) for one in x]
    hot = [over(*both) for both in zip(pictures, found.heat, strict=True)]
    rows = [pictures, [Image.fromarray(one) for one in mask], hot]
    side = hot[0].width + 4
    sheet = Image.new("RGB", (len(x) * side, 3 * side), "white")
    for i, row in enumerate(rows):
        for j, one in enumerate(row):
            enlarged = one.convert("RGB").resize((side - 4, side - 4), Image.Resampling.NEAREST)
            sheet.paste(enlarged, (j * side + 2, i * side + 2))
    sheet.save(FOLDER / "anomaly-textures.png")


def main() -> None:
    """Draw what there are runs for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path)
    parser.add_argument("--levels", type=Path)
    parser.add_argument("--molecules", type=Path)
    parser.add_argument("--infogan", type=Path)
    parser.add_argument("--grid", type=Path)
    parser.add_argument("--proof", type=Path)
    parser.add_argument("--shapes", type=Path)
    parser.add_argument("--editability", type=Path)
    parser.add_argument("--stacked", type=Path)
    parser.add_argument("--series", type=Path)
    parser.add_argument("--anomalies", type=Path)
    parser.add_argument("--sound", type=Path)
    parser.add_argument("--video", type=Path)
    parser.add_argument("--textures", type=Path)
    parser.add_argument("--captions", type=Path)
    parser.add_argument("--try-on", type=Path)
    parser.add_argument("--music", type=Path)
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    drawers = (
        (options.demo, draw_demo),
        (options.infogan, draw_codes),
        (options.grid, draw_modes),
        (options.proof, draw_proof),
        (options.shapes, draw_styles),
        (options.editability, draw_editability),
        (options.stacked, draw_stacked),
        (options.series, draw_series),
        (options.levels, draw_levels),
        (options.molecules, draw_molecules),
        (options.anomalies, draw_anomalies),
        (options.sound, draw_sounds),
        (options.video, draw_video),
        (options.textures, draw_textures),
        (options.captions, draw_captions),
        (options.try_on, draw_try_on),
        (options.music, draw_music),
    )
    for run, draw in drawers:
        if run is not None:
            draw(run)


if __name__ == "__main__":
    main()
