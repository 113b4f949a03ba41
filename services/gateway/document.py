"""One OpenAPI document of the whole platform, merged from the services' committed documents.

Pure. Takes what goes through the gateway and nothing else. Two services may name different
schemas alike: then the name of the service goes in front.
"""

import copy
from collections.abc import Mapping
from typing import Any

from services.gateway.table import METHODS, RouteConflict, published_paths

Document = dict[str, Any]

PROBLEM = "application/problem+json"
BEARER = "bearer"
TITLE = "梯田 Terrace：中小企业公共服务平台 Public-service platform for SMEs"
DESCRIPTION = """\
优质中小企业梯度培育：一户一档、梯度评价、称号、奖补、贷款资格。

- **令牌**：`Authorization: Bearer <JWT>`；各接口注明可用角色。
- **错误**：`application/problem+json` (RFC 9457)，语言取决于 `Accept-Language` (`zh`、`en`)。
- **重复提交**：写操作携带同一 `Idempotency-Key`，只生效一次，重复时返回首次结果。
- **修改档案**：`If-Match` 填读取时得到的 `ETag`。
- **分页**：见响应头 `Link: <…>; rel="next"`。
- **金额**：元，字符串，例如 `"1200000.00"`。
- **Kafka 事件**：[/docs/events](/docs/events)、[/asyncapi.yaml](/asyncapi.yaml)。

One dossier per enterprise, which tier it reaches and why, and what it may have for it.

- **Token**: `Authorization: Bearer <JWT>`; each operation names its roles.
- **Errors**: `application/problem+json` (RFC 9457), in the language of `Accept-Language`.
- **Repeating a write**: send the same `Idempotency-Key`; it counts once, and the first answer
  comes again.
- **Changing a dossier**: `If-Match` takes the `ETag` that was read.
- **Pages**: follow the header `Link: <…>; rel="next"`.
- **Money**: yuan, as a string, for example `"1200000.00"`.
- **Kafka events**: [/docs/events](/docs/events), [/asyncapi.yaml](/asyncapi.yaml).
"""


def merge(documents: Mapping[str, Document]) -> Document:
    """The platform's document. Raises RouteConflict when two services claim one path."""
    merged: Document = {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "description": DESCRIPTION,
            "version": "1",
            "license": {"name": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "本平台 This platform"}],
        "tags": [],
        "paths": {},
        "components": {
            "schemas": {},
            "securitySchemes": {
                BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
        "x-tagGroups": [],
    }
    prefixed = _names_to_prefix(documents)
    for service, document in documents.items():
        _add_service(merged, service, _renamed(document, service, prefixed))
    _drop_unused_schemas(merged)
    return merged


def _names_to_prefix(documents: Mapping[str, Document]) -> set[str]:
    """Schema names that mean different things in different services."""
    found: dict[str, Any] = {}
    clashing: set[str] = set()
    for document in documents.values():
        for name, schema in _schemas(document).items():
            if found.setdefault(name, schema) != schema:
                clashing.add(name)
    # A schema that refers to a renamed one is no longer the same in both services.
    grown = True
    while grown:
        referring = {
            name
            for document in documents.values()
            for name, schema in _schemas(document).items()
            if _references(schema) & clashing
        }
        grown = not referring <= clashing
        clashing |= referring
    return clashing


def _renamed(document: Document, service: str, names: set[str]) -> Document:
    """The document with these schemas carrying the service's name."""
    prefix = "#/components/schemas/"
    new_names = {name: f"{service.capitalize()}{name}" for name in names}

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        copied = {key: walk(value) for key, value in node.items()}
        target = node.get("$ref")
        if isinstance(target, str) and target.startswith(prefix):
            name = target.removeprefix(prefix)
            copied["$ref"] = prefix + new_names.get(name, name)
        return copied

    renamed: Document = walk(document)
    schemas = _schemas(renamed)
    renamed.setdefault("components", {})["schemas"] = {
        new_names.get(name, name): schema for name, schema in schemas.items()
    }
    return renamed


def _add_service(merged: Document, service: str, document: Document) -> None:
    info = document["info"]
    tags: list[str] = []
    for path, operations in published_paths(document):
        place = merged["paths"].setdefault(path, {})
        for method, operation in operations.items():
            if method in place:
                raise RouteConflict(f"{method.upper()} {path} is claimed by {service} too.")
            place[method] = _completed(operation, info) if method in METHODS else operation
            tags += operation.get("tags", ()) if method in METHODS else ()
    known = {tag["name"] for tag in merged["tags"]}
    names = list(dict.fromkeys(tags))
    merged["tags"] += [
        {"name": name, "description": f"{info['title']}. {info.get('description', '')}".strip()}
        for name in names
        if name not in known
    ]
    merged["x-tagGroups"].append({"name": info["title"], "tags": names})
    merged["components"]["schemas"].update(_schemas(document))


def _completed(operation: Document, info: Document) -> Document:
    """The operation with its roles spelled out and its errors under their media type."""
    done = copy.deepcopy(operation)
    done.setdefault("tags", [info["title"]])
    roles = sorted({role for need in done.get("security", ()) for role in need.get(BEARER, ())})
    if done.get("security"):
        done["security"] = [{BEARER: []}]
    if roles:
        done["x-roles"] = roles
        said = ", ".join(f"`{role}`" for role in roles)
        done["description"] = f"{done.get('description', '')}\n\n角色 Roles: {said}".strip()
    for status, answer in done.get("responses", {}).items():
        if status.startswith(("4", "5")) or status == "default":
            content = answer.get("content", {})
            if "application/json" in content:
                content[PROBLEM] = content.pop("application/json")
    return done


def _drop_unused_schemas(merged: Document) -> None:
    """Leave out what only unpublished paths used."""
    schemas = merged["components"]["schemas"]
    used: set[str] = set()
    waiting = _references(merged["paths"])
    while waiting:
        name = waiting.pop()
        if name not in used and name in schemas:
            used.add(name)
            waiting |= _references(schemas[name])
    merged["components"]["schemas"] = {name: schemas[name] for name in sorted(used)}


def _references(node: Any) -> set[str]:
    """Names of the schemas this part refers to."""
    if isinstance(node, list):
        return {name for item in node for name in _references(item)}
    if not isinstance(node, dict):
        return set()
    found = {name for value in node.values() for name in _references(value)}
    if isinstance(target := node.get("$ref"), str):
        found.add(target.rpartition("/")[2])
    return found


def _schemas(document: Document) -> Document:
    schemas: Document = document.get("components", {}).get("schemas", {})
    return schemas
