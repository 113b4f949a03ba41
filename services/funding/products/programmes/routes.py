"""HTTP of the bank programmes."""

from decimal import Decimal
from typing import Annotated

from fastapi import Request, Response

from services.funding.products.programmes import service
from services.funding.products.programmes.files import Programme, programmes
from services.funding.products.programmes.models import ProgrammeUse
from services.funding.products.programmes.schemas import (
    ProgrammeList,
    ProgrammeRead,
    ProgrammeUseCreate,
    ProgrammeUsePage,
    ProgrammeUseRead,
)
from services.funding.rule_files import Texts
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.authorities import authorities
from shared.banks import banks
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next

router = create_router("银行专项 Bank programmes")

ReportingBank = Annotated[Subject, allow(Role.BANK)]


@router.get("/v1/bank-programmes", summary="银行专项列表", dependencies=[open_to_all])
async def list_bank_programmes(session: Db) -> ProgrammeList:
    """What banks committed, and what each reports as used."""
    known = list(programmes().values())
    uses = await service.last_uses(session, [one.id for one in known])
    return ProgrammeList(programmes=[_read(one, uses.get(one.id)) for one in known])


@router.get("/v1/bank-programmes/{programme_id}", summary="银行专项", dependencies=[open_to_all])
async def read_bank_programme(programme_id: str, session: Db) -> ProgrammeRead:
    """One programme."""
    found = service.find_programme(programme_id)
    uses = await service.last_uses(session, [found.id])
    return _read(found, uses.get(found.id))


@router.post("/v1/bank-programmes/{programme_id}/uses", status_code=201, summary="报送专项使用额度")
async def report_programme_use(
    programme_id: str, sent: ProgrammeUseCreate, session: Db, caller: ReportingBank
) -> ProgrammeUseRead:
    """A bank says what of its own programme was used by a day. The same report twice is one."""
    return _use(await service.report_use(session, programme_id, sent, caller))


@router.get(
    "/v1/bank-programmes/{programme_id}/uses",
    summary="专项使用额度报送记录",
    dependencies=[open_to_all],
)
async def list_programme_uses(
    programme_id: str,
    request: Request,
    response: Response,
    session: Db,
    limit: Limit = 50,
    cursor: str | None = None,
) -> ProgrammeUsePage:
    """Every report of a programme, the last sent first."""
    service.find_programme(programme_id)
    before = decode_cursor(cursor, [int])
    rows = await service.uses_before(
        session, programme_id, before[0] if before else None, limit + 1
    )
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].number or 0))
    return ProgrammeUsePage(uses=[_use(row) for row in rows[:limit]])


def _read(one: Programme, use: ProgrammeUse | None) -> ProgrammeRead:
    bank = banks()[one.bank]
    return ProgrammeRead(
        programme_id=one.id,
        name=Texts(zh=one.zh, en=one.en),
        bank=one.bank,
        bank_name=Texts(zh=bank.zh, en=bank.en),
        partner=one.partner,
        partner_name=authorities()[one.partner].name,
        commitment_cny=Decimal(one.commitment),
        commitment_for=one.commitment_for,
        used=None if use is None else _use(use),
        tiers=None if one.tiers is None else list(one.tiers),
        products=None if one.products is None else list(one.products),
        parts=list(one.parts),
        review_months=one.review_months,
        offered_from=one.since,
        offered_until=one.until,
        contact=one.contact,
        source=one.source,
        verification=one.verification,
    )


def _use(row: ProgrammeUse) -> ProgrammeUseRead:
    return ProgrammeUseRead(
        number=row.number or 0,
        as_of_on=row.as_of_on,
        used_cny=row.used_cny,
        enterprises=row.enterprises,
        reported_at=row.reported_at,
        reported_by=row.reported_by,
    )
