"""Items of every kind of samples, from a run to the page, the copy and the bundle."""

import importlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from tests.modalities.speech.voices import RATE, voice, write
from tests.studio.test_jobs import QUICK, Heard
from zerosum.catalogue import modality_of_kind
from zerosum.errors import ConfigError
from zerosum.studio.acts.work import makes_sets, sample
from zerosum.studio.item_forms import ITEM_FORMS
from zerosum.studio.jobs import bundling, sampling
from zerosum.studio.jobs import training as training_job
from zerosum.studio.models import BundleOrder, Item, ItemBatch, Training
from zerosum.studio.runner import order_of, register
from zerosum.studio.subjects import subject_of
from zerosum.studio.writing.template_writer import TemplateWriter

TRAINED = {
    "image": ("vanilla", "digits", 128, "picture"),
    "point": ("vanilla", "ring", 256, "rows"),
    "table": ("table", "reviews", 256, "rows"),
    "relational": ("relational", "bank_database", 256, "database"),
    "sequences": ("sequences", "bank", 256, "rows"),
    "series": ("series_gan", "waves", 128, "series"),
    "string": ("text", "notes", 128, "text"),
    "level": ("levels", "dungeon", 128, "level"),
    "sound": ("sound", "kit", 64, "sound"),
    "music": ("music", "tunes", 64, "sound"),
    "clip": ("video", "bouncing", 32, "clip"),
    "texture": ("texture", "surfaces", 32, "picture"),
    "captioned": ("text2image", "scenes", 32, "picture"),
    "molecule": ("molecules", "fragments", 128, "text"),
    "pair": ("pix2pix", "poses", 32, "picture"),
    "speech": ("vocoder", "spoken", 8, "sound"),
    "voices": ("voice", "spoken", 32, "sound"),
}  # fmt: skip
"""A recipe, its data, samples to see, and the medium of its items, by kind."""


def known_kinds() -> list[str]:
    """Every kind of samples that zerosum comes with."""
    with pytest.raises(ConfigError):
        modality_of_kind("")
    registered: Any = importlib.import_module("zerosum.modality")._REGISTERED
    homes = {kind: home for kind, (home, _) in registered.items()}
    return sorted(kind for kind, home in homes.items() if home.startswith("zerosum."))


PICTURES = ("image", "texture", "captioned", "pair")
SPOKEN = ("speech", "voices")
"""Kinds without built-in data: two people who speak are simulated."""


def test_every_kind_has_a_form_and_is_tried_here() -> None:
    assert set(known_kinds()) == set(ITEM_FORMS) == set(TRAINED)


def speak(folder: Path) -> None:
    """Files of two people, who agreed."""
    for name, pitch in {"anna": 200.0, "ben": 100.0}.items():
        write(folder / name / "a.wav", voice(12.0, pitch=pitch, seed=1))
        words = 'who = "Anna Example"\nwhen = 2026-01-31\nwhat = "tests"\n'
        (folder / name / "consent.toml").write_text(words)


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRAINED)
def test_items_of_each_kind(
    kind: str, training: Training, folder: Path, browser: Callable[..., Client],
    started: list[str],
) -> None:  # fmt: skip
    recipe, data, seen, medium = TRAINED[kind]
    training.recipe, training.data.place = recipe, data
    training.facts = {"kind": kind}
    if kind in SPOKEN:
        training.data.origin = "upload"
        training.options = {"rate": RATE, "seconds": 0.5}
        speak(folder / "uploads" / data)
    training.data.save()
    training.save()
    heard = Heard()
    order = order_of(training) | {"samples": seen, "wishes": QUICK}
    Path(order["folder"]).mkdir(exist_ok=True)
    training_job.do(order, heard)
    assert heard.last("facts")["kind"] == kind

    from zerosum.studio.acts.log import Actor
    from zerosum.studio.models import User

    client = browser("owner", "ada")
    ada = Actor(User.objects.get(username="ada"))
    batch = sample(ada, training, n=3, rows=5)
    order = order_of(batch) | {"device": "cpu"}
    Path(order["folder"]).mkdir(exist_ok=True)
    heard = Heard()
    sampling.do(order, heard)
    rows = [one["item"] for one in heard if "item" in one]
    register(ItemBatch.objects.get(pk=batch.pk), rows)
    assert (batch.rows == 5) == makes_sets(training)
    items = list(Item.objects.order_by("index"))
    assert [one.medium for one in items] == [medium] * 3
    bodies = [(folder / "items" / one.file).read_bytes() for one in items]
    assert bodies[0] != bodies[1]

    for one in items:
        with Image.open(folder / "items" / one.thumbnail) as picture:
            extent: Any = picture.convert("L").getextrema()
            assert extent[0] < extent[1]
        assert client.get(f"/items/{one.pk}/thumbnail")["Content-Type"] == "image/png"
        assert client.get(f"/items/{one.pk}/file").status_code == 200
        page = client.get(f"/items/{one.pk}/").content.decode()
        shown = {"sound": "<audio controls", "level": "<pre>", "picture": "pixels wide"}
        shown["clip"] = f'data-moving="/items/{one.pk}/file"'
        assert shown.get(medium, "<table>") in page
        if kind == "pair":
            assert client.get(f"/items/{one.pk}/source")["Content-Type"] == "image/png"
            assert "What it was made from" in page
        if kind in (*PICTURES, *SPOKEN, "sound", "level", "music", "clip"):
            assert one.nearness is not None
            assert client.get(f"/items/{one.pk}/neighbour").status_code == 200
        if medium == "sound":
            assert client.get(f"/items/{one.pk}/nearest")["Content-Type"] == "audio/wav"
        elif kind not in (*PICTURES, *SPOKEN, "level", "point", "clip"):
            assert one.facts["copied_rows"] >= 0  # counted, and never shown
            assert not one.neighbour
        copy = TemplateWriter().write(subject_of(one)).copy
        assert copy.title
        assert copy.body

    again = Heard()
    sampling.do(order | {"sub": "again", "folder": str(folder)}, again)
    for one, body in zip((m["item"] for m in again if "item" in m), bodies, strict=True):
        if medium != "database":  # whose pages SQLite writes as it likes
            assert (folder / "items" / one["file"]).read_bytes() == body

    pytest.importorskip("c2pa", reason="the extra `origin` is not installed")
    Item.objects.update(state="approved")
    bundle = BundleOrder.objects.create(project=training.project, title="One")
    bundle.items.set(items)
    order = order_of(bundle)
    Path(order["folder"]).mkdir(exist_ok=True)
    heard = Heard()
    bundling.do(order, heard)
    assert heard.last("done")["items"] == 3
    with zipfile.ZipFile(order["out"]) as opened:
        names = [name for name in opened.namelist() if name.startswith("files/")]
    assert sum(name.endswith(ITEM_FORMS[kind].ending) for name in names) == 3
