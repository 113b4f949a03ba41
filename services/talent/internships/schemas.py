"""Requests and responses of internships."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.events.talent import PlacementStatus
from contracts.values import Day, Instant, RegionCode
from services.talent.wording import CheckedUscc, DisciplineCode


class InternshipStatus(StrEnum):
    """Where an internship agreement stands: 待企业确认, 已确认, 已结束."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    ENDED = "ended"


class InternshipCreate(BaseModel):
    """Practice places an institution proposes to a firm (实习实践协议)."""

    model_config = ConfigDict(extra="forbid")

    uscc: CheckedUscc
    title: str = Field(title="名称", min_length=2, max_length=100)
    discipline: DisciplineCode = 0
    region: RegionCode
    places: int = Field(title="名额", ge=1, le=1000)
    starts_on: Day = Field(title="起始日期", examples=["2022-10-01"])
    ends_on: Day = Field(title="终止日期", examples=["2023-01-31"])

    @model_validator(mode="after")
    def _in_order(self) -> "InternshipCreate":
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on comes before starts_on.")
        return self


class InternshipRead(BaseModel):
    """An internship agreement (实习实践协议)."""

    internship_id: UUID = Field(title="协议编号")
    org: str = Field(title="院校")
    uscc: str = Field(title="用人单位")
    title: str = Field(title="名称")
    discipline: int = Field(title="学科")
    region: str = Field(title="行政区划代码")
    status: InternshipStatus = Field(title="状态")
    places: int = Field(title="名额")
    taken: int = Field(title="已用名额")
    starts_on: date = Field(title="起始日期")
    ends_on: date = Field(title="终止日期")


class InternshipList(BaseModel):
    """The caller's internships, newest first."""

    internships: list[InternshipRead]


class InternCreate(BaseModel):
    """A candidate for a practice place (实习生)."""

    model_config = ConfigDict(extra="forbid")

    candidate_id: UUID = Field(title="人才编号")


class InternRead(BaseModel):
    """A candidate on a practice place (实习生)."""

    intern_id: UUID = Field(title="实习编号")
    internship_id: UUID = Field(title="协议编号")
    candidate_id: UUID = Field(title="人才编号")
    status: PlacementStatus = Field(title="状态")
    placed_at: Instant = Field(title="到岗登记时间")
    ended_at: Instant | None = Field(title="结束时间")
