"""Requests and responses of contact requests."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.talent import PlacementStatus
from contracts.values import Day, Instant


class ContactRequestCreate(BaseModel):
    """An enterprise asks a candidate for contact about one of its positions (对接申请)."""

    model_config = ConfigDict(extra="forbid")

    position_id: UUID = Field(title="岗位编号")
    candidate_id: UUID = Field(title="人才编号")
    message: str = Field("", title="留言", max_length=1000)


class ContactRequestAnswer(BaseModel):
    """The person's answer. A given consent may be taken back (本人意见)."""

    model_config = ConfigDict(extra="forbid")

    agreed: bool = Field(title="同意对接")


class Outcome(StrEnum):
    """What the firm reports (对接结果): 录用意向, 未录用, 到岗, 离岗."""

    OFFERED = "offered"
    REJECTED = "rejected"
    HIRED = "hired"
    ENDED = "ended"


class OutcomeReport(BaseModel):
    """The outcome as the firm reports it (结果反馈)."""

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome = Field(title="对接结果")
    on: Day = Field(title="日期", examples=["2022-10-08"])


class ContactRequestRead(BaseModel):
    """A contact request (对接申请)."""

    request_id: UUID = Field(title="申请编号")
    position_id: UUID = Field(title="岗位编号")
    candidate_id: UUID = Field(title="人才编号")
    uscc: str = Field(title="统一社会信用代码")
    status: PlacementStatus = Field(title="状态")
    message: str = Field(title="留言")
    requested_at: Instant = Field(title="申请时间")
    answer_until: date = Field(title="答复期限")
    answered_at: Instant | None = Field(title="答复时间")
    outcome_on: date | None = Field(title="结果日期")


class ContactRequestPage(BaseModel):
    """A page of contact requests; the next one is in the Link header."""

    requests: list[ContactRequestRead]
