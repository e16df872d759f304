"""A trained model as a scikit-learn estimator: the same training and sampling under its verbs."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any, Self

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from zerosum.api import load, train
from zerosum.errors import did_you_mean
from zerosum.models.model import Model
from zerosum.models.steering import Where
from zerosum.recipes import Recipe

_OF_TRAIN = {
    name: parameter.default
    for name, parameter in signature(train).parameters.items()
    if name not in ("recipe", "data", "root")
}
"""Arguments of `train` that are parameters, and what each is if it is not given."""


class Synthesizer(BaseEstimator):
    """A recipe, and the model that `fit` makes of it.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> rows = zs.Synthesizer(minutes=1).fit(frame).sample(1_000)  # doctest: +SKIP

    Attributes:
        recipe: a name from `zerosum recipes`, a Python file, or a `Recipe`.
        model_: the model, once it is fitted.
    """

    model_: Model

    def __init__(self, recipe: str | Path | Recipe = "table", **params: Any) -> None:
        """Take the recipe, and any argument of `zs.train` but `data` and `root`.

        Raises:
            TypeError: a parameter is none of these.
        """
        complaint = _unknown(params)
        if complaint:
            raise TypeError(complaint)
        self.recipe, self._given = recipe, params  # not as attributes: one of them is called fit

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Every parameter, with its default if it is not given."""
        return {"recipe": self.recipe, **_OF_TRAIN, **self._given}

    def set_params(self, **params: Any) -> Self:
        """Change some parameters, and return itself.

        Raises:
            ValueError: there is no such parameter.
        """
        recipe = params.pop("recipe", self.recipe)
        complaint = _unknown(params)
        if complaint:
            raise ValueError(complaint)
        self.recipe, self._given = recipe, self._given | params
        return self

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:  # noqa: N803 - as scikit-learn calls it
        told = [repr(self.recipe), *(f"{name}={value!r}" for name, value in self._given.items())]
        return f"Synthesizer({', '.join(told)})"

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803 - as scikit-learn calls it
        """Train on `X`, into the run folder `out`; if that is not given, into a temporary one.

        Args:
            X: whatever `zs.train` takes as data: a data frame, an array, a path.
            y: labels of images or points; of rows of a table they are a column of `X`.

        Raises:
            ZerosumError: as for `zs.train`.
        """
        wishes = self.get_params(deep=False)
        folder = None if wishes["out"] else tempfile.mkdtemp(prefix="zerosum-")
        if folder is not None:
            wishes["out"] = Path(folder) / "run"
        try:
            self.model_ = train(data=X if y is None else (X, y), **wishes)
        except BaseException:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        if folder is not None:
            weakref.finalize(self.model_, shutil.rmtree, folder, ignore_errors=True)
        return self

    def sample(
        self,
        n: int = 1,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        seed: int = 0,
    ) -> Any:
        """`n` samples: rows as a frame like `X`, all else as `Samples`; see `Model.sample`.

        Raises:
            NotFittedError: it is not fitted.
            ConditionError: the model does not take `where` or `in_turn`.
        """
        check_is_fitted(self, "model_")
        return self.model_.sample(n, where=where, in_turn=in_turn, seed=seed)

    def save(self, path: Path | str) -> Path:
        """Write the model into one `.safetensors` file; see `Model.save`.

        Raises:
            NotFittedError: it is not fitted.
            ExportError: the name of the file ends in something else.
            RunError: the file cannot be written.
        """
        check_is_fitted(self, "model_")
        return self.model_.save(path)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """A fitted one from a file that `save` wrote, or from a run folder.

        Its recipe is the model's own; what else it was trained with is not known.

        Raises:
            RunError: no such run, or it has no checkpoints.
            ExportError: the file is none of ours, or damaged.
        """
        model = load(path)
        made = cls(getattr(model.recipe, "name", "table"))
        made.model_ = model
        return made


def _unknown(params: Mapping[str, Any]) -> str | None:
    """What to say of a parameter that there is not; None where all are there."""
    unknown = sorted(set(params) - set(_OF_TRAIN))
    if not unknown:
        return None
    near = did_you_mean(unknown[0], _OF_TRAIN)
    return f"Synthesizer has no parameter {unknown[0]!r}.{near}"
