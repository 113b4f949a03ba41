"""What the bus counts (Prometheus)."""

from prometheus_client import Counter, Gauge

OUTBOX_PENDING = Gauge("terrace_outbox_pending", "Outbox rows that are not published yet.")
PUBLISHED = Counter("terrace_published_total", "Records the broker has taken.")
REFUSED = Counter("terrace_refused_total", "Records the broker refused.")
CONSUMED = Counter("terrace_consumed_total", "Events consumed.", ["type", "outcome"])
DEAD_LETTERS = Counter("terrace_dead_letters_total", "Events that became dead letters.", ["topic"])
UNKNOWN = Counter("terrace_unknown_events_total", "Events of a type that has no handler here.")
LAG = Gauge("terrace_consumer_lag_events", "Events behind the end.", ["topic", "partition"])
