"""The bus: facts leave through the outbox and the relay, and arrive through the inbox.

Owns order per key, at-least-once on the wire and exactly-once effects, dead letters, replay.
Reading order for a newcomer: `outbox`, `relay` (with `publisher`), then `consumer`, `partition`,
`delivery`, `inbox`, `letters`, `dead_letters`. The ten rules are in DESIGN §5.
"""

from shared.bus.bus import Bus
from shared.bus.subscriptions import Handler

__all__ = ["Bus", "Handler"]
