"""What a referee leaves in a checkpoint is believed only as far as it can be true."""

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest

from zerosum.errors import RunError
from zerosum.referee.notes import read_notes

LOOK = {
    "step": 40, "sight": {"distance": 0.2, "coverage": 0.9, "lost": 0.0, "spread": 1.0},
    "accuracy": 0.6, "real_sign": 0.1,
}  # fmt: skip
NOTES: dict[str, Any] = {
    "rules": {"kind": "recipe"}, "every": 20, "first": 2.0, "best": LOOK, "looks": [LOOK],
    "row": {"discriminator/accuracy": 0.6}, "told": {"stalled": 0.4},
    "tries": ["stalled:add-penalties"], "first_aid": {"add-penalties": 0.3}, "alarm": math.inf,
    "kept": [[20, 0.5], [40, 0.2]], "waiting": None,
    "trace": {"rows": [{"generator/speed": -3.0}], "scores": {}, "expected": []},
    "reals": {"counts": [3.0, 5.0], "batches": 8, "largest": 1.0},
}  # fmt: skip

FALSE: dict[str, tuple[Callable[[Any], object], str]] = {
    "a best step to come": (lambda n: n["best"].update(step=10**6), "speaks of step 1000000"),
    "a best step that was not kept": (lambda n: n["best"].update(step=30), "has kept no state"),
    "a look to come": (lambda n: n["looks"][0].update(step=101), "speaks of step 101"),
    "a kept step to come": (lambda n: n["kept"].append([200, 0.1]), "speaks of step 200"),
    "no distance": (lambda n: n["best"]["sight"].update(distance=math.nan), "distance"),
    "a distance below 0": (lambda n: n["looks"][0]["sight"].update(distance=-1.0), "distance"),
    "a kept distance without end": (lambda n: n["kept"][0].__setitem__(1, math.inf), "kept"),
    "more than all": (lambda n: n["best"]["sight"].update(coverage=7.0), "coverage"),
    "counts below 0": (lambda n: n["reals"].update(counts=[-1e300, 1.0]), "counts"),
    "no first distance": (lambda n: n.update(first=math.inf), "first"),
    "an alarm at no step": (lambda n: n.update(alarm=math.nan), "alarm"),
    "a time after the end": (lambda n: n["told"].update(stalled=9.0), "told"),
    "an unknown remedy": (lambda n: n["first_aid"].update(zz=0.1), "no remedy 'zz'"),
    "rows of nothing": (lambda n: n["trace"]["rows"][0].update(x=math.nan), "trace.rows"),
}


def test_what_a_referee_leaves_is_read() -> None:
    read = read_notes(NOTES, source="notes", step=100)
    assert read.best is not None
    assert read.best.step == 40


@pytest.mark.parametrize(("change", "words"), FALSE.values(), ids=FALSE)
def test_what_cannot_be_true_is_refused(change: Callable[[Any], object], words: str) -> None:
    notes = copy.deepcopy(NOTES)
    notes["best"], notes["looks"] = copy.deepcopy(LOOK), [copy.deepcopy(LOOK)]
    change(notes)
    with pytest.raises(RunError, match=words):
        read_notes(notes, source="notes", step=100)
