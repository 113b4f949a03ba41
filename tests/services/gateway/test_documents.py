"""The merged OpenAPI document and the pages: valid, complete, and without any outside host."""

import copy
import json
import re
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest
import yaml
from schemathesis.specs.openapi.definitions import OPENAPI_31

from contracts.fact import FACTS
from contracts.generation.files import GENERATED
from services.gateway import events_page
from services.gateway.document import merge
from services.gateway.pages import ASSETS
from services.gateway.table import RouteConflict, RouteTable, published_paths

from .conftest import MILL, ORCHARD, Platform

META_SCHEMA = jsonschema_rs.Draft202012Validator(OPENAPI_31)
COMMITTED = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((GENERATED / "openapi").glob("*.json"))
}
OUTSIDE = re.compile(r"""(?:src|href|url|import|from|action)\s*[=(]?\s*["'(]?\s*(?:https?:)?//""")


def with_schemas(document: dict[str, Any], **schemas: Any) -> dict[str, Any]:
    made = copy.deepcopy(document)
    made["components"] = {"schemas": schemas}
    for operations in made["paths"].values():
        for operation in operations.values():
            first = {"$ref": f"#/components/schemas/{next(iter(schemas))}"}
            operation["responses"]["200"]["content"] = {"application/json": {"schema": first}}
    return made


def references(node: Any) -> set[str]:
    if isinstance(node, list):
        return {found for item in node for found in references(item)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*(references(value) for value in node.values()))


@pytest.fixture(scope="module")
def merged() -> dict[str, Any]:
    """The document of the platform as it is committed."""
    return merge(COMMITTED)


def test_merged_document_is_openapi_3_1(merged: dict[str, Any]) -> None:
    found = [f"{error.instance_path}: {error.message}" for error in META_SCHEMA.iter_errors(merged)]
    assert found == []


def test_merged_document_holds_every_published_path_and_no_operations(
    merged: dict[str, Any],
) -> None:
    wanted = {path for document in COMMITTED.values() for path, _ in published_paths(document)}
    assert set(merged["paths"]) == wanted
    assert not any(path.startswith("/v1/operations/") for path in merged["paths"])


def test_merged_references_lead_somewhere_and_no_schema_is_left_over(
    merged: dict[str, Any],
) -> None:
    known = {f"#/components/schemas/{name}" for name in merged["components"]["schemas"]}
    assert references(merged) == known


def test_operation_ids_are_unique_in_the_merged_document(merged: dict[str, Any]) -> None:
    ids = [
        operation["operationId"]
        for operations in merged["paths"].values()
        for operation in operations.values()
    ]
    assert len(ids) == len(set(ids))


def test_every_operation_has_a_tag_and_a_chinese_word_in_its_texts(merged: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in merged["tags"]}
    chinese = re.compile("[一-鿿]")
    for path, operations in merged["paths"].items():
        for method, operation in operations.items():
            assert set(operation["tags"]) <= tags
            words = f"{operation['summary']} {operation['tags']}"
            assert chinese.search(words), f"{method} {path}: {words}"


def test_errors_are_documented_under_their_media_type(merged: dict[str, Any]) -> None:
    for operations in merged["paths"].values():
        for operation in operations.values():
            content = operation["responses"]["default"]["content"]
            assert list(content) == ["application/problem+json"]


def test_roles_are_written_where_people_read_them() -> None:
    operation = merge({"orchard": ORCHARD})["paths"]["/v1/trees"]["get"]
    assert operation["security"] == [{"bearer": []}]
    assert operation["x-roles"] == ["bank", "operator"]
    assert "`bank`, `operator`" in operation["description"]
    assert "security" not in merge({"orchard": ORCHARD})["paths"]["/v1/dictionaries/kinds"]["get"]


def test_alike_schemas_are_shared_and_different_ones_carry_the_service() -> None:
    same = {"type": "object", "properties": {"a": {"type": "string"}}}
    orchard = with_schemas(
        ORCHARD,
        Page={"properties": {"t": {"$ref": "#/components/schemas/Item"}}},
        Item={
            "properties": {
                "i": {"$ref": "#/components/schemas/Kind"},
                "s": {"$ref": "#/components/schemas/Same"},
            }
        },
        Kind={"enum": ["pear"]},
        Same=same,
    )
    mill = with_schemas(
        MILL,
        Page={"properties": {"t": {"$ref": "#/components/schemas/Item"}}},
        Item={
            "properties": {
                "i": {"$ref": "#/components/schemas/Kind"},
                "s": {"$ref": "#/components/schemas/Same"},
            }
        },
        Kind={"enum": ["wheat"]},
        Same=same,
    )
    document = merge({"orchard": orchard, "mill": mill})
    schemas = document["components"]["schemas"]
    assert set(schemas) == {
        "OrchardPage",
        "OrchardItem",
        "OrchardKind",
        "MillPage",
        "MillItem",
        "MillKind",
        "Same",
    }
    assert schemas["MillItem"]["properties"]["i"]["$ref"] == "#/components/schemas/MillKind"
    flour = document["paths"]["/v1/trees/{tree}/flour"]["get"]["responses"]["200"]
    assert references(flour) == {"#/components/schemas/MillPage"}
    assert list(META_SCHEMA.iter_errors(document)) == []


def test_a_path_of_two_services_is_refused() -> None:
    with pytest.raises(RouteConflict, match="/v1/trees"):
        merge({"orchard": ORCHARD, "mill": {**MILL, "paths": ORCHARD["paths"]}})


def test_merging_changes_no_committed_document() -> None:
    before = copy.deepcopy(COMMITTED)
    merge(COMMITTED)
    assert before == COMMITTED


def test_the_committed_documents_make_one_route_table() -> None:
    table = RouteTable(COMMITTED)
    for service, document in COMMITTED.items():
        for path, operations in published_paths(document):
            for method, operation in operations.items():
                route = table.find(method.upper(), path)
                assert route is not None
                assert route.service == service
                assert route.needs_token is bool(operation.get("security"))


async def test_the_gateway_serves_the_merged_document(platform: Platform) -> None:
    served = (await platform.client.get("/openapi.json")).json()
    assert served == merge({"orchard": ORCHARD, "mill": MILL})


class Assets(HTMLParser):
    """What a page loads and what it points at."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.found += [value for key in ("src", "href") if (value := named.get(key))]
        self.inline += tag == "style" or (tag == "script" and "src" not in named)
        self.inline += any(name.startswith("on") or name == "style" for name in named)


@pytest.mark.parametrize("path", ["/docs", "/docs/events"])
async def test_a_page_loads_everything_from_here(platform: Platform, path: str) -> None:
    page = await platform.client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assets = Assets(page.text)
    assert assets.inline == 0
    assert assets.found
    for place in assets.found:
        if place.startswith("#"):
            assert f'id="{place[1:]}"' in page.text
            continue
        if place.startswith("data:"):
            continue
        assert place.startswith("/")
        assert not place.startswith("//")
        answer = await platform.client.get(place)
        assert answer.status_code == 200, place
    assert not OUTSIDE.search(page.text)


async def test_the_browser_is_told_to_stay_here(platform: Platform) -> None:
    for path in ("/docs", "/docs/events", *(f"/docs/{name}" for name in ASSETS)):
        policy = (await platform.client.get(path)).headers["content-security-policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'self'"
        assert "script-src" not in rules
        assert "http" not in policy
        assert "*" not in policy


async def test_stylesheets_import_nothing_from_outside(platform: Platform) -> None:
    for name in ASSETS:
        if name.endswith(".css"):
            assert not OUTSIDE.search((await platform.client.get(f"/docs/{name}")).text)


async def test_an_unknown_asset_is_a_problem(platform: Platform) -> None:
    for path in ("/docs/other.js", "/docs/..%2fpages.py", "/docs/docs.js/x"):
        answer = await platform.client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_events_are_served_as_a_document_and_as_a_page(platform: Platform) -> None:
    document = yaml.safe_load((await platform.client.get("/asyncapi.yaml")).text)
    assert document["asyncapi"] == "3.0.0"
    page = (await platform.client.get("/docs/events")).text
    for name, fact in FACTS.items():
        assert name in page
        assert fact.contract.topic.name in page
    told_of = ("统一社会信用代码", "墓碑", "tombstone", "bank.icbc.loan-eligibility", "ce_source")
    for told in (*told_of, '<a href="#EligibleProduct">', 'id="EligibleProduct"', "limit_cny"):
        assert told in page


def test_a_page_of_events_shows_no_markup_of_the_document() -> None:
    document = {
        "info": {"title": "<b>x</b>", "description": "<script>alert(1)</script>"},
        "channels": {
            "c": {
                "address": "<i>",
                "description": "<img src=x>",
                "messages": {"m": {"$ref": "#/m"}},
            }
        },
        "m": {
            "name": "<u>",
            "payload": {"properties": {"<f>": {"title": "<t>", "type": "string"}}},
            "examples": [{"name": "<e>", "payload": {"a": "<p>"}}],
        },
    }
    page = events_page.render(document)
    for markup in ("<b>", "<script", "<i>", "<img", "<u>", "<f>", "<t>", "<e>", "<p>x", "'<p>'"):
        assert markup not in page
