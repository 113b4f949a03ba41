"""Builds the dossier (一户一档) of one made-up enterprise from the shape of its archetype.

Revenue of 2020 is whole millions, so every ratio in basis points comes out exact to the cent.
"""

import random
from datetime import date
from decimal import Decimal

from contracts.dossier import Document, Dossier
from contracts.facts import (
    Award,
    AwardKind,
    Certificate,
    CertificateKind,
    Compliance,
    CreditRecord,
    DigitalLevel,
    EquityRound,
    Honour,
    HonourKind,
    IpKind,
    IpRight,
    LeadingProduct,
    ListingStage,
    RdBody,
    Severity,
    Standard,
    Violation,
    ViolationKind,
    YearAccounts,
    YearHeadcount,
)
from contracts.values import Level
from deploy.local.sample.archetypes import Archetype, Shape
from deploy.local.sample.industries import SCALES, TRADES
from deploy.local.sample.names import address, full_name

LAST_YEAR = 2021
_MILLION = 1_000_000
_BP = Decimal(10_000)


def build_dossier(
    uscc: str, region: str, fancy_name: str, sector: str, archetype: Archetype, rng: random.Random
) -> Dossier:
    """The dossier that is filed first; changes come later and are the loader's."""
    shape = archetype.shape
    trade = rng.choice(TRADES[sector])
    known = shape.accounts != "none"
    registered_on = _day(rng, 2003, 2016)
    return Dossier(
        uscc=uscc,
        name=full_name(fancy_name, trade.word),
        region=region,
        industry=trade.code,
        segment=trade.segment,
        chain_position=trade.position,
        address=address(region, rng),
        contact_phone="020-00000000",
        leading_product_name=f"{trade.product}（示例）",
        registered_on=registered_on,
        independent_legal_person=True,
        segment_since=date(registered_on.year + 1, 1, 1),
        listing_stage=ListingStage.UNLISTED if known else None,
        accounts=_accounts(shape, sector, rng),
        headcounts=_headcounts(shape, sector, rng),
        ip_rights=_ip_rights(shape, rng) if known else None,
        rd_bodies=_rd_bodies(shape) if known else None,
        awards=_awards(shape) if known else None,
        honours=_honours(shape, rng) if known else None,
        equity_rounds=_equity_rounds(shape) if known else None,
        certificates=_certificates(archetype, rng) if known else None,
        standards=_standards(archetype, rng) if known else None,
        own_brand=archetype.standing != "ordinary" if known else None,
        sound_governance=True if known else None,
        core_processes_on_it=rng.randint(1, 4) if known else None,
        digital_level=_digital_level(archetype, rng) if known else None,
        leading_product=_product(archetype, rng) if known else None,
        controlled_by_little_giant=False if known else None,
        compliance=_compliance(shape),
        credit=_credit(shape, rng),
        documents=_documents(shape),
    )


def _accounts(shape: Shape, sector: str, rng: random.Random) -> tuple[YearAccounts, ...]:
    if shape.accounts == "none":
        return ()
    revenue_m = shape.revenue_2020_m or rng.randint(*SCALES[sector][shape.size].revenue_m)
    before = Decimal(revenue_m * _MILLION)
    growth = rng.randint(*shape.growth)
    earlier_growth = rng.randint(300, 1500)
    share, rd, debt = (rng.randint(*span) for span in (shape.main_share, shape.rd, shape.debt))
    profit = rng.randint(400, 1400)
    assets = Decimal(int(revenue_m * 1.3) * _MILLION)
    revenues = {
        2019: _cents(before * _BP / (_BP + earlier_growth)),
        2020: before,
        2021: before * (_BP + growth) / _BP,
    }
    if shape.accounts == "without_last_year":
        del revenues[LAST_YEAR]
    return tuple(
        YearAccounts(
            year=year,
            revenue_cny=revenue,
            main_revenue_cny=_cents(revenue * share / _BP),
            net_profit_cny=_cents(revenue * profit / _BP),
            total_assets_cny=assets,
            total_liabilities_cny=assets * debt / _BP,
            rd_expense_cny=_cents(revenue * rd / _BP),
        )
        for year, revenue in revenues.items()
    )


def _headcounts(shape: Shape, sector: str, rng: random.Random) -> tuple[YearHeadcount, ...]:
    if shape.accounts == "none":
        return ()
    employees = shape.employees or rng.randint(*SCALES[sector][shape.size].employees)
    share = rng.randint(8, 25)
    return tuple(
        YearHeadcount(year=year, employees=employees, rd_staff=employees * share // 100)
        for year in (2019, 2020, LAST_YEAR)
    )


def _ip_rights(shape: Shape, rng: random.Random) -> tuple[IpRight, ...]:
    if shape.ip == "none":
        return ()
    copyrights = [
        _right(IpKind.SOFTWARE_COPYRIGHT, _day(rng, 2016, 2019)) for _ in range(rng.randint(1, 3))
    ]
    if shape.ip == "class2":
        return tuple(copyrights)
    inventions = [
        _right(
            IpKind.INVENTION_PATENT,
            _day(rng, 2015, 2020),
            overseas=shape.ip == "high_value" and number == 0,
        )
        for number in range(rng.randint(2, 5))
    ]
    return (*inventions, *copyrights)


def _right(kind: IpKind, granted_on: date, *, overseas: bool = False) -> IpRight:
    return IpRight(
        kind=kind,
        granted_on=granted_on,
        expires_on=date(granted_on.year + 18, 12, 31),
        self_developed=True,
        holder_rank=1,
        for_leading_product=True,
        in_use_with_benefit=True,
        overseas_family_or_income=overseas,
    )


def _rd_bodies(shape: Shape) -> tuple[RdBody, ...]:
    if not shape.provincial_rd_body:
        return ()
    return (RdBody(level=Level.PROVINCIAL, recognised_on=date(2019, 11, 20)),)


def _awards(shape: Shape) -> tuple[Award, ...]:
    if shape.award_year is None:
        return ()
    return (
        Award(
            kind=AwardKind.SCIENCE_TECHNOLOGY,
            level=Level.PROVINCIAL,
            awarded_on=date(shape.award_year, 3, 18),
            rank=2,
        ),
    )


def _honours(shape: Shape, rng: random.Random) -> tuple[Honour, ...]:
    if shape.honours_ended:
        term = (date(2018, 11, 28), date(2021, 11, 27))
    else:
        start = date(2020, 12, rng.randint(1, 20))
        term = (start, date(2023, 12, start.day - 1) if start.day > 1 else date(2023, 11, 30))
    return tuple(
        Honour(kind=HonourKind(kind), valid_from=term[0], valid_to=term[1])
        for kind in shape.honours
    )


def _equity_rounds(shape: Shape) -> tuple[EquityRound, ...]:
    if shape.equity_cny is None:
        return ()
    return (
        EquityRound(
            closed_on=date(2020, 9, 15),
            paid_in_cny=Decimal(shape.equity_cny),
            qualified_investor=True,
        ),
    )


def _certificates(archetype: Archetype, rng: random.Random) -> tuple[Certificate, ...]:
    if archetype.standing == "ordinary":
        return ()
    return (
        Certificate(
            kind=CertificateKind.QUALITY_SYSTEM,
            valid_from=_day(rng, 2020, 2021),
            valid_to=date(2024, 6, 30),
        ),
    )


def _standards(archetype: Archetype, rng: random.Random) -> tuple[Standard, ...]:
    if archetype.standing not in ("little_giant", "notice"):
        return ()
    return (Standard(level=Level.NATIONAL, led=False, published_on=_day(rng, 2017, 2021), rank=4),)


def _digital_level(archetype: Archetype, rng: random.Random) -> DigitalLevel:
    level = {"little_giant": 3, "notice": 3, "specialized": 2}.get(archetype.standing, 1)
    return DigitalLevel(level=level, edition=2022, tested_on=date(2022, 9, rng.randint(1, 25)))


def _product(archetype: Archetype, rng: random.Random) -> LeadingProduct:
    leading = archetype.standing in ("little_giant", "notice")
    return LeadingProduct(
        strategic_emerging=archetype.shape.emerging,
        chain_gap_filler=leading,
        key_link=leading,
        six_basics=leading,
        national_share_bp=rng.randint(1200, 3500) if leading else rng.randint(50, 600),
    )


def _compliance(shape: Shape) -> Compliance:
    checked = shape.compliance != "unchecked"
    violations = {
        "accident": (ViolationKind.SAFETY, Severity.MAJOR),
        "tax": (ViolationKind.TAX, Severity.SERIOUS),
    }
    found = tuple(
        Violation(kind=kind, severity=severity, occurred_on=date(2021, 6, 10))
        for name, (kind, severity) in violations.items()
        if name == shape.compliance
    )
    return Compliance(
        on_abnormal_list=shape.compliance == "abnormal",
        on_dishonest_list=False,
        prohibited_product=False,
        violations=found if checked else None,
    )


def _credit(shape: Shape, rng: random.Random) -> CreditRecord | None:
    loans, lenders, overdue, inquiries = {
        "clean": (rng.randint(1, 6), rng.randint(1, 3), 0, rng.randint(0, 3)),
        "at_limits": (10, 5, 6, 6),
        "many_lenders": (8, 6, 0, 2),
        "absent": (0, 0, 0, 0),
    }[shape.credit]
    if shape.credit == "absent":
        return None
    return CreditRecord(
        checked_on=date(2022, 9, 20),
        other_loans_cny=Decimal(loans * _MILLION),
        lender_count=lenders,
        overdue_2y_count=overdue,
        inquiries_6m=inquiries,
    )


def _documents(shape: Shape) -> tuple[Document, ...]:
    if shape.accounts == "none":
        return ()
    return (
        Document(
            section="accounts",
            title="年度审计报告（示例）",
            reference="示例审字〔2022〕001号",
            issued_on=date(2022, 4, 15),
        ),
    )


def _day(rng: random.Random, first_year: int, last_year: int) -> date:
    return date(rng.randint(first_year, last_year), rng.randint(1, 12), rng.randint(1, 28))


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"))
