"""The time that schedules, deadlines and retention of deliveries go by: the machine's.

Domain time may be moved by months in a demonstration; a partner's endpoint must not be disabled
by that. A test moves this time with a file of its own, in the form of the domain clock's; it is
refused in production. Signatures and leases take the real time, whatever the file says.
"""

from datetime import UTC, datetime

from shared.clock import Clock


class MachineTime:
    """Machine time, or what the test's clock file makes of it."""

    def __init__(self, path: str | None) -> None:
        self._clock = Clock()
        self._clock.follow(path)

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return self._clock.now().astimezone(UTC)
