"""Requests and responses of positions."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.events.talent import PositionStatus, TalentKind, WorkMode
from contracts.values import Day, Instant, Money, RegionCode
from services.talent.candidates.schemas import CandidateCard
from services.talent.matching.recognise import unrecognised
from services.talent.wording import (
    CheckedUscc,
    DisciplineCode,
    MatchPart,
    TalentLevel,
    Words,
    Years,
)

SALARY_CNY_MAX = 1_000_000


class PositionWrite(BaseModel):
    """A position as the enterprise writes it (岗位需求). `must_*` exclude, the others score."""

    model_config = ConfigDict(extra="forbid")

    kind: TalentKind = Field(title="人才类型")
    mode: WorkMode = Field(title="用才方式")
    region: RegionCode
    title: str = Field(title="岗位名称", min_length=2, max_length=100, examples=["伺服算法工程师"])
    description: str = Field("", title="岗位说明", max_length=4000)
    headcount: int = Field(title="需求人数", ge=1, le=10_000)
    level: TalentLevel = 0
    must_level: TalentLevel = 0
    years: Years = 0
    must_years: Years = 0
    discipline: DisciplineCode = 0
    must_discipline: bool = Field(False, title="学科为必备条件")
    must_skills: list[Words] = Field([], title="必备技能", max_length=10)
    wish_skills: list[Words] = Field([], title="期望技能", max_length=10)
    salary_min_cny: Money | None = Field(None, title="月薪下限", le=SALARY_CNY_MAX)
    salary_max_cny: Money | None = Field(None, title="月薪上限", le=SALARY_CNY_MAX)
    open_until: Day = Field(title="招聘截止日期", examples=["2098-12-31"])

    @model_validator(mode="after")
    def _agrees(self) -> "PositionWrite":
        low, high = self.salary_min_cny, self.salary_max_cny
        if low is not None and high is not None and low > high:
            raise ValueError("salary_min_cny is more than salary_max_cny.")
        if self.must_discipline and not self.discipline:
            raise ValueError("must_discipline needs a discipline.")
        if unknown := unrecognised(self.must_skills):
            raise ValueError(
                f"must_skills excludes people, so each must be in /v1/dictionaries/skills:"
                f" {', '.join(unknown)} is not. Put it into wish_skills or the description."
            )
        return self


class PositionCreate(PositionWrite):
    """A new position of one enterprise."""

    uscc: CheckedUscc


class PositionRead(BaseModel):
    """A position (岗位需求)."""

    position_id: UUID = Field(title="岗位编号")
    uscc: str = Field(title="统一社会信用代码")
    enterprise: str | None = Field(title="企业名称")
    status: PositionStatus = Field(title="状态")
    batch_id: UUID | None = Field(title="目录批次")
    filled: int = Field(title="已到岗人数")
    review_note: str | None = Field(title="审核意见")
    unrecognised_skills: list[str] = Field(title="未识别技能")
    published_at: Instant | None = Field(title="发布时间")
    changed_at: Instant = Field(title="变更时间")
    version: int = Field(title="版本")
    wanted: PositionWrite = Field(title="需求内容")


class PositionPage(BaseModel):
    """A page of positions; the next one is in the Link header."""

    positions: list[PositionRead]


class Decision(StrEnum):
    """What a reviewer decides (审核结论): 通过, 退回."""

    APPROVE = "approve"
    RETURN = "return"


class PositionReview(BaseModel):
    """A review of a position (岗位审核)."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision = Field(title="审核结论")
    note: str = Field("", title="审核意见", max_length=500)

    @model_validator(mode="after")
    def _says_why(self) -> "PositionReview":
        if self.decision is Decision.RETURN and len(self.note) < 2:
            raise ValueError("A returned position needs a note that says what to change.")
        return self


class BatchCreate(BaseModel):
    """A batch of the demand directory (目录批次)."""

    model_config = ConfigDict(extra="forbid")

    period: str = Field(
        title="期间", pattern=r"^20[0-9]{2}-(Q[1-4]|H[12]|[01][0-9]|Y)$", examples=["2022-Q4"]
    )
    title: str = Field(title="目录名称", min_length=4, max_length=100)


class BatchRead(BaseModel):
    """A batch of the demand directory (目录批次)."""

    batch_id: UUID
    authority: str = Field(title="发布机关")
    period: str = Field(title="期间")
    title: str = Field(title="目录名称")
    status: str = Field(title="状态")
    positions: int = Field(title="岗位数")
    published_at: Instant | None = Field(title="发布时间")


class BatchList(BaseModel):
    """The batches of the directory, newest first."""

    batches: list[BatchRead]


class CandidateMatch(BaseModel):
    """One candidate for a position, anonymous, with every part of the score (匹配结果)."""

    candidate: CandidateCard
    points: int = Field(title="总分", description="Out of 1000.")
    parts: list[MatchPart] = Field(title="分项")


class CandidateMatches(BaseModel):
    """The candidates that fit best, in a stable order."""

    position_id: UUID
    judged_on: date = Field(title="评价日期")
    considered: int = Field(title="参与匹配人数")
    eligible: int = Field(title="符合硬性条件人数")
    matches: list[CandidateMatch]
