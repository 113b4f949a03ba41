"""Which entitlements appear and which end, decided without I/O (奖补权益的产生与终止).

A title that is effective on the day gives one entitlement per scheme and period. A title in public
notice (公示) gives nothing. One annulled from the start (自始无效) ends the entitlement and nothing
is payable under it; one revoked later ends it and takes nothing back; one that merely expires
changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.events.certification import Title, TitleStatus
from services.funding.awards.schemes import Amount, Occasion, Scheme
from shared.authorities import covers
from shared.titles import effective_day, effective_titles


class EndReason(StrEnum):
    """Why an entitlement ended (终止原因)."""

    TITLE_ANNULLED = "title_annulled"
    TITLE_REVOKED = "title_revoked"


END_REASONS = {
    TitleStatus.ANNULLED: EndReason.TITLE_ANNULLED,
    TitleStatus.REVOKED: EndReason.TITLE_REVOKED,
}


@dataclass(frozen=True)
class TitleRef:
    """The title an entitlement rests on."""

    kind: str
    authority: str
    document_no: str


@dataclass(frozen=True)
class Held:
    """An entitlement that is already on record for a scheme and period."""

    title: TitleRef
    ended: bool
    payable: bool


@dataclass(frozen=True)
class Grant:
    """An entitlement appears: which amount, for which title."""

    scheme: Scheme
    period: str
    amount: Amount
    title: TitleRef
    effective_on: date


@dataclass(frozen=True)
class Ending:
    """An entitlement ends."""

    scheme: str
    period: str
    reason: EndReason


def decide(
    schemes: Iterable[Scheme],
    titles: Iterable[Title],
    region: str,
    on: date,
    held: Mapping[tuple[str, str], Held],
) -> tuple[list[Grant], list[Ending]]:
    """What appears and what ends on a day. Deciding again on the result gives nothing new.

    `held` has the entitlements on record by (scheme, period).
    """
    known = tuple(titles)
    offered = {
        (grant.scheme.id, grant.period): grant
        for scheme in schemes
        if (grant := _offer(scheme, known, region, on)) is not None
    }
    standing = {_ref(title): title.status for title in known}
    grants = [
        grant for key, grant in offered.items() if _is_new(held.get(key), standing, grant.title)
    ]
    endings = [
        Ending(scheme, period, END_REASONS[status])
        for (scheme, period), entitlement in held.items()
        if not entitlement.ended
        and (scheme, period) not in offered
        and (status := standing.get(entitlement.title)) in END_REASONS
    ]
    return grants, endings


def _offer(scheme: Scheme, titles: tuple[Title, ...], region: str, on: date) -> Grant | None:
    """What the scheme gives for the enterprise's titles, the earliest one first."""
    if not scheme.payer.covers(region):
        return None
    fitting = sorted(
        (
            title
            for title in effective_titles(titles, on)
            if title.kind == scheme.title
            and (scheme.occasions is None or _occasion(title, region) in scheme.occasions)
        ),
        key=lambda title: (effective_day(title), title.document_no),
    )
    for title in fitting:
        amount = scheme.amount_on(effective_day(title))
        if amount is not None:
            return Grant(scheme, scheme.period, amount, _ref(title), effective_day(title))
    return None


def _occasion(title: Title, region: str) -> Occasion:
    """Newly certified (新认定) where its authority covers the region, else moved in (迁入)."""
    return "new" if covers(title.authority, region) else "moved_in"


def _is_new(
    entitlement: Held | None, standing: Mapping[TitleRef, TitleStatus], offered: TitleRef
) -> bool:
    """Once per period; again only when the earlier one fell away with nothing payable under it."""
    if entitlement is None:
        return True
    if entitlement.ended:
        return not entitlement.payable
    annulled = standing.get(entitlement.title) is TitleStatus.ANNULLED
    return annulled and entitlement.title != offered


def _ref(title: Title) -> TitleRef:
    return TitleRef(title.kind, title.authority, title.document_no)
