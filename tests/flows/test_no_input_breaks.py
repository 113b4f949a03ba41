"""No input may produce a 5xx: schemathesis against the gateway's merged document."""

import asyncio
from contextlib import suppress
from itertools import cycle

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case
from schemathesis.generation import GenerationMode

from deploy.local.stack import Stack
from tests.factories import make_uscc

EXAMPLES_PER_OPERATION = 10


@pytest.mark.parametrize("mode", list(GenerationMode))
async def test_no_input_gives_a_server_error(
    stack: Stack, gateway: httpx.AsyncClient, mode: GenerationMode
) -> None:
    document = (await gateway.get("/openapi.json")).json()
    callers = cycle(
        [
            stack.token("operator", authority="440100", ttl_s=3600),
            stack.token("regulator", authority="000000", ttl_s=3600),
            stack.token("enterprise", uscc=make_uscc(), ttl_s=3600),
            stack.token("bank", org="icbc", ttl_s=3600),
        ]
    )
    called = await asyncio.to_thread(_call_all, document, stack.gateway_url, callers, mode)
    assert called > len(document["paths"])


def _call_all(document: dict, url: str, callers: "cycle[str]", mode: GenerationMode) -> int:
    called = 0
    with requests.Session() as session:
        for result in schemathesis.openapi.from_dict(document).get_all_operations():

            @settings(
                max_examples=EXAMPLES_PER_OPERATION,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=result.ok().as_strategy(mode))
            def call(case: Case) -> None:
                nonlocal called
                headers = {"authorization": f"Bearer {next(callers)}"}
                answer = case.call(base_url=url, session=session, headers=headers, timeout=30)
                assert answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text}"
                called += 1

            with suppress(Unsatisfiable):  # nothing is wrong input where anything is taken
                call()
    return called
