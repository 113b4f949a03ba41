"""The three kinds of failure: permanent, infrastructure, unknown. Each is treated its own way."""

import asyncpg
from aiokafka.errors import KafkaError

from shared.bus.incoming import Undecodable
from shared.db import is_conflict, is_outage
from shared.errors import DomainError


def is_permanent(error: BaseException) -> bool:
    """Trying again would end the same way: a dead letter at once."""
    return isinstance(error, Undecodable | DomainError)


def is_infrastructure(error: BaseException) -> bool:
    """Nothing is wrong with the event: wait and try again, for as long as it takes."""
    if is_permanent(error):
        return False
    return (
        isinstance(error, KafkaError)
        or is_conflict(error)
        or is_outage(error)
        or _died_between_statements(error)
    )


def _died_between_statements(error: BaseException | None) -> bool:
    # What asyncpg says when the server's last words have arrived and its hang-up has not yet.
    while error is not None:
        if isinstance(error, asyncpg.InternalClientError):
            return True
        error = error.__cause__ or error.__context__
    return False
