"""Headers: what ends at the gateway, what it adds, what passes unchanged."""

import re

from services.gateway.headers import answer_headers, request_headers

from .conftest import Platform, answering

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_where_a_request_came_from_is_never_taken_from_the_caller(
    platform: Platform,
) -> None:
    spoofed = {
        "x-forwarded-for": "10.0.0.1",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "bank.example",
        "x-forwarded-user": "admin",
        "forwarded": "for=10.0.0.1",
        "x-real-ip": "10.0.0.1",
    }
    await platform.client.get("/v1/trees", headers=spoofed)
    seen = platform.orchard.seen[-1].headers
    assert seen["x-forwarded-for"] == ["127.0.0.1"]
    assert seen["x-forwarded-proto"] == ["http"]
    assert {"x-forwarded-host", "x-forwarded-user", "forwarded", "x-real-ip"}.isdisjoint(seen)


async def test_headers_of_one_hop_end_here(platform: Platform) -> None:
    of_one_hop = {
        "connection": "keep-alive, x-secret",
        "x-secret": "1",
        "te": "trailers",
        "proxy-authorization": "Basic eA==",
        "keep-alive": "timeout=5",
        "upgrade": "h2c",
        "cookie": "a=b",
    }
    await platform.client.get("/v1/trees", headers=of_one_hop)
    seen = platform.orchard.seen[-1].headers
    assert set(of_one_hop).isdisjoint(seen)
    assert seen["host"] != [platform.url.removeprefix("http://")]


async def test_other_headers_pass_unchanged(platform: Platform) -> None:
    sent = {"if-match": b'"7"', "idempotency-key": b"k-1", "accept-language": b"zh-CN"}
    notes = [(b"x-note", "一".encode()), (b"x-note", b"\xff")]
    await platform.client.get(
        "/v1/trees", headers=[*((name.encode(), value) for name, value in sent.items()), *notes]
    )
    seen = platform.orchard.seen[-1].headers
    for name, value in sent.items():
        assert seen[name] == [value.decode()]
    assert seen["x-note"] == ["一".encode().decode("latin-1"), "ÿ".encode().decode("latin-1")]


async def test_a_request_id_is_kept_and_answered(platform: Platform) -> None:
    answer = await platform.client.get("/v1/trees", headers={"x-request-id": "req-1.a_b"})
    assert answer.headers.get_list("x-request-id") == ["req-1.a_b"]
    assert platform.orchard.seen[-1].headers["x-request-id"] == ["req-1.a_b"]


async def test_a_request_id_is_made_when_none_or_a_bad_one_came(platform: Platform) -> None:
    for headers in ({}, {"x-request-id": "a b"}, {"x-request-id": "x" * 65}):
        answer = await platform.client.get("/v1/trees", headers=headers)
        made = answer.headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f-]{36}", made)
        assert platform.orchard.seen[-1].headers["x-request-id"] == [made]


async def test_a_trace_goes_on_with_a_new_span(platform: Platform) -> None:
    sent = f"00-{TRACE}-b7ad6b7169203331-01"
    await platform.client.get("/v1/trees", headers={"traceparent": sent})
    await platform.client.get("/v1/trees")
    first, second = (seen.headers["traceparent"] for seen in platform.orchard.seen)
    assert first[0].startswith(f"00-{TRACE}-")
    assert first != [sent]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", second[0])


async def test_an_answer_keeps_its_headers_and_loses_those_of_its_hop(platform: Platform) -> None:
    platform.orchard.answer = answering(
        201,
        "application/json",
        b"{}",
        location="/v1/trees/9",
        etag='"1"',
        link='</v1/trees?cursor=x>; rel="next"',
        connection="x-inner",
        x_inner="1",
        x_request_id="another",
        server="inner",
    )
    answer = await platform.client.post("/v1/trees", headers={"x-request-id": "mine"})
    assert answer.status_code == 201
    assert answer.headers["location"] == "/v1/trees/9"
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["link"] == '</v1/trees?cursor=x>; rel="next"'
    assert answer.headers.get_list("x-request-id") == ["mine"]
    assert answer.headers.get_list("server") == ["uvicorn"]
    assert len(answer.headers.get_list("date")) == 1
    assert "x-inner" not in answer.headers


async def test_a_compressed_answer_passes_as_it_is(platform: Platform) -> None:
    import gzip

    platform.orchard.answer = answering(
        200, "application/json", gzip.compress(b'{"a": 1}'), content_encoding="gzip"
    )
    answer = await platform.client.get("/v1/trees")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json() == {"a": 1}


def test_no_header_of_a_hop_is_passed_in_any_case() -> None:
    given = [(b"Connection", b"close, X-A"), (b"X-A", b"1"), (b"Transfer-Encoding", b"chunked")]
    assert answer_headers([*given, (b"ETag", b'"1"')]) == [(b"etag", b'"1"')]
    lower = [(name.lower(), value) for name, value in given]
    made = request_headers([*lower, (b"accept", b"*/*")], "127.0.0.1", "http", "id", "trace")
    assert sorted(made) == [
        "accept",
        "traceparent",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-request-id",
    ]
