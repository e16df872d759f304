"""Classes filled with samples: which are kept, where they are from, and what they are worth."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import zerosum as zs
from tests.modalities.tables.chain import ChainGame, people, table_model
from tests.models.test_model import _model as trained
from zerosum.catalogue import find_recipe
from zerosum.errors import ConditionError, DataError, EvaluationError, RunError
from zerosum.evaluation.augmenting import labelled
from zerosum.evaluation.augmenting.kit import Course
from zerosum.evaluation.augmenting.trial import Arm, AugmentationTrial, Score
from zerosum.games.base import Game, Inputs, Move
from zerosum.games.controls import ChoiceControl
from zerosum.modalities.images.classes import ImageClasses
from zerosum.modalities.tables.classes import repeated_by
from zerosum.modalities.tables.judging import rows
from zerosum.models.model import Model
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace
from zerosum.testing import small_dataset
from zerosum.workflows.load import model_of

PLAIN = find_recipe("cgan").resolve(small_dataset("image", needs=("labels",)).space)
"""A recipe for models whose game is put together by hand."""


class Stripes(Game):
    """Nothing to learn: class k is a bar at place k, on noise; `lies` names another class."""

    averaged = ()

    def __init__(self, *, lies: bool = False, copy_of: Tensor | None = None) -> None:
        super().__init__()
        self.space = ImageSpace(
            channels=1, height=8, width=8, labels=("a", "b", "c"), label_counts=(30, 20, 8)
        )
        self.lies, self.copy_of = lies, copy_of

    def moves(self) -> tuple[Move, ...]:
        return ()

    def controls(self) -> dict[str, Any]:
        return {"label": ChoiceControl(self.space.labels, self.space.label_counts)}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        return Inputs(inputs.z, values)

    def draw(self, n: int, noise: Noise) -> Inputs:
        return Inputs(noise.normal(n, 64), noise.integers(n, high=3))

    def generate(self, inputs: Inputs) -> Tensor:
        assert inputs.y is not None
        if self.copy_of is not None:
            return self.space.to_model(self.copy_of.expand(inputs.size, 1, 8, 8))
        y = (inputs.y + 1) % 3 if self.lies else inputs.y
        x = 0.15 * inputs.z.view(-1, 1, 8, 8)
        for code in range(3):
            x[y == code, :, :, 2 * code : 2 * code + 2] += 0.7
        return x.clamp(-1, 1)


class Chain(ChainGame):
    def moves(self) -> tuple[Move, ...]:
        return ()


def striped(counts: tuple[int, ...] = (30, 20, 8), seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    game, y = Stripes(), torch.arange(3).repeat_interleave(torch.tensor(counts))
    x = game.generate(Inputs(Noise(seed).normal(len(y), 64), y))
    return game.space.to_numpy(game.space.to_data(x)), np.array(list("abc"))[y]


@pytest.fixture(scope="module")
def model() -> Model:
    return model_of(PLAIN, Stripes())


@pytest.fixture(scope="module", autouse=True)
def short_trainings() -> Iterator[None]:
    """Classifiers see few images: the bars are plain to see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labelled, "_SAMPLES", 1_280)
        patch.setattr(rows, "NUM_TREES", 10)
        yield


def test_rare_classes_are_filled_and_come_back_from_a_folder(model: Model, tmp_path: Path) -> None:
    x, y = striped()
    made = model.augment((x, y), out=tmp_path / "more", features="pixels", seed=3)
    assert Counter(made.labels) == {"a": 30, "b": 30, "c": 30}
    assert sum(made.synthetic) == 32
    with (tmp_path / "more" / "labels.csv").open() as handle:
        listed = list(csv.DictReader(handle))
    synthetic = [row["file"] for row in listed if row["synthetic"] == "true"]
    manifest = json.loads((tmp_path / "more" / "augmented.json").read_text())
    assert synthetic == [item["item"] for item in manifest["items"]]
    assert all((tmp_path / "more" / row["file"]).parent.name == row["label"] for row in listed)
    back = model.augment(tmp_path / "more", per_class=31, features="pixels")
    assert [one.real for one in back.counts] == [30, 30, 30]
    torch.testing.assert_close(back.tensor[:90].sort(0).values, made.tensor.sort(0).values)


def test_each_sample_can_be_made_again(model: Model) -> None:
    made = model.augment(striped(), amount={"c": 5}, features="pixels", seed=3)
    again = model.augment(striped(), amount={"c": 5}, features="pixels", seed=3)
    assert torch.equal(made.tensor, again.tensor)
    assert made.origins == again.origins
    for x, origin in zip(made.tensor[58:], made.origins, strict=True):
        where = {"label": origin.label}
        assert torch.equal(model.sample(30, where=where, seed=origin.seed).tensor[origin.index], x)
    other = model.augment(striped(), amount={"c": 5}, features="pixels", seed=4)
    assert not torch.equal(made.tensor, other.tensor)


def test_arrays_and_what_is_there_already(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "more.npz"
    model.augment(striped(), out=path, per_class=20, features="pixels")
    with np.load(path) as held:
        assert Counter(held["y"].tolist()) == {"a": 30, "b": 20, "c": 20}
        assert held["synthetic"].tolist() == [False] * 58 + [True] * 12
    assert len(json.loads((tmp_path / "more.augmented.json").read_text())["items"]) == 12
    before = path.read_bytes()
    with pytest.raises(RunError, match="there already"):
        model.augment(striped(), out=path, features="pixels")
    assert path.read_bytes() == before


def test_labels_that_name_no_folder_are_kept(model: Model, tmp_path: Path) -> None:
    made = model.augment(striped(), features="pixels")
    made.labels = [{"a": "../up"}.get(label, label) for label in made.labels]
    made.save(tmp_path / "more")
    assert {p.name for p in tmp_path.iterdir()} == {"more"}
    from zerosum.workflows.data import open_data

    assert open_data(tmp_path / "more")[0].space.labels == ("../up", "b", "c")


def test_what_lies_and_what_copies_is_rejected() -> None:
    with pytest.raises(EvaluationError, match=r"everything was rejected .* implausible"):
        model_of(PLAIN, Stripes(lies=True)).augment(striped(), features="pixels")
    x, _ = striped()
    copy = torch.from_numpy(x[:1]).permute(0, 3, 1, 2)
    with pytest.raises(EvaluationError, match="of 80 made, 80 were near copies"):
        model_of(PLAIN, Stripes(copy_of=copy)).augment(
            striped(), amount={"a": 10}, features="pixels"
        )


def test_samples_that_are_all_rejected_are_worth_nothing() -> None:
    lying = model_of(PLAIN, Stripes(lies=True))
    held = striped((20, 20, 20), seed=8)
    found = zs.evaluate_augmentation(lying, striped(), holdout=held, features="pixels", num_seeds=1)
    assert not found.helps
    assert found.warnings == ("Everything was rejected with seed 0, so no samples were added.",)
    scores = {arm.name: arm.mean for arm in found.arms}
    assert scores["GAN"] == scores["none"]


def test_bad_input(model: Model, tmp_path: Path) -> None:
    x, y = striped()
    with pytest.raises(DataError, match=r"no labels. Put files into a subfolder"):
        model.augment(x)
    with pytest.raises(EvaluationError, match="labels that the training data lacks: 'd'"):
        model.augment((x, np.where(y == "c", "d", y)))
    with pytest.raises(EvaluationError, match="8 x 9"):
        model.augment((np.pad(x, ((0, 0), (0, 0), (0, 1), (0, 0))), y))
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(EvaluationError, match="the data is read as table"):
        model.augment(tmp_path / "rows.csv")
    with pytest.raises(EvaluationError, match=r"fewer than two classes \(a\)"):
        model.augment((x[:30], y[:30]))
    with pytest.raises(EvaluationError, match="20 are the least"):
        model.augment((x[26:38], y[26:38]), features="pixels")
    with pytest.raises(ConditionError, match=r"without conditions.*Train cgan"):
        trained("dcgan").augment((x, y))
    with pytest.raises(EvaluationError, match="Only images, sounds and rows"):
        trained("cgan", "point").augment(np.zeros((30, 2)))
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({"per_class": 0}, "ask for 1 or more"),
        ({"per_class": 30.5}, "asks for 30.5 samples; ask for 1 or more, as a whole number"),
        ({"amount": {"a": 2.5}}, "the class 'a' asks for 2.5 samples"),
        ({"per_class": 5, "balance": True}, "Give one"),
        ({"per_class": 8}, "nothing is to be made"),
        ({"amount": {"z": 3}}, "no value 'z'"),
        ({"target": "a"}, "leave it out"),
    )
    for asked, said in refused:
        with pytest.raises((ConditionError, EvaluationError), match=said):
            model.augment((x, y), **asked)
    with pytest.raises(RunError, match=r"Allowed: folder, \.npz"):
        model.augment((x, y), out=tmp_path / "more.csv")


def test_rows_are_filled_and_marked(tmp_path: Path) -> None:
    import pyarrow.parquet as parquet

    table = people(400)
    model = table_model(Chain(table))
    path = tmp_path / "more.parquet"
    made = zs.augment(model, table, target="city", amount={"Bodø": 20}, out=path, seed=1)
    columns = parquet.read_table(path).to_pydict()
    assert columns["synthetic"] == made.synthetic == [False] * 400 + [True] * 20
    assert columns["city"][400:] == ["Bodø"] * 20
    with pytest.raises(EvaluationError, match=r"Name a column with target=.*city, vip"):
        zs.augment(model, table)
    with pytest.raises(EvaluationError, match=r"holds no categories\. Allowed: city, vip\.$"):
        zs.augment(model, table, target="age")


def test_a_trial_compares_with_what_is_usual(model: Model, tmp_path: Path) -> None:
    found = zs.evaluate_augmentation(
        model, striped(), holdout=striped((20, 20, 20), seed=8), features="pixels", num_seeds=1
    )
    usual = ["oversampling", "shifts", "flips and shifts"]
    ways = ("half GAN + {}", "quarter GAN + {}", "half GAN, then {}")
    names = ["none", *usual, "GAN", *(way.format(name) for way in ways for name in usual)]
    assert [arm.name for arm in found.arms] == names
    assert all(0 <= score.whole <= 1 for arm in found.arms for score in arm.scores)
    scores = {arm.name: arm.mean for arm in found.arms}
    assert scores["GAN"] > 0.9, "the bars are plain to see"
    found.save(tmp_path / "worth.png")
    kept = json.loads((tmp_path / "worth.json").read_text())
    assert kept["verdict"] == found.verdict
    assert kept["held_out"] == [20, 20, 20]
    halves = {arm["name"]: arm["halves"][0] for arm in kept["arms"]}
    made = [name for name in halves if "GAN" in name]
    chosen = [max(made, key=lambda name: halves[name][1 - half]) for half in (0, 1)]
    gains = [halves[chosen[half]][half] - halves[kept["without"]][half] for half in (0, 1)]
    assert kept["gains"] == pytest.approx([sum(gains) / 2]), "the file holds what they follow from"
    with pytest.raises(EvaluationError, match="training data"):
        zs.evaluate_augmentation(model, striped(), holdout=striped())


def test_a_class_without_reals_is_made_where_it_is_asked_for(model: Model) -> None:
    x, y = striped((30, 20, 0))
    made = model.augment((x, y), amount={"c": 3}, features="pixels")
    assert [(one.label, one.real, one.kept) for one in made.counts][2] == ("c", 0, 3)
    assert str(made.counts[0]) == "a: nothing asked for"
    assert model.augment((x, y), features="pixels").labels.count("c") == 0
    found = zs.evaluate_augmentation(
        model, (x, y), holdout=striped((9, 9, 9), seed=8), amount={"c": 20}, features="pixels",
        num_seeds=1,
    )  # fmt: skip
    scores = {arm.name: arm.mean for arm in found.arms}
    assert scores["none"] <= 2 / 3 < scores["GAN"]
    assert found.helps


def test_classes_that_are_not_held_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelled, "_SAMPLES", 128)
    held = striped((1, 1, 0), seed=8)
    found = zs.evaluate_augmentation(
        model_of(PLAIN, Stripes()), striped(), holdout=held, features="pixels", num_seeds=2
    )
    said = "Nothing is held out of c: the scores say nothing of samples there."
    assert found.warnings == (said,)
    assert "judged on the same reals, one of each class" in found.verdict
    assert not found.helps


def test_without_a_holdout_a_gain_is_not_believed() -> None:
    table = people(300)
    found = zs.evaluate_augmentation(table_model(Chain(table)), table, target="vip", num_seeds=1)
    ways = ["half GAN + oversampling", "quarter GAN + oversampling"]
    assert [arm.name for arm in found.arms] == ["none", "oversampling", "GAN", *ways]
    assert "flatters" in found.warnings[0]
    assert not found.helps


def _arm(name: str, *scores: float) -> Arm:
    return Arm(name, tuple(Score(one, (one, one)) for one in scores))


def test_a_way_is_not_judged_on_what_it_was_chosen_by() -> None:
    lucky = (Score(0.85, (0.9, 0.8)),) * 3, (Score(0.85, (0.8, 0.9)),) * 3
    arms = (_arm("none", *(0.82,) * 3), Arm("GAN", lucky[0]), Arm("half GAN + flips", lucky[1]))
    found = AugmentationTrial(arms, usual=("flips",), believed=True, held_out=(9, 9), subject={})
    assert found.best.mean == pytest.approx(0.85)
    assert found.gains == pytest.approx((-0.02, -0.02, -0.02))
    assert not found.helps


def test_many_worthless_ways_do_not_look_better_by_chance() -> None:
    found, naive = [], []
    for luck in (0.8 + 0.02 * Noise(5).normal(600, 8, 2, 2)).tolist():
        arms = tuple(
            Arm(name, tuple(Score((a + b) / 2, (a, b)) for a, b in scores))
            for name, scores in zip(["none", *"abcdefg"], luck, strict=True)
        )
        trial = AugmentationTrial(arms, usual=(), believed=True, held_out=(80, 80), subject={})
        found.append(sum(trial.gains) / 2 + trial.without.mean - 0.8)
        naive.append(trial.best.mean - 0.8)
    assert sum(found) / 600 == pytest.approx(0, abs=0.0015)
    assert sum(naive) / 600 > 0.01


def test_rows_are_drawn_as_their_weights_say() -> None:
    weights = torch.tensor([0.0, 0.3, 0.0, 2.7, 1.0, 5.5, 0.5, 0.0], dtype=torch.float64)
    counts = repeated_by(weights).bincount(minlength=8)
    assert ((counts >= weights.floor()) & (counts <= weights.ceil())).all()
    last = torch.tensor([1.0] + [0.0] * 6 + [1.0], dtype=torch.float64)
    course, noise = Course(torch.zeros(8, 1), torch.zeros(8), weights, last), Noise(3)
    for done, expected in ((0.59, weights / 10), (0.6, last / 2)):
        drawn = labelled._picked(course, 40_000, done, noise).bincount(minlength=8) / 40_000
        torch.testing.assert_close(drawn.double(), expected, atol=0.01, rtol=0)
        assert not drawn[expected == 0].any()


def test_weights_keep_the_sizes_of_classes(model: Model) -> None:
    made = model.augment(striped((30, 20, 0)), amount={"b": 5, "c": 4}, features="pixels")
    found = {share: made.weights(share) for share in (0.0, 0.25, 1.0)}
    for share, part in ((0.0, 0.0), (0.25, 6.25), (1.0, 25.0)):
        reals, samples = found[share][30:50], found[share][50:55]
        assert samples.sum() == pytest.approx(part)
        assert reals.sum() == pytest.approx(25 - part)
        assert (found[share][:30] == 1).all(), "nothing was made of it"
        assert found[share][55:].sum() == pytest.approx(4), "it has no reals"
    for share in (2, float("nan"), "x"):
        with pytest.raises(ConditionError, match=rf"share is {share}; it must be in \[0, 1\]"):
            made.weights(share)  # pyright: ignore[reportArgumentType]


def test_classifiers_learn_by_weight_and_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelled, "_SAMPLES", 6_400)
    kit, space = ImageClasses(), Stripes().space
    x, y = striped((40, 40, 40))
    images = torch.from_numpy(x).permute(0, 3, 1, 2)
    right = torch.tensor(["abc".index(name) for name in y])
    twice, both = images.repeat(2, 1, 1, 1), torch.cat([right, (right + 1) % 3])
    lies = torch.arange(240) >= 120
    true, false = (~lies).double(), lies.double()
    for weights, last, least, most in ((false, None, 0.0, 0.05), (false, true, 0.95, 1.0)):
        course = Course(twice, both, weights, last)
        learned = kit.learn(space, "label", course, num_classes=3, usual="oversampling", seed=0)
        said = learned(images).argmax(dim=1)
        assert least <= (said == right).double().mean() <= most


@pytest.mark.parametrize(
    ("gan", "believed", "held_out", "verdict"),
    [
        ((0.85, 0.86), True, (9, 7, 9), "Do: GAN reaches 85.5% and flips 80.0%"),
        ((0.85, 0.86), False, (9, 7, 9), "Not known: "),
        ((0.90, 0.79), True, (9, 7, 9), "Do not: "),  # harm with one seed
        ((0.803, 0.804), True, (9, 7, 9), "Do not: "),  # too little
        ((0.85, 0.86), True, (9,), "Not known: "),  # hardly above chance
        ((0.85, 0.86), True, (9, 6, 9), "Not known: "),  # a single real is worth as much
        ((0.99, 0.99), True, (1,) * 10, "Not known: "),  # no halves
    ],
)
def test_verdicts(
    gan: tuple[float, ...], believed: bool, held_out: tuple[int, ...], verdict: str
) -> None:
    arms = (_arm("none", 0.7, 0.7), _arm("flips", 0.8, 0.8), _arm("GAN", *gan))
    found = AugmentationTrial(
        arms, usual=("flips",), believed=believed, held_out=held_out, subject={}
    )
    assert found.verdict.startswith(verdict)
    assert found.helps == verdict.startswith("Do: ")
