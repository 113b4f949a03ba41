"""Which entitlements appear and which end, decided without I/O (奖补权益的产生与终止).

A title that is effective on the day gives one entitlement per scheme and period. A title in public
notice (公示) gives nothing. One annulled from the start (自始无效) ends the entitlement and nothing
is payable under it; one revoked later ends it and takes nothing back; one that merely expires
changes nothing about money. A benefit without money (关键资源) lasts as long as what it rests on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.events.certification import Title, TitleStatus
from services.funding.awards.schemes import Occasion, Offer, Scheme
from shared.authorities import covers
from shared.rules.model import Condition
from shared.titles import effective_day, effective_titles


class EndReason(StrEnum):
    """Why an entitlement ended (终止原因)."""

    TITLE_ANNULLED = "title_annulled"
    TITLE_REVOKED = "title_revoked"
    MOVED_AWAY = "moved_away"
    NOT_MET_ANY_MORE = "not_met_any_more"


END_REASONS = {
    TitleStatus.ANNULLED: EndReason.TITLE_ANNULLED,
    TitleStatus.REVOKED: EndReason.TITLE_REVOKED,
}
_WERE_HELD = (TitleStatus.EFFECTIVE, TitleStatus.EXPIRED)


@dataclass(frozen=True)
class TitleRef:
    """The title an entitlement rests on."""

    kind: str
    authority: str
    document_no: str


@dataclass(frozen=True)
class Held:
    """An entitlement that is already on record for a scheme and period."""

    title: TitleRef | None
    ended: bool
    payable: bool


@dataclass(frozen=True)
class Holder:
    """Who holds titles (称号持有人), as the schemes look at it on a day."""

    titles: tuple[Title, ...]
    region: str
    on: date
    registered: bool
    meets: Callable[[Condition], bool]
    """Whether a condition beside the title holds."""


@dataclass(frozen=True)
class Grant:
    """An entitlement appears: which offer, for which title."""

    scheme: Scheme
    period: str
    offer: Offer
    title: TitleRef
    effective_on: date


@dataclass(frozen=True)
class Ending:
    """An entitlement ends."""

    scheme: str
    period: str
    reason: EndReason


def decide(
    schemes: Mapping[str, Scheme], holder: Holder, held: Mapping[tuple[str, str], Held]
) -> tuple[list[Grant], list[Ending]]:
    """What appears and what ends on a day. Deciding again on the result gives nothing new.

    `held` has the entitlements on record by (scheme, period). Who left the register gets nothing
    new, and keeps what is money.
    """
    found = (offer_of(scheme, holder) for scheme in schemes.values()) if holder.registered else ()
    offered = {(one.scheme.id, one.period): one for one in found if one is not None}
    standing = {_ref(title): title.status for title in holder.titles}
    grants = [
        grant for key, grant in offered.items() if _is_new(held.get(key), standing, grant.title)
    ]
    endings = [
        Ending(scheme_id, period, reason)
        for (scheme_id, period), entitlement in held.items()
        if not entitlement.ended
        and (scheme_id, period) not in offered
        and (reason := _end(schemes[scheme_id], period, entitlement, holder, standing)) is not None
    ]
    return grants, endings


def offer_of(scheme: Scheme, holder: Holder) -> Grant | None:
    """What the scheme gives for the holder's titles, the earliest one first."""
    if scheme.origin != "title" or not scheme.payer.covers(holder.region):
        return None
    for title in fitting_titles(scheme, holder):
        since = effective_day(title)
        once = scheme.is_money and scheme.period == "once"
        offer = scheme.amount_on(since if once else holder.on)
        if offer is not None and (scheme.conditions is None or holder.meets(scheme.conditions)):
            begins = since if scheme.period == "once" else max(since, date(holder.on.year, 1, 1))
            return Grant(scheme, scheme.period_of(holder.on), offer, _ref(title), begins)
    return None


def fitting_titles(scheme: Scheme, holder: Holder) -> list[Title]:
    """The effective titles that the scheme asks for, the earliest one first."""
    return sorted(
        (
            title
            for title in effective_titles(holder.titles, holder.on)
            if title.kind in scheme.titles
            and (scheme.occasions is None or occasion_of(title, holder) in scheme.occasions)
        ),
        key=lambda title: (effective_day(title), title.document_no),
    )


def occasion_of(title: Title, holder: Holder) -> Occasion:
    """Newly certified (新认定), moved in (迁入), or renewed (复核通过) after one of its kind.

    A title of an authority that does not cover the region was brought along.
    """
    if not covers(title.authority, holder.region):
        return "moved_in"
    renewed = any(
        earlier.kind == title.kind
        and earlier.status in _WERE_HELD
        and effective_day(earlier) < effective_day(title)
        for earlier in holder.titles
    )
    return "renewed" if renewed else "new"


def _end(
    scheme: Scheme,
    period: str,
    entitlement: Held,
    holder: Holder,
    standing: Mapping[TitleRef, TitleStatus],
) -> EndReason | None:
    """Why an entitlement that is not offered any more ends; None when it stays.

    A benefit without money has one reason, whatever fell away and in whichever order.
    """
    if not scheme.is_money:
        of_today = period == scheme.period_of(holder.on)
        return EndReason.NOT_MET_ANY_MORE if of_today else None
    status = standing.get(entitlement.title) if entitlement.title is not None else None
    if status in END_REASONS:
        return END_REASONS[status]
    away = not scheme.payer.covers(holder.region)
    return EndReason.MOVED_AWAY if away and "moved_away" in scheme.claw_back else None


def _is_new(
    entitlement: Held | None, standing: Mapping[TitleRef, TitleStatus], offered: TitleRef
) -> bool:
    """Once per period; again only when the earlier one fell away with nothing payable under it."""
    if entitlement is None:
        return True
    if entitlement.ended:
        return not entitlement.payable
    if entitlement.title is None:
        return False
    annulled = standing.get(entitlement.title) is TitleStatus.ANNULLED
    return annulled and entitlement.title != offered


def _ref(title: Title) -> TitleRef:
    return TitleRef(title.kind, title.authority, title.document_no)
