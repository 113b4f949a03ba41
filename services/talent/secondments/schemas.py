"""Requests and responses of secondments."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.events.talent import PlacementStatus
from contracts.values import Day, Instant


class SecondmentCreate(BaseModel):
    """A proposal of the host firm (柔性引才协议草案)."""

    model_config = ConfigDict(extra="forbid")

    candidate_id: UUID = Field(title="人才编号")
    home_org: str = Field(title="派出单位", min_length=1, max_length=100, examples=["scut"])
    position_id: UUID | None = Field(None, title="岗位编号")
    share_percent: int = Field(title="时间投入比例", ge=1, le=100, examples=[40])
    starts_on: Day = Field(title="起始日期", examples=["2022-10-01"])
    ends_on: Day = Field(title="终止日期", examples=["2023-09-30"])
    ip_clause: str = Field(
        title="知识产权归属条款",
        min_length=4,
        max_length=4000,
        examples=["合作期间产生的成果由双方共有"],
    )
    duties: str = Field("", title="工作内容", max_length=4000)

    @model_validator(mode="after")
    def _in_order(self) -> "SecondmentCreate":
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on comes before starts_on.")
        return self


class SecondmentAgreement(BaseModel):
    """Agreement of the home institution or of the person (同意)."""

    model_config = ConfigDict(extra="forbid")

    person_consent_reference: str | None = Field(
        None,
        title="本人同意书编号",
        description="An institution that filed the person gives the written consent here.",
        min_length=2,
        max_length=200,
    )


class SecondmentRead(BaseModel):
    """A secondment (柔性引才协议)."""

    secondment_id: UUID = Field(title="协议编号")
    candidate_id: UUID = Field(title="人才编号")
    home_org: str = Field(title="派出单位")
    uscc: str = Field(title="用人单位")
    position_id: UUID | None = Field(title="岗位编号")
    status: PlacementStatus = Field(title="状态")
    share_percent: int = Field(title="时间投入比例")
    starts_on: date = Field(title="起始日期")
    ends_on: date = Field(title="终止日期")
    ip_clause: str = Field(title="知识产权归属条款")
    duties: str = Field(title="工作内容")
    home_agreed_at: Instant | None = Field(title="派出单位同意时间")
    person_agreed_at: Instant | None = Field(title="本人同意时间")
    ended_at: Instant | None = Field(title="终止时间")


class SecondmentList(BaseModel):
    """The caller's secondments, newest first."""

    secondments: list[SecondmentRead]
