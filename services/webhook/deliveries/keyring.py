"""The opened signing secrets of endpoints, by the endpoint's version; never written anywhere."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import col, select
from standardwebhooks import Webhook

from services.webhook.deliveries.claim import Claimed
from services.webhook.models import EndpointSecret
from services.webhook.sealing import Sealer
from shared.db import Session

Secrets = list[tuple[datetime | None, Webhook]]


class Keyring:
    """Secrets that were needed before. A change of an endpoint's secrets raises its version."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._known: dict[UUID, tuple[int, Secrets]] = {}

    async def learn(self, session: Session, claimed: Iterable[Claimed]) -> None:
        """Read the secrets of endpoints that are new or changed."""
        missing = {
            delivery.endpoint_id: delivery.version
            for delivery in claimed
            if self._known.get(delivery.endpoint_id, (0, []))[0] != delivery.version
        }
        if not missing:
            return
        statement = select(EndpointSecret).where(col(EndpointSecret.endpoint_id).in_(missing))
        newest_first = statement.order_by(col(EndpointSecret.secret_id).desc())
        found: dict[UUID, Secrets] = {endpoint: [] for endpoint in missing}
        for row in await session.exec(newest_first):
            webhook = Webhook(self._sealer.open(row.sealed))
            found[row.endpoint_id].append((row.expires_at, webhook))
        for endpoint, version in missing.items():
            self._known[endpoint] = (version, found[endpoint])

    def webhooks(self, delivery: Claimed) -> list[Webhook]:
        """Every secret that is valid now, newest first."""
        now = datetime.now(UTC)
        _, secrets = self._known[delivery.endpoint_id]
        return [webhook for expires_at, webhook in secrets if not expires_at or expires_at > now]
