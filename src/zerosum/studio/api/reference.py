"""The page that lists every operation of the API: plain HTML, which a screen reader reads too."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from zerosum.studio.roles import in_words

_SHAPES = "#/components/schemas/"


class Reference(DocsBase):
    """Operations by subject, with what each takes and gives; then every shape."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **named: Any) -> HttpResponse:
        """The page, from the same description that programs get."""
        schema: Any = api.get_openapi_schema()
        roles = dict(_roles(api))
        groups = dict[str, list[dict[str, Any]]]()
        for path, by_method in schema["paths"].items():
            for method, one in by_method.items():
                shown = _operation(path, method, one) | {"roles": roles.get(one["operationId"], "")}
                groups.setdefault(one.get("tags", ["Others"])[0], []).append(shown)
        shapes = {
            name: {"words": one.get("description", ""), "rows": list(_rows(one))}
            for name, one in sorted(schema["components"]["schemas"].items())
        }
        context = {
            "groups": groups, "shapes": shapes, "version": api.version,
            "description": schema["info"]["description"].replace("`", ""),
            "json": self.get_openapi_url(api, named),
        }  # fmt: skip
        return render(request, "studio/api.html", context)


def _roles(api: NinjaAPI) -> Iterator[tuple[str, str]]:
    """Who may use each operation, in words."""
    for _, router in api._routers:
        for view in router.path_operations.values():
            for one in view.operations:
                name = one.operation_id or api.get_openapi_operation_id(one)
                rule: Any = one.auth_callbacks[0]
                yield name, in_words(rule.roles)


def _operation(path: str, method: str, one: Mapping[str, Any]) -> dict[str, Any]:
    body = next(iter(one.get("requestBody", {}).get("content", {}).items()), ("", {}))
    answers = {
        status: _kind(next(iter(answer.get("content", {}).values()), {}).get("schema", {}))
        for status, answer in one["responses"].items()
    }
    return {
        "id": one["operationId"], "path": path, "method": method.upper(),
        "words": one.get("description") or one.get("summary", ""),
        "parameters": [
            {
                "name": given["name"], "in": given["in"], "kind": _kind(given["schema"]),
                "needed": given.get("required", False),
                "words": given["schema"].get("description", ""),
            }
            for given in one.get("parameters", [])
        ],
        "body": _kind(body[1].get("schema", {})), "media": body[0], "answers": answers,
    }  # fmt: skip


def _rows(shape: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The fields of a shape."""
    needed = shape.get("required", ())
    for name, one in shape.get("properties", {}).items():
        usual = one.get("default")
        yield {
            "name": name, "kind": _kind(one), "needed": name in needed,
            "words": one.get("description", ""), "usual": "" if usual is None else repr(usual),
        }  # fmt: skip


def _kind(schema: Mapping[str, Any]) -> dict[str, str]:
    """What a value is, in words, and the shape that it has, if it has a name."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SHAPES)
        return {"words": name, "shape": name}
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            kinds = [_kind(one) for one in schema[key]]
            shape = next((one["shape"] for one in kinds if one["shape"]), "")
            return {"words": " or ".join(one["words"] for one in kinds), "shape": shape}
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return {"words": " or ".join(map(repr, values)), "shape": ""}
    if schema.get("type") == "array":
        inner = _kind(schema.get("items", {}))
        return {"words": f"list of {inner['words']}", "shape": inner["shape"]}
    kind = schema.get("format") or schema.get("type") or "anything"
    return {"words": {"null": "nothing"}.get(kind, kind), "shape": ""}
