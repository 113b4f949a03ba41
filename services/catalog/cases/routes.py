"""HTTP of the service cases: batches, cases, moves, the procedure."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import ColumnElement
from sqlmodel import col, select

from contracts.events.catalog import CaseState
from contracts.values import SHANGHAI
from services.catalog.cases import service
from services.catalog.cases.models import ServiceBatch, ServiceCase
from services.catalog.cases.schemas import (
    BatchRead,
    BatchWrite,
    CaseDetail,
    CaseMoveWrite,
    CasePage,
    CaseRead,
    MoveRead,
    ProcedureRead,
    StateRead,
    StepRead,
)
from services.catalog.scope import CaseReader, Office, Party
from shared.app import create_router
from shared.auth import Role, Subject, open_to_all
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import covered_by

router = create_router("服务案件 Service cases")


@router.get("/v1/service-procedure", summary="办理流程 The procedure", dependencies=[open_to_all])
async def read_procedure() -> ProcedureRead:
    """States, moves, who may make them, and deadlines, as they are declared."""
    machine = service.machine()
    deadlines = machine.deadlines
    return ProcedureRead(
        states=[
            StateRead(
                state=CaseState(name),
                zh=zh,
                deadline_days=deadlines[name].days if name in deadlines else None,
                then=deadlines[name].then if name in deadlines else None,
            )
            for name, zh in machine.states.items()
        ],
        moves=[
            MoveRead(
                move=move.name,
                zh=move.zh,
                en=move.en,
                sources=[CaseState(state) for state in sorted(move.sources)],
                target=CaseState(move.target),
                by=sorted(move.by),
                needs=list(move.needs),
                takes=list(move.takes),
            )
            for move in machine.moves.values()
        ],
    )


@router.post("/v1/service-batches", status_code=201, summary="分批组织 Open a batch")
async def open_service_batch(batch: BatchWrite, session: Db, caller: Office) -> BatchRead:
    """Organise enterprises in a batch; each gets a case that waits for its pick."""
    row, cases = await service.open_batch(session, batch, caller)
    return _batch(row, cases)


@router.get("/v1/service-batches/{batch_id}", summary="批次 Read a batch")
async def read_service_batch(batch_id: UUID, session: Db, caller: Office) -> BatchRead:
    """A batch with its cases."""
    row = await service.find_batch(session, batch_id, caller)
    cases = await session.exec(select(ServiceCase).where(ServiceCase.batch_id == batch_id))
    return _batch(row, list(cases))


@router.get("/v1/service-cases", summary="服务案件列表 List cases")
async def list_service_cases(
    request: Request,
    response: Response,
    session: Db,
    caller: CaseReader,
    state: CaseState | None = None,
    overdue: bool | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> CasePage:
    """The caller's cases by id: an enterprise's and a provider's own, an authority's region."""
    after = decode_cursor(cursor, [str])
    statement = select(ServiceCase).where(_mine(caller))
    if state is not None:
        statement = statement.where(ServiceCase.state == state)
    if overdue is not None:
        statement = statement.where(col(ServiceCase.overdue_at).is_not(None) == overdue)
    if after is not None:
        statement = statement.where(col(ServiceCase.case_id) > _uuid(after[0]))
    found = await session.exec(statement.order_by(col(ServiceCase.case_id)).limit(limit + 1))
    rows = found.all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(str(rows[limit - 1].case_id)))
    return CasePage(cases=[read_case(row, caller) for row in rows[:limit]])


@router.get("/v1/service-cases/{case_id}", summary="服务案件 Read a case")
async def read_service_case(case_id: UUID, session: Db, caller: CaseReader) -> CaseDetail:
    """One case with every move it made and those the caller may make."""
    return await _detail(session, await service.find_case(session, case_id, caller), caller)


@router.post("/v1/service-cases/{case_id}/moves", summary="办理 Move a case")
async def move_service_case(
    case_id: UUID, form: CaseMoveWrite, session: Db, caller: Party
) -> CaseDetail:
    """Make one move; what the state does not allow is 409 and names what it allows."""
    case = await service.move_case(session, case_id, form, caller)
    await session.flush()
    return await _detail(session, case, caller)


def read_case(row: ServiceCase, by: Subject) -> CaseRead:
    """A case as this caller sees it."""
    moves = service.machine().legal(row.state, service.sides_of(by, row))
    shown = set(CaseRead.model_fields) - {"due_on", "overdue", "moves"}
    return CaseRead(
        **row.model_dump(include=shown),
        due_on=None if row.due_at is None else row.due_at.astimezone(SHANGHAI).date(),
        overdue=row.overdue_at is not None,
        moves=[move.name for move in moves],
    )


async def _detail(session: Db, row: ServiceCase, by: Subject) -> CaseDetail:
    steps = await service.steps_of(session, row.case_id)
    return CaseDetail(
        **read_case(row, by).model_dump(),
        steps=[StepRead.model_validate(step.model_dump()) for step in steps],
    )


def _batch(row: ServiceBatch, cases: list[ServiceCase]) -> BatchRead:
    return BatchRead.model_validate(
        {**row.model_dump(), "cases": {case.uscc: case.case_id for case in cases}}
    )


def _mine(by: Subject) -> ColumnElement[bool]:
    if by.role is Role.ENTERPRISE:
        return col(ServiceCase.uscc) == (by.uscc or "")
    if by.role is Role.PROVIDER:
        return col(ServiceCase.provider) == (by.org or "")
    return covered_by(by.authority, col(ServiceCase.region))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
