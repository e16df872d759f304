"""The space of images that are made from other images."""

from zerosum.spaces import ImageSpace


class PairSpace(ImageSpace):
    """Images that are made from other images.

    Attributes:
        source: what the other images are.
        aligned: whether each image has a source of its own, which lies at the same index.

    >>> pictures = ImageSpace(channels=3, height=8, width=8)
    >>> PairSpace(channels=1, height=8, width=8, source=images).judged.shape
    (1, 8, 8)
    """

    kind = "pair"
    source: ImageSpace
    aligned: bool = False

    @property
    def judged(self) -> ImageSpace:
        """The space of what is made, by itself."""
        return ImageSpace(
            channels=self.channels, height=self.height, width=self.width,
            labels=self.labels, label_counts=self.label_counts,
        )  # fmt: skip

    def missing(self, need: str) -> str | None:
        """See `Space.missing`; pairs also know `aligned`."""
        if need != "aligned":
            return super().missing(need)
        if self.aligned:
            return None
        return (
            "it needs aligned pairs, a source for each image, and these are unpaired. Give images "
            "of equal names in A and B, or train cyclegan."
        )
