"""The states of a claim (申报状态), its moves and deadlines. Pure.

    filed ──approve──▶ approved          filed ──reject──▶ rejected
    filed ──return──▶ returned ──resubmit──▶ filed
    filed, returned ──withdraw──▶ withdrawn ──file──▶ filed
    returned ──lapse (deadline)──▶ lapsed ──file──▶ filed

Approved and rejected are final. A filed claim that waits too long is marked overdue, once.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import Field

from services.funding.claims.errors import IllegalClaimMove
from services.funding.rule_files import Part, Sourced, as_model
from shared.rules.lined_yaml import read_tree

RULES = Path(__file__).parent / "rules" / "claim.yaml"


class ClaimState(StrEnum):
    """Where a claim stands: 待审核, 退回补正, 已核定, 不予支持, 已撤回, 逾期未补正."""

    FILED = "filed"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class ClaimMove(StrEnum):
    """What may be done with a claim: 申报, 补正, 撤回, 退回, 核定, 不予支持, 逾期."""

    FILE = "file"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"
    RETURN = "return"
    APPROVE = "approve"
    REJECT = "reject"
    LAPSE = "lapse"


MOVES: dict[ClaimMove, tuple[frozenset[ClaimState], ClaimState]] = {
    ClaimMove.FILE: (frozenset({ClaimState.WITHDRAWN, ClaimState.LAPSED}), ClaimState.FILED),
    ClaimMove.RESUBMIT: (frozenset({ClaimState.RETURNED}), ClaimState.FILED),
    ClaimMove.WITHDRAW: (
        frozenset({ClaimState.FILED, ClaimState.RETURNED}),
        ClaimState.WITHDRAWN,
    ),
    ClaimMove.RETURN: (frozenset({ClaimState.FILED}), ClaimState.RETURNED),
    ClaimMove.APPROVE: (frozenset({ClaimState.FILED}), ClaimState.APPROVED),
    ClaimMove.REJECT: (frozenset({ClaimState.FILED}), ClaimState.REJECTED),
    ClaimMove.LAPSE: (frozenset({ClaimState.RETURNED}), ClaimState.LAPSED),
}


class Deadline(Part):
    """How many days a state may last, and the move that follows; null only marks it overdue."""

    days: int = Field(strict=True, ge=1, le=366)
    then: ClaimMove | None


class Procedure(Sourced):
    """The deadlines of the states."""

    deadlines: dict[ClaimState, Deadline]


@cache
def procedure() -> Procedure:
    """The procedure of a claim. Raises RuleFileError."""
    tree = read_tree(RULES)
    return as_model(Procedure, tree, tree, RULES.name)


def require_allowed(state: ClaimState, move: ClaimMove) -> None:
    """Raises IllegalClaimMove, naming the moves that the state allows."""
    if state in MOVES[move][0]:
        return
    allowed = ", ".join(name for name, (given, _) in MOVES.items() if state in given) or "none"
    raise IllegalClaimMove(
        f"The claim is {state}; {move} is not possible. Possible: {allowed}.",
        f"申报当前状态为 {state},不能执行 {move}。可执行:{allowed}。",
    )


def due_from(state: ClaimState, now: datetime) -> datetime | None:
    """When a state that begins now has lasted too long; None where it may last."""
    deadline = procedure().deadlines.get(state)
    return None if deadline is None else now + timedelta(days=deadline.days)
