"""Use cases of the service cases: assign, move, let deadlines fire. Moves are declared as data."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import col, func, select

from contracts.events.catalog import CaseAccepted, CaseEvidence, CaseMoved, CaseState
from contracts.values import SHANGHAI
from services.catalog.cases.models import CaseStep, ServiceBatch, ServiceCase
from services.catalog.cases.schemas import BatchWrite, CaseMoveWrite
from services.catalog.enterprises import reached_tiers
from services.catalog.errors import BatchNotFound, CaseNotFound, MoveIncomplete, NotOffered
from services.catalog.machine import Machine, Move, load_machine
from services.catalog.models import Enterprise
from services.catalog.offerings.service import find_offering, require_offered
from services.catalog.providers.service import PLATFORM, find_listed
from services.catalog.scope import oversees, require_office
from shared import clock
from shared.auth import Role, Subject
from shared.bus import outbox
from shared.db import Session, lock_keys
from shared.errors import ProblemField
from shared.scope import enterprise_not_found, require_scope

RULES = Path(__file__).parent.parent / "rules" / "case.yaml"
PARTS = (
    "note",
    "provider",
    "offering_id",
    "diagnosis",
    "contract_cny",
    "settlement_cny",
    "evidence",
)


@cache
def machine() -> Machine:
    """The procedure of a case."""
    return load_machine(RULES)


async def open_batch(
    session: Session, wanted: BatchWrite, by: Subject
) -> tuple[ServiceBatch, list[ServiceCase]]:
    """Organise enterprises in a batch; each gets a case that waits for its pick (分批组织).

    Raises OutsideDatabase, EnterpriseNotFound, OutOfScope.
    """
    require_office(by, wanted.authority)
    codes = sorted(set(wanted.enterprises))
    await lock_keys(session, codes)
    rows = await session.exec(select(Enterprise).where(col(Enterprise.uscc).in_(codes)))
    known = {row.uscc: row for row in rows}
    now = clock.now()
    batch = ServiceBatch(
        batch_id=uuid4(),
        authority=wanted.authority,
        kind=wanted.kind,
        title=wanted.title,
        opened_by=by.sub,
        opened_at=now,
    )
    session.add(batch)
    await session.flush()  # the cases refer to the batch row
    cases = []
    for uscc in codes:
        enterprise = known.get(uscc)
        if enterprise is None or not enterprise.registered:
            raise enterprise_not_found(uscc)
        require_scope(by, uscc, enterprise.region or "")
        cases.append(await _assign(session, batch, enterprise, by, now))
    return batch, cases


async def move_case(
    session: Session, case_id: UUID, form: CaseMoveWrite, by: Subject
) -> ServiceCase:
    """Make one move. Raises CaseNotFound, IllegalMove, MoveNotYours, MoveIncomplete, NotListed,
    NotOffered, OfferingNotFound."""
    case = await lock_case(session, case_id)
    sides = sides_of(by, case)
    if not sides:
        raise _not_found(case_id)
    move = machine().require(case.state, form.move, sides)
    _require_form(move, form)
    await _apply(session, case, move, form)
    await _step(session, case, move, by, form.note)
    if move.name == "accept":
        await _publish_acceptance(session, case)
    return case


async def lock_case(session: Session, case_id: UUID) -> ServiceCase:
    """The case, its enterprise's key locked before it is read. Raises CaseNotFound."""
    uscc = await session.scalar(select(ServiceCase.uscc).where(ServiceCase.case_id == case_id))
    if uscc is None:
        raise _not_found(case_id)
    await lock_keys(session, [str(uscc)])
    case = await session.get(ServiceCase, case_id, populate_existing=True)
    assert case is not None  # cases are never deleted
    return case


async def find_case(session: Session, case_id: UUID, by: Subject) -> ServiceCase:
    """The case, for its sides and those who oversee its region. Raises CaseNotFound."""
    case = await session.get(ServiceCase, case_id)
    if case is None or not (sides_of(by, case) or by.may_see(case.uscc, case.region)):
        raise _not_found(case_id)
    return case


async def find_batch(session: Session, batch_id: UUID, by: Subject) -> ServiceBatch:
    """The batch. Raises BatchNotFound, OutsideDatabase."""
    batch = await session.get(ServiceBatch, batch_id)
    if batch is None:
        raise BatchNotFound(f"There is no batch {batch_id}.", f"没有编号为 {batch_id} 的批次。")
    require_office(by, batch.authority)
    return batch


def sides_of(by: Subject, case: ServiceCase) -> frozenset[str]:
    """On which sides of the case the caller stands."""
    if by == PLATFORM:
        return frozenset({"platform"})
    if by.role is Role.ENTERPRISE:
        return frozenset({"enterprise"} if by.uscc == case.uscc else ())
    if by.role is Role.PROVIDER:
        return frozenset({"provider"} if by.org and by.org == case.provider else ())
    return frozenset({"authority"} if oversees(by, case.authority) else ())


async def steps_of(session: Session, case_id: UUID) -> Sequence[CaseStep]:
    """Every move of the case, oldest first."""
    statement = select(CaseStep).where(CaseStep.case_id == case_id)
    return (await session.exec(statement.order_by(col(CaseStep.number)))).all()


async def find_due(session: Session, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Cases whose deadline has passed and has not fired, by id."""
    statement = select(ServiceCase.case_id).where(
        col(ServiceCase.due_at) <= now, col(ServiceCase.overdue_at).is_(None)
    )
    if after:
        statement = statement.where(col(ServiceCase.case_id) > UUID(after))
    found = await session.exec(statement.order_by(col(ServiceCase.case_id)).limit(limit))
    return [str(case_id) for case_id in found]


async def fire_deadlines(session: Session, case_ids: Sequence[str], now: datetime) -> None:
    """Let the deadline of each case's present state fire, once: a move by the platform, or a mark.

    Nothing for a case whose deadline has fired or was met meanwhile.
    """
    ids = [UUID(case_id) for case_id in case_ids]
    codes = await session.exec(select(ServiceCase.uscc).where(col(ServiceCase.case_id).in_(ids)))
    await lock_keys(session, codes.all())
    for case_id in ids:
        case = await lock_case(session, case_id)
        if case.due_at is None or case.due_at > now or case.overdue_at is not None:
            continue
        then = machine().deadlines[case.state].then
        if then is not None:
            await move_case(session, case_id, CaseMoveWrite(move=then), PLATFORM)
        else:
            case.overdue_at = now
            await outbox.add(session, _moved(case, "deadline_passed", case.state))


async def record_gains(session: Session, enterprise: Enterprise) -> None:
    """Note on accepted cases which tiers the enterprise reaches since (成效). Its key is held."""
    cases = await session.exec(
        select(ServiceCase).where(
            ServiceCase.uscc == enterprise.uscc, col(ServiceCase.accepted_at).is_not(None)
        )
    )
    reached = set(reached_tiers(enterprise))
    for case in cases:
        gained = sorted(reached - set(case.reached_before or ()))
        if gained != case.gained:
            case.gained = gained


async def _assign(
    session: Session, batch: ServiceBatch, enterprise: Enterprise, by: Subject, now: datetime
) -> ServiceCase:
    case = ServiceCase(
        case_id=uuid4(),
        batch_id=batch.batch_id,
        uscc=enterprise.uscc,
        region=enterprise.region or "",
        authority=batch.authority,
        kind=batch.kind,
        state=CaseState.ASSIGNED,
        assigned_at=now,
        changed_at=now,
        due_at=due_from(CaseState.ASSIGNED, now),
    )
    session.add(case)
    await session.flush()  # the step refers to the case row
    session.add(_row(case, 1, "assign", None, "authority", by, now, None))
    await outbox.add(session, _moved(case, "assign", None))
    return case


def due_from(state: str, now: datetime) -> datetime | None:
    """When a state that begins now has lasted too long."""
    deadline = machine().deadlines.get(state)
    return None if deadline is None else now + timedelta(days=deadline.days)


async def _apply(session: Session, case: ServiceCase, move: Move, form: CaseMoveWrite) -> None:
    if move.name == "pick":
        assert form.provider is not None
        assert form.offering_id is not None
        provider = await find_listed(session, form.provider)
        if provider.uscc == case.uscc:
            raise NotOffered("An enterprise does not pick itself.", "企业不得选定自身为服务商。")
        await require_offered(session, form.offering_id, form.provider, case.region)
        offering = await find_offering(session, form.offering_id)
        case.provider, case.offering_id = form.provider, form.offering_id
        case.offering_version, case.picked_at = offering.version, clock.now()
    if move.name == "decline":
        case.provider = case.offering_id = case.offering_version = case.picked_at = None
    if form.diagnosis is not None:
        case.diagnosis = form.diagnosis.model_dump(mode="json")
    if form.contract_cny is not None:
        case.contract_cny = form.contract_cny
    if form.settlement_cny is not None:
        if form.settlement_cny > (case.contract_cny or 0):
            raise MoveIncomplete(
                f"The settlement may not exceed the contract of {case.contract_cny} yuan.",
                f"结算金额不得超过合同金额 {case.contract_cny} 元。",
                [ProblemField(field="body.settlement_cny", message="more than the contract")],
            )
        case.settlement_cny = form.settlement_cny
    if form.evidence is not None:
        _require_happened(form.evidence)
        case.evidence = form.evidence.model_dump(mode="json")
    if move.name == "accept":
        enterprise = await session.get(Enterprise, case.uscc)
        case.accepted_at = clock.now()
        case.reached_before = reached_tiers(enterprise) if enterprise else []


async def _step(
    session: Session, case: ServiceCase, move: Move, by: Subject, note: str | None
) -> None:
    now, before = clock.now(), case.state
    side = next(iter(sides_of(by, case) or move.by))
    case.state, case.changed_at = move.target, now
    case.due_at, case.overdue_at = due_from(move.target, now), None
    last = await session.scalar(
        select(func.max(CaseStep.number)).where(CaseStep.case_id == case.case_id)
    )
    session.add(_row(case, int(last or 0) + 1, move.name, before, side, by, now, note))
    await outbox.add(session, _moved(case, move.name, before))


def _row(
    case: ServiceCase,
    number: int,
    move: str,
    before: str | None,
    side: str,
    by: Subject,
    now: datetime,
    note: str | None,
) -> CaseStep:
    return CaseStep(
        case_id=case.case_id,
        number=number,
        move=move,
        before=before,
        after=case.state,
        side=side,
        moved_by=by.sub,
        moved_at=now,
        note=note,
    )


def _require_form(move: Move, form: CaseMoveWrite) -> None:
    given = {part for part in PARTS if getattr(form, part) is not None}
    wanting = [part for part in move.needs if part not in given]
    surplus = sorted(given - {*move.needs, *move.takes, "note"})
    if wanting or surplus:
        raise MoveIncomplete(
            f"{move.name} needs {', '.join(move.needs) or 'nothing'} and takes"
            f" {', '.join(move.takes) or 'nothing'} more; missing: {', '.join(wanting) or 'none'};"
            f" to be left out: {', '.join(surplus) or 'none'}.",
            f"操作“{move.zh}”必填:{'、'.join(move.needs) or '无'};"
            f"缺少:{'、'.join(wanting) or '无'};多余:{'、'.join(surplus) or '无'}。",
            [ProblemField(field=f"body.{part}", message="missing") for part in wanting]
            + [ProblemField(field=f"body.{part}", message="leave it out") for part in surplus],
        )


def _require_happened(evidence: CaseEvidence) -> None:
    """What is proved has happened; the dossier takes nothing that lies ahead."""
    days = [("report_on", evidence.report_on)]
    days += [(f"certificates.{n}", row.valid_from) for n, row in enumerate(evidence.certificates)]
    days += [(f"ip_rights.{n}", row.granted_on) for n, row in enumerate(evidence.ip_rights)]
    if evidence.digital_level is not None:
        days.append(("digital_level", evidence.digital_level.tested_on))
    late = [name for name, day in days if day > clock.today()]
    if late:
        raise MoveIncomplete(
            f"Not yet happened on {clock.today()}: {', '.join(late)}. Send it when it has.",
            f"截至 {clock.today()} 尚未发生:{'、'.join(late)}。",
            [ProblemField(field=f"body.evidence.{name}", message="in the future") for name in late],
        )


def _moved(case: ServiceCase, move: str, before: str | None) -> CaseMoved:
    return CaseMoved(
        uscc=case.uscc,
        case_id=str(case.case_id),
        provider=case.provider,
        move=move,
        before=None if before is None else CaseState(before),
        after=CaseState(case.state),
        due_on=None if case.due_at is None else case.due_at.astimezone(SHANGHAI).date(),
    )


async def _publish_acceptance(session: Session, case: ServiceCase) -> None:
    assert case.provider is not None
    assert case.accepted_at is not None
    evidence: Any = case.evidence
    await outbox.add(
        session,
        CaseAccepted(
            uscc=case.uscc,
            case_id=str(case.case_id),
            provider=case.provider,
            region=case.region,
            accepted_at=case.accepted_at,
            evidence=None if evidence is None else CaseEvidence.model_validate(evidence),
        ),
    )


def _not_found(case_id: UUID) -> CaseNotFound:
    return CaseNotFound(
        f"There is no case {case_id} that you are a side of. GET /v1/service-cases lists yours.",
        f"没有您可办理的案件 {case_id},请查看 GET /v1/service-cases。",
    )
