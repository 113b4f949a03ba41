"""Periods of budgets and reviews (期间): a year, a half of one, a quarter. Pure."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

Period = Annotated[
    str,
    Field(
        pattern=r"^(19|20)[0-9]{2}(-(H[12]|Q[1-4]))?$",
        title="期间",
        description="A year, a half (-H1) or a quarter (-Q3) of it.",
        examples=["2022"],
    ),
]
_MONTHS = {"": 12, "H": 6, "Q": 3}


def days_of(period: str) -> tuple[date, date]:
    """The first and the last day of the period."""
    year, _, part = period.partition("-")
    months = _MONTHS[part[:1]]
    before = (int(part[1:] or 1) - 1) * months
    first = date(int(year), before + 1, 1)
    end = before + months
    next_first = date(int(year) + end // 12, end % 12 + 1, 1)
    return first, next_first - timedelta(days=1)
