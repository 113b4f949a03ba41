"""What the platform says of the sample region in the end, read through the gateway alone."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from deploy.local.sample.accounting import duplicated_entitlements
from deploy.local.sample.calls import Caller, for_each
from deploy.local.sample.flow import until
from deploy.local.sample.region import SampleEnterprise

TIER = "innovative_sme"
RULE_SET = "miit-2022-63"
WAIT_S = 90.0


@dataclass
class Outcome:
    """Counts and every enterprise's own answers."""

    enterprises: int = 0
    evaluated: int = 0
    titles: dict[str, int] = field(default_factory=dict)
    attainments: dict[str, str] = field(default_factory=dict)
    summed_attainments: dict[str, int] = field(default_factory=dict)
    entitlements: list[dict[str, Any]] = field(default_factory=list)

    @property
    def automatic(self) -> list[dict[str, Any]]:
        """Entitlements that need no application (免申即享)."""
        return [row for row in self.entitlements if row["automatic"]]

    @property
    def awards_cny(self) -> Decimal:
        """What is payable under the automatic ones."""
        return sum((Decimal(row["payable_cny"] or 0) for row in self.automatic), Decimal(0))

    @property
    def doubles(self) -> list[tuple[str, str, str]]:
        """Entitlements that exist twice under one unique key."""
        return duplicated_entitlements(self.entitlements)


async def wait_until_settled(caller: Caller, entitlements: int, evaluated: int) -> bool:
    """Wait until the summaries reach these counts; False when they do not in time."""
    token = caller.regulator()

    async def settled() -> bool:
        outlooks = await caller.read("/v1/outlooks/summary", token)
        awards = await caller.read("/v1/entitlements/summary", token)
        return bool(outlooks["evaluated"] == evaluated and awards["automatic"] == entitlements)

    return await until(settled, WAIT_S)


async def read_outcome(
    caller: Caller, region: tuple[SampleEnterprise, ...], done: Callable[[], None]
) -> Outcome:
    """Read the summaries, and the outlook and the entitlements of every enterprise."""
    token, outcome = caller.regulator(), Outcome()
    listed = await caller.read_pages("/v1/enterprises", token, "enterprises", limit=200)
    outcome.enterprises = len(listed)
    outlooks = await caller.read("/v1/outlooks/summary", token)
    outcome.evaluated = outlooks["evaluated"]
    outcome.summed_attainments = {
        row["attainment"]: row["enterprises"]
        for row in outlooks["counts"]
        if row["tier"] == TIER and row["rule_set"] == RULE_SET
    }
    titles = await caller.read("/v1/titles/summary", token)
    outcome.titles = {
        row["kind"]: row["enterprises"] for row in titles["counts"] if row["status"] == "effective"
    }

    async def read_one(enterprise: SampleEnterprise) -> None:
        path = f"/v1/enterprises/{enterprise.uscc}"
        outlook = await caller.read(f"{path}/outlook", token)
        for tier in outlook["tiers"]:
            if tier["tier"] == TIER and tier["rule_set"] == RULE_SET:
                outcome.attainments[enterprise.uscc] = tier["attainment"]
        held = await caller.read(f"{path}/entitlements", token)
        outcome.entitlements += [
            {**row, "uscc": enterprise.uscc, "scheme": row["scheme_id"]}
            for row in held["entitlements"]
        ]

    await for_each(region, read_one, done)
    return outcome


def complaints(outcome: Outcome, region: tuple[SampleEnterprise, ...]) -> list[str]:
    """Everything in which the outcome is not what the labels say."""
    found = []
    labels = Counter(enterprise.attainment for enterprise in region)
    if outcome.summed_attainments != dict(labels):
        found.append(f"outlooks are {outcome.summed_attainments}; the labels say {dict(labels)}")
    for enterprise in region:
        said = outcome.attainments.get(enterprise.uscc, "nothing")
        if said != enterprise.attainment:
            found.append(
                f"{enterprise.uscc} ({enterprise.archetype.key}): {TIER} is {said};"
                f" the label says {enterprise.attainment}"
            )
    specialized = sum(enterprise.holds_specialized for enterprise in region)
    giants = sum(enterprise.holds_little_giant for enterprise in region)
    due = Decimal(specialized * 200_000 + giants * 1_000_000)
    for words, seen, wanted in (
        ("enterprises", outcome.enterprises, len(region)),
        ("evaluated", outcome.evaluated, len(region)),
        ("titles", outcome.titles, {"specialized_sme": specialized, "little_giant": giants}),
        ("automatic entitlements", len(outcome.automatic), specialized + giants),
        ("awards in yuan", outcome.awards_cny, due),
    ):
        if seen != wanted:
            found.append(f"{words}: {seen}; {wanted} were due")
    return found
