"""What a finance product says of itself (金融产品), in a rule file or in a request: one shape.

The terms are what third parties print of a product, or what its owner publishes; each says so with
its source and verification. What the source does not say is null, never a guess.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from contracts.values import BankCode
from services.funding.products.rates import Rate
from services.funding.rule_files import InForce, Part, Sourced, Texts

Yuan = Annotated[int, Field(strict=True, ge=1, le=10_000_000_000)]
Months = Annotated[int, Field(strict=True, ge=1, le=600)]
Percent = Annotated[int, Field(strict=True, ge=1, le=100)]
ProductCode = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]


class ProductKind(StrEnum):
    """Kinds of product in the report: 信贷, 担保, 集合债, 园区贷, 政采贷, 发展基金, 新四板专板."""

    CREDIT = "credit"
    GUARANTEE = "guarantee"
    COLLECTIVE_BOND = "collective_bond"
    PARK_LOAN = "park_loan"
    PROCUREMENT_LOAN = "procurement_loan"
    DEVELOPMENT_FUND = "development_fund"
    REGIONAL_BOARD = "regional_board"


class Security(StrEnum):
    """How a loan is secured (担保方式): 信用, 抵押, 知识产权质押, 保证, 政策性担保, 共同借款."""

    CREDIT = "credit"
    MORTGAGE = "mortgage"
    IP_PLEDGE = "ip_pledge"
    GUARANTEE = "guarantee"
    POLICY_GUARANTEE = "policy_guarantee"
    CO_BORROWER = "co_borrower"


class SecurityPart(Part):
    """One way of securing, and the share of the risk that a third party bears."""

    kind: Security
    risk_share_percent: Percent | None


class Guarantee(Texts):
    """How it is secured, as printed, and its parts."""

    mix: tuple[SecurityPart, ...] = Field(max_length=6)


class Tenor(Texts):
    """The term as printed; the months where the source gives them."""

    months_min: Months | None
    months_max: Months | None


class Limit(InForce, Sourced):
    """The most that is given (最高额度): on credit, and with security (抵质押、担保).

    `value` null: by need and risk, or not stated. `rate` where this group has one of its own.
    """

    value: Yuan | None
    secured: Yuan | None
    unit: Literal["cny"]
    rate: Rate | None = None

    @property
    def value_cny(self) -> Decimal | None:
        return None if self.value is None else Decimal(self.value)

    @property
    def secured_cny(self) -> Decimal | None:
        return None if self.secured is None else Decimal(self.secured)

    @property
    def most(self) -> int | None:
        """The most of both; None where no amount is stated."""
        return max((sum_ for sum_ in (self.value, self.secured) if sum_ is not None), default=None)


class Terms(Texts, InForce, Sourced):
    """What the product says beside its conditions and limits."""

    id: ProductCode
    owner: BankCode
    """Code of the institution that offers it."""
    kind: ProductKind
    version: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    """A changed product is a new version."""
    rate: Rate | None
    tenor: Tenor | None
    uses: Texts | None
    """What the money may be used for (用途)."""
    guarantee: Guarantee | None
    also_checked: tuple[Texts, ...] = Field(max_length=20)
    """What the owner checks itself and the dossier does not hold."""
    contact: Texts
    materials: tuple[Texts, ...] | None = Field(max_length=30)
    """What to bring (申请材料), as the source says; null when it says nothing."""


NESTED_MAX = 20


def _not_too_deep(condition: dict[str, Any]) -> dict[str, Any]:
    """Whoever reads it walks down part by part; a document of a stranger may not go on for ever."""
    parts: list[object] = [condition]
    for _ in range(NESTED_MAX):
        parts = [inner for part in parts for inner in _parts_of(part)]
    if parts:
        raise ValueError(f"nested deeper than {NESTED_MAX} levels; write the condition flatter")
    return condition


def _parts_of(node: object) -> list[object]:
    if isinstance(node, dict):
        return list(node.values())
    return list(node) if isinstance(node, list) else []


Nested = Annotated[dict[str, Any], AfterValidator(_not_too_deep)]
"""A condition as JSON, before the loader reads it."""


class LimitDocument(Limit):
    """A limit of a request, with the group it is for; no condition: everybody else."""

    when: Nested | None = Field(
        None, description="A condition in the rule language, as in `conditions`."
    )


class ProductDocument(Terms):
    """A finance product as its owner sends it. Its version is given by the platform."""

    version: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = Field(
        1, description="Given by the platform; what is sent does not count."
    )
    conditions: Nested = Field(
        title="准入条件",
        description="A condition in the rule language: `metric` with `min`, `max`, `any_of` …, or"
        " `all`, `any`, `not` of conditions.",
        examples=[{"metric": "titles", "any_of": ["little_giant"]}],
    )
    limits: tuple[LimitDocument, ...] = Field(min_length=1, max_length=20)
