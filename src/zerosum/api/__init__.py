"""The Python face: the verbs of `import zerosum as zs`."""

from zerosum.api.judging import anomalies, audit, compare, evaluate
from zerosum.api.lists import list_runs, recipes, schema
from zerosum.api.making import refine, resume, train
from zerosum.api.opening import export, load
from zerosum.workflows.augment import augment, evaluate_augmentation
from zerosum.workflows.control import learn_direction
from zerosum.workflows.templates import templates

__all__ = [
    "anomalies", "audit", "augment", "compare", "evaluate", "evaluate_augmentation", "export",
    "learn_direction", "list_runs", "load", "recipes", "refine", "resume", "schema", "templates",
    "train",
]  # fmt: skip
