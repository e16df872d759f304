"""Start a training with the weights of another run, some of which may stay as they are.

Frozen layers are those of Mo, Cho and Shin, "Freeze the Discriminator: a Simple Baseline for
Fine-Tuning GANs", 2020, arXiv:2002.10964: the layers of the discriminator that are nearest the
image.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from zerosum.engine.carry import Inheritance, inherit
from zerosum.engine.execution import Execution
from zerosum.engine.layers import layers_of
from zerosum.engine.trainer import Trainer
from zerosum.errors import ConfigError, RunError
from zerosum.faces import option
from zerosum.models.export import is_model_file
from zerosum.models.model import Model
from zerosum.recipe_registry import Recipe
from zerosum.runs.store import Run
from zerosum.runtime import Runtime, open_runtime
from zerosum.spaces import Space
from zerosum.workflows.load import checkpoint_of
from zerosum.workflows.prepare import Plan, make_trainer, space_of_run

_FROZEN_PLAYER = "discriminator"
_MAJORITY = 0.5


@dataclass(frozen=True)
class Source:
    """What a training begins with.

    Attributes:
        folder: the run that it is from.
        step: of the state that is taken: the one that `load` would give as the run's model.
        tensors: that state's.
        recipe: the name of the run's recipe.
        space: what its samples are.
    """

    folder: Path
    step: int
    tensors: dict[str, Tensor]
    recipe: str
    space: Space

    def settle(self, recipe: Recipe, draft: Trainer, freeze: int) -> Recipe:
        """The recipe, with the lowest layers of the discriminator frozen.

        Args:
            recipe: of the training that begins.
            draft: a fresh trainer of that recipe, which is not needed any more.
            freeze: how many layers.

        Raises:
            RunError: the weights do not fit.
            ConfigError: there are no such layers.
        """
        space = draft.dataset.space
        if space.judged.kind != self.space.judged.kind:
            raise RunError(
                f"{option('from_run')}: {self.folder} makes samples of kind {self.space.kind!r}, "
                "and the data is "
                f"of kind {space.kind!r}. Give a run that was trained on data of that kind."
            )
        inheritance = inherit(draft.game.aligned(self.tensors, self.space), draft)
        if max(inheritance.shares.values()) <= _MAJORITY:
            raise RunError(self._does_not_fit(recipe, draft, inheritance))
        if not freeze:
            return recipe
        frozen = _lowest(draft, freeze)
        unfit = [name for name in frozen if name not in inheritance.taken]
        if unfit:
            raise RunError(
                f"{option('freeze', freeze)}: {unfit[0]} does not fit {self.folder}, so there is "
                "nothing "
                f"worth keeping in it. Leave out {option('freeze')}, or bring the images to the "
                "channels "
                "of that run."
            )
        frozen = [*recipe.optimisation.frozen, *frozen]
        return recipe.with_values({"optimisation.frozen": frozen})

    def give(self, trainer: Trainer) -> dict[str, Any]:
        """Put the weights into a fresh trainer; returns what the manifest says of it."""
        inheritance = inherit(trainer.game.aligned(self.tensors, self.space), trainer)
        return {
            "run": str(self.folder),
            "step": self.step,
            "shares": {name: round(share, 4) for name, share in inheritance.shares.items()},
            "taken": len(inheritance.taken),
            "fresh": list(inheritance.fresh),
            "frozen": list(trainer.optimisation.frozen),
        }

    def _does_not_fit(self, recipe: Recipe, draft: Trainer, inheritance: Inheritance) -> str:
        here = draft.state()[0]
        shares = ", ".join(f"{s:.0%} of the {name}" for name, s in inheritance.shares.items())
        example = ""
        for name in inheritance.fresh:
            if f"game.{name}" in self.tensors:
                there, new = (list(one[f"game.{name}"].shape) for one in (self.tensors, here))
                example = f" {name}, for one, is {there} there and {new} here."
                break
        return (
            f"{option('from_run')}: the weights of {self.folder} ({self.recipe}, samples of shape "
            f"{list(self.space.shape)}) do not fit {recipe.name} on samples of shape "
            f"{list(draft.dataset.space.shape)}: {shares}.{example} Take that run's recipe with "
            f"its widths (its manifest.json has them, {option('set')} sets them), and its size "
            f"({option('size')})."
        )


def open_source(run: Model | Run | Path | str, runtime: Runtime) -> Source:
    """The state of another run, or of a model's, that a training can begin with.

    Raises:
        RunError: no such run, or no usable checkpoint.
    """
    if isinstance(run, Model):
        if run.run is None:
            raise RunError(
                f"{option('from_run')}: this model comes from no run folder. Give a run."
            )
        run = run.run
    if not isinstance(run, Run):
        if is_model_file(run):
            raise RunError(
                f"{option('from_run')}: {run} is an exported model, without a discriminator. "
                "Give the folder "
                "of the run that it came from."
            )
        run = Run.open(run)
    checkpoint = checkpoint_of(run)
    agreed = int(runtime.agree_text(str(checkpoint.step)))
    if agreed != checkpoint.step:  # the other run goes on, and has saved meanwhile
        checkpoint = checkpoint_of(run, agreed)
    recipe = run.manifest["recipe"]["name"]
    return Source(run.folder, agreed, checkpoint.tensors, recipe, space_of_run(run))


def settled(plan: Plan, run: Run | Path | str, *, freeze: int, seed: int) -> Recipe:
    """The recipe that a training of `plan` would have, were it begun with another run's weights.

    Raises:
        RunError: no such run, or its weights do not fit.
        ConfigError: there are no such layers to freeze.
    """
    with open_runtime("cpu") as runtime:
        source = open_source(run, runtime)
        draft = make_trainer(
            plan.recipe, plan.dataset, seed=seed, runtime=runtime, execution=Execution()
        )
        return source.settle(plan.recipe, draft, freeze)


def require_source(freeze: int, source: Any) -> None:
    """Refuse numbers of layers that cannot be frozen.

    Raises:
        ConfigError: the number is negative, or there is no run to begin with.
    """
    if freeze < 0 or (freeze and source is None):
        raise ConfigError(
            f"{option('freeze', freeze)}: it is a number of layers that keep the weights of "
            "another run, "
            f"from 0 up, and goes with {option('from_run')}."
        )


def _lowest(draft: Trainer, freeze: int) -> list[str]:
    """Names of the parameters in the lowest layers of the discriminator."""
    if _FROZEN_PLAYER not in draft.players:
        raise ConfigError(
            f"{option('freeze')} holds layers of a discriminator, and this game trains "
            f"{', '.join(draft.players)} alone. Leave it out."
        )
    layers = layers_of(_FROZEN_PLAYER, draft)
    most = len(layers) - 1
    if not most:
        raise ConfigError(
            f"{option('freeze')} holds layers that look at feature maps, and this discriminator "
            "has none. "
            f"Leave it out, or name parts yourself: optimisation.frozen, by {option('set')}."
        )
    if freeze > most:
        raise ConfigError(
            f"{option('freeze', freeze)}, and this discriminator has {most} layers below its "
            "last, from "
            f"the image up. Give 1 to {most}."
        )
    return [name for layer in layers[:freeze] for name in layer]
