"""What is counted per endpoint (Prometheus)."""

from prometheus_client import Counter, Gauge, Histogram

ATTEMPTS = Counter("terrace_webhook_attempts_total", "Attempts.", ["endpoint", "outcome"])
DURATION = Histogram(
    "terrace_webhook_duration_seconds",
    "Time until the whole answer.",
    ["endpoint"],
    buckets=(0.05, 0.25, 1, 5, 15),
)
WAITING = Gauge("terrace_webhook_waiting", "Deliveries that are not finished.", ["endpoint"])
OLDEST = Gauge("terrace_webhook_oldest_waiting_seconds", "Age of the oldest of them.", ["endpoint"])
DISABLED = Gauge("terrace_webhook_disabled", "1 while nothing is sent to it.", ["endpoint"])
