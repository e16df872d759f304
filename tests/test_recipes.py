"""Finding recipes: by name, in a file, in an installed package."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.forks import Forks
from zerosum.catalogue import all_recipes, find_recipe, load_recipe_file
from zerosum.config import known_kind
from zerosum.errors import RecipeError
from zerosum.recipes import Recipe
from zerosum.spaces import ImageSpace, PointSpace

IMAGES = ImageSpace(channels=1, height=8, width=8)
POINTS = PointSpace(center=(0.0,), scale=(1.0,))
SOURCE = '''"""A recipe of one's own."""

from zerosum.config import Config
from zerosum.catalogue import find_recipe
from zerosum.recipes import Recipe, recipe
from zerosum.spaces import Space


class Own(Config):
    kind = "{name}"


@recipe(paper="Somebody 2030", spaces=("point",))
def {name}(space: Space) -> Recipe:
    """One of my own; it is `vanilla`.

    A second paragraph.
    """
    return find_recipe("vanilla").resolve(space).with_values({{"name": "{name}"}})
'''


def write(path: Path, name: str) -> Path:
    path.write_text(SOURCE.format(name=name), encoding="utf-8")
    return path


def test_the_zoo_is_found_by_itself() -> None:
    found = all_recipes()
    assert list(found) == sorted(found)
    assert {"vanilla", "dcgan", "wgan_gp", "cgan", "infogan", "r3gan"} <= set(found)
    assert all(entry.name == name for name, entry in found.items())
    assert all(found[name].source is None for name in ("vanilla", "dcgan"))


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"no recipe 'dcgn'. Did you mean 'dcgan'\? Allowed: "):
        find_recipe("dcgn")


def test_a_recipe_says_what_it_takes() -> None:
    with pytest.raises(RecipeError, match=r"dcgan takes image data.*'point' with shape \(1,\)"):
        find_recipe("dcgan").resolve(POINTS)
    with pytest.raises(RecipeError, match="cgan does not take this data: it needs labels"):
        find_recipe("cgan").resolve(IMAGES)
    assert find_recipe("vanilla").resolve(POINTS).name == "vanilla"


def test_a_summary_is_the_first_paragraph() -> None:
    for entry in all_recipes().values():
        assert entry.summary
        assert "\n" not in entry.summary


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", "own_recipe")
    entry = find_recipe(str(path))
    assert (entry.name, entry.paper, entry.source) == ("own_recipe", "Somebody 2030", path)
    assert entry.summary == "One of my own; it is `vanilla`."
    assert isinstance(entry.resolve(POINTS), Recipe)
    assert find_recipe(path) == entry, "a second look finds the same"
    assert find_recipe("own_recipe") == entry, "it has a name from then on"


def test_the_last_recipe_of_a_file_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "two.py"
    path.write_text(SOURCE.format(name="own_first") + SOURCE.format(name="own_second"))
    assert load_recipe_file(path).name == "own_second"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no recipe file at .*gone\.py"):
        find_recipe(str(tmp_path / "gone.py"))
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(RecipeError, match=r"no recipe file at .*folder\.py"):
        find_recipe(tmp_path / "folder.py")


def test_a_file_without_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "empty.py"
    path.write_text("x = 1\n")
    for _ in range(2):
        with pytest.raises(RecipeError, match=r"empty.py registers no recipe. Decorate"):
            find_recipe(path)


def test_a_file_that_fails_can_be_mended(tmp_path: Path) -> None:
    path = write(tmp_path / "failing.py", "own_failing")
    whole = path.read_text()
    path.write_text(whole + "\nraise OSError('on the way')\n")
    with pytest.raises(OSError, match="on the way"):
        find_recipe(path)
    assert "own_failing" not in all_recipes(), "half a file has left a recipe behind"
    path.write_text(whole)
    assert find_recipe(path).name == "own_failing"
    assert known_kind("own_failing")


def test_a_file_that_has_changed_is_loaded_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "changing.py", "own_changing")
    assert find_recipe(path).paper == "Somebody 2030"
    path.write_text(path.read_text().replace("Somebody 2030", "Somebody 2031"))
    assert find_recipe(path).paper == "Somebody 2031"
    write(path, "own_renamed")
    assert find_recipe(path).name == "own_renamed"
    assert "own_changing" not in all_recipes()
    assert not known_kind("own_changing")


def test_a_copy_of_a_file_is_the_same_file(tmp_path: Path) -> None:
    entry = find_recipe(write(tmp_path / "original.py", "own_copied"))
    assert find_recipe(write(tmp_path / "copy.py", "own_copied")) is entry


def test_two_recipes_of_one_name(tmp_path: Path) -> None:
    write(tmp_path / "one.py", "own_twice")
    load_recipe_file(tmp_path / "one.py")
    other = SOURCE.format(name="own_twice").replace('kind = "own_twice"', 'kind = "own_other"')
    (tmp_path / "two.py").write_text(other)
    with pytest.raises(RecipeError, match=r"recipe 'own_twice' of .* is taken by .* rename"):
        load_recipe_file(tmp_path / "two.py")
    assert find_recipe("own_twice").source == tmp_path / "one.py"


def test_a_recipe_of_the_zoo_cannot_be_replaced(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"recipe 'dcgan' of .* is taken by zerosum\.zoo\.dcgan"):
        load_recipe_file(write(tmp_path / "mine.py", "dcgan"))


# Installed packages


def install(folder: Path, *, source: str) -> None:
    """A throw-away distribution, as a wheel would unpack it."""
    info = folder / "plugged-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[zerosum.recipes]\nplugged = plugged_gan\n")
    (folder / "plugged_gan.py").write_text(source)


def command_line(forks: Forks, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    (folder / "launch.py").write_text("from zerosum.cli.app import main\nmain()\n")
    return forks.run(folder / "launch.py", *words)  # which looks for packages beside it


def test_an_installed_package_adds_its_recipes(tmp_path: Path, forks: Forks) -> None:
    install(tmp_path, source=SOURCE.format(name="plugged_gan"))
    done = command_line(forks, tmp_path, "recipes", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["plugged_gan"]["paper"] == "Somebody 2030"
    assert rows["plugged_gan"]["takes"] == ["point"]
    assert {"vanilla", "dcgan"} <= set(rows)


def test_a_package_that_cannot_be_loaded_is_named(tmp_path: Path, forks: Forks) -> None:
    install(tmp_path, source="import a_library_that_is_not_there\n")
    done = command_line(forks, tmp_path, "recipes")
    assert done.returncode == 2
    assert "RecipeError" in done.stderr
    assert "plugged" in done.stderr
    assert "a_library_that_is_not_there" in done.stderr
    assert "Traceback" not in done.stderr
