"""Readers of simulated rows with texts: they need no file, and nothing in them is real."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from zerosum.config import Count
from zerosum.data.base import DataConfig, Dataset, Progress, other_kind
from zerosum.modalities.strings.reading.readers import TextTableMemory, read_like
from zerosum.modalities.strings.simulated.dialogues import simulate_dialogues
from zerosum.modalities.strings.simulated.logins import simulate_logins
from zerosum.modalities.strings.simulated.notes import simulate_notes
from zerosum.modalities.strings.simulated.phishing import simulate_phishing
from zerosum.modalities.strings.simulated.quizzes import simulate_quizzes
from zerosum.modalities.strings.space import TextSpace
from zerosum.modalities.strings.vocabulary import Way
from zerosum.modalities.tables.constraints.groups import FixedCombinations
from zerosum.modalities.tables.reading.sources import MemorySource
from zerosum.spaces import Space

if TYPE_CHECKING:
    import pyarrow as pa


class SimulatedTexts(DataConfig):
    """Rows with texts that a program makes, with what is true of them.

    Attributes:
        num_rows: how many.
        seed: which.
        pieces: see `TextOptions`.
    """

    spaces = ("string",)
    built_in = True
    text: ClassVar[str]
    """The column of texts."""
    simulate: "ClassVar[Callable[..., pa.Table]]"
    """From a number of rows and a seed to rows."""
    purpose: ClassVar[Literal["training"] | None] = None
    """What texts are for, where they imitate fraud."""
    together: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Columns whose values go with each other in fixed combinations."""

    num_rows: Count = 3_000
    seed: int = 0
    pieces: Way | None = None

    def build(self, progress: Progress | None = None) -> Dataset:
        """The texts."""
        options = TextTableMemory(
            text=self.text, pieces=self.pieces, holdout=self.holdout, purpose=self.purpose,
            constraints=tuple(FixedCombinations(one) for one in self.together),
        )  # fmt: skip
        return options.read(self.source(), library=None, progress=progress)

    def source(self) -> MemorySource:
        """The table."""
        return MemorySource(type(self).simulate(self.num_rows, seed=self.seed), name=self.kind)

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`; texts are read as those of `space` were."""
        if not isinstance(space, TextSpace):
            raise other_kind("texts", space)
        config = cls.describing(data, cls.options_like(space, like))
        if holdout:
            config = config.with_values({"seed": config.seed + 1, "holdout": None})
        return read_like(config.source(), space, library=None), config


class NotesConfig(SimulatedTexts):
    """Simulated notes of visits with the columns that they are about; see `simulate_notes`."""

    kind = "notes"
    text = "note"
    simulate = staticmethod(simulate_notes)


class QuizzesConfig(SimulatedTexts):
    """Simulated quiz items with four options, one of them right; see `simulate_quizzes`."""

    kind = "quizzes"
    text = "item"
    simulate = staticmethod(simulate_quizzes)
    together = (("subject", "difficulty", "task", "answer", "slip", "near", "far"),)


class DialoguesConfig(SimulatedTexts):
    """Simulated dialogues with a support desk, of several turns; see `simulate_dialogues`."""

    kind = "dialogues"
    text = "dialogue"
    simulate = staticmethod(simulate_dialogues)
    together = (("product", "problem"),)


class PhishingConfig(SimulatedTexts):
    """Simulated mails, ordinary and phishing, marked as training material; see `simulate_phishing`.

    No link in them can be followed, and all companies are invented.
    """

    kind = "phishing"
    text = "mail"
    simulate = staticmethod(simulate_phishing)
    purpose = "training"
    together = (("label", "topic", "company", "link"),)


class LoginsConfig(SimulatedTexts):
    """Simulated lines of an access log; see `simulate_logins`."""

    kind = "logins"
    text = "line"
    simulate = staticmethod(simulate_logins)
    together = (("device", "agent"), ("outcome", "status", "attempts"))
