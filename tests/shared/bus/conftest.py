"""A migrated database and topics of its own for each test of the bus."""

from collections.abc import AsyncIterator

import pytest

from shared import migrate
from tests.conftest import Broker
from tests.shared.bus.support import Place, use_own_topics


@pytest.fixture
async def place(fresh_database: str, kafka_broker: Broker) -> AsyncIterator[Place]:
    """A service with its own database, topics and group."""
    use_own_topics()
    await migrate.upgrade(fresh_database, None)
    place = Place(fresh_database, kafka_broker.bootstrap)
    await place.execute(
        "CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY, key text, note text)"
    )
    yield place
    await place.database.close()
