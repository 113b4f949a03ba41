"""HTTP of titles: of one enterprise, in numbers, and the kinds there are."""

from datetime import date
from typing import Annotated

from fastapi import Request

from contracts.events.certification import TitleStatus
from services.certification.models import Enterprise
from services.certification.titles import service
from services.certification.titles.kinds import KINDS
from services.certification.titles.models import HeldTitle
from services.certification.titles.schemas import (
    TitleCount,
    TitleKindRead,
    TitleListRead,
    TitleRead,
    TitleSummary,
)
from shared import clock
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.authorities import authorities
from shared.http import Db
from shared.problems import wants_chinese
from shared.scope import Staff, enterprise_not_found
from shared.titles import is_effective
from shared.uscc import CheckedUscc

router = create_router("称号 Titles")

Anyone = Annotated[Subject, allow(*Role)]


@router.get("/v1/enterprises/{uscc}/titles", summary="企业称号 List titles")
async def list_titles(
    uscc: CheckedUscc, request: Request, session: Db, caller: Anyone
) -> TitleListRead:
    """Every title the enterprise holds or held, as official lists say. Titles are public."""
    rows = (await service.titles_of(session, [uscc])).get(uscc, [])
    if not rows and await session.get(Enterprise, uscc) is None:
        raise enterprise_not_found(uscc)
    today, chinese = clock.today(), wants_chinese(request)
    return TitleListRead(uscc=uscc, titles=[_title(row, today, chinese) for row in rows])


@router.get("/v1/titles/summary", summary="称号汇总 Count titles")
async def summarise_titles(request: Request, session: Db, caller: Staff) -> TitleSummary:
    """How many enterprises of the caller's authority have which title, by status."""
    chinese = wants_chinese(request)
    return TitleSummary(
        authority=caller.authority,
        counts=[
            TitleCount(
                kind=kind,
                name=_name(kind, chinese),
                status=TitleStatus(status),
                enterprises=count,
            )
            for kind, status, count in await service.sum_titles(session, caller)
        ],
    )


@router.get("/v1/dictionaries/titles", summary="称号字典", dependencies=[open_to_all])
async def list_title_kinds() -> list[TitleKindRead]:
    """Kinds of title: level, tier, term, and the authorities that decide."""
    return [
        TitleKindRead(
            kind=kind.kind,
            zh=kind.zh,
            en=kind.en,
            tier=kind.tier,
            level=kind.level,
            act=kind.act,
            decided_by=list(kind.decided_by),
            validity_years=kind.validity_years,
            source=kind.provenance.source,
            verification=kind.provenance.verification,
        )
        for kind in KINDS.values()
    ]


def _name(kind: str, chinese: bool) -> str:
    known = KINDS.get(kind)
    return kind if known is None else (known.zh if chinese else known.en)


def _title(row: HeldTitle, today: date, chinese: bool) -> TitleRead:
    kind, authority = KINDS.get(row.kind), authorities().get(row.authority)
    title = service.title_of(row)
    return TitleRead(
        **title.model_dump(),
        name=_name(row.kind, chinese),
        level=kind.level if kind else None,
        in_force=is_effective(title, today),
        authority_name=authority.name if authority else None,
    )
