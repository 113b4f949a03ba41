"""A product judged over rows of measures, as arrays. Pure.

The rule language's table judges rule sets; a product is one with a single condition.
"""

from collections.abc import Callable, Mapping
from datetime import date

from services.funding.products.catalogue import FinanceProduct
from services.funding.products.population.measures import columns_of
from shared.rules.columns import Array
from shared.rules.metric import Unknown, Value
from shared.rules.model import BandEdge, Boundaries, Condition, Programme, RuleSet, TierRules
from shared.rules.prepared import Prepared
from shared.rules.table import evaluate, metrics_of

_INCLUSIVE = Boundaries(True, True, BandEdge.HIGHER_POINTS)
_NOTHING: Mapping[str, object] = {}


def metrics_read(product: FinanceProduct) -> tuple[str, ...]:
    """The metrics that the product's conditions read."""
    return tuple(sorted(metrics_of(_RULES.of(product.conditions))))


def judge_rows(
    product: FinanceProduct, rows: Array, meaning: Callable[[int], Value | Unknown]
) -> tuple[Array, Array]:
    """Row by row REACHED, NOT_REACHED or OPEN; and which rows hold an odd value and count not."""
    columns, odd = columns_of(rows, metrics_read(product), meaning)
    (table,) = evaluate(columns, _RULES.of(product.conditions))
    return table.met, odd


def _rule_set(condition: Condition) -> RuleSet:
    """The condition as the only one of a rule set, whose target's name means nothing here."""
    only = TierRules(
        tier=Programme.BSE_LISTING,
        zh=condition.zh,
        en=condition.en,
        level=1,
        requires_tier=None,
        decided_by="",
        act="",
        uses=None,
        conditions=(condition,),
        score=None,
        direct_routes=(),
    )
    return RuleSet(
        id=condition.id,
        zh=condition.zh,
        en=condition.en,
        document_no="",
        issued_on=date.min,
        effective_from=date.min,
        effective_to=None,
        boundaries=_INCLUSIVE,
        preconditions=(),
        tiers=(only,),
        lifecycle=_NOTHING,
        provenance=condition.provenance,
        dates_verification={},
        digest="",
    )


_RULES: Prepared[Condition, RuleSet] = Prepared(_rule_set)
