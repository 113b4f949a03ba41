"""Which products an enterprise fits, and what each bank may hear of it, decided without I/O.

`match` answers the enterprise and needs no consent. `hearing` answers one bank: only with a
consent, only the consented fields, never the value that a criterion saw. Facts, titles, consents
and the day decide alone, so the order in which they arrived does not matter.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from contracts.events.enterprise import Consent, ConsentedField
from contracts.events.funding import (
    EligibilityStatus,
    EligibleProduct,
    SharedProfile,
    WithdrawalReason,
)
from services.funding.enterprises import Standing
from services.funding.products.catalogue import Catalogue, FinanceProduct
from services.funding.products.documents import Limit
from services.funding.products.rates import Rate
from shared.rules.evaluate import Criterion, Finding, holds, judge
from shared.rules.metrics import Reading, read
from shared.rules.periods import holds_on, last_closed_year
from shared.titles import effective_titles

SINGLE_METRICS = {
    ConsentedField.REVENUE: "revenue_last_year",
    ConsentedField.NET_PROFIT: "net_profit_last_year",
    ConsentedField.RD_EXPENSE: "rd_expense_last_year",
    ConsentedField.DEBT_RATIO: "debt_ratio",
    ConsentedField.EMPLOYEES: "employees",
}


@dataclass(frozen=True)
class Fit:
    """How one product fits: the finding with its trace, the limit, and how long it holds."""

    product: FinanceProduct
    finding: Finding
    limit: Limit | None
    valid_until: date | None

    @property
    def eligible(self) -> bool:
        return self.finding.met is True

    @property
    def rate(self) -> Rate | None:
        """The rate of the group it is in, else of the product; None: the source says nothing."""
        own = None if self.limit is None else self.limit.rate
        return self.product.terms.rate if own is None else own

    @property
    def reasons(self) -> tuple[Criterion, ...]:
        """The tests that hold: why the product fits."""
        return tuple(
            found
            for found in _tests(self.finding)
            if found.met and all(part.met for part in _enclosing(found, self.finding))
        )

    @property
    def obstacles(self) -> tuple[Criterion, ...]:
        """The tests that stand in the way."""
        return obstacles_of(self.finding)


def obstacles_of(finding: Finding) -> tuple[Criterion, ...]:
    """The tests that stand in the way; those within an alternative that holds do not."""
    if finding.met:
        return ()
    return tuple(
        found
        for found in _tests(finding)
        if not found.met and not any(part.met for part in _enclosing(found, finding))
    )


def _tests(finding: Finding) -> Iterator[Criterion]:
    return (found for found in finding.criteria if found.metric is not None)


def _enclosing(criterion: Criterion, finding: Finding) -> Iterator[Criterion]:
    """The named groups around a criterion, from the inside out."""
    groups = {found.id: found for found in finding.criteria if found.metric is None}
    parent = criterion.parent
    while parent is not None:
        yield groups[parent]
        parent = groups[parent].parent


@dataclass(frozen=True)
class Hearing:
    """What one bank may hear of one enterprise today; a withdrawal carries a reason only."""

    status: EligibilityStatus
    reason: WithdrawalReason | None = None
    consent: Consent | None = None
    valid_until: date | None = None
    products: tuple[EligibleProduct, ...] = ()
    profile: SharedProfile | None = None

    def content(self) -> dict[str, Any]:
        """What the bank sees, without the version and the instant: equal when nothing changed."""
        consent = self.consent
        return {
            "status": self.status.value,
            "reason": None if self.reason is None else self.reason.value,
            "consent_id": None if consent is None else consent.consent_id,
            "purpose": None if consent is None else consent.purpose,
            "valid_until": None if self.valid_until is None else self.valid_until.isoformat(),
            "products": [product.model_dump(mode="json") for product in self.products],
            "profile": None if self.profile is None else self.profile.model_dump(mode="json"),
        }


def read_standing(standing: Standing) -> Reading:
    """The metrics of an enterprise on the day, its effective titles among them."""
    held = effective_titles(standing.titles, standing.on)
    return read(standing.facts, standing.on).with_values(
        {"titles": frozenset(title.kind for title in held)}
    )


def match(standing: Standing, reading: Reading, catalogue: Catalogue) -> list[Fit]:
    """Every product on offer, and how it fits."""
    return [fit_of(product, standing, reading) for product in catalogue.on_offer(None, standing.on)]


def hearing(standing: Standing, reading: Reading, bank: str, catalogue: Catalogue) -> Hearing:
    """What the bank may hear today. `NO_LONGER_ELIGIBLE` also where it never was eligible."""
    if not standing.registered:
        return _withdrawn(WithdrawalReason.DEREGISTERED)
    consent = valid_consent(standing.consents, bank, standing.on)
    if consent is None:
        return _withdrawn(_why_without_consent(standing.consents, bank))
    fits = [
        fit_of(product, standing, reading)
        for product in catalogue.on_offer(bank, standing.on)
        if holds(product.conditions, reading)
    ]
    if not fits:
        return _withdrawn(WithdrawalReason.NO_LONGER_ELIGIBLE)
    ends = [fit.valid_until for fit in fits if fit.valid_until is not None]
    return Hearing(
        status=EligibilityStatus.ELIGIBLE,
        consent=consent,
        valid_until=min([consent.expires_on, *ends]),
        products=tuple(_as_bank_hears(fit) for fit in fits),
        profile=_profile(standing, reading, consent),
    )


def valid_consent(consents: Iterable[Consent], bank: str, on: date) -> Consent | None:
    """The consent the bank may rely on: of several that are valid, the latest given."""
    return _latest(
        consent
        for consent in consents
        if consent.bank == bank and consent.withdrawn_at is None and on <= consent.expires_on
    )


def _why_without_consent(consents: Iterable[Consent], bank: str) -> WithdrawalReason:
    latest = _latest(consent for consent in consents if consent.bank == bank)
    if latest is None or latest.withdrawn_at is not None:
        return WithdrawalReason.CONSENT_WITHDRAWN
    return WithdrawalReason.CONSENT_EXPIRED


def _latest(consents: Iterable[Consent]) -> Consent | None:
    return max(consents, key=lambda found: (found.granted_at, found.consent_id), default=None)


def _withdrawn(reason: WithdrawalReason) -> Hearing:
    return Hearing(EligibilityStatus.WITHDRAWN, reason)


def fit_of(product: FinanceProduct, standing: Standing, reading: Reading) -> Fit:
    """How one product fits."""
    finding = judge(product.conditions, reading)
    return Fit(
        product,
        finding,
        _limit(product, reading) if finding.met else None,
        _valid_until(product, standing) if finding.met else None,
    )


def _limit(product: FinanceProduct, reading: Reading) -> Limit | None:
    return next(
        (
            limit
            for when, limit in product.limits
            if limit.in_force(reading.as_of) and (when is None or holds(when, reading))
        ),
        None,
    )


def _valid_until(product: FinanceProduct, standing: Standing) -> date | None:
    """The first day on which a title, an honour or the product itself that it rests on may end."""
    kinds = product.words_of("titles")
    named = product.words_of("honours")
    ends = [
        product.terms.until,
        *(t.valid_to for t in effective_titles(standing.titles, standing.on) if t.kind in kinds),
        *(
            honour.valid_to
            for honour in standing.facts.honours or ()
            if honour.kind in named and holds_on(honour.valid_from, honour.valid_to, standing.on)
        ),
    ]
    return min((end for end in ends if end is not None), default=None)


def _as_bank_hears(fit: Fit) -> EligibleProduct:
    terms = fit.product.terms
    return EligibleProduct(
        product=terms.id,
        version=terms.version,
        kind=terms.kind,
        name=terms.zh,
        limit_cny=None if fit.limit is None else fit.limit.value_cny,
        limit_secured_cny=None if fit.limit is None else fit.limit.secured_cny,
        rate=None if fit.rate is None else fit.rate.zh,
        reasons=tuple(found.text_zh for found in fit.reasons),
    )


def _profile(standing: Standing, reading: Reading, consent: Consent) -> SharedProfile:
    """The consented fields that are known; nothing else of the dossier."""
    given = set(consent.fields)
    values: dict[str, Any] = {}
    if ConsentedField.NAME in given:
        values["name"] = standing.name
    if ConsentedField.REGION in given:
        values["region"] = standing.facts.region
    if ConsentedField.INDUSTRY in given:
        values["industry"] = standing.facts.industry
    figures = {
        field: number
        for field, metric in SINGLE_METRICS.items()
        if field in given and isinstance(number := reading[metric], int | Fraction)
    }
    for field, number in figures.items():
        if field is ConsentedField.DEBT_RATIO:
            values["debt_ratio_bp"] = int(number * 10_000)
        elif field is ConsentedField.EMPLOYEES:
            values["employees"] = int(number)
        else:
            values[f"{field}_cny"] = Decimal(int(number)).scaleb(-2)
    if figures:
        values["fiscal_year"] = last_closed_year(standing.on)
    return SharedProfile(**values)
