"""Images, and images that are made from other images, as modalities."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import torch

from zerosum.data.base import ArrayDataset, Dataset
from zerosum.evaluation.features.base import Embedded
from zerosum.evaluation.features.self_features import self_features
from zerosum.evaluation.reports.parts import (
    Drawn,
    Part,
    SamplesPart,
    Shown,
    beside_reals,
    png_of,
)
from zerosum.games.base import Game
from zerosum.modalities.images import (  # noqa: F401  (readers)
    arrays,
    captioned,
    digits,
    folders,
    pairs,
    poses,
    sprites,
    textures,
    wardrobe,
)
from zerosum.modalities.images.caption_game import CaptionGame
from zerosum.modalities.images.caption_model import CaptionModel
from zerosum.modalities.images.captions import CaptionedDataset
from zerosum.modalities.images.classes import ImageClasses
from zerosum.modalities.images.crops import Picture, TextureCrops
from zerosum.modalities.images.paired import PairDataset
from zerosum.modalities.images.pretrained import EfficientNetFeatures, InceptionFeatures
from zerosum.modalities.images.shown import (
    ImagePreview,
    ImageWriter,
    PairPreview,
    TexturePreview,
)
from zerosum.modalities.images.styled import StyledModel
from zerosum.modalities.images.styled_game import Styled
from zerosum.modalities.images.surfaces import PATTERNS, draw_surface
from zerosum.modalities.images.texture_game import TextureGame
from zerosum.modalities.images.texture_model import TextureModel
from zerosum.modalities.images.translation import TranslationModel
from zerosum.modalities.images.translation_game import TranslationGame
from zerosum.modality import JudgeKit, Modality, register
from zerosum.models.model import Model
from zerosum.rng import Noise

_SHOWN = 64


def small_images(
    *,
    height: int = 8,
    width: int = 8,
    channels: int = 1,
    num_labels: int = 4,
    needs: tuple[str, ...] = (),
) -> Dataset:
    """64 images of noise, in colour if that is needed, with labels a, b and so on."""
    channels = 3 if "colour" in needs else channels
    noise = Noise(0)
    y = torch.arange(64) % max(num_labels, 1)
    noise.normal(64, 3)  # the stream begins where it does for points
    x = noise.integers(64, channels, height, width, high=256).to(torch.uint8)
    names = [chr(ord("a") + i) for i in range(num_labels)]
    return ArrayDataset(x, y if names else None, name="small", labels=names)


def small_pairs(
    *, height: int = 8, width: int = 8, channels: int = 1, num_labels: int = 0,
    needs: tuple[str, ...] = (),
) -> Dataset:  # fmt: skip
    """64 aligned pairs without labels: a source is the negative of its target."""
    images = small_images(height=height, width=width, channels=channels, num_labels=0, needs=needs)
    x, _ = images.take(torch.arange(64))
    sources, targets = ArrayDataset(255 - x, name="sources"), ArrayDataset(x, name="targets")
    return PairDataset(sources, targets, aligned=True, name="small")


def small_textures(
    *, height: int = 16, width: int = 16, channels: int = 3, num_labels: int = 4,
    needs: tuple[str, ...] = (),
) -> Dataset:  # fmt: skip
    """64 crops of small surfaces, labelled a, b and so on."""
    surfaces = [
        draw_surface(PATTERNS[i % len(PATTERNS)], (64, 64), seed=i) for i in range(num_labels or 1)
    ]
    pictures = [
        Picture(pixels[:channels], "small", chr(ord("a") + i) if num_labels else None)
        for i, pixels in enumerate(surfaces)
    ]
    return TextureCrops(pictures, (height, width), 64, name="small")


def small_captioned(
    *, height: int = 8, width: int = 8, channels: int = 1, num_labels: int = 0,
    needs: tuple[str, ...] = (),
) -> Dataset:  # fmt: skip
    """64 images of noise with captions of one to three words."""
    images = small_images(height=height, width=width, channels=channels, num_labels=0, needs=needs)
    captions = ["one", "two cats", "three old dogs", "a dog"]
    return CaptionedDataset(images, captions * 16, name="small")


def model_of(game: Game) -> type[Model]:
    """The class of models that offer what a game of images can do."""
    if isinstance(game, TranslationGame):
        return TranslationModel
    if isinstance(game, CaptionGame):
        return CaptionModel
    if isinstance(game, TextureGame):
        return TextureModel
    return StyledModel if isinstance(game, Styled) else Model


def pair_parts(shown: Shown) -> Iterator[Part]:
    """Sources, what was made of them and the truth, where pairs are known; then as images."""
    if shown.sources is not None and shown.truth is not None:
        picture = _PAIRS.draw_made(
            shown.model.space, shown.samples.x, sources=shown.sources, truth=shown.truth
        )
        words = f"what was given, what was made of it, and the true image of the {shown.reals}"
        yield SamplesPart("Translations beside the truth", Drawn(png_of(picture), words))
    yield from beside_reals(shown, _PAIRS, most=_SHOWN)


_PREVIEW, _PAIRS, _WRITER = ImagePreview(), PairPreview(), ImageWriter()
_JUDGE = JudgeKit(
    extractors={
        "self": lambda dataset, tick: self_features(dataset, tick=tick),
        "pixels": lambda dataset, _: Embedded(dataset.space, name="pixels"),
        "efficientnet": lambda dataset, _: EfficientNetFeatures(dataset.space),
        "inception": lambda dataset, _: InceptionFeatures(dataset.space),
    },
    default="self",
    parts=partial(beside_reals, preview=_PREVIEW, most=_SHOWN),
)
_TEXTURES = TexturePreview()
_SMALL: dict[str, Callable[..., Dataset]] = {
    "image": small_images, "pair": small_pairs, "captioned": small_captioned,
}  # fmt: skip

for _kind, _small in _SMALL.items():
    register(
        Modality(
            kind=_kind, preview=_PAIRS if _kind == "pair" else _PREVIEW, writer=_WRITER,
            judge=replace(_JUDGE, parts=pair_parts) if _kind == "pair" else _JUDGE,
            model=model_of, small_dataset=_small,
            shapes=({"height": 9, "width": 13, "channels": 3},),
            classes=ImageClasses() if _kind == "image" else None,
        ),
        module=__name__,
    )  # fmt: skip

register(
    Modality(
        kind="texture", preview=_TEXTURES, writer=_WRITER, judge=_JUDGE, model=model_of,
        small_dataset=small_textures, shapes=({"height": 17, "width": 26, "channels": 1},),
    ),
    module=__name__,
)  # fmt: skip
