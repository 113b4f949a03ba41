"""The event whose handler runs now: for the few handlers that pass on the event itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.bus.incoming import Event

_current: ContextVar[Event | None] = ContextVar("current_event", default=None)


def current_event() -> Event:
    """The event as it came, with its id, headers and bytes. LookupError outside a handler."""
    event = _current.get()
    if event is None:
        raise LookupError("No event is being handled here.")
    return event


@contextmanager
def handling(event: Event) -> Iterator[None]:
    """Make this event current."""
    token = _current.set(event)
    try:
        yield
    finally:
        _current.reset(token)
