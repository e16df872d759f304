"""Two voices converted into each other: are words kept, and is the target heard?

python benchmarks/voice.py speak --out voices            # needs espeak-ng, a program of Debian's
python benchmarks/voice.py train --data voices --out runs/voice --samples 16000
python benchmarks/voice.py convert --run runs/voice --data voices --out converted
python benchmarks/voice.py hear --data voices --copies converted   # see benchmarks/vocoder.py

`speak` has two voices of espeak-ng read sentences: others for each to learn from, and the same 30
to judge with. `convert` converts these both ways, by the model, and by the moved levels alone (an
untrained model), with waves by Griffin-Lim or by the run of a vocoder (`--vocoder RUN`). Who is
heard is decided by a classifier of reals: logistic regression on summary features of windows of a
second, learned from the training recordings, whose votes are counted over a recording. `hear`
counts wrong words with tiny.en of Whisper.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import numpy as np
from vocoder import sentences, wrong_words  # pyright: ignore[reportMissingImports]

VOICES = {"anna": "en-us+f2", "ben": "en-us+m3"}
MINUTES, JUDGED = 8, 30


def speak(out: Path) -> None:
    """Recordings of both, with consent files, and what they say."""
    told: dict[str, str] = {}
    for number, (name, voice) in enumerate(VOICES.items()):
        for part, seed in (("train", number), ("test", 9)):
            place = out / part / name
            place.mkdir(parents=True)
            (place / "consent.toml").write_text(
                f'who = "espeak-ng, {voice}"\nwhen = 2026-11-30\nwhat = "a benchmark"\n'
            )
            count = JUDGED if part == "test" else 15 * MINUTES
            for i, text in zip(range(count), sentences(seed), strict=False):
                words = ["-v", voice, "-s", "150", "-w", str(place / f"{i:03d}.wav"), text]
                subprocess.run(["espeak-ng", *words], check=True)
                if part == "test":
                    told[f"{i:03d}"] = text
    (out / "test.json").write_text(json.dumps(told, indent=1))


def train(data: Path, out: Path, samples: int, seed: int) -> None:
    """Train, and say how long it took."""
    import zerosum as zs

    start = time.process_time()
    zs.train(
        "voice", data=data / "train", out=out, samples=samples, seed=seed, referee="off",
        threads=1, precision="fp32", quiet=True, options={"rate": 16_000},
    )  # fmt: skip
    print(f"{(time.process_time() - start) / 60:.1f} CPU minutes")


def convert(run: Path, data: Path, out: Path, vocoder: Path | None) -> None:
    """Convert both ways, and count whose voice is heard."""
    import torch
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    import zerosum as zs
    from zerosum.modalities.sound.features import summaries
    from zerosum.modalities.sound.shaping import at_rate
    from zerosum.modalities.speech.translated_files import read_sound
    from zerosum.modalities.speech.voice_model import VoiceModel
    from zerosum.workflows.data import open_data

    torch.set_num_threads(1)
    model = zs.load(run, device="cpu")
    assert isinstance(model, VoiceModel)
    space = model.voices
    helper = None if vocoder is None else zs.load(vocoder, device="cpu", recipe="vocoder")
    reals, _ = open_data(data / "train", spaces=("voices",), rate=space.rate)
    x, y = reals.take(torch.arange(len(reals)))
    assert y is not None
    ears = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000, C=0.1))
    ears.fit(np.concatenate([summaries(one, space).numpy() for one in x.split(64)]), y.numpy())

    def chosen(wave: np.ndarray) -> int:
        count = max(wave.shape[1] // space.samples, 1)
        windows = torch.from_numpy(wave[:, : count * space.samples].reshape(count, 1, -1))
        return int(ears.predict_proba(summaries(windows, space).numpy()).mean(0).argmax())

    last = model.conversion.generator.last
    learned = [last.weight.clone(), last.bias.clone()]  # pyright: ignore[reportOptionalMemberAccess]
    for how in ("model", "moved"):
        with torch.no_grad():
            for one, value in zip((last.weight, last.bias), learned, strict=True):
                one.copy_(value if how == "model" else torch.zeros_like(value))  # pyright: ignore
        right, kept, spent, seconds = [], [], 0.0, 0.0
        for a, b in (("anna", "ben"), ("ben", "anna")):
            place = out / f"{how}-{a}-{b}"
            start = time.process_time()
            done = model.translate_files(
                data / "test" / a, place, from_speaker=a, to_speaker=b, vocoder=helper
            )
            spent, seconds = spent + time.process_time() - start, seconds + done.heard
            for path in done.paths:
                right.append(chosen(read_sound(path)[0]) == space.labels.index(b))
                real, header = read_sound(data / "test" / b / path.name)
                kept.append(chosen(at_rate(real, header.rate, space.rate)) == space.labels.index(b))
        print(
            f"{how}: target chosen in {100 * np.mean(right):.0f} % of {len(right)} (of reals "
            f"{100 * np.mean(kept):.0f} %), real-time factor {spent / seconds:.2f}"
        )


def hear(data: Path, copies: Path) -> None:
    """Words that are heard wrongly, in originals and in conversions."""
    said = json.loads((data / "test.json").read_text())
    folders = [data / "test" / name for name in VOICES]
    for folder in (*folders, *sorted(p for p in copies.iterdir() if p.is_dir())):
        wrong = wrong_words(sorted(folder.glob("*.wav")), said)
        print(f"{folder.name}: wrong words {100 * wrong:.1f} %", flush=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("speak", "train", "convert", "hear"))
    parser.add_argument("--data", type=Path, default=Path("voices"))
    parser.add_argument("--run", type=Path)
    parser.add_argument("--copies", type=Path)
    parser.add_argument("--vocoder", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--samples", type=int, default=16_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.what == "speak":
        speak(given.out)
    elif given.what == "train":
        train(given.data, given.out, given.samples, given.seed)
    elif given.what == "convert":
        convert(given.run, given.data, given.out, given.vocoder)
    else:
        hear(given.data, given.copies)


if __name__ == "__main__":
    main()
