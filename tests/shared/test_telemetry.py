"""The ids of a request travel in, through and out; logs are JSON lines that hold no secrets."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.telemetry import (
    _REQUESTS,
    configure_logging,
    continue_trace,
    correlation_id,
    trace,
    traceparent,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
WELL_FORMED = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


async def ids_of(client: httpx.AsyncClient, headers: dict) -> tuple[dict, str]:
    answer = await client.post("/notes", json={"words": "traced"}, headers=headers)
    assert answer.status_code == 201
    return answer.json(), answer.headers["x-request-id"]


async def test_a_given_request_id_goes_through_and_comes_back(client: httpx.AsyncClient) -> None:
    inside, back = await ids_of(client, {"x-request-id": "gate-7.a_B"})
    assert inside["correlation"] == back == "gate-7.a_B"


@pytest.mark.parametrize("given_id", ["", "with space", "x" * 65, "<script>", "ä", "a,b"])
async def test_an_unfit_request_id_is_replaced(client: httpx.AsyncClient, given_id: str) -> None:
    inside, back = await ids_of(client, {"x-request-id": given_id.encode("latin-1")})
    assert inside["correlation"] == back != given_id
    assert re.fullmatch(r"[0-9a-f-]{36}", back)


async def test_each_request_has_its_own_ids(client: httpx.AsyncClient) -> None:
    (first, one), (second, two) = await ids_of(client, {}), await ids_of(client, {})
    assert one != two
    assert first["trace"] != second["trace"]
    assert correlation_id.get() is traceparent.get() is None


async def test_a_trace_goes_on_with_a_new_span(client: httpx.AsyncClient) -> None:
    inside, _ = await ids_of(client, {"traceparent": PARENT.replace("-01", "-00")})
    version, trace_id, span, flags = inside["trace"].split("-")
    assert (version, trace_id, flags) == ("00", TRACE, "00")
    assert span != "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "x",
        PARENT.upper(),
        PARENT + "-extra",
        PARENT + "\n",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
    ],
)
def test_an_invalid_parent_begins_a_new_trace(parent: str) -> None:
    begun = continue_trace(parent)
    assert WELL_FORMED.fullmatch(begun)
    assert TRACE not in begun


@given(st.none() | st.text())
def test_what_goes_on_is_always_well_formed(parent: str | None) -> None:
    assert WELL_FORMED.fullmatch(continue_trace(parent))


def test_a_trace_ends_where_it_began() -> None:
    with trace("outer", PARENT):
        with suppress(LookupError), trace("inner", None):
            assert correlation_id.get() == "inner"
            raise LookupError
        assert correlation_id.get() == "outer"
    assert correlation_id.get() is None


async def test_requests_are_counted_by_status(client: httpx.AsyncClient) -> None:
    counted = _REQUESTS.labels("POST", "500")
    before = counted._value.get()
    await client.post("/notes", json={"words": "x", "then": "crash"})
    assert counted._value.get() == before + 1
    await client.request("X" * 500, "/notes")
    assert _REQUESTS.labels("other", "405")._value.get() >= 1


@pytest.fixture
def json_lines() -> Iterator[None]:
    earlier = structlog.get_config()
    yield
    structlog.configure(**earlier)


def test_a_log_line_names_service_and_request_and_no_local_variable(
    json_lines: None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("funding", "info")
    log = structlog.get_logger()
    token = "secret-of-the-caller"
    with trace("request-1", None):
        try:
            raise LookupError(str(len(token)))
        except LookupError:
            log.exception("went wrong", name="名字")
        log.debug("not at this level")
    written = "".join(capsys.readouterr())
    line = json.loads(written)
    assert (line["service"], line["correlation_id"]) == ("funding", "request-1")
    assert (line["event"], line["level"]) == ("went wrong", "error")
    assert "名字" in written
    assert "secret-of-the-caller" not in written
