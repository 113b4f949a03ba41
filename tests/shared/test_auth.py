"""Who is calling: signatures, claims, the issuer's keys as they change and go away, and scope."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import String, column, select, values
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import auth
from shared.auth import Role, Subject, TokenVerifier, Unauthorized
from shared.authorities import authorities, covers
from shared.db import Database
from shared.scope import covered_by
from shared.settings import Settings
from tests.shared.conftest import AUDIENCE, ISSUER, TokenMaker

MINE = {"words": "mine"}
many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def published(*keys: RSAKey) -> bytes:
    return json.dumps(KeySet(list(keys)).as_dict(private=False)).encode()


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def publish(jwks: Path, body: bytes) -> None:
    jwks.write_bytes(body)


class Issuer:
    """An issuer's key endpoint: counts its readers; may be down, slow or out of its mind."""

    def __init__(self, body: bytes) -> None:
        self.body, self.status, self.reads = body, b"200 OK", 0
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.reads += 1
        self.asked.set()
        await self.may_answer.wait()
        writer.write(b"HTTP/1.1 %b\r\ncontent-length: %d\r\n\r\n" % (self.status, len(self.body)))
        writer.write(self.body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def running(issuer: Issuer) -> AsyncIterator[TokenVerifier]:
    server = await asyncio.start_server(issuer.answer, "127.0.0.1", 0)
    issuer.url = "http://127.0.0.1:{1}/jwks".format(*server.sockets[0].getsockname())
    async with server:
        yield verifier(issuer.url)


def verifier(jwks: str) -> TokenVerifier:
    return TokenVerifier(Settings(environment="test", jwks=jwks, issuer=ISSUER, audience=AUDIENCE))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The issuer may be asked again at once."""
    monkeypatch.setattr(auth, "KEYS_REFRESH_S_MIN", -1)


async def test_a_good_token_says_who_calls(client: httpx.AsyncClient, token: TokenMaker) -> None:
    bearer = token("operator", sub="li", org="smei", authority="440100")
    answer = await client.post("/mine", json=MINE, headers={"authorization": f"bearer {bearer}"})
    assert answer.status_code == 201
    said = answer.json()
    assert (said["sub"], said["org"], said["role"]) == ("li", "smei", "operator")


async def test_another_role_is_forbidden_and_no_token_is_unauthorized(
    client: httpx.AsyncClient, token: TokenMaker
) -> None:
    bearer = {"authorization": f"Bearer {token('bank')}"}
    assert (await client.post("/mine", json=MINE, headers=bearer)).status_code == 403
    without = await client.post("/mine", json=MINE)
    assert without.status_code == 401
    assert without.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "another"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": []},
        {"sub": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": [1]},
        {"ttl_s": -1},
        {"nbf": 99_999_999_999},
        {"role": None},
        {"role": "root"},
        {"role": ["operator", "bank"]},
        {"role": []},
        {"role": {"operator": 1}},
        {"uscc": ["91440101MA00000000"]},
        {"org": 7},
        {"authority": {"a": 1}},
    ],
)
async def test_a_token_with_wrong_claims_is_unauthorized(
    client: httpx.AsyncClient, token: TokenMaker, claims: dict
) -> None:
    bearer = token(**{"role": "operator", **claims})
    answer = await client.post("/mine", json=MINE, headers={"authorization": f"Bearer {bearer}"})
    assert answer.status_code == 401, answer.text


async def test_a_role_may_be_a_list_of_one(token: TokenMaker, jwks: Path) -> None:
    assert (await verifier(str(jwks)).verify(token(["bank"]))).role is Role.BANK


async def test_tokens_of_other_algorithms_are_refused(jwks: Path, signing_key: RSAKey) -> None:
    """Neither none, nor the public key used as a secret (algorithm confusion)."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "exp": 99_999_999_999, "role": "operator"}
    head, body = _segment({"alg": "HS256", "kid": "first"}), _segment(claims)
    mac = hmac.digest(signing_key.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    confused = f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    stronger = jwt.encode(
        {"alg": "RS512", "kid": "first"}, claims, signing_key, algorithms=["RS512"]
    )
    unsigned = f"{_segment({'alg': 'none', 'kid': 'first'})}.{body}."
    for bearer in (confused, stronger, unsigned):
        with pytest.raises(Unauthorized):
            await verifier(str(jwks)).verify(bearer)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
HEADERS = JSON_VALUES | st.fixed_dictionaries(
    {"alg": st.just("RS256") | JSON_VALUES},
    optional={
        name: JSON_VALUES | st.just("first")
        for name in ("kid", "typ", "crit", "b64", "jwk", "jku", "x5c", "cty", "enc", "zip")
    },
)
SEGMENTS = HEADERS.map(_segment) | st.text(max_size=30)


@many
@given(st.lists(SEGMENTS, max_size=6).map(".".join) | st.text())
@example("a.b.c")
@example(f"{_segment({'alg': 'RS256', 'kid': ['first']})}.{_segment({})}.")
@example(f"{_segment({'alg': ['RS256']})}.{_segment([])}.AAAA")
@example(f"{_segment({'alg': 'RS256', 'crit': 'exp'})}.{_segment(1)}.AAAA")
@example(f"{'W1' * 3000}.e30.AAAA")
async def test_a_crafted_header_is_unauthorized_and_never_an_error_of_ours(
    client: httpx.AsyncClient, bearer: str
) -> None:
    raw = b"Bearer " + bearer.encode("utf-8", "surrogatepass")
    answer = await client.post("/mine", json=MINE, headers={"authorization": raw})
    assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", " ", "Bearer  x"])
async def test_another_scheme_is_unauthorized(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get("/notes/a", headers={"authorization": header})
    assert answer.status_code == 401


@many
@given(st.dictionaries(st.sampled_from(["role", "sub", "exp", "uscc", "org"]), JSON_VALUES))
async def test_whatever_the_issuer_signs_is_a_subject_or_unauthorized(
    signing_key: RSAKey, jwks: Path, claims: dict
) -> None:
    given_claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "exp": 99_999_999_999} | claims
    bearer = jwt.encode({"alg": "RS256", "kid": "first"}, given_claims, signing_key)
    try:
        assert isinstance(await verifier(str(jwks)).verify(bearer), Subject)
    except Unauthorized:
        return


async def test_a_new_key_is_learned_and_a_withdrawn_one_forgotten(
    token: TokenMaker, jwks: Path, signing_key: RSAKey, at_once: None
) -> None:
    known = verifier(str(jwks))
    await known.verify(token("bank"))
    second = RSAKey.generate_key(2048, parameters={"kid": "second"})
    publish(jwks, published(signing_key, second))
    assert (await known.verify(token("bank", key=second))).role is Role.BANK
    assert (await known.verify(token("auditor"))).role is Role.AUDITOR
    publish(jwks, published(second))
    with pytest.raises(Unauthorized):
        await known.verify(token("bank", key=RSAKey.generate_key(2048, {"kid": "third"})))
    with pytest.raises(Unauthorized):
        await known.verify(token("reviewer"))


async def test_a_key_of_the_same_name_does_not_pass_for_the_issuers(
    token: TokenMaker, jwks: Path
) -> None:
    forged = token("operator", key=RSAKey.generate_key(2048, parameters={"kid": "first"}))
    with pytest.raises(Unauthorized):
        await verifier(str(jwks)).verify(forged)


async def test_bad_tokens_do_not_make_us_ask_the_issuer_again_and_again(
    token: TokenMaker, signing_key: RSAKey
) -> None:
    issuer = Issuer(published(signing_key))
    async with running(issuer) as known:
        for n in range(5):
            with pytest.raises(Unauthorized):
                await known.verify(f"a.b.{n}")
        await asyncio.gather(*(known.verify(token("bank", sub=str(n))) for n in range(20)))
    assert issuer.reads == 1


BROKEN = [
    b"<html>",
    b"{}",
    b"[]",
    b"null",
    b'{"keys": null}',
    b'{"keys": []}',
    b'{"keys": [{"kty": ["x"]}]}',
    b'{"keys": [{"kty": "RSA", "n": 1, "e": "AQAB"}]}',
    b"\xff",
]


@pytest.mark.parametrize("body", BROKEN)
async def test_known_keys_outlive_an_issuer_that_answers_nonsense(
    token: TokenMaker, signing_key: RSAKey, at_once: None, body: bytes
) -> None:
    issuer = Issuer(published(signing_key))
    async with running(issuer) as known:
        await known.verify(token("bank"))
        issuer.body = body
        with pytest.raises(Unauthorized):
            await known.verify("a.b.c")
        assert issuer.reads > 1
        assert (await known.verify(token("auditor"))).role is Role.AUDITOR


@pytest.mark.parametrize("body", BROKEN)
async def test_without_keys_the_answer_is_503_until_the_issuer_is_back(
    client: httpx.AsyncClient, jwks: Path, signing_key: RSAKey, token: TokenMaker, body: bytes
) -> None:
    publish(jwks, body)
    bearer = {"authorization": f"Bearer {token('operator')}"}
    away = await client.post("/mine", json=MINE, headers=bearer)
    assert away.status_code == 503, away.text
    assert away.headers["retry-after"] == "1"
    publish(jwks, published(signing_key))
    assert (await client.post("/mine", json=MINE, headers=bearer)).status_code == 201


async def test_an_issuer_that_is_down_is_503_and_stops_nobody_who_is_known(
    token: TokenMaker, signing_key: RSAKey, at_once: None
) -> None:
    issuer = Issuer(published(signing_key))
    async with running(issuer) as known:
        issuer.status = b"503 Service Unavailable"
        with pytest.raises(ConnectionError):
            await known.verify(token("bank"))
        issuer.status = b"200 OK"
        await known.verify(token("bank"))
    with pytest.raises(Unauthorized):
        await known.verify("a.b.c")
    assert (await known.verify(token("auditor"))).role is Role.AUDITOR


async def test_reading_the_keys_anew_holds_up_no_token_of_a_known_key(
    token: TokenMaker, signing_key: RSAKey, at_once: None
) -> None:
    issuer = Issuer(published(signing_key))
    async with running(issuer) as known:
        await known.verify(token("bank"))
        issuer.asked.clear()
        issuer.may_answer.clear()
        unknown = asyncio.create_task(known.verify("a.b.c"))
        await issuer.asked.wait()
        assert (await known.verify(token("auditor"))).role is Role.AUDITOR
        assert not unknown.done()
        issuer.may_answer.set()
        with pytest.raises(Unauthorized):
            await unknown


async def test_those_who_wait_for_the_first_keys_share_the_outcome(token: TokenMaker) -> None:
    issuer = Issuer(b"<html>")
    async with running(issuer) as known:
        issuer.may_answer.clear()
        waiting = [asyncio.create_task(known.verify(token("bank", sub=str(n)))) for n in range(9)]
        await issuer.asked.wait()
        issuer.may_answer.set()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {ConnectionError}
    assert issuer.reads == 1


REGION = column("region", String)
CODES = sorted(authorities())
REGIONS = (
    st.sampled_from(CODES)
    | st.sampled_from(CODES).map(lambda code: code[:4] + "06")
    | st.from_regex(r"[1-9][0-9]{5}", fullmatch=True)
    | st.text(st.sampled_from("0123456789%_\\'\"市 "), max_size=8)
)


@pytest.fixture(scope="module")
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with database.engine.connect() as connection:
        yield connection


@many
@given(
    st.sampled_from([*CODES, "999999", "", "%", None]),
    st.lists(REGIONS, min_size=1, max_size=30, unique=True),
)
async def test_scope_in_sql_is_scope_in_python(
    connection: AsyncConnection, authority: str | None, regions: list[str]
) -> None:
    rows = values(REGION, name="rows").data([(region,) for region in regions])
    statement = select(rows.c.region).where(covered_by(authority, rows.c.region))  # type: ignore[arg-type]
    found = set((await connection.execute(statement)).scalars())
    assert found == {region for region in regions if covers(authority, region)}


@given(st.sampled_from([*Role]), st.none() | st.sampled_from(CODES), REGIONS)
def test_only_an_authoritys_people_and_the_enterprise_itself_see_it(
    role: Role, authority: str | None, region: str
) -> None:
    by = Subject("someone", role, authority=authority, uscc="A")
    assert by.may_see("A", region) is (
        role is Role.ENTERPRISE or (role in auth.AUTHORITY_ROLES and covers(authority, region))
    )
    assert by.may_see("B", region) is (role in auth.AUTHORITY_ROLES and covers(authority, region))
