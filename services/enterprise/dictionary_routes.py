"""Dictionaries for frontends: regions, industries, segments, authorities, facts, the schema."""

from typing import Annotated, Any

from fastapi import Path, Query
from sqlmodel import col, select

from services.enterprise import service
from services.enterprise.codes import industries, provinces, region_name
from services.enterprise.models import Segment
from services.enterprise.schemas import (
    AuthorityRead,
    DossierWrite,
    FactName,
    IndustryRead,
    RegionRead,
    SegmentRead,
    SegmentWrite,
)
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.authorities import authorities
from shared.http import Db
from shared.rules.metrics import METRICS

router = create_router("字典 Dictionaries")

Operator = Annotated[Subject, allow(Role.OPERATOR)]


@router.get("/v1/dictionaries/regions", summary="行政区划", dependencies=[open_to_all])
async def list_regions(
    province: Annotated[str | None, Query(pattern="^[0-9]{2}$", title="省级代码前两位")] = None,
) -> list[RegionRead]:
    """Provinces; or, for one province, the cities and counties known today (GB/T 2260)."""
    if province is None:
        return [RegionRead(code=f"{code}0000", name=name) for code, name in provinces().items()]
    codes = (f"{province}{number:04d}" for number in range(10_000))
    named = ((code, region_name(code)) for code in codes)
    return [RegionRead(code=code, name=name) for code, name in named if name]


@router.get("/v1/dictionaries/industries", summary="国民经济行业", dependencies=[open_to_all])
async def list_industries() -> list[IndustryRead]:
    """Divisions (大类) of GB/T 4754-2017 with their sections (门类)."""
    return [
        IndustryRead(code=code, name=name, section=section, section_name=section_name)
        for code, (section, section_name, name) in industries().items()
    ]


@router.get("/v1/dictionaries/segments", summary="细分领域", dependencies=[open_to_all])
async def list_segments(session: Db) -> list[SegmentRead]:
    """The region's taxonomy of segments, finer than an industry code."""
    rows = (await session.exec(select(Segment).order_by(col(Segment.segment_id)))).all()
    return [SegmentRead(**row.model_dump()) for row in rows]


@router.put("/v1/dictionaries/segments/{segment_id}", summary="编辑细分领域 Write a segment")
async def write_segment(
    segment_id: Annotated[str, Path(pattern="^[a-z0-9-]{2,64}$")],
    segment: SegmentWrite,
    session: Db,
    caller: Operator,
) -> SegmentRead:
    """Add or change a segment of the region's taxonomy."""
    row = await service.write_segment(session, segment_id, segment)
    return SegmentRead(**row.model_dump())


@router.get("/v1/dictionaries/authorities", summary="主管部门", dependencies=[open_to_all])
async def list_authorities() -> list[AuthorityRead]:
    """Authorities and the region prefixes each covers."""
    return [
        AuthorityRead(
            code=authority.code,
            name=authority.name,
            level=authority.level,
            parent=authority.parent,
            covers=list(authority.covers),
            excludes=list(authority.excludes),
        )
        for authority in authorities().values()
    ]


@router.get("/v1/dictionaries/facts", summary="规则可读取的事实", dependencies=[open_to_all])
async def list_facts() -> list[FactName]:
    """Names a rule may read, with official term, unit and source."""
    return [
        FactName(name=metric.name, title=metric.zh, unit=metric.unit, source=metric.source)
        for metric in METRICS.values()
    ]


@router.get("/v1/dossier-schema", summary="企业档案结构", dependencies=[open_to_all])
async def read_dossier_schema() -> dict[str, Any]:
    """JSON Schema of the dossier, field by field with official term, unit and source."""
    return DossierWrite.model_json_schema()
