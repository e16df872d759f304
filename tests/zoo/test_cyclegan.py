"""CycleGAN: the pool of earlier fakes, the terms of both directions, and both ways to translate."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from zerosum.catalogue import find_recipe
from zerosum.data.base import ArrayDataset
from zerosum.errors import ConditionError
from zerosum.games.base import StepContext
from zerosum.modalities.images.paired import PairDataset
from zerosum.modalities.images.translation import TranslationModel
from zerosum.networks.framing import Framing
from zerosum.rng import Noise, seeded_initialisation
from zerosum.spaces import Batch
from zerosum.testing import check_recipe
from zerosum.workflows.load import model_of
from zerosum.zoo.cyclegan import Cyclegan, CycleganConfig


def data(source_channels: int = 3) -> PairDataset:
    x = Noise(0).integers(12, 3, 8, 8, high=256).to(torch.uint8)
    sources = ArrayDataset(x[:10, :source_channels], name="a")
    targets = ArrayDataset(255 - x, name="b")
    return PairDataset(sources, targets, aligned=False, name="small")


def make(source_channels: int = 3, **changes: float) -> Cyclegan:
    space = data(source_channels).space
    values = {"game.generator.width": 4, "game.generator.num_blocks": 1}
    values |= {f"game.{name}": value for name, value in changes.items()}
    config = find_recipe("cyclegan").resolve(space).with_values(values).game
    assert isinstance(config, CycleganConfig)
    with seeded_initialisation(0):
        return config.build(space)


def context(
    index: int, noise: Noise, batch: Callable[[], Batch] | None = None, n: int = 4
) -> StepContext:
    return StepContext(n, noise, index, 0.0, batch or (lambda: Batch(torch.zeros(0))))


def framing(game: Cyclegan, direction: str) -> Framing:
    found = game.get_submodule(f"generator.framing_{direction}")
    assert isinstance(found, Framing)
    return found


def shade(value: int, n: int = 4) -> Tensor:
    return torch.full((n, 3, 8, 8), value / 127.5 - 1)


def test_the_pool_shows_half_of_its_past() -> None:
    game, noise = make(pool=10), Noise(1)
    old = 0
    shown = 0
    for index in range(200):
        seen = game.from_pool(shade(index), "A2B", context(index, noise))
        values = ((seen[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()
        assert max(values) <= index
        if index < 3:
            assert values == [index] * 4  # there is room still
        else:
            old, shown = old + sum(value < index for value in values), shown + 4
    assert old / shown == pytest.approx(0.5, abs=0.06)
    kept = game.get_buffer("pool_A2B")[:, 0, 0, 0].tolist()
    assert len(set(kept)) > 4
    assert max(kept) > 150
    assert not game.get_buffer("pool_B2A").any()


def test_a_batch_larger_than_the_pool() -> None:
    game, noise = make(pool=3), Noise(1)
    for index in range(3):
        seen = game.from_pool(shade(index, 8), "B2A", context(index, noise, n=8))
        assert seen.shape == (8, 3, 8, 8)
    fake = shade(7)
    assert make(pool=0).from_pool(fake, "A2B", context(0, noise)) is fake


def test_terms_are_those_of_the_paper() -> None:
    game = make(cycle_weight=10, identity_weight=5)
    x = data().space.to_model(data().take(torch.arange(4))[0])
    source = x.flip(0)
    terms = game.generator_loss(context(0, Noise(0), lambda: Batch(x, None, source)))
    with torch.no_grad():
        fake_b = game.translate(source, direction="A2B")
        fake_a = game.translate(x, direction="B2A")
        cycle = (game.translate(fake_b, direction="B2A") - source).abs().mean()
        cycle = cycle + (game.translate(fake_a, direction="A2B") - x).abs().mean()
        identity = (game.translate(x, direction="A2B") - x).abs().mean()
        identity = identity + (game.translate(source, direction="B2A") - source).abs().mean()
        squares = (game.logits(fake_b, "A2B") - 1).square().mean()
        squares = squares + (game.logits(fake_a, "B2A") - 1).square().mean()
    for name, expected in (
        ("adversarial", squares), ("cycle", 10 * cycle), ("identity", 5 * identity),
    ):  # fmt: skip
        torch.testing.assert_close(terms[name].detach(), expected, rtol=1e-4, atol=1e-5)


def test_domains_of_other_channels_have_no_identity() -> None:
    game = make(source_channels=1)
    x = data().space.to_model(data().take(torch.arange(4))[0])
    terms = game.generator_loss(context(0, Noise(0), lambda: Batch(x, None, x[:, :1])))
    assert terms.keys() == {"adversarial", "cycle"}
    assert game.translate(x, direction="B2A").shape == (4, 1, 8, 8)


def test_partners_are_drawn_together_once_enough_was_seen() -> None:
    game = make(match_weight=20, match_memory=8)
    dataset = data()
    x, source = dataset.take(torch.arange(4))[0], dataset.sources_of(torch.arange(4))
    batch = Batch(dataset.space.to_model(x), None, dataset.space.to_model(source))
    for index in range(4):
        now = context(index, Noise(0), lambda: batch)
        terms = game.generator_loss(now)
        assert bool(terms["match"] > 0) is (index >= 2)
        shares = [float(now.signals[f"matched_{direction}"]) for direction in game.directions]
        assert all(0 < share <= 1 for share in shares) is (index >= 2)
    assert "match" not in make().generator_loss(context(0, Noise(0), lambda: batch))
    assert make(source_channels=1, match_weight=1).matching is not None


def test_laws_hold_where_partners_are_found(tmp_path: Path) -> None:
    file = tmp_path / "matched.py"
    file.write_text(
        "from zerosum.catalogue import find_recipe\n"
        "from zerosum.recipes import recipe\n"
        "@recipe(paper='none', spaces=('pair',))\n"
        "def matched(space):\n"
        "    'Partners from the third step on.'\n"
        "    changes = {'game.match_weight': 20, 'game.match_memory': 16, 'name': 'matched'}\n"
        "    return find_recipe('cyclegan').resolve(space).with_values(changes)\n"
    )
    check_recipe(file, laws=("resumes_exactly", "stays_finite", "owns_its_randomness"))


def test_it_translates_both_ways() -> None:
    game = make(source_channels=1)
    model = model_of(game.config, game)
    assert isinstance(model, TranslationModel)
    x = np.random.default_rng(0).integers(0, 256, (20, 11, 3), dtype=np.uint8)
    assert model.directions == ("A2B", "B2A")
    assert model.translate(x).shape == (20, 11, 3)
    assert model.translate(x, direction="B2A").shape == (20, 11, 1)
    assert np.array_equal(model.translate(x), model.translate(x, direction="A2B"))
    with pytest.raises(ConditionError, match="'C'"):
        model.translate(x, direction="C")


def test_what_goes_in_one_batch_is_as_it_is_apart() -> None:
    batch = Batch(Noise(1).normal(4, 3, 8, 8), source=Noise(2).normal(4, 3, 8, 8))
    found: list[dict[str, Tensor]] = []
    for together in (True, False):
        game = make()
        assert game._translates_each
        assert game._judges_each
        game._translates_each = game._judges_each = together
        losses = game.generator_loss, game.discriminator_loss
        terms = [loss(context(0, Noise(3), lambda: batch)) for loss in losses]
        found.append(terms[0] | terms[1])
    torch.testing.assert_close(found[0], found[1])


def test_batch_normalisation_keeps_batches_apart() -> None:
    norm = "batch"
    space = data().space
    values = {"game.generator.normalisation": norm, "game.discriminator.normalisation": norm}
    game = find_recipe("cyclegan").resolve(space).with_values(values).game.build(space)
    assert isinstance(game, Cyclegan)
    assert not game._translates_each
    assert not game._judges_each


def test_residual_generators_say_what_is_to_change() -> None:
    x = Noise(0).uniform(2, 3, 8, 8) * 2 - 1
    game = make(residual=True, framing=True)
    for direction in game.directions:
        said = game.network(direction)(x)
        torch.testing.assert_close(game.translate(x, direction=direction), x + said)
    said = game.network("A2B")(x)
    torch.testing.assert_close(make(residual=False, framing=True).translate(x), said.tanh())
    grey = make(source_channels=1, residual=True, framing=True)  # it makes the image itself
    assert grey.translate(x, direction="B2A").abs().max() < 1


def test_a_frame_is_learned() -> None:
    """What fills the image in A has a margin in B, so it is shrunk one way and grown back."""
    b = torch.ones(4, 3, 8, 8)
    a = b.clone()
    a[:, :, 1:7, 1:7] = -1.0
    b[:, :, 2:6, 2:6] = -1.0
    game = make(residual=True, framing=True, pool=0)
    generators = torch.optim.Adam(
        [one for name, one in game.generator.named_parameters() if "framing" in name], lr=1e-2
    )
    for _ in range(40):
        generators.zero_grad()
        there = game.translate(a, direction="A2B") - b
        back = game.translate(b, direction="B2A") - a
        (there.abs().mean() + back.abs().mean()).backward()
        generators.step()
    assert framing(game, "A2B").frame[:2].min() > 0.2
    assert framing(game, "B2A").frame[:2].max() < -0.2


def test_a_frame_is_that_of_the_whole_picture() -> None:
    game = make(residual=True, framing=True).eval()
    with torch.no_grad():
        for parameter in [*game.network("A2B").parameters()][-2:]:
            parameter.zero_()  # the last layer says that nothing is to change
        framing(game, "A2B").numbers[:2] = math.log(2) / 10
    model = model_of(game.config, game)
    assert isinstance(model, TranslationModel)
    x = np.zeros((96, 64, 4), dtype=np.uint8)
    x[24:72, 16:48] = 255
    whole, tiled = model.translate(x), model.translate(x, tile=32, overlap=8)
    assert np.array_equal(whole, tiled)
    covered = whole[:, :, 3] > 127
    assert covered[36:60, 24:40].all()
    assert covered.sum() == 24 * 16
