"""Which headers pass the gateway, and which it sets itself.

Pure. Hop-by-hop headers (RFC 9110, 7.6.1) end here. What tells a service where a request came
from is never taken from the caller.
"""

from collections.abc import Iterable, Sequence

from multidict import CIMultiDict

Raw = tuple[bytes, bytes]

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_REQUEST_ENDS_HERE = _HOP_BY_HOP | {
    b"host",
    b"content-length",
    b"expect",
    b"cookie",
    b"forwarded",
    b"x-real-ip",
    b"x-request-id",
    b"traceparent",
}
_FORWARDED = b"x-forwarded-"
_ANSWER_ENDS_HERE = _HOP_BY_HOP | {b"server", b"date", b"x-request-id"}


def request_headers(
    given: Iterable[Raw], client: str, scheme: str, request_id: str, traceparent: str
) -> CIMultiDict[str]:
    """The headers a service gets."""
    given = list(given)
    ends_here = _REQUEST_ENDS_HERE | _named_by_connection(given)
    passed: CIMultiDict[str] = CIMultiDict(
        (name.decode("latin-1"), _text(value))
        for name, value in given
        if name not in ends_here and not name.startswith(_FORWARDED)
    )
    passed["x-request-id"] = request_id
    passed["traceparent"] = traceparent
    passed["x-forwarded-for"] = client
    passed["x-forwarded-proto"] = scheme
    return passed


def answer_headers(given: Sequence[Raw]) -> list[Raw]:
    """The headers the caller gets."""
    lower = [(name.lower(), value) for name, value in given]
    ends_here = _ANSWER_ENDS_HERE | _named_by_connection(lower)
    return [(name, value) for name, value in lower if name not in ends_here]


def _named_by_connection(headers: Iterable[Raw]) -> frozenset[bytes]:
    """Headers that the `Connection` header declares to be of this hop."""
    return frozenset(
        token.strip()
        for name, value in headers
        if name == b"connection"
        for token in value.lower().split(b",")
    )


def _text(value: bytes) -> str:
    """The value as text. The client writes UTF-8, so that UTF-8 passes unchanged."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
