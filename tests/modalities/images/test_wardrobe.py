"""People in garments: pictures agree with their truth, and garments are read back."""

import pytest
import torch

from zerosum.errors import DataError
from zerosum.modalities.images.pair_space import JoinedSpace, PairSpace
from zerosum.modalities.images.wardrobe import draw_people, read_worn, simulate_wardrobe
from zerosum.workflows.data import open_data, open_holdout


def test_a_seed_gives_the_same_pictures() -> None:
    one, same = (simulate_wardrobe(6, seed=3, size=32) for _ in range(2))
    other = simulate_wardrobe(6, seed=4, size=32)
    assert torch.equal(one.worn, same.worn)
    assert not torch.equal(one.worn, other.worn)
    assert one.person.shape == one.garment.shape == one.worn.shape == (6, 3, 32, 32)


def test_what_is_worn_is_the_person_with_the_garment() -> None:
    made = simulate_wardrobe(40, seed=1)
    apart = (made.person != made.worn).any(1)
    share = apart.float().mean((1, 2))
    assert float(share.min()) > 0.03, "everybody wears something"
    assert float(share.max()) < 0.3, "and is otherwise as before"
    assert not apart[:, 4:7, 23:25].any(), "faces are bare"
    coloured = made.garment.float().mean((2, 3))
    same = (made.garments.colour[:, None] == made.garments.colour[None]).float()
    assert not torch.allclose(coloured[0], coloured[same[0].argmin()])


def test_garments_are_read_back_and_others_are_not() -> None:
    made = simulate_wardrobe(24, seed=2)
    found = read_worn(made.worn, made.figures)
    for name in ("kind", "colour", "pattern"):
        assert torch.equal(getattr(found, name), getattr(made.garments, name))
    other = made.garments.rows(torch.arange(24).roll(1))
    found = read_worn(draw_people(made.figures, other, size=48), made.figures)
    assert torch.equal(found.colour, other.colour)
    with pytest.raises(DataError, match="24 people and pictures of shape"):
        read_worn(made.worn[:3], made.figures)


def test_as_data_it_has_two_sources() -> None:
    dataset, config = open_data("wardrobe", spaces=("pair",), needs=("aligned",), num_samples=20)
    assert isinstance(dataset.space, PairSpace)
    source = dataset.space.source
    assert isinstance(source, JoinedSpace)
    assert source.names == ("person", "garment")
    rows = torch.arange(20)
    made = simulate_wardrobe(20)
    given = dataset.sources_of(rows)
    assert given is not None
    person, garment = source.apart(given)
    assert torch.equal(person, made.person)
    assert torch.equal(garment, made.garment)
    assert torch.equal(dataset.take(rows)[0], made.worn)
    held, _ = open_holdout("wardrobe", space=dataset.space, like=config)
    assert held.space == dataset.space
    assert held.fingerprint != dataset.fingerprint
