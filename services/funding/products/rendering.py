"""Products and matches as the API shows them: every match with its reasons, every miss with why."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from services.funding.enterprises import Standing
from services.funding.products.catalogue import FinanceProduct, leaves_of
from services.funding.products.distance import distance, near_miss
from services.funding.products.institutions import REFERENCE
from services.funding.products.matching import Fit, valid_consent
from services.funding.products.models import LoanSnapshot, SnapshotStatus
from services.funding.products.rates import IndicativeRate, Rate, indicative
from services.funding.products.schemas import (
    ConditionRead,
    CriterionRead,
    DistanceRead,
    FittingProduct,
    IndicativeRateRead,
    LimitRead,
    LoanMatch,
    LoanProductRead,
    MissedProduct,
)
from services.funding.rule_files import Texts
from shared.rules.evaluate import Criterion
from shared.rules.lined_yaml import read_tree
from shared.rules.metrics import Reading
from shared.rules.model import Condition, Test

RATE_UNKNOWN = Decimal(1_000)
"""A product whose rate is not known ranks after all whose rate is."""


def read_match(
    standing: Standing, reading: Reading, fits: Iterable[Fit], told: Mapping[str, LoanSnapshot]
) -> LoanMatch:
    """The answer to one enterprise: what it fits, ranked, and what it misses, apart by why."""
    fits = list(fits)
    eligible = sorted(
        (fit for fit in fits if fit.eligible), key=lambda fit: rank_of(fit, standing.on)
    )
    near = {fit.product.id: steps for fit in fits if (steps := near_miss(fit, reading))}
    missed = sorted((fit for fit in fits if not fit.eligible), key=_by_obstacles)
    return LoanMatch(
        uscc=standing.uscc,
        judged_on=standing.on,
        eligible=[
            _fitting(fit, place, standing, reading, told)
            for place, fit in enumerate(eligible, start=1)
        ],
        near_misses=[
            _missed(fit, reading, near[fit.product.id])
            for fit in sorted(missed, key=lambda fit: len(near.get(fit.product.id, ())))
            if fit.product.id in near
        ],
        cannot_be_judged=[
            _missed(fit, reading, fit.obstacles) for fit in missed if fit.finding.met is None
        ],
        not_eligible=[
            _missed(fit, reading, fit.obstacles)
            for fit in missed
            if fit.finding.met is False and fit.product.id not in near
        ],
    )


def rank_of(fit: Fit, on: date) -> tuple[int, Decimal, str]:
    """The most money first, then the lowest rate known, then by id."""
    most = None if fit.limit is None else fit.limit.most
    rate = indicative(fit.rate, on)
    return -(most or 0), RATE_UNKNOWN if rate is None else rate.percent, fit.product.id


def read_product(product: FinanceProduct, on: date) -> LoanProductRead:
    """A product with its conditions and limits."""
    return LoanProductRead(
        **brief(product, product.terms.rate, on),
        offered_from=product.terms.since,
        offered_until=product.terms.until,
        limits=[
            LimitRead(
                when=None if when is None else _when(when),
                limit_cny=limit.value_cny,
                limit_secured_cny=limit.secured_cny,
                rate=limit.rate,
                source=limit.source,
                verification=limit.verification,
            )
            for when, limit in product.limits
        ],
        conditions=[_condition(test) for test in leaves_of(product.conditions)],
    )


def brief(product: FinanceProduct, rate: Rate | None, on: date) -> dict[str, Any]:
    """What every answer says of a product, with the rate of the group that applies."""
    terms = product.terms
    return {
        "product_id": terms.id,
        "version": terms.version,
        "kind": terms.kind,
        "name": Texts(zh=terms.zh, en=terms.en),
        "bank": terms.owner,
        "bank_name": product.owner.name,
        "rate": rate,
        "indicative_rate": _rate(indicative(rate, on)),
        "tenor": terms.tenor,
        "uses": terms.uses,
        "guarantee": terms.guarantee,
        "also_checked": list(terms.also_checked),
        "contact": terms.contact,
        "materials": None if terms.materials is None else list(terms.materials),
        "source": terms.source,
        "verification": terms.verification,
    }


def read_criterion(found: Criterion, test: Test | None, reading: Reading) -> CriterionRead:
    """One condition as it was judged, with how far off it is."""
    off = None if test is None else distance(test, reading)
    return CriterionRead(
        id=found.id,
        met=found.met,
        text=Texts(zh=found.text_zh, en=found.text_en),
        seen=None
        if found.seen is None or found.seen_zh is None
        else Texts(zh=found.seen_zh, en=found.seen),
        needed=Texts(zh=found.needed_zh, en=found.needed),
        missing=list(found.missing),
        distance=None
        if off is None
        else DistanceRead(
            metric=off.metric,
            direction=off.direction,
            difference=off.difference,
            unit=off.unit,
            words=list(off.words),
        ),
        source=found.source,
        verification=found.verification,
    )


def to_bring(fit: Fit) -> list[Texts]:
    """What the product asks for, then what shows that the conditions it rests on hold."""
    asked = fit.product.terms.materials or ()
    shown = (_evidence().get(found.metric or "") for found in fit.reasons)
    return list(dict.fromkeys([*asked, *(text for text in shown if text is not None)]))


@cache
def _evidence() -> dict[str, Texts]:
    rows = read_tree(REFERENCE / "evidence.yaml")["evidence"]
    return {name: Texts(zh=row["zh"], en=row["en"]) for row in rows for name in row["metrics"]}


def _by_obstacles(fit: Fit) -> tuple[int, str]:
    return len(fit.obstacles), fit.product.id


def _fitting(
    fit: Fit,
    place: int,
    standing: Standing,
    reading: Reading,
    told: Mapping[str, LoanSnapshot],
) -> FittingProduct:
    owner = fit.product.terms.owner
    consent = valid_consent(standing.consents, owner, standing.on)
    snapshot = told.get(owner)
    return FittingProduct(
        **brief(fit.product, fit.rate, standing.on),
        rank=place,
        to_bring=to_bring(fit),
        limit_cny=None if fit.limit is None else fit.limit.value_cny,
        limit_secured_cny=None if fit.limit is None else fit.limit.secured_cny,
        reasons=[read_criterion(found, None, reading) for found in fit.reasons],
        valid_until=fit.valid_until,
        bank_told=snapshot is not None
        and snapshot.status == SnapshotStatus.ELIGIBLE
        and any(row["product"] == fit.product.id for row in snapshot.content["products"]),
        consent_until=None if consent is None else consent.expires_on,
    )


def _missed(fit: Fit, reading: Reading, unmet: Iterable[Criterion]) -> MissedProduct:
    unmet = list(unmet)
    tests = {test.id: test for test in leaves_of(fit.product.conditions)}
    return MissedProduct(
        **brief(fit.product, fit.product.terms.rate, reading.as_of),
        unmet=[read_criterion(found, tests.get(found.id), reading) for found in unmet],
        missing=sorted({name for found in unmet for name in found.missing}),
    )


def _rate(found: IndicativeRate | None) -> IndicativeRateRead | None:
    if found is None:
        return None
    return IndicativeRateRead(
        percent=found.percent,
        bound=found.bound,
        lpr_percent=found.lpr,
        lpr_since=found.lpr_since,
    )


def _condition(test: Test) -> ConditionRead:
    return ConditionRead(
        id=test.id,
        text=Texts(zh=test.zh, en=test.en),
        needed=Texts(zh=test.needed_zh, en=test.needed_en),
        source=test.provenance.source,
        verification=test.provenance.verification,
    )


def _when(condition: Condition) -> Texts:
    found = list(leaves_of(condition))
    return Texts(
        zh=";".join(f"{test.zh} {test.needed_zh}" for test in found),
        en="; ".join(f"{test.en}: {test.needed_en}" for test in found),
    )
