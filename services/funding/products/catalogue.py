"""Loan products and banks (贷款产品、银行), read from rule files.

Owns the shape of the product files. The terms are what third parties print of a bank's product;
each file says so with its source and verification. Judges nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.values import BankCode
from services.funding.rule_files import InForce, Sourced, Texts, as_model
from services.funding.titles import known_metrics
from shared.banks import Bank, banks
from shared.rules.lined_yaml import RuleFileError, Tree, read_tree
from shared.rules.load import parse_condition
from shared.rules.model import Condition, Not, Test

RULES = Path(__file__).parent / "rules"

Yuan = Annotated[int, Field(strict=True, ge=1, le=10_000_000_000)]


class Limit(InForce, Sourced):
    """The most the bank lends (最高额度): on credit, and with security (抵质押、担保).

    `value` null: by need and risk.
    """

    value: Yuan | None
    secured: Yuan | None
    unit: Literal["cny"]

    @property
    def value_cny(self) -> Decimal | None:
        return None if self.value is None else Decimal(self.value)

    @property
    def secured_cny(self) -> Decimal | None:
        return None if self.secured is None else Decimal(self.secured)


class Terms(Texts, InForce, Sourced):
    """What the product file says beside its conditions and limits."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    bank: BankCode
    rate: Texts | None
    """As the bank states it (LPR, multiple or percent); null when the source says nothing."""
    tenor: Texts | None
    guarantee: Texts | None
    also_checked: tuple[Texts, ...]
    """What the bank checks itself and the dossier does not hold."""
    contact: Texts


@dataclass(frozen=True, eq=False)
class LoanProduct:
    """A loan product: its terms, its conditions, and its limits by tier, the first that fits."""

    terms: Terms
    conditions: Condition
    limits: tuple[tuple[Condition | None, Limit], ...]

    @property
    def id(self) -> str:
        return self.terms.id

    @property
    def bank(self) -> Bank:
        return banks()[self.terms.bank]

    def words_of(self, metric: str) -> frozenset[str]:
        """The words of a metric that conditions and limits name (which titles, which honours)."""
        conditions = [self.conditions, *(when for when, _ in self.limits if when is not None)]
        return frozenset(
            str(word)
            for condition in conditions
            for test in leaves_of(condition)
            if test.metric.name == metric
            for check in test.checks
            for word in check.words
        )


@cache
def products() -> dict[str, LoanProduct]:
    """Every product by id. Raises RuleFileError."""
    return read_products(RULES)


@cache
def products_of(bank: str) -> tuple[LoanProduct, ...]:
    """One bank's products; none for a bank we do not know."""
    return tuple(product for product in products().values() if product.terms.bank == bank)


@cache
def on_offer(bank: str | None, day: date) -> tuple[LoanProduct, ...]:
    """The products, of one bank or of all, that are offered on the day."""
    chosen = products().values() if bank is None else products_of(bank)
    return tuple(product for product in chosen if product.terms.in_force(day))


def read_products(folder: Path) -> dict[str, LoanProduct]:
    """The products of a folder of rule files by id. Raises RuleFileError."""
    found: dict[str, LoanProduct] = {}
    for path in sorted(folder.glob("*.yaml")):
        product = _read_file(path)
        if product.id in found:
            raise RuleFileError(path.name, 1, f"The product {product.id} is declared twice.")
        found[product.id] = product
    return found


def _read_file(path: Path) -> LoanProduct:
    tree = read_tree(path)
    head = {key: value for key, value in tree.items() if key not in ("conditions", "limits")}
    terms = as_model(Terms, head, tree, path.name)
    if terms.bank not in banks():
        raise RuleFileError(
            path.name, tree.at("bank"), f"There is no bank {terms.bank} in banks.yaml."
        )
    rows: list[Tree] = tree.get("limits") or []
    if not rows:
        raise RuleFileError(path.name, tree.at("limits"), "A product needs at least one limit.")
    return LoanProduct(
        terms=terms,
        conditions=_condition(tree.get("conditions"), terms, path),
        limits=tuple(_limit(row, terms, path) for row in rows),
    )


def _limit(row: Tree, terms: Terms, path: Path) -> tuple[Condition | None, Limit]:
    when = _condition(row["when"], terms, path) if "when" in row else None
    rest = {key: value for key, value in row.items() if key != "when"}
    return when, as_model(Limit, rest, row, path.name)


def _condition(node: Any, terms: Terms, path: Path) -> Condition:
    return parse_condition(
        node,
        file=path.name,
        metrics=known_metrics(),
        source=terms.source,
        verification=terms.verification,
    )


def leaves_of(condition: Condition) -> Iterator[Test]:
    """Every test of a metric in a condition."""
    if isinstance(condition, Test):
        yield condition
    elif isinstance(condition, Not):
        yield from leaves_of(condition.part)
    else:
        for part in condition.parts:
            yield from leaves_of(part)
