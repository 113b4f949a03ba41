"""Who is calling and what the route allows: OIDC bearer tokens, roles, authority scope.

Checked at the gateway and again in each service. Knows no session and no user table: a caller
is what the issuer's signed token says.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet

from shared import authorities
from shared.errors import DomainError
from shared.settings import Settings

KEYS_REFRESH_S_MIN = 10
TOKENS_REMEMBERED_MAX = 4096
UNUSABLE_KEYS = (OSError, ValueError, TypeError, LookupError, httpx.HTTPError, JoseError)


class Unauthorized(DomainError):
    """No token, or one that cannot be trusted."""

    status = 401
    slug = "unauthorized"
    title = "A valid bearer token is needed"
    title_zh = "需要有效的访问令牌"


class Forbidden(DomainError):
    """The token is good and the role or scope does not reach this."""

    status = 403
    slug = "forbidden"
    title = "Not allowed for this caller"
    title_zh = "无权访问"


class Role(StrEnum):
    """Roles a token may carry (角色)."""

    ENTERPRISE = "enterprise"
    REGULATOR = "regulator"
    FINANCE = "finance"
    OPERATOR = "operator"
    REVIEWER = "reviewer"
    BANK = "bank"
    PROVIDER = "provider"
    TALENT = "talent"
    INSTITUTION = "institution"
    AUDITOR = "auditor"


AUTHORITY_ROLES = frozenset({Role.REGULATOR, Role.FINANCE, Role.OPERATOR, Role.AUDITOR})


@dataclass(frozen=True)
class Subject:
    """The caller, as the token says."""

    sub: str
    role: Role
    authority: str | None = None
    uscc: str | None = None
    org: str | None = None

    def may_see(self, uscc: str, region: str) -> bool:
        """An enterprise sees itself only; an authority's staff see what the authority covers."""
        if self.role is Role.ENTERPRISE:
            return self.uscc == uscc
        return self.role in AUTHORITY_ROLES and authorities.covers(self.authority, region)


class TokenVerifier:
    """Checks tokens against the issuer's keys. A verified token is remembered until it expires."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys: KeySet | None = None
        self._keys_read_at = 0.0
        self._reading = asyncio.Lock()
        self._failure: tuple[float, str] | None = None
        self._known: dict[str, tuple[float, Subject]] = {}

    async def subject_of(self, request: Request) -> Subject | None:
        """The caller of this request; None without a token. Raises Unauthorized."""
        header = request.headers.get("authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _refused(
                "Send the token as: Authorization: Bearer <token>.",
                "请以 Authorization: Bearer <令牌> 的形式发送令牌。",
            )
        return await self.verify(token)

    async def verify(self, token: str) -> Subject:
        """The token's subject. Raises Unauthorized, with the reason."""
        known = self._known.get(token)
        if known is not None and known[0] > time.time():
            return known[1]
        claims = await self._claims(token)
        subject = _subject(claims)
        if len(self._known) >= TOKENS_REMEMBERED_MAX:
            self._known.clear()
        self._known[token] = (float(claims["exp"]), subject)
        return subject

    async def _claims(self, token: str) -> dict[str, Any]:
        checks = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        for refresh in (False, True):
            keys = await self._key_set(refresh)
            try:
                decoded = jwt.decode(token, keys, algorithms=[self._settings.token_algorithm])
                checks.validate(decoded.claims)
            except ExpiredTokenError:
                raise _refused(
                    "The token has expired. Get a new one.", "令牌已过期,请重新获取。"
                ) from None
            except (JoseError, ValueError, TypeError) as error:
                if not refresh:
                    continue
                raise _refused(
                    f"The token is not valid here ({error}). Get one from the issuer"
                    f" {self._settings.issuer} for the audience {self._settings.audience}.",
                    "令牌无效,请向平台的身份服务重新获取。",
                ) from None
            return dict(decoded.claims)
        raise AssertionError("unreachable: the second round returns or raises")

    async def _key_set(self, refresh: bool) -> KeySet:
        if self._keys is not None and not refresh:
            return self._keys  # whoever reads them anew holds up no known key
        asked_at = time.monotonic()
        async with self._reading:
            stale = time.monotonic() - self._keys_read_at > KEYS_REFRESH_S_MIN
            if self._keys is None or (refresh and stale):
                if self._failure is not None and self._failure[0] > asked_at:
                    raise ConnectionError(self._failure[1])  # those who waited share the outcome
                self._keys_read_at = time.monotonic()
                try:
                    self._keys = KeySet.import_key_set(await _read_keys(self._settings.jwks))
                except UNUSABLE_KEYS as error:
                    reason = f"The issuer's keys cannot be read: {error!r}"
                    self._failure = time.monotonic(), reason
                    if self._keys is None:
                        raise ConnectionError(reason) from None
            return self._keys


async def _read_keys(place: str) -> Any:
    if place.startswith(("http://", "https://")):
        async with httpx.AsyncClient(timeout=5) as client:
            return (await client.get(place)).raise_for_status().json()
    return json.loads(await asyncio.to_thread(Path(place).read_text, "utf-8"))


def _refused(detail: str, detail_zh: str) -> Unauthorized:
    return Unauthorized(detail, detail_zh, headers={"WWW-Authenticate": "Bearer"})


def _subject(claims: dict[str, Any]) -> Subject:
    given = claims.get("role")
    # Keycloak writes roles as a list, also when there is one.
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    try:
        role = Role(str(given))
    except ValueError:
        raise _refused(
            f"The token's role {given!r} is not one (and one only) of {', '.join(Role)}.",
            "令牌中的角色无效:须为且仅为一个平台角色。",
        ) from None
    return Subject(
        sub=str(claims["sub"]),
        role=role,
        authority=_word(claims, "authority"),
        uscc=_word(claims, "uscc"),
        org=_word(claims, "org"),
    )


def _word(claims: dict[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise _refused(
            f"The token's claim {name} must be one text, not {type(value).__name__}.",
            f"令牌中的 {name} 无效:须为单个文本值。",
        )
    return value


class Allow(SecurityBase):
    """The roles a route admits. Declared beside the route: `Annotated[Subject, allow(…)]`.

    OpenAPI says so too: the gateway asks for a token where an operation declares `security`.
    """

    model = HTTPBearer(bearerFormat="JWT")
    scheme_name = "bearer"

    def __init__(self, roles: frozenset[Role]) -> None:
        self.roles = roles

    async def __call__(self, request: Request) -> Subject:
        subject: Subject | None = getattr(request.state, "subject", None)
        if subject is None:
            raise _refused("This needs a bearer token.", "此接口需要访问令牌。")
        if subject.role not in self.roles:
            raise Forbidden(
                f"The role {subject.role} may not do this; it is for"
                f" {', '.join(sorted(self.roles))}.",
                f"角色 {subject.role} 无权执行此操作。",
            )
        return subject


def allow(*roles: Role) -> Any:
    """Admit these roles. Raises Unauthorized (no token) or Forbidden (another role)."""
    return Security(Allow(frozenset(roles)), scopes=sorted(roles))


async def admit_everyone() -> None:
    """Marks a route as open without a token."""


open_to_all: Any = Depends(admit_everyone)


def declares_authorisation(dependency: Callable[..., Any] | None) -> bool:
    """Whether this dependency is an authorisation marker. A test walks every route with it."""
    return isinstance(dependency, Allow) or dependency is admit_everyone
