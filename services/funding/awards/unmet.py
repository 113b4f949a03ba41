"""What separates an enterprise from a scheme it does not have (未满足条件), and how far. Pure.

A title that is missing, in public notice, of another occasion or out of its term; the conditions
beside it, with the value seen, the value needed and what lacks to it.
"""

from dataclasses import dataclass

from contracts.events.certification import Title, TitleStatus
from services.funding.awards.deciding import Holder, fitting_titles, occasion_of
from services.funding.awards.schemes import Scheme
from services.funding.awards.wording import name_of_title
from services.funding.products.distance import distance
from services.funding.products.matching import obstacles_of
from services.funding.rule_files import Texts
from shared.rules.atoms import leaves_of
from shared.rules.judge import Criterion, judge
from shared.rules.metric import Reading
from shared.rules.model import Test
from shared.titles import effective_day, is_effective

OCCASIONS = {
    "new": Texts(zh="新认定", en="newly certified"),
    "moved_in": Texts(zh="市外迁入", en="moved in"),
    "renewed": Texts(zh="复核通过", en="renewed"),
}
STATUSES = {
    TitleStatus.PUBLICIZED: Texts(zh="公示中", en="in public notice"),
    TitleStatus.EFFECTIVE: Texts(zh="不在有效期内", en="out of its term"),
    TitleStatus.EXPIRED: Texts(zh="已到期", en="expired"),
    TitleStatus.REVOKED: Texts(zh="已撤销", en="revoked"),
    TitleStatus.ANNULLED: Texts(zh="自始无效", en="void from the start"),
}
NOTHING = Texts(zh="无", en="none")


@dataclass(frozen=True)
class Unmet:
    """One thing that is not met. `met` None: it cannot be judged until `missing` is known."""

    id: str
    met: bool | None
    text: Texts
    seen: Texts | None
    needed: Texts
    short_by: str | None = None
    missing: tuple[str, ...] = ()
    source: str | None = None
    verification: str | None = None


def unmet_of(scheme: Scheme, holder: Holder, reading: Reading) -> list[Unmet]:
    """Everything the scheme asks for that does not hold on the day; empty when all of it does."""
    found = []
    if not holder.registered:
        found.append(_registered())
    fitting = fitting_titles(scheme, holder)
    if scheme.titles and not fitting:
        found.append(_title(scheme, holder))
    elif _came_outside_the_offer(scheme, fitting):
        found.append(_first_day(scheme, fitting))
    if scheme.conditions is not None:
        finding = judge(scheme.conditions, reading)
        tests = {test.id: test for test in leaves_of(scheme.conditions)}
        found += [_condition(one, tests[one.id], reading) for one in obstacles_of(finding)]
    return found


def _registered() -> Unmet:
    return Unmet(
        id="registered",
        met=False,
        text=Texts(zh="在登记注册状态", en="Stands in the register"),
        seen=Texts(zh="已注销", en="left the register"),
        needed=Texts(zh="存续", en="registered"),
    )


def _title(scheme: Scheme, holder: Holder) -> Unmet:
    names = [name_of_title(kind) for kind in scheme.titles]
    needed = Texts(
        zh="、".join(name.zh for name in names), en=" or ".join(name.en for name in names)
    )
    if scheme.occasions is not None:
        ways = [OCCASIONS[occasion] for occasion in scheme.occasions]
        needed = Texts(
            zh=f"{needed.zh}({'或'.join(way.zh for way in ways)})",
            en=f"{needed.en} ({' or '.join(way.en for way in ways)})",
        )
    return Unmet(
        id="title",
        met=False,
        text=Texts(zh="持有所列有效称号之一", en="Holds one of these titles, in effect"),
        seen=_titles_seen(scheme, holder),
        needed=needed,
    )


def _came_outside_the_offer(scheme: Scheme, fitting: list[Title]) -> bool:
    """Whether an award that goes by the title's first day is offered for none of these days."""
    goes_by_it = scheme.origin == "title" and scheme.is_money and scheme.period == "once"
    return goes_by_it and all(scheme.amount_on(effective_day(title)) is None for title in fitting)


def _first_day(scheme: Scheme, fitting: list[Title]) -> Unmet:
    """The titles took effect on days for which nothing is offered."""
    days = ", ".join(effective_day(title).isoformat() for title in fitting)
    since = [offer.since for offer in scheme.amounts if offer.since is not None]
    first = min(since).isoformat() if since else ""
    return Unmet(
        id="first-day",
        met=False,
        text=Texts(zh="称号在奖补施行期间生效", en="The title took effect while the offer is open"),
        seen=Texts(zh=days, en=days),
        needed=Texts(zh=f"自{first}起", en=f"from {first} on"),
    )


def _titles_seen(scheme: Scheme, holder: Holder) -> Texts:
    """What there is of the wanted kinds, and why it does not count; else the titles in effect."""
    near = [title for title in holder.titles if title.kind in scheme.titles]
    if near:
        said = [_as_it_stands(title, holder) for title in near]
    else:
        kinds = {title.kind for title in holder.titles if is_effective(title, holder.on)}
        said = [name_of_title(kind) for kind in sorted(kinds)]
    if not said:
        return NOTHING
    return Texts(zh=";".join(one.zh for one in said), en="; ".join(one.en for one in said))


def _as_it_stands(title: Title, holder: Holder) -> Texts:
    name = name_of_title(title.kind)
    state = STATUSES[title.status]
    if is_effective(title, holder.on):
        state = OCCASIONS[occasion_of(title, holder)]
    return Texts(
        zh=f"{name.zh}({title.document_no},{state.zh})",
        en=f"{name.en} ({title.document_no}, {state.en})",
    )


def _condition(found: Criterion, test: Test, reading: Reading) -> Unmet:
    seen, wants = None, distance(test, reading)
    if found.seen is not None and found.seen_zh is not None:
        seen = Texts(zh=found.seen_zh, en=found.seen)
    return Unmet(
        id=found.id,
        met=found.met,
        text=Texts(zh=found.text_zh, en=found.text_en),
        seen=seen,
        needed=Texts(zh=found.needed_zh, en=found.needed),
        short_by=None if wants is None else wants.difference,
        missing=found.missing,
        source=found.source,
        verification=found.verification,
    )
