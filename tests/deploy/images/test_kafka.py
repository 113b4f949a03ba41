"""The broker of compose.yaml: nobody without a password, nobody beyond what the contracts say."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
import yaml
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from confluent_kafka import Consumer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from contracts.events.enterprise import DOSSIER
from contracts.fact import Topic
from contracts.generation.files import GENERATED
from shared.bus.security import client_security
from shared.bus.topics import TopicNotMade, ensure_topics
from shared.settings import Settings
from tests.deploy.images.running import Platform
from tests.deploy.images.servers import AuthenticatedBroker

FIXED = [
    topic
    for topic in yaml.safe_load((GENERATED / "topics.yaml").read_text("utf-8"))
    if "{" not in topic["name"]
]
BANK_TOPIC = Topic("bank.icbc.loan-eligibility", "funding", "贷款资格", compacted=True)
APPLICATIONS, DECISIONS = "bank.icbc.loan-application", "bank.icbc.loan-decision"


@pytest.fixture
def settings_of(broker: AuthenticatedBroker, platform: Platform) -> Callable[..., Settings]:
    """The settings of a user of the broker, with the password of its file."""

    def settings(user: str, **changes: str) -> Settings:
        service = platform.secrets / "services" / user / "terrace_kafka_password"
        bank = platform.secrets / "banks" / user.removeprefix("bank-")
        known = service if service.exists() else bank
        given = {
            "environment": "test",
            "kafka": broker.bootstrap,
            "kafka_security": "sasl_plaintext",
            "kafka_user": user,
            "kafka_password": known.read_text().strip(),
        }
        return Settings(**{**given, **changes})

    return settings


async def _topics(settings: Settings) -> set[str]:
    security = client_security(settings)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, **security)
    try:
        await admin.start()
        return set(await admin.list_topics())
    finally:
        await admin.close()


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    security = client_security(settings)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka, acks="all", enable_idempotence=True, **security
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _read_one(settings: Settings, topic: str, group: str) -> bytes | None:
    security = client_security(settings)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=settings.kafka,
        group_id=group,
        auto_offset_reset="earliest",
        **security,
    )
    try:
        await consumer.start()
        return (await consumer.getone()).value
    finally:
        await consumer.stop()


async def test_topics_are_made_as_the_contracts_say(
    settings_of: Callable[..., Settings], platform: Platform
) -> None:
    seen = await _topics(settings_of("enterprise"))
    assert {topic["name"] for topic in FIXED if topic["owner"] == "enterprise"} <= seen


async def test_nobody_gets_in_without_the_right_password(
    settings_of: Callable[..., Settings],
) -> None:
    with pytest.raises(KafkaError):
        await _topics(settings_of("enterprise", kafka_security="plaintext"))
    with pytest.raises(KafkaError):
        await _topics(settings_of("enterprise", kafka_password="guessed"))
    with pytest.raises(KafkaError):
        await _topics(settings_of("enterprise", kafka_user="admin"))


async def test_with_tls_the_named_authority_must_have_signed_for_the_broker(
    settings_of: Callable[..., Settings], broker: AuthenticatedBroker
) -> None:
    tls = {"kafka": broker.tls, "kafka_security": "sasl_ssl"}
    assert await _topics(settings_of("enterprise", **tls, kafka_ca=str(broker.authority)))
    with pytest.raises(KafkaError):
        await _topics(settings_of("enterprise", **tls))


async def test_a_service_writes_its_own_topics_and_no_others(
    settings_of: Callable[..., Settings],
) -> None:
    async with _producer(settings_of("enterprise")) as producer:
        await producer.send_and_wait(DOSSIER.name, b"{}", key=b"trial")
    async with _producer(settings_of("certification")) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(DOSSIER.name, b"{}", key=b"trial")


async def test_a_service_reads_what_its_handlers_take_in_its_own_group(
    settings_of: Callable[..., Settings],
) -> None:
    async with _producer(settings_of("enterprise")) as producer:
        await producer.send_and_wait(DOSSIER.name, b"{}", key=b"trial")
    with pytest.raises(GroupAuthorizationFailedError):
        await _read_one(settings_of("certification"), DOSSIER.name, "funding")
    assert DOSSIER.name not in await _topics(settings_of("bank-icbc"))
    assert "enterprise.consent" not in await _topics(settings_of("certification"))


async def test_a_service_makes_only_topics_of_its_own(
    settings_of: Callable[..., Settings], broker: AuthenticatedBroker
) -> None:
    security = client_security(settings_of("funding"))
    await ensure_topics(broker.bootstrap, {BANK_TOPIC.name: BANK_TOPIC}, security)
    stranger = Topic("stranger.topic", "funding", "陌生", compacted=False)
    with pytest.raises(TopicNotMade):
        await ensure_topics(broker.bootstrap, {stranger.name: stranger}, security)


async def test_a_bank_reads_its_own_topic_from_outside_and_no_other_banks(
    settings_of: Callable[..., Settings], broker: AuthenticatedBroker, platform: Platform
) -> None:
    security = client_security(settings_of("funding"))
    await ensure_topics(broker.bootstrap, {BANK_TOPIC.name: BANK_TOPIC}, security)
    async with _producer(settings_of("funding")) as producer:
        await producer.send_and_wait(BANK_TOPIC.name, b"{}", key=b"trial")
    reader = Consumer(
        {
            "bootstrap.servers": broker.outside,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "bank-icbc",
            "sasl.password": (platform.secrets / "banks" / "icbc").read_text(),
            "group.id": "icbc-loan-desk",
            "auto.offset.reset": "earliest",
        }
    )
    try:
        reader.subscribe([BANK_TOPIC.name])
        record = reader.poll(30)
        assert record is not None
        assert record.value() == b"{}"
    finally:
        reader.close()
    assert BANK_TOPIC.name not in await _topics(settings_of("bank-ccb"))


async def test_a_bank_writes_its_own_decisions_and_funding_reads_them(
    settings_of: Callable[..., Settings],
) -> None:
    async with _producer(settings_of("bank-icbc")) as producer:
        await producer.send_and_wait(DECISIONS, b"decided", key=b"application")
    assert await _read_one(settings_of("funding"), DECISIONS, "funding") == b"decided"


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("bank-ccb", DECISIONS),
        ("bank-ccb", "bank.icbc.loan-eligibility"),
        ("bank-icbc", "bank.icbc.loan-eligibility"),
        ("bank-icbc", APPLICATIONS),
        ("bank-icbc", "bank.cmb.loan-decision"),
        ("bank-icbc", DOSSIER.name),
        ("funding", DECISIONS),
        ("webhook", DECISIONS),
    ],
)
async def test_what_is_not_ones_own_to_write_is_refused(
    settings_of: Callable[..., Settings], user: str, topic: str
) -> None:
    async with _producer(settings_of(user)) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic, b"{}", key=b"trial")


@pytest.mark.parametrize(
    ("user", "topic", "group"),
    [
        ("bank-ccb", "bank.icbc.loan-eligibility", "ccb-desk"),
        ("bank-ccb", APPLICATIONS, "ccb-desk"),
        ("bank-ccb", DECISIONS, "ccb-desk"),
        ("bank-icbc", "enterprise.dossier", "icbc-desk"),
        ("certification", "bank.icbc.loan-eligibility", "certification"),
    ],
)
async def test_another_banks_credentials_are_refused_when_they_read(
    settings_of: Callable[..., Settings], user: str, topic: str, group: str
) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        await _read_one(settings_of(user), topic, group)


async def test_a_bank_joins_no_group_of_another(settings_of: Callable[..., Settings]) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        await _read_one(settings_of("bank-ccb"), "bank.ccb.loan-eligibility", "icbc-loan-desk")


@pytest.mark.parametrize(
    "changes",
    [
        {"kafka_security": "plaintext"},
        {"kafka_password": "guessed"},
        {"kafka_user": "bank-icbc"},
        {"kafka_user": "bank-nobody"},
    ],
    ids=["without a password", "wrong password", "anothers name", "unknown"],
)
async def test_outside_nobody_reads_or_writes_without_the_banks_own_password(
    settings_of: Callable[..., Settings], broker: AuthenticatedBroker, changes: dict[str, str]
) -> None:
    settings = settings_of("bank-ccb", kafka=broker.outside, **changes)
    with pytest.raises(KafkaError):
        await _topics(settings)
    with pytest.raises(KafkaError):
        async with _producer(settings) as producer:
            await producer.send_and_wait("bank.ccb.loan-decision", b"{}", key=b"trial")


async def test_topics_of_banks_that_were_there_before_get_the_settings_of_their_contract(
    platform: Platform, broker: AuthenticatedBroker
) -> None:
    admin = AdminClient(
        {
            "bootstrap.servers": broker.bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "admin",
            "sasl.password": (platform.secrets / "kafka/admin_password").read_text(),
        }
    )

    def segment_ms() -> str:
        asked = ConfigResource(ResourceType.TOPIC, BANK_TOPIC.name)
        (found,) = admin.describe_configs([asked]).values()
        return str(found.result(30)["segment.ms"].value)

    set_back = AlterConfigOpType.DELETE
    entry = ConfigEntry("segment.ms", "", incremental_operation=set_back)
    asked = ConfigResource(ResourceType.TOPIC, BANK_TOPIC.name, incremental_configs=[entry])
    for done in admin.incremental_alter_configs([asked]).values():
        done.result(30)
    assert segment_ms() == str(7 * 86_400_000)
    assert platform.run_job(platform.containers["kafka-setup"]).returncode == 0
    assert segment_ms() == str(12 * 3_600_000)


@contextmanager
def _nobody_reads(topic: str, platform: Platform) -> Iterator[None]:
    """The contracts as if no service read this topic any more, and after that as they are."""
    image = platform.image_of(platform.containers["kafka-setup"])
    consumers = image.workdir / "consumers.yaml"
    kept = consumers.read_text()
    consumers.write_text(kept.replace(f"- {topic}\n", ""))
    try:
        yield
    finally:
        consumers.write_text(kept)


async def test_the_job_repeats_itself_takes_a_new_password_and_takes_rights_away(
    settings_of: Callable[..., Settings], platform: Platform
) -> None:
    before = settings_of("bank-ccb")
    (platform.secrets / "banks" / "ccb").write_text("another-password-of-the-bank")
    assert "enterprise.consent" in await _topics(settings_of("funding"))
    with _nobody_reads("enterprise.consent", platform):
        done = platform.run_job(platform.containers["kafka-setup"])
        assert done.returncode == 0, done.stderr
    with pytest.raises(KafkaError):
        await _topics(before)
    await _topics(settings_of("bank-ccb"))
    assert "enterprise.consent" not in await _topics(settings_of("funding"))
    assert platform.run_job(platform.containers["kafka-setup"]).returncode == 0
    assert "enterprise.consent" in await _topics(settings_of("funding"))


def test_the_job_names_a_service_that_has_no_password(platform: Platform) -> None:
    file = platform.secrets / "services" / "funding" / "terrace_kafka_password"
    kept = file.read_text()
    file.unlink()
    try:
        done = platform.run_job(platform.containers["kafka-setup"])
    finally:
        file.write_text(kept)
    assert done.returncode != 0
    assert "No Kafka password for funding: run deploy/secrets.sh" in done.stderr
