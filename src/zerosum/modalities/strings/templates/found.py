"""Templates of texts as they are kept, and rows that are filled into them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import model_validator

from zerosum.cards import Described, InfoCard
from zerosum.config import Config, Count
from zerosum.errors import ConfigError, DataError
from zerosum.faces import verb
from zerosum.modalities.strings.purpose import marked_as_training
from zerosum.modalities.strings.reading.columns import without_links
from zerosum.modalities.strings.templates.filling import Chooser, FilledRows, such_as, with_texts
from zerosum.modalities.strings.templates.forms import plain_cell
from zerosum.modalities.strings.templates.parts import Sentence, Template, class_of, parts_of
from zerosum.modalities.tables.reading.places import source_of
from zerosum.rng import derive_seed
from zerosum.runs.files import DamageError, make_folder, read_json, require_unicode, write_json

_SHOWN = 12
_LETTERS = 150
_GIVEN = "(given)"


class Templates(Described, Config):
    """What was found in example texts: `fill` makes texts of rows with it.

    Attributes:
        text: the column of texts.
        columns: all columns, in order.
        slots: how many texts have the cell of each column.
        classes: columns with few values, by which sentences are chosen.
        optional: columns with many values, of which some are missing: whether they are decides too.
        num_rows: examples.
        covered: of these, those whose texts consist of sentences that enough texts share.
        protect: rows that must share a sentence.
        sentences: of which texts consist.
        templates: texts that are built alike, the most frequent first.
        training: whether texts are material for training detectors, and are marked as such.
    """

    kind = "templates"
    text: str
    columns: tuple[str, ...]
    slots: Mapping[str, Count]
    classes: tuple[str, ...]
    optional: tuple[str, ...] = ()
    num_rows: Count
    covered: Count
    protect: Count
    sentences: tuple[Sentence, ...]
    templates: tuple[Template, ...]
    training: bool = False

    @model_validator(mode="after")
    def _sound(self) -> "Templates":
        many = len(self.sentences)
        for variant in (one for template in self.templates for one in template.variants):
            if any(i >= many for i in variant.sentences):
                raise ConfigError(f"a template names sentence {max(variant.sentences)} of {many}.")
        for sentence in self.sentences:
            for part in parts_of(sentence.text):
                if isinstance(part, tuple) and part[0] not in self.columns:
                    raise ConfigError(f"a template has a slot for {part[0]!r}, which is no column.")
        return self

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that rows must have to be filled in."""
        needed = {*self.slots, *self.classes, *self.optional}
        return tuple(name for name in self.columns if name in needed)

    def classes_of(self, row: Mapping[str, Any]) -> dict[str, str]:
        """What sentences are chosen by: the value of each class column, and what is missing."""
        found = {name: class_of(row[name]) for name in self.classes}
        return found | {name: _GIVEN if class_of(row[name]) else "" for name in self.optional}

    def fill(self, rows: Any, *, seed: int = 0) -> Any:
        """Rows with texts: a frame of the same library; see `filled`.

        Args:
            rows: a frame, or the path of a file.
            seed: which templates are taken.

        Raises:
            DataError: the rows cannot be read, or lack columns, or no template fits any of them.
        """
        from zerosum.modalities.tables.reading.frames import to_native

        made = self.filled(rows, seed=seed)
        return to_native(made.table, made.library)

    def filled(self, rows: Any, *, seed: int = 0) -> FilledRows:
        """Rows of a table, each with a text that says what the row says.

        A template is taken for a row if it has a cell for each slot, and if each of its sentences
        was seen with the row's value of each class column. Of those that fit, one is drawn as often
        as it goes with such values in the examples.

        Args:
            rows: a frame, or the path of a file, with the columns that templates need.
            seed: which templates are taken.

        Raises:
            DataError: the rows cannot be read, or lack columns, or no template fits any of them.
        """
        source, library = source_of(rows)
        lacking = [name for name in self.needed if name not in source.types]
        if lacking:
            raise DataError(
                f"{source.name} lacks the columns {', '.join(map(repr, lacking))}, which the "
                "templates are filled from. Give rows with these."
            )
        source.check(self.needed)
        whole = pa.Table.from_batches([*source.batches()]).unify_dictionaries()
        if self.training:
            whole = without_links(whole, self.text)
        cells = {name: whole[name].to_pylist() for name in self.needed}
        plain = [
            {name: plain_cell(own[i]) for name, own in cells.items()} for i in range(whole.num_rows)
        ]
        chooser = Chooser(self.sentences, [v for one in self.templates for v in one.variants])
        texts = [
            chooser.text(row, self.classes_of(row), derive_seed(seed, "template", i))
            for i, row in enumerate(plain)
        ]
        left = [i for i, one in enumerate(texts) if one is None]
        unseen = chooser.unseen(self.classes_of(plain[i]) for i in left)
        if len(left) == len(texts):
            raise DataError(
                f"no template fits any row of {source.name}: each has a slot for a cell that is "
                f"missing, or was never seen with such values{such_as(unseen)}."
            )
        if self.training:
            texts = [None if one is None else marked_as_training(one) for one in texts]
        made = with_texts(whole, self.text, self.columns, texts)
        return FilledRows(made, library, len(left), unseen)

    def save(self, path: Path | str) -> Path:
        """Write them as JSON.

        Raises:
            RunError: the file cannot be written.
        """
        path = Path(path)
        require_unicode(path)
        make_folder(path.parent)
        write_json(path, self.to_json())
        return path

    @classmethod
    def load(cls, path: Path | str) -> "Templates":
        """Templates of a file.

        Raises:
            RunError: there is no such file.
            DataError: it holds no templates.
        """
        try:
            found = cls.from_json(read_json(Path(path)))
        except (ConfigError, DamageError) as error:
            raise DataError(
                f"{path} holds no templates: {error} Give a file that {verb('templates')} wrote."
            ) from error
        return found

    def lines(self) -> list[str]:
        """What was found, in lines for people."""
        whole = max(self.num_rows, 1)
        slots = ", ".join(f"{name} {many / whole:.0%}" for name, many in self.slots.items())
        lines = [
            f"{len(self.templates):,} templates of {len(self.sentences):,} sentences, which say "
            f"{self.covered:,} of {self.num_rows:,} texts.",
            f"slots: {slots or 'none'}",
        ]
        if self.classes:
            lines.append(f"chosen by: {', '.join(self.classes)}")
        if self.covered < self.num_rows:
            lines.append(
                f"The other {self.num_rows - self.covered:,} texts have a sentence that fewer than "
                f"{self.protect} share, and are nobody's template."
            )
        odd = self.odd_numbers()
        if odd:
            lines.append(
                f"{len(odd):,} sentences differ in numbers that are no cell of their row, such as "
                f"{odd[0].strip()!r}: they are said as they stand, of any row."
            )
        for one in self.templates[:_SHOWN]:
            text = " / ".join(one.text.splitlines())
            many = f", {len(one.variants):,} variants" if len(one.variants) > 1 else ""
            short = text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
            lines.append(f"{one.count:>6,}  {short}{many}")
        more = len(self.templates) - _SHOWN
        return [*lines, f"and {more:,} more"] if more > 0 else lines

    def odd_numbers(self) -> list[str]:
        """Sentences that differ in numbers alone, where no class column decides between them."""
        alike: dict[str, list[Sentence]] = defaultdict(list)
        for one in self.sentences:
            alike["".join("0" if x.isdigit() else x for x in one.text)].append(one)
        return [
            one.text for own in alike.values() if len(own) > 1 and not _decided(own) for one in own
        ]

    def card(self, *, drawn: bool) -> InfoCard:
        """See `Described.card`."""
        first, *notes = self.lines()
        return InfoCard(first, notes=notes)


def _decided(sentences: Sequence[Sentence]) -> bool:
    """Whether there is a class column of which no value was seen with two of the sentences."""
    return any(
        sum(len(one.seen[name]) for one in sentences)
        == len({value for one in sentences for value in one.seen[name]})
        for name in sentences[0].seen
    )
