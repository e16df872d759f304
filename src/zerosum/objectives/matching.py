"""Which images of two domains belong together, found while they are translated.

If two folders show the same things in two ways, most images have a partner in the other one,
and it is not known which. Each translation is compared with the images of the other domain that
were seen of late, and each of those with its own translation; two that are each other's nearest are
taken for partners, and the translation is drawn to the other's colours and layout.

What is compared are small images without their mean, and histograms of oriented gradients (Dalal
and Triggs, CVPR 2005). Likenesses are taken less those with the nearest of the other domain, so
that images which are like everything are no partners (Conneau et al., "Word Translation
Without Parallel Data", ICLR 2018, arXiv:1710.04087, section 2.3).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, normalize, pad

from zerosum.spaces import ImageSpace

DOMAINS = ("A", "B")

_SMALL, _CELLS, _ANGLES = 8, 4, 8
_GRADIENTS = 1.4
"""How much histograms count beside small images."""
_NEAREST = 5
_THUMBNAIL = 16
_TELLING = 32
"""Numbers of a description that decide whether it is of the very same image."""


@dataclass(frozen=True)
class Partners:
    """The partners that were found for some images.

    Attributes:
        found: `[B]`, whether an image has one.
        thumbnail: `[B, C, 16, 16]`, the partner in model units, or what came next to it.
    """

    found: Tensor
    thumbnail: Tensor

    def distance(self, fake: Tensor) -> Tensor:
        """Mean absolute difference of translations from their partners, both made small.

        Those without a partner add nothing.

        Args:
            fake: translations `[B, C, H, W]` in model units.

        Returns:
            A scalar.
        """
        small = adaptive_avg_pool2d(fake.float(), _THUMBNAIL)
        return (self.found[:, None, None, None] * (small - self.thumbnail)).abs().mean()


class Matching(nn.Module):
    """Remembers images of two domains with their translations, the last `memory` of each.

    With several processes each has its own, and a resume takes the first one's.

    Args:
        spaces: of images of A and of B.
        memory: images of each domain.
    """

    def __init__(self, spaces: tuple[ImageSpace, ImageSpace], memory: int) -> None:
        super().__init__()
        self.memory = memory
        self.spaces: dict[str, ImageSpace] = dict(zip(DOMAINS, spaces, strict=True))
        width = sum(_description_width(space.channels) for space in spaces)
        for domain, space in self.spaces.items():
            thumbnails = torch.zeros(
                memory, space.channels, _THUMBNAIL, _THUMBNAIL, dtype=torch.uint8
            )
            self.register_buffer(f"thumbnails_{domain}", thumbnails)
            described = torch.zeros(memory, width, dtype=torch.float16)
            self.register_buffer(f"described_{domain}", described)
            self.register_buffer(f"nearness_{domain}", torch.zeros(memory))

    @torch.no_grad()
    def partners(self, x: Tensor, fake: Tensor, domain: str, *, start: int) -> Partners:
        """Partners of images `x` of a domain, translated as `fake`; then both are remembered.

        No partners are found before `memory` images of either domain were seen.

        Args:
            x: `[B, C, H, W]` in model units.
            fake: their translations, `[B, C', H, W]`.
            domain: A or B, that of `x`.
            start: images of it that were seen before.
        """
        other = DOMAINS[1 - DOMAINS.index(domain)]
        if start - len(x) < self.memory <= start:
            self._compare_all()
        with torch.autocast(x.device.type, enabled=False):
            pair = (x, fake) if domain == "A" else (fake, x)
            mine = torch.cat([describe(one) for one in pair], dim=1)
            alike = mine @ self._described(other).T
            nearness = self._nearness(alike)
            row = (2 * alike - self.get_buffer(f"nearness_{other}")).argmax(1)
            score = 2 * alike.gather(1, row[:, None])[:, 0] - nearness
            partner = self.get_buffer(f"described_{other}")[row].float()
            rivals = 2 * partner @ self._described(domain).T - self.get_buffer(f"nearness_{domain}")
        remembered = self.get_buffer(f"described_{domain}")
        kept = mine.half()
        few = slice(0, _TELLING) if domain == "A" else slice(-_TELLING, None)
        itself = (remembered[:, few] == kept[:, None, few]).all(2)
        found = score > rivals.masked_fill(itself, -torch.inf).amax(1)
        thumbnail = self.spaces[other].to_model(self.get_buffer(f"thumbnails_{other}")[row])
        small = adaptive_avg_pool2d(x.float(), _THUMBNAIL)
        rows = (torch.arange(len(x), device=x.device) + start) % self.memory
        remembered[rows] = kept
        self.get_buffer(f"thumbnails_{domain}")[rows] = self.spaces[domain].to_data(small)
        self.get_buffer(f"nearness_{domain}")[rows] = nearness
        return Partners(found & (start >= self.memory), thumbnail)

    def _compare_all(self) -> None:
        """Take the nearness of all anew: it was that beside a memory which was not full."""
        for domain, other in (DOMAINS, DOMAINS[::-1]):
            with torch.autocast(self.get_buffer(f"nearness_{domain}").device.type, enabled=False):
                theirs = self._described(other).T
                found = [
                    self._nearness(rows @ theirs) for rows in self._described(domain).split(256)
                ]
            self.get_buffer(f"nearness_{domain}").copy_(torch.cat(found))

    def _nearness(self, alike: Tensor) -> Tensor:
        return alike.topk(min(_NEAREST, self.memory), dim=1).values.mean(1)

    def _described(self, domain: str) -> Tensor:
        return self.get_buffer(f"described_{domain}").float()


def describe(x: Tensor) -> Tensor:
    """What images `[B, C, H, W]` are compared by, `[B, 64 C + 128]`, rows of one length.

    >>> describe(torch.ones(2, 3, 32, 32)).shape
    torch.Size([2, 320])
    """
    x = x.float()
    small = adaptive_avg_pool2d(x, _SMALL).flatten(1)
    small = normalize(small - small.mean(1, keepdim=True), dim=1)
    grey = pad(x.mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    across = grey[..., 1:-1, 2:] - grey[..., 1:-1, :-2]
    down = grey[..., 2:, 1:-1] - grey[..., :-2, 1:-1]
    angle = torch.atan2(down, across) % torch.pi / torch.pi * _ANGLES
    apart = (angle - torch.arange(_ANGLES, device=x.device)[:, None, None]).abs()
    share = (1 - torch.minimum(apart, _ANGLES - apart)).clamp_min(0)
    histograms = adaptive_avg_pool2d(share * torch.hypot(across, down), _CELLS)
    gradients = normalize(histograms.flatten(1).sqrt(), dim=1)
    return torch.cat([small, _GRADIENTS * gradients], dim=1)


def _description_width(channels: int) -> int:
    return channels * _SMALL**2 + _ANGLES * _CELLS**2
