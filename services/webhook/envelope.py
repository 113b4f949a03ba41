"""The body of a message: the CloudEvent that stands on Kafka, in structured mode. Pure.

On Kafka the attributes are record headers; here they stand in the body, since the signature
covers the body and no header but its own.
"""

import json
from collections.abc import Mapping

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def envelope(attributes: Mapping[str, str], payload: bytes) -> bytes:
    """The event as JSON. `attributes` are the `ce_…` headers; the payload stays byte for byte."""
    written = {
        name.removeprefix("ce_"): value
        for name, value in attributes.items()
        if name.startswith("ce_")
    }
    written["datacontenttype"] = attributes.get("content-type", "application/json")
    head = json.dumps(written, ensure_ascii=False, separators=(",", ":"))
    return head[:-1].encode() + b',"data":' + payload + b"}"
