"""CloudEvents 1.0 on Kafka, binary mode: attributes are record headers, the value is plain JSON.

Owns the names of the headers and the ids of events. Knows no table and no client.
"""

import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from contracts.fact import Topic

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"


def new_event_id() -> UUID:
    """A version 7 UUID (RFC 9562): ordered by time, so that its index grows at one end."""
    milliseconds = time.time_ns() // 1_000_000
    random_a, random_b = secrets.randbits(12), secrets.randbits(62)
    return UUID(int=milliseconds << 80 | 7 << 76 | random_a << 64 | 2 << 62 | random_b)


def source_of(topic: Topic, address: str) -> str:
    """The only `ce_source` that may publish at this address: nobody can claim another's id.

    The same as `topic.source`, with the fields of a templated name filled in.
    """
    return topic.source.replace(topic.name, address)


def headers_of(
    *,
    event_id: UUID,
    source: str,
    type_: str,
    key: str,
    occurred_at: datetime,
    correlation_id: str | None,
    traceparent: str | None,
) -> dict[str, str]:
    """The record headers of an event."""
    headers = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": str(event_id),
        "ce_source": source,
        "ce_type": type_,
        "ce_subject": key,
        "ce_time": occurred_at.isoformat(),
        "content-type": CONTENT_TYPE,
    }
    if correlation_id is not None:
        headers["ce_correlationid"] = correlation_id
    if traceparent is not None:
        headers["ce_traceparent"] = traceparent
    return headers


def encoded(headers: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """Headers as Kafka clients take them."""
    return [(name, value.encode()) for name, value in headers.items()]
