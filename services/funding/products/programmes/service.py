"""Use cases of the bank programmes: a bank reports what was used; everybody reads it."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select

from services.funding.products.programmes.errors import ProgrammeNotFound, ProgrammeUseUnusable
from services.funding.products.programmes.files import Programme, programmes
from services.funding.products.programmes.models import ProgrammeUse
from services.funding.products.programmes.schemas import ProgrammeUseCreate
from shared import clock
from shared.auth import Subject
from shared.db import Session, lock_keys


def find_programme(programme_id: str) -> Programme:
    """The programme. Raises ProgrammeNotFound."""
    found = programmes().get(programme_id)
    if found is None:
        raise _not_found(programme_id)
    return found


async def report_use(
    session: Session, programme_id: str, sent: ProgrammeUseCreate, by: Subject
) -> ProgrammeUse:
    """Keep what a bank reports of its own programme. The same report twice is one.

    A later report for the same day corrects the earlier one, which stays on record.
    Raises ProgrammeNotFound, ProgrammeUseUnusable.
    """
    programme = find_programme(programme_id)
    if by.org != programme.bank:
        raise _not_found(programme_id)
    if sent.as_of_on > clock.today():
        raise ProgrammeUseUnusable(
            f"{sent.as_of_on} lies ahead; report what was used up to a day that has begun.",
            f"{sent.as_of_on} 尚未到来,请报送截至已发生日期的使用额度。",
        )
    await lock_keys(session, [f"programme/{programme_id}"])
    last = (await last_uses(session, [programme_id])).get(programme_id)
    told = (sent.as_of_on, sent.used_cny, sent.enterprises)
    if last is not None and (last.as_of_on, last.used_cny, last.enterprises) == told:
        return last
    row = ProgrammeUse(
        programme_id=programme_id,
        as_of_on=sent.as_of_on,
        used_cny=sent.used_cny,
        enterprises=sent.enterprises,
        reported_at=clock.now(),
        reported_by=by.org,
    )
    session.add(row)
    await session.flush()
    return row


async def last_uses(session: Session, programme_ids: Sequence[str]) -> dict[str, ProgrammeUse]:
    """What holds of each programme: the last report for the latest day."""
    statement = (
        select(ProgrammeUse)
        .ext(distinct_on(col(ProgrammeUse.programme_id)))
        .where(col(ProgrammeUse.programme_id).in_(programme_ids))
        .order_by(
            col(ProgrammeUse.programme_id),
            col(ProgrammeUse.as_of_on).desc(),
            col(ProgrammeUse.number).desc(),
        )
    )
    return {row.programme_id: row for row in await session.exec(statement)}


async def uses_before(
    session: Session, programme_id: str, before: int | None, limit: int
) -> Sequence[ProgrammeUse]:
    """The reports of a programme, the last sent first."""
    statement = select(ProgrammeUse).where(ProgrammeUse.programme_id == programme_id)
    if before is not None:
        statement = statement.where(col(ProgrammeUse.number) < before)
    rows = await session.exec(statement.order_by(col(ProgrammeUse.number).desc()).limit(limit))
    return rows.all()


def _not_found(programme_id: str) -> ProgrammeNotFound:
    return ProgrammeNotFound(
        f"There is no programme {programme_id[:64]} of yours; see GET /v1/bank-programmes.",
        f"没有编号为 {programme_id[:64]} 的专项,请查看 GET /v1/bank-programmes。",
    )
