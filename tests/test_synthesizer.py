"""`zs.Synthesizer` keeps the conventions of scikit-learn."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

import zerosum as zs
from zerosum.errors import ConditionError, ConfigError

SMALL: dict[str, Any] = {
    "samples": 256, "quiet": True, "threads": 1, "precision": "fp32", "layout": "contiguous",
    "compile": False, "referee": "off",
    "set": {
        "optimisation.batch_size": 64, "game.generator.width": 16, "game.generator.depth": 1,
    },
}  # fmt: skip


def _frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"kind": rng.choice(["a", "b"], 300), "x": rng.normal(size=300).round(1)})


def test_parameters() -> None:
    made = zs.Synthesizer("table", minutes=2, set={"game.generator.width": 16})
    params = made.get_params()
    assert (params["recipe"], params["minutes"], params["seed"]) == ("table", 2, 0)
    assert not {"data", "root"} & set(params)
    assert made.set_params(seed=4, minutes=None) is made
    twin: Any = clone(made)
    assert twin is not made
    assert twin.get_params() == made.get_params()
    assert repr(zs.Synthesizer("cgan", seed=4)) == "Synthesizer('cgan', seed=4)"
    assert "Synthesizer" in made._repr_html_()
    with pytest.raises(TypeError, match=r"no parameter 'minuts'\. Did you mean 'minutes'"):
        zs.Synthesizer(minuts=1)
    with pytest.raises(ValueError, match="no parameter 'minuts'"):
        made.set_params(minuts=1)


def test_fitted_in_a_pipeline_and_kept_in_a_file(tmp_path: Path) -> None:
    frame = _frame()
    keep = FunctionTransformer(lambda x: x.assign(x=x["x"].abs()))
    pipe = Pipeline([("keep", keep), ("rows", zs.Synthesizer(**SMALL))])
    pipe.set_params(rows__seed=1)
    with pytest.raises(NotFittedError):
        pipe.named_steps["rows"].sample(2)
    assert pipe.fit(frame) is pipe
    fitted: Any = pipe.named_steps["rows"]
    folder = fitted.model_.run
    assert folder.is_dir()
    rows = fitted.sample(20, where={"kind": "a", "x": ">=0.1"}, seed=2)
    assert list(rows.columns) == ["kind", "x"]
    assert set(rows["kind"]) == {"a"}
    assert rows["x"].min() >= 0.1
    assert list(fitted.sample(4, in_turn={"kind": "a,b"})["kind"]) == ["a", "b", "a", "b"]
    assert not hasattr(clone(fitted), "model_")
    again = zs.Synthesizer.load(fitted.save(tmp_path / "rows.safetensors"))
    assert again.recipe == "table"
    assert len(again.sample(3)) == 3
    with pytest.raises(ConditionError):
        again.sample(3, where={"kind": "c"})
    del pipe, fitted
    assert not folder.exists(), "the temporary run goes with its model"


def test_labels_and_a_folder_of_ones_own(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (32, 8, 8), dtype=np.uint8)
    small = SMALL | {"set": {"optimisation.batch_size": 16}, "samples": 32}
    made = zs.Synthesizer("cgan", out=tmp_path / "run", **small).fit(x, ["cat", "dog"] * 16)
    assert made.sample(3, where={"label": "dog"}).labels == ["dog"] * 3
    assert made.model_.run == tmp_path / "run"
    assert zs.Synthesizer.load(tmp_path / "run").recipe == "cgan"


def test_a_training_that_fails_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    wrong: dict[str, Any] = SMALL | {"set": {"game.nothing": 1}}
    with pytest.raises(ConfigError):
        zs.Synthesizer("table", **wrong).fit(_frame())
    assert not list(tmp_path.iterdir())
