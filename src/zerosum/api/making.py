"""Verbs that give a model, or pass one on: train, resume, load, export."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack, overload

from zerosum.api.opening import shown
from zerosum.arguments import checked
from zerosum.engine.choose import Auto, Wishes
from zerosum.engine.execution import Layout, Precision
from zerosum.errors import RunError
from zerosum.modalities.images.caption_model import CaptionModel
from zerosum.modalities.images.styled import StyledModel
from zerosum.modalities.images.texture_model import TextureModel
from zerosum.modalities.images.translation import TranslationModel
from zerosum.modalities.levels.model import LevelModel
from zerosum.modalities.molecules.model import MoleculeModel
from zerosum.modalities.relational.model import RelationalModel
from zerosum.modalities.sequences.model import SequenceModel
from zerosum.modalities.sound.model import SoundModel
from zerosum.modalities.speech.vocoder_model import VocoderModel
from zerosum.modalities.speech.voice_model import VoiceModel
from zerosum.modalities.strings.model import TextModel
from zerosum.modalities.tables.model import TableModel
from zerosum.models.model import Model
from zerosum.notebook import reporter, watch
from zerosum.recipe_registry import Capacity, Recipe
from zerosum.referee.guard import Guard
from zerosum.runs.store import Run
from zerosum.signatures import (
    CaptionRecipe,
    DatabaseRecipe,
    LevelRecipe,
    MoleculeRecipe,
    PlainRecipe,
    ResumeOptions,
    SequenceRecipe,
    SoundRecipe,
    StyledRecipe,
    TableRecipe,
    TextRecipe,
    TextureRecipe,
    TrainOptions,
    TranslationRecipe,
    VocoderRecipe,
    VoiceRecipe,
)
from zerosum.workflows.data import together
from zerosum.workflows.load import load as load_run
from zerosum.workflows.load import require_recipe
from zerosum.workflows.private import promise_of
from zerosum.workflows.refine import Refinement
from zerosum.workflows.refine import refine as refine_run
from zerosum.workflows.refining import JudgeName
from zerosum.workflows.train import resume as resume_run
from zerosum.workflows.train import train as train_run

__all__ = ["refine", "resume", "train"]


@overload
def train(recipe: TableRecipe, data: Any, **options: Unpack[TrainOptions]) -> TableModel: ...
@overload
def train(recipe: SequenceRecipe, data: Any, **options: Unpack[TrainOptions]) -> SequenceModel: ...
@overload
def train(recipe: TextRecipe, data: Any, **options: Unpack[TrainOptions]) -> TextModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: MoleculeRecipe, **options: Unpack[ResumeOptions]
) -> MoleculeModel: ...
@overload
def train(recipe: MoleculeRecipe, data: Any, **options: Unpack[TrainOptions]) -> MoleculeModel: ...
@overload
def train(recipe: LevelRecipe, data: Any, **options: Unpack[TrainOptions]) -> LevelModel: ...
@overload
def train(recipe: SoundRecipe, data: Any, **options: Unpack[TrainOptions]) -> SoundModel: ...
@overload
def train(recipe: VocoderRecipe, data: Any, **options: Unpack[TrainOptions]) -> VocoderModel: ...
@overload
def train(recipe: VoiceRecipe, data: Any, **options: Unpack[TrainOptions]) -> VoiceModel: ...
@overload
def train(recipe: CaptionRecipe, data: Any, **options: Unpack[TrainOptions]) -> CaptionModel: ...
@overload
def train(recipe: TextureRecipe, data: Any, **options: Unpack[TrainOptions]) -> TextureModel: ...
@overload
def train(
    recipe: DatabaseRecipe, data: Any, **options: Unpack[TrainOptions]
) -> RelationalModel: ...
@overload
def train(recipe: StyledRecipe, data: Any, **options: Unpack[TrainOptions]) -> StyledModel: ...
@overload
def train(
    recipe: TranslationRecipe, data: Any, **options: Unpack[TrainOptions]
) -> TranslationModel: ...
@overload
def train(
    recipe: PlainRecipe | str | Path | Recipe, data: Any, **options: Unpack[TrainOptions]
) -> Model: ...
@checked
def train(
    recipe: str | Path | Recipe,
    data: Any,
    *,
    out: Path | str | None = None,
    root: Path | str = "runs",
    minutes: float | None = None,
    samples: int | None = None,
    seed: int = 0,
    capacity: Capacity = "small",
    set: Mapping[str, Any] | None = None,
    size: int | tuple[int, int] | None = None,
    fit: str | None = None,
    channels: int | None = None,
    labels: str | None = None,
    mirror: bool = False,
    skip_bad: bool = False,
    limit: int | None = None,
    schema: Any = None,
    drop: Sequence[str] | None = None,
    constraints: Any = None,
    protect: int | None = None,
    missing: Sequence[str] | None = None,
    holdout: float | None = None,
    options: Mapping[str, Any] | None = None,
    from_run: Model | Run | Path | str | None = None,
    freeze: int = 0,
    device: str = "auto",
    precision: Precision | Auto = "auto",
    layout: Layout | Auto = "auto",
    compile: bool | Auto = "auto",
    threads: int | Auto = "auto",
    referee: Guard = "act",
    epsilon: float | None = None,
    delta: float | None = None,
    show_reals: bool = False,
    tensorboard: Path | str | None = None,
    quiet: bool = False,
) -> Model:
    """Train a recipe on data and return the model.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> model = zs.train("cgan", data="digits", minutes=1)  # doctest: +SKIP

    Args:
        recipe: a name from `zs.recipes()`, a Python file, or a `Recipe`.
        data: a folder, .zip, .npz, idx file, table (.csv, .parquet, .xlsx, .jsonl and others) or
            built-in name; an array or tensor `[N, H, W]`, `[N, H, W, C]` or `[N, D]`; a pair
            `(x, y)`; a data frame of pandas, polars or pyarrow; or a `Dataset`. For recipes that
            translate from one domain of images to another, a folder with two subfolders, or a
            pair of folders or arrays.
        out: the run folder; if not given, a new one below `root`.
        root: where new run folders go.
        minutes: budget in minutes.
        samples: budget in samples seen.
        seed: decides weights, order and noise.
        capacity: how much the networks hold: `small` for a CPU; `medium` or `large` for a GPU.
        set: dotted keys of the recipe and their values: `{"game.gamma": 0.5}`; they come last.
        size: pixels a side, or `(height, width)`.
        fit: `cover`, `contain`, `stretch` or `crop`.
        channels: 1, 3 or 4.
        labels: `auto` or `none`.
        mirror: show images mirrored as well, left and right exchanged.
        skip_bad: go on without unreadable files.
        limit: take this many samples only.
        schema: what columns of a table are, where that is known better than it can be found:
            `{"zip": "category"}`, a `Schema`, or the JSON file that
            `zs.schema(data).save(path)` writes.
        drop: columns of a table to leave out.
        constraints: what holds in every row of a table, or a JSON file that lists it.
        protect: rows of a table that must share a value before it is learned as one of its own;
            5 by default, and 1 for all.
        missing: cells of a table that stand for what is missing, such as `["unknown"]`; empty cells
            and usual marks such as `n/a` do anyway.
        holdout: share of the samples that is kept apart; `evaluate` judges with them by itself.
        options: more options of the reader of the data, by name; `zerosum readers` lists them.
            With `text`, `table` trains what `text` does and returns a `TextModel`, which its
            annotation does not say: type checkers know it of `train("text", ...)`.
        from_run: a model, a run or its folder, whose weights it starts with where they fit.
        freeze: layers of the discriminator, from the image up, that stay as they are there.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        precision: `fp32`, `bf16`, or `auto` for the faster.
        layout: `contiguous`, `channels_last`, or `auto`.
        compile: whether to use `torch.compile`, or `auto`.
        threads: CPU threads for one operation, or `auto`.
        referee: `off`, `watch` to report what goes wrong, `act` to mend it too.
        epsilon: train with (ε, δ)-differential privacy for each row of a table, each entity of
            sequences, or each row of a database's main table with all below it; needs the extra
            `privacy`. The referee is off then.
        delta: δ, 1e-6 by default; it should be well below one over the number of rows.
        show_reals: draw rows of a table in grey beneath samples, in the run folder; not with
            `epsilon`.
        tensorboard: folder of a TensorBoard log that is written while it trains; needs the extra
            `tensorboard`.
        quiet: print nothing.

    Raises:
        ZerosumError: see its subclasses; the message says what to do.
    """
    short = {
        "size": size, "fit": fit, "channels": channels, "labels": labels, "skip_bad": skip_bad,
        "limit": limit, "schema": schema, "drop": drop, "constraints": constraints,
        "protect": protect, "missing": missing, "holdout": holdout, "mirror": mirror,
    }  # fmt: skip
    with reporter(quiet=quiet) as progress:
        run = train_run(
            recipe, data, out=out, root=root, minutes=minutes, samples=samples, seed=seed,
            capacity=capacity, changes=set, data_options=together(short, options or {}),
            from_run=from_run, freeze=freeze, device=device, referee=referee,
            wishes=Wishes(precision, layout, compile, threads),
            promise=promise_of(epsilon, delta), show_reals=show_reals,
            listener=watch(progress, quiet=quiet, tensorboard=tensorboard), progress=progress,
            tell=progress.say,
        )  # fmt: skip
    return shown(load_run(run, device=device))


@overload
def resume(
    run: Model | Run | Path | str, *, recipe: TableRecipe, **options: Unpack[ResumeOptions]
) -> TableModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: SequenceRecipe, **options: Unpack[ResumeOptions]
) -> SequenceModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: DatabaseRecipe, **options: Unpack[ResumeOptions]
) -> RelationalModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: StyledRecipe, **options: Unpack[ResumeOptions]
) -> StyledModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: TextRecipe, **options: Unpack[ResumeOptions]
) -> TextModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: LevelRecipe, **options: Unpack[ResumeOptions]
) -> LevelModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: SoundRecipe, **options: Unpack[ResumeOptions]
) -> SoundModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: VocoderRecipe, **options: Unpack[ResumeOptions]
) -> VocoderModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: VoiceRecipe, **options: Unpack[ResumeOptions]
) -> VoiceModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: CaptionRecipe, **options: Unpack[ResumeOptions]
) -> CaptionModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: TextureRecipe, **options: Unpack[ResumeOptions]
) -> TextureModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: TranslationRecipe, **options: Unpack[ResumeOptions]
) -> TranslationModel: ...
@overload
def resume(
    run: Model | Run | Path | str, *, recipe: str | None = None, **options: Unpack[ResumeOptions]
) -> Model: ...
@checked
def resume(
    run: Model | Run | Path | str,
    *,
    recipe: str | None = None,
    data: Any = None,
    minutes: float | None = None,
    samples: int | None = None,
    device: str | None = None,
    code: Path | str | None = None,
    referee: Guard | None = None,
    tensorboard: Path | str | None = None,
    quiet: bool = False,
) -> Model:
    """Continue a run bit for bit, and return the model.

    Args:
        run: the run, its folder, or its model.
        recipe: what the run must have been trained by; editors then know the kind of model.
        data: the run's data, where it has moved or was held in memory.
        minutes: stop after so long.
        samples: a new, larger budget in samples seen.
        device: by default the one that the run was trained on.
        code: the user's own recipe file, where the run came from one.
        referee: by default as the run was started.
        tensorboard: folder of a TensorBoard log; what a resume logs again is replaced.
        quiet: print nothing.

    Raises:
        RunError: no such run, one of another recipe, no usable checkpoint, or nothing left to do.
        DataError: the data is not there, or is not the data of the run.
    """
    if isinstance(run, Model):
        if run.run is None:
            raise RunError("this model comes from no run folder, so there is nothing to continue.")
        run = run.run
    run = run if isinstance(run, Run) else Run.open(run)
    require_recipe((run.manifest.get("recipe") or {}).get("name"), recipe, run.folder)
    with reporter(quiet=quiet) as progress:
        done = resume_run(
            run.folder, data=data, minutes=minutes, samples=samples, device=device, code=code,
            referee=referee, listener=watch(progress, quiet=quiet, tensorboard=tensorboard),
            progress=progress,
        )  # fmt: skip
    return shown(load_run(done, device=device or "auto", code=code))


@checked
def refine(
    run: Model | Run | Path | str,
    *,
    judge: JudgeName = "trees",
    rounds: int = 2,
    holdout: Any = None,
    data: Any = None,
    out: Path | str | None = None,
    seed: int = 0,
    step: int | None = None,
    code: Path | str | None = None,
    quiet: bool = False,
) -> Refinement:
    """Let a judge of reals and samples correct a model, in a new run.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> found = zs.refine("runs/first", holdout="holdout.csv")  # doctest: +SKIP
    >>> better = zs.load(found.run)  # doctest: +SKIP

    Args:
        run: the run, its folder, or its model; of a recipe that knows likelihoods, such as `table`.
        judge: `trees`, boosted ones, `forest`, random ones, or `network`, a perceptron.
        rounds: how often, at most; it ends with the first that buys nothing.
        holdout: reals that the run was not trained on; by default what it kept apart.
        data: what it was trained on, where that has moved or was held in memory.
        out: the new run's folder; by default one beside the run.
        seed: decides samples, folds and order.
        step: a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.
        quiet: print nothing.

    Raises:
        RecipeError: the run's recipe knows no likelihoods, or there is no such judge.
        EvaluationError: there is no holdout, or it is too small.
        PrivacyError: the run is private.
        RunError: there is no such run, or `out` is not free.
        DataError: the data is not there, or is not that of the run.
    """
    if isinstance(run, Model):
        if run.run is None:
            raise RunError("this model comes from no run folder, so there is nothing to refine.")
        run = run.run
    with reporter(quiet=quiet) as progress:
        return refine_run(
            run, judge=judge, rounds=rounds, holdout=holdout, data=data, out=out, seed=seed,
            step=step, code=code, progress=progress,
        )  # fmt: skip
