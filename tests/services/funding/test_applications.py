"""Applications: with consent only, decided by the bank in versions, exact to the fen."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.funding.applications.consistency import flaw_of
from services.funding.applications.errors import (
    ApplicationNotFound,
    ApplicationOpen,
    ApplicationUnfit,
    ApplicationWithdrawn,
    ConsentMissing,
    DecisionConflict,
    DecisionInconsistent,
    NoBankForIt,
    NotWithdrawable,
)
from services.funding.applications.jobs import close_expired, delete_closed
from services.funding.applications.service import withdraw_application
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.bank_side import (
    PRODUCT,
    anew,
    applying_consent,
    decided,
    drawn,
    enterprise_itself,
    file,
    make_applicant,
    refusal,
    say,
    without_approval,
)
from tests.services.funding.conftest import MoveTo
from tests.services.funding.makers import (
    consent,
    consents_changed,
    dossier_changed,
    published,
    take,
)

WITHDRAWN_AT = datetime(2022, 9, 30, tzinfo=UTC)


async def _heard(database: Database, application: Any) -> list[dict[str, Any] | None]:
    topic = f"bank.{application.bank}.loan-application"
    return await published(database, str(application.application_id), topic)


async def _withdraw(database: Database, application: Any) -> Any:
    async with database.transaction() as session:
        by = enterprise_itself(application.uscc)
        return await withdraw_application(session, application.application_id, by)


async def test_bank_hears_of_an_application_with_what_was_consented(database: Database) -> None:
    uscc = await make_applicant(database)
    application = await file(database, uscc)
    (told,) = await _heard(database, application)
    assert told is not None
    assert told.pop("filed_at")
    assert told == {
        "bank": "icbc",
        "application_id": str(application.application_id),
        "version": 1,
        "status": "open",
        "uscc": uscc,
        "name": "广州示例精密科技有限公司",
        "product": PRODUCT,
        "amount_cny": "5000000.00",
        "tenor_months": 12,
        "purpose": "采购伺服电机原材料",
        "consent_id": application.consent_id,
    }
    assert (application.state, application.tier) == ("filed", "little_giant")


async def test_wish_without_a_product_goes_to_the_bank_named(database: Database) -> None:
    uscc = await make_applicant(database, "cmb")
    application = await file(database, uscc, None, bank="cmb")
    (told,) = await _heard(database, application)
    assert told is not None
    assert (told["bank"], "product" in told) == ("cmb", False)


async def test_name_is_told_only_where_the_consent_names_it(database: Database) -> None:
    uscc = await make_applicant(database)
    anonymous = applying_consent(fields=("revenue",))
    await take(database, consents_changed(uscc, anonymous, version=2))
    (told,) = await _heard(database, await file(database, uscc))
    assert told is not None
    assert "name" not in told


@pytest.mark.parametrize(
    "given_consent",
    [
        consent(consent_id="5a1d8f70-3b7c-4b53-9f1e-6f2a9f0c1d22"),
        applying_consent("ccb"),
        applying_consent(withdrawn_at=WITHDRAWN_AT),
        applying_consent(expires_on=date(2022, 9, 29)),
        applying_consent(consent_id="another"),
    ],
    ids=["another purpose", "another bank", "withdrawn", "expired", "another consent"],
)
async def test_application_needs_a_consent_of_its_own(
    database: Database, given_consent: Any
) -> None:
    uscc = await make_applicant(database)
    await take(database, consents_changed(uscc, given_consent, version=2))
    with pytest.raises(ConsentMissing, match="whose purpose names"):
        await file(database, uscc)


async def test_product_must_fit_and_be_a_banks(database: Database) -> None:
    uscc = make_uscc()
    await take(
        database, dossier_changed(uscc), consents_changed(uscc, applying_consent(), version=1)
    )
    with pytest.raises(ApplicationUnfit, match=PRODUCT) as unfit:
        await file(database, uscc)
    assert "小巨人" in unfit.value.detail_zh
    with pytest.raises(NoBankForIt):
        await file(database, uscc, None, bank="nosuch")


async def test_second_open_application_for_the_same_is_refused_and_names_the_first(
    database: Database,
) -> None:
    uscc = await make_applicant(database)
    first = await file(database, uscc)
    with pytest.raises(ApplicationOpen, match=str(first.application_id)):
        await file(database, uscc)
    await file(database, uscc, "icbc-xingke-loan")
    await say(database, decided(first.application_id, 1, **refusal()))
    await file(database, uscc)


async def test_bank_receives_approves_pays_out_and_closes(database: Database) -> None:
    uscc = await make_applicant(database)
    id_ = (await file(database, uscc)).application_id
    steps = [
        decided(id_, 1, **without_approval("received")),
        decided(id_, 2),
        decided(id_, 3, **drawn("1500000.01")),
        decided(id_, 4, **drawn("1500000.01", "2499999.99")),
        decided(id_, 5, **drawn("1500000.01", "2499999.99", state="closed", repaid_cny="4000000")),
    ]
    states = []
    for step in steps:
        application = await say(database, step)
        states.append((application.state, application.drawn_cny))
    assert states == [
        ("received", Decimal(0)),
        ("approved", Decimal(0)),
        ("drawn_down", Decimal("1500000.01")),
        ("drawn_down", Decimal("4000000.00")),
        ("closed", Decimal("4000000.00")),
    ]
    assert (application.rate_percent, application.approved_months) == (Decimal("3.45"), 12)
    assert application.repaid_cny == Decimal("4000000.00")


async def test_correction_is_a_later_version_and_replaces_what_was_said(
    database: Database,
) -> None:
    uscc = await make_applicant(database)
    id_ = (await file(database, uscc)).application_id
    await say(database, decided(id_, 1, **drawn("1000000.00", "500000.00")))
    application = await say(database, decided(id_, 2, rate_percent="3.1", **drawn("1000000.00")))
    assert (application.drawn_cny, application.rate_percent) == (
        Decimal("1000000.00"),
        Decimal("3.1"),
    )
    application = await say(database, decided(id_, 3, **refusal()))
    assert (application.state, application.approved_cny, application.drawn_cny) == (
        "refused",
        None,
        Decimal(0),
    )


async def test_known_and_late_versions_change_nothing(database: Database) -> None:
    uscc = await make_applicant(database)
    id_ = (await file(database, uscc)).application_id
    await say(database, decided(id_, 2), decided(id_, 4, **drawn("1.00")))
    application = await say(
        database, decided(id_, 2), decided(id_, 4, **drawn("1.00")), decided(id_, 3, **refusal())
    )
    assert (application.state, application.decision_version) == ("drawn_down", 4)
    with pytest.raises(DecisionConflict, match="next version"):
        await say(database, decided(id_, 4, **drawn("2.00")))


async def test_decision_about_another_banks_application_is_refused(database: Database) -> None:
    uscc = await make_applicant(database)
    id_ = (await file(database, uscc)).application_id
    for wrong in (decided(id_, 1, bank="ccb"), decided(anew(), 1)):
        with pytest.raises(ApplicationNotFound):
            await say(database, wrong)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (without_approval("approved"), "needs amount_cny"),
        ({"amount_cny": "0.00"}, "needs amount_cny"),
        ({"state": "received"}, "has no amount_cny"),
        (without_approval("refused"), "says why"),
        ({"refusals": refusal()["refusals"]}, "says why"),
        (drawn(), "names every draw-down"),
        (drawn("1.00", state="approved"), "Only the states"),
        (drawn("4000000.00", "0.01"), "add up to 4000000.01"),
        (drawn("0.00"), "an amount above 0"),
        (drawn("1.00", repaid_cny="1.01"), "cannot be repaid"),
        ({"decided_on": date(2022, 10, 1)}, "Every day lies"),
        ({"decided_on": date(2022, 9, 29)}, "Every day lies"),
    ],
)
async def test_decision_whose_parts_do_not_fit_is_refused_and_changes_nothing(
    database: Database, changes: dict[str, Any], said: str
) -> None:
    uscc = await make_applicant(database)
    id_ = (await file(database, uscc)).application_id
    with pytest.raises(DecisionInconsistent, match=said) as refused:
        await say(database, decided(id_, 1, **changes))
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.detail_zh)
    application = await say(database, decided(id_, 1))
    assert application.state == "approved"


CENTS = st.integers(min_value=1, max_value=500_000_000).map(lambda fen: Decimal(fen).scaleb(-2))


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(CENTS, min_size=1, max_size=6), approved=CENTS, repaid=CENTS)
def test_draw_downs_are_taken_exactly_when_they_do_not_exceed_the_approval(
    parts: list[Decimal], approved: Decimal, repaid: Decimal
) -> None:
    said = decided(
        anew(),
        1,
        **drawn(
            *(f"{part:.2f}" for part in parts),
            amount_cny=f"{approved:.2f}",
            repaid_cny=f"{repaid:.2f}",
        ),
    )
    flaw = flaw_of(said, date(2022, 9, 30), date(2022, 9, 30))
    assert (flaw is None) == (sum(parts) <= approved and repaid <= sum(parts))


VERSIONS = st.lists(
    st.tuples(st.integers(min_value=1, max_value=6), st.sampled_from(["drawn", "approved"])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=VERSIONS)
async def test_whatever_the_order_and_repetition_the_highest_version_stands(
    database: Database, order: list[tuple[int, str]]
) -> None:
    uscc = await make_applicant(database)
    id_ = (await file(database, uscc)).application_id
    said: dict[int, str] = {}
    for version, kind in order:
        if version > max(said, default=0):
            said[version] = kind
        drawn_down = said.get(version, kind) == "drawn"
        changes = drawn(f"{version}.00") if drawn_down else {}
        application = await say(database, decided(id_, version, **changes))
    top = max(said)
    assert application.decision_version == top
    assert application.drawn_cny == (Decimal(top) if said[top] == "drawn" else Decimal(0))


async def test_enterprise_takes_back_what_is_not_paid_out_and_the_bank_hears_no_data(
    database: Database,
) -> None:
    uscc = await make_applicant(database)
    application = await file(database, uscc)
    await say(database, decided(application.application_id, 1))
    for _ in range(2):
        assert (await _withdraw(database, application)).state == "withdrawn"
    _, told = await _heard(database, application)
    assert told == {
        "bank": "icbc",
        "application_id": str(application.application_id),
        "version": 2,
        "status": "withdrawn",
        "reason": "by_enterprise",
    }
    with pytest.raises(ApplicationWithdrawn):
        await say(database, decided(application.application_id, 2, **drawn("1.00")))
    paid = await file(database, uscc)
    await say(database, decided(paid.application_id, 1, **drawn("1.00")))
    with pytest.raises(NotWithdrawable):
        await _withdraw(database, paid)


async def test_withdrawn_consent_closes_every_application_that_names_it(
    database: Database,
) -> None:
    uscc = await make_applicant(database)
    undecided = await file(database, uscc)
    paid = await file(database, uscc, "icbc-xingke-loan")
    await say(database, decided(paid.application_id, 1, **drawn("1.00")))
    gone = applying_consent(withdrawn_at=WITHDRAWN_AT)
    await take(database, consents_changed(uscc, gone, version=2))
    for application in (undecided, paid):
        _, told = await _heard(database, application)
        assert told is not None
        assert (told["status"], told["reason"]) == ("withdrawn", "consent_withdrawn")
        assert "uscc" not in told
    with pytest.raises(ApplicationWithdrawn):
        await say(database, decided(undecided.application_id, 1))
    still = await say(database, decided(paid.application_id, 2, **drawn("1.00", "2.00")))
    assert (still.state, still.disclosed) == ("drawn_down", "withdrawn")


async def test_consent_that_runs_out_closes_its_applications_and_a_tombstone_follows(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = await make_applicant(own_database)
    short = applying_consent(expires_on=date(2022, 10, 2))
    await take(own_database, consents_changed(uscc, short, version=2))
    application = await file(own_database, uscc)
    for day, told in (
        (date(2022, 10, 2), ["open"]),
        (date(2022, 10, 3), ["open", "withdrawn"]),
        (date(2022, 10, 9), ["open", "withdrawn"]),
        (date(2022, 10, 11), ["open", "withdrawn", None]),
    ):
        domain_day(day)
        for _ in range(2):
            await close_expired(own_database)
            await delete_closed(own_database)
        heard = await _heard(own_database, application)
        assert [fact and fact["status"] for fact in heard] == told
    assert heard[1] is not None
    assert heard[1]["reason"] == "consent_expired"
