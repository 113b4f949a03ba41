"""Who consents to which bank, what happens then, and what each bank must know in the end.

The tables are written by hand from the products' own texts (funding.md part 5 names them): a row
of FITS says which products of a bank a kind of enterprise fits with the titles it holds. Nothing
here asks the platform.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from contracts.dossier import Dossier
from deploy.local.sample.dossiers import LAST_YEAR
from deploy.local.sample.region import SampleEnterprise

BANKS = ("icbc", "ccb", "boc", "abc")

Fate: TypeAlias = Literal["keeps", "withdraws", "withdraws_all", "returns", "loses", "gains"]
Fits: TypeAlias = Mapping[str, frozenset[str]]

_XINGKE = "icbc-xingke-loan"
_ICBC_TECH = "icbc-sci-tech-loan"
_ICBC_GIANT = "icbc-little-giant-loan"
_SHANKE = "ccb-shanke-loan"
_BOC_TECH = "boc-sci-tech-loan"
_KEJIE = "abc-kejie-loan"
_ABC_GIANT = "abc-little-giant-loan"


def _fits(*products: str) -> Fits:
    return {
        bank: frozenset(name for name in products if name.startswith(f"{bank}-")) for bank in BANKS
    }


# What the texts ask, product by product:
# 科创贷 (工行): 高企, 专精特新, 小巨人 or a science award.
# 兴科贷: 科技型, 高企, 专精特新 or 小巨人.
# 小巨人贷: 小巨人.
# 善科贷: 专精特新, 小巨人, 高企 or 科技型, with own IP, at most 5 lenders, 1000 万元 elsewhere,
#   6 overdue marks and 6 inquiries; without a credit record it cannot be judged.
# 科创贷 (中行): small or micro, and 科技型, 高企 or 小巨人.
# 科捷贷: small or micro, and 小巨人.
# 专精特新小巨人贷 (农行): 小巨人.
NOTHING = _fits()
_TECH_SMALL = _fits(_ICBC_TECH, _XINGKE, _SHANKE, _BOC_TECH)
FITS: Mapping[str, Fits] = {
    "lg-small": _fits(_ICBC_TECH, _XINGKE, _ICBC_GIANT, _SHANKE, _BOC_TECH, _KEJIE, _ABC_GIANT),
    "lg-medium": _fits(_ICBC_TECH, _XINGKE, _ICBC_GIANT, _SHANKE, _ABC_GIANT),
    "lg-medium-plain": _fits(_ICBC_TECH, _XINGKE, _ICBC_GIANT, _SHANKE, _ABC_GIANT),
    "notice-small": _TECH_SMALL,
    "notice-medium-plain": _fits(_ICBC_TECH, _XINGKE, _SHANKE),
    "sp-small": _TECH_SMALL,
    "sp-at-limits": _TECH_SMALL,
    "sp-medium-plain": _fits(_ICBC_TECH, _XINGKE, _SHANKE),
    "sp-lenders": _fits(_ICBC_TECH, _XINGKE, _BOC_TECH),
    "sp-no-credit": _fits(_ICBC_TECH, _XINGKE),
    "in-hte": _TECH_SMALL,
    "in-loses": _TECH_SMALL,
    "in-tbs": _fits(_XINGKE, _SHANKE, _BOC_TECH),
    "in-award": _fits(_ICBC_TECH),
    "in-score": NOTHING,
    "po-weak": NOTHING,
    "po-gains": NOTHING,
}
FITS_AFTER_CHANGE: Mapping[str, Fits] = {"in-loses": NOTHING, "po-gains": _TECH_SMALL}


@dataclass(frozen=True)
class Journey:
    """So many enterprises of one kind give the same consents and have the same fate."""

    archetype: str
    count: int
    banks: tuple[str, ...]
    fate: Fate
    fields: tuple[str, ...]


_ALL_FIELDS = (
    "name",
    "region",
    "industry",
    "revenue",
    "net_profit",
    "debt_ratio",
    "rd_expense",
    "employees",
)
_MONEY = ("name", "revenue", "debt_ratio")
_FEW = ("name", "industry", "revenue")
_NO_MONEY = ("name", "region", "industry")

JOURNEYS = (
    Journey("lg-small", 20, BANKS, "keeps", _ALL_FIELDS),
    Journey("lg-medium", 20, ("icbc", "ccb", "abc"), "keeps", _ALL_FIELDS),
    Journey("lg-medium-plain", 5, ("icbc", "boc"), "keeps", _MONEY),
    Journey("notice-small", 15, ("icbc", "ccb", "abc"), "keeps", _ALL_FIELDS),
    Journey("notice-medium-plain", 5, ("icbc", "ccb"), "keeps", _MONEY),
    Journey("sp-small", 50, ("icbc", "ccb"), "keeps", _MONEY),
    Journey("sp-at-limits", 5, ("icbc", "ccb"), "keeps", _FEW),
    Journey("sp-medium-plain", 20, ("ccb", "boc"), "keeps", _ALL_FIELDS),
    Journey("sp-lenders", 10, ("icbc", "ccb"), "keeps", _FEW),
    Journey("sp-no-credit", 8, ("icbc", "ccb"), "keeps", _FEW),
    Journey("in-hte", 20, ("icbc", "boc"), "keeps", _FEW),
    Journey("in-tbs", 10, ("icbc", "ccb"), "keeps", _MONEY),
    Journey("in-award", 4, ("icbc", "ccb"), "keeps", _NO_MONEY),
    Journey("in-score", 5, ("icbc", "ccb"), "keeps", _MONEY),
    Journey("po-weak", 5, ("icbc", "boc"), "keeps", _NO_MONEY),
    Journey("sp-small", 25, ("icbc", "ccb"), "withdraws", _MONEY),
    Journey("in-hte", 10, ("ccb", "icbc"), "withdraws_all", _FEW),
    Journey("lg-small", 5, ("ccb", "icbc", "abc"), "withdraws", _ALL_FIELDS),
    Journey("sp-medium-plain", 5, ("icbc", "ccb"), "returns", _NO_MONEY),
    Journey("in-loses", 12, ("icbc", "ccb"), "loses", _MONEY),
    Journey("po-gains", 15, ("icbc", "boc"), "gains", _FEW),
)


@dataclass(frozen=True)
class Traveller:
    """An enterprise with its journey."""

    enterprise: SampleEnterprise
    journey: Journey

    @property
    def uscc(self) -> str:
        return self.enterprise.uscc

    @property
    def leaves(self) -> tuple[str, ...]:
        """Banks whose consent is withdrawn."""
        if self.journey.fate == "withdraws_all":
            return self.journey.banks
        return self.journey.banks[:1] if self.journey.fate in ("withdraws", "returns") else ()

    @property
    def shows_revenue_steadily(self) -> bool:
        """Whether every change of revenue is told to at least one bank."""
        return (
            self.journey.fate == "keeps"
            and "revenue" in self.journey.fields
            and any(FITS[self.journey.archetype][bank] for bank in self.journey.banks)
        )


@dataclass(frozen=True)
class Expected:
    """What one bank must know of one enterprise."""

    status: Literal["eligible", "withdrawn"]
    reason: str | None = None
    products: frozenset[str] = frozenset()
    profile: Mapping[str, Any] = field(default_factory=dict)


States: TypeAlias = dict[tuple[str, str], Expected]


def travellers(region: tuple[SampleEnterprise, ...]) -> tuple[Traveller, ...]:
    """The enterprises that consent, in the region's order."""
    waiting: dict[str, list[Journey]] = {}
    for journey in JOURNEYS:
        waiting.setdefault(journey.archetype, []).extend([journey] * journey.count)
    found = []
    for enterprise in region:
        journeys = waiting.get(enterprise.archetype.key)
        if journeys:
            found.append(Traveller(enterprise, journeys.pop(0)))
    left = [name for name, journeys in waiting.items() if journeys]
    assert not left, f"the region has too few of {left}"
    return tuple(found)


def expected_before_changes(found: tuple[Traveller, ...]) -> States:
    """Every (bank, enterprise) state once dossiers, lists and consents are in."""
    states = {}
    for traveller in found:
        fits = FITS[traveller.journey.archetype]
        for bank in traveller.journey.banks:
            if fits[bank]:
                states[bank, traveller.uscc] = _eligible(
                    traveller, fits[bank], traveller.enterprise.dossier
                )
    return states


def expected_in_the_end(found: tuple[Traveller, ...], dossiers: Mapping[str, Dossier]) -> States:
    """Every final (bank, enterprise) state; `dossiers` are the last ones that were filed."""
    states = expected_before_changes(found)
    for traveller in found:
        fits = FITS_AFTER_CHANGE.get(traveller.journey.archetype, FITS[traveller.journey.archetype])
        for bank in traveller.journey.banks:
            key = bank, traveller.uscc
            left = bank in traveller.leaves and traveller.journey.fate != "returns"
            if fits[bank] and not left:
                states[key] = _eligible(traveller, fits[bank], dossiers[traveller.uscc])
            elif key in states:
                reason = "consent_withdrawn" if left else "no_longer_eligible"
                states[key] = Expected("withdrawn", reason)
    return states


def _eligible(traveller: Traveller, products: frozenset[str], dossier: Dossier) -> Expected:
    profile = profile_of(dossier)
    shown = {name: profile[_PROFILE_NAMES.get(name, name)] for name in traveller.journey.fields}
    renamed = {_PROFILE_NAMES.get(name, name): value for name, value in shown.items()}
    return Expected("eligible", None, products, renamed)


_PROFILE_NAMES = {
    "revenue": "revenue_cny",
    "net_profit": "net_profit_cny",
    "debt_ratio": "debt_ratio_bp",
    "rd_expense": "rd_expense_cny",
}


def profile_of(dossier: Dossier) -> dict[str, Any]:
    """Everything a bank could be shown, as it is written on the wire."""
    accounts = next(row for row in dossier.accounts if row.year == LAST_YEAR)
    employees = next(row.employees for row in dossier.headcounts if row.year == LAST_YEAR)
    assert accounts.total_liabilities_cny is not None
    assert accounts.total_assets_cny is not None
    return {
        "name": dossier.name,
        "region": dossier.region,
        "industry": dossier.industry,
        "revenue_cny": f"{accounts.revenue_cny:.2f}",
        "net_profit_cny": f"{accounts.net_profit_cny:.2f}",
        "debt_ratio_bp": int(accounts.total_liabilities_cny * 10_000 / accounts.total_assets_cny),
        "rd_expense_cny": f"{accounts.rd_expense_cny:.2f}",
        "employees": employees,
    }
