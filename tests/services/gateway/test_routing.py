"""What goes where, and what the gateway refuses by itself."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.composition import create_gateway
from services.gateway.table import RouteConflict, RouteTable
from shared.settings import Settings

from .conftest import MILL, ORCHARD, Platform, check_problem


async def test_a_request_reaches_the_service_that_owns_its_path(platform: Platform) -> None:
    assert (await platform.client.get("/v1/trees/7")).json() == {"said": "yes"}
    assert (await platform.client.get("/v1/trees/7/flour")).status_code == 200
    assert [seen.target for seen in platform.orchard.seen] == ["/v1/trees/7"]
    assert [seen.target for seen in platform.mill.seen] == ["/v1/trees/7/flour"]


async def exchange(url: str, request: bytes) -> bytes:
    """One request as bytes, past every client that would tidy it up."""
    place = httpx.URL(url)
    reader, writer = await asyncio.open_connection(place.host, place.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answer


def get(platform: Platform, target: str) -> bytes:
    authorization = platform.client.headers["authorization"]
    return (
        f"GET {target} HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\n"
        "connection: close\r\n\r\n"
    ).encode()


@pytest.mark.parametrize(
    "target",
    [
        "/v1/trees?region=440106&name=%E5%B9%BF%E5%B7%9E&x=a+b%2Fc&empty=&?",
        "/v1/trees/%E6%A0%91%20?limit=2",
        "/v1/trees/..",
        "/v1/trees/%2e%2E",
        "/v1/trees/a;b=c,d@e!",
    ],
)
async def test_path_and_query_arrive_as_they_were_sent(platform: Platform, target: str) -> None:
    answer = await exchange(platform.url, get(platform, target))
    assert answer.startswith(b"HTTP/1.1 200")
    assert [seen.target for seen in platform.orchard.seen] == [target]


@pytest.mark.parametrize("target", ["/v1/trees/a%2Fb", "/v1/trees/../../healthz", "/v1/%2e%2e/x"])
async def test_no_spelling_leads_to_another_path(platform: Platform, target: str) -> None:
    answer = await exchange(platform.url, get(platform, target))
    assert answer.startswith(b"HTTP/1.1 404")
    assert platform.orchard.seen == platform.mill.seen == []


async def test_body_and_method_arrive_as_they_were_sent(platform: Platform) -> None:
    body = json.dumps({"名称": "梨树"}, ensure_ascii=False).encode()
    await platform.client.post(
        "/v1/trees", content=body, headers={"content-type": "application/json"}
    )
    seen = platform.orchard.seen[-1]
    assert (seen.method, seen.body) == ("POST", body)
    assert seen.headers["content-type"] == ["application/json"]
    assert seen.headers["content-length"] == [str(len(body))]


async def test_a_write_without_body_or_media_type_gets_none_added(platform: Platform) -> None:
    await platform.client.post("/v1/trees")
    seen = platform.orchard.seen[-1]
    assert seen.body == b""
    assert "content-type" not in seen.headers


@pytest.mark.parametrize(
    "path",
    [
        "/v1/bushes",
        "/v1/trees/",
        "/v1/trees//flour",
        "/v1/trees/7/flour/8",
        "/v1",
        "/v1/",
        "/nothing",
        "/v1/operations/dead-letters",
        "/v1/healthz",
    ],
)
async def test_an_unknown_path_is_404_and_reaches_nobody(platform: Platform, path: str) -> None:
    check_problem(await platform.client.get(path), 404, "not-found")
    assert platform.orchard.seen == platform.mill.seen == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/trees", "GET, POST"),
        ("POST", "/v1/trees/7", "GET, PATCH"),
        ("POST", "/v1/dictionaries/kinds", "GET"),
        ("OPTIONS", "/v1/trees", "GET, POST"),
        ("HEAD", "/v1/trees", "GET, POST"),
    ],
)
async def test_an_unknown_method_is_405_with_the_known_ones(
    platform: Platform, method: str, path: str, allowed: str
) -> None:
    answer = await platform.client.request(method, path)
    if method == "HEAD":
        assert answer.status_code == 405
    else:
        check_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == allowed
    assert platform.orchard.seen == []


async def test_the_refusal_speaks_the_callers_language(platform: Platform) -> None:
    chinese = await platform.client.get("/v1/bushes", headers={"accept-language": "zh-CN,zh"})
    english = await platform.client.get("/v1/bushes", headers={"accept-language": "en"})
    assert chinese.json()["title"] == "未找到"
    assert english.json()["title"] == "Not found"


def test_a_literal_segment_goes_before_a_parameter() -> None:
    table = RouteTable(
        {
            "orchard": {"paths": {"/v1/trees/{tree}": {"get": {}, "patch": {}}}},
            "mill": {"paths": {"/v1/trees/summary": {"get": {"security": [{"bearer": []}]}}}},
        }
    )
    summary, tree = table.find("GET", "/v1/trees/summary"), table.find("GET", "/v1/trees/7")
    assert summary is not None
    assert tree is not None
    assert (summary.service, summary.needs_token) == ("mill", True)
    assert (tree.service, tree.needs_token) == ("orchard", False)
    patch = table.find("PATCH", "/v1/trees/summary")
    assert patch is not None
    assert patch.service == "orchard"
    assert table.methods("/v1/trees/summary") == ["GET", "PATCH"]


def test_two_services_may_not_claim_one_path() -> None:
    with pytest.raises(RouteConflict, match=r"GET /v1/trees is claimed by orchard and mill"):
        RouteTable({"orchard": ORCHARD, "mill": {"paths": {"/v1/trees": {"get": {}}}}})


def test_operations_of_two_services_do_not_clash() -> None:
    table = RouteTable({"orchard": ORCHARD, "mill": MILL})
    assert table.find("GET", "/v1/operations/dead-letters") is None


def test_a_service_without_a_document_stops_the_start(
    settings_for: Callable[[dict[str, str]], Settings], generated: Path
) -> None:
    with pytest.raises(RouteConflict, match=r"names bakery.*make contracts"):
        create_gateway(settings_for({"bakery": "http://127.0.0.1:1"}), generated)


async def test_a_service_that_is_not_configured_has_no_paths(
    start_gateway: Callable[[dict[str, str]], Any],
) -> None:
    async with (
        start_gateway({"mill": "http://127.0.0.1:1"}) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        check_problem(await client.get("/v1/trees"), 404, "not-found")
        assert list((await client.get("/openapi.json")).json()["paths"]) == [
            "/v1/trees/{tree}/flour",
            "/v1/dictionaries/flours",
        ]
