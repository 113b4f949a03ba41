"""The servers the other tests rest on."""

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient


async def test_a_fresh_database_is_empty_and_owned_by_its_role(fresh_database: str) -> None:
    connection = await asyncpg.connect(fresh_database)
    try:
        assert await connection.fetchval("SELECT current_user = current_database()")
        assert not await connection.fetch("SELECT 1 FROM pg_tables WHERE schemaname = 'public'")
        await connection.execute("CREATE TABLE mine (id int)")
    finally:
        await connection.close()


async def test_the_broker_answers_and_makes_no_topic_on_its_own(kafka_broker) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_broker.bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics(["nobody.made-this"])
        assert described[0]["error_code"] == 3
    finally:
        await admin.close()
