"""Partners in two domains are found without being told, and only where each is the other's."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from zerosum.objectives.matching import Matching, Partners, describe
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace

N = 40
SPACE = ImageSpace(channels=3, height=32, width=32)


def pictures(n: int = N, channels: int = 3, seed: int = 0) -> Tensor:
    """Smooth random images `[n, C, 32, 32]`."""
    return (
        interpolate(Noise(seed).uniform(n, channels, 5, 5), size=(32, 32), mode="bilinear") * 2 - 1
    )


def seen_grey(x: Tensor) -> Tensor:
    return x.mean(1, keepdim=True).expand_as(x)


def filled(a: Tensor, b: Tensor) -> Matching:
    """A memory that has seen all of both; translations are the images in grey."""
    matching = Matching((SPACE, SPACE), memory=len(a))
    for start in range(0, len(a), 10):
        for domain, x in (("A", a[start : start + 10]), ("B", b[start : start + 10])):
            matching.partners(x, seen_grey(x), domain, start=start)
    return matching


def test_partners_are_found() -> None:
    a = pictures()
    order = Noise(1).uniform(N).argsort()
    b = (0.7 * seen_grey(a) - 0.2 + 0.1 * pictures(seed=2))[order]
    found = filled(a, b).partners(a, seen_grey(a), "A", start=N)
    assert found.found.float().mean() > 0.9
    true = torch.empty_like(order)
    true[order] = torch.arange(N)
    shown = interpolate(b[true], size=(16, 16), mode="area")
    away = (found.thumbnail - shown).abs().amax((1, 2, 3))
    assert (away[found.found] < 0.01).float().mean() > 0.9


def test_a_memory_that_is_not_full_knows_no_partners() -> None:
    a = pictures()
    matching = Matching((SPACE, SPACE), memory=N)
    for start in range(0, N, 10):
        assert not matching.partners(a[:10], a[:10], "A", start=start).found.any()
        assert not matching.partners(a[:10], a[:10], "B", start=start).found.any()
    assert matching.partners(a[:10], a[:10], "A", start=N).found.any()


def test_a_partner_is_each_others_nearest() -> None:
    b = pictures()
    near, far = b.clone(), b.clone()
    near[0] += 0.02 * pictures(1, seed=3)[0]
    far[0] += 0.1 * pictures(1, seed=3)[0]
    both = torch.cat([near[:1], far[:1], b[2:]])
    matching = filled(both, b)
    assert matching.partners(both[:2], seen_grey(both[:2]), "A", start=N).found.tolist() == [
        True,
        False,
    ]


def test_what_is_remembered_is_state() -> None:
    a, b = pictures(), pictures(seed=1)
    first = filled(a, b)
    second = Matching((SPACE, SPACE), memory=N)
    second.load_state_dict(first.state_dict())
    one, two = (each.partners(b[:8], seen_grey(b[:8]), "B", start=N) for each in (first, second))
    assert torch.equal(one.found, two.found)
    assert torch.equal(one.thumbnail, two.thumbnail)
    for name, buffer in first.named_buffers():
        assert torch.equal(buffer, second.get_buffer(name)), name


def test_distance_is_that_from_partners_alone() -> None:
    fake = torch.zeros(2, 1, 32, 32, requires_grad=True)
    thumbnail = torch.full((2, 1, 16, 16), 0.5)
    distance = Partners(torch.tensor([True, False]), thumbnail).distance(fake)
    assert distance.item() == 0.25
    distance.backward()
    assert fake.grad is not None
    assert fake.grad[0].lt(0).all()
    assert not fake.grad[1].any()


def test_descriptions_have_one_length_and_forgive_brightness() -> None:
    x = pictures()
    words = describe(x)
    assert words.shape == (N, 3 * 64 + 128)
    torch.testing.assert_close(words.norm(dim=1), words.norm(dim=1).mean().expand(N))
    torch.testing.assert_close(describe(0.5 * x + 0.2), words, atol=1e-4, rtol=0)
    flat = describe(torch.zeros(2, 1, 32, 20))
    assert flat.isfinite().all()
