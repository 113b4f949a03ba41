"""The delivery worker of one process: claims, sends, settles, and keeps house, until stopped.

Any number of processes may run it: each delivery is claimed under a lease. Nothing is held in
memory that the database does not know, so the process may be killed at any moment.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import structlog

from services.webhook.deliveries import metrics
from services.webhook.deliveries.claim import Claimed, claim_due, claim_forced
from services.webhook.deliveries.house import keep_house, measure
from services.webhook.deliveries.keyring import Keyring
from services.webhook.deliveries.send import Answer, Sender
from services.webhook.deliveries.settle import Result, settle
from services.webhook.envelope import CONTENT_TYPE
from services.webhook.machine_time import MachineTime
from services.webhook.models import DeliveryStatus
from services.webhook.readers import may_read
from services.webhook.schedule import due_at, retry_after_s
from services.webhook.settings import WebhookSettings
from services.webhook.signing import signature_headers
from shared.bus.failures import is_infrastructure
from shared.bus.waiting import BackOff, wait_for
from shared.db import Database, Session

IDLE_S = 0.1
FORCED_S = 0.1
HOUSE_S = 1.0
MEASURE_S = 5.0
LINGER_S = 0.03
SETTLE_MAX = 500
DRAIN_S = 5.0
BACK_OFF_S = (0.1, 5.0)
USER_AGENT = "Terrace-Webhook/1"

T = TypeVar("T")
log = structlog.get_logger()


class Worker:
    """Sends what is due."""

    def __init__(
        self,
        database: Database,
        settings: WebhookSettings,
        sender: Sender,
        keyring: Keyring,
        machine_time: MachineTime,
    ) -> None:
        self._database = database
        self._settings = settings
        self._sender = sender
        self._keyring = keyring
        self._time = machine_time
        # A sender that lives has always settled by then.
        self._lease = timedelta(seconds=settings.webhook_timeout_s * 2 + 5)
        self._forced_at = 0.0
        self._busy: Counter[UUID] = Counter()
        self._sends: set[asyncio.Task[None]] = set()
        self._results: asyncio.Queue[Result] = asyncio.Queue()
        self._free = asyncio.Event()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin in the background; survives the database being away."""
        self._tasks = [
            asyncio.create_task(self._forever(self._send_due), name="webhook-claim"),
            asyncio.create_task(self._forever(self._keep_house), name="webhook-house"),
            asyncio.create_task(self._forever(self._measure), name="webhook-measure"),
        ]
        self._settler = asyncio.create_task(self._settle_all(), name="webhook-settle")

    async def stop(self) -> None:
        """Claim no more, give what is under way a moment, and write what came of it."""
        self._stopping.set()
        self._free.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._sends:
            _, late = await asyncio.wait(self._sends, timeout=DRAIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            await asyncio.wait_for(self._results.join(), DRAIN_S)
        except TimeoutError:
            log.warning("webhook results are left to the sweep", results=self._results.qsize())
        self._settler.cancel()
        await asyncio.gather(self._settler, return_exceptions=True)
        await self._sender.close()

    async def _forever(self, step: Callable[[], Awaitable[None]]) -> None:
        back_off = BackOff(*BACK_OFF_S)
        while not self._stopping.is_set():
            try:
                await step()
                back_off.reset()
            except Exception as error:
                if is_infrastructure(error):
                    log.warning("webhook worker waits for the database", error=str(error))
                else:
                    log.exception("webhook worker failed; it goes on")
                await wait_for(self._stopping, back_off.next_s())

    async def _send_due(self) -> None:
        self._free.clear()
        busy = {endpoint: count for endpoint, count in self._busy.items() if count}

        async def work(session: Session) -> list[Claimed]:
            now, slots = self._time.now(), self._settings.webhook_slots
            claimed = await claim_due(session, now, self._lease, slots, busy)
            if time.monotonic() - self._forced_at > FORCED_S:
                claimed += await claim_forced(session, now, self._lease)
                self._forced_at = time.monotonic()
            await self._keyring.learn(session, claimed)
            return claimed

        claimed = await self._database.run(work)
        for delivery in claimed:
            self._busy[delivery.endpoint_id] += 1
            task = asyncio.create_task(self._attempt(delivery))
            self._sends.add(task)
            task.add_done_callback(self._sends.discard)
        if not claimed:
            await wait_for(self._free, IDLE_S)

    async def _keep_house(self) -> None:
        async def work(session: Session) -> None:
            await keep_house(session, self._time.now())

        await self._database.run(work)
        await wait_for(self._stopping, HOUSE_S)

    async def _measure(self) -> None:
        async def work(session: Session) -> None:
            await measure(session, self._time.now())

        await self._database.run(work)
        await wait_for(self._stopping, MEASURE_S)

    async def _attempt(self, delivery: Claimed) -> None:
        if not may_read(
            delivery.owner, delivery.type, delivery.audience, delivery.about, delivery.region
        ):
            self._results.put_nowait(_withheld(delivery))
            return
        started_at = datetime.now(UTC)
        headers = {
            **signature_headers(
                self._keyring.webhooks(delivery),
                delivery.message_id,
                started_at,
                delivery.body.decode(),
            ),
            "content-type": CONTENT_TYPE,
            "user-agent": USER_AGENT,
        }
        try:
            answer = await self._sender.post(delivery.url, headers, delivery.body)
        except asyncio.CancelledError:
            self._results.put_nowait(_interrupted(delivery, started_at))
            raise
        self._results.put_nowait(self._result(delivery, answer, started_at))

    def _result(self, delivery: Claimed, answer: Answer, started_at: datetime) -> Result:
        outcome = "delivered" if answer.delivered else "failed"
        endpoint = str(delivery.endpoint_id)
        metrics.ATTEMPTS.labels(endpoint, outcome).inc()
        metrics.DURATION.labels(endpoint).observe(answer.duration_ms / 1000)
        next_at = None
        if not answer.delivered:
            now = self._time.now()
            asked_s = retry_after_s(answer.retry_after, datetime.now(UTC))
            next_at = due_at(delivery.failures + 1, now, random.random(), asked_s)
        return Result(
            delivery_id=delivery.delivery_id,
            endpoint_id=delivery.endpoint_id,
            number=delivery.number,
            next=DeliveryStatus.DELIVERED if answer.delivered else DeliveryStatus.PENDING,
            outcome=outcome,
            due_at=next_at,
            started_at=started_at,
            duration_ms=answer.duration_ms,
            url=delivery.url,
            status=answer.status,
            error=answer.error,
            response=answer.excerpt,
        )

    async def _settle_all(self) -> None:
        while True:
            results = [await self._results.get()]
            if self._sends:
                await asyncio.sleep(LINGER_S)
            while len(results) < SETTLE_MAX and not self._results.empty():
                results.append(self._results.get_nowait())
            await self._settle(results)
            for result in results:
                self._busy[result.endpoint_id] -= 1
                self._results.task_done()
            self._busy = +self._busy
            self._free.set()

    async def _settle(self, results: list[Result]) -> None:
        """Write the results; while the database is away wait, however long it takes."""
        back_off = BackOff(*BACK_OFF_S)

        async def work(session: Session) -> None:
            await settle(session, results, self._time.now(), self._settings.webhook_kept_days)

        while True:
            try:
                return await self._database.run(work)
            except Exception as error:
                log.warning("webhook results wait", error=str(error), results=len(results))
                if not is_infrastructure(error):
                    log.exception("webhook results are left to the sweep")
                    return None
            await asyncio.sleep(back_off.next_s())


def _withheld(delivery: Claimed) -> Result:
    metrics.ATTEMPTS.labels(str(delivery.endpoint_id), "withheld").inc()
    return Result(
        delivery_id=delivery.delivery_id,
        endpoint_id=delivery.endpoint_id,
        number=delivery.number,
        next=DeliveryStatus.WITHHELD,
        outcome="withheld",
        error="The owner may not read this event now.",
    )


def _interrupted(delivery: Claimed, started_at: datetime) -> Result:
    return Result(
        delivery_id=delivery.delivery_id,
        endpoint_id=delivery.endpoint_id,
        number=delivery.number,
        next=DeliveryStatus.PENDING,
        outcome="interrupted",
        started_at=started_at,
        url=delivery.url,
        error="The sender ended before the answer was known.",
    )
