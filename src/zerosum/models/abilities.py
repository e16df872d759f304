"""What some models can do and others refuse, so that every model can be asked."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from zerosum.data.base import Progress
from zerosum.engine.recipe import Recipe
from zerosum.errors import ConditionError
from zerosum.faces import option, verb
from zerosum.models.augmented import Augmented


class Abilities:
    """Verbs of single kinds of models; here each says which recipes know it.

    Attributes:
        augmenter: what `augment` calls; whoever opens a model gives it.
        finder: what `anomalies` calls.
    """

    recipe: Recipe
    translation_wishes: ClassVar[tuple[str, ...]] = ()
    """What `translate` and `translate_files` may be asked for beside what is translated."""

    augmenter: Callable[..., Augmented] | None = None
    finder: Callable[..., Any] | None = None

    def augment(
        self,
        data: Any,
        *,
        out: Path | str | None = None,
        balance: bool = False,
        per_class: int | None = None,
        amount: Mapping[Any, int] | None = None,
        target: str | None = None,
        features: str | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Augmented:
        """Labelled reals, and samples that fill their classes.

        Near copies of reals are rejected, and so are samples that classifiers of reals find
        implausible; others are made in their place. Which are synthetic is kept.

        Args:
            data: the reals, in any form that `train` takes: images or sounds with labels, or rows.
            out: where to write all of it; see `Augmented.save`.
            balance: fill classes up to the largest, as is done where nothing else is asked for.
            per_class: fill classes up to so many instead.
            amount: make so many samples of single classes, `{"cat": 300}`, whatever they have.
            target: the column of a table whose categories are the classes.
            features: what distances to reals are measured in; see `zs.evaluate`.
            seed: decides everything random.
            progress: called during work that takes long.

        Raises:
            ConditionError: the model takes no conditions on the class, or an amount is not one.
            DataError: the data cannot be read, or has no classes.
            EvaluationError: the data is of another kind, has classes that the model never saw, or
                fewer than two; or everything was rejected.
            RunError: `out` is there already, or cannot be written.
        """
        if self.augmenter is None:
            raise ConditionError(
                "this model was put together by hand. Give it to zs.augment(model, data)."
            )
        return self.augmenter(
            self, data, out=out, balance=balance, per_class=per_class, amount=amount,
            target=target, features=features, seed=seed, progress=progress,
        )  # fmt: skip

    def anomalies(
        self,
        data: Any,
        *,
        out: Path | str | None = None,
        heat: Path | str | None = None,
        false_alarms: float = 0.01,
        normals: Any = None,
        progress: Progress | None = None,
    ) -> Any:
        """How odd each item of some data is, for models of the recipe `anomaly`.

        Args:
            data: what is looked through, in any form that `train` takes.
            out: write a row for each item: `.csv`, `.parquet`, or `.json` with details.
            heat: a new folder that says where items are odd.
            false_alarms: share of normal items that may be called anomalous.
            normals: the data of the run, where it has moved and nothing was kept of it.
            progress: called during work that takes long.

        Returns:
            `zs.Anomalies`.

        Raises:
            ConditionError: the model knows no normals.
            DataError: the data cannot be read, or is of another kind.
            EvaluationError: too few normals were kept apart, or `false_alarms` is not a share.
            RunError: something cannot be written.
        """
        if self.finder is None:
            raise self._cannot("knows no normal samples to find odd ones by", "anomaly")
        return self.finder(
            self, data, out=out, heat=heat, false_alarms=false_alarms, normals=normals,
            progress=progress,
        )  # fmt: skip

    def translate(self, *_given: Any, **_wishes: Any) -> Any:
        """Images made from images, or sounds from sounds; see `TranslationModel`, `VocoderModel`.

        Raises:
            ConditionError: the model makes samples from noise.
        """
        raise self._cannot("makes samples and translates nothing", "pix2pix")

    def translate_files(self, *_given: Any, **_wishes: Any) -> Any:
        """Files made from files; see `TranslationModel` and `VocoderModel`.

        Raises:
            ConditionError: the model makes samples from noise.
        """
        return self.translate()

    def sized(self, _size: Any) -> Any:
        """This model with samples of another size; see `TextureModel`.

        Raises:
            ConditionError: the model makes samples of one size.
        """
        raise self._cannot("makes samples of one size", "texture")

    def with_styles(self) -> Any:
        """This model, if it is a `StyledModel`.

        Raises:
            ConditionError: the model takes no styles.
        """
        raise self._cannot("takes no styles, so there is nothing to mix or edit", "stylegan")

    def edit(self, *_given: Any, **_wishes: Any) -> Any:
        """Samples moved along directions; see `StyledModel`.

        Raises:
            ConditionError: the model takes no styles.
        """
        return self.with_styles()

    def mix(self, *_given: Any, **_wishes: Any) -> Any:
        """Samples mixed with each other; see `StyledModel`.

        Raises:
            ConditionError: the model takes no styles.
        """
        return self.with_styles()

    def complete(self, *_given: Any, **_wishes: Any) -> Any:
        """Rows with their missing cells filled; see `TableModel`.

        Raises:
            ConditionError: the model makes no rows of a table.
        """
        raise self._cannot("makes no rows of a table, so it completes none", "table")

    def write_completed(self, *_given: Any, **_wishes: Any) -> Any:
        """The same into a file; see `TableModel`.

        Raises:
            ConditionError: the model makes no rows of a table.
        """
        return self.complete()

    def continue_(self, *_given: Any, **_wishes: Any) -> Any:
        """What comes next for entities, or how texts go on; see `RecordModel`.

        Raises:
            ConditionError: the model makes neither sequences of rows nor texts.
        """
        raise self._cannot(
            "makes neither sequences of rows nor texts, so it continues none", "sequences or text"
        )

    def write_continued(self, *_given: Any, **_wishes: Any) -> Any:
        """The same into a file; see `RecordModel`.

        Raises:
            ConditionError: the model makes neither sequences of rows nor texts.
        """
        return self.continue_()

    def scaled(self, scale: float) -> int:
        """How many samples are `scale` times the training data; see `RelationalModel`.

        Raises:
            ConditionError: the model makes no databases.
        """
        raise self._cannot("makes samples one by one: say how many", "relational")

    def _cannot(self, what: str, recipe: str) -> ConditionError:
        name = getattr(self.recipe, "name", "its recipe")
        return ConditionError(
            f"this model was trained by {name}, which {what}. Train a recipe that does, such as "
            f"{recipe}: see {verb('recipes')}."
        )


def require_wishes(model: Abilities, wishes: Iterable[str]) -> None:
    """Refuse wishes of a translation that a model does not know.

    Raises:
        ConditionError: there are some, or the model translates nothing.
    """
    if type(model).translate_files is Abilities.translate_files:
        model.translate_files()
    known = model.translation_wishes
    for name in wishes:
        if name not in known:
            others = ", ".join(option(one) for one in known)
            raise ConditionError(
                f"{option(name)} means nothing to this model. Leave it out"
                + (f"; it knows {others}." if known else ".")
            )
