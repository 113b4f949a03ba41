"""Use cases of simulations: ask for one, look at it, cancel it, page through its list."""

import asyncio
from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import text, tuple_
from sqlmodel import col, func, select

from contracts.values import Tier
from services.certification.errors import (
    RuleSetUnknown,
    RuleTextUnusable,
    SimulationNotFound,
    SimulationsBusy,
)
from services.certification.evaluations.keeping import keep_law, keep_text
from services.certification.outlooks.rulebook import LAW
from services.certification.outlooks.service import day_of_law
from services.certification.simulations.law import law_with
from services.certification.simulations.models import (
    Simulation,
    SimulationChange,
    SimulationStatus,
)
from services.certification.simulations.schemas import SimulationCreate
from services.certification.simulations.tally import Change
from shared import clock
from shared.auth import Subject
from shared.authorities import covers, scope_of
from shared.db import Session, lock_keys
from shared.errors import ProblemField
from shared.rules.lined_yaml import RuleFileError
from shared.scope import OutOfScope

UNDER_WAY_MAX = 3
"""Simulations one authority may have queued or running."""
OPEN = (SimulationStatus.QUEUED, SimulationStatus.RUNNING)


async def request_simulation(session: Session, asked: SimulationCreate, by: Subject) -> Simulation:
    """Queue a simulation over the population of the caller's authority.

    Raises RuleSetUnknown, RuleTextUnusable, MomentUnusable, OutOfScope, SimulationsBusy.
    """
    day = day_of_law(asked.as_of, None)
    _check_scope(asked.region, by)
    compare_with = _edition(asked.compare_with) if asked.compare_with else _edition_on(day)
    edited = asked.rule_text
    rule_set = _edition(str(asked.rule_set)) if edited is None else await _check_text(edited)
    authority = by.authority or ""
    await lock_keys(session, [f"simulations/{authority}"])
    under_way = await session.scalar(
        select(func.count())
        .select_from(Simulation)
        .where(Simulation.authority == authority, col(Simulation.status).in_(OPEN))
    )
    if int(under_way or 0) >= UNDER_WAY_MAX:
        raise SimulationsBusy(
            f"{authority} has {under_way} simulations under way; wait for one or cancel it.",
            f"{authority} 已有 {under_way} 个模拟任务,请等待完成或取消其一。",
            headers={"Retry-After": "10"},
        )
    await keep_law(session, LAW)
    simulation = Simulation(
        simulation_id=uuid4(),
        number=await session.scalar(text("SELECT nextval('simulation_number')")),
        authority=authority,
        created_by=by.sub,
        created_at=clock.now(),
        asked={
            **asked.model_dump(mode="json", exclude={"rule_text"}),
            "rule_text": None if edited is None else await keep_text(session, edited),
            "as_of": day.isoformat(),
            "compare_with": compare_with,
            "rule_set": rule_set,
        },
        rulebook=LAW.digest,
        status=SimulationStatus.QUEUED,
    )
    session.add(simulation)
    await session.flush()
    return simulation


async def find_simulation(session: Session, simulation_id: UUID, by: Subject) -> Simulation:
    """The simulation of the caller's own authority. Raises SimulationNotFound."""
    found = await session.get(Simulation, simulation_id)
    if found is None or found.authority != by.authority:
        raise SimulationNotFound(
            f"{by.authority} has no simulation {simulation_id}; see /v1/simulations.",
            f"{by.authority} 没有编号为 {simulation_id} 的模拟,请查看 /v1/simulations。",
        )
    return found


async def cancel_simulation(session: Session, simulation_id: UUID, by: Subject) -> Simulation:
    """Cancel at its next page, or at once while nobody works on it. Twice is once."""
    await find_simulation(session, simulation_id, by)
    found = await session.get_one(
        Simulation, simulation_id, with_for_update=True, populate_existing=True
    )
    if found.status in OPEN:
        found.cancel_requested = True
        if found.lease is None:
            found.status = SimulationStatus.CANCELLED
            found.finished_at = clock.now()
        session.add(found)
    return found


async def simulations_before(
    session: Session, by: Subject, before: int | None, limit: int
) -> Sequence[Simulation]:
    """The authority's simulations, newest first."""
    statement = select(Simulation).where(Simulation.authority == by.authority)
    if before is not None:
        statement = statement.where(col(Simulation.number) < before)
    rows = await session.exec(statement.order_by(col(Simulation.number).desc()).limit(limit))
    return rows.all()


async def changes_after(
    session: Session,
    simulation_id: UUID,
    *,
    tier: Tier | None,
    change: Change | None,
    after: tuple[str, str],
    limit: int,
) -> Sequence[SimulationChange]:
    """The enterprises that the simulated law moves, by code and tier."""
    place = tuple_(col(SimulationChange.uscc), col(SimulationChange.tier))
    statement = select(SimulationChange).where(
        SimulationChange.simulation_id == simulation_id, place > tuple_(*after)
    )
    if tier is not None:
        statement = statement.where(SimulationChange.tier == tier)
    if change is not None:
        statement = statement.where(SimulationChange.change == change)
    rows = await session.exec(
        statement.order_by(col(SimulationChange.uscc), col(SimulationChange.tier)).limit(limit)
    )
    return rows.all()


def _check_scope(region: str | None, by: Subject) -> None:
    if scope_of(by.authority) is None:
        raise OutOfScope(
            f"Your token names no known authority ({by.authority}); it says whose population is"
            " simulated.",
            f"令牌未注明有效的主管部门({by.authority}),无法确定模拟范围。",
        )
    if region is not None and not covers(by.authority, region):
        raise OutOfScope(
            f"{region} is outside {by.authority}; simulate over the regions it covers.",
            f"{region} 不在 {by.authority} 辖区内。",
        )


def _edition(name: str) -> str:
    if name not in LAW.book.editions:
        known = LAW.book.editions
        raise RuleSetUnknown(
            f"There is no edition {name}; choose one of {', '.join(known)}.",
            f"没有规则集 {name},可选:{'、'.join(known)}。",
        )
    return name


def _edition_on(day: date) -> str:
    in_force = [rules.id for rules in LAW.book.editions.values() if rules.in_force(day)]
    if not in_force:
        raise RuleSetUnknown(
            f"No edition was in force on {day}; name one as compare_with.",
            f"{day} 没有施行中的规则集,请指定 compare_with。",
        )
    return in_force[-1]


async def _check_text(edited: str) -> str:
    """The id of an edited rule text. Raises RuleTextUnusable with file, line and reason."""
    try:
        _, name = await asyncio.to_thread(law_with, LAW, edited)
    except RuleFileError as error:
        raise RuleTextUnusable(
            f"The rule text is refused. {error}",
            f"规则文本无效({error.file} 第 {error.line} 行):{error.reason}",
            errors=[
                ProblemField(
                    field=f"rule_text.{error.line}", message=f"{error.file}: {error.reason}"
                )
            ],
        ) from None
    return name
