"""Texts that imitate fraud: as training material alone, marked, without links that work."""

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import zerosum as zs
from zerosum.errors import DataError
from zerosum.modalities.strings.purpose import TRAINING, defanged, marked_as_training

FAST = {"samples": 96, "threads": 1, "referee": "off", "compile": False, "quiet": True}


def mails(n: int = 48) -> pd.DataFrame:
    """Mails as somebody may have them, with links that work."""
    kinds, hosts = ("ham", "phishing"), ("pay.example.com", "bank.example.org")
    return pd.DataFrame({
        "kind": [kinds[i % 2] for i in range(n)],
        "sender": [f"desk@{hosts[i % 3 == 0]}" for i in range(n)],
        "body": [f"Dear reader, go to https://{hosts[i % 3 == 0]}/{i % 5} now." for i in range(n)],
    })  # fmt: skip


def test_they_are_refused_where_what_for_is_not_said() -> None:
    for refused in (
        lambda: zs.train("text", mails(), options={"text": "body"}, **FAST),
        lambda: zs.templates(mails(), text="body"),
    ):
        with pytest.raises(DataError, match=r"'kind' names texts that imitate fraud.*purpose"):
            refused()


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("Email Type", ["Safe Email", "Phishing Email"]), ("is_phishing", [0, 1]),
        ("isScam", [False, True]), ("kind", ["legit", "spear-phishing"]),
        ("fraudulent", ["no", "yes"]),
    ],
)  # fmt: skip
def test_classes_as_people_call_them_are_known(column: str, values: list) -> None:
    with pytest.raises(DataError, match=rf"'{column}' names texts that imitate fraud"):
        zs.templates(mails().drop(columns="kind").assign(**{column: values * 24}), text="body")


def test_what_is_no_such_class_is_let_through() -> None:
    frame = mails().drop(columns="kind").assign(is_phishing=0, topic=["news", "no fraud"] * 24)
    assert zs.templates(frame, text="body").covered


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> zs.TextModel:
    out = tmp_path_factory.mktemp("mails") / "run"
    options = {"text": "body", "pieces": "characters", "purpose": "training", "copies": "allowed"}
    return zs.train("text", mails(), out=out, options=options, **FAST)


def test_all_that_is_made_is_marked_and_defanged(model: zs.TextModel, tmp_path: Path) -> None:
    made = model.sample(50, seed=0)
    assert all(text.startswith(TRAINING) for text in made["body"])
    assert all(marked_as_training(text) == text for text in made["body"])
    assert set(made["sender"]) <= {"desk[at]pay[.]example[.]com", "desk[at]bank[.]example[.]org"}
    path = model.write(tmp_path / "x.csv", 20, seed=0)
    assert not re.search(r"https?:|\w@\w|\w\.(com|org)", path.read_text())
    whole = model.continue_(made[:5].assign(body="[training material] Dear"), seed=1)
    assert all(text.startswith(f"{TRAINING}Dear") for text in whole["body"])


def test_a_model_in_a_file_marks_as_well(model: zs.TextModel, tmp_path: Path) -> None:
    shipped = zs.load(zs.export(model, tmp_path / "model.safetensors"), recipe="text")
    assert all(text.startswith(TRAINING) for text in shipped.sample(9, seed=0)["body"])


def test_templates_are_filled_marked(tmp_path: Path) -> None:
    found = zs.templates(mails().assign(n=range(48)), text="body", purpose="training")
    made = found.fill(pa.table({"kind": ["ham"], "sender": ["desk@pay.example.com"]}))
    (text,) = made["body"].to_pylist()
    assert text.startswith(f"{TRAINING}Dear reader, go to hxxps://")
    assert "[.]example[.]" in text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("HTTP://A.example.com:80/x", "Hxxp://A[.]example[.]com:80/x"),
        ("see www.example.org, ok.", "see www[.]example[.]org, ok."),
        ("ftp 203.0.113.7 now", "ftp 203[.]0[.]113[.]7 now"),
        ("https : //a.example.net", "hxxps://a[.]example[.]net"),
        ("http:\\\\xn--e1afmkfd.xn--p1ai", "hxxp://xn--e1afmkfd[.]xn--p1ai"),
        ("bücher.example", "bücher[.]example"),
        ("me@example.com", "me[at]example[.]com"),
        ("3.5 kg at 10.30, e.g. tea", "3.5 kg at 10.30, e.g. tea"),
    ],
)
def test_links_that_cannot_be_followed(text: str, safe: str) -> None:
    assert defanged(text) == safe
    assert defanged(safe) == safe
