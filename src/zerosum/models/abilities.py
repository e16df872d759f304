"""What some models can do and others refuse, so that every model can be asked."""

from typing import Any

from zerosum.config import Config
from zerosum.errors import ConditionError


class Abilities:
    """Verbs of single kinds of models; here each says which recipes know it."""

    recipe: Config

    def translate(self, *_given: Any, **_wishes: Any) -> Any:
        """Images made from images; see `TranslationModel`.

        Raises:
            ConditionError: the model makes samples from noise.
        """
        raise self._cannot("makes samples and translates no images", "pix2pix")

    def translate_files(self, *_given: Any, **_wishes: Any) -> Any:
        """Files of images made from files of images; see `TranslationModel`.

        Raises:
            ConditionError: the model makes samples from noise.
        """
        return self.translate()

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

    def _cannot(self, what: str, recipe: str) -> ConditionError:
        name = getattr(self.recipe, "name", "its recipe")
        return ConditionError(
            f"this model was trained by {name}, which {what}. Train a recipe that does, such as "
            f"{recipe}: see `zerosum recipes`."
        )
