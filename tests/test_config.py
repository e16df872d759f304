"""Configuration: the trip through JSON, what is refused and what the refusal says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import PositiveInt, ValidationError

from zerosum.catalogue import all_recipes
from zerosum.config import (
    Config,
    family_of,
    kinds_in,
    known_kind,
    parse_assignments,
)
from zerosum.data.base import DataConfig
from zerosum.engine.optimisation import Adam, Optimisation, OptimizerConfig, Sgd
from zerosum.errors import ConfigError
from zerosum.games.base import GameConfig
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.networks.base import DiscriminatorConfig, GeneratorConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.objectives.adversarial import AdversarialLoss, Hinge
from zerosum.objectives.penalties import R1, Penalty
from zerosum.recipe_registry import Recipe
from zerosum.schedules import Cosine, Linear, Schedule
from zerosum.spaces import ImageSpace, Space

all_recipes()  # papers bring kinds of their own


def of_zerosum(family: type[Config]) -> dict[str, type[Config]]:
    return {k: c for k, c in family_of(family).items() if c.__module__.startswith("zerosum.")}


def with_defaults() -> dict[str, type[Config]]:
    return {
        kind: cls
        for kind, cls in of_zerosum(Config).items()
        if not any(field.is_required() for field in cls.model_fields.values())
    }


def make_recipe() -> Recipe:
    return Recipe(
        name="made",
        game=TwoPlayerConfig(
            generator=MlpGeneratorConfig(),
            discriminator=MlpDiscriminatorConfig(),
            penalties=(R1(weight=2.0), R1(weight=3.0, every=4)),
        ),
        optimisation=Optimisation(optimizers={"generator": Adam(), "discriminator": Sgd(lr=0.5)}),
    )


class Shelf(Config):
    kind = "test_shelf"
    books: tuple[Penalty, ...] = ()
    width: PositiveInt = 3


# JSON


@pytest.mark.parametrize("kind", with_defaults())
def test_every_kind_with_defaults_survives_json(kind: str) -> None:
    config = with_defaults()[kind]()
    text = json.dumps(config.to_json(), allow_nan=False)
    again = Config.from_json(json.loads(text))
    assert again == config
    assert type(again) is type(config)
    assert again.to_json() == config.to_json()


@pytest.mark.parametrize("kind", with_defaults())
def test_a_bare_kind_stands_for_its_defaults(kind: str) -> None:
    assert Config.from_json(kind) == with_defaults()[kind]()


@pytest.mark.parametrize("name", [n for n, e in all_recipes().items() if "image" in e.spaces])
def test_every_recipe_survives_json(name: str) -> None:
    space = ImageSpace(channels=3, height=20, width=16, labels=("a",), label_counts=(4,))
    recipe = all_recipes()[name].build(space)
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_members_of_a_family_keep_their_type_in_tuples_and_dicts() -> None:
    again = Recipe.from_json(make_recipe().to_json())
    assert isinstance(again.game, TwoPlayerConfig)
    assert again.game.penalties == (R1(weight=2.0), R1(weight=3.0, every=4))
    assert type(again.optimisation.optimizers["discriminator"]) is Sgd


def test_a_concrete_class_needs_no_kind() -> None:
    assert R1.from_json({"weight": 2}) == R1(weight=2.0)


def test_kinds_in_finds_nested_ones() -> None:
    found = kinds_in(make_recipe().to_json())
    assert {"recipe", "two_player", "r1", "adam", "sgd", "mlp_generator"} <= found
    assert all(map(known_kind, found))
    assert not known_kind("no such kind")


# What is refused


@pytest.mark.parametrize(
    ("cls", "data", "words"),
    [
        (
            Penalty,
            {"kind": "r1", "weights": 2},
            r"r1: unknown key 'weights'. Did you mean 'weight'\?",
        ),
        (Penalty, {"kind": "r11"}, r"no Penalty of kind 'r11'. Did you mean 'r1'\? Allowed: .*r2"),
        (Penalty, "ridge", "no Penalty of kind 'ridge'. Allowed: dragan"),
        (Penalty, {"weight": 2}, "no kind given. .*Allowed: dragan"),
        (Penalty, {"kind": "adam"}, "no Penalty of kind 'adam'"),
        (Penalty, {"kind": 7}, "no Penalty of kind 7"),
        (Penalty, {"kind": ["r1"]}, "no Penalty of kind"),
        (R1, {"weight": -1}, "r1.weight is -1: .*greater than or equal to 0"),
        (R1, {"weight": "much"}, "r1.weight is 'much': .*number"),
        (R1, {"weight": float("nan")}, "r1.weight is nan"),
        (R1, {"every": 0}, "r1.every is 0"),
        (R1, {"every": 1.5}, "r1.every is 1.5"),
        (Adam, {"lr": float("inf")}, "adam.lr is inf: .*finite"),
        (Adam, {"beta1": 1}, "adam.beta1 is 1"),
        (Schedule, {"kind": "linear", "begin": 2}, "linear.begin is 2"),
        (Shelf, {"books": [{"kind": "r1"}, "r3"]}, "no Penalty of kind 'r3'"),
        (Shelf, {"books": "r1"}, "test_shelf.books is 'r1'"),
        (Recipe, 7, "recipe.value is 7"),
        (Recipe, None, "recipe.value is None"),
        (Space, {"kind": "image"}, "image.channels .*image.height .*image.width"),
    ],
)
def test_a_bad_value_is_named(cls: type[Config], data: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        cls.from_json(data)


def test_a_missing_value_is_called_missing() -> None:
    with pytest.raises(ConfigError, match=r"image.height.*required") as caught:
        ImageSpace.from_json({"channels": 1, "width": 8})
    assert "{" not in str(caught.value), "the whole input is no help"


def test_a_member_of_another_family_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Penalty.value is Adam\("):
        Shelf(books=(Adam(),))  # pyright: ignore[reportArgumentType]


def test_a_configuration_is_frozen() -> None:
    config = R1()
    with pytest.raises(ValidationError, match="frozen"):
        config.weight = 3.0


def test_a_kind_is_taken_once() -> None:
    with pytest.raises(ConfigError, match=r"kind 'r1' of .*Other is taken by zerosum.*R1"):

        class Other(Penalty):
            kind = "r1"

    assert family_of(Penalty)["r1"] is R1


# with_values


def test_values_are_replaced_at_any_depth() -> None:
    changed = make_recipe().with_values(
        {
            "name": "other",
            "game.latent_dim": 5,
            "game.penalties.1.weight": 9,
            "optimisation.optimizers.generator.schedule": "cosine",
        }
    )
    assert isinstance(changed.game, TwoPlayerConfig)
    assert changed.name == "other"
    assert changed.game.latent_dim == 5
    assert changed.game.penalties == (R1(weight=2.0), R1(weight=9.0, every=4))
    assert changed.optimisation.optimizers["generator"].schedule == Cosine()
    assert make_recipe().name == "made"


def test_another_kind_starts_from_its_own_defaults() -> None:
    by_string = make_recipe().with_values({"game.adversarial": "hinge"})
    by_kind = make_recipe().with_values({"game.adversarial.kind": "hinge"})
    assert by_string == by_kind
    assert isinstance(by_string.game, TwoPlayerConfig)
    assert by_string.game.adversarial == Hinge()
    same = make_recipe().with_values({"optimisation.optimizers.discriminator.kind": "sgd"})
    assert same == make_recipe()


@pytest.mark.parametrize("tail", ["", ".kind"])
def test_another_kind_takes_values_of_its_own_after_it(tail: str) -> None:
    player = "optimisation.optimizers.generator"
    changed = make_recipe().with_values(
        {f"{player}{tail}": "sgd", f"{player}.momentum": 0.5, f"{player}.schedule.value": 0.1}
    )
    expected = Sgd(momentum=0.5).with_values({"schedule.value": 0.1})
    assert changed.optimisation.optimizers["generator"] == expected


def test_required_values_of_another_kind_can_follow_it() -> None:
    changed = make_recipe().with_values(
        {
            "game": "two_player",
            "game.generator": "mlp_generator",
            "game.generator.width": 7,
            "game.discriminator": {"kind": "mlp_discriminator", "depth": 4},
        }
    )
    assert isinstance(changed.game, TwoPlayerConfig)
    assert changed.game.generator == MlpGeneratorConfig(width=7)
    assert changed.game.discriminator == MlpDiscriminatorConfig(depth=4)
    assert changed.game.penalties == ()


def test_required_values_of_another_kind_are_asked_for() -> None:
    with pytest.raises(ConfigError, match=r"GeneratorConfig\.value is None"):
        make_recipe().with_values({"game.kind": "two_player", "game.generator": None})
    with pytest.raises(ConfigError, match=r"two_player.generator is missing: .*required"):
        make_recipe().with_values({"game": "two_player"})


def test_a_whole_list_can_be_given() -> None:
    changed = make_recipe().with_values(
        {"game.penalties": ["r2", {"kind": "dragan"}, "r1"], "game.penalties.2.weight": 5}
    )
    assert isinstance(changed.game, TwoPlayerConfig)
    assert [penalty.kind for penalty in changed.game.penalties] == ["r2", "dragan", "r1"]
    assert changed.game.penalties[2] == R1(weight=5.0)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("game.latent_dimm", 3, r"game has no 'latent_dimm'. Did you mean 'latent_dim'\?"),
        ("gmae.latent_dim", 3, r"the recipe has no 'gmae'. Did you mean 'game'\?"),
        ("game.penalties.2.weight", 3, r"game.penalties has no '2'. Allowed: 0, 1"),
        ("game.penalties.-1.weight", 3, "game.penalties has no '-1'"),
        ("name.first", 3, "name has no 'first'"),
        ("game.latent_dim.x", 3, "game.latent_dim has no 'x'"),
        ("", 3, "no key ''"),
        ("game.", 3, "no key 'game.'"),
        ("game.latent_dim", 0, "two_player.latent_dim is 0"),
        ("game.adversarial", "hinges", r"of kind 'hinges'. Did you mean 'hinge'\?"),
        ("game.adversarial.kind", "hinges", "no AdversarialLoss of kind 'hinges'"),
        ("game.adversarial.kind", "r1", "no AdversarialLoss of kind 'r1'"),
        ("game.adversarial.kind", ["hinge"], "no AdversarialLoss of kind"),
        ("optimisation.optimizers.critic.lr", 3, "optimisation.optimizers has no 'critic'"),
    ],
)  # fmt: skip
def test_a_bad_change_is_named(key: str, value: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make_recipe().with_values({key: value})


# The command line's assignments


def test_assignments_are_json_or_plain_text() -> None:
    pairs = ["a=1", "b.c=true", 'd="1"', "e=[1, 2]", "f=x=y", "g=", " h =null"]
    expected = {"a": 1, "b.c": True, "d": "1", "e": [1, 2], "f": "x=y", "g": "", "h": None}
    assert parse_assignments(pairs) == expected


@pytest.mark.parametrize("pair", ["game.gamma", "=3", ""])
def test_what_is_not_an_assignment_is_refused(pair: str) -> None:
    with pytest.raises(ConfigError, match=r"is not an assignment\. Write key=value"):
        parse_assignments([pair])


# JSON Schema


def objects_in(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from objects_in(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from objects_in(inner)


def schema_of(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    tagged = [body for body in objects_in(schema) if isinstance(body.get("properties"), dict)]
    bodies = [b for b in tagged if b["properties"].get("kind") == {"const": kind}]
    assert bodies, f"no schema of {kind}"
    return bodies[0]


def test_the_schema_of_a_recipe_holds_every_kind_it_may_hold() -> None:
    schema = Recipe.json_schema()
    json.dumps(schema)
    families = (
        GameConfig, GeneratorConfig, DiscriminatorConfig, AdversarialLoss, Penalty, Schedule,
        OptimizerConfig,
    )  # fmt: skip
    for family in families:
        for kind, cls in of_zerosum(family).items():
            body = schema_of(kind, schema)
            assert set(body["properties"]) == {"kind", *cls.model_fields}
            required = {n for n, field in cls.model_fields.items() if field.is_required()}
            assert set(body.get("required", [])) == required
            assert body["additionalProperties"] is False


def test_the_schema_offers_a_choice_where_a_family_stands() -> None:
    schema = Recipe.json_schema()
    whole, bare = schema["$defs"]["Penalty"]["anyOf"]
    assert whole["required"] == ["kind"], "without a kind the members cannot be told apart"
    assert len(whole["anyOf"]) == len(family_of(Penalty))
    assert set(of_zerosum(Penalty)) <= set(bare["enum"])
    assert "anyOf" in schema["$defs"]["GameConfig"]
    assert "two_player" not in str(schema["$defs"]["GameConfig"]["anyOf"][-1].get("enum")), (
        "a game needs networks, so its bare kind is not enough"
    )


def test_defaults_in_the_schema_are_what_one_would_write() -> None:
    schema = Recipe.json_schema()
    adam = schema_of("adam", schema)["properties"]
    assert adam["schedule"]["default"] == {"kind": "constant", "value": 1.0}
    loss = schema_of("two_player", schema)["properties"]["adversarial"]
    assert loss["default"] == {"kind": "non_saturating"}


def test_the_schema_knows_bounds_and_words() -> None:
    schema = Recipe.json_schema()
    assert schema_of("r1", schema)["properties"]["weight"]["minimum"] == 0
    words = schema_of("dcgan_discriminator", schema)["properties"]["normalisation"]["enum"]
    assert words == ["none", "batch", "layer", "spectral"]


def test_every_kind_says_what_it_is() -> None:
    silent = [kind for kind, cls in of_zerosum(Config).items() if not cls.__dict__.get("__doc__")]
    assert not silent


def test_families_are_disjoint_where_fields_are() -> None:
    families = [GameConfig, GeneratorConfig, DiscriminatorConfig, Penalty, Schedule, DataConfig]
    kinds = [kind for family in families for kind in family_of(family)]
    assert len(kinds) == len(set(kinds))
    assert isinstance(Schedule.from_json("linear"), Linear)
