"""Every fact that has an audience, from whichever service; each is one call into `fan_out`.

The handlers are made from the contracts: a fact that is declared later is delivered without a
line here. This service's own facts about endpoints come back to it by the same way.
"""

from typing import Any

import contracts.events  # noqa: F401 - declares every fact
from contracts.fact import Fact
from services.webhook.fan_out import take_fact
from services.webhook.machine_time import MachineTime
from services.webhook.readers import deliverable
from shared.bus import Handler
from shared.db import Session


def handlers(time: MachineTime) -> list[Handler]:
    """One handler per deliverable fact."""
    return [_handler_of(fact, time) for fact in deliverable().values()]


def _handler_of(declared: type[Fact], time: MachineTime) -> Handler:
    async def on_fact(fact: Any, session: Session) -> None:
        await take_fact(session, fact, time.now())

    on_fact.__annotations__ = {"fact": declared, "session": Session, "return": None}
    on_fact.__qualname__ = f"on_{declared.__name__}"
    return on_fact
