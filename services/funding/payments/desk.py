"""How a payer's desk works: notice, approval by levels, deadlines. Read from `rules/*.yaml`.

Owns the shape of these files. A payer without a file of its own works by `default.yaml`.
"""

from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.funding.payments.working_days import working_days
from services.funding.rule_files import Part, Sourced, Texts, as_model
from shared.auth import Role, Subject
from shared.authorities import authorities
from shared.rules.lined_yaml import read_tree

RULES = Path(__file__).parent / "rules"
Days = Annotated[int, Field(strict=True, ge=1, le=366)]


class Notice(Sourced):
    """How long a list stands in public notice (公示期)."""

    days: Days
    unit: Literal["working_days", "calendar_days"]

    def last_day(self, published_on: date) -> date:
        """The last day of a notice published on this day. Raises CalendarUnknown."""
        if self.unit == "calendar_days":
            return published_on + timedelta(days=self.days)
        return working_days().after(published_on, self.days)


class Level(Texts):
    """Who signs at one level, and how many of them (审批层级)."""

    id: str
    role: Role
    authority: Literal["payer", "parent"]
    signatures: Annotated[int, Field(strict=True, ge=1, le=9)]

    def admits(self, by: Subject, payer: str) -> bool:
        """Whether this person signs at this level for the payer."""
        wanted = payer if self.authority == "payer" else authorities()[payer].parent
        return by.role is self.role and by.authority is not None and by.authority == wanted


class Band(Part):
    """The levels of lists up to a total; null is any total."""

    up_to_cny: Annotated[int, Field(strict=True, ge=1)] | None
    levels: tuple[Level, ...] = Field(min_length=1)


class Approval(Sourced):
    """Approval by levels with thresholds (分级审批)."""

    bands: tuple[Band, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _bands_rise_and_cover_all(self) -> "Approval":
        for lower, upper in pairwise(self.bands):
            if lower.up_to_cny is None or (upper.up_to_cny or 10**15) <= lower.up_to_cny:
                raise ValueError("bands rise from one to the next")
        if self.bands[-1].up_to_cny is not None:
            raise ValueError("the last band is for any total: up_to_cny: null")
        return self

    def levels_for(self, total_cny: Decimal) -> tuple[Level, ...]:
        """The levels that sign a list of this total, in their order."""
        return next(
            band.levels
            for band in self.bands
            if band.up_to_cny is None or total_cny <= band.up_to_cny
        )


class ClawBackTerms(Sourced):
    """Days to repay, to appeal and to decide an appeal (追回与申诉期限)."""

    repay_days: Days
    appeal_days: Days
    decide_days: Days


class Desk(Part):
    """Everything a payer's desk works by."""

    notice: Notice
    approval: Approval
    claw_back: ClawBackTerms


@cache
def desk_of(payer: str) -> Desk:
    """The payer's own rules, or the default ones. Raises RuleFileError."""
    own = RULES / f"{payer}.yaml"
    return _read(own if own.exists() else RULES / "default.yaml")


def read_desks() -> None:
    """Read every file and the calendar, so that a wrong one stops the start."""
    working_days()
    for path in RULES.glob("*.yaml"):
        _read(path)


def _read(path: Path) -> Desk:
    tree = read_tree(path)
    return as_model(Desk, tree, tree, path.name)
