"""What must agree inside one dossier, beyond the shape of each field. Pure decisions, no I/O.

The law reads closed fiscal years (最近完整会计年度), so a year that is not closed, or an event
that has not happened, cannot be filed.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from contracts.dossier import Dossier
from contracts.facts import YearAccounts
from shared import clock

_PARTS = (
    ("main_revenue_cny", "revenue_cny"),
    ("high_tech_revenue_cny", "revenue_cny"),
    ("rd_expense_domestic_cny", "rd_expense_cny"),
)


def check_dossier(dossier: Dossier) -> None:
    """Raises ValueError with every contradiction found, each saying what to do."""
    found = [*_years(dossier, clock.today()), *_future(dossier, clock.today()), *_sums(dossier)]
    if found:
        raise ValueError(" ".join(found))


def _years(dossier: Dossier, today: date) -> Iterable[str]:
    for section, rows in (
        ("accounts", dossier.accounts),
        ("headcounts", dossier.headcounts),
        ("development_scores", dossier.development_scores),
    ):
        years = [row.year for row in rows]
        for year, times in Counter(years).items():
            if times > 1:
                yield f"{section} has {year} {times} times; keep one entry per year."
            if year >= today.year and section != "development_scores":
                yield (
                    f"{section} has {year}, which is not closed on {today}:"
                    f" the last closed fiscal year is {today.year - 1}."
                )


def _future(dossier: Dossier, today: date) -> Iterable[str]:
    days: list[tuple[str, date | None]] = [
        ("registered_on", dossier.registered_on),
        ("segment_since", dossier.segment_since),
        *((f"equity_rounds[{i}]", r.closed_on) for i, r in enumerate(dossier.equity_rounds or ())),
        *((f"awards[{i}]", award.awarded_on) for i, award in enumerate(dossier.awards or ())),
        *((f"ip_rights[{i}]", right.granted_on) for i, right in enumerate(dossier.ip_rights or ())),
        *((f"rd_bodies[{i}]", b.recognised_on) for i, b in enumerate(dossier.rd_bodies or ())),
        *(
            (f"compliance.violations[{i}]", violation.occurred_on)
            for i, violation in enumerate(dossier.compliance.violations or ())
        ),
    ]
    if dossier.digital_level is not None:
        days.append(("digital_level", dossier.digital_level.tested_on))
    for name, day in days:
        if day is not None and day > today:
            yield f"{name}: {day} has not come yet; file it when it has happened."


def _sums(dossier: Dossier) -> Iterable[str]:
    for accounts in dossier.accounts:
        yield from _account_sums(accounts)
    for headcount in dossier.headcounts:
        for name in ("rd_staff", "science_staff"):
            part = getattr(headcount, name)
            if part is not None and part > headcount.employees:
                yield f"headcounts {headcount.year}: {name} is more than all employees."


def _account_sums(accounts: YearAccounts) -> Iterable[str]:
    for part_name, whole_name in _PARTS:
        part, whole = getattr(accounts, part_name), getattr(accounts, whole_name)
        if part is not None and whole is not None and part > whole:
            yield f"accounts {accounts.year}: {part_name} is more than {whole_name}."
