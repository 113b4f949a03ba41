"""The demo's books: what each bank heard against what it must know. Pure, no I/O.

Counts come from the bank's own records and from the labels of the sample region, never from a
service's database or outbox.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from deploy.local.sample.journeys import Expected, States

# Set by the platform beside any figure, so that it says of which year the figure is.
_ALWAYS_SHOWN = frozenset({"fiscal_year"})


@dataclass(frozen=True)
class BankRecord:
    """One record as a bank saw it. `value` is None for a tombstone."""

    bank: str
    key: str
    event_id: str
    correlation_id: str | None
    arrived_ns: int
    value: Mapping[str, Any] | None

    @property
    def version(self) -> int | None:
        return None if self.value is None else int(self.value["version"])


@dataclass(frozen=True)
class Difference:
    """A state that is not what the labels say, in words."""

    bank: str
    uscc: str
    said: str


def final_records(records: Iterable[BankRecord]) -> dict[tuple[str, str], BankRecord]:
    """The state each bank is left with: per enterprise the record of the highest version."""
    states: dict[tuple[str, str], BankRecord] = {}
    for record in records:
        if record.version is None:
            continue
        known = states.get((record.bank, record.key))
        if known is None or record.version > (known.version or 0):
            states[record.bank, record.key] = record
    return states


def lost_states(expected: States, records: Iterable[BankRecord]) -> list[Difference]:
    """Every (bank, enterprise) whose final state differs, is missing, or should not be there."""
    finals = final_records(records)
    found = []
    for key in sorted(expected.keys() | finals.keys()):
        said = _difference(expected.get(key), finals.get(key))
        if said is not None:
            found.append(Difference(*key, said))
    return found


def count_agreeing(expected: States, records: Iterable[BankRecord]) -> int:
    """How many expected states the banks hold."""
    finals = final_records(records)
    return sum(_difference(state, finals.get(key)) is None for key, state in expected.items())


def duplicated_versions(records: Iterable[BankRecord]) -> list[tuple[str, str, int]]:
    """Every (bank, enterprise, version) that came under more than one event id."""
    ids: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    for record in records:
        if record.version is not None:
            ids[record.bank, record.key, record.version].add(record.event_id)
    return sorted(key for key, found in ids.items() if len(found) > 1)


def redelivered(records: Iterable[BankRecord]) -> int:
    """How often an event id came again after its first time."""
    times = Counter((record.bank, record.event_id) for record in records)
    return sum(count - 1 for count in times.values())


def duplicated_entitlements(
    entitlements: Iterable[Mapping[str, Any]],
) -> list[tuple[str, str, str]]:
    """Every (enterprise, scheme, period) with more than one entitlement."""
    times = Counter((str(e["uscc"]), str(e["scheme"]), str(e["period"])) for e in entitlements)
    return sorted(key for key, count in times.items() if count > 1)


def latencies_ms(
    sent_ns: Mapping[str, int], records: Iterable[BankRecord]
) -> dict[tuple[str, str], float]:
    """Milliseconds from a change (by request id) to its first record at each bank."""
    found: dict[tuple[str, str], float] = {}
    for record in records:
        began = sent_ns.get(record.correlation_id or "")
        if began is not None and record.correlation_id is not None:
            key = record.correlation_id, record.bank
            found[key] = min(found.get(key, float("inf")), (record.arrived_ns - began) / 1e6)
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; `share` 0.99 is p99. Raises ValueError without values."""
    if not values:
        raise ValueError("no values, no percentile")
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * share) - 1)]


def _difference(expected: Expected | None, record: BankRecord | None) -> str | None:
    if expected is None:
        return "the bank knows of an enterprise that it must not know"
    if record is None or record.value is None:
        return f"nothing came; {expected.status} was due"
    value = record.value
    if value["status"] != expected.status:
        return f"is {value['status']}; {expected.status} was due"
    if value.get("reason") != expected.reason:
        return f"the reason is {value.get('reason')}; {expected.reason} was due"
    products = frozenset(product["product"] for product in value.get("products", ()))
    if products != expected.products:
        return f"products are {sorted(products)}; {sorted(expected.products)} were due"
    profile = {k: v for k, v in (value.get("profile") or {}).items() if k not in _ALWAYS_SHOWN}
    if profile != dict(expected.profile):
        return f"the profile is {profile}; {dict(expected.profile)} was due"
    return None
