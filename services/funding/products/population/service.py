"""Use cases of the population matches: ask for one, look at it, list them."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlmodel import col, select

from services.funding.products.catalogue import FinanceProduct
from services.funding.products.errors import ProductMatchNotFound
from services.funding.products.population.models import ProductMatch
from services.funding.products.versions import current
from shared import clock
from shared.auth import Role, Subject
from shared.db import Database, Session

PLATFORM = "terrace"
CHANGES_PER_S = 1_000


async def request_match(
    session: Session, product: FinanceProduct, by: str, changes_per_s: int = CHANGES_PER_S
) -> ProductMatch:
    """Queue the match of a version to the whole population."""
    match = ProductMatch(
        match_id=uuid4(),
        product_id=product.id,
        version=product.terms.version,
        owner=product.terms.owner,
        changes_per_s=changes_per_s,
        requested_at=clock.now(),
        requested_by=by,
    )
    session.add(match)
    await session.flush()
    return match


async def match_new_versions(database: Database) -> None:
    """Queue a match for each product whose version never had one: a rule file changed."""

    async def queue(session: Session) -> None:
        matched = set(
            (await session.exec(select(ProductMatch.product_id, ProductMatch.version))).all()
        )
        for product in (await current(session)).products.values():
            if (product.id, product.terms.version) not in matched:
                await request_match(session, product, PLATFORM)

    await database.run(queue)


async def find_match(session: Session, match_id: UUID, by: Subject) -> ProductMatch:
    """A match this caller may see. Raises ProductMatchNotFound."""
    found = await session.get(ProductMatch, match_id)
    if found is None or (by.role is Role.BANK and found.owner != by.org):
        raise ProductMatchNotFound(
            f"There is no product match {match_id} for you; see GET /v1/product-matches.",
            f"没有编号为 {match_id} 的匹配任务,请查看 GET /v1/product-matches。",
        )
    return found


async def matches_before(
    session: Session, by: Subject, before: int | None, limit: int
) -> Sequence[ProductMatch]:
    """The matches this caller may see, newest first."""
    statement = select(ProductMatch)
    if by.role is Role.BANK:
        statement = statement.where(ProductMatch.owner == (by.org or ""))
    if before is not None:
        statement = statement.where(col(ProductMatch.number) < before)
    rows = await session.exec(statement.order_by(col(ProductMatch.number).desc()).limit(limit))
    return rows.all()
