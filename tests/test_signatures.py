"""What editors are told is what runs: names of recipes by model, and options of verbs."""

from inspect import signature
from typing import Any, get_args

import pytest

import zerosum as zs
from zerosum.api import making, opening
from zerosum.catalogue import all_recipes, modality_of
from zerosum.signatures import (
    CaptionRecipe,
    DatabaseRecipe,
    LevelRecipe,
    LoadOptions,
    MoleculeRecipe,
    PlainRecipe,
    ResumeOptions,
    SequenceRecipe,
    SoundRecipe,
    StyledRecipe,
    TableRecipe,
    TextRecipe,
    TextureRecipe,
    TrainOptions,
    TranslationRecipe,
    VocoderRecipe,
    VoiceRecipe,
)
from zerosum.testing import small_dataset

LISTED: dict[type[zs.Model], Any] = {
    zs.RelationalModel: DatabaseRecipe,
    zs.LevelModel: LevelRecipe,
    zs.SoundModel: SoundRecipe,
    zs.TableModel: TableRecipe,
    zs.TextModel: TextRecipe,
    zs.TextureModel: TextureRecipe,
    zs.CaptionModel: CaptionRecipe,
    zs.MoleculeModel: MoleculeRecipe,
    zs.SequenceModel: SequenceRecipe,
    zs.StyledModel: StyledRecipe,
    zs.TranslationModel: TranslationRecipe,
    zs.VocoderModel: VocoderRecipe,
    zs.VoiceModel: VoiceRecipe,
    zs.Model: PlainRecipe,
}


def test_each_recipe_is_listed_under_its_model() -> None:
    found: dict[type[zs.Model], set[str]] = {kind: set() for kind in LISTED}
    for name, entry in all_recipes().items():
        if entry.source is None:
            space = small_dataset(entry.spaces[0], needs=entry.needs).space
            game = entry.resolve(space).game.build(space)
            found[modality_of(space).model(game)].add(name)
    assert found == {kind: set(get_args(names)) for kind, names in LISTED.items()}


@pytest.mark.parametrize(
    ("verb", "first", "options"),
    [
        (making.train, {"recipe", "data"}, TrainOptions),
        (making.resume, {"run", "recipe"}, ResumeOptions),
        (opening.load, {"run", "recipe"}, LoadOptions),
    ],
)
def test_options_are_those_of_the_verb(verb: Any, first: set[str], options: Any) -> None:
    parameters = signature(verb).parameters
    assert set(options.__annotations__) == set(parameters) - first
    for name, kind in options.__annotations__.items():
        assert parameters[name].annotation == kind, name
