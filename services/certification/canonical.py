"""One text for one value: JSON with sorted keys and no space, and its digest.

Two evaluations are the same when their canonical texts are, byte for byte.
"""

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """The canonical JSON of a value made of plain types."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest_of(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
