"""From rows of invoices to pages that look scanned, and what reading these is worth.

    python examples/documents/documents.py

1. `table` learns made invoices, and its samples are drawn as pages whose text is known.
2. Two GANs learn from pieces of 64 x 64 how a rule makes pages look scanned: `pix2pix` from pairs
   of clean and scanned pieces, and `cyclegan` from clean pieces of one half of the pages and
   scanned ones of the other half. Then they degrade whole pages, in tiles.
3. Tesseract, where it is installed, reads clean pages, pages degraded by the rule, and pages
   degraded by either GAN: the character error rate is the edit distance to the true text over its
   length.
4. A small reader of digits is trained on pages of each kind, and tested on other pages that the
   rule degraded.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from pages import SIZE, Page, digits_of, made_invoices, rendered, scanned
from PIL import Image
from sklearn.neural_network import MLPClassifier

import zerosum as zs

PIECE = 64


def pieces_of(pages: list[np.ndarray], places: np.ndarray) -> np.ndarray:
    """A piece `[64, 64]` of each of some places (page, row, column)."""
    return np.stack([pages[p][y : y + PIECE, x : x + PIECE] for p, y, x in places])


def places_in(pages: int, rng: np.random.Generator, n: int = 2_000) -> np.ndarray:
    """Random places (page, row, column) `[n, 3]` of pieces."""
    return rng.integers(0, (pages, SIZE[0] - PIECE + 1, SIZE[1] - PIECE + 1), size=(n, 3))


def edit_distance(read: str, true: str) -> int:
    """The least number of letters to insert, delete or replace (Levenshtein).

    >>> edit_distance("tota1 12", "total 12.")
    2
    """
    row = list(range(len(true) + 1))
    for i, a in enumerate(read, 1):
        before, row = row, [i]
        for j, b in enumerate(true, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
    return row[-1]


def error_rate(pages: list[Page], pictures: list[np.ndarray]) -> float:
    """Character errors of Tesseract over the number of characters."""
    wrong = count = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.png"
        for page, picture in zip(pages, pictures, strict=True):
            size = (2 * SIZE[1], 2 * SIZE[0])
            Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC).save(path)
            done = subprocess.run(
                ["tesseract", str(path), "-", "--psm", "6"],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
            wrong += edit_distance("\n".join(lines), page.text)
            count += len(page.text)
    return wrong / count


def reader_of(pages: list[Page], pictures: list[np.ndarray]) -> MLPClassifier:
    """A small network that reads digits."""
    x, y = digits_of(pages, pictures)
    return MLPClassifier((64,), max_iter=120, random_state=0, early_stopping=True).fit(x, y)


def main() -> None:
    """Run all four steps and print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=30_000, help="that the table is shown")
    parser.add_argument("--pieces", type=int, default=3_600, help="that pix2pix is shown")
    parser.add_argument("--unpaired", type=int, default=2_400, help="that cyclegan is shown")
    parser.add_argument("--pages", type=int, default=60, help="to train and as many to test on")
    parser.add_argument("--out", type=Path, default=Path("runs/documents"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    start = time.process_time()
    invoices = zs.train(
        "table", data=made_invoices(2_000, seed=0), samples=args.rows, out=args.out / "rows",
        schema={"number": "integer"}, threads=1, quiet=True,
    )  # fmt: skip
    rows = invoices.sample(2 * args.pages, seed=0)
    pages = [rendered(row) for row in rows.to_dict("records")]
    clean = [page.pixels for page in pages]
    rule = [scanned(x, seed=i) for i, x in enumerate(clean)]
    train, test = slice(0, args.pages), slice(args.pages, None)
    print(f"rows and pages: {(time.process_time() - start) / 60:.1f} CPU-minutes", flush=True)

    rng = np.random.default_rng(0)
    places = places_in(args.pages, rng)
    paired = pieces_of(clean[train], places), pieces_of(rule[train], places)
    half = args.pages // 2
    unpaired = (
        pieces_of(clean[:half], places_in(half, rng)),
        pieces_of(rule[half : args.pages], places_in(args.pages - half, rng)),
    )
    narrow = {"game.generator.width": 16, "game.discriminator.width": 16}
    kinds = {"clean": clean}
    for recipe, data, samples in (
        ("pix2pix", paired, args.pieces), ("cyclegan", unpaired, args.unpaired),
    ):  # fmt: skip
        start = time.process_time()
        model = zs.train(
            recipe, data=data, samples=samples, out=args.out / recipe, threads=1, quiet=True,
            set=narrow,
        )  # fmt: skip
        kinds[recipe] = [model.translate(x, tile=128) for x in clean]
        print(f"{recipe}: {(time.process_time() - start) / 60:.1f} CPU-minutes", flush=True)
    kinds["rule"] = rule
    for name, kind in kinds.items():
        Image.fromarray(kind[args.pages]).save(args.out / f"{name}.png")
        first, *others = [Image.fromarray(page) for page in kind[test]]
        first.save(args.out / f"{name}.pdf", save_all=True, append_images=others)
    rows.to_csv(args.out / "rows.csv", index=False)

    truth = digits_of(pages[test], rule[test])
    print("| pages | character error rate | reader trained on them |")
    print("| --- | --- | --- |")
    for name, kind in kinds.items():
        error = "-"
        if shutil.which("tesseract"):
            error = f"{error_rate(pages[test], kind[test]):.1%}"
        accuracy = reader_of(pages[train], kind[train]).score(*truth)
        print(f"| {name} | {error} | {accuracy:.1%} |", flush=True)


if __name__ == "__main__":
    main()
