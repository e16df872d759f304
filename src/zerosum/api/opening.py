"""Trained models: opened, and exported."""

from pathlib import Path
from typing import Unpack, overload

from zerosum.arguments import checked
from zerosum.errors import ExportError
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
from zerosum.notebook import reporter
from zerosum.runs.store import Run
from zerosum.signatures import (
    CaptionRecipe,
    DatabaseRecipe,
    LevelRecipe,
    LoadOptions,
    MoleculeRecipe,
    SequenceRecipe,
    SoundRecipe,
    StyledRecipe,
    TableRecipe,
    TextRecipe,
    TextureRecipe,
    TranslationRecipe,
    VocoderRecipe,
    VoiceRecipe,
)
from zerosum.workflows.load import load as load_run
from zerosum.workflows.load import require_recipe
from zerosum.workflows.shown_reals import show_on_reals

__all__ = ["export", "load"]


@overload
def load(
    run: Run | Path | str, *, recipe: TableRecipe, **options: Unpack[LoadOptions]
) -> TableModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: SequenceRecipe, **options: Unpack[LoadOptions]
) -> SequenceModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: DatabaseRecipe, **options: Unpack[LoadOptions]
) -> RelationalModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: StyledRecipe, **options: Unpack[LoadOptions]
) -> StyledModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: TextRecipe, **options: Unpack[LoadOptions]
) -> TextModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: MoleculeRecipe, **options: Unpack[LoadOptions]
) -> MoleculeModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: LevelRecipe, **options: Unpack[LoadOptions]
) -> LevelModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: SoundRecipe, **options: Unpack[LoadOptions]
) -> SoundModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: VocoderRecipe, **options: Unpack[LoadOptions]
) -> VocoderModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: VoiceRecipe, **options: Unpack[LoadOptions]
) -> VoiceModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: CaptionRecipe, **options: Unpack[LoadOptions]
) -> CaptionModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: TextureRecipe, **options: Unpack[LoadOptions]
) -> TextureModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: TranslationRecipe, **options: Unpack[LoadOptions]
) -> TranslationModel: ...
@overload
def load(
    run: Run | Path | str, *, recipe: str | None = None, **options: Unpack[LoadOptions]
) -> Model: ...
@checked
def load(
    run: Run | Path | str,
    *,
    recipe: str | None = None,
    device: str = "auto",
    step: int | None = None,
    code: Path | str | None = None,
) -> Model:
    """The model of a run, or of a file that `export` wrote, with averaged weights.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> rows = zs.load("runs/first", recipe="table").sample(1_000)  # doctest: +SKIP

    Where a referee found an earlier state healthier than the last one, it is that state.

    Args:
        run: the run, its folder, or a `.safetensors` file.
        recipe: what it must have been trained by; editors then know the kind of model.
        device: where to sample.
        step: a checkpoint of the run other than the newest.
        code: the user's own recipe file, where the run came from one.

    Raises:
        RunError: no such run, one of another recipe, no usable checkpoint, or weights that fit
            another version only.
        ExportError: the file is none of ours, of a newer version, or damaged.
    """
    model = load_run(run, device=device, step=step, code=code)
    where = run.folder if isinstance(run, Run) else run
    require_recipe(getattr(model.recipe, "name", None), recipe, where)
    return shown(model)


@checked
def export(
    model: Model | Run | Path | str,
    path: Path | str,
    *,
    format: str | None = None,
    step: int | None = None,
    code: Path | str | None = None,
    quiet: bool = False,
) -> Path:
    """Write a model into one file: what is needed to sample, and no discriminator.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.export("runs/first", "digits.safetensors")  # doctest: +SKIP
    >>> zs.load("digits.safetensors").sample(64).save("grid.png")  # doctest: +SKIP

    Args:
        model: a model, a run or its folder.
        path: a `.safetensors` file, which `load` opens, or an `.onnx` file for other programs.
        format: `safetensors` or `onnx`; by default that of the ending of `path`.
        step: of a run, a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.
        quiet: print nothing.

    Raises:
        RunError: no such run, or the file cannot be written.
        ExportError: the form is another, or does not suit the model; no file is left then.
        MissingExtraError: ONNX is not installed.
    """
    if isinstance(model, Model):
        if step is not None:
            raise ExportError("step is for runs; a model holds one step. Leave it out.")
    else:
        model = load_run(model, device="cpu", step=step, code=code)
    with reporter(quiet=quiet) as progress:
        return model.save(path, format=format, progress=progress)


def shown(model: Model) -> Model:
    """The model, whose pictures are drawn on reals where its samples are points."""
    show_on_reals(model)
    return model
