"""The Python on the pages is sound to an editor: pyright finds nothing in it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.test_docs import EXECUTABLE, page_id, script_and_files

SRC = Path(__file__).parents[2] / "src"

KINDS = """
import pandas as pd
import zerosum as zs
from typing import assert_type
from zerosum.modalities.relational.finding import FoundSchema
from zerosum.modalities.tables.schema import Schema

assert_type(zs.train("table", data="people.csv", minutes=1), zs.TableModel)
assert_type(zs.train("stylegan", data="faces", capacity="large"), zs.StyledModel)
assert_type(zs.train("pix2pix", data="pairs"), zs.TranslationModel)
assert_type(zs.train("levels", data="dungeon"), zs.LevelModel)
assert_type(zs.train("sound", data="kit"), zs.SoundModel)
assert_type(zs.train("text", data="notes"), zs.TextModel)
assert_type(zs.train("texture", data="wall.jpg"), zs.TextureModel)
assert_type(zs.train("my_gan.py", data="digits"), zs.Model)
assert_type(zs.load("runs/a", recipe="table"), zs.TableModel)
assert_type(zs.resume("runs/a", recipe="stylegan", minutes=1), zs.StyledModel)
assert_type(zs.load("runs/a"), zs.Model)
assert_type(zs.load("runs/a").sample(4), zs.Samples)
frame = pd.DataFrame({"a": [1]})
assert_type(zs.schema(frame), Schema)
assert_type(zs.schema({"people": frame}), FoundSchema)
assert_type(zs.schema("people.csv").rows, list[dict[str, str]])
zs.schema("people.csv", missing=["?"]).save("schema.json")
"""


@pytest.mark.slow
def test_pyright_finds_nothing_on_the_pages(tmp_path: Path) -> None:
    (tmp_path / "kinds.py").write_text(KINDS, "utf-8")
    for page in EXECUTABLE:
        script, files = script_and_files(page.read_text("utf-8"))
        folder = tmp_path / page_id(page).replace("/", "-").removesuffix(".md").replace(".", "-")
        folder.mkdir()
        for name, code in {f"{page.stem}_page.py": script, **files}.items():
            (folder / name).write_text(code, "utf-8")
    settings = {"typeCheckingMode": "standard", "extraPaths": [str(SRC)]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["summary"]["filesAnalyzed"] > len(EXECUTABLE)
    told = [
        f"{Path(one['file']).relative_to(tmp_path)}:{one['range']['start']['line'] + 1}: "
        f"{one['message']}"
        for one in found["generalDiagnostics"]
        if one["severity"] == "error"
    ]
    assert not told, "\n".join(told)
