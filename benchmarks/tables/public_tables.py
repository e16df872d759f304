# pyright: reportMissingImports=false
"""Eight public tables beside adult, of many shapes, with fixed splits, as CSV files in `results/`.

    python public_tables.py --shared ../shared/data

Each table becomes a folder with `train.csv`, `test.csv` (a fifth of the rows) and `about.json`
(what it is, the target). Nothing is fetched: tables come from the shared folder of experiments, or
from inside of installed packages. The file is not called `datasets`, since that is the name of a
package which a peer imports.
"""

import argparse
import io
import tarfile
from collections.abc import Callable, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from frames import kinds, read_table, write_table
from harness import RESULTS, write_json

_TEST_SHARE = 0.2
_SEED = 0
_GOOD_WORDS = ("love", "great", "good", "easy", "best", "perfect", "amazing", "excellent", "happy")
_BAD_WORDS = ("not", "disappoint", "return", "bad", "poor", "stopped", "useless", "problem")


class Table(NamedTuple):
    """A table: its shape in words, what to predict, and how to read it from the shared folder."""

    shape: str
    target: str
    read: Callable[[Path], pd.DataFrame]


def insurance(shared: Path) -> pd.DataFrame:
    """Charges of 1,338 insured people."""
    return pd.read_csv(shared / "tables" / "insurance.csv")


def alexa(shared: Path) -> pd.DataFrame:
    """3,150 product reviews, their text reduced to a few indicators."""
    raw = pd.read_csv(shared / "reviews" / "amazon_alexa.tsv", sep="\t", encoding="utf-8-sig")
    raw.columns = [name.strip() for name in raw.columns]
    text = raw["verified_reviews"].fillna("").str.lower()
    words = text.str.split().str.len()
    return pd.DataFrame(
        {
            "rating": raw["rating"],
            "date": pd.to_datetime(raw["date"], format="%d-%b-%y"),
            "variation": raw["variation"].str.split().str.join(" "),
            "words": words,
            "exclamations": text.str.count("!"),
            "good_words": sum(text.str.count(word) for word in _GOOD_WORDS),
            "bad_words": sum(text.str.count(word) for word in _BAD_WORDS),
            "mentions_music": np.where(text.str.contains("music"), "yes", "no"),
            "mentions_gift": np.where(text.str.contains("gift"), "yes", "no"),
            "feedback": np.where(raw["feedback"] == 1, "positive", "negative"),
        }
    )


def stocks(shared: Path) -> pd.DataFrame:
    """3,685 days of a share, as rows of numbers that hang together closely."""
    return pd.read_csv(shared / "series" / "stock_data.csv")


def breast_cancer(_: Path) -> pd.DataFrame:
    """569 tumours by 30 measurements."""
    from sklearn.datasets import load_breast_cancer

    found: Any = load_breast_cancer(as_frame=True)
    names = dict(enumerate(found.target_names))
    return found.data.assign(diagnosis=found.target.map(names))


def diabetes(_: Path) -> pd.DataFrame:
    """442 patients by ten measurements, in the units of the clinic."""
    from sklearn.datasets import load_diabetes

    found: Any = load_diabetes(as_frame=True, scaled=False)
    sex = np.where(found.data["sex"] == 1, "first", "second")
    return found.data.assign(sex=sex, progression=found.target)


def mortgages(_: Path) -> pd.DataFrame:
    """2,381 mortgage applications of Boston, an eighth of them denied."""
    found = _from_pydataset("Hdma")
    return found.assign(comdominiom=np.where(found["comdominiom"] == 1, "yes", "no"))


def aggression(_: Path) -> pd.DataFrame:
    """7,584 answers to 24 questions by 316 people, every column a category."""
    found = _from_pydataset("VerbAgg").drop(columns="r2")
    return found.assign(
        id="person " + found["id"].astype(str), Anger="score " + found["Anger"].astype(str)
    )


def baseball(_: Path) -> pd.DataFrame:
    """21,699 seasons of 1,228 players in 132 teams, with gaps in the early years."""
    return _from_pydataset("baseball")


ADULT = {"shape": "mixed, spiked", "target": "income"}
"""The main table, whose split is that of the shared folder."""

TABLES: Mapping[str, Table] = {
    "insurance": Table("mixed, small", "charges", insurance),
    "alexa": Table("reviews with dates", "rating", alexa),
    "stocks": Table("numbers, nearly dependent", "Close", stocks),
    "breast_cancer": Table("wide, small", "diagnosis", breast_cancer),
    "diabetes": Table("very small", "progression", diabetes),
    "mortgages": Table("imbalanced target, gaps", "deny", mortgages),
    "aggression": Table("all categories", "resp", aggression),
    "baseball": Table("high cardinality, gaps", "hr", baseball),
}


def split(frame: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows, in the target's proportions where it is a category."""
    from sklearn.model_selection import train_test_split

    strata = frame[target] if kinds(frame)[target] == "category" else None
    numbers = np.arange(len(frame))
    parts = train_test_split(numbers, test_size=_TEST_SHARE, random_state=_SEED, stratify=strata)
    return frame.iloc[parts[0]], frame.iloc[parts[1]]


def write(name: str, shared: Path, out: Path) -> None:
    """One table into its folder, unless it is there already."""
    folder = out / name
    if (folder / "about.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if name == "adult":
        about = ADULT
        train, test = (read_table(shared / "adult" / f"{part}.csv") for part in ("train", "test"))
    else:
        about = {"shape": TABLES[name].shape, "target": TABLES[name].target}
        train, test = split(TABLES[name].read(shared), about["target"])
    write_table(folder / "train.csv", train)
    write_table(folder / "test.csv", test)
    about = about | {"task": kinds(train)[about["target"]]}
    size = {"train_rows": len(train), "test_rows": len(test), "columns": train.shape[1]}
    write_json(folder / "about.json", about | size)


def main() -> None:
    """Write every table."""
    parser = argparse.ArgumentParser(description=f"{__doc__}".partition("\n")[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    for name in ("adult", *TABLES):
        write(name, args.shared, args.out)
        print(name, (args.out / name / "about.json").read_text(encoding="utf-8"))


def _from_pydataset(name: str) -> pd.DataFrame:
    """A table out of pydataset's archive, without the package, whose import writes to the home."""
    archive = Path(str(distribution("pydataset").locate_file("pydataset/resources.tar.gz")))
    with tarfile.open(archive) as files:
        for member in files:
            if Path(member.name).name == f"{name}.csv" and (file := files.extractfile(member)):
                return pd.read_csv(io.BytesIO(file.read()), index_col=0)
    raise FileNotFoundError(f"{archive} has no table {name!r}; pydataset 0.2.0 has it.")


if __name__ == "__main__":
    main()
