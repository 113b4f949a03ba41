"""What a population match reads and writes beside the measures: each step done."""

import json

from sqlalchemy import text

from services.funding.products.population.models import ProductMatch
from shared.db import Session
from shared.leased import Leases

_ELIGIBLE_WITH_CONSENT = text("""
    SELECT uscc FROM enterprise
    WHERE uscc = ANY(CAST(:usccs AS text[])) AND consents @> CAST(:consent AS jsonb)
""")
_TOLD_OF_IT = text("""
    SELECT uscc FROM loan_snapshot
    WHERE bank = :bank AND uscc > :after AND uscc <= :end AND status = 'eligible'
      AND content -> 'products' @> CAST(:product AS jsonb)
""")


LEASES = Leases(ProductMatch)


async def concerned(
    session: Session, match: ProductMatch, after: str, end: str, eligible: list[str]
) -> list[str]:
    """Whom the bank may hear of anew: who fits and consented, or of whom it was told before."""
    connection = await session.connection()
    consented = await connection.scalars(
        _ELIGIBLE_WITH_CONSENT,
        {"usccs": eligible, "consent": json.dumps([{"bank": match.owner}])},
    )
    told = await connection.scalars(
        _TOLD_OF_IT,
        {
            "bank": match.owner,
            "after": after,
            "end": end,
            "product": json.dumps([{"product": match.product_id}]),
        },
    )
    return sorted({*consented, *told})


async def add_changes(session: Session, match: ProductMatch, changes: int) -> None:
    """Count what was published, in the transaction that publishes it. Raises LeaseLost."""
    await LEASES.advance(session, match, changes=ProductMatch.changes + changes)


async def write_step(
    session: Session, match: ProductMatch, after: str, counts: dict[str, int]
) -> None:
    """Write how far the match is. Raises LeaseLost."""
    counted = {name: getattr(ProductMatch, name) + count for name, count in counts.items()}
    await LEASES.advance(session, match, after_uscc=after, attempts=1, problem=None, **counted)
