"""HTTP of the needs: what could meet one, and which ones a provider could meet (需求对接)."""

from datetime import MAXYEAR, UTC, datetime
from typing import Annotated

from fastapi import Path, Query, Request, Response

from contracts.events.catalog import ServiceKind
from contracts.events.enterprise import NeedKind
from services.catalog.enterprises import valid_titles
from services.catalog.models import Enterprise
from services.catalog.needs import service
from services.catalog.needs.models import Need
from services.catalog.needs.schemas import NeedAnswers, NeedForProvider, ProviderNeeds
from services.catalog.offerings.routes import read_hits
from services.catalog.providers.schemas import ProviderCode
from services.catalog.providers.service import find_listed
from services.catalog.scope import Offeror, require_offeror
from shared import clock
from shared.app import create_router
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import Reader
from shared.uscc import CheckedUscc

router = create_router("需求对接 Needs and offerings")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@router.get(
    "/v1/enterprises/{uscc}/needs/{need_id}/service-offerings", summary="需求匹配 Meet a need"
)
async def answer_need(
    uscc: CheckedUscc,
    need_id: Annotated[str, Path(max_length=64, title="需求编号")],
    session: Db,
    caller: Reader,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> NeedAnswers:
    """Offerings of the need's kind for the enterprise's field and region, nearest first."""
    enterprise, need = await service.find_need(session, uscc, need_id, caller)
    hits = await service.answers_to(session, enterprise, need, limit)
    zh, en = service.reason_for(need)
    return NeedAnswers(
        need_id=need_id,
        text=need.text,
        reason_zh=zh,
        reason_en=en,
        hits=await read_hits(session, hits),
    )


@router.get("/v1/service-providers/{provider}/needs", summary="可对接需求 Needs to meet")
async def list_needs_to_meet(
    provider: ProviderCode,
    request: Request,
    response: Response,
    session: Db,
    caller: Offeror,
    limit: Limit = 50,
    cursor: str | None = None,
) -> ProviderNeeds:
    """Open needs that the listed provider's offerings could meet, newest first.

    Needs of money are not among them: those are between the enterprise and its banks.
    """
    entry = await find_listed(session, provider)
    require_offeror(caller, provider, entry.authority)
    rows = await service.needs_for(session, provider, _before(cursor), limit + 1)
    if len(rows) > limit:
        last = rows[limit - 1][0]
        link_next(request, response, encode_cursor(last.opened_at.isoformat(), last.need_id))
    return ProviderNeeds(needs=[_shown(*row) for row in rows[:limit]])


def _before(cursor: str | None) -> tuple[datetime, str] | None:
    """Where the page before ended; a moment that is none of ours begins before every need."""
    key = decode_cursor(cursor, [str, str])
    if key is None:
        return None
    try:
        at = datetime.fromisoformat(key[0])
    except ValueError:
        at = _EPOCH
    return (at if at.tzinfo and _EPOCH.year <= at.year < MAXYEAR else _EPOCH), key[1]


def _shown(need: Need, firm: Enterprise, offerings: list[str]) -> NeedForProvider:
    return NeedForProvider(
        need_id=need.need_id,
        kind=NeedKind(need.kind),
        service=ServiceKind(need.service) if need.service else None,
        text=need.text,
        wanted_by_on=need.wanted_by_on,
        opened_at=need.opened_at,
        uscc=firm.uscc,
        name=firm.name or "",
        region=firm.region or "",
        industry=firm.industry or "",
        segment=need.segment or firm.segment,
        titles=sorted({title.kind for title in valid_titles(firm, clock.today())}),
        offerings=offerings,
    )
