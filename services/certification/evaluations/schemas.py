"""Responses of stored evaluations."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.values import Instant


class EvaluationSummary(BaseModel):
    """A judgement that changed the outlook (评价记录)."""

    evaluation_id: UUID = Field(title="评价编号")
    uscc: str = Field(title="统一社会信用代码")
    outlook_version: int = Field(title="评价结果版本", description="Of OutlookChanged.")
    as_of: date = Field(title="评价日期", description="The day whose law judged.")
    known_at: Instant = Field(title="档案知悉时间")
    judged_at: Instant = Field(title="评价时间")
    dossier_version: int = Field(title="档案版本")
    rule_sets: dict[str, str] = Field(
        title="规则集及文本摘要", description="Rule set id to the SHA-256 of its text."
    )


class EvaluationPage(BaseModel):
    """A page of evaluations, newest first; the next one is in the Link header."""

    evaluations: list[EvaluationSummary] = Field(title="评价记录")


class CriterionText(BaseModel):
    """What a criterion of the verdict says, by the rule text that judged (条件内容)."""

    rule_set: str = Field(title="规则集")
    tier: str = Field(title="梯度")
    id: str = Field(title="条件编号")
    kind: str = Field(title="条件类型")
    parent: str | None = Field(title="上级条件")
    text: str = Field(title="条件内容")
    needed: str = Field(title="要求")
    source: str = Field(title="依据")
    verification: str = Field(title="核实程度")


class EvaluationRead(EvaluationSummary):
    """An evaluation with its exact inputs and its verdict as stored (评价记录)."""

    rulebook: str = Field(title="规则汇编摘要", description="Digest over all rule files.")
    facts_digest: str = Field(title="事实摘要", description="SHA-256 of the canonical facts.")
    facts: dict[str, Any] = Field(title="评价所用事实")
    titles: list[dict[str, Any]] = Field(title="评价时的称号")
    verdict: dict[str, Any] = Field(
        title="评价结果", description="As stored; values that were not known are left out."
    )
    criteria: list[CriterionText] = Field(title="条件内容")


class DifferenceRead(BaseModel):
    """One place where stored and recomputed differ (差异)."""

    path: str = Field(title="位置")
    stored: str | None = Field(title="存储值")
    recomputed: str | None = Field(title="复算值")


class RecomputationRead(BaseModel):
    """The evaluation judged again from its own inputs and rule texts (复算结果)."""

    evaluation_id: UUID = Field(title="评价编号")
    identical: bool = Field(title="完全一致", description="Byte for byte, inputs included.")
    facts_unchanged: bool = Field(title="事实未变")
    rules_unchanged: bool = Field(title="规则文本未变")
    stored_digest: str = Field(title="存储结果摘要")
    recomputed_digest: str | None = Field(title="复算结果摘要")
    difference_count: int = Field(title="差异数")
    differences: list[DifferenceRead] = Field(title="差异", description="At most 200 here.")
