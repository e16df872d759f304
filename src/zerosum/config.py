"""Frozen, typed configuration that builds what it describes and survives a trip through JSON.

Every concrete configuration names a `kind`. JSON holds the kind, never an import path, so that a
file can only ever name what is registered in the running program.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from zerosum.errors import ConfigError, did_you_mean

Size = Annotated[int, Field(ge=1, le=65_536)]
"""A width, a side or a number of features. Sizes are bounded, since a stranger may have set them;
what a whole game may have is bounded where it is built."""

SizeOrZero = Annotated[int, Field(ge=0, le=65_536)]

Depth = Annotated[int, Field(ge=1, le=1_024)]
"""How many layers or repeats, each of which takes its time."""

Count = Annotated[int, Field(ge=1, le=10_000_000)]
"""How many samples are simulated: a larger number is a mistake, or malice."""

DepthOrZero = Annotated[int, Field(ge=0, le=1_024)]

_KINDS: dict[str, type[Config]] = {}
_TOLD = 8
"""Mistakes that one message names."""


class Config(BaseModel):
    """Base of every configuration.

    A subclass with a `kind` is concrete and registered; one without is a *family* (say, all
    penalties), and a field of that type takes any member. In Python pass the member; in JSON write
    `{"kind": "r1", "gamma": 1}`, or just `"r1"` for its defaults.

    Raises:
        ConfigError: unknown key or kind, or a value that is not allowed.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )

    kind: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Register a concrete configuration under its kind."""
        super().__pydantic_init_subclass__(**kwargs)
        kind = cls.__dict__.get("kind")
        if kind is None:
            return
        taken = _KINDS.get(kind)
        if taken is not None and _home(taken) != _home(cls):
            raise ConfigError(
                f"kind {kind!r} of {cls.__qualname__} is taken by {taken.__module__}."
                f"{taken.__qualname__}. Kinds are unique: choose another name."
            )
        _KINDS[kind] = cls

    def to_json(self) -> dict[str, Any]:
        """This configuration as plain JSON values, with its `kind`."""
        body = {name: _dump(getattr(self, name)) for name in type(self).model_fields}
        return {"kind": self.kind, **body}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """The configuration that `to_json` described.

        Raises:
            ConfigError: unknown key or kind, or a value that is not allowed.
        """
        return cls.model_validate(data)

    def with_values(self, values: dict[str, Any]) -> Self:
        """A copy with dotted keys replaced: `{"game.gamma": 0.5}`.

        Setting a nested configuration to a string chooses that kind with its defaults.

        Raises:
            ConfigError: a key that does not exist (the nearest is suggested), or a bad value.
        """
        tree = self.to_json()
        for key, value in values.items():
            _set(tree, key, value)
        return type(self).from_json(tree)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of this configuration and of everything it may hold."""
        return cls.model_json_schema()

    @model_serializer
    def _serialise(self) -> dict[str, Any]:
        return self.to_json()  # pydantic's own form would leave out the kind

    @model_validator(mode="wrap")
    @classmethod
    def _dispatch(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(value, str):
            value = {"kind": value}
        if isinstance(value, dict):
            body = dict(value)
            target = cls._find(body.pop("kind", None))
            for key in body:
                if key not in target.model_fields:
                    hint = did_you_mean(str(key), target.model_fields)
                    raise ConfigError(f"{target.kind}: unknown key {key!r}.{hint}")
            if target is not cls:
                return target.model_validate(body)
            value = body
        try:
            return handler(value)
        except ValidationError as error:
            raise ConfigError(explain(error, within=getattr(cls, "kind", cls.__name__))) from None

    @classmethod
    def _find(cls, kind: str | None) -> type[Self]:
        if kind is None and "kind" in cls.__dict__:
            return cls
        found = _KINDS.get(kind) if isinstance(kind, str) else None
        if found is None or not issubclass(found, cls):
            family = family_of(cls)
            given = "no kind given" if kind is None else f"no {cls.__name__} of kind {kind!r}"
            raise ConfigError(f"{given}.{did_you_mean(str(kind), family)}")
        return found

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """One object schema for a concrete kind; for a family, its members or their bare names."""
        if "kind" in cls.__dict__:
            return _tagged(cls, handler(core_schema), handler)
        family = family_of(cls)
        members = [
            _tagged(c, handler(c.__pydantic_core_schema__), handler) for c in family.values()
        ]
        objects = {"type": "object", "required": ["kind"], "anyOf": members}
        bare = [kind for kind, member in family.items() if _complete(member)]
        return {"anyOf": [objects, {"enum": bare}]} if bare else objects


def family_of(base: type[Config]) -> dict[str, type[Config]]:
    """Every registered kind that a field of type `base` accepts, by name."""
    return {kind: cls for kind, cls in sorted(_KINDS.items()) if issubclass(cls, base)}


def known_kind(kind: str) -> bool:
    """Whether `kind` is registered in this process."""
    return kind in _KINDS


def forget_kinds(module: str) -> None:
    """Free the kinds that `module` registered, when its file failed or has changed."""
    for kind in [kind for kind, cls in _KINDS.items() if cls.__module__ == module]:
        del _KINDS[kind]


def kinds_in(data: Any) -> set[str]:
    """Every kind that a JSON value names, nested ones included."""
    if isinstance(data, dict):
        inner = set().union(*map(kinds_in, data.values())) if data else set()
        return inner | ({data["kind"]} if isinstance(data.get("kind"), str) else set())
    if isinstance(data, list):
        return set().union(*map(kinds_in, data)) if data else set()
    return set()


def parse_assignments(
    pairs: list[str] | tuple[str, ...], *, example: str = "game.gamma=0.5"
) -> dict[str, Any]:
    """Turn `["game.gamma=0.5"]` into `{"game.gamma": 0.5}`; values are JSON, else plain text.

    >>> parse_assignments(["game.gamma=0.5", "game.adversarial=hinge"])
    {'game.gamma': 0.5, 'game.adversarial': 'hinge'}
    """
    values = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise ConfigError(f"{pair!r} is not an assignment. Write key=value: {example}.")
        try:
            values[key.strip()] = json.loads(text)
        except json.JSONDecodeError:
            values[key.strip()] = text
    return values


def _tagged(
    cls: type[Config], schema: JsonSchemaValue, handler: GetJsonSchemaHandler
) -> JsonSchemaValue:
    """`schema`, whose properties now begin with the kind of `cls`."""
    body = handler.resolve_ref_schema(schema)
    body["properties"] = {"kind": {"const": cls.kind}} | body.get("properties", {})
    return schema


def _complete(cls: type[Config]) -> bool:
    return not any(field.is_required() for field in cls.model_fields.values())


def _home(cls: type) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__


def _dump(value: Any) -> Any:
    if isinstance(value, Config):
        return value.to_json()
    if isinstance(value, tuple | list):
        return [_dump(item) for item in value]
    if isinstance(value, dict):
        return {key: _dump(item) for key, item in value.items()}
    return value


def _set(tree: dict[str, Any], key: str, value: Any) -> None:
    """Replace the value at a dotted key; parts of lists are their indices."""
    *parents, last = key.split(".")
    node: Any = tree
    for i, part in enumerate(parents):
        index = _index(node, part, key, parents[:i])
        if isinstance(node[index], str):  # a kind that an earlier change set by its name
            node[index] = _defaults(node[index])
        node = node[index]
    index = _index(node, last, key, parents)
    if index == "kind" and node["kind"] != value:
        node.clear()  # another kind starts from its own defaults
        node |= _defaults(value)
    node[index] = value


def _defaults(kind: Any) -> dict[str, Any]:
    """A configuration of which only the kind is known; None stands for what is required."""
    cls = _KINDS.get(kind) if isinstance(kind, str) else None
    fields = cls.model_fields if cls else {}
    values = {
        name: None if field.is_required() else field.get_default(call_default_factory=True)
        for name, field in fields.items()
    }
    return {"kind": kind, **_dump(values)}


def _index(node: Any, part: str, key: str, walked: list[str]) -> Any:
    allowed = list(node) if isinstance(node, dict) else []
    if isinstance(node, list):
        allowed = [str(i) for i in range(len(node))]
    if part not in allowed:
        where = ".".join(walked) or "the recipe"
        raise ConfigError(f"no key {key!r}: {where} has no {part!r}.{did_you_mean(part, allowed)}")
    return int(part) if isinstance(node, list) else part


def explain(error: ValidationError, *, within: str) -> str:
    """What is wrong, in words; `within` is what the places lie in."""
    lines = []
    for detail in error.errors()[:_TOLD]:
        place = ".".join(str(part) for part in detail["loc"]) or "value"
        given = "missing" if detail["type"] == "missing" else _short(detail["input"])
        lines.append(f"{within and within + '.'}{place} is {given}: {detail['msg']}.")
    more = error.error_count() - len(lines)
    return " ".join(lines) + (f" And {more} more." if more else "")


def _short(value: Any) -> str:
    """`repr`, cut where it is long, as the value may be a whole file."""
    if isinstance(value, dict | list | tuple):
        return (
            f"{type(value).__name__} of {len(value)}" if len(value) > _TOLD else repr(value)[:200]
        )
    if isinstance(value, int) and value.bit_length() > 256:  # which may be too long to be written
        return f"a number of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
