"""Logs, request metrics and the ids that travel from the HTTP request to the last consumer."""

import logging
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)

# Local variables stay out of tracebacks: they hold tokens and dossiers.
_TRACEBACK = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)

_REQUESTS = Counter("terrace_http_requests_total", "HTTP requests.", ["method", "status"])
_DURATION = Histogram("terrace_http_request_seconds", "Duration of HTTP requests.", ["method"])
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


def configure_logging(service: str, level: str) -> None:
    """JSON lines on standard error, each with the service and the correlation id."""
    structlog.configure(
        processors=[
            _name_of(service),
            _add_correlation,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_TRACEBACK),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(),
    )
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _name_of(service: str) -> structlog.typing.Processor:
    def add(
        _logger: object, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["service"] = service
        return event

    return add


def _add_correlation(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    if (current := correlation_id.get()) is not None:
        event.setdefault("correlation_id", current)
    return event


def continue_trace(parent: str | None) -> str:
    """A traceparent (W3C) for this hop: the same trace, a new span; a new trace without parent."""
    match = _TRACEPARENT.fullmatch(parent or "")
    trace_id = match[1] if match else secrets.token_hex(16)
    return f"00-{trace_id}-{secrets.token_hex(8)}-{match[2] if match else '01'}"


@contextmanager
def trace(correlation: str | None, parent: str | None) -> Iterator[str]:
    """Make these ids current; yields the correlation id, a new one when none was given."""
    correlation = correlation or str(uuid4())
    tokens = correlation_id.set(correlation), traceparent.set(continue_trace(parent))
    try:
        yield correlation
    finally:
        correlation_id.reset(tokens[0])
        traceparent.reset(tokens[1])


class RequestTelemetry:
    """ASGI middleware: request id in and out, traceparent, count, duration."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        started, status = time.perf_counter(), 500

        with trace(
            given if _REQUEST_ID.fullmatch(given) else None, headers.get("traceparent")
        ) as id_:

            async def send_with_id(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                    MutableHeaders(scope=message)["x-request-id"] = id_
                await send(message)

            try:
                await self.app(scope, receive, send_with_id)
            finally:
                method = scope["method"] if len(scope["method"]) < 10 else "other"
                _REQUESTS.labels(method, str(status)).inc()
                _DURATION.labels(method).observe(time.perf_counter() - started)
