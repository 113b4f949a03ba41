"""Financing needs: what meets them, and which bank may see them; nobody else, nothing more."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.catalog import ServiceKind
from contracts.events.enterprise import (
    DossierStatus,
    FinancingTerms,
    Need,
    NeedKind,
    NeedsChanged,
    NeedStatus,
)
from services.funding.handlers import on_needs_changed
from services.funding.needs.fitting import meet
from services.funding.products.catalogue import seeds
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.conftest import Funding
from tests.services.funding.makers import (
    EARLIER,
    consent,
    consents_changed,
    dossier_changed,
    take,
    title,
    titles_changed,
)

WITHDRAWN_AT = datetime(2022, 9, 29, tzinfo=UTC)


def _need(need_id: str = "n1", amount: str = "3000000.00", months: int = 12, **terms: Any) -> Need:
    audience = {"open_to_all_banks": False, "banks": ("icbc",)} | terms
    return Need(
        need_id=need_id,
        kind=NeedKind.FINANCING,
        financing=FinancingTerms(
            amount_cny=Decimal(amount), tenor_months=months, purpose="采购原材料", **audience
        ),
        text="订单增加,需补充流动资金",
        status=NeedStatus.OPEN,
        opened_at=EARLIER,
    )


async def _state(database: Database, uscc: str, *needs: Need, version: int = 1) -> None:
    async with database.transaction() as session:
        fact = NeedsChanged(uscc=uscc, version=version, needs=needs)
        await on_needs_changed(fact, session)


async def _enterprise(funding: Funding, *consents: Any, **dossier: Any) -> str:
    """A specialized SME of Guangzhou."""
    uscc = make_uscc()
    await take(
        funding.database,
        dossier_changed(uscc, **dossier),
        titles_changed(uscc, title()),
        consents_changed(uscc, *consents),
    )
    return uscc


async def _own(funding: Funding, uscc: str) -> list[dict[str, Any]]:
    answer = await funding.get(f"/v1/enterprises/{uscc}/financing-needs", "enterprise", uscc=uscc)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["needs"])


async def _seen(funding: Funding, bank: str = "icbc", limit: int = 200) -> dict[str, Any]:
    """Every need the bank sees, by enterprise, page after page."""
    found: dict[str, Any] = {}
    path: str | None = f"/v1/banks/{bank}/financing-needs?limit={limit}"
    while path is not None:
        answer = await funding.get(path, "bank", org=bank)
        assert answer.status_code == 200, answer.text
        found |= {need["uscc"]: need for need in answer.json()["needs"]}
        link = answer.headers.get("link")
        path = link.split(">")[0].removeprefix("<") if link else None
    return found


async def test_enterprise_sees_which_products_meet_its_need_and_why(funding: Funding) -> None:
    uscc = await _enterprise(funding)
    await _state(funding.database, uscc, _need(), _need("n2", "9000000.00", 30))
    small, large = sorted(await _own(funding, uscc), key=lambda need: str(need["need_id"]))
    meeting = {one["product_id"]: one for one in small["meeting"]}
    assert "icbc-xingke-loan" in meeting
    assert [one["met"] for one in meeting["icbc-xingke-loan"]["aspects"]] == [True, True]
    assert {one["product_id"] for one in small["open_ones"]} >= {
        "icbc-sci-tech-loan",
        "guarantors-specialized-guarantee",
    }
    short = {one["product_id"]: one for one in large["falling_short"]}
    amount, tenor = short["icbc-xingke-loan"]["aspects"]
    assert (amount["met"], tenor["met"]) == (False, False)
    assert "9000000.00" in amount["text"]["en"]
    assert "8000000.00" in amount["text"]["zh"]


async def test_bank_sees_a_need_that_names_it_only_while_its_consent_holds(
    funding: Funding,
) -> None:
    uscc = await _enterprise(funding, consent("icbc"))
    await _state(funding.database, uscc, _need())
    seen = (await _seen(funding))[uscc]
    assert set(seen) == {
        *("uscc", "name", "need_id", "amount_cny", "tenor_months", "purpose", "text"),
        *("wanted_by_on", "opened_at", "by_eligibility", "products"),
    }
    assert seen["by_eligibility"] is True
    assert {one["product_id"] for one in seen["products"]} == {
        "icbc-xingke-loan",
        "icbc-sci-tech-loan",
    }
    assert uscc not in await _seen(funding, "ccb")
    withdrawn = consent("icbc", withdrawn_at=WITHDRAWN_AT)
    await take(funding.database, consents_changed(uscc, withdrawn, version=2))
    assert uscc not in await _seen(funding)


async def test_need_that_names_a_bank_without_consent_stays_hidden(funding: Funding) -> None:
    uscc = await _enterprise(funding)
    await _state(funding.database, uscc, _need())
    expired = await _enterprise(funding, consent("icbc", expires_on=date(2022, 9, 29)))
    await _state(funding.database, expired, _need())
    assert not {uscc, expired} & set(await _seen(funding))


async def test_open_need_without_consent_is_compared_by_its_terms_alone(funding: Funding) -> None:
    """The enterprise fits nothing of ICBC; were it judged, the bank would learn so."""
    uscc = make_uscc()
    await take(funding.database, dossier_changed(uscc))
    await _state(funding.database, uscc, _need(open_to_all_banks=True, banks=()))
    seen = (await _seen(funding))[uscc]
    assert seen["by_eligibility"] is False
    assert "icbc-little-giant-loan" in {one["product_id"] for one in seen["products"]}
    too_large = await _enterprise(funding)
    huge = _need("n", "900000000.00", open_to_all_banks=True, banks=())
    await _state(funding.database, too_large, huge)
    assert too_large not in await _seen(funding)


async def test_consented_enterprise_that_fits_nothing_is_not_shown(funding: Funding) -> None:
    uscc = make_uscc()
    await take(funding.database, dossier_changed(uscc), consents_changed(uscc, consent("icbc")))
    await _state(funding.database, uscc, _need())
    assert uscc not in await _seen(funding)


async def test_closed_other_and_older_needs_are_not_kept(funding: Funding) -> None:
    uscc = await _enterprise(funding)
    met = _need("met").model_copy(update={"status": NeedStatus.MET, "closed_at": EARLIER})
    service = Need(
        need_id="s",
        kind=NeedKind.SERVICE,
        service=ServiceKind.TRAINING,
        text="培训",
        status=NeedStatus.OPEN,
        opened_at=EARLIER,
    )
    await _state(funding.database, uscc, _need(), met, service, version=2)
    assert [need["need_id"] for need in await _own(funding, uscc)] == ["n1"]
    await _state(funding.database, uscc, _need("old"), version=1)
    assert [need["need_id"] for need in await _own(funding, uscc)] == ["n1"]
    await _state(funding.database, uscc, version=3)
    assert await _own(funding, uscc) == []


async def test_needs_may_come_before_the_dossier_and_end_with_the_register(
    funding: Funding,
) -> None:
    uscc = make_uscc()
    await _state(funding.database, uscc, _need(open_to_all_banks=True, banks=()))
    assert uscc not in await _seen(funding)
    await take(funding.database, dossier_changed(uscc))
    assert uscc in await _seen(funding)
    await take(funding.database, dossier_changed(uscc, 2, DossierStatus.DEREGISTERED))
    assert uscc not in await _seen(funding)


async def test_pages_show_every_need_once(funding: Funding) -> None:
    usccs = [await _enterprise(funding, consent("boc")) for _ in range(3)]
    for uscc in usccs:
        await take(funding.database, titles_changed(uscc, title("little_giant"), version=2))
        await _state(funding.database, uscc, _need(banks=("boc",)))
    assert set(usccs) <= set(await _seen(funding, "boc", limit=1))


async def test_nobody_but_the_bank_and_the_enterprise_reads_them(funding: Funding) -> None:
    uscc = await _enterprise(funding)
    path = f"/v1/enterprises/{uscc}/financing-needs"
    assert (await funding.get(path, None)).status_code == 401
    assert (await funding.get(path, "bank", org="icbc")).status_code == 403
    assert (await funding.get(path, "enterprise", uscc=make_uscc())).status_code == 403
    of_bank = "/v1/banks/icbc/financing-needs"
    assert (await funding.get(of_bank, "bank", org="ccb")).status_code == 403
    assert (await funding.get(of_bank, "regulator")).status_code == 403
    assert (await funding.get(of_bank + "?cursor=x", "bank", org="icbc")).status_code == 422


@given(
    amount=st.decimals("0.01", "200000000", places=2),
    months=st.integers(1, 360),
    product_id=st.sampled_from(sorted(seeds().products)),
)
def test_product_meets_a_need_only_where_amount_and_term_are_stated_and_wide_enough(
    amount: Decimal, months: int, product_id: str
) -> None:
    product = seeds().products[product_id]
    for _, limit in product.limits:
        fit = meet(product, limit, amount, months)
        tenor = product.terms.tenor
        most = limit.most
        high = None if tenor is None else tenor.months_max
        assert (fit.meets is True) <= (most is not None and high is not None)
        if most is not None and amount > most:
            assert fit.meets is False
        if high is not None and months > high:
            assert fit.meets is False
        assert all(aspect.text.zh and aspect.text.en for aspect in fit.aspects)


@pytest.mark.parametrize("limit", [0, 201])
async def test_page_size_is_bounded(funding: Funding, limit: int) -> None:
    path = f"/v1/banks/icbc/financing-needs?limit={limit}"
    assert (await funding.get(path, "bank", org="icbc")).status_code == 422
