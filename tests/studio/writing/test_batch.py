"""Copy for many files, kept as it is written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from zerosum.errors import DataError
from zerosum.studio.writing.batch import subjects_of, write_batch
from zerosum.studio.writing.drafts import Draft, read_copy
from zerosum.studio.writing.errors import EndpointError
from zerosum.studio.writing.subjects import CopySubject
from zerosum.studio.writing.template_writer import TemplateWriter


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "out"
    folder.mkdir()
    for i in range(3):
        Image.new("RGB", (8, 8), "#d42020").save(folder / f"{i}.png")
    (folder / "labels.csv").write_text("file,label,season\n0.png,sandal,\n1.png,boot,winter\n")
    return [folder / f"{i}.png" for i in range(3)]


def test_facts_belong_to_files_beside_them(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = files[0].parent / "labels.csv"
    subjects = subjects_of(files, facts=facts, label="shoe", attributes={"made": "2026"})
    first, second, third = subjects.values()
    assert (first.label, dict(first.attributes)) == ("sandal", {"made": "2026"})
    assert (second.label, dict(second.attributes)) == ("boot", {"made": "2026", "season": "winter"})
    assert third.label == "shoe"
    monkeypatch.chdir(files[0].parent)
    assert subjects_of([Path("1.png")], facts=Path("labels.csv"))["1.png"].label == "boot"


def test_tables_are_described_by_their_columns(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('age,"city, town"\n1,Graz\n2,"Wien\nX"\n')
    (subject,) = subjects_of([tmp_path / "rows.csv"]).values()
    assert dict(subject.attributes) == {"rows": "2", "columns": "age, city, town"}
    assert subject.picture is None
    assert "rows: 2; columns: age, city, town" in TemplateWriter().write(subject).copy.body


def test_what_does_not_fit_is_refused(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="given twice"):
        subjects_of([files[0], files[0]])
    with pytest.raises(DataError, match="there is no file"):
        subjects_of([tmp_path / "none.png"])
    (tmp_path / "facts.csv").write_text("name\nx\n")
    with pytest.raises(DataError, match="a column `file`"):
        subjects_of(files, facts=tmp_path / "facts.csv")
    (tmp_path / "facts.csv").write_text("file,label\n0.png,x\n")
    with pytest.raises(DataError, match="names none of the files"):
        subjects_of(files, facts=tmp_path / "facts.csv")


def failing_after(n: int) -> Callable[[CopySubject], Draft]:
    left = [n]

    def write(subject: CopySubject) -> Draft:
        left[0] -= 1
        if left[0] < 0:
            raise EndpointError("no more credit")
        return TemplateWriter().write(subject)

    return write


def test_what_was_written_is_kept_and_not_written_again(files: list[Path], tmp_path: Path) -> None:
    subjects, out = subjects_of(files), tmp_path / "copy.csv"
    with pytest.raises(EndpointError):
        list(write_batch(subjects, failing_after(2), out))
    assert len(read_copy(out)) == 2
    changed = out.read_text("utf-8").replace("Picture in red", "By hand", 1)
    out.write_text(changed, "utf-8")
    drafts = [draft for _, _, draft in write_batch(subjects, failing_after(1), out)]
    assert [draft is None for draft in drafts] == [True, True, False]
    titles = [copy.title for _, copy, _ in read_copy(out)]
    assert titles == ["By hand", "Picture in red", "Picture in red"]
