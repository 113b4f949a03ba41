"""How clients of the broker prove who they are: the same words for consumer, producer and admin."""

from typing import Any

from aiokafka.helpers import create_ssl_context

from shared.settings import Settings


def client_security(settings: Settings) -> dict[str, Any]:
    """What every aiokafka client of this process is made with beside the bootstrap servers.

    Empty on a broker that asks for nothing. With TLS the broker's certificate must be signed by
    TERRACE_KAFKA_CA, or by an authority the machine knows, and carry the broker's name.
    """
    if settings.kafka_security == "plaintext":
        return {}
    assert settings.kafka_password is not None, "the settings asked for it"
    given = {
        "security_protocol": settings.kafka_security.upper(),
        "sasl_mechanism": settings.kafka_mechanism,
        "sasl_plain_username": settings.kafka_user,
        "sasl_plain_password": settings.kafka_password.get_secret_value(),
    }
    if settings.kafka_security == "sasl_ssl":
        given["ssl_context"] = create_ssl_context(cafile=settings.kafka_ca)
    return given
