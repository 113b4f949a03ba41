"""Sending: one signed request, one answer. Knows no table.

A 2xx whose body ends in order is a success. Redirects are not followed, bodies are read to a
bound and no further, and the whole exchange has one deadline.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from services.webhook.addresses import AddressRefused
from services.webhook.connect import Guard
from services.webhook.urls import UrlRefused

READ_BYTES_MAX = 65_536
EXCERPT_BYTES_MAX = 2_048


@dataclass(frozen=True)
class Answer:
    """What came of a request."""

    duration_ms: float
    status: int | None = None
    error: str | None = None
    retry_after: str | None = None
    excerpt: str = ""

    @property
    def delivered(self) -> bool:
        """Whether the endpoint took the message."""
        return self.error is None


class Sender:
    """Posts messages to endpoints through guarded connections."""

    def __init__(self, guard: Guard, timeout_s: float) -> None:
        self._guard = guard
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one message. Never raises for what the endpoint or the network does."""
        if self._session is None:
            self._session = self._guard.session()
        began = time.perf_counter()
        status: int | None = None
        retry_after: str | None = None
        excerpt = b""
        error: str | None
        try:
            async with asyncio.timeout(self._timeout_s):
                async with self._session.post(
                    self._guard.url(url),
                    data=body,
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None),
                ) as response:
                    status, retry_after = response.status, response.headers.get("retry-after")
                    excerpt = await _read_some(response)
            error = _refusal(status)
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as failure:
            error = self._why(failure)
        return Answer(
            duration_ms=(time.perf_counter() - began) * 1000,
            status=status,
            error=error,
            retry_after=retry_after,
            excerpt=_text(excerpt),
        )

    def _why(self, failure: BaseException) -> str:
        if isinstance(failure, TimeoutError):
            return f"No whole answer within {self._timeout_s:g} s."
        if isinstance(failure, UrlRefused):
            return f"The URL is not allowed: {failure}"
        if isinstance(failure, aiohttp.ClientConnectorDNSError):
            if isinstance(failure.__cause__, AddressRefused):
                return f"Not connected: {failure.__cause__}."
            return "The host's name does not resolve."
        if isinstance(failure, aiohttp.ClientConnectorError):
            return f"Not connected: {failure.os_error}."
        return f"The exchange broke: {type(failure).__name__}."


async def _read_some(response: aiohttp.ClientResponse) -> bytes:
    """The beginning of the body. A longer one is cut off with its connection."""
    read = b""
    while len(read) <= READ_BYTES_MAX:
        part = await response.content.read(READ_BYTES_MAX + 1 - len(read))
        if not part:
            return read[:EXCERPT_BYTES_MAX]
        read += part
    response.close()
    return read[:EXCERPT_BYTES_MAX]


def _refusal(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"The endpoint answered {status}; redirects are not followed. Change its URL."
    return f"The endpoint answered {status}."


def _text(excerpt: bytes) -> str:
    return excerpt.decode("utf-8", "replace").replace("\x00", "\\0")
