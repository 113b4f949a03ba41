"""Requests and responses of fairs."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from contracts.values import SHANGHAI, Instant, RegionCode

EventTime = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2199, 1, 1, tzinfo=UTC)),
    AfterValidator(lambda at: at.astimezone(SHANGHAI)),
]
"""A moment of the calendar people plan in."""


class FairKind(StrEnum):
    """Kinds of event (活动类型): 公益性招聘, 巡回招聘, 直播带岗, 供需对接."""

    PUBLIC_BENEFIT = "public_benefit"
    TOURING = "touring"
    LIVESTREAM = "livestream"
    MATCHMAKING = "matchmaking"


class RegistrationStatus(StrEnum):
    """Where a registration stands: 已报名, 候补, 已签到, 已取消."""

    REGISTERED = "registered"
    WAITING = "waiting"
    ATTENDED = "attended"
    CANCELLED = "cancelled"


class VenueCreate(BaseModel):
    """A place of a fair (会场); of a livestream, the room."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(title="会场", min_length=2, max_length=100)
    region: RegionCode
    place: str = Field(title="地点或直播间", min_length=2, max_length=200)
    capacity: int = Field(title="容量", ge=1, le=1_000_000)


class FairCreate(BaseModel):
    """A recruiting fair (招聘活动)."""

    model_config = ConfigDict(extra="forbid")

    kind: FairKind = Field(title="活动类型")
    title: str = Field(title="活动名称", min_length=4, max_length=100)
    starts_at: EventTime = Field(title="开始时间", examples=["2022-10-15T09:00:00+08:00"])
    ends_at: EventTime = Field(title="结束时间", examples=["2022-10-15T17:00:00+08:00"])
    venues: list[VenueCreate] = Field(title="会场", min_length=1, max_length=50)

    @model_validator(mode="after")
    def _in_order(self) -> "FairCreate":
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at does not come after starts_at.")
        return self


class VenueRead(BaseModel):
    """A place of a fair and its seats (会场)."""

    venue_id: UUID = Field(title="会场编号")
    name: str = Field(title="会场")
    region: str = Field(title="行政区划代码")
    place: str = Field(title="地点或直播间")
    capacity: int = Field(title="容量")
    taken: int = Field(title="已占名额")


class FairTotals(BaseModel):
    """What came of a fair (活动成效)."""

    registered: int = Field(title="报名")
    waiting: int = Field(title="候补")
    attended: int = Field(title="签到")
    interviews: int = Field(title="面试")
    offers: int = Field(title="录用意向")
    hires: int = Field(title="到岗")


class FairRead(BaseModel):
    """A recruiting fair (招聘活动)."""

    fair_id: UUID = Field(title="活动编号")
    kind: FairKind = Field(title="活动类型")
    title: str = Field(title="活动名称")
    authority: str = Field(title="主办机关")
    status: str = Field(title="状态")
    starts_at: Instant = Field(title="开始时间")
    ends_at: Instant = Field(title="结束时间")
    venues: list[VenueRead] = Field(title="会场")
    totals: FairTotals = Field(title="成效")


class FairList(BaseModel):
    """Fairs, the latest first."""

    fairs: list[FairRead]


class RegistrationCreate(BaseModel):
    """A seat for the caller's firm, or for one of the caller's candidates (报名)."""

    model_config = ConfigDict(extra="forbid")

    venue_id: UUID = Field(title="会场编号")
    candidate_id: UUID | None = Field(None, title="人才编号", description="Empty for a firm.")


class RegistrationRead(BaseModel):
    """A registration (报名)."""

    registration_id: UUID = Field(title="报名编号")
    fair_id: UUID = Field(title="活动编号")
    venue_id: UUID = Field(title="会场编号")
    status: RegistrationStatus = Field(title="状态")
    ahead: int = Field(title="候补前序人数", description="How many wait before this one.")
    registered_at: Instant = Field(title="报名时间")
    checked_in_at: Instant | None = Field(title="签到时间")


class FairOutcomeWrite(BaseModel):
    """What a firm reports of a fair (成效反馈)."""

    model_config = ConfigDict(extra="forbid")

    interviews: int = Field(title="面试人数", ge=0, le=100_000)
    offers: int = Field(title="录用意向人数", ge=0, le=100_000)
    hires: int = Field(title="到岗人数", ge=0, le=100_000)

    @model_validator(mode="after")
    def _adds_up(self) -> "FairOutcomeWrite":
        if not self.hires <= self.offers <= self.interviews:
            raise ValueError("There cannot be more hires than offers, or offers than interviews.")
        return self
