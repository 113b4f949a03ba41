"""Working days (工作日) by the announced days off. A year that was not announced is not guessed."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from pydantic import Field

from services.funding.payments.errors import CalendarUnknown
from services.funding.rule_files import Sourced, as_model
from shared.rules.lined_yaml import read_tree

SATURDAY = 5
_DAY = timedelta(days=1)


class Year(Sourced):
    """One announced year."""

    year: int
    off: tuple[tuple[date, date], ...] = Field(min_length=1)
    worked: tuple[date, ...]


@dataclass(frozen=True)
class WorkingDays:
    """Which days are worked, in the years that are known."""

    years: frozenset[int]
    off: frozenset[date]
    worked: frozenset[date]

    def is_worked(self, day: date) -> bool:
        """Whether the day is a working day. Raises CalendarUnknown."""
        if day.year not in self.years:
            raise CalendarUnknown(
                f"The days off of {day.year} are not entered. Add the year to"
                " services/funding/payments/reference/working-days.yaml.",
                f"尚未录入 {day.year} 年节假日安排,请先补充 working-days.yaml。",
            )
        return day in self.worked or (day.weekday() < SATURDAY and day not in self.off)

    def after(self, day: date, count: int) -> date:
        """The last of so many working days after the day. Raises CalendarUnknown."""
        while count:
            day += _DAY
            count -= self.is_worked(day)
        return day


@cache
def working_days() -> WorkingDays:
    """The calendar as the reference file says."""
    path = Path(__file__).parent / "reference" / "working-days.yaml"
    tree = read_tree(path)
    years = [as_model(Year, row, row, path.name) for row in tree["years"]]
    return WorkingDays(
        frozenset(year.year for year in years),
        frozenset(
            first + _DAY * n
            for year in years
            for first, last in year.off
            for n in range((last - first).days + 1)
        ),
        frozenset(day for year in years for day in year.worked),
    )
