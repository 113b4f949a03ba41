"""Events of the talent service: positions and placements (人才需求目录, 人才对接). Ids only."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from contracts.fact import ENTERPRISE, PUBLIC, Fact, Topic
from contracts.values import Instant, RegionCode, Uscc, Value

POSITION = Topic(name="talent.position", owner="talent", title="人才需求", compacted=True)
PLACEMENT = Topic(name="talent.placement", owner="talent", title="人才对接", compacted=True)


class TalentKind(StrEnum):
    """Kinds of talent (人才类型): 管理型, 创新型, 技能型."""

    MANAGERIAL = "managerial"
    INNOVATIVE = "innovative"
    SKILLED = "skilled"


class WorkMode(StrEnum):
    """Modes of work (用才方式): 全职, 柔性引才, 外包, 实习."""

    FULL = "full"
    FLEXIBLE = "flexible"
    OUTSOURCED = "outsourced"
    INTERNSHIP = "internship"


class PositionStatus(StrEnum):
    """Where a position stands: 草稿, 待审核, 退回, 审核通过, 已发布, 已满, 已关闭."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    PUBLISHED = "published"
    FILLED = "filled"
    CLOSED = "closed"


class PositionChanged(
    Fact,
    topic=POSITION,
    name="talent.position-changed.v1",
    key="position_id",
    audience=PUBLIC,
):
    """A position of the demand directory (人才需求目录变更), from its first publication on."""

    position_id: str = Field(examples=["8d7f1a52-3c1e-4a8e-9a57-0c6a2f9e4b10"])
    version: int = Field(ge=1, description="Grows by one per change; never restarts.")
    uscc: Uscc
    status: PositionStatus = Field(examples=["published"])
    kind: TalentKind
    mode: WorkMode
    region: RegionCode
    discipline: int | None = Field(None, title="学科", examples=[20])
    level: int | None = Field(None, ge=1, le=6, title="层级", examples=[4])
    title: str = Field(title="岗位名称", max_length=100, examples=["伺服驱动算法工程师"])
    headcount: int = Field(ge=1, title="需求人数", examples=[2])
    filled: int = Field(ge=0, title="已到岗人数", examples=[0])
    open_until: date = Field(title="招聘截止日期", examples=["2022-12-31"])
    changed_at: Instant


class PlacementKind(StrEnum):
    """Kinds of placement: 招聘, 柔性引才, 实习."""

    HIRE = "hire"
    SECONDMENT = "secondment"
    INTERNSHIP = "internship"


class PlacementStatus(StrEnum):
    """Life of a placement; `erased` says that the person left and the id is gone."""

    REQUESTED = "requested"
    AGREED = "agreed"
    DECLINED = "declined"
    EXPIRED = "expired"
    OFFERED = "offered"
    REJECTED = "rejected"
    HIRED = "hired"
    PROPOSED = "proposed"
    ACTIVE = "active"
    ENDED = "ended"
    ERASED = "erased"


class Term(Value):
    """The agreed term and share of time of a secondment or an internship (期限与投入比例)."""

    starts_on: date = Field(examples=["2022-10-01"])
    ends_on: date = Field(examples=["2023-09-30"])
    share_percent: int | None = Field(None, ge=1, le=100, title="时间投入比例", examples=[40])


class PlacementChanged(
    Fact,
    topic=PLACEMENT,
    name="talent.placement-changed.v1",
    key="placement_id",
    audience=ENTERPRISE,
):
    """Where one candidate and one enterprise stand (人才对接变更). Carries ids, never a contact."""

    placement_id: str = Field(examples=["2f0c9f0e-53a4-47a2-a5b2-6b2f4f9b7c31"])
    version: int = Field(ge=1, description="Grows by one per change; never restarts.")
    kind: PlacementKind
    status: PlacementStatus
    uscc: Uscc
    position_id: str | None = Field(None, examples=["8d7f1a52-3c1e-4a8e-9a57-0c6a2f9e4b10"])
    candidate_id: str | None = Field(
        None,
        description="A pseudonym that only the talent service resolves; absent once erased.",
        examples=["5b8f4c3e-90f4-4a37-8f0e-6b7f0d5f1c22"],
    )
    term: Term | None = None
    changed_at: Instant
