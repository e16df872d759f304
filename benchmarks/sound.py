"""Sounds: is the class heard that was asked for, and can samples be told from reals?

python benchmarks/sound.py digits --out spoken
python benchmarks/sound.py run --data kit --samples 40000 --seeds 0
python benchmarks/sound.py run --data spoken --samples 60000 --seeds 0
python benchmarks/sound.py streams --samples 12000
python benchmarks/sound.py report

`kit` is the built-in, simulated set; its holdout has another seed. Spoken digits are made by
espeak-ng (a program of Debian's), with 14 voices, and any speed and pitch in a range; a fifth of
the utterances is held out, but no voice is. Figures are those of `zerosum evaluate`: the class by
the classifier that learned from half of the training data, C2ST by boosted trees on summary
features, and a classifier that learned from samples alone beside one that learned from reals.

`streams` learns windows of a simulated rain and of a simulated engine, 60 seconds each, and makes
20 seconds. A *click* is the largest second difference of the wave within a hop of where windows
meet, beside the largest anywhere else: 1 or less is none. *Joined* are windows one after another as
they are.

*Copy* is what is lost by finding phases again: held-out reals, made levels and made waves again.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import numpy as np
import torch

import zerosum as zs
from zerosum.evaluation.metrics.c2st import area, boosted_odds
from zerosum.modalities.sound.features import summaries
from zerosum.modalities.sound.space import SoundSpace, sound_space
from zerosum.modalities.sound.streams import stitched, windows_for
from zerosum.workflows.data import open_holdout

RESULTS = Path(__file__).parent / "results" / "sound"
NUM_JUDGED = 300
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VOICES = [f"{accent}+{who}" for accent in ("en-us", "en-gb") for who in (
    "m1", "m2", "m3", "m5", "f1", "f2", "f4",
)]  # fmt: skip
SHOWN = ("intended_class", "c2st_sound", "coverage", "train_on_synthetic", "train_on_real")


def speak(out: Path, *, each: int, seed: int = 0) -> None:
    """Utterances of each digit below `out/train` and `out/test`, a fifth of them."""
    noise = np.random.default_rng(seed)
    for word in WORDS:
        for i in range(each):
            place = out / ("test" if i % 5 == 0 else "train") / word
            place.mkdir(parents=True, exist_ok=True)
            voice, speed = noise.choice(VOICES), noise.integers(130, 190)
            pitch = noise.integers(30, 70)
            words = ["-v", voice, "-s", str(speed), "-p", str(pitch), "-w", str(place / f"{i}.wav")]
            subprocess.run(["espeak-ng", *words, word], check=True)


def copied(data: str, space: SoundSpace) -> dict[str, float]:
    """What finding phases again costs: C2ST, and the error of magnitudes."""
    held, _ = open_holdout(data, space=space)
    x = held.take(torch.arange(min(len(held), NUM_JUDGED)))[0]
    levels = space.to_model(x)
    again = space.to_data(levels)
    error = (space.to_model(again) - levels).norm() / (levels + 1).norm()
    rows = [summaries(one, space).numpy() for one in (x, again)]
    return {"c2st": max(area(*boosted_odds(*rows, seed=0)), 0.5), "level_error": float(error)}


def run(data: str, samples: int, seed: int, options: dict[str, float]) -> None:
    """Train, judge, and keep the figures."""
    out = RESULTS / f"{Path(data).name}-{samples}-{seed}"
    start = time.process_time()
    model = zs.train(
        "sound", data=data, samples=samples, seed=seed, out=out / "run", options=options,
        referee="off", threads=1, precision="fp32",
    )  # fmt: skip
    minutes = (time.process_time() - start) / 60
    report = zs.evaluate(out / "run", holdout=data, n=NUM_JUDGED, replicates=20)
    report.save(out / "report.html")
    assert isinstance(model.space, SoundSpace)
    found = {
        "data": data, "samples": samples, "seed": seed, "cpu_minutes": round(minutes, 1),
        "sounds": model.space.description, "copy": copied(data, model.space),
        "figures": {
            name: [report[name].floor, report[name].value, report[name].ceiling] for name in SHOWN
        },
    }  # fmt: skip
    (out / "figures.json").write_text(json.dumps(found, indent=1))
    say(found)


def recordings(rate: int = 8_000, seconds: int = 60) -> dict[str, np.ndarray]:
    """A rain of drops on a hiss, and an engine whose speed wavers; `[samples]` each."""
    noise, time = np.random.default_rng(0), np.arange(rate * seconds) / rate
    hiss = np.convolve(noise.normal(size=len(time)), [0.5, 0.3, 0.2], mode="same")
    drops = (noise.random(len(time)) < 60 / rate) * noise.exponential(4.0, len(time))
    ping = np.exp(-np.arange(200) / 30) * np.sin(np.arange(200) * 2)
    rain = 0.3 * hiss + np.convolve(drops, ping, mode="same")
    speed = 45 + np.convolve(noise.normal(size=len(time)), np.ones(rate) / rate**0.5, mode="same")
    turns = np.cumsum(speed) / rate
    engine = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 12)) + 0.2 * hiss
    return {name: 0.3 * x / np.abs(x).max() for name, x in (("rain", rain), ("engine", engine))}


def clicks(wave: np.ndarray, joints: np.ndarray, hop: int) -> float:
    """The largest second difference near joints beside that elsewhere."""
    bend = np.abs(np.diff(wave, n=2))[400:-400]
    near = (np.abs(np.arange(400, 400 + len(bend))[:, None] - joints) <= hop).any(1)
    return float(bend[near].max() / bend[~near].max())


def streams(samples: int, rate: int = 8_000, seconds: int = 20) -> None:
    """What is heard where windows meet: of reals in random order, and of a model."""
    for name, wave in recordings(rate).items():
        out = RESULTS / f"stream-{name}-{samples}"
        out.mkdir(parents=True, exist_ok=True)
        windows = torch.from_numpy(wave.reshape(-1, 1, rate)).float()
        windows = windows[np.random.default_rng(1).permutation(len(windows))[: 2 * seconds]]
        space = sound_space(windows, rate)
        whole = space.model_copy(update={"samples": seconds * rate})
        count = windows_for(whole.shape[2], space.shape[2])
        levels = stitched(space.to_model(windows[:count]), whole.shape[2])
        found = {"reals": joints(whole.to_data(levels[None])[0, 0].numpy(), space)}
        found["reals, joined"] = joints(windows[:seconds].flatten().numpy(), space, step=rate)
        found["the recording"] = joints(wave[: seconds * rate], space)
        if samples:
            np.savez(out / "recording.npz", x=wave.reshape(-1, rate))
            start = time.process_time()
            model = zs.train(
                "sound", data=out / "recording.npz", samples=samples, out=out / "run",
                referee="off", threads=1, precision="fp32", options={"rate": rate},
            )  # fmt: skip
            print(f"{(time.process_time() - start) / 60:.1f} CPU minutes")
            made = model.sample(1, where={"seconds": seconds}, seed=1)
            made.save(out / "made.wav")
            found["samples"] = joints(made.x[0, 0], space)
        (out / "stream.json").write_text(json.dumps(found, indent=1))
        print(name, json.dumps(found, indent=1))


def joints(wave: np.ndarray, space: SoundSpace, step: int = 0) -> dict[str, float]:
    """Clicks where windows meet, and how much loudness varies, in dB, over quarters of a second."""
    step = step or (space.shape[2] - 4) * 3 // 4 * space.hop
    blocks = wave[: len(wave) // 2_000 * 2_000].reshape(-1, 2_000)[1:-1]
    return {
        "click": clicks(wave, np.arange(step, len(wave), step), space.hop),
        "spread of loudness": float((10 * np.log10(np.square(blocks).mean(1) + 1e-9)).std()),
    }


def say(found: dict) -> None:
    """Figures between floor and ceiling."""
    copy = found["copy"]
    print(
        f"{found['data']}: {found['sounds']}, {found['samples']:,} sounds, seed {found['seed']}, "
        f"{found['cpu_minutes']} CPU minutes; copy: C2ST {copy['c2st']:.3f}, levels off by "
        f"{copy['level_error']:.3f}"
    )
    for name, (floor, value, ceiling) in found["figures"].items():
        print(f"  {name:20} floor {floor:.3f}  samples {value:.3f}  reals {ceiling:.3f}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("digits", "run", "streams", "report"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--each", type=int, default=150)
    parser.add_argument("--data", default="kit")
    parser.add_argument("--samples", type=int, default=40_000)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--rate", type=int)
    parser.add_argument("--seconds", type=float)
    options = parser.parse_args()
    if options.what == "digits":
        speak(options.out, each=options.each)
    elif options.what == "streams":
        streams(options.samples)
    elif options.what == "run":
        form = {"rate": options.rate, "seconds": options.seconds}
        wishes = {name: one for name, one in form.items() if one is not None}
        for seed in options.seeds.split(","):
            run(options.data, options.samples, int(seed), wishes)
    else:
        for file in sorted(RESULTS.glob("*/figures.json")):
            say(json.loads(file.read_text()))


if __name__ == "__main__":
    main()
