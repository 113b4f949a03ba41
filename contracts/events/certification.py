"""Events of the certification service: the outlook and the titles (评价结果, 称号)."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from contracts.fact import ENTERPRISE, PUBLIC, Fact, Topic
from contracts.values import Tier, Uscc, Value

OUTLOOK = Topic(
    name="certification.outlook", owner="certification", title="梯度评价结果", compacted=True
)
TITLE = Topic(name="certification.title", owner="certification", title="称号", compacted=True)


class Attainment(StrEnum):
    """Whether a tier's conditions are met (是否达到)."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    CANNOT_BE_JUDGED = "cannot_be_judged"


class TierOutlook(Value):
    """What one rule set says of one tier today."""

    tier: Tier
    rule_set: str = Field(title="规则集", examples=["miit-2022-63"])
    attainment: Attainment
    points: int | None = Field(None, title="得分")
    unmet: tuple[str, ...] = Field((), title="未满足条件", description="Criterion ids.")
    missing: tuple[str, ...] = Field((), title="缺失事实", description="Fact names.")


class OutlookChanged(
    Fact,
    topic=OUTLOOK,
    name="certification.outlook-changed.v1",
    key="uscc",
    audience=ENTERPRISE,
):
    """Which tiers the enterprise reaches (梯度评价结果变更). Published only when it changed.

    `eligible` and `at_risk` are the present state; `newly_eligible` and `lost` say what this change
    brought (主动发现).
    """

    uscc: Uscc
    version: int = Field(ge=1, description="Grows by one per change; never restarts.")
    judged_on: date = Field(title="评价日期")
    tiers: tuple[TierOutlook, ...]
    eligible: tuple[Tier, ...] = Field(
        (),
        title="可申报梯度",
        description="Reached, the title it requires is held, its own title is not.",
    )
    newly_eligible: tuple[Tier, ...] = Field(
        (), title="新符合申报条件", description="Eligible now and not before this change."
    )
    at_risk: tuple[Tier, ...] = Field(
        (), title="称号存在风险", description="The title is held; the tier is no longer reached."
    )
    lost: tuple[Tier, ...] = Field(
        (),
        title="不再符合申报条件",
        description="Eligible before this change, now neither eligible nor held.",
    )


class TitleStatus(StrEnum):
    """Where a title stands: 公示, 有效, 到期, 撤销 (from now on), 自始无效 (from the start)."""

    PUBLICIZED = "publicized"
    EFFECTIVE = "effective"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ANNULLED = "annulled"


class Title(Value):
    """A title on an official list (公告名单). The platform imports it and never invents one."""

    kind: str = Field(title="称号类别", examples=["specialized_sme"])
    tier: Tier | None = Field(None, title="对应梯度", description="The tier it counts as, if any.")
    status: TitleStatus
    authority: str = Field(title="认定机关", examples=["440000"])
    document_no: str = Field(title="文号")
    document_on: date = Field(title="文件日期")
    batch: str | None = Field(None, title="批次")
    valid_from: date | None = Field(None, title="有效期起")
    valid_to: date | None = Field(None, title="有效期至", description="Inclusive.")


class TitlesChanged(
    Fact,
    topic=TITLE,
    name="certification.titles-changed.v1",
    key="uscc",
    audience=PUBLIC,
):
    """Every title the enterprise holds or held (称号变更). The latest snapshot alone suffices."""

    uscc: Uscc
    version: int = Field(ge=1, description="Grows by one per change; never restarts.")
    titles: tuple[Title, ...]
