"""Nobody without a good token gets past the gateway, except to what is open."""

import base64
import json
from collections.abc import Callable

import httpx
import pytest
from joserfc.jwk import RSAKey

from .conftest import Platform, check_problem

TokenMaker = Callable[..., str]


async def get(
    platform: Platform, authorization: str | None, path: str = "/v1/trees"
) -> httpx.Response:
    headers = {"authorization": authorization} if authorization is not None else {}
    async with httpx.AsyncClient(base_url=platform.url, headers=headers) as client:
        return await client.get(path)


async def test_without_a_token_nothing_is_forwarded(platform: Platform) -> None:
    answer = await get(platform, None)
    problem = check_problem(answer, 401, "unauthorized")
    assert "bearer token" in problem["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"
    assert platform.orchard.seen == []


async def test_an_open_path_needs_no_token(platform: Platform) -> None:
    answer = await get(platform, None, "/v1/dictionaries/kinds")
    assert answer.status_code == 200
    assert len(platform.orchard.seen) == 1


async def test_a_path_is_looked_up_before_the_token(platform: Platform) -> None:
    check_problem(await get(platform, None, "/v1/bushes"), 404, "not-found")


async def test_a_good_token_is_passed_on_as_it_is(platform: Platform, token: TokenMaker) -> None:
    sent = f"Bearer {token('bank', org='icbc')}"
    assert (await get(platform, sent)).status_code == 200
    assert platform.orchard.seen[-1].headers["authorization"] == [sent]


@pytest.mark.parametrize("sent", ["", "Bearer", "Basic b3BlcmF0b3I6eA==", "operator"])
async def test_something_else_than_a_bearer_token_is_refused(platform: Platform, sent: str) -> None:
    problem = check_problem(await get(platform, sent), 401, "unauthorized")
    assert "Bearer <token>" in problem["detail"]


async def test_an_expired_token_says_so(platform: Platform, token: TokenMaker) -> None:
    problem = check_problem(
        await get(platform, f"Bearer {token('operator', ttl_s=-1)}"), 401, "unauthorized"
    )
    assert "expired" in problem["detail"]
    assert platform.orchard.seen == []


async def test_a_token_of_a_foreign_key_is_refused(platform: Platform, token: TokenMaker) -> None:
    foreign = RSAKey.generate_key(2048, parameters={"kid": "test"})
    check_problem(
        await get(platform, f"Bearer {token('operator', key=foreign)}"), 401, "unauthorized"
    )
    assert platform.orchard.seen == []


@pytest.mark.parametrize(
    "claims",
    [{"aud": "another"}, {"iss": "another"}, {"role": "emperor"}, {"exp": None}, {"sub": None}],
)
async def test_a_token_for_something_else_is_refused(
    platform: Platform, token: TokenMaker, claims: dict[str, object]
) -> None:
    role = str(claims.pop("role", "operator"))
    check_problem(await get(platform, f"Bearer {token(role, **claims)}"), 401, "unauthorized")


async def test_an_unsigned_token_is_refused(platform: Platform, token: TokenMaker) -> None:
    _, claims, signature = token("operator").split(".")
    for algorithm in ("none", "HS256"):
        header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).rstrip(b"=")
        for tail in ("", signature):
            sent = f"Bearer {header.decode()}.{claims}.{tail}"
            check_problem(await get(platform, sent), 401, "unauthorized")


async def test_the_refusal_speaks_the_callers_language(platform: Platform) -> None:
    async with httpx.AsyncClient(base_url=platform.url) as client:
        answer = await client.get("/v1/trees", headers={"accept-language": "zh"})
    assert check_problem(answer, 401, "unauthorized")["detail"] == "此接口需要访问令牌。"
