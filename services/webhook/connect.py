"""Connections to partners' endpoints: every address is checked where it is connected to.

A name is resolved for each new connection, all its addresses are checked, and the connection
goes to the very address that was checked: the check sits where the socket is made, after the
last resolution. So a name that answers with another address later reaches nothing (DNS
rebinding), nor does an address written in the URL. No proxy, no cookies, no redirects.
"""

import asyncio
import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from services.webhook.addresses import AddressRefused, check_address
from services.webhook.urls import UrlPolicy, UrlRefused, check_url

RESOLVE_S_MAX = 5.0
KEEP_ALIVE_S = 15.0


class Guard:
    """Decides which endpoints may be reached, at creation and at every connection."""

    def __init__(self, policy: UrlPolicy, resolver: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._resolver = resolver

    async def check(self, written: str) -> None:
        """Raises UrlRefused unless the URL, and every address its host has now, is allowed."""
        url = check_url(written, self._policy)
        host = url.raw_host or ""
        try:
            async with asyncio.timeout(RESOLVE_S_MAX):
                found = await self._resolving().resolve(host, url.port or 443, socket.AF_UNSPEC)
        except (OSError, TimeoutError, UnicodeError):
            raise UrlRefused(f"The host {host} does not resolve. Publish its address first.") from (
                None
            )
        for entry in found:
            try:
                self.check_address(entry["host"])
            except AddressRefused as error:
                raise UrlRefused(f"The host {host} cannot be an endpoint: {error}.") from None

    def check_address(self, address: str) -> None:
        """Raises AddressRefused."""
        check_address(address, loopback_allowed=self._policy.local_receivers)

    def session(self) -> aiohttp.ClientSession:
        """A client whose every connection is guarded."""
        connector = aiohttp.TCPConnector(
            limit=0,
            use_dns_cache=False,
            keepalive_timeout=KEEP_ALIVE_S,
            resolver=_Checked(self._resolving(), self),
            socket_factory=self._socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("Accept-Encoding",),
        )

    def url(self, written: str) -> URL:
        """The URL as it is sent. Raises UrlRefused: what is allowed may have changed."""
        return check_url(written, self._policy)

    def _resolving(self) -> AbstractResolver:
        return self._resolver or ThreadedResolver()

    def _socket(self, address: Any) -> socket.socket:
        family, kind, protocol, _, to = address
        self.check_address(str(to[0]))
        return socket.socket(family, kind, protocol)


class _Checked(AbstractResolver):
    """Refuses a name as a whole when one of its addresses is refused."""

    def __init__(self, inner: AbstractResolver, guard: Guard) -> None:
        self._inner, self._guard = inner, guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        for entry in found:
            self._guard.check_address(entry["host"])
        return found

    async def close(self) -> None:
        await self._inner.close()
