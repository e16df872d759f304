"""Players of clips: a generator of pictures, layers that move before them, and two critics.

After MoCoGAN (Tulyakov, Liu, Yang and Kautz, "MoCoGAN: decomposing motion and content for video
generation", CVPR 2018, arXiv:1707.04993): a latent for what is seen stays for the whole clip, and
one for each frame says where it is. One critic looks at single frames and one at the whole clip, as
in DVD-GAN (Clark, Donahue and Simonyan, arXiv:1907.06571).

A layer is drawn once for a clip, with how much of each pixel it covers, and is moved in front of
what each frame draws, so that a thing keeps its shape (Vondrick, Pirsiavash and Torralba,
"Generating videos with scene dynamics", NeurIPS 2016, arXiv:1609.02612, whose foreground is moved
by no more than what it draws). Moving is linear interpolation along both sides.

We deviate where that is simpler for clips of one length. Motion is no recurrent network but a
function of time: a perceptron from a latent and a moment to where things are then, as in DIGAN (Yu
et al., ICLR 2022, arXiv:2202.10571). And the logits of the two critics are added up, so that one
relativistic loss and one pair of penalties hold for both.
"""

from math import pi, prod

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from zerosum.config import Size, SizeOrZero
from zerosum.errors import RecipeError
from zerosum.faces import verb
from zerosum.networks.base import DiscriminatorConfig, GeneratorConfig
from zerosum.networks.dcgan import (
    DcganDiscriminatorConfig,
    DcganGeneratorConfig,
    initialise_normal,
)
from zerosum.spaces import ImageSpace, Space

_SMALLEST = 8
_SLOPE = 0.2
_WAVES = 3


class ClipGeneratorConfig(GeneratorConfig):
    """Latents of all frames, then each frame by a generator of pictures, and layers before them.

    Attributes:
        picture: makes what is behind the layers in each frame, from what is seen and where.
        layers: things that are drawn once for a clip and moved in front of that; 0 for none.
        layer: draws all layers, each with how much of a pixel it covers.
        motion_latents: how many of the latents decide the motion; the others what is seen.
        motion_dim: numbers that say of each frame where things are.
        motion_width: units of the hidden layers of the motion.
        label_dim: numbers that a label becomes, for the motion.
    """

    kind = "clip_generator"
    picture: DcganGeneratorConfig = DcganGeneratorConfig(
        width=32, max_width=64, normalisation="layer"
    )
    layers: SizeOrZero = 1
    layer: DcganGeneratorConfig = DcganGeneratorConfig(
        width=32, max_width=64, normalisation="layer"
    )
    motion_latents: Size = 16
    motion_dim: Size = 16
    motion_width: Size = 128
    label_dim: SizeOrZero = 16

    def build(self, latent_dim: int, space: Space, *, num_labels: int = 0) -> nn.Module:
        """See `GeneratorConfig.build`; clips.

        Raises:
            RecipeError: the space holds no clips, or there are fewer latents than motion takes.
        """
        if latent_dim <= self.motion_latents:
            raise RecipeError(
                f"game.latent_dim={latent_dim} leaves no latent for what is seen: "
                f"{self.motion_latents} are for the motion (game.generator.motion_latents)."
            )
        return ClipGenerator(self, latent_dim, space, num_labels)


class ClipGenerator(nn.Module):
    """`[B, latent_dim]` to clips `[B, C, T, H, W]` in [-1, 1]."""

    times: Tensor

    def __init__(
        self, config: ClipGeneratorConfig, latent_dim: int, space: Space, num_labels: int
    ) -> None:
        super().__init__()
        channels, self.frames, height, width = _sides(space, config.kind)
        self.content = latent_dim - config.motion_latents
        self.embed = nn.Embedding(num_labels, config.label_dim) if num_labels else None
        self.register_buffer("times", time_features(self.frames), persistent=False)
        inputs = config.motion_latents + (config.label_dim if num_labels else 0)
        hidden = config.motion_width
        self.motion = nn.Sequential(
            nn.Linear(inputs + self.times.shape[1], hidden), nn.LeakyReLU(_SLOPE),
            nn.Linear(hidden, hidden), nn.LeakyReLU(_SLOPE),
            nn.Linear(hidden, hidden), nn.LeakyReLU(_SLOPE),
            nn.Linear(hidden, config.motion_dim + 2 * config.layers),
        )  # fmt: skip
        for layer in self.motion:
            if isinstance(layer, nn.Linear):  # so that motion is as loud as what is seen
                nn.init.kaiming_normal_(layer.weight, a=_SLOPE)
                nn.init.zeros_(layer.bias)
        frame = ImageSpace(channels=channels, height=height, width=width)
        self.picture = config.picture.build(
            self.content + config.motion_dim, frame, num_labels=num_labels
        )
        self.moved = 2 * config.layers
        self.layer = None
        if config.layers:
            drawn = ImageSpace(channels=config.layers * (channels + 1), height=height, width=width)
            self.layer = config.layer.build(self.content, drawn, num_labels=num_labels)

    def forward(self, z: Tensor, y: Tensor | None = None, order: Tensor | None = None) -> Tensor:
        """Clips `[B, C, T, H, W]` of latents `[B, latent_dim]` and labels `[B]`.

        `order` `[B, T]` says which of its moments each frame of a clip shows; if not given, one
        after another.
        """
        content, motion = z[:, : self.content], z[:, self.content :]
        if self.embed is not None:
            motion = torch.cat([motion, self.embed(y)], dim=1)
        times = self.times.expand(z.shape[0], -1, -1)
        motion = motion[:, None].expand(-1, self.frames, -1)
        moments = self.motion(torch.cat([motion, times.to(motion.dtype)], dim=2))
        if order is not None:
            moments = moments.gather(1, order[:, :, None].expand(-1, -1, moments.shape[2]))
        shifts, moments = moments.split([self.moved, moments.shape[2] - self.moved], dim=2)
        each = content[:, None].expand(-1, self.frames, -1)
        latents = torch.cat([each, moments.to(content.dtype)], dim=2).flatten(0, 1)
        labels = None if y is None else y[:, None].expand(-1, self.frames).flatten()
        frames = self.picture(latents, labels).unflatten(0, (-1, self.frames))
        if self.layer is not None:
            drawn = self.layer(content, y).unflatten(1, (self.moved // 2, -1))
            for i, shift in enumerate(shifts.tanh().split(2, dim=2)):
                moved = shifted(drawn[:, i], shift)
                cover = moved[:, :, -1:]
                frames = (1 - cover) * frames + moved[:, :, :-1]
        return frames.transpose(1, 2)


class ClipDiscriminatorConfig(DiscriminatorConfig):
    """A critic of single frames and one of the clip, whose logits add up.

    Attributes:
        picture: the critic of frames; of a clip the mean of its logits counts.
        width: channels of the first convolution over time and both sides; they double with each.
        max_width: channels at most.
    """

    kind = "clip_discriminator"
    picture: DcganDiscriminatorConfig = DcganDiscriminatorConfig(
        width=16, max_width=64, normalisation="none"
    )
    width: Size = 16
    max_width: Size = 64

    def build(self, space: Space, *, num_outputs: int = 1, num_labels: int = 0) -> nn.Module:
        """See `DiscriminatorConfig.build`; clips.

        Raises:
            RecipeError: the space holds no clips.
        """
        return ClipDiscriminator(self, space, num_outputs, num_labels)


class ClipDiscriminator(nn.Module):
    """Clips `[B, C, T, H, W]` to `[B, num_outputs]`; the clip's critic is shown the label."""

    def __init__(
        self, config: ClipDiscriminatorConfig, space: Space, num_outputs: int, num_labels: int
    ) -> None:
        super().__init__()
        channels, *sides = _sides(space, config.kind)
        frame = ImageSpace(channels=channels, height=sides[1], width=sides[2])
        self.picture = config.picture.build(frame, num_outputs=num_outputs)
        convolutions: list[nn.Conv3d] = []
        wide = config.width
        while min(sides[1:]) >= _SMALLEST:
            stride = (1 if not convolutions or sides[0] < 4 else 2, 2, 2)
            kernel = (3 if stride[0] == 1 else 4, 4, 4)
            convolutions.append(nn.Conv3d(channels, wide, kernel, stride, 1))
            sides = [side // step for side, step in zip(sides, stride, strict=True)]
            channels, wide = wide, min(2 * wide, config.max_width)
        self.layers = nn.ModuleList(convolutions)
        features = channels * prod(sides)
        self.head = nn.Linear(features, num_outputs, bias=False)
        self.embed = nn.Embedding(num_labels, features) if num_labels else None
        self.piecewise_linear = config.picture.normalisation == "none"
        initialise_normal(self)
        for layer in convolutions:
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Scores `[B, num_outputs]` of clips `[B, C, T, H, W]` with labels `[B]`."""
        frames = x.transpose(1, 2)
        scores = self.picture(frames.flatten(0, 1)).unflatten(0, frames.shape[:2]).mean(1)
        for layer in self.layers:
            x = leaky_relu(layer(x), _SLOPE)
        features = x.flatten(1)
        scores = scores + self.head(features)
        if self.embed is not None:
            scores = scores + (features * self.embed(y)).sum(1, keepdim=True)
        return scores


def shifted(drawn: Tensor, shift: Tensor) -> Tensor:
    """A layer as it is seen at each moment; nothing comes in from outside.

    Args:
        drawn: colours and last how much of a pixel is covered, `[B, C + 1, H, W]` in [-1, 1].
        shift: how far the layer is moved across and down, in halves of a side, `[B, T, 2]`.

    Returns:
        Colours times cover, and the cover in [0, 1], `[B, T, C + 1, H, W]`.

    >>> dot = -torch.ones(1, 2, 4, 4)
    >>> dot[0, :, 1, 1] = 1.0  # white, and covers its pixel
    >>> right = shifted(dot, torch.tensor([[[0.5, 0.0]]]))  # a quarter of the side, one pixel
    >>> right[0, 0, 1, 1].int().tolist()
    [0, 0, 1, 0]
    """
    cover = (drawn[:, -1:] + 1) / 2
    layer = torch.cat([drawn[:, :-1] * cover, cover], dim=1)[:, None]
    height, width = drawn.shape[2:]
    down = _interpolation(shift[..., 1], height).to(drawn.dtype)[:, :, None]
    across = _interpolation(shift[..., 0], width).to(drawn.dtype)[:, :, None]
    return down @ layer @ across.transpose(3, 4)


def _interpolation(shift: Tensor, side: int) -> Tensor:
    """Matrices `[B, T, side, side]` that move lines by `shift` `[B, T]`, in halves of a side."""
    place = torch.arange(side, device=shift.device, dtype=shift.dtype)
    apart = place[:, None] - shift[..., None, None] * (side / 2) - place
    return (1 - apart.abs()).clamp_min(0)


def time_features(frames: int) -> Tensor:
    """What a perceptron sees of each moment, `[frames, 7]`: its place in the clip, three waves.

    >>> time_features(5)[:, 0].tolist()
    [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    place = torch.linspace(-1, 1, frames)[:, None]
    waves = place * (pi / 2) * torch.arange(1, _WAVES + 1)
    return torch.cat([place, waves.sin(), waves.cos()], dim=1)


def _sides(space: Space, network: str) -> tuple[int, int, int, int]:
    """Channels, frames, height and width of clips.

    Raises:
        RecipeError: the space holds no clips.
    """
    if space.axes != 3:
        raise RecipeError(
            f"{network} takes clips, and the data is of kind {space.kind!r} with shape "
            f"{space.shape}. Take a recipe that lists {space.kind!r} under {verb('recipes')}."
        )
    channels, frames, height, width = space.shape
    return channels, frames, height, width
