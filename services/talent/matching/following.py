"""Follows a table of match records into an index: all of it at the start, then every change.

Each row carries the transaction that wrote it. A pass reads what was written since the oldest
transaction that was still open at the pass before, so a slow transaction is never overtaken and
rows may only be read twice. Any number of replicas follow one table, and none writes.
"""

import asyncio
import gc
from collections.abc import Callable

import asyncpg
import numpy as np
import structlog
from prometheus_client import Gauge

from services.talent.matching.features import OFFER
from services.talent.matching.index import Columns

POLL_S = 0.15
RETRY_S_MAX = 5.0
CHUNK_BYTES = 4_000_000
COPY_HEAD_BYTES = 19

_ROWS = Gauge("terrace_talent_index_rows", "Rows in the index.", ["table"])

log = structlog.get_logger()


class Follower:
    """Keeps one index equal to its table."""

    def __init__(self, table: str, index: Columns, record: "np.dtype[np.void]") -> None:
        self._table = table
        self._index = index
        # A row of binary COPY: the number of fields, then each with its length in front.
        self._row = np.dtype(
            [("n", ">i2"), ("a", ">i4"), ("ordinal", ">i8"), ("b", ">i4"), ("record", record)]
        )
        self._horizon: int | None = None
        self._read = 0
        self._away = ""

    @property
    def loaded(self) -> bool:
        """Whether every row was read once."""
        return self._horizon is not None

    def problem(self) -> str | None:
        """Why answers may be incomplete."""
        if not self.loaded:
            return f"index: {self._table} is loading, {self._read} rows read {self._away}".strip()
        return f"index: {self._table} is not followed {self._away}" if self._away else None

    async def run(self, url: str) -> None:
        """Follow until cancelled; survives the database being away."""
        wait_s = 0.1
        while True:
            try:
                await self._follow(url)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                self._away = f"({type(error).__name__})"
                log.warning("index waits for the database", table=self._table, error=str(error))
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_S_MAX)

    async def _follow(self, url: str) -> None:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            while True:
                await self._pass(connection)
                self._away = ""
                await asyncio.sleep(POLL_S)
        finally:
            connection.terminate()

    async def _pass(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        query = f"SELECT ordinal, record FROM {self._table}"
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            horizon = await connection.fetchval(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
            )
            if self._horizon is not None:
                # Before the first ANALYZE the planner would read the whole table every time.
                await connection.execute("SET LOCAL enable_seqscan = off")
                query += f" WHERE changed >= '{self._horizon}'::xid8"
            reader = _CopyReader(self._row, self._take)
            await connection.copy_from_query(query, output=reader.feed, format="binary")
            await reader.end()
        if not self.loaded:
            # What a start made stays: walking it again and again would hold an answer up.
            gc.freeze()
            log.info("index loaded", table=self._table, rows=self._read)
        self._horizon = int(horizon)
        _ROWS.labels(self._table).set(self._index.rows)

    async def _take(self, rows: "np.ndarray[tuple[int], np.dtype[np.void]]") -> None:
        slots = rows["ordinal"].astype(np.int64) - 1
        await asyncio.to_thread(self._index.put, slots, rows["record"])
        self._read += len(rows)


class _CopyReader:
    """Cuts the bytes of a binary COPY into rows of one fixed size."""

    def __init__(self, row: "np.dtype[np.void]", take: Callable[..., object]) -> None:
        self._row = row
        self._take = take
        self._kept = bytearray()
        self._headed = False

    async def feed(self, chunk: bytes) -> None:
        self._kept += chunk
        if len(self._kept) >= CHUNK_BYTES:
            await self.end()

    async def end(self) -> None:
        """Hand over the complete rows. What is left is the end of one, or the end mark."""
        if not self._headed:
            if len(self._kept) < COPY_HEAD_BYTES:
                return
            del self._kept[:COPY_HEAD_BYTES]
            self._headed = True
        count = len(self._kept) // self._row.itemsize
        if count:
            size = count * self._row.itemsize
            rows = np.frombuffer(bytes(self._kept[:size]), self._row)
            del self._kept[:size]
            await self._take(rows)  # type: ignore[misc]


assert OFFER.itemsize > 2, "the end mark of COPY is shorter than a row"
