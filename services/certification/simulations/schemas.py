"""What simulations take and give."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, model_validator

from contracts.events.certification import Attainment
from contracts.values import Day, Instant, Money, RegionCode, Tier
from services.certification.simulations.law import TEXT_CHARACTERS_MAX
from services.certification.simulations.models import SimulationStatus
from services.certification.simulations.tally import Change

AWARD_CNY_MAX = Decimal(1_000_000_000)
Award = Annotated[Money, Field(le=AWARD_CNY_MAX)]
Total = Annotated[
    Decimal, PlainSerializer(lambda value: f"{value:.2f}", return_type=str, when_used="json")
]
"""Yuan, exact, as a string; a sum over a population has no largest value."""


class SimulationCreate(BaseModel):
    """Another law to try over the stored population (政策沙盘)."""

    model_config = ConfigDict(extra="forbid")

    rule_set: str | None = Field(None, max_length=64, title="模拟规则集", examples=["miit-2026"])
    rule_text: str | None = Field(
        None,
        max_length=TEXT_CHARACTERS_MAX,
        title="模拟规则文本",
        description="An edited rule set as YAML, instead of `rule_set`.",
    )
    compare_with: str | None = Field(
        None,
        max_length=64,
        title="对比规则集",
        description="Without it, the edition in force on `as_of`.",
        examples=["miit-2022-63"],
    )
    as_of: Day | None = Field(None, title="评价日期", description="Without it, today.")
    region: RegionCode | None = Field(
        None,
        title="模拟地区",
        description="Only enterprises of this region: a province, a city or a district.",
    )
    as_region: RegionCode | None = Field(
        None,
        title="按何地规则评价",
        description="Judge everyone by the overlay of this region's province (省级细则).",
    )
    award_per_title_cny: dict[Tier, Award] = Field(
        default_factory=dict,
        title="每项称号奖励金额",
        description="Yuan for each tier; the answer multiplies, it knows no award of its own.",
    )

    @model_validator(mode="after")
    def _one_law(self) -> Self:
        if (self.rule_set is None) == (self.rule_text is None):
            raise ValueError("give either rule_set or rule_text")
        return self


class CountsRead(BaseModel):
    """Enterprises before and after (变动企业数)."""

    reached_before: int = Field(title="原达到企业数")
    reached_after: int = Field(title="模拟达到企业数")
    enters: int = Field(title="新进企业数")
    falls_out: int = Field(title="退出企业数")
    becomes_open: int = Field(
        title="转为无法评价企业数", description="Reached before; facts are missing now."
    )
    open_before: int = Field(title="原无法评价企业数")
    open_after: int = Field(title="模拟无法评价企业数")


class PlaceCounts(CountsRead):
    """The same for one region or one industry division."""

    code: str = Field(title="行政区划或行业门类代码")


class TierEffect(CountsRead):
    """What the simulated law does at one tier (梯度变动)."""

    tier: Tier = Field(title="梯度")
    award_before_cny: Total | None = Field(title="原奖励总额")
    award_after_cny: Total | None = Field(title="模拟奖励总额")
    award_change_cny: Total | None = Field(title="奖励变动")
    by_region: list[PlaceCounts] = Field(title="分地区")
    by_industry: list[PlaceCounts] = Field(title="分行业", description="By division.")


class SimulationHead(BaseModel):
    """A simulation and how far it is (模拟任务)."""

    simulation_id: UUID = Field(title="模拟编号")
    status: SimulationStatus = Field(title="状态")
    done: int = Field(title="已评价企业数")
    total: int | None = Field(title="企业总数", description="Null until it is counted.")
    authority: str = Field(title="主管部门")
    created_by: str = Field(title="创建人")
    created_at: Instant = Field(title="创建时间")
    finished_at: Instant | None = Field(title="结束时间")
    problem: str | None = Field(title="问题", description="Why the last attempt stopped.")
    rule_set: str = Field(title="模拟规则集")
    edited: bool = Field(title="使用编辑后的规则文本")
    compare_with: str = Field(title="对比规则集")
    as_of: date = Field(title="评价日期")
    region: str | None = Field(title="模拟地区")
    as_region: str | None = Field(title="按何地规则评价")


class SimulationRead(SimulationHead):
    """A simulation with what it found so far (模拟结果)."""

    tiers: list[TierEffect] = Field(title="分梯度结果")
    award_change_cny: Total | None = Field(title="奖励变动合计")


class SimulationPage(BaseModel):
    """A page of simulations, newest first; the next one is in the Link header."""

    simulations: list[SimulationHead] = Field(title="模拟任务")


class ChangeRead(BaseModel):
    """An enterprise that the simulated law moves (变动企业)."""

    uscc: str = Field(title="统一社会信用代码")
    name: str = Field(title="企业名称")
    region: str = Field(title="行政区划代码")
    industry: str = Field(title="国民经济行业代码")
    tier: Tier = Field(title="梯度")
    change: Change = Field(title="变动")
    before: Attainment | None = Field(title="原结果", description="Null: no such tier.")
    after: Attainment | None = Field(title="模拟结果", description="Null: no such tier.")


class ChangePage(BaseModel):
    """A page of the list, by code; the next one is in the Link header."""

    changes: list[ChangeRead] = Field(title="变动企业")
