"""What time does to claims, and what a claim comes to: deadlines fire once, aid is exact."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.funding.awards.schemes import schemes
from services.funding.claims import reviewing, service
from services.funding.claims.aid import aid_of
from services.funding.claims.errors import IllegalClaimMove, NotClaimable, ReviewIncomplete
from services.funding.claims.machine import MOVES, ClaimMove, ClaimState, procedure, require_allowed
from services.funding.claims.models import Claim
from services.funding.claims.schemas import (
    ClaimWrite,
    ItemReview,
    ResubmissionWrite,
    ReviewOutcome,
    ReviewWrite,
)
from services.funding.jobs import fire_claim_deadlines
from shared.auth import Role, Subject
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.award_calls import CITY, LISTING, claim_of, invoice
from tests.services.funding.conftest import MoveTo
from tests.services.funding.makers import dossier_changed, entitlements, take, title, titles_changed

REVIEWER = Subject(sub="reviewer-1", role=Role.REVIEWER, authority=CITY)
RETURN = ReviewWrite(outcome=ReviewOutcome.RETURN, note="请补充付款凭证")


async def _filed(database: Database, uscc: str) -> UUID:
    await take(database, dossier_changed(uscc), titles_changed(uscc, title()))
    by = Subject(sub="enterprise-1", role=Role.ENTERPRISE, uscc=uscc)
    async with database.transaction() as session:
        wanted = ClaimWrite.model_validate(claim_of(LISTING))
        return (await service.file_claim(session, wanted, by)).claim_id


async def _seen(database: Database, claim_id: UUID) -> tuple[Claim, list[str]]:
    async with database.transaction() as session:
        claim = await session.get(Claim, claim_id)
        assert claim is not None
        return claim, [step.move for step in await service.steps_of(session, claim_id)]


async def test_claim_that_waits_too_long_is_marked_overdue_once_and_can_still_be_decided(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = make_uscc()
    claim_id = await _filed(own_database, uscc)
    domain_day(date(2022, 10, 29))
    await fire_claim_deadlines(own_database)
    assert (await _seen(own_database, claim_id))[0].overdue_at is None
    domain_day(date(2022, 10, 31))
    await fire_claim_deadlines(own_database)
    marked = (await _seen(own_database, claim_id))[0].overdue_at
    assert marked is not None
    domain_day(date(2023, 2, 1))
    await fire_claim_deadlines(own_database)
    claim, moves = await _seen(own_database, claim_id)
    assert (claim.overdue_at, claim.state, moves) == (marked, "filed", ["file"])
    items = [ItemReview(number=1, accepted_cny="100000.00", reason=None)]
    async with own_database.transaction() as session:
        wanted = ReviewWrite(outcome=ReviewOutcome.APPROVE, items=items)
        await reviewing.review_claim(session, claim_id, wanted, REVIEWER)
    row = (await entitlements(own_database, uscc))[LISTING]
    assert (row["period"], row["budget_year"], row["payable_cny"]) == ("2022", 2023, 50_000)


async def test_returned_claim_lapses_once_lets_its_documents_go_and_can_be_filed_anew(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = make_uscc()
    claim_id = await _filed(own_database, uscc)
    async with own_database.transaction() as session:
        await reviewing.review_claim(session, claim_id, RETURN, REVIEWER)
    domain_day(date(2022, 10, 16))
    for _ in range(2):
        await fire_claim_deadlines(own_database)
    claim, moves = await _seen(own_database, claim_id)
    assert (claim.state, claim.due_at, moves) == ("lapsed", None, ["file", "return", "lapse"])
    by = Subject(sub="enterprise-1", role=Role.ENTERPRISE, uscc=uscc)
    async with own_database.transaction() as session:
        items = await service.items_of(session, claim)
        assert [item.counts for item in items] == [False]
        same = invoice(document_no=items[0].document_no)
        wanted = ClaimWrite.model_validate(claim_of(LISTING, same))
        assert (await service.file_claim(session, wanted, by)).claim_id == claim_id


async def test_resubmission_in_time_stops_the_deadline_of_the_return(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = make_uscc()
    claim_id = await _filed(own_database, uscc)
    by = Subject(sub="enterprise-1", role=Role.ENTERPRISE, uscc=uscc)
    async with own_database.transaction() as session:
        await reviewing.review_claim(session, claim_id, RETURN, REVIEWER)
    async with own_database.transaction() as session:
        wanted = ResubmissionWrite.model_validate({"items": [invoice()]})
        await service.resubmit_claim(session, claim_id, wanted, by)
    domain_day(date(2022, 10, 16))
    await fire_claim_deadlines(own_database)
    assert (await _seen(own_database, claim_id))[0].state == "filed"


async def test_measure_of_2025_is_claimable_from_its_first_day_and_up_to_its_cap(
    own_database: Database, domain_day: MoveTo
) -> None:
    centre = Subject(sub="centre-1", role=Role.INSTITUTION, uscc=make_uscc())
    wanted = ClaimWrite.model_validate(
        claim_of("guangzhou-empowerment-centre", invoice(), name="示例赋能中心")
    )
    domain_day(date(2025, 8, 22))
    with pytest.raises(NotClaimable):
        async with own_database.transaction() as session:
            await service.file_claim(session, wanted, centre)
    domain_day(date(2025, 8, 23))
    async with own_database.transaction() as session:
        claim_id = (await service.file_claim(session, wanted, centre)).claim_id
    approval: dict[str, Any] = {
        "outcome": "approve",
        "items": [{"number": 1, "accepted_cny": "100000.00"}],
        "amount_cny": "5000000.01",
    }
    too_much = ReviewWrite.model_validate(approval)
    async with own_database.transaction() as session:
        with pytest.raises(ReviewIncomplete, match="at most 5000000"):
            await reviewing.review_claim(session, claim_id, too_much, REVIEWER)
    async with own_database.transaction() as session:
        within = ReviewWrite.model_validate(approval | {"amount_cny": "5000000.00"})
        await reviewing.review_claim(session, claim_id, within, REVIEWER)
    row = (await entitlements(own_database, centre.uscc or ""))["guangzhou-empowerment-centre"]
    assert (row["payee_kind"], row["period"]) == ("service_institution", "2025")


MONEY = st.decimals(min_value="0.01", max_value="500000000000", places=2)
PERCENT = st.decimals(min_value="0.01", max_value="100", places=2)


@given(eligible=MONEY, percent=PERCENT, cap=st.none() | MONEY)
def test_aid_is_whole_fen_and_never_over_the_share_the_cost_or_the_cap(
    eligible: Decimal, percent: Decimal, cap: Decimal | None
) -> None:
    aid = aid_of(eligible, percent, cap)
    share = eligible * percent / 100
    assert aid == aid.quantize(Decimal("0.01"))
    assert 0 <= aid <= min(share, eligible, eligible if cap is None else cap)
    assert aid == cap or share - aid < Decimal("0.01")


@given(eligible=MONEY, more=MONEY, percent=PERCENT, cap=st.none() | MONEY)
def test_more_cost_never_brings_less_aid(
    eligible: Decimal, more: Decimal, percent: Decimal, cap: Decimal | None
) -> None:
    assert aid_of(eligible, percent, cap) <= aid_of(eligible + more, percent, cap)


@given(state=st.sampled_from(ClaimState), move=st.sampled_from(ClaimMove))
def test_move_is_allowed_as_declared_and_its_refusal_names_what_is(
    state: ClaimState, move: ClaimMove
) -> None:
    if state in MOVES[move][0]:
        require_allowed(state, move)
        return
    with pytest.raises(IllegalClaimMove) as refused:
        require_allowed(state, move)
    for name, (sources, _) in MOVES.items():
        assert (name in refused.value.detail.partition("Possible:")[2]) == (state in sources)


def test_decided_claims_are_final_and_only_open_ones_have_deadlines() -> None:
    sources = {state for given_states, _ in MOVES.values() for state in given_states}
    assert set(ClaimState) - sources == {ClaimState.APPROVED, ClaimState.REJECTED}
    assert set(procedure().deadlines) == {ClaimState.FILED, ClaimState.RETURNED}


def test_claimable_schemes_are_the_four_aids_and_those_of_institutions() -> None:
    claimable = {
        scheme.id: scheme.payee for scheme in schemes().values() if scheme.origin == "claim"
    }
    assert claimable == {
        "guangzhou-listing-aid": "enterprise",
        "guangzhou-digital-transformation-aid": "enterprise",
        "guangzhou-technical-renovation-aid": "enterprise",
        "guangzhou-loan-cost-aid": "enterprise",
        "guangzhou-park-operator-project": "park_operator",
        "guangzhou-empowerment-centre": "service_institution",
    }
