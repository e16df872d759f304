"""The laws that every metric of the judge obeys, on images, points, rows, series, sounds and more.

A new metric is under them as soon as it is registered.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.modalities.relational.shops import SCHEMA, shop
from tests.modalities.tables.chain import people
from zerosum.catalogue import all_measures, load_recipe_file, metrics_for
from zerosum.data.base import ArrayDataset, Dataset
from zerosum.evaluation.features.base import Embedded, Extractor
from zerosum.evaluation.judging.figures import Evaluation, MetricResult
from zerosum.evaluation.judging.judge import EvaluationSets, judge
from zerosum.evaluation.judging.verdict import verdict
from zerosum.evaluation.metrics.base import (
    REGISTRY,
    Memorisation,
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
)
from zerosum.evaluation.metrics.kernels import MaximumMeanDiscrepancy
from zerosum.evaluation.reports.page import page
from zerosum.modalities.relational.metrics.hops import UnitMeasure
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.series.features import SeriesFeatures
from zerosum.modalities.series.space import SeriesSpace
from zerosum.modalities.sound.features import SummaryFeatures
from zerosum.modalities.sound.space import SoundSpace
from zerosum.modalities.strings.space import TextSpace
from zerosum.recipe_registry import forget_recipes
from zerosum.rng import Noise
from zerosum.spaces import Space
from zerosum.workflows.data import open_data

N = 400

KINDS = ("image", "point", "table", "series", "sound", "string")

UNLABELLED = ("relational", "string")

TARGETS = {"table": "vip", "numbers": "income"}
"""The same table twice: with a category to predict, and with a number."""


@pytest.fixture(scope="module", autouse=True)
def enough_trees(small_judges: None) -> Iterator[None]:
    """As many trees, texts and features as it takes that chance does not decide what is worse."""
    with pytest.MonkeyPatch.context() as patch:
        for name, number in (
            ("evaluation.metrics.c2st.NUM_TREES", 20),
            ("evaluation.metrics.two_sample.MOST_FEATURES", 64),
            ("modalities.tables.judging.rows.NUM_TREES", 50),
            ("modalities.strings.features._HASHED", 2**11),
            ("modalities.strings.metrics.agreement._MOST", 120),
            ("modalities.strings.metrics.network._EPOCHS", 4),
            ("modalities.strings.metrics.network._HASHED", 2**9),
            ("modalities.strings.metrics.network.C2stTextsNetwork.most", 120),
        ):
            patch.setattr(f"zerosum.{name}", number)
        yield


@cache
def data(space: str) -> Dataset:
    if space in TARGETS:
        return people(4 * N)
    if space == "image":
        return open_data("digits")[0]
    if space == "series":
        return open_data("waves", num_samples=4 * N, length=16)[0]
    if space == "sound":
        return open_data("kit", num_samples=4 * N, rate=2_000, seconds=0.25)[0]
    if space == "relational":
        return open_data(shop(4 * N), schema=SCHEMA)[0]
    if space == "string":
        return open_data("notes", num_rows=4 * N, pieces="characters")[0]
    if space == "level":
        return open_data("dungeon", num_samples=4 * N, side=10)[0]
    whole, _ = open_data("ring")
    x, y = whole.take(torch.arange(4 * N))
    return ArrayDataset(
        x, y, name="ring", labels=whole.space.labels, modes=whole.modes, mode_std=whole.mode_std
    )


@cache
def shuffle(space: str) -> Tensor:
    return torch.randperm(len(data(space)), generator=torch.Generator().manual_seed(0))


def embedded(space: str) -> Extractor:
    """Simple features; series are told apart by how they move, and not by where they are."""
    known = data(space).space
    if isinstance(known, SeriesSpace):
        return SeriesFeatures(known)
    if isinstance(known, SoundSpace):
        return SummaryFeatures(known)
    return Embedded(known, name="pixels")


def exhibit(space: str, x: Tensor, y: Tensor | None) -> SampleSet:
    dataset = data(space)
    features = embedded(space)(x)
    logits = None
    if dataset.space.num_labels:
        logits = -torch.cdist(features, centres(space)) * 2
    return SampleSet(x, features, y, logits)


@cache
def centres(space: str) -> Tensor:
    x, y = data(space).take(torch.arange(len(data(space))))
    assert y is not None
    points, kinds = embedded(space)(x), range(data(space).space.num_labels)
    return torch.stack([points[y == label].mean(0) for label in kinds])


@cache
def reals(space: str, start: int, n: int = N) -> SampleSet:
    x, y = data(space).take(shuffle(space)[start : start + n])
    return exhibit(space, x, y)


@cache
def trivial(space: str) -> SampleSet:
    x = data(space).space.independent(reals(space, 0).x, N, Noise(1))
    return exhibit(space, x, reals(space, N).y)


def sets(space: str, samples: SampleSet, *, replicates: int = 0) -> EvaluationSets:
    dataset = data(space)
    reference = reals(space, 0)
    assert (samples.y is not None) is (space not in (*TARGETS, *UNLABELLED))
    return EvaluationSets(
        samples,
        reference,
        reals(space, N),
        trivial(space),
        MetricContext(
            dataset.space,
            extractor="columns" if space in TARGETS else "pixels",
            split="holdout",
            train=reals(space, 2 * N),
            modes=dataset.modes,
            mode_std=dataset.mode_std,
            target=TARGETS.get(space),
            replicates=replicates,
        ),
    )


def disturb(space: str, x: Tensor, strength: float) -> Tensor:
    """More of `strength` is always worse: noise on points, noise on images, errors in rows."""
    if space in TARGETS:
        return spoil(x, strength)
    if space == "relational":
        return spoil_units(data(space).space, x, strength)
    if space == "series":  # so that facts hold of what is disturbed too
        scores = data(space).space.to_model(x)
        return data(space).space.to_data(scores + strength * Noise(3).normal(*scores.shape))
    if space in ("string", "level"):
        return scramble(space, x, strength)
    noise = Noise(3).normal(len(x), *x.shape[1:])
    if space == "image":
        return (x.float() + 255 * strength * noise).clamp(0, 255).round().to(torch.uint8)
    return x + strength * noise


def scramble(space: str, x: Tensor, strength: float) -> Tensor:
    """A share of all pieces of texts, or tiles of levels, in any order."""
    wrong = Noise(4).uniform(*x.shape) < strength / 3
    if space == "string":
        known = data(space).space
        assert isinstance(known, TextSpace)
        wrong[:, : len(known.attributes.names)] = False
        wrong &= ~x.isnan()
    made = x.clone()
    made[wrong] = x[wrong][Noise(5).uniform(int(wrong.sum())).argsort()]
    return made


def spoil(x: Tensor, strength: float) -> Tensor:
    """Noise on the numbers of rows; that share of the categories is anything."""
    made = x.clone()
    for column, places in ((1, 0), (2, 2)):
        known = x[:, column][~x[:, column].isnan()]
        errors = strength * known.std() * Noise(3 + column).normal(len(x)).double()
        made[:, column] = (made[:, column] + errors).round(decimals=places)
    for column, size in ((0, 4), (3, 2)):
        anything = Noise(column).integers(len(x), high=size).double()
        wrong = Noise(9 + column).uniform(len(x)) < strength / 2
        made[:, column] = torch.where(wrong, anything, x[:, column])
    return made


def spoil_units(space: Space, x: Tensor, strength: float) -> Tensor:
    """Noise on all numbers of units; that share of the categories is anything."""
    assert isinstance(space, RelationalSpace)
    made = x.clone()
    for column, field in enumerate(space.modelled):
        known = x[:, column][~x[:, column].isnan()]
        errors = known.std() * Noise(3 + column).normal(len(x)).double()
        anything = Noise(column).integers(len(x), high=max(len(field.categories), 1)).double()
        wrong = Noise(9 + column).uniform(len(x)) < strength / 2
        other = anything if field.categories else x[:, column] + strength * errors
        made[:, column] = torch.where(wrong | (not field.categories), other, x[:, column])
    return made


def blur(x: Tensor, times: int) -> Tensor:
    y = x.float()
    for _ in range(times):
        y = torch.nn.functional.avg_pool2d(y, 3, 1, 1, count_include_pad=False)
    return y.round().to(torch.uint8)


@cache
def cases() -> list[tuple[str, Metric]]:
    found = [(s, one) for s in KINDS for one in metrics_for(data(s).space) if heard_of(s, one)]
    rest = [one for one in metrics_for(data("table").space) if ("table", one) not in found]
    mine = [one for one in metrics_for(data("relational").space) if isinstance(one, UnitMeasure)]
    found += [("relational", one) for one in mine]
    own = [m for m in metrics_for(data("level").space) if ".levels." in type(m).__module__]
    found += [("level", one) for one in own]
    return found + [("numbers", one) for one in rest if heard_of("numbers", one)]


def heard_of(space: str, one: Metric) -> bool:
    """Whether a metric has anything to say of samples of that kind."""
    heard = sets(space, reals(space, N))
    return one.applies(heard.samples, heard.reference, heard.context)


every_measure = pytest.mark.parametrize(
    ("space", "one"), cases(), ids=[f"{s}-{type(m).__name__}" for s, m in cases()]
)


def values(space: str, one: Metric, samples: SampleSet) -> dict[str, float]:
    heard = sets(space, samples)
    readings = one.read(heard.samples, heard.reference, heard.context)
    return {name: reading.value for name, reading in readings.items()}


@cache
def damaged(kind: str, space: str) -> list[SampleSet]:
    return DAMAGE[kind](space, reals(space, N))


def badness(output: MetricSpec, value: float) -> float:
    return {"lower": value, "higher": -value, "one": abs(value - 1)}[output.better]


@cache
def figures_of_reals(space: str, one: Metric) -> tuple[MetricResult, ...]:
    return tuple(judge(sets(space, reals(space, N), replicates=5), [one]))


@cache
def values_of_reals(space: str, one: Metric) -> dict[str, float]:
    return values(space, one, reals(space, N))


def scale(space: str, one: Metric) -> dict[str, float]:
    """How far ceiling and floor are apart, by output: differences far below this are noise."""
    figures = figures_of_reals(space, one)
    return {f.name: abs((f.floor or 0) - (f.ceiling or 0)) + 1e-9 for f in figures}


ROOMS_OF_THEIR_OWN = ("clips", "images", "molecules", "music", "sequences", "speech")
"""Modalities whose measures are tested beside them alone, on samples that are disturbed there."""


def test_every_measure_has_something_to_say() -> None:
    others = {
        one for one in all_measures()
        if any(f".modalities.{room}." in type(one).__module__ for room in ROOMS_OF_THEIR_OWN)
    }  # fmt: skip
    assert {one for _, one in cases()} | others == set(all_measures())


@every_measure
def test_it_gives_what_it_says_and_says_what_it_means(space: str, one: Metric) -> None:
    figures = figures_of_reals(space, one)
    assert [f.name for f in figures] == [o.name for o in one.outputs]
    for figure, output in zip(figures, one.outputs, strict=True):
        assert f"N={N}" in figure.full_name
        features = "columns" if space in TARGETS else "pixels"
        assert (f"({features}" in figure.full_name) == output.extractor
        assert len(figure.meaning) > 20
        assert figure.source
        assert figure.ceiling is not None
        assert figure.floor is not None
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low <= figure.value <= figure.high
        assert output.limits[0] - 1e-9 <= figure.value <= output.limits[1] + 1e-9


@every_measure
def test_reals_are_not_judged_worse_than_the_baseline(space: str, one: Metric) -> None:
    for figure, output in zip(figures_of_reals(space, one), one.outputs, strict=True):
        if "baseline" in BLIND.get(output.name, set()):
            continue
        assert figure.floor is not None
        assert badness(output, figure.value) <= badness(output, figure.floor) + 1e-6, figure


@every_measure
def test_the_same_question_has_the_same_answer(space: str, one: Metric) -> None:
    assert values(space, one, reals(space, N)) == values_of_reals(space, one)


DAMAGE: dict[str, Callable[[str, SampleSet], list[SampleSet]]] = {}
"""What gives samples of a little damage and of more."""


def damage(function: Callable[[str, SampleSet], list[SampleSet]]) -> object:
    DAMAGE[function.__name__] = function
    return function


@damage
def noise(space: str, real: SampleSet) -> list[SampleSet]:
    strengths = {"image": (0.3, 0.9), "point": (0.5, 3.0)}.get(space, (0.6, 1.8))
    return [exhibit(space, disturb(space, real.x, s), real.y) for s in strengths]


@damage
def blurring(space: str, real: SampleSet) -> list[SampleSet]:
    if space != "image":
        return []
    return [exhibit(space, blur(real.x, times), real.y) for times in (2, 8)]


@damage
def dropped_classes(space: str, real: SampleSet) -> list[SampleSet]:
    classes, kinds = (real.x[:, 0], (2, 1)) if space in TARGETS else (real.y, (4, 1))
    known = data(space).space
    if isinstance(known, RelationalSpace):
        classes, kinds = real.x[:, known.names.index("country")], (2, 1)
    if isinstance(known, TextSpace):
        classes, kinds = real.x[:, known.attributes.names.index("diagnosis")], (2, 1)
    if space == "level":
        kinds = (2, 1)
    assert classes is not None
    made = []
    for kept in kinds:
        rows = torch.nonzero(classes < kept).flatten()
        made.append(real.rows(rows[torch.arange(len(real)) % len(rows)]))
    return made


EVERYTHING = {"baseline", *DAMAGE}
BLIND: dict[str, set[str]] = {
    # Whether each sample lies among reals does not depend on where there are no samples.
    "precision": {"dropped_classes"},
    "density": {"dropped_classes"},
    "high_quality": {"dropped_classes"},
    # Samples farther apart have wider balls, which hold more reals.
    "recall": {"noise"},
    # Noise on all classes alike leaves their shares as they were.
    "class_kl": {"noise", "baseline"},
    # Groups are found through much noise.
    "cluster_agreement": {"noise"},
    # So few rows gain a number little, whatever they are.
    "lift_r2": {"dropped_classes"},
    # Each sample is judged by itself, by the label it was asked for: nothing is missed.
    "intended_class": {"dropped_classes"},
    "train_on_real": {"dropped_classes"},
    # A line sees where samples lie on average; of points neither damage moves the mean.
    "c2st_linear": {"noise", "baseline"},
    # The baseline keeps the variance of every column, and so their sum.
    "feature_spread": {"baseline"},
    # The baseline draws each column from reals, and so their values and shares.
    "column_shapes": {"baseline"},
    "cardinality_shape": {"baseline"},
    # Sizes of groups scatter between reals by more than a little noise changes.
    "cluster_sizes": {"baseline", "noise"},
    # Noise makes more values and a wider range, never fewer.
    "category_coverage": {"noise"},
    "range_coverage": {"noise", "baseline"},
    # What comes next follows from what was before in the same way under most labels.
    "forecast_error": {"dropped_classes"},
    # Texts of one diagnosis are as surprising one by one, and as true to their rows, as all are.
    "perplexity": {"dropped_classes"},
    "agreement": {"dropped_classes"},
    "facts_stated": {"dropped_classes"},
    # Whatever is scrambled is varied.
    "distinct_pairs": {"noise", "baseline"},
    # Whether each level can be played says nothing of which kinds of levels there are.
    "playable": {"dropped_classes"},
    # Whether training rows are given back; what is far from all of them copies none.
    "closer_to_train": EVERYTHING,
    "exact_copies": EVERYTHING,
    "near_copies": EVERYTHING,
    "text_copies": EVERYTHING,
}
"""What a number cannot see, by its nature: its name, and the damages (or `baseline`) it misses."""


@every_measure
@pytest.mark.parametrize("kind", DAMAGE)
def test_more_damage_is_never_judged_better(space: str, one: Metric, kind: str) -> None:
    seen = [output for output in one.outputs if kind not in BLIND.get(output.name, set())]
    worse = damaged(kind, space) if seen else []
    if not worse:
        return
    steps = [values_of_reals(space, one), *(values(space, one, samples) for samples in worse)]
    apart = scale(space, one)
    for output in seen:
        bad = [badness(output, step[output.name]) for step in steps]
        slack = 0.02 * apart[output.name]
        assert bad[0] <= bad[1] + slack, (output.name, bad)
        assert bad[1] <= bad[2] + slack, (output.name, bad)
        assert bad[0] < bad[2], (output.name, bad)


DISTANCES = {
    # How much a distance may change where samples and reals change places. The kernels of `mmd`
    # are as wide as the reals are far apart, so that samples cannot choose them.
    "frechet_distance": 1e-6,
    "kernel_distance": 1e-6,
    "mmd": 0.1,
    "sliced_wasserstein": 1e-6,
}


def distances() -> list[tuple[str, Metric]]:
    return [(s, m) for s, m in cases() if {o.name for o in m.outputs} & DISTANCES.keys()]


every_distance = pytest.mark.parametrize(
    ("space", "one"), distances(), ids=[f"{s}-{type(m).__name__}" for s, m in distances()]
)


def between(space: str, one: Metric, a: SampleSet, b: SampleSet) -> dict[str, float]:
    found = one.read(a, b, sets(space, a).context)
    return {name: found[name].value for name in DISTANCES if name in found}


@every_distance
def test_a_distance_to_itself_is_nothing(space: str, one: Metric) -> None:
    # Unbiased distances go below 0 there: the pairs of a row with itself count across alone.
    real = reals(space, N)
    apart = scale(space, one)
    for output in one.outputs:
        value = between(space, one, real, real)[output.name]
        unbiased = output.limits[0] < 0
        assert value <= 0.02 * apart[output.name], output.name
        assert value >= (-apart[output.name] if unbiased else -1e-9), output.name


@every_distance
def test_a_distance_is_the_same_in_both_directions(space: str, one: Metric) -> None:
    real, other = reals(space, 0), reals(space, N)
    noisy = exhibit(space, disturb(space, other.x, 0.5), other.y).rows(torch.arange(N - 50))
    there, back = between(space, one, real, noisy), between(space, one, noisy, real)
    for name, tolerance in DISTANCES.items():
        if name in there:
            assert there[name] == pytest.approx(back[name], rel=tolerance), name
            assert there[name] > 0, name


def test_every_distance_is_under_the_laws_of_distances() -> None:
    assert {o.name for _, one in distances() for o in one.outputs} == DISTANCES.keys()


NAMES = {
    "every kind": (
        "c2st_linear class_kl class_score closer_to_train coverage density exact_copies "
        "intended_class near_copies precision recall train_on_real train_on_synthetic"
    ),
    "image": "c2st_network c2st_strong feature_spread frechet_distance kernel_distance",
    "point": (
        "c2st_strong feature_spread high_quality mmd mode_kl modes_covered sliced_wasserstein"
    ),
    "series": (
        "autocorrelation_distance c2st_series c2st_strong cross_correlation_distance "
        "extremes_distance feature_spread forecast_error frechet_distance kernel_distance "
        "spectrum_distance"
    ),
    "sound": "c2st_sound c2st_strong feature_spread frechet_distance kernel_distance",
    "string": (
        "agreement c2st_texts c2st_texts_network distinct_pairs facts_stated frechet_distance "
        "lesson mmd perplexity reverse_perplexity self_bleu text_copies word_test"
    ),
    "table": (
        "all_pair_trends c2st_boosted category_coverage cluster_agreement cluster_profiles "
        "cluster_sizes column_shapes correlation_difference frechet_distance lift_auc lift_r2 mmd "
        "outliers_in_columns outliers_in_rows pair_trends quality range_coverage "
        "train_on_real_target_auc train_on_real_target_f1 train_on_real_target_r2 "
        "train_on_synthetic_target_auc train_on_synthetic_target_f1 train_on_synthetic_target_r2"
    ),
}
"""What is measured of each kind of samples: a figure that is lost or gained is announced."""


def names_for(space: Space) -> set[str]:
    return {output.name for one in metrics_for(space) for output in one.outputs}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_measures(kind: str) -> None:
    assert names_for(data(kind).space) == {*NAMES["every kind"].split(), *NAMES[kind].split()}


class Waves(Space):
    """A kind of space that no metric knows by name."""

    kind = "waves of a test"
    axes = 1

    @property
    def shape(self) -> tuple[int, int]:
        return 1, 64

    def to_model(self, compact: Tensor) -> Tensor:
        return compact

    def to_data(self, x: Tensor) -> Tensor:
        return x


def test_a_kind_from_elsewhere_has_the_measures_that_suit_it() -> None:
    # Along an axis: as images, but for the judge that sees pixels.
    images = {*NAMES["every kind"].split(), *NAMES["image"].split()}
    assert names_for(Waves()) == images - {"c2st_network"}


def test_names_and_titles_are_unique() -> None:
    outputs = [output for one in all_measures() for output in one.outputs]
    assert len({output.name for output in outputs}) == len(outputs)
    assert len({output.title for output in outputs}) == len(outputs)


@every_measure
def test_titles_are_words(space: str, one: Metric) -> None:
    for output in one.outputs:
        assert output.title[:1].isupper()
        assert "_" not in output.title
        assert output.title == output.title.strip()


@every_measure
def test_what_is_read_in_training_needs_no_more_than_samples(space: str, one: Metric) -> None:
    if one.in_training:
        whole = sets(space, reals(space, N))
        samples, reference = (SampleSet(e.x, e.features) for e in (whole.samples, whole.reference))
        context = replace(whole.context, train=None, split="train")
        assert one.applies(samples, reference, context)
        assert set(one.read(samples, reference, context)) == {o.name for o in one.outputs}


class Echo(Metric):
    """A metric from elsewhere, of memorisation: the share of samples that are training rows."""

    outputs = (
        MetricSpec(
            name="echo_of_a_test",
            title="Echo",
            better="lower",
            meaning="The share of samples that are training rows.",
            source="this file",
            extractor=False,
            limits=(0.0, 1.0),
            memorisation=Memorisation(0.1),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> dict[str, MetricValue]:
        assert context.train is not None
        known = {tuple(row) for row in context.train.x.flatten(1).tolist()}
        hits = [tuple(row) in known for row in candidate.x.flatten(1).tolist()]
        return {"echo_of_a_test": MetricValue(sum(hits) / len(hits))}


@pytest.fixture
def echo() -> Iterator[type[Metric]]:
    yield REGISTRY.add(Echo)
    REGISTRY.forget(__name__)


def test_a_measure_is_one_file(echo: type[Metric]) -> None:
    space = data("point").space
    assert echo in map(type, metrics_for(space))
    metrics = [MaximumMeanDiscrepancy(), echo()]
    train = reals("point", 2 * N)
    figures = judge(sets("point", train.rows(torch.arange(200))), metrics)
    assert figures[-1].title == "Echo"
    assert "signs of memorisation in Echo, 1.00 where fresh reals have 0" in verdict(
        figures, split="holdout"
    )
    assert "memorisation" not in verdict(
        judge(sets("point", reals("point", N)), metrics), split="holdout"
    )
    said = page(Evaluation({}, figures, "So."))
    assert "Echo <span" in said
    assert "to be compared with fresh reals alone" in said


def test_a_measure_whose_file_is_forgotten_is_gone(echo: type[Metric]) -> None:
    REGISTRY.forget(__name__)
    assert echo not in map(type, all_measures())
    REGISTRY.add(Echo)


FILE = """
import zerosum as zs
from zerosum.evaluation.metrics.base import Metric, MetricSpec, MetricValue, metric


@metric
class Nothing(Metric):
    outputs = (MetricSpec("nothing_of_a_test", "{title}", "lower", "Means nothing.", "this file"),)

    def read(self, candidate, reference, context):
        return {{"nothing_of_a_test": MetricValue(0.0)}}


@zs.recipe(paper="None")
def recipe_beside_a_measure(space):
    raise NotImplementedError
"""


def test_a_measure_beside_a_recipe_is_found_and_loaded_anew(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    for title in ("First", "Second"):
        path.write_text(FILE.format(title=title))
        module = load_recipe_file(path).build.__module__
        titles = [o.title for one in all_measures() for o in one.outputs]
        assert titles.count(title) == 1
    assert "First" not in titles
    REGISTRY.forget(module)
    forget_recipes(module)


def test_an_output_that_exists_is_refused() -> None:
    taken = type(all_measures()[0])
    with pytest.raises(ValueError, match="exist already"):
        REGISTRY.add(taken)
