"""When a failed delivery is tried again. Pure.

5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h after the first seven failures, then every 10 h. A tenth
is added at random, so that an endpoint that comes back is not met by everything at once.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

STEPS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
JITTER = 0.1
RETRY_AFTER_S_MAX = 86_400
GIVE_UP_AFTER = timedelta(days=5)


def wait_s(failures: int) -> int:
    """The least wait after so many failures in a row (1 and more)."""
    return STEPS_S[min(failures, len(STEPS_S)) - 1]


def due_at(failures: int, now: datetime, chance: float, retry_after_s: float = 0) -> datetime:
    """When the next attempt is due. `chance` lies in [0, 1).

    What the endpoint asked for with Retry-After counts when it is later, up to a day.
    """
    scheduled = wait_s(failures) * (1 + JITTER * chance)
    return now + timedelta(seconds=max(scheduled, min(retry_after_s, RETRY_AFTER_S_MAX)))


def retry_after_s(header: str | None, now: datetime) -> float:
    """Seconds a Retry-After header asks for (RFC 9110, 10.2.3); 0 when it says nothing usable."""
    if header is None:
        return 0
    written = header.strip()
    if written.isascii() and written.isdigit():
        return float(written[:9])
    try:
        until = parsedate_to_datetime(written)
    except ValueError:
        return 0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())
