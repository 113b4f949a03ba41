"""The gap in the caller's language: the least set of changes that reaches a tier (差距分析)."""

from datetime import date

from pydantic import BaseModel, Field

from contracts.values import Tier
from shared.rules.gap import Change, Gap, Path, gap
from shared.rules.metric import Reading
from shared.rules.model import RuleSet


class ChangeRead(BaseModel):
    """One thing to change (改进项)."""

    metric: str = Field(title="指标")
    text: str = Field(title="指标名称")
    seen: str | None = Field(title="当前值")
    needed: str = Field(title="目标值")
    known: bool = Field(
        title="当前值已知", description="False: state it; it must be at least the target."
    )
    earliest_on: date = Field(title="最早计入日期", description="From when a change counts.")
    in_time: bool = Field(title="施行期内", description="It counts before the edition ends.")
    helps: list[str] = Field(title="可提供帮助的服务类别")


class PathRead(BaseModel):
    """One set of changes that reaches the tier (达标路径)."""

    by: str | None = Field(title="途径", description="score, or a direct route.")
    relative_sum: str = Field(
        title="相对变动之和", description="A fraction; see the cost model in the documentation."
    )
    changes: list[ChangeRead] = Field(title="改进项")


class GapRead(BaseModel):
    """What separates an enterprise from a tier (差距分析). The first path is the least of all."""

    tier: Tier = Field(title="梯度")
    rule_set: str = Field(title="规则集")
    met: bool | None = Field(title="是否达到", description="Null: cannot be judged.")
    paths: list[PathRead] = Field(title="达标路径")
    blocked: list[str] = Field(
        title="无法改进的条件",
        description="Without a path: what nothing that may be advised mends.",
    )
    blocked_until: date | None = Field(title="限制截止日期")
    deadline_on: date | None = Field(
        title="规则集失效日期", description="The last day the edition takes filings."
    )


def gap_read(rules: RuleSet, tier: Tier, reading: Reading, chinese: bool) -> GapRead:
    """The gap to one tier. Takes a tenth of a second: run it beside the event loop."""
    return _read(gap(rules, tier, reading), tier, chinese)


def _read(found: Gap, tier: Tier, chinese: bool) -> GapRead:
    return GapRead(
        tier=tier,
        rule_set=found.rule_set,
        met=found.met,
        paths=[_path(path, chinese) for path in found.paths],
        blocked=list(found.blocked),
        blocked_until=found.blocked_until,
        deadline_on=found.deadline_on,
    )


def _path(path: Path, chinese: bool) -> PathRead:
    return PathRead(
        by=path.by,
        relative_sum=str(path.relative_sum),
        changes=[_change(change, chinese) for change in path.changes],
    )


def _change(change: Change, chinese: bool) -> ChangeRead:
    return ChangeRead(
        metric=change.metric,
        text=change.zh if chinese else change.en,
        seen=change.seen_zh if chinese else change.seen_en,
        needed=change.needed_zh if chinese else change.needed_en,
        known=change.known,
        earliest_on=change.earliest_on,
        in_time=change.in_time,
        helps=list(change.helps),
    )
