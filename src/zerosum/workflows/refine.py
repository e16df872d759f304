"""Refine a run: a short adversarial phase after likelihood, kept only where it buys something."""

import copy
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zerosum.catalogue import modality_of
from zerosum.data.base import Dataset, Progress
from zerosum.engine.carry import inherit
from zerosum.engine.execution import Execution
from zerosum.engine.optimisation import AdamW
from zerosum.errors import EvaluationError, PrivacyError, RecipeError, did_you_mean
from zerosum.faces import option
from zerosum.games.likelihood import LikelihoodGame
from zerosum.models.model import Model
from zerosum.rng import derive_seed
from zerosum.runs.store import Run, new_folder, versions
from zerosum.runtime import open_runtime
from zerosum.workflows.data import open_holdout
from zerosum.workflows.load import checkpoint_of, load
from zerosum.workflows.prepare import data_of, make_trainer
from zerosum.workflows.refining import (
    FEWEST_STEPS,
    JUDGES,
    JudgeName,
    Looks,
    Verdict,
    all_trees,
    fold_in,
    judged,
)

FEWEST_HELD = 100
"""Reals that nobody trained on, at least: fewer say nothing of a small gain."""

_MOST_REALS, _MOST_HELD = 50_000, 10_000
"""Training samples that a judge learns from, and reals that say what was bought, at most."""

_NEW = (20_000, 200_000)
"""New samples that are weighted, at least and at most; else four for each training sample.

Where the fewest steps of a round take fewer, since batches are small, these are enough.
"""

_DRAWS = 3
"""Sets of samples that are told from reals, before and after; their differences are averaged."""

_LEAST_GAIN = 0.001

_PIECE = 2_048
"""Samples that are looked at together."""


@dataclass(frozen=True)
class Standing:
    """How a model stands beside reals that it was not trained on.

    Attributes:
        auc: how well boosted trees tell its samples from them; 0.5 is chance.
        log_likelihood: of these reals, nats each, on average.
    """

    auc: float
    log_likelihood: float


@dataclass(frozen=True)
class Refinement:
    """What a refinement did.

    Attributes:
        run: the new run.
        judge: who judged: `trees`, `forest` or `network`.
        kept: rounds that bought something; with 0 the new run has the weights of the old one.
        before: how the model stood.
        after: how the new run's model stands.
        rounds: of each round the area at which the judge told training data from samples, how far
            it was believed, and the spread of the weights.
        held: reals that nobody trained on, by which this was decided.
    """

    run: Run
    judge: str
    kept: int
    before: Standing
    after: Standing
    rounds: tuple[dict[str, float], ...]
    held: int

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        names = ("judge", "kept", "rounds", "held")
        plain = {name: getattr(self, name) for name in names}
        sides = {"before": asdict(self.before), "after": asdict(self.after)}
        return {"run": str(self.run.folder), **plain, "rounds": list(self.rounds), **sides}

    def __str__(self) -> str:
        """Two lines: what was bought, and where it is."""
        b, a = self.before, self.after
        gained = (
            f"{self.kept} round{'s' * (self.kept > 1)} kept: samples are told from {self.held:,} "
            f"reals that nobody trained on with an AUC of {a.auc:.3f}, before {b.auc:.3f} (0.5 is "
            f"chance); these are {a.log_likelihood - b.log_likelihood:+.3f} nats more likely"
        )
        nothing = (
            f"nothing was bought on {self.held:,} reals that nobody trained on, so the model is as "
            f"it was: its samples are told from them with an AUC of {b.auc:.3f}"
        )
        return f"{gained if self.kept else nothing}.\n{self.run.folder}"


def refine(
    run: Run | Path | str,
    *,
    judge: JudgeName = "trees",
    rounds: int = 2,
    holdout: Any = None,
    data: Any = None,
    out: Path | str | None = None,
    seed: int = 0,
    step: int | None = None,
    code: Path | str | None = None,
    progress: Progress | None = None,
) -> Refinement:
    """Let a judge of reals and samples correct a model, in a new run.

    The judge learns to tell training data from samples. New samples are weighted by how much more
    real than frequent they look, and the generator learns them by weighted likelihood. A round is
    kept if boosted trees tell samples from reals that nobody trained on less well for it, by more
    than chance, and these reals are no less likely.

    Args:
        run: of a recipe that knows likelihoods, such as `table`.
        judge: `trees`, boosted ones, `forest`, random ones, or `network`, a perceptron.
        rounds: how often, at most; it ends with the first that buys nothing.
        holdout: reals that the run was not trained on; if not given, what it kept apart.
        data: what it was trained on, where that has moved or was held in memory.
        out: the new run's folder; if not given, one beside the run.
        seed: decides samples, folds and order.
        step: a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.
        progress: called during work that takes long.

    Raises:
        RecipeError: the run's recipe knows no likelihoods, or there is no such judge.
        EvaluationError: there is no holdout, or it is too small.
        PrivacyError: the run is private.
        RunError: there is no such run, or `out` is not free.
        DataError: the data is not there, or is not that of the run.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    if judge not in JUDGES:
        raise RecipeError(f"no judge {judge!r}.{did_you_mean(str(judge), JUDGES)}")
    if rounds < 1:
        raise RecipeError(f"rounds is {rounds}; give 1 or more.")
    if run.manifest.get("privacy"):
        raise PrivacyError(
            f"{run.folder} promises privacy, and a judge would look at its rows without being "
            "counted. Private runs are not refined."
        )
    model = load(run, device="cpu", step=step, code=code)
    if not isinstance(model.game, LikelihoodGame):
        name = run.manifest["recipe"]["name"]
        raise RecipeError(
            f"the recipe {name!r} of {run.folder} does not say how likely a sample is, which "
            "weights of samples need. Recipes such as `table` do."
        )
    dataset, like = data_of(run, data, progress)
    held = dataset.held_out
    if holdout is not None:
        held, _ = open_holdout(holdout, space=model.space, like=like, progress=progress)
    if held is None or len(held) < FEWEST_HELD:
        found = "it kept nothing apart" if held is None else f"there are {len(held):,}"
        raise EvaluationError(
            f"what refining buys shows on {FEWEST_HELD} or more reals that the run was not trained "
            f"on, and {found}. Give them with {option('holdout')}, or train with "
            f"{option('holdout', 0.2)}."
        )
    refiner = _Refiner(model, dataset, held, judge, seed, progress)
    before, found, best = refiner.standing(), [], copy.deepcopy(model.game.state_dict())
    after, kept = before, 0
    for number in range(rounds):
        verdict = refiner.round(number)
        found.append({"auc": verdict.auc, "trust": verdict.trust, "spread": verdict.spread})
        now = refiner.standing() if verdict.trust else None
        if now is None or not now.better_than(after):
            break
        after, kept, best = now, number + 1, copy.deepcopy(model.game.state_dict())
    model.game.load_state_dict(best)
    facts = {
        "judge": judge, "kept": kept, "rounds": found, "held": len(refiner.held),
        "before": asdict(before.mean), "after": asdict(after.mean),
    }  # fmt: skip
    made = _write(run, model, dataset, facts, step=step, out=out, seed=seed)
    return Refinement(made, judge, kept, before.mean, after.mean, tuple(found), len(refiner.held))


@dataclass(frozen=True)
class _Standings:
    """Areas of several sets of samples, `[S]`, and the log-likelihood of each held real, `[H]`."""

    areas: np.ndarray
    likely: np.ndarray

    @property
    def mean(self) -> Standing:
        return Standing(max(0.5, float(self.areas.mean())), float(self.likely.mean()))

    def better_than(self, other: "_Standings") -> bool:
        """Whether samples are told less well by more than chance, and reals are as likely."""
        told, likely = other.areas - self.areas, self.likely - other.likely
        fewer = told.mean() > max(_LEAST_GAIN, told.std(ddof=1) / len(told) ** 0.5)
        loss = -likely.mean() > 2 * likely.std(ddof=1) / len(likely) ** 0.5
        return bool(fewer and not loss)


class _Refiner:
    """A model, its data, and a judge."""

    def __init__(
        self, model: Model, dataset: Dataset, held: Dataset, judge: str, seed: int,
        progress: Progress | None,
    ) -> None:  # fmt: skip
        self._model, self._judge, self._seed = model, JUDGES[judge], seed
        self._progress = progress
        self._real, self._labels = _some(dataset, _MOST_REALS, derive_seed(seed, "reals"))
        self.held, self._held_labels = _some(held, _MOST_HELD, derive_seed(seed, "held"))
        self._inputs = modality_of(model.space).judge.inputs

    def standing(self) -> _Standings:
        """How the model stands now, on held reals."""
        areas = []
        for i in range(_DRAWS):
            self._say("telling samples from reals", i, _DRAWS)
            seed = derive_seed(self._seed, "standing", i)
            made, _ = self._model.drawn_like(self.held, self._held_labels, seed=seed)
            real, fake = self._looks(self.held, made)
            areas.append(judged(all_trees, real, fake, fake, seed=seed).auc)
        return _Standings(np.array(areas), self._likely(self.held, self._held_labels))

    def round(self, number: int) -> Verdict:
        """Judge the model, and let it learn from the verdict."""
        seed = derive_seed(self._seed, "round", number)
        n = len(self._real)
        self._say("making samples to judge", 0, 2)
        made, _ = self._model.drawn_like(self._real, self._labels, seed=derive_seed(seed, "made"))
        batch = self._model.recipe.optimisation.batch_size
        count = min(max(4 * n, min(FEWEST_STEPS * batch, _NEW[0])), _NEW[1])
        parts = [
            self._model.drawn_like(self._real, self._labels, seed=derive_seed(seed, "new", i))
            for i in range(-(-count // n))
        ]
        new = torch.cat([x for x, _ in parts])[:count]
        asked = [y for _, y in parts if y is not None]
        labels = torch.cat(asked)[:count] if asked else None
        self._say("judging", 1, 2)
        verdict = judged(self._judge, *self._looks(self._real, made, new), seed=seed)
        if verdict.trust:
            fold_in(
                self._model.game, (self._to_model(new), labels), verdict.weights,
                (self._to_model(self._real), self._labels), batch=batch, decays=self._decays(),
                seed=derive_seed(seed, "order"), progress=self._progress,
            )  # fmt: skip
        return verdict

    def _looks(self, *samples: Tensor) -> list[Looks]:
        """What judges see of each set of samples; categories are numbered alike in all."""
        space, both = self._model.space, torch.cat(samples)
        if self._inputs is not None:
            x, categorical = self._inputs(space, both)
        else:
            x = torch.cat(
                [space.embed(space.to_model(part)) for part in both.split(_PIECE)]
            ).numpy()
            categorical = np.zeros(x.shape[1], bool)
        ends = np.cumsum([len(one) for one in samples])[:-1]
        return [Looks(part, categorical) for part in np.split(x, ends)]

    def _likely(self, compact: Tensor, y: Tensor | None) -> np.ndarray:
        """Log-likelihood of samples `[N, ...]`, float64 `[N]`."""
        game, found = self._model.game, []
        assert isinstance(game, LikelihoodGame)
        for start in range(0, len(compact), _PIECE):
            x = self._to_model(compact[start : start + _PIECE])
            with torch.no_grad():
                own = None if y is None else y[start : start + _PIECE]
                found.append(game.log_likelihood(x, own))
        return torch.cat(found).double().numpy()

    def _to_model(self, compact: Tensor) -> Tensor:
        return self._model.space.to_model(compact)

    def _decays(self) -> dict[str, float]:
        """How much the weights of each network that samples come from decay."""
        optimizers = self._model.recipe.optimisation.optimizers
        known = {name: optimizers.get(name) for name in self._model.game.averaged}
        return {name: one.decay if isinstance(one, AdamW) else 0.0 for name, one in known.items()}

    def _say(self, what: str, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(what, done, total)


def _some(dataset: Dataset, most: int, seed: int) -> tuple[Tensor, Tensor | None]:
    """At most so many samples of a data set in random order, in compact form, with labels."""
    random = torch.Generator().manual_seed(seed % 2**63)
    return dataset.take(torch.randperm(len(dataset), generator=random)[:most])


def _write(
    run: Run, model: Model, dataset: Dataset, facts: dict[str, Any], *, step: int | None,
    out: Path | str | None, seed: int,
) -> Run:  # fmt: skip
    """The new run: finished, with the model's weights as its one checkpoint."""
    recorded, checkpoint = run.manifest, checkpoint_of(run, step)
    name = recorded["recipe"]["name"]
    folder = Path(out) if out else new_folder(run.folder.parent, name, recorded["data"]["name"])
    state = model.game.state_dict()
    tensors = {f"{part}.{one}": x for part in ("game", "average") for one, x in state.items()}
    with open_runtime("cpu") as runtime:
        trainer = make_trainer(
            model.recipe, dataset, seed=recorded["seed"], runtime=runtime,
            execution=Execution.from_json(recorded["execution"]),
        )  # fmt: skip
        shares = inherit(tensors, trainer).shares
        trainer.step, trainer.seconds = checkpoint.step, checkpoint.scalars["seconds"]
        trainer.loader.position = checkpoint.scalars["position"]
        parent = {
            "run": str(run.folder), "step": checkpoint.step, "shares": shares,
            "taken": len(state), "fresh": [], "frozen": [],
        }  # fmt: skip
        left = ("schema", "created", "remedies", "model", "healthiest", "health", "scores")
        manifest = {key: value for key, value in recorded.items() if key not in left}
        manifest |= {
            "name": folder.name, "state": "finished", "parent": parent, "versions": versions(),
            "refined": facts | {"seed": seed}, "device": "cpu", "processes": 1,
            "step": checkpoint.step, "samples": trainer.samples_seen,
            "recipe": model.recipe.to_json(),
        }  # fmt: skip

        def fill(new: Run) -> None:
            for source in sorted((run.folder / "code").glob("*.py")):
                shutil.copyfile(source, new.subfolder("code") / source.name)
            new.add_event("inherited", **parent)
            new.add_event("refined", step=checkpoint.step, **facts)
            new.checkpoints.save(*trainer.state())

        made = Run.create(folder, manifest, fill)
        trainer.loader.close()
    return made
