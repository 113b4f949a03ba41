"""EnterpriseFacts: the flat, dated facts every rule reads.

Each item carries its own year or date, so that one set of facts can be judged on any day: which
year is 上年度 (the last closed fiscal year), which awards lie within 近三年, is decided by the
rules, never here. An absent value means "not known": a rule that needs it answers "cannot be
judged", never zero.

Sources of the definitions: 工信部企业〔2022〕63号 annex 4, 工信部企业〔2026〕2号 annex 3.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from contracts.values import (
    Day,
    FiscalYear,
    Flag,
    IndustryCode,
    Level,
    Money,
    RegionCode,
    SignedMoney,
    Uscc,
    Value,
    Whole,
)

Count = Annotated[Whole, Field(ge=0, le=10_000_000, description="A number of persons or items.")]


class YearAccounts(
    Value, json_schema_extra={"source": "工信部企业〔2022〕63号 附件4; 年度审计报告"}
):
    """Audited closing figures of one fiscal year (年度审计报告)."""

    year: FiscalYear
    revenue_cny: Money = Field(title="营业收入总额")
    main_revenue_cny: Money | None = Field(None, title="主营业务收入总额")
    net_profit_cny: SignedMoney | None = Field(None, title="净利润")
    total_assets_cny: Money | None = Field(None, title="资产总额")
    total_liabilities_cny: Money | None = Field(None, title="负债总额")
    rd_expense_cny: Money | None = Field(None, title="研发费用总额")
    rd_expense_domestic_cny: Money | None = Field(None, title="境内研发费用")
    cost_and_expense_cny: Money | None = Field(None, title="成本费用支出总额")
    high_tech_revenue_cny: Money | None = Field(None, title="高新技术产品（服务）收入")
    operating_cash_flow_cny: SignedMoney | None = Field(None, title="经营活动现金流量净额")
    weighted_roe_bp: Whole | None = Field(
        None, ge=-1_000_000, le=1_000_000, title="加权平均净资产收益率", description="Basis points."
    )
    audited: Flag = Field(True, title="已审计")


class YearHeadcount(
    Value, json_schema_extra={"source": "工信部联企业〔2011〕300号; 研发费用加计扣除申报口径"}
):
    """Staff of one year (从业人员), as filed."""

    year: FiscalYear
    employees: Count = Field(title="从业人员数")
    rd_staff: Count | None = Field(None, title="研发人员数")
    science_staff: Count | None = Field(None, title="科技人员数")


class IpKind(StrEnum):
    """Kinds of intellectual property (知识产权). The first six are Ⅰ类, the others Ⅱ类."""

    INVENTION_PATENT = "invention_patent"
    PLANT_VARIETY = "plant_variety"
    NATIONAL_CROP_VARIETY = "national_crop_variety"
    NATIONAL_NEW_DRUG = "national_new_drug"
    NATIONAL_TCM_PROTECTION = "national_tcm_protection"
    IC_LAYOUT = "ic_layout"
    SOFTWARE_COPYRIGHT = "software_copyright"
    UTILITY_MODEL = "utility_model"
    DESIGN_PATENT = "design_patent"


class IpRight(
    Value,
    json_schema_extra={
        "source": "工信部企业〔2022〕63号 附件4 (Ⅰ类、Ⅱ类知识产权); 工信部企业〔2026〕2号 附件3"
    },
):
    """One intellectual-property right (知识产权)."""

    kind: IpKind = Field(title="类别")
    granted_on: Day = Field(title="授权日")
    expires_on: Day | None = Field(None, title="失效日")
    self_developed: Flag = Field(title="自主研发")
    transferred_on: Day | None = Field(None, title="受让日")
    holder_rank: Whole | None = Field(None, ge=1, le=99, title="权利人排名")
    for_leading_product: Flag = Field(title="与主导产品相关")
    in_use_with_benefit: Flag | None = Field(None, title="实际应用并产生经济效益")
    overseas_family_or_income: Flag = Field(False, title="海外同族专利或海外收入")
    substantial_pledge_financing: Flag = Field(False, title="实现较高质押融资金额")
    national_award: Flag = Field(False, title="获国家科技奖或中国专利奖")


class RdBody(Value, json_schema_extra={"source": "工信部企业〔2022〕63号 附件1–3"}):
    """An R&D institution (研发机构), own or shared with a university."""

    level: Level = Field(title="级别")
    recognised_on: Day = Field(title="认定日期")
    valid_to: Day | None = Field(None, title="有效期至")
    ministerial: Flag = Field(False, title="部级", description="Ministry level counts as 省部级.")


class AwardKind(StrEnum):
    """Kinds of award and list (奖项、榜单)."""

    SCIENCE_TECHNOLOGY = "science_technology"
    QUALITY = "quality"
    MAKER_CHINA = "maker_china"
    INDUSTRIAL_DESIGN = "industrial_design"


class Award(
    Value, json_schema_extra={"source": "工信部企业〔2022〕63号 附件4 (科技奖励, 创客中国)"}
):
    """A prize or a place on an official list, dated by its certificate."""

    kind: AwardKind = Field(title="奖项类别")
    level: Level = Field(title="级别")
    awarded_on: Day = Field(title="获奖日期")
    rank: Whole | None = Field(None, ge=1, le=1000, title="获奖单位排名")
    list_top: Whole | None = Field(None, ge=1, le=10_000, title="入围榜单", description="500, 50 …")


class HonourKind(StrEnum):
    """Honours and registrations that rules read (荣誉、资质)."""

    HIGH_TECH_ENTERPRISE = "high_tech_enterprise"
    TECH_BASED_SME = "tech_based_sme"
    NATIONAL_INNOVATION_DEMO = "national_innovation_demo"
    IP_ADVANTAGE = "ip_advantage"
    IP_DEMO = "ip_demo"
    TIME_HONOURED_BRAND = "time_honoured_brand"
    SINGLE_CHAMPION = "single_champion"


class Honour(Value, json_schema_extra={"source": "工信部企业〔2022〕63号 附件1"}):
    """An honour with a term (有效期)."""

    kind: HonourKind = Field(title="荣誉类别")
    valid_from: Day = Field(title="有效期起")
    valid_to: Day | None = Field(None, title="有效期至")


class EquityRound(
    Value, json_schema_extra={"source": "工信部企业〔2022〕63号 附件4 (股权融资, 合格机构投资者)"}
):
    """New equity financing (新增股权融资): the paid-in amount (实缴额) of one closing."""

    closed_on: Day = Field(title="到账日期")
    paid_in_cny: Money = Field(title="实缴额")
    qualified_investor: Flag = Field(title="合格机构投资者")


class CertificateKind(StrEnum):
    """Management and product certificates (认证)."""

    QUALITY_SYSTEM = "quality_system"
    OTHER_MANAGEMENT_SYSTEM = "other_management_system"
    DEVELOPED_MARKET_PRODUCT = "developed_market_product"


class Certificate(Value, json_schema_extra={"source": "工信部企业〔2022〕63号 附件2、附件3"}):
    """A certificate with a term."""

    kind: CertificateKind = Field(title="认证类别")
    valid_from: Day = Field(title="有效期起")
    valid_to: Day | None = Field(None, title="有效期至")


class Standard(Value, json_schema_extra={"source": "工信部企业〔2022〕63号 附件2"}):
    """A technical standard the enterprise led or joined (制修订标准)."""

    level: Level = Field(title="标准级别")
    led: Flag = Field(title="主导制修订")
    published_on: Day = Field(title="发布日期")
    rank: Whole | None = Field(None, ge=1, le=99, title="起草单位排名")


class DigitalLevel(
    Value, json_schema_extra={"source": "工信厅企业〔2022〕32号; 工信厅企业〔2024〕56号"}
):
    """Self-tested digital level (数字化水平等级), 工信厅企业〔2022〕32号 or 〔2024〕56号."""

    level: Whole = Field(ge=1, le=4, title="等级")
    edition: Whole = Field(title="评测指标版本", ge=2022, le=2100, examples=[2022, 2024])
    tested_on: Day = Field(title="评测日期")


class LeadingProduct(
    Value, json_schema_extra={"source": "工信部企业〔2022〕63号 附件2–4; 工信部企业〔2026〕2号"}
):
    """The leading product (主导产品) and its place in the chain."""

    strategic_emerging: Flag | None = Field(None, title="属于战略性新兴产业")
    chain_gap_filler: Flag | None = Field(None, title="补短板/锻长板/填空白")
    key_link: Flag | None = Field(None, title="位于产业链关键环节")
    six_basics: Flag | None = Field(None, title="工业六基领域")
    ten_key_fields: Flag | None = Field(None, title="制造强国十大重点产业领域")
    cyber_power: Flag | None = Field(None, title="网络强国领域")
    serves_key_chain_leader: Flag | None = Field(None, title="服务关键产业链龙头企业")
    national_share_bp: Whole | None = Field(
        None, ge=0, le=10_000, title="全国细分市场占有率", description="Basis points: 1000 is 10 %."
    )
    domestic_rank: Whole | None = Field(None, ge=1, le=100_000, title="国内细分市场排名")
    international_share_bp: Whole | None = Field(
        None, ge=0, le=10_000, title="国际细分市场占有率", description="Basis points."
    )
    leading_position: Flag | None = Field(
        None, title="国内或国际细分市场占有率位居前列，有一定影响力"
    )
    modern_industry_field: Flag | None = Field(
        None, title="属于改造提升传统产业、培育壮大新兴产业、布局建设未来产业"
    )


class ViolationKind(StrEnum):
    """What a recorded violation or accident was about."""

    SAFETY = "safety"
    NETWORK_DATA = "network_data"
    QUALITY = "quality"
    ENVIRONMENT = "environment"
    TAX = "tax"
    INDUSTRY_RULES = "industry_rules"
    RESEARCH_INTEGRITY = "research_integrity"


class Severity(StrEnum):
    """Severity of an accident or violation, mildest first: 一般, 较大, 重大以上, 严重."""

    ORDINARY = "ordinary"
    LARGER = "larger"
    MAJOR = "major"
    SERIOUS = "serious"


class Violation(Value, json_schema_extra={"source": "工信部企业〔2022〕63号 附件4"}):
    """An accident or violation as its regulator determined it."""

    kind: ViolationKind = Field(title="类别")
    severity: Severity = Field(title="严重程度")
    occurred_on: Day = Field(title="发生日期")


class Compliance(
    Value, json_schema_extra={"source": "工信部企业〔2022〕63号 第三章; 工信部企业〔2026〕2号"}
):
    """Public records that bar or allow a filing (信用与合规)."""

    on_abnormal_list: Flag | None = Field(None, title="列入经营异常名录")
    on_dishonest_list: Flag | None = Field(None, title="列入严重失信主体名单")
    prohibited_product: Flag | None = Field(None, title="禁止、限制或淘汰类产品")
    violations: tuple[Violation, ...] | None = Field(
        None, max_length=200, title="事故与违法", description="Null: not checked. []: none."
    )


class CreditRecord(Value, json_schema_extra={"source": "征信报告"}):
    """What a bank's conditions ask of the credit report (信用报告)."""

    checked_on: Day = Field(title="查询日期")
    other_loans_cny: Money = Field(title="他行贷款余额")
    lender_count: Count = Field(title="贷款机构数")
    overdue_2y_count: Count = Field(title="近两年逾期次数")
    inquiries_6m: Count = Field(title="近六个月查询次数")


class DevelopmentScore(Value, json_schema_extra={"source": "工信厅企业〔2024〕75号"}):
    """专精特新发展评价 score of one year, computed by the platform of 工信厅企业〔2024〕75号."""

    year: FiscalYear
    score_bp: Whole = Field(ge=0, le=10_000, title="评价得分", description="Hundredths of a point.")


class ListingStage(StrEnum):
    """Where the enterprise stands on the way to a listing (上市进程)."""

    UNLISTED = "unlisted"
    REGIONAL_MARKET = "regional_market"
    NEEQ_BASE = "neeq_base"
    NEEQ_INNOVATION = "neeq_innovation"
    LISTED = "listed"


class EnterpriseFacts(
    Value, json_schema_extra={"source": "工信部企业〔2022〕63号; 工信部企业〔2026〕2号"}
):
    """Everything a rule may read about one enterprise (企业事实)."""

    uscc: Uscc
    region: RegionCode
    industry: IndustryCode
    segment: str | None = Field(None, max_length=64, title="细分领域")
    chain_position: str | None = Field(None, max_length=64, title="产业链位置")
    registered_on: Day | None = Field(None, title="注册日期")
    independent_legal_person: Flag | None = Field(None, title="独立法人资格")
    segment_since: Day | None = Field(None, title="从事特定细分市场起始日")
    listing_stage: ListingStage | None = Field(None, title="上市进程")
    accounts: tuple[YearAccounts, ...] = Field((), max_length=10, title="财务数据")
    headcounts: tuple[YearHeadcount, ...] = Field((), max_length=10, title="人员数据")
    ip_rights: tuple[IpRight, ...] | None = Field(None, max_length=500, title="知识产权")
    rd_bodies: tuple[RdBody, ...] | None = Field(None, max_length=50, title="研发机构")
    awards: tuple[Award, ...] | None = Field(None, max_length=100, title="奖项")
    honours: tuple[Honour, ...] | None = Field(None, max_length=50, title="荣誉资质")
    equity_rounds: tuple[EquityRound, ...] | None = Field(None, max_length=50, title="股权融资")
    certificates: tuple[Certificate, ...] | None = Field(None, max_length=50, title="认证")
    standards: tuple[Standard, ...] | None = Field(None, max_length=100, title="标准")
    own_brand: Flag | None = Field(None, title="自主品牌")
    sound_governance: Flag | None = Field(None, title="治理规范、信誉良好")
    core_processes_on_it: Count | None = Field(None, title="采用信息系统支撑的核心业务数")
    digital_level: DigitalLevel | None = Field(None, title="数字化水平")
    leading_product: LeadingProduct | None = Field(None, title="主导产品")
    provincial_features: tuple[str, ...] | None = Field(None, max_length=30, title="地方特色指标")
    provincial_points: Whole | None = Field(None, ge=0, le=15, title="地方特色得分")
    development_scores: tuple[DevelopmentScore, ...] = Field((), max_length=10, title="发展评价")
    controlled_by_little_giant: Flag | None = Field(None, title="与小巨人存在控股关系")
    same_group_similar_product: Flag | None = Field(
        None, title="同一集团内另有小巨人生产相似主导产品"
    )
    technology_leading: Flag | None = Field(None, title="技术、工艺、产品质量性能国内领先")
    core_technology_in_key_fields: Flag | None = Field(
        None, title="核心技术属于国家重点支持的高新技术领域"
    )
    innovation_evaluation_points: Whole | None = Field(
        None, ge=0, le=100, title="高新技术企业创新能力评价得分"
    )
    compliance: Compliance = Field(default_factory=Compliance, title="合规")
    credit: CreditRecord | None = Field(None, title="信用报告")
