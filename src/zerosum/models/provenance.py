"""How samples were made, and the type of what signs them when they are saved."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from zerosum.conditions import Between


@dataclass(frozen=True)
class Provenance:
    """How samples were made: enough to make them again from the same run.

    Attributes:
        recipe: name of the recipe that the model was trained by.
        model: fingerprint of its weights; see `Model.fingerprint`.
        run: name of its run folder, where it is known.
        step: step of the training that the weights are from, where it is known.
        seed: what the samples were drawn with; None where they were not drawn.
        n: how many samples the file holds.
        index: number of the first of them among the samples of the seed.
        where: conditions, as they were asked for; in the same way `in_turn` and `weight`.
        consents: what people agreed to whose voices it holds, by the names that the model has.
        share: how much of the file a model made: all, or some, as where given rows were completed.
        approved_by: who approved it for publication, where somebody did.
        approved_at: when, in ISO 8601.
        zerosum: version of the program.
    """

    recipe: str
    model: str
    run: str | None = None
    step: int | None = None
    seed: int | None = None
    n: int | None = None
    index: int = 0
    where: Mapping[str, Any] = field(default_factory=dict)
    in_turn: Mapping[str, Any] = field(default_factory=dict)
    weight: Mapping[str, Any] = field(default_factory=dict)
    consents: Mapping[str, str] = field(default_factory=dict)
    share: Literal["all", "some"] = "all"
    approved_by: str | None = None
    approved_at: str | None = None
    zerosum: str = field(default_factory=lambda: version("zerosum"))

    def one(self, index: int) -> "Provenance":
        """Of a file that holds sample number `index` alone."""
        return replace(self, index=self.index + index, n=1)

    def approved(self, by: str, at: str) -> "Provenance":
        """The same samples, approved by somebody at a time in ISO 8601."""
        return replace(self, approved_by=by, approved_at=at)

    def to_json(self) -> dict[str, Any]:
        """What is known, as JSON; what is not known, or was not asked for, is absent.

        >>> Provenance("cgan", "ab12", seed=7, where={"age": Between(30, 40)}).to_json()["where"]
        {'age': '30..40'}
        """
        facts = {name: _plain(value) for name, value in asdict(self).items()}
        return {name: value for name, value in facts.items() if value not in (None, {})}


class Signer(ABC):
    """Signs what is saved, so that it carries its provenance."""

    @abstractmethod
    def write(self, path: Path, write: Callable[[Path], object], provenance: Provenance) -> Path:
        """Let `write` write a file or folder, sign it, then put it in place.

        Args:
            path: where to.
            write: is called with a path of the same name in another folder.
            provenance: how the samples were made.
        """


def _plain(value: Any) -> Any:
    """A value as JSON holds it; what JSON does not have, as the text that asks for it."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Between):
        low, high = ("" if end is None else str(end) for end in value)
        return f"{low}..{high}"
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return str(value)
