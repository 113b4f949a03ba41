"""What must agree inside one dossier, beyond the shape of each field. Pure decisions, no I/O.

The law reads closed fiscal years (最近完整会计年度), so a year that is not closed, or an event
that has not happened, cannot be filed.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import cache

from pydantic import BaseModel

from contracts.dossier import Dossier
from contracts.facts import YearAccounts
from shared import clock

_DATED_LISTS = (
    "ip_rights",
    "rd_bodies",
    "awards",
    "honours",
    "equity_rounds",
    "certificates",
    "standards",
    "documents",
)
_HAPPENED = (
    "registered_on",
    "segment_since",
    "granted_on",
    "transferred_on",
    "recognised_on",
    "awarded_on",
    "valid_from",
    "closed_on",
    "published_on",
    "occurred_on",
    "tested_on",
    "checked_on",
    "issued_on",
)
_TERMS = (
    ("valid_from", "valid_to"),
    ("recognised_on", "valid_to"),
    ("granted_on", "expires_on"),
    ("registered_on", "segment_since"),
)
_SUMS = (
    ("main_revenue_cny", "revenue_cny"),
    ("high_tech_revenue_cny", "revenue_cny"),
    ("rd_expense_domestic_cny", "rd_expense_cny"),
)


def check_dossier(dossier: Dossier) -> None:
    """Raises ValueError with every contradiction found, each saying what to do."""
    today = clock.today()
    found = [
        *_years(dossier, today),
        *_future(dossier, today),
        *_terms(dossier),
        *_sums(dossier),
    ]
    if found:
        raise ValueError(" ".join(found))


def _years(dossier: Dossier, today: date) -> Iterable[str]:
    for section, rows, last in (
        ("accounts", dossier.accounts, today.year - 1),
        ("headcounts", dossier.headcounts, today.year - 1),
        ("development_scores", dossier.development_scores, today.year),
    ):
        for year, times in Counter(row.year for row in rows).items():
            if times > 1:
                yield f"{section} has {year} {times} times; keep one entry per year."
            if year > last:
                yield f"{section} has {year}, which is not closed on {today}; the last is {last}."


def _future(dossier: Dossier, today: date) -> Iterable[str]:
    for name, part in _parts(dossier):
        for field in _happened_in(type(part)):
            day = getattr(part, field)
            if day is not None and day > today:
                yield f"{name}{field}: {day} has not come yet; file it when it has happened."


def _terms(dossier: Dossier) -> Iterable[str]:
    for name, part in _parts(dossier):
        for first, last in _terms_in(type(part)):
            begins, ends = getattr(part, first), getattr(part, last)
            if begins is not None and ends is not None and ends < begins:
                yield f"{name}{last}: {ends} lies before {first}, {begins}."
    if dossier.chain_position is not None and dossier.segment is None:
        yield "chain_position needs a segment."


@cache
def _happened_in(kind: type[BaseModel]) -> tuple[str, ...]:
    """The days of this kind of part that lie in the past."""
    return tuple(field for field in _HAPPENED if field in kind.model_fields)


@cache
def _terms_in(kind: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    """The terms of this kind of part: the day it begins and the day it ends."""
    fields = kind.model_fields
    return tuple((first, last) for first, last in _TERMS if first in fields and last in fields)


def _parts(dossier: Dossier) -> Iterable[tuple[str, BaseModel]]:
    """The dossier and every dated part of it, with the path to it."""
    yield "", dossier
    for name in _DATED_LISTS:
        for number, part in enumerate(getattr(dossier, name) or ()):
            yield f"{name}[{number}].", part
    for number, violation in enumerate(dossier.compliance.violations or ()):
        yield f"compliance.violations[{number}].", violation
    for name in ("digital_level", "credit"):
        if (single := getattr(dossier, name)) is not None:
            yield f"{name}.", single


def _sums(dossier: Dossier) -> Iterable[str]:
    for accounts in dossier.accounts:
        yield from _account_sums(accounts)
    for headcount in dossier.headcounts:
        for name in ("rd_staff", "science_staff"):
            part = getattr(headcount, name)
            if part is not None and part > headcount.employees:
                yield f"headcounts {headcount.year}: {name} is more than all employees."


def _account_sums(accounts: YearAccounts) -> Iterable[str]:
    for part_name, whole_name in _SUMS:
        part, whole = getattr(accounts, part_name), getattr(accounts, whole_name)
        if part is not None and whole is not None and part > whole:
            yield f"accounts {accounts.year}: {part_name} is more than {whole_name}."
