"""A trained model of molecules, which have the properties and the beginning that are asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from zerosum.arguments import checked
from zerosum.data.base import Progress
from zerosum.errors import ConditionError, DataError
from zerosum.faces import verb
from zerosum.modalities.molecules.chemistry import holds, parsed, selfies_of, split
from zerosum.modalities.molecules.shown import drawn
from zerosum.modalities.molecules.space import MoleculeSpace
from zerosum.modalities.strings.frames import texts_of
from zerosum.modalities.strings.model import TextModel
from zerosum.modalities.tables.record_model import RecordWish
from zerosum.modalities.tables.sampling.conditions import parse_where
from zerosum.models.provenance import Signer
from zerosum.models.steering import Weight, Where
from zerosum.rng import fresh_seed
from zerosum.runs.files import make_folder, require_unicode, write_whole

_MOST_DRAWN = 400


class MoleculeModel(TextModel):
    """A generator of molecules with their columns: frames of SMILES in, frames out.

    Conditions on `logP`, `QED` and `MW` hold of the molecule that is made, as RDKit works them out;
    `{"logP": Between(1, 2)}`. On the column of SMILES a condition says how molecules begin, with a
    star: `{"smiles": "c1ccccc1*"}` keeps that part, and goes on from its last atom.
    """

    beginning: ClassVar[str] = "c1ccccc1"

    @property
    def molecules(self) -> MoleculeSpace:
        """The space, which is one of molecules."""
        assert isinstance(self.space, MoleculeSpace)
        return self.space

    def understood(self, where: Where, in_turn: Where, weight: Weight) -> RecordWish:
        """See `RecordModel.understood`."""
        space = self.molecules
        for name in (*in_turn, *weight):
            if name in space.computed:
                raise ConditionError(
                    f"{name} is worked out of each molecule, and in_turn and weight are about "
                    "columns of the data. Put a condition on it in where, once for each range."
                )
        wish = super().understood(where, in_turn, weight)
        allowed = parse_where(
            {name: one for name, one in where.items() if name in space.computed}, space.attributes
        )
        columns = {name: space.attributes.names.index(name) for name in allowed}
        part = str(where.get(space.text, ""))[:-1]

        def refused(compact: Tensor) -> Tensor:
            made = space.templates(compact)
            bad = torch.tensor([not one for one in made], dtype=torch.bool)
            for name, one in allowed.items():
                bad |= ~one.holds(compact[:, columns[name]])
            if part:
                bad |= torch.tensor([not holds(one, part) for one in made])
            return bad

        return RecordWish(
            wish.attributes, lambda attributes, chance: space.worked_out(
                wish.made(attributes, chance)
            ),
            refused, "are not as asked" if allowed or part else "are no molecules for RDKit",
        )  # fmt: skip

    @checked
    def write(
        self, path: Path | str, n: int, *, where: Where | None = None,
        in_turn: Where | None = None, weight: Weight | None = None, seed: int | None = None,
        batch_size: int | None = None, safe_csv: bool = False, sign: Signer | None = None,
        progress: Progress | None = None,
    ) -> Path:  # fmt: skip
        """As `RecordModel.write` does, or drawn on a sheet where `path` ends in `.png`.

        Raises:
            ConditionError: as for `sample`, or a sheet is asked for of more than 400 molecules.
            RunError: the form is another, or the file cannot be written.
            OriginError: it cannot be signed.
        """
        if Path(path).suffix.lower() != ".png":
            return super().write(
                path, n, where=where, in_turn=in_turn, weight=weight, seed=seed,
                batch_size=batch_size, safe_csv=safe_csv, sign=sign, progress=progress,
            )  # fmt: skip
        if n > _MOST_DRAWN:
            raise ConditionError(
                f"n is {n:,}, and a picture has {_MOST_DRAWN} molecules at most. Write more into "
                "a .csv file."
            )
        path, seed = Path(path), fresh_seed() if seed is None else seed
        require_unicode(path)
        x = self.values(n, where=where, in_turn=in_turn, weight=weight, seed=seed)
        sheet = drawn(texts_of(self.molecules, x))
        make_folder(path.parent)

        def save(place: Path) -> Path:
            write_whole(place, lambda aside: sheet.save(aside, format="png"))
            return place

        if sign is None:
            return save(path)
        made = self.provenance(n, where=where, in_turn=in_turn, weight=weight, seed=seed)
        return sign.write(path, save, made)

    def continued(self, history: Any, n: int, seed: int, progress: Progress | None) -> Any:
        """Molecules are not continued row by row.

        Raises:
            ConditionError: always.
        """
        raise ConditionError(
            "molecules are not continued row by row, since where they go on is a matter of atoms. "
            f"Say how all begin: {verb('sample')} takes a condition such as "
            f"{self.texts.text}='{self.beginning}*'."
        )

    def _codes_of(self, beginning: str) -> Sequence[int]:
        """Codes of the SELFIES of SMILES that molecules begin with.

        Raises:
            ConditionError: it is no molecule, or has pieces that are not in the training data.
        """
        name = self.texts.text
        try:
            parsed(beginning)
            pieces = split(selfies_of(beginning))
        except DataError as error:
            raise ConditionError(f"{name} cannot begin with {beginning!r}: {error}") from error
        known: dict[str, Any] = {one: i for i, one in enumerate(self.texts.vocabulary.pieces)}
        strange = [one for one in pieces if one not in known]
        if strange:
            raise ConditionError(
                f"{name} cannot begin with {beginning!r}: {', '.join(strange)} is not in the "
                "training data."
            )
        return [known[one] for one in pieces]
