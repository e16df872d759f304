"""The laws catch deliberate faults: each broken game here breaks the law that it is named for."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from zerosum.catalogue import find_recipe
from zerosum.engine.optimisation import Adam, Optimisation
from zerosum.errors import ConfigError
from zerosum.games.base import Inputs, StepContext, Terms
from zerosum.games.controls import ChoiceControl
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.modalities.images.pair_space import PairSpace
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.networks.translator import Translator, TranslatorConfig
from zerosum.objectives.penalties import R1
from zerosum.recipes import Entry, Recipe
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, Space
from zerosum.testing import LAWS, check_recipe, law_names, small_dataset


class Healthy(TwoPlayer):
    """Nothing is wrong here."""


class GlobalNoise(TwoPlayer):
    """Latents from torch's global generator."""

    def draw_latents(self, n: int, noise: Noise) -> Tensor:
        return torch.randn(n, self.latent_size)


class NumpyNoise(TwoPlayer):
    """Latents from NumPy's global generator, which nobody restores."""

    def draw_latents(self, n: int, noise: Noise) -> Tensor:
        return torch.from_numpy(np.random.randn(n, self.latent_size)).float()  # noqa: NPY002


class HiddenState(TwoPlayer):
    """A count that the loss depends on, kept outside buffers."""

    count = 0

    def generator_loss(self, context: StepContext) -> Terms:
        self.count += 1
        return {name: self.count * term for name, term in super().generator_loss(context).items()}


class DetachedLoss(TwoPlayer):
    """A generator loss without a graph."""

    def generator_loss(self, context: StepContext) -> Terms:
        return {name: term.detach() for name, term in super().generator_loss(context).items()}


class CutFakes(TwoPlayer):
    """Fakes are detached, and a term keeps autograd from complaining."""

    def generator_loss(self, context: StepContext) -> Terms:
        x_fake = self.generate(self.draw(context.batch_size, context.noise)).detach()
        decay = torch.stack([p.sum() for p in self.generator.parameters()]).sum()
        return {"loss": softplus(-self.score(x_fake, None)).mean(), "decay": 0.0 * decay}


class ForeignHands(TwoPlayer):
    """The discriminator's move changes the generator."""

    def discriminator_loss(self, context: StepContext) -> Terms:
        with torch.no_grad():
            for parameter in self.generator.parameters():
                parameter += 0.001
        return super().discriminator_loss(context)


class SharedLayer(TwoPlayer):
    """Both players own one tensor."""

    def __init__(self, config: TwoPlayerConfig, space: Space) -> None:
        super().__init__(config, space)
        self.generator.register_module("extra", self.discriminator.get_submodule("layers.0"))


class IdleHead(TwoPlayer):
    """A layer that nothing uses."""

    def __init__(self, config: TwoPlayerConfig, space: Space) -> None:
        super().__init__(config, space)
        self.generator.register_module("unused", torch.nn.Linear(2, 2))


class DeafControl(TwoPlayer):
    """A control that changes nothing."""

    def controls(self) -> Mapping[str, ChoiceControl]:
        return {"mood": ChoiceControl(("good", "bad"))}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        return inputs


class HalfDeafControl(DeafControl):
    """A control of which only the last value changes anything."""

    def controls(self) -> Mapping[str, ChoiceControl]:
        return {"mood": ChoiceControl(("good", "bad", "ugly"))}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        return replace(inputs, z=inputs.z + (values == 2)[:, None])


class WrongShape(TwoPlayer):
    """Samples lose a row outside training."""

    def generate(self, inputs: Inputs) -> Tensor:
        x = super().generate(inputs)
        return x if self.training else x[..., :-1]


class BatchMean(TwoPlayer):
    """A sample depends on its neighbours."""

    def generate(self, inputs: Inputs) -> Tensor:
        return super().generate(replace(inputs, z=inputs.z - inputs.z.mean(0)))


class NotANumber(TwoPlayer):
    """A term is NaN."""

    def generator_loss(self, context: StepContext) -> Terms:
        return super().generator_loss(context) | {"bad": torch.tensor(float("nan"))}


class FixedBatch(TwoPlayer):
    """A pool that knows one batch size only."""

    pool: Tensor

    def __init__(self, config: TwoPlayerConfig, space: Space) -> None:
        super().__init__(config, space)
        self.register_buffer("pool", torch.zeros(8, *space.shape))

    def generator_loss(self, context: StepContext) -> Terms:
        inputs = Inputs(self.draw_latents(context.batch_size, context.noise))
        x_fake = self.generate(inputs)
        self.pool.copy_(x_fake.detach())
        return self._please(inputs, None, None)


class SquareOnly(TwoPlayer):
    """Only images of 8 x 8 in grey, and points of three dimensions."""

    def outputs(self, x: Tensor, y: Tensor | None) -> Tensor:
        side = (1, 8, 8) if isinstance(self.space, ImageSpace) else (3,)
        return super().outputs(x.view(len(x), *side), y)


class NeedsLabels(TwoPlayer):
    """Labels are needed, and the recipe does not say so."""

    def discriminator_loss(self, context: StepContext) -> Terms:
        y = context.next_batch().y
        assert y is not None, "there are no labels"
        return super().discriminator_loss(context)


class IgnoredLabels(TwoPlayer):
    """The label can be asked for and is a number that training never sees."""

    def controls(self) -> Mapping[str, ChoiceControl]:
        return {"label": ChoiceControl(self.space.labels)}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        return replace(inputs, z=inputs.z + values[:, None])


class NoAverage(TwoPlayer):
    """Nobody is averaged."""

    averaged = ()


FAULTS: dict[str, type[TwoPlayer]] = {
    cls.__name__: cls
    for cls in (
        Healthy, GlobalNoise, NumpyNoise, HiddenState, DetachedLoss, CutFakes, ForeignHands,
        SharedLayer, IdleHead, DeafControl, HalfDeafControl, WrongShape, BatchMean, NotANumber,
        FixedBatch, SquareOnly, NeedsLabels, IgnoredLabels, NoAverage,
    )
}  # fmt: skip


class FaultyConfig(TwoPlayerConfig):
    """Builds the game that `fault` names."""

    kind = "test_faulty_game"
    fault: str = "Healthy"

    def build(self, space: Space) -> TwoPlayer:
        return FAULTS[self.fault](self, space)


def entry_of(fault: str) -> Entry:
    def faulty(space: Space) -> Recipe:
        """Two perceptrons, and a fault."""
        return Recipe(
            name="faulty",
            game=FaultyConfig(
                fault=fault,
                latent_dim=4,
                generator=MlpGeneratorConfig(width=8, depth=1),
                discriminator=MlpDiscriminatorConfig(width=8, depth=1),
                penalties=(R1(every=2),),
            ),
            optimisation=Optimisation(
                optimizers={"generator": Adam(lr=0.01), "discriminator": Adam(lr=0.01)}
            ),
        )

    return Entry("faulty", faulty, "Nobody 2030", ("point", "image"))


def test_a_healthy_recipe_passes_every_law() -> None:
    check_recipe(entry_of("Healthy"))


BROKEN = {
    "GlobalNoise": "owns_its_randomness: torch's global generator was used",
    "NumpyNoise": "resumes_exactly: a resume differs in fp32",
    "HiddenState": "resumes_exactly: a resume differs in fp32: .*generator",
    "DetachedLoss": "stays_finite: RuntimeError: .*grad",
    "CutFakes": "trains_each_player_whole: these parameters never move: generator",
    "ForeignHands": "trains_nobody_else: the move of discriminator changes generator",
    "SharedLayer": "trains_nobody_else: the move of discriminator changes generator.extra.weight",
    "IdleHead": "trains_each_player_whole: .*generator.unused.weight",
    "DeafControl": "obeys_controls: mood changes nothing between good and bad",
    "HalfDeafControl": "obeys_controls: mood changes nothing between good and bad",
    "WrongShape": r"samples_fit_the_space: samples have shape \(2,\), the space \(3,\)",
    "BatchMean": "samples_do_not_depend_on_the_batch: ",
    "NotANumber": "stays_finite: DivergenceError: .*the term generator/bad is not finite",
    "FixedBatch": "takes_every_batch: RuntimeError",
    "SquareOnly": "takes_every_shape: RuntimeError",
    "NeedsLabels": "needs_only_what_it_says: there are no labels",
    "IgnoredLabels": "learns_from_labels: labels teach nothing to discriminator, generator",
    "NoAverage": "keeps_a_finite_average: no player is averaged",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_breaks_its_law(fault: str) -> None:
    entry = replace(entry_of(fault), spaces=("point",))
    with pytest.raises(AssertionError, match=rf"^faulty on vector: {BROKEN[fault]}"):
        check_recipe(entry)


def test_every_fault_is_tried() -> None:
    assert set(BROKEN) == set(FAULTS) - {"Healthy"}


@pytest.mark.parametrize("fault", ["WrongShape", "BatchMean", "SquareOnly", "CutFakes"])
def test_a_fault_breaks_its_law_on_pictures_too(fault: str) -> None:
    law = BROKEN[fault].partition(":")[0]
    with pytest.raises(AssertionError, match=f"^faulty on image: {law}: "):
        check_recipe(replace(entry_of(fault), spaces=("image",)), laws=(law,))


class Blind(Translator):
    """Says the same of every image, a pixel less each way."""

    stride = 1

    def __init__(self, cut: int) -> None:
        super().__init__()
        self.bias, self.cut = torch.nn.Parameter(torch.zeros(())), cut

    def forward(self, x: Tensor, noise: Noise | None = None) -> Tensor:
        return self.bias.expand(x[:, :, self.cut :, self.cut :].shape)


class BlindConfig(TranslatorConfig):
    kind = "test_blind"
    cut: int = 0

    def build(self, source: ImageSpace, target: ImageSpace, *, factor: int = 1) -> Translator:
        return Blind(self.cut)


@pytest.mark.parametrize(
    ("cut", "words"), [(0, "A2B makes the same of two"), (1, r"A2B makes \(2, 1, 7, 7\)")]
)
def test_translations_have_a_law_of_their_own(cut: int, words: str) -> None:
    entry = find_recipe("pix2pix")

    def blind(space: Space) -> Recipe:
        return entry.build(space).with_values(
            {"game.generator": {"kind": "test_blind", "cut": cut}}
        )

    with pytest.raises(AssertionError, match=f"translates_every_size: {words}"):
        check_recipe(replace(entry, build=blind), laws=("translates_every_size",))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"paper": ""}, "documented: name the paper"),
        ({"name": "another"}, "documented: the recipe's name is not its function's"),
        ({"needs": ("labels",), "spaces": ("point",)}, ""),
    ],
)
def test_an_entry_must_be_true(change: Mapping[str, object], words: str) -> None:
    entry = replace(entry_of("Healthy"), **change)  # pyright: ignore[reportArgumentType]
    if not words:  # to ask for labels without need is allowed
        check_recipe(entry)
        return
    with pytest.raises(AssertionError, match=words):
        check_recipe(entry)


def test_a_summary_is_asked_for() -> None:
    silent: Callable[[Space], Recipe] = lambda space: entry_of("Healthy").build(space)  # noqa: E731
    with pytest.raises(AssertionError, match="give the recipe function a docstring"):
        check_recipe(replace(entry_of("Healthy"), build=silent))


def test_some_laws_alone() -> None:
    check_recipe(entry_of("NoAverage"), laws=("documented", "stays_finite"))
    with pytest.raises(ConfigError, match=r"no law 'stay_finite'. Did you mean 'stays_finite'\?"):
        check_recipe(entry_of("Healthy"), laws=("stay_finite",))


def test_a_recipe_by_name_and_by_file(tmp_path: Path) -> None:
    check_recipe("vanilla", laws=("documented",))
    path = tmp_path / "mine.py"
    path.write_text(
        "from zerosum.catalogue import find_recipe\n"
        "from zerosum.recipes import recipe\n"
        "@recipe(paper='', spaces=('point',))\n"
        "def own_paperless(space):\n"
        "    '''One of my own.'''\n"
        "    return find_recipe('vanilla').resolve(space)\n"
    )
    with pytest.raises(AssertionError, match="own_paperless on vector: documented: name the paper"):
        check_recipe(path)


def test_laws_have_names_and_say_what_they_ask_for() -> None:
    assert law_names() == tuple(LAWS)
    assert all(law.__doc__ for law in LAWS.values())


def test_small_data_are_what_was_asked_for() -> None:
    pictures = small_dataset("image", height=9, width=13, channels=3)
    assert pictures.space.shape == (3, 9, 13)
    assert pictures.space.label_counts == (16, 16, 16, 16)
    points = small_dataset("point", dimensions=7, num_labels=0)
    assert points.space.shape == (7,)
    assert not points.space.labels
    pairs = small_dataset("pair", channels=3)
    assert isinstance(pairs.space, PairSpace)
    assert pairs.space.source.shape == pairs.space.shape == (3, 8, 8)
    assert torch.equal(*(small_dataset("image").take(torch.arange(9))[0] for _ in range(2)))
