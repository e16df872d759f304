"""The view of a training in a notebook."""

import sys
from types import SimpleNamespace

import pytest

import zerosum as zs
from zerosum import notebook


class Shell:
    """Stands for IPython: keeps what every output showed last, and how often it changed."""

    def __init__(self) -> None:
        self.outputs: list[str] = []
        self.updates = 0

    def display(self, html: str, *, display_id: bool) -> "Handle":
        assert display_id
        self.outputs.append(html)
        return Handle(self, len(self.outputs) - 1)


class Handle:
    """An output that is there."""

    def __init__(self, shell: Shell, number: int) -> None:
        self._shell, self._number = shell, number

    def update(self, html: str) -> None:
        self._shell.outputs[self._number] = html
        self._shell.updates += 1


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    """As if this were a notebook."""
    shell = Shell()
    kernel = SimpleNamespace(kernel=object())
    module = SimpleNamespace(get_ipython=lambda: kernel)
    monkeypatch.setitem(sys.modules, "IPython", module)  # pyright: ignore[reportArgumentType]
    display = SimpleNamespace(display=shell.display, HTML=str)
    monkeypatch.setitem(sys.modules, "IPython.display", display)  # pyright: ignore[reportArgumentType]
    return shell


def test_elsewhere_there_is_no_notebook() -> None:
    assert not notebook.in_notebook()


def test_a_training_is_one_output(
    shell: Shell, tmp_path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(notebook, "_SECONDS", 0.0)
    zs.train("vanilla", "ring", samples=2_560, out=f"{tmp_path}/run", threads=1, compile=False)
    (view,) = [html for html in shell.outputs if "vanilla on ring" in html]
    assert shell.updates > 2
    assert "finished at 2,560 points" in view
    assert "model.sample(64)" in view
    assert view.count("data:image/png;base64,") == 2, "samples and curves"
    assert "width:100.0%" in view
    assert capsys.readouterr().err == ""


def test_a_long_preparation_is_one_output(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "_PATIENCE", 0.0)
    tell = notebook.reporter()
    for done in (1, 2, 4):
        tell("reading <rows>", done, 4)
    (bar,) = shell.outputs
    assert "reading &lt;rows&gt;: 4 of 4" in bar
    assert "width:100.0%" in bar


def test_what_is_said_of_data_is_no_error_output(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    tell = notebook.reporter()
    tell.say("people.csv: 'city' <of birth>: taken for categories.")
    tell.say("a second one")
    (said,) = shell.outputs
    assert "&lt;of birth&gt;: taken for categories." in said
    assert "a second one" in said
    notebook.reporter(quiet=True).say("nothing")
    assert len(shell.outputs) == 1
    assert capsys.readouterr().err == ""
