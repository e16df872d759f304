"""Music: are the rules of tunes obeyed, and how near do chorales come to real ones?

    python benchmarks/music.py chorales --out chorales     # with music21 installed
    python benchmarks/music.py run --data tunes --seeds 0,1,2
    python benchmarks/music.py run --data chorales --seeds 0
    python benchmarks/music.py refine --data tunes --seeds 0
    python benchmarks/music.py table

`tunes` are simulated; 1,000 with another seed are the holdout. The chorales are those of Bach in
four voices from the corpus of music21 (they are not part of this project): of five the fifth is
held out. Figures are those of `zerosum evaluate`, and the consonance itself. Floors: *shuffled*
draws the code of each place from that place of other songs in the same key and meter, and *Markov*
makes each voice by itself, a note and its length given the two before. Reals are the ceiling.
"""

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import zerosum as zs
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.modalities.music.codes import FIRST, HOLD, REST
from zerosum.modalities.music.counting import summaries
from zerosum.modalities.music.metrics.boosted import C2stMusic
from zerosum.modalities.music.metrics.notes import (
    Consonance,
    NoteStatistics,
    SelfSimilarity,
    rules_of,
)
from zerosum.modalities.music.midi import Note, PartNotes, midi_bytes
from zerosum.modalities.music.space import MusicSpace
from zerosum.modalities.music.theory import NO_KEY, key_called, shift_of
from zerosum.rng import Noise
from zerosum.workflows.data import open_data, open_holdout

RESULTS = Path(__file__).parent / "results" / "music"
N = 1_000


def chorales(out: Path) -> None:
    """Chorales in four voices as MIDI files below `out/train` and `out/test`.

    Upbeats are moved so that bars begin where they should.
    """
    from music21 import corpus  # pyright: ignore[reportMissingImports]

    done = 0
    for score in corpus.chorales.Iterator():
        meter = score.recurse().getElementsByClass("TimeSignature").first()
        key = score.recurse().getElementsByClass("KeySignature").first()
        if len(score.parts) != 4 or meter is None or key is None:
            continue
        first = score.parts[0].getElementsByClass("Measure").first()
        upbeat = (meter.barDuration.quarterLength - first.duration.quarterLength) % (
            meter.barDuration.quarterLength
        )
        parts = []
        for part in score.parts:
            line = part.flatten().stripTies().notes
            notes = [
                Note(float(one.offset + upbeat), float(one.offset + upbeat + one.quarterLength),
                     one.pitches[-1].midi) for one in line
            ]  # fmt: skip
            parts.append(PartNotes(part.partName or "voice", 52, notes))
        place = out / ("test" if done % 5 == 4 else "train")
        place.mkdir(parents=True, exist_ok=True)
        stated = (key.asKey() if hasattr(key, "asKey") else key).tonicPitchNameWithCase
        tonic = stated.replace("-", "b")
        code = key_called(tonic.upper()[0] + tonic[1:] + ("m" if tonic[0].islower() else ""))
        raw = midi_bytes(
            parts, meter=(meter.numerator, meter.denominator),
            key=NO_KEY if code is None else code, tempo=80.0,
            accents=float(meter.barDuration.quarterLength),
        )  # fmt: skip
        (place / f"{done:03}.mid").write_bytes(raw)
        done += 1
    print(f"{done} chorales")


def in_c(x: Tensor, space: MusicSpace, *, sign: int) -> tuple[Tensor, Tensor]:
    """Heads, and codes with pitches moved from their key to C, or back."""
    head, codes = space.parts(x)
    shift = torch.tensor([sign * shift_of(key) for key in head[:, 1].tolist()])
    moved = codes + shift[:, None, None] * (codes >= FIRST)
    if space.voices[-1].drums:
        moved[..., -1] = codes[..., -1]
    return head, moved


def again(head: Tensor, codes: Tensor, space: MusicSpace) -> Tensor:
    """Songs of heads and codes in C."""
    compact = space.compact(head, codes)
    head, codes = in_c(compact, space, sign=1)
    return space.compact(head, codes)


def shuffled(x: Tensor, space: MusicSpace) -> Tensor:
    """Each code from the same place of another song, in C."""
    head, codes = in_c(x, space, sign=-1)
    made = space.independent(space.compact(head, codes), len(x), Noise(0))
    head, codes = space.parts(made)
    return again(head, codes, space)


def markov(x: Tensor, space: MusicSpace, n: int) -> Tensor:
    """Voices by themselves: a note (or rest) and its length, given the two before."""
    random = np.random.default_rng(0)
    head, codes = in_c(x, space, sign=-1)
    tables: dict = defaultdict(list)
    for own, song in zip(head.tolist(), codes.numpy(), strict=True):
        line_end = int((song[:, 0] >= 0).sum())
        for voice in range(song.shape[1]):
            events = events_of(song[:line_end, voice])
            past = (None, None)
            for event in events:
                tables[voice, own[0], past].append(event)
                past = (past[1], event)
    chosen = random.integers(len(head), size=n)
    made = torch.full((n, codes.shape[1], codes.shape[2]), -1)
    for i, row in enumerate(chosen):
        steps = int(head[row, 2]) * space.steps[int(head[row, 0])]
        for voice in range(codes.shape[2]):
            line, past = [], (None, None)
            while len(line) < steps:
                known = tables.get((voice, int(head[row, 0]), past))
                if known is None:
                    past = (None, None)
                    continue
                code, length = known[random.integers(len(known))]
                line += [code] + [HOLD if code != REST else REST] * (length - 1)
                past = (past[1], (code, length))
            made[i, :steps, voice] = torch.tensor(line[:steps])
    return again(head[chosen], made, space)


def events_of(line: np.ndarray) -> list[tuple[int, int]]:
    """Codes and how long they hold."""
    events: list[tuple[int, int]] = []
    for code in line.tolist():
        if events and (code == HOLD or (code == REST and events[-1][0] == REST)):
            events[-1] = (events[-1][0], events[-1][1] + 1)
        else:
            events.append((code, 1))
    return events


def figures(x: Tensor, real: Tensor, space: MusicSpace) -> dict[str, float]:
    """Everything that is measured of songs beside reals."""
    context = MetricContext(space=space, extractor="notes", split="holdout")
    mine, theirs = (SampleSet(one, summaries(space.counted(one))) for one in (x, real))
    found: dict[str, float] = {}
    for metric in (NoteStatistics(), Consonance(), SelfSimilarity(), C2stMusic()):
        found |= {name: one.value for name, one in metric.read(mine, theirs, context).items()}
    found["consonance"] = float(space.counted(x).consonance().nanmean())
    if space.rules is not None:
        obeyed = rules_of(x, space)
        for rule in {rule for one in obeyed for rule in one}:
            found[f"rule {rule}"] = sum(one.get(rule, True) for one in obeyed) / len(obeyed)
        shares = [sum(one.values()) / len(one) for one in obeyed]
        found["rules_obeyed"] = sum(shares) / len(shares)
        found["all rules"] = sum(all(one.values()) for one in obeyed) / len(obeyed)
    known = {bytes(row.numpy()) for row in real}
    found["different"] = len({bytes(row.numpy()) for row in x}) / len(x)
    found["copies"] = sum(bytes(row.numpy()) in known for row in x) / len(x)
    return found


def run(data: str, seed: int, samples: int | None) -> None:
    """Train, judge, and keep the figures."""
    out = RESULTS / f"{Path(data).name}-{samples or 'usual'}-{seed}"
    if (out / "figures.json").is_file():
        return
    start = time.process_time()
    model = zs.train(
        "music", data=data, seed=seed, samples=samples, out=out / "run", referee="off", threads=1,
        precision="fp32",
    )  # fmt: skip
    minutes = (time.process_time() - start) / 60
    space = model.space
    assert isinstance(space, MusicSpace)
    train, _ = open_data(data)
    held, _ = open_holdout(data, space=space)
    real = held.take(torch.arange(min(len(held), N)))[0]
    n, start = len(real), time.process_time()
    rows = {"samples": model.values(n, seed=seed + 1)}
    per_song = (time.process_time() - start) / n
    learned = train.take(torch.arange(len(train)))[0]
    copies = {bytes(row.numpy()) for row in learned}
    rows |= {"shuffled": shuffled(learned[:n], space), "Markov": markov(learned, space, n),
             "reals": learned[torch.arange(n) * len(learned) // n]}  # fmt: skip
    half = real[: n // 2 * 2]
    found = {name: figures(x, half, space) for name, x in rows.items()}
    found["samples"]["copies of training"] = (
        sum(bytes(row.numpy()) in copies for row in rows["samples"]) / n
    )
    (out / "figures.json").write_text(json.dumps({
        "data": data, "seed": seed, "cpu_minutes": round(minutes, 1), "songs": n,
        "seconds_a_song": per_song, "figures": found,
    }, indent=1))  # fmt: skip


def refine(data: str, seed: int, samples: int | None) -> None:
    """The adversarial phase after likelihood: the same figures of the run that it makes."""
    out = RESULTS / f"{Path(data).name}-{samples or 'usual'}-{seed}"
    found = json.loads((out / "figures.json").read_text())
    start = time.process_time()
    done = zs.refine(out / "run", holdout=data, out=out / "refined", seed=seed)
    found["cpu_minutes_refined"] = round((time.process_time() - start) / 60, 1)
    found["refinement"] = done.to_json()
    model = zs.load(out / "refined", device="cpu")
    assert isinstance(model.space, MusicSpace)
    real = open_holdout(data, space=model.space)[0].take(torch.arange(found["songs"]))[0]
    n = len(real)
    found["figures"]["refined"] = figures(
        model.values(n, seed=seed + 1), real[: n // 2 * 2], model.space
    )
    (out / "figures.json").write_text(json.dumps(found, indent=1))
    print(json.dumps(found["refinement"], indent=1))


def table() -> None:
    """Figures of each run, floor to ceiling."""
    for file in sorted(RESULTS.glob("*/figures.json")):
        found = json.loads(file.read_text())
        milliseconds = 1000 * found["seconds_a_song"]
        print(
            f"\n{found['data']}, seed {found['seed']}: {found['cpu_minutes']} CPU minutes, "
            f"{found['songs']:,} songs, {milliseconds:.0f} ms a song"
        )
        rows = found["figures"]
        print("| figure | " + " | ".join(rows) + " |")
        print("| --- |" + " --- |" * len(rows))
        for name in sorted(rows["samples"]):
            cells = (f"{one[name]:.3f}" if name in one else "" for one in rows.values())
            print(f"| {name} | " + " | ".join(cells) + " |")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("chorales", "run", "refine", "table"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--data", default="tunes")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--samples", type=int)
    options = parser.parse_args()
    if options.what == "chorales":
        chorales(options.out)
    elif options.what == "run":
        for seed in options.seeds.split(","):
            run(options.data, int(seed), options.samples)
    elif options.what == "refine":
        for seed in options.seeds.split(","):
            refine(options.data, int(seed), options.samples)
    else:
        table()


if __name__ == "__main__":
    main()
