"""Molecules as drawings, and as files."""

from PIL import Image
from torch import Tensor

from zerosum.forms.base import Preview
from zerosum.modalities.molecules.chemistry import parsed
from zerosum.modalities.molecules.space import MoleculeSpace
from zerosum.modalities.strings.frames import texts_of
from zerosum.modalities.strings.shown import TextWriter
from zerosum.spaces import Space

_FEW, _ACROSS = 12, 4
_SIZE = (220, 160)
_INK = "#111827"


class MoleculePreview(Preview):
    """The first molecules, drawn side by side with their SMILES below."""

    few = _FEW

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """Compact molecules `[N, W]`, twelve of them at most."""
        assert isinstance(space, MoleculeSpace)
        return drawn(texts_of(space, x[:_FEW]))

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One molecule."""
        assert isinstance(space, MoleculeSpace)
        return drawn(texts_of(space, x[None]))


class MoleculeWriter(TextWriter):
    """A row for each molecule with its columns, in the columns and types of the training data."""


def drawn(smiles: list[str]) -> Image.Image:
    """A sheet of molecules; an empty field where RDKit takes one for none."""
    from PIL import ImageDraw, ImageFont
    from rdkit.Chem import Draw

    across = max(min(_ACROSS, len(smiles)), 1)
    down = max(-(-len(smiles) // across), 1)
    sheet = Image.new("RGB", (across * _SIZE[0], down * _SIZE[1]), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for i, one in enumerate(smiles):
        left, top = i % across * _SIZE[0], i // across * _SIZE[1]
        if one:
            picture = Draw.MolToImage(parsed(one), size=(_SIZE[0] - 12, _SIZE[1] - 26))
            sheet.paste(picture.convert("RGB"), (left + 6, top + 4))
        said = one if len(one) <= 31 else f"{one[:30]}…"
        pen.text((left + 6, top + _SIZE[1] - 18), said or "-", fill=_INK, font=font)
    return sheet
