"""Who consents, and that what the banks must know follows from fates and tables."""

from collections import Counter

from deploy.local.sample.dossiers import LAST_YEAR
from deploy.local.sample.journeys import (
    BANKS,
    FITS,
    JOURNEYS,
    expected_before_changes,
    expected_in_the_end,
    profile_of,
    travellers,
)
from deploy.local.sample.region import build_region

REGION = build_region()
FOUND = travellers(REGION)
DOSSIERS = {enterprise.uscc: enterprise.dossier for enterprise in REGION}


def test_about_250_enterprises_consent_each_to_at_least_two_banks() -> None:
    assert len(FOUND) == sum(journey.count for journey in JOURNEYS)
    assert 240 <= len(FOUND) <= 280
    assert len({traveller.uscc for traveller in FOUND}) == len(FOUND)
    for journey in JOURNEYS:
        assert len(set(journey.banks)) == len(journey.banks) >= 2
        assert set(journey.banks) <= set(BANKS)
        assert journey.fields


def test_about_40_withdraw_and_others_lose_or_gain() -> None:
    fates = Counter(traveller.journey.fate for traveller in FOUND)
    assert fates["withdraws"] + fates["withdraws_all"] == 40
    assert fates["returns"] == 5
    assert fates["loses"] == 12
    assert fates["gains"] == 15


def test_at_least_100_enterprises_reach_a_bank() -> None:
    states = expected_in_the_end(FOUND, DOSSIERS)
    reached = {uscc for (_, uscc), state in states.items() if state.status == "eligible"}
    assert len(reached) >= 100


def test_a_withdrawal_leaves_a_reason_and_no_data() -> None:
    states = expected_in_the_end(FOUND, DOSSIERS)
    withdrawn = [state for state in states.values() if state.status == "withdrawn"]
    assert {state.reason for state in withdrawn} == {"consent_withdrawn", "no_longer_eligible"}
    assert all(not state.products and not state.profile for state in withdrawn)


def test_whoever_leaves_was_heard_of_before() -> None:
    before = expected_before_changes(FOUND)
    after = expected_in_the_end(FOUND, DOSSIERS)
    for key, state in after.items():
        if state.status == "withdrawn":
            assert before[key].status == "eligible"


def test_who_gains_was_not_heard_of_before() -> None:
    before = expected_before_changes(FOUND)
    after = expected_in_the_end(FOUND, DOSSIERS)
    gaining = {t.uscc for t in FOUND if t.journey.fate == "gains"}
    assert not any(uscc in gaining for _, uscc in before)
    assert sum(uscc in gaining for _, uscc in after) == 30


def test_only_consented_fields_are_shown() -> None:
    states = expected_in_the_end(FOUND, DOSSIERS)
    for traveller in FOUND:
        for bank in traveller.journey.banks:
            state = states.get((bank, traveller.uscc))
            if state is not None and state.status == "eligible":
                assert len(state.profile) == len(traveller.journey.fields)


def test_products_belong_to_the_bank_that_offers_them() -> None:
    for fits in FITS.values():
        for bank, products in fits.items():
            assert all(product.startswith(f"{bank}-") for product in products)


def test_the_debt_ratio_that_is_shown_is_exact() -> None:
    for traveller in FOUND:
        dossier = traveller.enterprise.dossier
        accounts = next(row for row in dossier.accounts if row.year == LAST_YEAR)
        shown = profile_of(dossier)["debt_ratio_bp"]
        assert accounts.total_assets_cny is not None
        assert accounts.total_liabilities_cny == accounts.total_assets_cny * shown / 10_000
