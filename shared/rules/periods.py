"""Calendar arithmetic that law asks for: years before, full years, windows such as 近三年.

民法典 art. 201, 202, 259: a period counted in years ends on the corresponding day, or on the last
day of the month where there is none, and that day still lies within the period (届满 includes it).
"""

from calendar import isleap, monthrange
from datetime import MAXYEAR, MINYEAR, date


def years_after(day: date, years: int) -> date:
    """The corresponding day so many years later; 29 February becomes the 28th where needed.

    Beyond the calendar's ends it stops at them, so that an absurd date judges and does not fail.
    """
    year = day.year + years
    if not MINYEAR <= year <= MAXYEAR:
        return date.max if year > MAXYEAR else date.min
    leap_day = day.month == 2 and day.day == 29
    return day.replace(year=year, day=28 if leap_day and not isleap(year) else day.day)


def years_before(day: date, years: int) -> date:
    """The corresponding day so many years earlier."""
    return years_after(day, -years)


def within_years(day: date, years: int, as_of: date) -> bool:
    """Whether `day` lies in the last `years` years up to `as_of`; both ends are inside."""
    return years_before(as_of, years) <= day <= as_of


def full_years(since: date, until: date) -> int:
    """Completed years between two days; 0 when `since` lies later."""
    years = until.year - since.year
    if years > 0 and years_after(since, years) > until:
        years -= 1
    return max(years, 0)


def full_months(since: date, until: date) -> int:
    """Completed months between two days; 0 when `since` lies later."""
    months = (until.year - since.year) * 12 + until.month - since.month
    last_day = monthrange(until.year, until.month)[1]
    if until.day < min(since.day, last_day):
        months -= 1
    return max(months, 0)


def last_closed_year(as_of: date) -> int:
    """上年度: the last complete fiscal year (the calendar year, 会计法 art. 11)."""
    return as_of.year - 1


def close_of_year(year: int) -> date:
    """The instant a fiscal year ends, as 1 January: a year begun on 1 January is a full one."""
    return date(year + 1, 1, 1)


def holds_on(valid_from: date, valid_to: date | None, as_of: date) -> bool:
    """Whether a term (有效期) covers the day; its last day is inside."""
    return valid_from <= as_of and (valid_to is None or as_of <= valid_to)
