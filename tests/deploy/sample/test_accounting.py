"""The demo's books find what is planted in them: a lost state, a double, a wrong end."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.local.sample.accounting import (
    BankRecord,
    count_agreeing,
    duplicated_entitlements,
    duplicated_versions,
    latencies_ms,
    lost_states,
    percentile,
    redelivered,
)
from deploy.local.sample.journeys import Expected, States

A, B = "91440101YY00000100", "91440101YY00000200"
ELIGIBLE = Expected(
    "eligible", None, frozenset({"icbc-xingke-loan"}), {"revenue_cny": "30000000.00"}
)
WITHDRAWN = Expected("withdrawn", "consent_withdrawn")
EXPECTED: States = {("icbc", A): ELIGIBLE, ("icbc", B): WITHDRAWN}


def record(key: str, version: int, **changes: Any) -> BankRecord:
    """A record that agrees with ELIGIBLE unless changed."""
    value: dict[str, Any] = {
        "bank": "icbc",
        "uscc": key,
        "version": version,
        "status": "eligible",
        "products": [{"product": "icbc-xingke-loan"}],
        "profile": {"revenue_cny": "30000000.00", "fiscal_year": 2021},
    }
    value |= changes
    return BankRecord("icbc", key, f"{key}-{version}", f"request-{version}", version * 10**6, value)


def withdrawal(key: str, version: int, reason: str = "consent_withdrawn") -> BankRecord:
    """A record that agrees with WITHDRAWN."""
    return record(key, version, status="withdrawn", reason=reason, products=[], profile=None)


GOOD = [record(A, 1), record(B, 1), withdrawal(B, 2)]


def test_books_that_add_up_show_no_difference() -> None:
    assert lost_states(EXPECTED, GOOD) == []
    assert count_agreeing(EXPECTED, GOOD) == 2
    assert duplicated_versions(GOOD) == []
    assert redelivered(GOOD) == 0


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (GOOD[1:], "nothing came"),
        (GOOD[:2], "is eligible; withdrawn was due"),
        ([record(A, 1), record(B, 1), withdrawal(B, 2, "no_longer_eligible")], "the reason"),
        ([record(A, 1, products=[]), *GOOD[1:]], "products"),
        ([record(A, 1, profile={"revenue_cny": "1.00"}), *GOOD[1:]], "the profile"),
        ([record(A, 1, profile={"name": "…", **GOOD[0].value["profile"]}), *GOOD[1:]], "profile"),  # type: ignore[index]
        ([*GOOD, record("91440101YY00000300", 1)], "must not know"),
        ([*GOOD, withdrawal(A, 2)], "is withdrawn; eligible was due"),
    ],
)
def test_a_planted_difference_is_found(records: list[BankRecord], said: str) -> None:
    found = lost_states(EXPECTED, records)
    assert len(found) == 1
    assert said in found[0].said


def test_the_highest_version_counts_in_whatever_order_it_came() -> None:
    late = [withdrawal(B, 2), record(B, 1), record(A, 1)]
    assert lost_states(EXPECTED, late) == []


def test_a_tombstone_changes_no_state() -> None:
    tombstone = BankRecord("icbc", B, "tombstone", None, 0, None)
    assert lost_states(EXPECTED, [*GOOD, tombstone]) == []


def test_one_version_under_two_ids_is_a_double_and_the_same_id_again_is_not() -> None:
    again = [*GOOD, GOOD[0]]
    assert duplicated_versions(again) == []
    assert redelivered(again) == 1
    forged = [*GOOD, replace(GOOD[0], event_id="another")]
    assert duplicated_versions(forged) == [("icbc", A, 1)]
    assert redelivered(forged) == 0


def test_one_version_at_two_banks_is_no_double() -> None:
    other = replace(GOOD[0], bank="ccb", event_id="another")
    assert duplicated_versions([*GOOD, other]) == []


def test_two_entitlements_under_one_key_are_a_double() -> None:
    one = {"uscc": A, "scheme": "guangzhou-little-giant-one-off", "period": "once"}
    assert duplicated_entitlements([one, {**one, "uscc": B}]) == []
    assert duplicated_entitlements([one, dict(one)]) == [(A, one["scheme"], "once")]


def test_latency_runs_from_the_change_to_its_first_record_at_each_bank() -> None:
    records = [
        replace(GOOD[0], arrived_ns=9_000_000),
        replace(GOOD[0], arrived_ns=5_000_000),
        replace(GOOD[0], bank="ccb", arrived_ns=7_000_000),
        replace(GOOD[0], correlation_id=None),
    ]
    assert latencies_ms({"request-1": 2_000_000}, records) == {
        ("request-1", "icbc"): 3.0,
        ("request-1", "ccb"): 5.0,
    }


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)
