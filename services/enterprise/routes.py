"""HTTP of the dossier: parse, authorise, call one function, return."""

from typing import Annotated, Any

from fastapi import Body, Path, Query, Request, Response
from sqlmodel import col, select

from contracts.dossier import Dossier
from contracts.events.enterprise import DossierStatus
from services.enterprise import service
from services.enterprise.codes import industries, region_name
from services.enterprise.models import DossierVersion, Enterprise
from services.enterprise.schemas import (
    DossierWrite,
    EnterprisePage,
    EnterpriseRead,
    EnterpriseSummary,
    VersionPage,
    VersionRead,
    VersionSummary,
)
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.http import (
    Db,
    ExpectedVersion,
    Limit,
    decode_cursor,
    encode_cursor,
    etag,
    link_next,
)
from shared.scope import Reader, Staff, covered_by
from shared.uscc import CheckedUscc

router = create_router("企业档案 Dossiers")

Version = Annotated[int, Path(ge=1, le=2**31 - 1, title="版本")]

Filer = Annotated[Subject, allow(Role.ENTERPRISE, Role.REGULATOR, Role.OPERATOR)]
Registrar = Annotated[Subject, allow(Role.REGULATOR, Role.OPERATOR)]

MERGE_PATCH = {
    "requestBody": {
        "required": True,
        "content": {
            "application/merge-patch+json": {
                "schema": {
                    "type": "object",
                    "description": "Fields of the dossier to change; null removes one.",
                },
                "example": {"own_brand": True, "core_processes_on_it": 2},
            }
        },
    }
}


@router.post("/v1/enterprises", status_code=201, summary="建档 Open a dossier")
async def register_enterprise(
    dossier: DossierWrite, session: Db, caller: Filer, response: Response
) -> EnterpriseRead:
    """Open a dossier: an enterprise its own, an authority one of its region."""
    enterprise = await service.register_enterprise(session, dossier, caller)
    response.headers["location"] = f"/v1/enterprises/{enterprise.uscc}"
    response.headers["etag"] = etag(enterprise.version)
    return _read(enterprise, dossier)


@router.get("/v1/enterprises", summary="企业列表 List enterprises")
async def list_enterprises(
    request: Request,
    response: Response,
    session: Db,
    caller: Staff,
    region: Annotated[str | None, Query(pattern="^[0-9]{2,6}$", title="行政区划前缀")] = None,
    industry: Annotated[str | None, Query(pattern="^[0-9]{2,4}$", title="行业前缀")] = None,
    segment: Annotated[str | None, Query(max_length=64, title="细分领域")] = None,
    name: Annotated[str | None, Query(min_length=2, max_length=100, title="名称包含")] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> EnterprisePage:
    """Enterprises of the caller's authority, by code. The next page is in the Link header."""
    after = decode_cursor(cursor, [str])
    statement = select(Enterprise).where(covered_by(caller.authority, col(Enterprise.region)))
    if region is not None:
        statement = statement.where(col(Enterprise.region).startswith(region))
    if industry is not None:
        statement = statement.where(col(Enterprise.industry).startswith(industry))
    if segment is not None:
        statement = statement.where(Enterprise.segment == segment)
    if name is not None:
        statement = statement.where(col(Enterprise.name).icontains(name, autoescape=True))
    if after is not None:
        statement = statement.where(col(Enterprise.uscc) > after[0])
    rows = (await session.exec(statement.order_by(col(Enterprise.uscc)).limit(limit + 1))).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].uscc))
    return EnterprisePage(enterprises=[EnterpriseSummary(**_summary(e)) for e in rows[:limit]])


@router.get("/v1/enterprises/{uscc}", summary="读取档案 Read a dossier")
async def read_enterprise(
    uscc: CheckedUscc, session: Db, caller: Reader, response: Response
) -> EnterpriseRead:
    """The enterprise with its present dossier; its version is the ETag."""
    enterprise = await service.find_enterprise(session, uscc, caller)
    response.headers["etag"] = etag(enterprise.version)
    return _read(enterprise, service.read_dossier(enterprise.dossier))


@router.patch(
    "/v1/enterprises/{uscc}", summary="更新档案 Change a dossier", openapi_extra=MERGE_PATCH
)
async def update_dossier(
    uscc: CheckedUscc,
    patch: Annotated[dict[str, Any], Body()],
    expected: ExpectedVersion,
    session: Db,
    caller: Filer,
    response: Response,
) -> EnterpriseRead:
    """Change the dossier by JSON Merge Patch (RFC 7396). Lists are replaced whole."""
    enterprise, dossier = await service.update_dossier(session, uscc, expected, patch, caller)
    response.headers["etag"] = etag(enterprise.version)
    return _read(enterprise, dossier)


@router.post("/v1/enterprises/{uscc}/deregistration", summary="注销 Close a dossier")
async def deregister_enterprise(
    uscc: CheckedUscc, session: Db, caller: Registrar
) -> EnterpriseRead:
    """The enterprise left the register: its dossier is kept and closed. Twice is once."""
    enterprise = await service.deregister_enterprise(session, uscc, caller)
    return _read(enterprise, service.read_dossier(enterprise.dossier))


@router.get("/v1/enterprises/{uscc}/versions", summary="版本列表 List versions")
async def list_versions(
    uscc: CheckedUscc,
    request: Request,
    response: Response,
    session: Db,
    caller: Reader,
    limit: Limit = 50,
    cursor: str | None = None,
) -> VersionPage:
    """Versions of the dossier, newest first."""
    before = decode_cursor(cursor, [int])
    await service.find_enterprise(session, uscc, caller)
    statement = select(DossierVersion).where(DossierVersion.uscc == uscc)
    if before is not None:
        statement = statement.where(col(DossierVersion.version) < before[0])
    rows = (
        await session.exec(statement.order_by(col(DossierVersion.version).desc()).limit(limit + 1))
    ).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].version))
    return VersionPage(versions=[VersionSummary(**_version(row)) for row in rows[:limit]])


@router.get("/v1/enterprises/{uscc}/versions/{version}", summary="读取版本 Read a version")
async def read_version(
    uscc: CheckedUscc, version: Version, session: Db, caller: Reader
) -> VersionRead:
    """The dossier as it was known from `known_at` on."""
    row = await service.find_version(session, uscc, version, caller)
    return VersionRead(**_version(row), dossier=service.read_dossier(row.dossier))


def _summary(enterprise: Enterprise) -> dict[str, Any]:
    return {
        "uscc": enterprise.uscc,
        "name": enterprise.name,
        "region": enterprise.region,
        "region_name": region_name(enterprise.region),
        "industry": enterprise.industry,
        "industry_name": industries()[enterprise.industry[:2]][2],
        "segment": enterprise.segment,
        "status": DossierStatus(enterprise.status),
        "version": enterprise.version,
        "changed_at": enterprise.changed_at,
    }


def _read(enterprise: Enterprise, dossier: Dossier) -> EnterpriseRead:
    return EnterpriseRead(
        **_summary(enterprise), registered_at=enterprise.registered_at, dossier=dossier
    )


def _version(row: DossierVersion) -> dict[str, Any]:
    return {
        "version": row.version,
        "status": DossierStatus(row.status),
        "known_at": row.known_at,
        "changed_by": row.changed_by,
    }
