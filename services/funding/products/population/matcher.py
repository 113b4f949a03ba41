"""Matches new and changed products to the whole population, beside the requests of a process.

One match at a time, page by page. The measures of a page are made anew where they are old, the
product is judged over them as arrays, and whom the bank may hear of anew is told by the function
that tells it of one enterprise: a hundred in a transaction, at no more than the match's rate. That
function publishes only what is news, so a page done again after a kill publishes nothing twice.
While no match waits, the population is walked slowly and what is old is renewed.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from sqlmodel import col, func, select

from services.funding.enterprises import Standing
from services.funding.models import Enterprise
from services.funding.products.catalogue import FinanceProduct
from services.funding.products.matching import read_standing
from services.funding.products.population import kept, store
from services.funding.products.population.judging import judge_rows, metrics_read
from services.funding.products.population.kept import Dictionary
from services.funding.products.population.measures import fields_of
from services.funding.products.population.models import MatchStatus, ProductMatch
from services.funding.products.population.renewing import renew_page, renew_some
from services.funding.products.service import tell_bank
from services.funding.products.versions import current
from shared import clock
from shared.db import Database, Session, lock_keys
from shared.leased import LeasedRunner
from shared.rules.columns import Array
from shared.rules.evaluate import holds
from shared.rules.table import NOT_REACHED, OPEN, REACHED

PAGE_SIZE = 20_000
TOLD_AT_ONCE = 100
WALK_EVERY_S = 5.0


class ProductMatcher(LeasedRunner[ProductMatch]):
    """The population matches of one process: takes up what is queued until stopped."""

    def __init__(self, page_size: int = PAGE_SIZE) -> None:
        super().__init__("product matches", store.LEASES)
        self._page_size = page_size
        self._renewed_to = ""
        self._walk_at = 0.0

    async def do(self, database: Database, work: ProductMatch) -> None:
        """Match page after page, from where the match stands."""
        await _Run(database, work, self._page_size).to_the_end()

    async def idle(self, database: Database) -> None:
        """Renew some of what is old."""
        if time.monotonic() >= self._walk_at:
            self._renewed_to = await renew_some(database, self._renewed_to)
            self._walk_at = time.monotonic() + WALK_EVERY_S


class _Run:
    """One attempt at a match."""

    def __init__(self, database: Database, match: ProductMatch, page_size: int) -> None:
        self._database = database
        self._match = match
        self._page_size = page_size
        self._values = Dictionary()

    async def to_the_end(self) -> None:
        """Page after page until the population ends or a later version of the product counts."""
        if self._match.total is None:
            await self._database.run(self._count)
        after = self._match.after_uscc
        while True:
            product = await self._database.run(self._product)
            end = None
            if product is not None:
                end = await self._database.run(
                    partial(kept.page_end, after=after, size=self._page_size)
                )
            if product is None or end is None:
                status = MatchStatus.SUPERSEDED if product is None else MatchStatus.DONE
                await self._database.run(
                    partial(store.LEASES.finish, work=self._match, status=status)
                )
                return
            await self._page(product, after, end)
            after = end

    async def _count(self, session: Session) -> None:
        match = await session.get_one(ProductMatch, self._match.match_id)
        match.total = await session.scalar(select(func.count()).select_from(Enterprise))

    async def _product(self, session: Session) -> FinanceProduct | None:
        """The version to match, while it is the one that counts."""
        product = (await current(session)).products.get(self._match.product_id)
        if product is None or product.terms.version != self._match.version:
            return None
        return product

    async def _page(self, product: FinanceProduct, after: str, end: str) -> None:
        await renew_page(self._database, self._values, after, end, self._lease_kept)
        rows = await self._database.run(partial(self._read, product, after, end))
        met, odd = await asyncio.to_thread(judge_rows, product, rows, self._values.meaning)
        usccs = [code.decode() for code in rows["uscc"].tolist()]
        await self._judge_apart(product, usccs, met, odd)
        if product.owner.is_bank:
            fitting = [usccs[row] for row in (met == REACHED).nonzero()[0].tolist()]
            found = await self._database.run(
                partial(store.concerned, match=self._match, after=after, end=end, eligible=fitting)
            )
            await self._tell(found)
        counts = {
            "judged": len(usccs),
            "eligible": int((met == REACHED).sum()),
            "not_eligible": int((met == NOT_REACHED).sum()),
            "not_judged": int((met == OPEN).sum()),
        }
        await self._database.run(
            partial(store.write_step, match=self._match, after=end, counts=counts)
        )

    async def _lease_kept(self) -> None:
        """Renewing a page takes long when all of it is old."""
        await self._database.run(partial(store.add_changes, match=self._match, changes=0))

    async def _read(self, product: FinanceProduct, after: str, end: str, session: Session) -> Array:
        names = fields_of(metrics_read(product))
        rows = await kept.read_rows(session, after, end, names)
        await self._values.learn(session, kept.codes_in(rows, names))
        return rows

    async def _judge_apart(
        self, product: FinanceProduct, usccs: list[str], met: Array, odd: Array
    ) -> None:
        """Judge the rows with an odd value from their dossiers."""
        places = {usccs[row]: row for row in odd.nonzero()[0].tolist()}

        async def judge(session: Session) -> None:
            for standing in await _standings(session, sorted(places)):
                found = holds(product.conditions, read_standing(standing))
                met[places[standing.uscc]] = OPEN if found is None else int(found)

        if places:
            await self._database.run(judge)

    async def _tell(self, usccs: Sequence[str]) -> None:
        """Tell the bank of them, no faster than the rate of the match."""
        for first in range(0, len(usccs), TOLD_AT_ONCE):
            begun = time.monotonic()
            changes = await self._database.run(
                partial(self._tell_some, usccs[first : first + TOLD_AT_ONCE])
            )
            wait_s = changes / self._match.changes_per_s - (time.monotonic() - begun)
            if wait_s > 0:
                await asyncio.sleep(wait_s)

    async def _tell_some(self, usccs: Sequence[str], session: Session) -> int:
        await lock_keys(session, usccs)
        standings = await _standings(session, usccs)
        changes = await tell_bank(session, standings, self._match.owner, await current(session))
        await store.add_changes(session, self._match, changes)
        return changes


async def _standings(session: Session, usccs: Sequence[str]) -> list[Standing]:
    rows = await session.exec(
        select(Enterprise).where(col(Enterprise.uscc).in_(usccs)).order_by(col(Enterprise.uscc))
    )
    now = clock.now()
    return [Standing(row, now) for row in rows if row.dossier_version > 0]
