"""What each bank hears of an enterprise: with consent, what it names, until it may no longer."""

from datetime import UTC, date, datetime
from typing import Any

from contracts.events.certification import TitleStatus
from contracts.events.enterprise import ConsentedField, DossierStatus
from services.funding.products.service import delete_withdrawn, find_withdrawn
from services.funding.service import find_due, judge_due
from shared import clock
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.conftest import MoveTo
from tests.services.funding.makers import (
    CREDIT,
    AnyFact,
    consent,
    consents_changed,
    dossier_changed,
    heard_by,
    take,
    take_batch,
    title,
    titles_changed,
)

WITHDRAWN_AT = datetime(2022, 9, 29, tzinfo=UTC)


async def _pass_days(database: Database) -> None:
    """Do what the jobs do, for every enterprise of this database."""
    now = clock.now()
    async with database.transaction() as session:
        due = await find_due(session, now, "", 1000)
        await judge_due(session, due, now)
    async with database.transaction() as session:
        old = await find_withdrawn(session, now, "", 1000)
        await delete_withdrawn(session, old, now)


async def _told(database: Database, **changes: Any) -> str:
    """A little giant of Guangzhou whose consent let ICBC hear of it."""
    uscc = make_uscc()
    await take(
        database,
        dossier_changed(uscc, **changes),
        titles_changed(uscc, title(), title("little_giant")),
        consents_changed(uscc, consent()),
    )
    return uscc


async def test_bank_hears_products_with_reasons_and_the_consented_fields_only(
    database: Database,
) -> None:
    uscc = await _told(database, credit=CREDIT)
    (snapshot,) = await heard_by(database, uscc)
    assert snapshot is not None
    assert (snapshot["status"], snapshot["version"], snapshot["bank"]) == ("eligible", 1, "icbc")
    assert (snapshot["consent_id"], snapshot["purpose"]) == ("consent-icbc", "贷款资格预审")
    assert snapshot["profile"] == {
        "name": "广州示例精密科技有限公司",
        "fiscal_year": 2021,
        "revenue_cny": "45000000.00",
    }
    products = {product["product"]: product for product in snapshot["products"]}
    assert set(products) == {"icbc-sci-tech-loan", "icbc-xingke-loan", "icbc-little-giant-loan"}
    assert all(product["reasons"] for product in products.values())
    assert products["icbc-xingke-loan"]["limit_cny"] == "5000000.00"
    assert products["icbc-xingke-loan"]["limit_secured_cny"] == "8000000.00"
    assert products["icbc-little-giant-loan"]["rate"] == "年利率2.5%,最低2.1%至2.2%"
    assert snapshot["valid_until"] == "2023-08-31"


async def test_every_consented_field_is_shared_under_its_name(database: Database) -> None:
    uscc = make_uscc()
    await take(
        database,
        dossier_changed(uscc),
        titles_changed(uscc, title()),
        consents_changed(uscc, consent(fields=tuple(ConsentedField))),
    )
    (snapshot,) = await heard_by(database, uscc)
    assert snapshot is not None
    assert snapshot["profile"] == {
        "name": "广州示例精密科技有限公司",
        "region": "440106",
        "industry": "3484",
        "fiscal_year": 2021,
        "revenue_cny": "45000000.00",
        "net_profit_cny": "4500000.00",
        "debt_ratio_bp": 5000,
        "rd_expense_cny": "2700000.00",
        "employees": 120,
    }


async def test_bank_never_sees_the_values_that_conditions_read(database: Database) -> None:
    uscc = make_uscc()
    credit = {**CREDIT, "other_loans_cny": "7654321.00", "inquiries_6m": 5}
    await take(
        database,
        dossier_changed(uscc, credit=credit),
        titles_changed(uscc, title()),
        consents_changed(uscc, consent("ccb", fields=(ConsentedField.NAME,))),
    )
    (snapshot,) = await heard_by(database, uscc, "ccb")
    assert snapshot is not None
    assert [product["product"] for product in snapshot["products"]] == ["ccb-shanke-loan"]
    assert snapshot["profile"] == {"name": "广州示例精密科技有限公司"}
    text = str(_content(snapshot))  # a random code or instant may hold any digits
    assert "7654321" not in text
    assert "45000000" not in text
    assert "3484" not in text


async def test_nothing_is_published_for_a_bank_without_consent(database: Database) -> None:
    uscc = await _told(database, credit=CREDIT)
    assert [await heard_by(database, uscc, bank) for bank in ("ccb", "boc", "abc")] == [[], [], []]


async def test_consent_without_a_fitting_product_tells_the_bank_nothing(
    database: Database,
) -> None:
    uscc = make_uscc()
    withdrawn = consent(withdrawn_at=WITHDRAWN_AT)
    await take(
        database,
        dossier_changed(uscc),
        consents_changed(uscc, consent()),
        consents_changed(uscc, withdrawn, version=2),
    )
    assert await heard_by(database, uscc) == []


async def test_change_the_bank_does_not_see_publishes_nothing(database: Database) -> None:
    uscc = await _told(database)
    await take(
        database,
        dossier_changed(uscc, 2, own_brand=False),
        dossier_changed(uscc, 3, headcounts=[{"year": 2021, "employees": 77}]),
        titles_changed(uscc, title(), title("little_giant"), version=2),
    )
    assert len(await heard_by(database, uscc)) == 1


async def test_change_of_a_consented_field_is_heard_at_the_next_version(
    database: Database,
) -> None:
    uscc = await _told(database)
    await take(database, dossier_changed(uscc, 2, name="广州示例智能科技有限公司"))
    first, second = await heard_by(database, uscc)
    assert first is not None
    assert second is not None
    assert (first["version"], second["version"]) == (1, 2)
    assert second["profile"]["name"] == "广州示例智能科技有限公司"


async def test_batch_tells_the_banks_what_its_events_tell_them_one_by_one(
    database: Database,
) -> None:
    usccs = [make_uscc() for _ in range(4)]
    one_by_one, together = usccs[:2], usccs[2:]

    def batches(of: list[str]) -> list[list[AnyFact]]:
        first, second = of
        return [
            [dossier_changed(uscc) for uscc in of],
            [titles_changed(uscc, title(), title("little_giant")) for uscc in of],
            [consents_changed(first, consent()), consents_changed(second, consent("boc"))],
            [
                dossier_changed(first, 2, name="第一次更名有限公司"),
                dossier_changed(second, 2, own_brand=False),
                dossier_changed(first, 3, name="第二次更名有限公司"),
            ],
            [
                consents_changed(first, consent(withdrawn_at=WITHDRAWN_AT), version=2),
                consents_changed(second, consent("boc"), consent(), version=2),
                consents_changed(second, consent("boc"), version=3),
            ],
        ]

    for batch in batches(one_by_one):
        await take(database, *batch)
    for batch in batches(together):
        await take_batch(database, *batch)
    for alone, beside in zip(one_by_one, together, strict=True):
        for bank in ("icbc", "boc"):
            expected = [_content(told) for told in await heard_by(database, alone, bank)]
            assert [_content(told) for told in await heard_by(database, beside, bank)] == expected
    assert len(await heard_by(database, together[0])) == 4
    assert len(await heard_by(database, together[1])) == 2


def _content(told: dict[str, Any] | None) -> dict[str, Any] | None:
    """Without what differs between two enterprises and two instants."""
    if told is None:
        return None
    return {name: part for name, part in told.items() if name not in ("uscc", "judged_at")}


async def test_withdrawn_consent_withdraws_the_snapshot_without_data(database: Database) -> None:
    uscc = await _told(database)
    await take(database, consents_changed(uscc, consent(withdrawn_at=WITHDRAWN_AT), version=2))
    _, snapshot = await heard_by(database, uscc)
    assert snapshot is not None
    assert snapshot.pop("judged_at")
    assert snapshot == {
        "bank": "icbc",
        "uscc": uscc,
        "version": 2,
        "status": "withdrawn",
        "reason": "consent_withdrawn",
        "products": [],
    }


async def test_expired_consent_withdraws_the_snapshot_by_the_calendar_alone(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = make_uscc()
    short = consent(expires_on=date(2022, 10, 2))
    await take(
        own_database,
        dossier_changed(uscc),
        titles_changed(uscc, title()),
        consents_changed(uscc, short),
    )
    domain_day(date(2022, 10, 2))
    await _pass_days(own_database)
    assert len(await heard_by(own_database, uscc)) == 1
    domain_day(date(2022, 10, 3))
    await _pass_days(own_database)
    _, snapshot = await heard_by(own_database, uscc)
    assert snapshot is not None
    assert (snapshot["status"], snapshot["reason"]) == ("withdrawn", "consent_expired")


async def test_expired_title_withdraws_loan_eligibility(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = make_uscc()
    ending = title(valid_to=date(2022, 12, 31))
    await take(
        own_database,
        dossier_changed(uscc),
        titles_changed(uscc, ending),
        consents_changed(uscc, consent()),
    )
    (before,) = await heard_by(own_database, uscc)
    assert before is not None
    assert before["valid_until"] == "2022-12-31"
    domain_day(date(2023, 1, 1))
    await _pass_days(own_database)
    _, after = await heard_by(own_database, uscc)
    assert after is not None
    assert (after["status"], after["reason"]) == ("withdrawn", "no_longer_eligible")
    assert after["products"] == []


async def test_title_that_takes_effect_by_the_calendar_brings_award_and_loan(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = make_uscc()
    await take(
        own_database,
        dossier_changed(uscc),
        titles_changed(uscc, title(valid_from=date(2022, 10, 1))),
        consents_changed(uscc, consent()),
    )
    assert await heard_by(own_database, uscc) == []
    domain_day(date(2022, 10, 1))
    await _pass_days(own_database)
    (snapshot,) = await heard_by(own_database, uscc)
    assert snapshot is not None
    assert snapshot["status"] == "eligible"


async def test_tombstone_follows_a_withdrawal_after_seven_days_and_versions_go_on(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = await _told(own_database)
    withdrawn = consent(withdrawn_at=WITHDRAWN_AT)
    await take(own_database, consents_changed(uscc, withdrawn, version=2))
    domain_day(date(2022, 10, 6))
    await _pass_days(own_database)
    assert len(await heard_by(own_database, uscc)) == 2
    domain_day(date(2022, 10, 8))
    await _pass_days(own_database)
    await _pass_days(own_database)
    assert [s and s["status"] for s in await heard_by(own_database, uscc)] == [
        "eligible",
        "withdrawn",
        None,
    ]
    anew = consent(consent_id="consent-2", granted_at=datetime(2022, 10, 8, tzinfo=UTC))
    await take(own_database, consents_changed(uscc, withdrawn, anew, version=3))
    last = (await heard_by(own_database, uscc))[-1]
    assert last is not None
    assert (last["version"], last["status"], last["consent_id"]) == (3, "eligible", "consent-2")


async def test_eligibility_that_returns_within_seven_days_gets_no_tombstone(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = await _told(own_database)
    withdrawn = consent(withdrawn_at=WITHDRAWN_AT)
    anew = consent(consent_id="consent-2", granted_at=datetime(2022, 9, 30, tzinfo=UTC))
    await take(
        own_database,
        consents_changed(uscc, withdrawn, version=2),
        consents_changed(uscc, withdrawn, anew, version=3),
    )
    domain_day(date(2022, 10, 20))
    await _pass_days(own_database)
    assert [s and s["status"] for s in await heard_by(own_database, uscc)] == [
        "eligible",
        "withdrawn",
        "eligible",
    ]


async def test_public_notice_is_no_title_for_a_bank(database: Database) -> None:
    uscc = make_uscc()
    await take(
        database,
        dossier_changed(uscc),
        titles_changed(uscc, title(status=TitleStatus.PUBLICIZED)),
        consents_changed(uscc, consent()),
    )
    assert await heard_by(database, uscc) == []


async def test_enterprise_that_left_the_register_is_withdrawn_for_that_reason(
    database: Database,
) -> None:
    uscc = await _told(database)
    await take(database, dossier_changed(uscc, 2, DossierStatus.DEREGISTERED))
    snapshot = (await heard_by(database, uscc))[-1]
    assert snapshot is not None
    assert (snapshot["status"], snapshot["reason"]) == ("withdrawn", "deregistered")


async def test_each_bank_hears_its_own_products_under_its_own_versions(
    database: Database,
) -> None:
    uscc = make_uscc()
    await take(
        database,
        dossier_changed(uscc, credit=CREDIT),
        titles_changed(uscc, title(), title("little_giant")),
        consents_changed(uscc, consent("icbc"), consent("ccb"), consent("abc")),
        dossier_changed(uscc, 2, credit={**CREDIT, "lender_count": 9}),
    )
    assert len(await heard_by(database, uscc, "icbc")) == 1
    ccb = await heard_by(database, uscc, "ccb")
    assert [(s and s["version"], s and s["status"]) for s in ccb] == [
        (1, "eligible"),
        (2, "withdrawn"),
    ]
    (abc,) = await heard_by(database, uscc, "abc")
    assert abc is not None
    assert {product["product"] for product in abc["products"]} >= {"abc-little-giant-loan"}


async def test_consent_to_a_bank_without_products_tells_it_nothing(database: Database) -> None:
    uscc = make_uscc()
    await take(
        database,
        dossier_changed(uscc),
        titles_changed(uscc, title()),
        consents_changed(uscc, consent("cmb"), consent("nosuchbank")),
    )
    assert await heard_by(database, uscc, "cmb") == []
    assert await heard_by(database, uscc, "nosuchbank") == []
