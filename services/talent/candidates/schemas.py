"""Requests and responses of candidates. There is no field for sex, age, ethnicity or a photo."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contracts.events.talent import TalentKind, WorkMode
from contracts.values import Day, Instant, Money, RegionCode
from services.talent.wording import (
    CheckedUscc,
    DisciplineCode,
    MatchPart,
    TalentLevel,
    Words,
    Years,
)


class Reach(StrEnum):
    """How far a candidate would move (流动意愿): 本市, 省内, 不限."""

    CITY = "city"
    PROVINCE = "province"
    ANYWHERE = "anywhere"


class CandidateStatus(StrEnum):
    """Whether a candidate is in the directory: 在库, 隐藏, 已删除."""

    LISTED = "listed"
    HIDDEN = "hidden"
    ERASED = "erased"


def _once_each(modes: list[WorkMode]) -> list[WorkMode]:
    return list(dict.fromkeys(modes))


class Personal(BaseModel):
    """Personal fields (个人信息), encrypted at rest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(title="姓名", min_length=2, max_length=50, examples=["示例姓名"])
    phone: str = Field(title="电话", pattern=r"^[0-9+\- ]{7,20}$", examples=["13900000000"])
    email: str | None = Field(
        None,
        title="邮箱",
        max_length=100,
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        examples=["person@example.org"],
    )
    employer: str | None = Field(None, title="现工作单位", min_length=2, max_length=100)
    id_number: str | None = Field(
        None, title="身份证件号", pattern=r"^[0-9A-Za-z]{6,20}$", examples=["A1234567"]
    )


class Contact(BaseModel):
    """Personal fields as this caller may see them (联系方式)."""

    name: str = Field(title="姓名")
    phone: str = Field(title="电话")
    email: str | None = Field(title="邮箱")
    employer: str | None = Field(title="现工作单位")
    id_number: str | None = Field(title="身份证件号")


class ContactAnswer(BaseModel):
    """A contact with the view it was shown in; the reading is on record."""

    candidate_id: UUID
    view: str = Field(title="查看范围", description="full, agreed or masked")
    contact: Contact


class CandidateWrite(BaseModel):
    """What a candidate offers (人才资料). Contact details do not belong into the texts."""

    model_config = ConfigDict(extra="forbid")

    kinds: list[TalentKind] = Field(title="人才类型", min_length=1, max_length=3)
    level: TalentLevel = 0
    years: Years = 0
    discipline: DisciplineCode = 0
    region: RegionCode
    segment: str | None = Field(None, title="细分领域", max_length=64)
    reach: Reach = Field(Reach.CITY, title="流动意愿")
    wish_regions: list[RegionCode] = Field([], title="意向城市", max_length=3)
    modes: Annotated[list[WorkMode], AfterValidator(_once_each)] = Field(
        title="可接受的用才方式", description="The preferred one first.", min_length=1, max_length=4
    )
    salary_min_cny: Money | None = Field(None, title="期望月薪", le=1_000_000)
    skills: list[Words] = Field([], title="技能", max_length=30)
    summary: str = Field("", title="经历与专长", max_length=4000)


class CandidateConsent(BaseModel):
    """The person's consent to be in the directory, anonymous, until a day (本人授权)."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(title="授权书编号", min_length=2, max_length=200)
    until: Day = Field(title="有效期至", examples=["2098-12-31"])


class CandidateCreate(CandidateWrite):
    """A new candidate: the profile, the consent and the personal fields."""

    consent: CandidateConsent
    hidden_from: list[CheckedUscc] = Field([], title="不展示给", max_length=20)
    personal: Personal


class VisibilityWrite(BaseModel):
    """Whether the candidate is in the directory, and who never sees them (可见范围)."""

    model_config = ConfigDict(extra="forbid")

    listed: bool = Field(title="在库")
    hidden_from: list[CheckedUscc] = Field([], title="不展示给", max_length=20)
    consent: CandidateConsent | None = Field(None, title="续期授权")


class CandidateCard(BaseModel):
    """A candidate without anything that names the person (匿名资料)."""

    candidate_id: UUID = Field(title="人才编号")
    kinds: list[TalentKind] = Field(title="人才类型")
    level: int = Field(title="层级")
    years: int = Field(title="工作年限")
    discipline: int = Field(title="学科")
    city: str = Field(title="所在城市")
    reach: Reach = Field(title="流动意愿")
    modes: list[WorkMode] = Field(title="可接受的用才方式")
    salary_min_cny: Money | None = Field(title="期望月薪")
    skills: list[str] = Field(title="识别出的技能")
    confirmed_on: date = Field(title="确认日期")


class CandidateRead(BaseModel):
    """A candidate as the person and whoever filed them see it, without the contact."""

    candidate_id: UUID = Field(title="人才编号")
    status: CandidateStatus = Field(title="状态")
    profile: CandidateWrite = Field(title="人才资料")
    hidden_from: list[str] = Field(title="不展示给")
    recognised_skills: list[str] = Field(title="识别出的技能")
    unrecognised_skills: list[str] = Field(title="未识别技能")
    consent_until: date | None = Field(title="授权有效期至")
    confirmed_on: date = Field(title="确认日期")
    changed_at: Instant = Field(title="变更时间")
    version: int = Field(title="版本")


class CandidatePage(BaseModel):
    """A page of the caller's own candidates; the next one is in the Link header."""

    candidates: list[CandidateRead]


class ContactReadRow(BaseModel):
    """One reading of the contact (查阅记录)."""

    read_at: Instant = Field(title="查阅时间")
    role: str = Field(title="角色")
    reader: str = Field(title="查阅人")
    view: str = Field(title="查看范围")
    purpose: str = Field(title="用途")


class ContactReads(BaseModel):
    """Who read the contact, newest first."""

    reads: list[ContactReadRow]


class PositionMatch(BaseModel):
    """One position for a candidate, with every part of the score (匹配结果)."""

    position_id: UUID = Field(title="岗位编号")
    uscc: str = Field(title="统一社会信用代码")
    enterprise: str | None = Field(title="企业名称")
    title: str = Field(title="岗位名称")
    region: str = Field(title="行政区划代码")
    points: int = Field(title="总分", description="Out of 1000.")
    parts: list[MatchPart] = Field(title="分项")


class PositionMatches(BaseModel):
    """The open positions that fit best, in a stable order."""

    candidate_id: UUID
    judged_on: date = Field(title="评价日期")
    considered: int = Field(title="参与匹配岗位数")
    eligible: int = Field(title="符合硬性条件岗位数")
    matches: list[PositionMatch]
