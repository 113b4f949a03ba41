"""HTTP of simulations: queue, look, cancel, list."""

from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import BackgroundTasks, Query, Request, Response

from contracts.values import Tier
from services.certification.simulations import service
from services.certification.simulations.models import Simulation, SimulationStatus
from services.certification.simulations.runner import SimulationRunner
from services.certification.simulations.schemas import (
    ChangePage,
    ChangeRead,
    PlaceCounts,
    SimulationCreate,
    SimulationHead,
    SimulationPage,
    SimulationRead,
    TierEffect,
)
from services.certification.simulations.tally import Change, counts_of
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import Staff

router = create_router("政策沙盘 Simulations")
RUNNER = SimulationRunner()
"""The runner of this process; it looks for work by itself, a request only wakes it."""

Simulator = Annotated[Subject, allow(Role.REGULATOR, Role.OPERATOR)]


@router.post("/v1/simulations", status_code=202, summary="政策沙盘 Simulate a law")
async def request_simulation(
    asked: SimulationCreate,
    response: Response,
    session: Db,
    caller: Simulator,
    afterwards: BackgroundTasks,
) -> SimulationRead:
    """Judge the authority's whole population by another law, as a job; the Location says where.

    An edited rule text is checked as a rule file is: a wrong one is refused with line and reason.
    """
    simulation = await service.request_simulation(session, asked, caller)
    response.headers["location"] = f"/v1/simulations/{simulation.simulation_id}"
    afterwards.add_task(RUNNER.wake)
    return _read(simulation)


@router.get("/v1/simulations", summary="模拟列表 List simulations")
async def list_simulations(
    request: Request,
    response: Response,
    session: Db,
    caller: Staff,
    limit: Limit = 50,
    cursor: str | None = None,
) -> SimulationPage:
    """The simulations of the caller's authority, newest first."""
    key = decode_cursor(cursor, [int])
    rows = await service.simulations_before(session, caller, key[0] if key else None, limit + 1)
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].number))
    return SimulationPage(simulations=[SimulationHead(**_head(row)) for row in rows[:limit]])


@router.get("/v1/simulations/{simulation_id}", summary="模拟结果 Read a simulation")
async def read_simulation(simulation_id: UUID, session: Db, caller: Staff) -> SimulationRead:
    """How far it is, and what it found so far: by tier, region, industry, and the award cost."""
    return _read(await service.find_simulation(session, simulation_id, caller))


@router.post("/v1/simulations/{simulation_id}/cancellation", summary="取消模拟 Cancel")
async def cancel_simulation(simulation_id: UUID, session: Db, caller: Simulator) -> SimulationRead:
    """Stop at the next page; what was found until then stays. An ended one is left as it is."""
    return _read(await service.cancel_simulation(session, simulation_id, caller))


@router.get("/v1/simulations/{simulation_id}/changes", summary="变动企业 List who moves")
async def list_changes(
    simulation_id: UUID,
    request: Request,
    response: Response,
    session: Db,
    caller: Staff,
    tier: Annotated[Tier | None, Query(title="梯度")] = None,
    change: Annotated[Change | None, Query(title="变动")] = None,
    limit: Limit = 200,
    cursor: str | None = None,
) -> ChangePage:
    """Who enters, who falls out and who can no longer be judged, by code."""
    key = decode_cursor(cursor, [str, str]) or ["", ""]
    await service.find_simulation(session, simulation_id, caller)
    rows = await service.changes_after(
        session,
        simulation_id,
        tier=tier,
        change=change,
        after=(key[0], key[1]),
        limit=limit + 1,
    )
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].uscc, rows[limit - 1].tier))
    return ChangePage(
        changes=[ChangeRead(**row.model_dump(exclude={"simulation_id"})) for row in rows[:limit]]
    )


def _head(row: Simulation) -> dict[str, Any]:
    return {
        **row.model_dump(
            include={
                "simulation_id",
                "done",
                "total",
                "authority",
                "created_by",
                "created_at",
                "finished_at",
                "problem",
            }
        ),
        "status": SimulationStatus(row.status),
        "edited": row.asked["rule_text"] is not None,
        **{
            name: row.asked[name]
            for name in ("rule_set", "compare_with", "as_of", "region", "as_region")
        },
    }


def _read(row: Simulation) -> SimulationRead:
    awards = {Tier(name): Decimal(sum_) for name, sum_ in row.asked["award_per_title_cny"].items()}
    tiers = [
        effect_of(tier, row.tally[tier], awards.get(tier)) for tier in Tier if tier in row.tally
    ]
    changes = [tier.award_change_cny for tier in tiers if tier.award_change_cny is not None]
    return SimulationRead(
        **_head(row), tiers=tiers, award_change_cny=sum(changes, Decimal(0)) if awards else None
    )


def effect_of(tier: Tier, tally: dict[str, Any], award: Decimal | None) -> TierEffect:
    """What a tally says of one tier, with the cost of an award for each title."""
    counts = counts_of(tally["all"][""])
    before = None if award is None else award * counts.reached_before
    after = None if award is None else award * counts.reached_after
    return TierEffect(
        tier=tier,
        **asdict(counts),
        award_before_cny=before,
        award_after_cny=after,
        award_change_cny=None if before is None or after is None else after - before,
        by_region=_places(tally["region"]),
        by_industry=_places(tally["industry"]),
    )


def _places(tally: dict[str, dict[str, int]]) -> list[PlaceCounts]:
    return [PlaceCounts(code=code, **asdict(counts_of(tally[code]))) for code in sorted(tally)]
