"""Finance products (金融产品): loading them, from rule files or from what an owner sent.

One loader for both. A product that cannot be judged (an unknown metric, a word no metric knows) is
refused with its place and the reason. Judges nobody.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from services.funding.products.documents import Limit, Terms
from services.funding.products.institutions import Institution, institutions
from services.funding.rule_files import as_model
from services.funding.titles import known_metrics
from shared.rules.lined_yaml import Row, RuleFileError, Tree, parse_tree, read_tree
from shared.rules.load import parse_condition
from shared.rules.model import Condition, Not, Test

RULES = Path(__file__).parent / "rules"
LIMITS_MAX = 20
TESTS_MAX = 60


@dataclass(frozen=True, eq=False)
class FinanceProduct:
    """A product: its terms, its conditions, and its limits by tier, the first that fits."""

    terms: Terms
    conditions: Condition
    limits: tuple[tuple[Condition | None, Limit], ...]

    @property
    def id(self) -> str:
        return self.terms.id

    @property
    def owner(self) -> Institution:
        return institutions()[self.terms.owner]

    def words_of(self, metric: str) -> frozenset[str]:
        """The words of a metric that conditions and limits name (which titles, which honours)."""
        return self._words.get(metric, frozenset())

    @cached_property
    def _words(self) -> dict[str, frozenset[str]]:
        conditions = [self.conditions, *(when for when, _ in self.limits if when is not None)]
        found: dict[str, frozenset[str]] = {}
        for condition in conditions:
            for test in leaves_of(condition):
                words = frozenset(str(word) for check in test.checks for word in check.words)
                found[test.metric.name] = found.get(test.metric.name, frozenset()) | words
        return found


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Every product as it stands, by id."""

    products: Mapping[str, FinanceProduct]

    @cached_property
    def by_owner(self) -> Mapping[str, tuple[FinanceProduct, ...]]:
        """The products of each institution."""
        found: dict[str, tuple[FinanceProduct, ...]] = {}
        for product in self.products.values():
            found[product.terms.owner] = (*found.get(product.terms.owner, ()), product)
        return found

    def of(self, owner: str) -> tuple[FinanceProduct, ...]:
        """One institution's products; none for one we do not know."""
        return self.by_owner.get(owner, ())

    def on_offer(self, owner: str | None, day: date) -> tuple[FinanceProduct, ...]:
        """The products, of one institution or of all, that are offered on the day."""
        chosen = self.products.values() if owner is None else self.of(owner)
        return tuple(product for product in chosen if product.terms.in_force(day))


@cache
def seeds() -> Catalogue:
    """The products of the rule files. Raises RuleFileError."""
    return Catalogue(read_products(RULES))


def read_products(folder: Path) -> dict[str, FinanceProduct]:
    """The products of a folder of rule files by id. Raises RuleFileError."""
    found: dict[str, FinanceProduct] = {}
    for path in sorted(folder.glob("*.yaml")):
        product = product_of(read_tree(path), path.name)
        if product.id in found:
            raise RuleFileError(path.name, 1, f"The product {product.id} is declared twice.")
        found[product.id] = product
    return found


def text_of(document: Mapping[str, Any]) -> str:
    """A product as JSON with a key to a line, which the loader reads as it reads a rule file."""
    return json.dumps(document, ensure_ascii=False, indent=0, sort_keys=True)


@lru_cache(maxsize=4_096)
def product_of_text(text: str) -> FinanceProduct:
    """The product of a text that was stored. Raises RuleFileError."""
    return product_of(parse_tree(text, "product"), "product")


def product_of(tree: Tree, file: str) -> FinanceProduct:
    """The product that a tree describes. Raises RuleFileError."""
    head = {key: value for key, value in tree.items() if key not in ("conditions", "limits")}
    terms = as_model(Terms, head, tree, file)
    if terms.owner not in institutions():
        raise RuleFileError(
            file, tree.at("owner"), f"There is no institution {terms.owner}; see GET /v1/banks."
        )
    if not terms.id.startswith(f"{terms.owner}-"):
        raise RuleFileError(
            file, tree.at("id"), f"The id begins with the code of the owner: {terms.owner}-…"
        )
    rows = tree.get("limits")
    if not isinstance(rows, Row) or not 1 <= len(rows) <= LIMITS_MAX:
        raise RuleFileError(file, tree.at("limits"), f"A product has 1 to {LIMITS_MAX} limits.")
    conditions = _condition(tree.get("conditions"), terms, file)
    _check_tests(conditions, tree, file)
    return FinanceProduct(
        terms=terms,
        conditions=conditions,
        limits=tuple(_limit(row, rows, terms, file) for row in rows),
    )


def _limit(row: Any, rows: Row, terms: Terms, file: str) -> tuple[Condition | None, Limit]:
    if not isinstance(row, Tree):
        raise RuleFileError(file, rows.line, "A limit is a mapping with `value` and `secured`.")
    when = _condition(row["when"], terms, file) if row.get("when") is not None else None
    rest = {key: value for key, value in row.items() if key != "when"}
    return when, as_model(Limit, rest, row, file)


def _condition(node: Any, terms: Terms, file: str) -> Condition:
    return parse_condition(
        node,
        file=file,
        metrics=known_metrics(),
        source=terms.source,
        verification=terms.verification,
    )


def _check_tests(conditions: Condition, tree: Tree, file: str) -> None:
    """A trace names each test by its id, and every group, so that it can say what is in the way."""
    line = tree.at("conditions")
    names = list(_names(conditions))
    if len(list(leaves_of(conditions))) > TESTS_MAX:
        raise RuleFileError(file, line, f"Conditions have at most {TESTS_MAX} tests.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RuleFileError(
            file, line, f"The ids {', '.join(twice)} stand twice; give each part its own `id`."
        )
    if not isinstance(conditions, Test) and _has_unnamed_group(conditions):
        raise RuleFileError(
            file, line, "Give each `all`, `any` and `not` within the conditions its own `id`."
        )


def _names(condition: Condition) -> Iterator[str]:
    """The ids that a trace shows: of tests, and of groups that have one."""
    if isinstance(condition, Test):
        yield condition.id
        return
    if condition.named:
        yield condition.id
    for part in (condition.part,) if isinstance(condition, Not) else condition.parts:
        yield from _names(part)


def _has_unnamed_group(condition: Condition) -> bool:
    if isinstance(condition, Test):
        return False
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return any(
        (not isinstance(part, Test) and not part.named) or _has_unnamed_group(part)
        for part in parts
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
