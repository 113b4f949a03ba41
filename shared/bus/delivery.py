"""One transaction of a consumer: lock the keys, take the inbox rows, then run the handlers.

The same code serves the consumer's batches, its single events and an operator's retry.
"""

from collections import Counter
from collections.abc import Sequence

from shared.bus import inbox, letters
from shared.bus.current import handling
from shared.bus.incoming import Event
from shared.bus.subscriptions import ReadAhead, read_ahead_of
from shared.db import Session, lock_keys
from shared.telemetry import trace

Outcomes = Counter[tuple[str, str]]
"""How many events of a type had an outcome."""


async def deliver(session: Session, consumer: str, events: Sequence[Event]) -> Outcomes:
    """Handle the events of one partition in their order; each at most once, ever.

    Repeated events, old snapshots and events behind a hold are not handled. Raises what a
    handler raises; the caller's transaction is then rolled back as a whole.
    """
    await lock_keys(session, {event.key for event in events})
    fresh = await inbox.take(session, consumer, events)
    free = await letters.queue_behind_holds(session, consumer, fresh)
    handled = await handle(session, consumer, free)
    return (
        _count(events, fresh, "duplicate")
        + _count(fresh, free, "held")
        + _count(free, handled, "stale")
        + _count(handled, [], "handled")
    )


async def handle(session: Session, consumer: str, events: Sequence[Event]) -> list[Event]:
    """Run the handlers of the events that are not stale; the keys are locked by the caller."""
    current = await inbox.drop_stale(session, consumer, events)
    await _read_ahead(session, current)
    for event in current:
        attributes = event.received.attributes
        with (
            trace(attributes.get("ce_correlationid"), attributes.get("ce_traceparent")),
            handling(event),
        ):
            await event.handler(event.fact, session)
    await letters.supersede(session, consumer, current)
    return current


async def _read_ahead(session: Session, events: Sequence[Event]) -> None:
    wanted: dict[ReadAhead, set[str]] = {}
    for event in events:
        if (read_ahead := read_ahead_of(event.handler)) is not None:
            wanted.setdefault(read_ahead, set()).add(event.key)
    for read_ahead, keys in wanted.items():
        await read_ahead(session, sorted(keys))


def _count(all_: Sequence[Event], kept: Sequence[Event], outcome: str) -> Outcomes:
    total = Counter((event.type, outcome) for event in all_)
    total.subtract((event.type, outcome) for event in kept)
    return +total
