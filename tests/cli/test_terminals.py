"""Terminals that cannot show every character: nothing fails for it."""

import io
import json
import sys
import warnings
from pathlib import Path

import pytest

from zerosum.cli.app import main


@pytest.fixture(params=["ascii", "utf-8"])
def encoding(request: pytest.FixtureRequest) -> str:
    """Of the terminal."""
    return request.param


def run(
    words: list[str], encoding: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, bytes, bytes]:
    """Exit code of `zerosum WORDS`, and what a terminal of that encoding gets."""
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding))
    monkeypatch.setattr(sys, "argv", ["zerosum", *words])
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put it back after
    with pytest.raises(SystemExit) as exit_:
        main()
    written = []
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        written.append(stream.buffer.getvalue())
    code = exit_.value.code
    return code if isinstance(code, int) else 0, *written


def test_names_beyond_ascii(encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"Å→{i % 3},{i % 7}\n" for i in range(60))
    path = tmp_path / "t.csv"
    path.write_text(f"città,x\n{rows}", encoding="utf-8")
    code, out, err = run(["schema", str(path)], encoding, monkeypatch)
    assert (code, err) == (0, b"")
    for text in ("città", "Å→0"):
        assert text.encode(encoding, errors="backslashreplace") in out
    code, out, _ = run(["schema", str(path), "--json"], encoding, monkeypatch)
    assert code == 0
    assert json.loads(out)["fields"][0]["name"] == "città"


def test_names_that_are_no_text(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "caf\udce9").mkdir()
    monkeypatch.chdir(tmp_path)
    code, out, err = run(["train", "r3gan", "--data", "caf\udce9"], encoding, monkeypatch)
    assert (code, out) == (2, b"")
    assert rb"the path of the data 'caf\udce9' is not UTF-8" in err
    code, out, _ = run(["runs", "caf\udce9"], encoding, monkeypatch)
    assert code == 0
    assert out.startswith(b"no runs in caf")
