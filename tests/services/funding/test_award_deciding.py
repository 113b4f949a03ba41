"""What titles bring, decided over any titles: once, for effective ones only, and stable."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.events.certification import Title, TitleStatus
from services.funding.awards.deciding import (
    END_REASONS,
    Ending,
    EndReason,
    Grant,
    Held,
    decide,
    occasion_of,
)
from services.funding.awards.schemes import OfferKind, schemes
from shared.titles import effective_day
from tests.services.funding.makers import holder, title

DAYS = st.dates(date(2019, 1, 1), date(2027, 12, 31))
KINDS = ("municipal_specialized_sme", "specialized_sme", "little_giant", "single_champion")
REGIONS = ("440106", "440605", "440305", "340104", "110108", "430104", "360102")


@st.composite
def _titles(draw: st.DrawFn) -> tuple[Title, ...]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        since = draw(DAYS)
        found.append(
            title(
                draw(st.sampled_from(KINDS)),
                status=draw(st.sampled_from(TitleStatus)),
                authority=draw(st.sampled_from(("000000", "440000", "440100", "340000"))),
                document_no=f"示例{number}号",
                document_on=since,
                valid_from=draw(st.sampled_from((since, None))),
                valid_to=draw(st.sampled_from((since + timedelta(days=1095), None))),
            )
        )
    return tuple(found)


HOLDERS = st.builds(
    lambda titles, **changes: holder(*titles, **changes),
    _titles(),
    region=st.sampled_from(REGIONS),
    on=DAYS,
    registered=st.booleans(),
)


def _on_record(
    grants: list[Grant], endings: list[Ending], before: dict[tuple[str, str], Held]
) -> dict[tuple[str, str], Held]:
    """What is held after a decision, as the database keeps it."""
    after = dict(before)
    for grant in grants:
        fixed = grant.scheme.automatic and grant.offer.kind is OfferKind.FIXED
        after[grant.scheme.id, grant.period] = Held(grant.title, ended=False, payable=fixed)
    for ending in endings:
        held = after[ending.scheme, ending.period]
        payable = held.payable and ending.reason is not EndReason.TITLE_ANNULLED
        after[ending.scheme, ending.period] = Held(held.title, ended=True, payable=payable)
    return after


@given(HOLDERS)
def test_deciding_again_on_the_result_gives_nothing_new(one: Any) -> None:
    held = _on_record(*decide(schemes(), one, {}), {})
    assert decide(schemes(), one, held) == ([], [])


@given(HOLDERS)
def test_whatever_comes_rests_on_an_effective_title_of_its_kind_and_its_payer_covers_the_region(
    one: Any,
) -> None:
    grants, endings = decide(schemes(), one, {})
    by_document = {held.document_no: held for held in one.titles}
    assert endings == []
    for grant in grants:
        found = by_document[grant.title.document_no]
        assert found.status is TitleStatus.EFFECTIVE
        assert effective_day(found) <= one.on
        assert found.kind in grant.scheme.titles
        assert grant.scheme.payer.covers(one.region)
        assert grant.scheme.origin == "title"
        assert grant.offer.kind is not OfferKind.NONE
        assert one.registered
        if grant.scheme.occasions is not None:
            assert occasion_of(found, one) in grant.scheme.occasions
    keys = [(grant.scheme.id, grant.period) for grant in grants]
    assert len(keys) == len(set(keys))


@given(HOLDERS, st.data())
def test_order_of_the_titles_decides_nothing(one: Any, data: st.DataObject) -> None:
    shuffled = tuple(data.draw(st.permutations(one.titles)))
    other = holder(*shuffled, region=one.region, on=one.on, registered=one.registered)
    assert decide(schemes(), one, {}) == decide(schemes(), other, {})


@given(HOLDERS)
def test_titles_in_public_notice_bring_nothing(one: Any) -> None:
    notices = [
        title(held.kind, status=TitleStatus.PUBLICIZED, document_no=held.document_no)
        for held in one.titles
    ]
    assert decide(schemes(), holder(*notices, region=one.region, on=one.on), {}) == ([], [])


@given(HOLDERS, st.sampled_from(TitleStatus), DAYS)
def test_money_ends_only_with_a_title_that_is_annulled_or_revoked(
    one: Any, status: TitleStatus, later: date
) -> None:
    """The same titles in another status, on another day: expiring takes nothing back."""
    held = _on_record(*decide(schemes(), one, {}), {})
    changed = [found.model_copy(update={"status": status}) for found in one.titles]
    after = holder(*changed, region=one.region, on=later, registered=one.registered)
    _, endings = decide(schemes(), after, held)
    money = [ending for ending in endings if schemes()[ending.scheme].is_money]
    if status in END_REASONS:
        was_money = [key for key in held if schemes()[key[0]].is_money]
        assert {ending.reason for ending in money} <= {END_REASONS[status]}
        assert len(money) == len(was_money)
    else:
        assert money == []


@given(HOLDERS, _titles(), DAYS)
def test_award_that_was_payable_never_comes_a_second_time(
    one: Any, later_titles: tuple[Title, ...], later: date
) -> None:
    first = _on_record(*decide(schemes(), one, {}), {})
    after = holder(*one.titles, *later_titles, region=one.region, on=later)
    grants, _ = decide(schemes(), after, first)
    again = [grant for grant in grants if (grant.scheme.id, grant.period) in first]
    annulled = {held.document_no for held in after.titles if held.status is TitleStatus.ANNULLED}
    for grant in again:
        before = first[grant.scheme.id, grant.period]
        assert before.title is not None
        assert before.title.document_no in annulled or (before.ended and not before.payable)
