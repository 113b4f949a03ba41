"""The sample bank: what it does with planted records, and how it finds its topic."""

from datetime import date
from typing import Any

import pytest

from deploy.local.sample.bank import EVENT_TYPE, Ledger, topic_of

KEY = "91440101YY00000100"
DAY = date(2022, 9, 30)


def snapshot(version: int, status: str = "eligible") -> dict[str, Any]:
    value: dict[str, Any] = {"version": version, "status": status}
    return {**value, "valid_until": "2022-10-31"} if status == "eligible" else value


def test_a_newer_version_replaces_the_state() -> None:
    ledger = Ledger()
    assert ledger.take("icbc", KEY, "a", EVENT_TYPE, snapshot(1)) == "applied"
    assert ledger.may_use("icbc", KEY, DAY)
    assert ledger.take("icbc", KEY, "b", EVENT_TYPE, snapshot(2, "withdrawn")) == "applied"
    assert not ledger.may_use("icbc", KEY, DAY)


def test_an_older_version_and_a_repeated_record_change_nothing() -> None:
    ledger = Ledger()
    ledger.take("icbc", KEY, "b", EVENT_TYPE, snapshot(2, "withdrawn"))
    assert ledger.take("icbc", KEY, "a", EVENT_TYPE, snapshot(1)) == "stale"
    assert ledger.take("icbc", KEY, "b", EVENT_TYPE, snapshot(2, "withdrawn")) == "repeated"
    assert not ledger.may_use("icbc", KEY, DAY)


def test_the_version_outlives_a_tombstone() -> None:
    ledger = Ledger()
    ledger.take("icbc", KEY, "b", EVENT_TYPE, snapshot(2, "withdrawn"))
    assert ledger.take("icbc", KEY, "t", "funding.tombstone", None) == "deleted"
    assert ledger.take("icbc", KEY, "a", EVENT_TYPE, snapshot(1)) == "stale"
    assert ledger.take("icbc", KEY, "c", EVENT_TYPE, snapshot(3)) == "applied"
    assert ledger.may_use("icbc", KEY, DAY)


def test_a_tombstone_of_something_unknown_is_taken() -> None:
    ledger = Ledger()
    assert ledger.take("icbc", KEY, "t", "funding.tombstone", None) == "deleted"
    assert not ledger.may_use("icbc", KEY, DAY)


def test_valid_until_ends_the_use_and_its_day_is_inside() -> None:
    ledger = Ledger()
    ledger.take("icbc", KEY, "a", EVENT_TYPE, snapshot(1))
    assert ledger.may_use("icbc", KEY, date(2022, 10, 31))
    assert not ledger.may_use("icbc", KEY, date(2022, 11, 1))


def test_an_unknown_event_type_is_skipped_and_counted() -> None:
    ledger = Ledger()
    assert ledger.take("icbc", KEY, "a", "funding.other.v9", snapshot(1)) == "skipped"
    assert ledger.skipped == 1
    assert ledger.states == {}


def test_banks_are_kept_apart() -> None:
    ledger = Ledger()
    ledger.take("icbc", KEY, "a", EVENT_TYPE, snapshot(1))
    assert not ledger.may_use("ccb", KEY, DAY)


PAGE = {
    "channels": {
        "titles": {"address": "certification.title", "messages": {"m": {"name": "other"}}},
        "loans": {
            "address": "bank.{bank}.loan-eligibility",
            "messages": {"m": {"$ref": "#/components/messages/loan~1eligibility"}},
        },
    },
    "components": {"messages": {"loan/eligibility": {"name": EVENT_TYPE}}},
}


def test_the_topic_is_read_from_the_page() -> None:
    assert topic_of(PAGE, "icbc") == "bank.icbc.loan-eligibility"


def test_a_page_without_the_event_is_refused() -> None:
    with pytest.raises(LookupError, match="no channel"):
        topic_of({"channels": {}}, "icbc")
