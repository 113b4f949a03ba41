"""Whether the parts of a bank's decision fit together, decided without I/O."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from contracts.events.bank import DecisionState, LoanDecided
from services.funding.rule_files import Texts

APPROVED_STATES = frozenset(
    {DecisionState.APPROVED, DecisionState.DRAWN_DOWN, DecisionState.CLOSED}
)
PAID_STATES = frozenset({DecisionState.DRAWN_DOWN, DecisionState.CLOSED})


def drawn_cny(decision: LoanDecided) -> Decimal:
    """What the bank paid out in all."""
    return sum((part.amount_cny for part in decision.draw_downs), Decimal(0))


def flaw_of(decision: LoanDecided, filed_on: date, today: date) -> Texts | None:
    """What is wrong with the decision, in words that say what to do; None when it is whole."""
    for check in _CHECKS:
        if (flaw := check(decision)) is not None:
            return flaw
    days = [decision.decided_on, *(part.drawn_on for part in decision.draw_downs)]
    if not all(filed_on <= day <= today for day in days):
        return Texts(
            en=f"Every day lies between the application ({filed_on}) and today ({today}).",
            zh=f"各日期须在申请日 ({filed_on}) 与今日 ({today}) 之间。",
        )
    return None


def _approval(decision: LoanDecided) -> Texts | None:
    parts = (decision.amount_cny, decision.rate_percent, decision.tenor_months)
    if decision.state in APPROVED_STATES:
        if None in parts or not decision.amount_cny:
            return Texts(
                en=f"The state {decision.state} needs amount_cny above 0, rate_percent and"
                " tenor_months.",
                zh=f"状态 {decision.state} 须有大于 0 的 amount_cny、rate_percent与 tenor_months。",
            )
    elif parts != (None, None, None):
        return Texts(
            en=f"The state {decision.state} has no amount_cny, rate_percent or tenor_months.",
            zh=f"状态 {decision.state} 不带 amount_cny、rate_percent、tenor_months。",
        )
    return None


def _refusals(decision: LoanDecided) -> Texts | None:
    if (decision.state is DecisionState.REFUSED) != bool(decision.refusals):
        return Texts(
            en="A refusal says why in `refusals`; no other state has any.",
            zh="拒绝须在 refusals 中说明理由,其他状态不带 refusals。",
        )
    return None


def _draw_downs(decision: LoanDecided) -> Texts | None:
    if decision.draw_downs and decision.state not in PAID_STATES:
        return Texts(
            en="Only the states drawn_down and closed have draw_downs.",
            zh="仅状态 drawn_down、closed 可带 draw_downs。",
        )
    if decision.state is DecisionState.DRAWN_DOWN and not decision.draw_downs:
        return Texts(
            en="The state drawn_down names every draw-down in `draw_downs`.",
            zh="状态 drawn_down 须在 draw_downs 中列明全部放款。",
        )
    numbers = [part.number for part in decision.draw_downs]
    if len(set(numbers)) < len(numbers) or any(not part.amount_cny for part in decision.draw_downs):
        return Texts(
            en="Each draw-down has a number of its own and an amount above 0.",
            zh="每笔放款须有各自的序号与大于 0 的金额。",
        )
    return None


def _sums(decision: LoanDecided) -> Texts | None:
    drawn, repaid = drawn_cny(decision), decision.repaid_cny or Decimal(0)
    if drawn > (decision.amount_cny or 0):
        return Texts(
            en=f"The draw-downs add up to {drawn} yuan; {decision.amount_cny} are approved.",
            zh=f"放款合计 {drawn} 元,超过批准金额 {decision.amount_cny} 元。",
        )
    if repaid > drawn:
        return Texts(
            en=f"{repaid} yuan cannot be repaid of {drawn} drawn.",
            zh=f"已还本金 {repaid} 元超过已放款 {drawn} 元。",
        )
    return None


_CHECKS: tuple[Callable[[LoanDecided], Texts | None], ...] = (
    _approval,
    _refusals,
    _draw_downs,
    _sums,
)
