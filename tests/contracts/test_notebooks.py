"""The example notebooks run from top to bottom, and show what they promise."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "examples" / "notebooks"


def cells_of(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text("utf-8"))["cells"]


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_it_is_committed_without_outputs(path: Path) -> None:
    for cell in cells_of(path):
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
def test_the_first_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    notebook = nbformat.read(NOTEBOOKS / "first_hour.ipynb", as_version=4)
    folder = tmp_path / "work"
    folder.mkdir()
    client = nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=dict(os.environ))
    shown = {cell["source"]: outputs_of(cell) for cell in notebook.cells if "outputs" in cell}

    training = next(html for source, html in shown.items() if 'zs.train("cgan"' in source)
    assert len(training) == 1, "one output, updated in place"
    assert training[0].count("data:image/png;base64,") == 2, "samples and curves"
    assert "finished" in training[0] or "out of time" in training[0]
    for source in ("model", "threes", "tour", "found", "judged", "attacked"):
        (html,) = (outs for code, outs in shown.items() if code.splitlines()[-1] == source)
        assert len(html) == 1
        assert len(html[0]) < 200_000
    assert {
        "threes.png",
        "walk.gif",
        "digits.html",
        "people.html",
        "audit.html",
        "synthetic.csv",
    } <= {path.name for path in folder.iterdir()}


def outputs_of(cell: Any) -> list[str]:
    """The HTML of each output of a cell; there is no other output than that and text."""
    kinds = {one["output_type"] for one in cell["outputs"]}
    assert kinds <= {"display_data", "execute_result"}, cell["outputs"]
    return [one["data"].get("text/html", "") for one in cell["outputs"]]
