"""One service as the gateway reaches it: its connections, its time limit, its second chance.

Owns the connection pool of one service, so that a service that hangs takes no connection from
another. Buffers request bodies (their size is limited before), never large answers.
"""

from typing import Self

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientError,
    ClientOSError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    ServerDisconnectedError,
    TCPConnector,
)
from multidict import CIMultiDict
from prometheus_client import Counter
from yarl import URL

from services.gateway.errors import ServiceAnsweredBadly, ServiceTooSlow, ServiceUnreachable

CONNECTIONS_MAX = 200
CONNECT_TIMEOUT_S = 2.0
IDLE_CONNECTION_S = 3.0
"""Less than the 5 s after which a service (uvicorn) closes an idle connection."""
IDEMPOTENCY_KEY = "idempotency-key"
WRITES = frozenset({"POST", "PATCH"})
"""Methods that are repeated only with an Idempotency-Key."""

_OUTCOMES = Counter(
    "terrace_gateway_hops_total", "Requests forwarded to services.", ["service", "outcome"]
)


class Upstream:
    """A service and the connections to it. Used as an asynchronous context."""

    def __init__(self, service: str, base_url: str, timeout_s: float) -> None:
        self.service = service
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._session: ClientSession | None = None
        self._answered = _OUTCOMES.labels(service, "answered")

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            connector=TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=IDLE_CONNECTION_S),
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=self._timeout_s, sock_connect=CONNECT_TIMEOUT_S),
            auto_decompress=False,
            skip_auto_headers=("accept", "accept-encoding", "content-type", "user-agent"),
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(
        self, method: str, target: str, headers: CIMultiDict[str], body: bytes | None
    ) -> ClientResponse:
        """The service's answer, its body unread.

        A connection that the service closed while it was idle is replaced once when a repetition
        is safe: by aiohttp for idempotent methods, here for a write with an Idempotency-Key.
        Raises ServiceUnreachable, ServiceTooSlow, ServiceAnsweredBadly.
        """
        assert self._session is not None, "used before the gateway started"
        url = URL(self._base_url + target, encoded=True)
        tries = 2 if method in WRITES and IDEMPOTENCY_KEY in headers else 1
        while True:
            tries -= 1
            try:
                answer = await self._session.request(
                    method, url, headers=headers, data=body, allow_redirects=False
                )
            except (ServerDisconnectedError, ClientOSError) as error:
                if tries and not isinstance(error, ClientConnectorError):
                    continue
                self.failed("unreachable")
                raise ServiceUnreachable(self.service) from error
            except (ClientError, TimeoutError) as error:
                raise self.explain(error) from error
            self._answered.inc()
            return answer

    async def state(self) -> str:
        """`ready`, `not ready` (it says so itself) or `unreachable`."""
        assert self._session is not None, "used before the gateway started"
        try:
            async with self._session.get(
                f"{self._base_url}/readyz", timeout=ClientTimeout(total=CONNECT_TIMEOUT_S)
            ) as answer:
                return "ready" if answer.status == 200 else "not ready"
        except (ClientError, TimeoutError, OSError):
            return "unreachable"

    def explain(self, error: Exception) -> Exception:
        """The gateway's own error for an error of the connection."""
        if isinstance(error, ConnectionTimeoutError):
            self.failed("unreachable")
            return ServiceUnreachable(self.service)
        if isinstance(error, TimeoutError):
            self.failed("too slow")
            return ServiceTooSlow(self.service, self._timeout_s)
        if isinstance(error, ClientConnectionError | ClientPayloadError):
            self.failed("unreachable")
            return ServiceUnreachable(self.service)
        self.failed("answered badly")
        return ServiceAnsweredBadly(self.service)

    def failed(self, outcome: str) -> None:
        """Count a request that got no answer."""
        _OUTCOMES.labels(self.service, outcome).inc()
