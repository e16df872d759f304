"""zerosum: train, control, judge, audit and ship generative adversarial networks.

Importing this package is quick: each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zerosum.api import (
        anomalies,
        audit,
        augment,
        compare,
        evaluate,
        evaluate_augmentation,
        export,
        learn_direction,
        list_runs,
        load,
        recipes,
        refine,
        resume,
        schema,
        templates,
        train,
    )
    from zerosum.conditions import Between
    from zerosum.config import Config
    from zerosum.engine.recipe import Recipe
    from zerosum.errors import ZerosumError
    from zerosum.evaluation.anomalies.found import Anomalies
    from zerosum.evaluation.augmenting.trial import AugmentationTrial
    from zerosum.evaluation.judging.comparison import Comparison
    from zerosum.evaluation.judging.figures import Evaluation
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
    from zerosum.modalities.strings.templates.found import Templates
    from zerosum.modalities.tables.constraints.bounds import Positive, Range, Rounded
    from zerosum.modalities.tables.constraints.groups import FixedCombinations, OneHot, Unique
    from zerosum.modalities.tables.constraints.inequality import Inequality
    from zerosum.modalities.tables.constraints.sums import Formula, Sum
    from zerosum.modalities.tables.model import TableModel
    from zerosum.modalities.tables.privacy.audit import Audit
    from zerosum.models.augmented import Augmented
    from zerosum.models.model import Model
    from zerosum.models.samples import Samples
    from zerosum.origin.identity import Identity
    from zerosum.origin.inspecting import inspect
    from zerosum.recipe_registry import recipe
    from zerosum.synthesizer import Synthesizer
    from zerosum.workflows.refine import Refinement

__version__ = "0.1.0"

__all__ = [
    "Anomalies",
    "Audit",
    "AugmentationTrial",
    "Augmented",
    "Between",
    "CaptionModel",
    "Comparison",
    "Config",
    "Evaluation",
    "FixedCombinations",
    "Formula",
    "Identity",
    "Inequality",
    "LevelModel",
    "Model",
    "MoleculeModel",
    "OneHot",
    "Positive",
    "Range",
    "Recipe",
    "Refinement",
    "RelationalModel",
    "Rounded",
    "Samples",
    "SequenceModel",
    "SoundModel",
    "StyledModel",
    "Sum",
    "Synthesizer",
    "TableModel",
    "Templates",
    "TextModel",
    "TextureModel",
    "TranslationModel",
    "Unique",
    "VocoderModel",
    "VoiceModel",
    "ZerosumError",
    "__version__",
    "anomalies",
    "audit",
    "augment",
    "compare",
    "evaluate",
    "evaluate_augmentation",
    "export",
    "inspect",
    "learn_direction",
    "list_runs",
    "load",
    "recipe",
    "recipes",
    "refine",
    "resume",
    "schema",
    "templates",
    "train",
]

_HOMES = {
    "Anomalies": "zerosum.evaluation.anomalies.found",
    "Audit": "zerosum.modalities.tables.privacy.audit",
    "AugmentationTrial": "zerosum.evaluation.augmenting.trial",
    "Augmented": "zerosum.models.augmented",
    "Between": "zerosum.conditions",
    "Comparison": "zerosum.evaluation.judging.comparison",
    "Config": "zerosum.config",
    "Evaluation": "zerosum.evaluation.judging.figures",
    "FixedCombinations": "zerosum.modalities.tables.constraints.groups",
    "Formula": "zerosum.modalities.tables.constraints.sums",
    "Identity": "zerosum.origin.identity",
    "Inequality": "zerosum.modalities.tables.constraints.inequality",
    "LevelModel": "zerosum.modalities.levels.model",
    "SoundModel": "zerosum.modalities.sound.model",
    "Model": "zerosum.models.model",
    "OneHot": "zerosum.modalities.tables.constraints.groups",
    "Positive": "zerosum.modalities.tables.constraints.bounds",
    "Range": "zerosum.modalities.tables.constraints.bounds",
    "Recipe": "zerosum.engine.recipe",
    "Refinement": "zerosum.workflows.refine",
    "Rounded": "zerosum.modalities.tables.constraints.bounds",
    "Samples": "zerosum.models.samples",
    "MoleculeModel": "zerosum.modalities.molecules.model",
    "SequenceModel": "zerosum.modalities.sequences.model",
    "Templates": "zerosum.modalities.strings.templates.found",
    "TextModel": "zerosum.modalities.strings.model",
    "VocoderModel": "zerosum.modalities.speech.vocoder_model",
    "VoiceModel": "zerosum.modalities.speech.voice_model",
    "CaptionModel": "zerosum.modalities.images.caption_model",
    "StyledModel": "zerosum.modalities.images.styled",
    "Sum": "zerosum.modalities.tables.constraints.sums",
    "Synthesizer": "zerosum.synthesizer",
    "RelationalModel": "zerosum.modalities.relational.model",
    "TableModel": "zerosum.modalities.tables.model",
    "TextureModel": "zerosum.modalities.images.texture_model",
    "TranslationModel": "zerosum.modalities.images.translation",
    "Unique": "zerosum.modalities.tables.constraints.groups",
    "ZerosumError": "zerosum.errors",
    "anomalies": "zerosum.api",
    "audit": "zerosum.api",
    "augment": "zerosum.api",
    "compare": "zerosum.api",
    "evaluate": "zerosum.api",
    "evaluate_augmentation": "zerosum.api",
    "export": "zerosum.api",
    "inspect": "zerosum.origin.inspecting",
    "learn_direction": "zerosum.api",
    "list_runs": "zerosum.api",
    "load": "zerosum.api",
    "recipe": "zerosum.recipe_registry",
    "recipes": "zerosum.api",
    "refine": "zerosum.api",
    "resume": "zerosum.api",
    "schema": "zerosum.api",
    "templates": "zerosum.api",
    "train": "zerosum.api",
}

_MADE_OF_PARTS = ("Audit", "Comparison", "Evaluation")
"""Reports, whose parts each modality registers."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'zerosum' has no attribute {name!r}")
    if name in _MADE_OF_PARTS:
        import_module("zerosum.catalogue").load_installed()
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
