"""Use cases of the needs: state one, change it, close it (提出、变更、办结需求)."""

from typing import Any
from uuid import UUID, uuid4

from contracts.events.enterprise import NeedStatus
from services.enterprise.errors import AlreadyDeregistered, SegmentUnknown
from services.enterprise.models import Segment
from services.enterprise.needs.errors import (
    BankUnknown,
    DayPassed,
    NeedClosed,
    NeedNotFound,
    TooManyNeeds,
)
from services.enterprise.needs.models import NeedFiled
from services.enterprise.needs.schemas import NeedClosing, NeedWrite
from services.enterprise.needs.snapshot import close, open_needs, publish_needs
from services.enterprise.service import find_enterprise
from shared import clock
from shared.auth import Subject
from shared.banks import banks
from shared.db import Session, lock_keys

OPEN_MAX = 50


async def state_need(session: Session, uscc: str, wanted: NeedWrite, by: Subject) -> NeedFiled:
    """File a need of the enterprise (提出需求).

    Raises EnterpriseNotFound, OutOfScope, AlreadyDeregistered, TooManyNeeds, SegmentUnknown,
    BankUnknown, DayPassed.
    """
    await lock_keys(session, [uscc])
    enterprise = await find_enterprise(session, uscc, by)
    if not enterprise.registered:
        raise AlreadyDeregistered(
            f"{uscc} left the register and can ask for nothing.", f"{uscc} 已注销,不能提出需求。"
        )
    if len(await open_needs(session, uscc)) >= OPEN_MAX:
        raise TooManyNeeds(
            f"{OPEN_MAX} needs are open. Close those that are met or no longer wanted.",
            f"待对接需求已达 {OPEN_MAX} 条,请先办结已满足或不再需要的需求。",
        )
    need = NeedFiled(
        need_id=uuid4(),
        uscc=uscc,
        status=NeedStatus.OPEN,
        opened_at=clock.now(),
        opened_by=by.sub,
        **await _checked(session, wanted),
    )
    session.add(need)
    await publish_needs(session, uscc)
    return need


async def change_need(
    session: Session, uscc: str, need_id: UUID, wanted: NeedWrite, by: Subject
) -> NeedFiled:
    """Write an open need anew. One that does not differ publishes nothing.

    Raises EnterpriseNotFound, OutOfScope, NeedNotFound, NeedClosed, SegmentUnknown, BankUnknown,
    DayPassed.
    """
    need = await _own(session, uscc, need_id, by)
    if not need.open:
        raise _closed(need)
    need.sqlmodel_update(await _checked(session, wanted))
    if session.is_modified(need):
        await publish_needs(session, uscc)
    return need


async def close_need(
    session: Session, uscc: str, need_id: UUID, closing: NeedClosing, by: Subject
) -> NeedFiled:
    """Say that a need was met or is withdrawn (办结需求). The same outcome twice is once.

    Raises EnterpriseNotFound, OutOfScope, NeedNotFound, NeedClosed.
    """
    need = await _own(session, uscc, need_id, by)
    if need.status == closing.outcome:
        return need
    if not need.open:
        raise _closed(need)
    close(need, closing.outcome, closing.note, by)
    await publish_needs(session, uscc)
    return need


async def _own(session: Session, uscc: str, need_id: UUID, by: Subject) -> NeedFiled:
    """The need, its enterprise's key held."""
    await lock_keys(session, [uscc])
    await find_enterprise(session, uscc, by)
    need = await session.get(NeedFiled, need_id)
    if need is None or need.uscc != uscc:
        raise NeedNotFound(
            f"{uscc} has no need {need_id}.", f"{uscc} 没有编号为 {need_id} 的需求。"
        )
    return need


async def _checked(session: Session, wanted: NeedWrite) -> dict[str, Any]:
    """The columns of a need as it was stated, when what it names exists."""
    if wanted.segment is not None and await session.get(Segment, wanted.segment) is None:
        raise SegmentUnknown(
            "Take the segment from /v1/dictionaries/segments, or ask the operator to add yours.",
            "细分领域请从 /v1/dictionaries/segments 中选择,或联系平台运营方添加。",
        )
    named = wanted.financing.banks if wanted.financing else ()
    if unknown := sorted(set(named) - banks().keys()):
        raise BankUnknown(
            f"There is no bank {', '.join(unknown)}; take codes from /v1/banks.",
            f"没有银行 {'、'.join(unknown)},请从 /v1/banks 中选择。",
        )
    today = clock.today()
    if wanted.wanted_by_on is not None and wanted.wanted_by_on < today:
        raise DayPassed(
            f"{wanted.wanted_by_on} is over, today is {today}. Name a later day or none.",
            f"希望完成日期 {wanted.wanted_by_on} 早于今天 {today},请修改或留空。",
        )
    financing = wanted.financing
    return wanted.model_dump(exclude={"financing"}) | {
        "financing": None if financing is None else financing.model_dump(mode="json")
    }


def _closed(need: NeedFiled) -> NeedClosed:
    return NeedClosed(
        f"The need is {need.status} since {need.closed_at}. State a new one.",
        f"该需求已办结({need.status}),请重新提出。",
    )
