"""What every recipe must obey. A new file in the zoo is covered with no edit here."""

import pytest

from zerosum.catalogue import all_recipes
from zerosum.testing import LAWS, check_recipe


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", all_recipes())
def test_recipe_obeys(name: str, law: str) -> None:
    check_recipe(name, laws=(law,))
