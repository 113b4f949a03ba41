"""Requests and responses of the service cases."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.catalog import CaseEvidence, CaseState
from contracts.values import Instant, Money, Whole
from services.catalog.providers.schemas import AuthorityCode, ProviderCode
from shared.uscc import CheckedUscc


class CaseKind(StrEnum):
    """What a case is for: 数字化, 绿色化, 其他服务."""

    DIGITAL = "digital"
    GREEN = "green"
    GENERAL = "general"


class BatchWrite(BaseModel):
    """A batch of enterprises for one kind of service (分批组织)."""

    model_config = ConfigDict(extra="forbid")

    authority: AuthorityCode
    kind: CaseKind = Field(title="服务类型")
    title: str = Field(title="批次名称", min_length=2, max_length=200)
    enterprises: list[CheckedUscc] = Field(title="企业", min_length=1, max_length=500)


class Diagnosis(BaseModel):
    """What the diagnosis found (诊断报告)."""

    model_config = ConfigDict(extra="forbid")

    digital_level: Annotated[Whole, Field(ge=1, le=4)] | None = Field(None, title="数字化水平")
    green_level: Annotated[Whole, Field(ge=1, le=5)] | None = Field(None, title="绿色化水平")
    report: str = Field(title="报告编号或存放位置", min_length=2, max_length=500)
    findings: str = Field("", title="主要问题与建议", max_length=4000)


class CaseMoveWrite(BaseModel):
    """A move of a case; which parts it needs is declared with the move (办理)."""

    model_config = ConfigDict(extra="forbid")

    move: str = Field(title="操作", max_length=32, examples=["pick"])
    note: str | None = Field(None, title="说明", min_length=2, max_length=1000)
    provider: ProviderCode | None = None
    offering_id: UUID | None = Field(None, title="服务项目编号")
    diagnosis: Diagnosis | None = Field(None, title="诊断报告")
    contract_cny: Money | None = Field(None, title="合同金额")
    settlement_cny: Money | None = Field(None, title="结算金额")
    evidence: CaseEvidence | None = Field(None, title="验收成果")


class StepRead(BaseModel):
    """One move of a case (办理记录)."""

    number: int = Field(title="序号")
    move: str = Field(title="操作")
    before: CaseState | None = Field(title="原状态")
    after: CaseState = Field(title="现状态")
    side: str = Field(title="办理方")
    moved_at: Instant = Field(title="时间")
    note: str | None = Field(title="说明")


class CaseRead(BaseModel):
    """A service case (服务案件)."""

    case_id: UUID = Field(title="案件编号")
    batch_id: UUID = Field(title="批次编号")
    uscc: str = Field(title="统一社会信用代码")
    authority: str = Field(title="组织机关")
    kind: CaseKind = Field(title="服务类型")
    state: CaseState = Field(title="状态")
    provider: str | None = Field(title="服务商编号")
    offering_id: UUID | None = Field(title="服务项目编号")
    offering_version: int | None = Field(title="服务项目版本")
    diagnosis: Diagnosis | None = Field(title="诊断报告")
    evidence: CaseEvidence | None = Field(title="验收成果")
    contract_cny: Money | None = Field(title="合同金额")
    settlement_cny: Money | None = Field(title="结算金额")
    assigned_at: Instant = Field(title="分派时间")
    accepted_at: Instant | None = Field(title="验收时间")
    due_on: date | None = Field(title="办理期限")
    overdue: bool = Field(title="已逾期")
    gained: list[str] = Field(title="验收后达到的梯度")
    moves: list[str] = Field(title="可执行操作", description="Moves this caller may make now.")


class CaseDetail(CaseRead):
    """A case with every move it made."""

    steps: list[StepRead] = Field(title="办理记录")


class CasePage(BaseModel):
    """A page of cases; the next one is in the Link header."""

    cases: list[CaseRead]


class BatchRead(BaseModel):
    """A batch with its cases (批次)."""

    batch_id: UUID = Field(title="批次编号")
    authority: str = Field(title="组织机关")
    kind: CaseKind = Field(title="服务类型")
    title: str = Field(title="批次名称")
    opened_at: Instant = Field(title="时间")
    cases: dict[str, UUID] = Field(title="案件", description="Case ids by USCC.")


class StateRead(BaseModel):
    """A state of the procedure and its deadline (状态)."""

    state: CaseState
    zh: str = Field(title="名称")
    deadline_days: int | None = Field(title="办理期限 (天)")
    then: str | None = Field(title="逾期处理")


class MoveRead(BaseModel):
    """A move of the procedure (操作)."""

    move: str
    zh: str = Field(title="名称")
    en: str = Field(title="名称 (英文)")
    sources: list[CaseState] = Field(title="原状态")
    target: CaseState = Field(title="现状态")
    by: list[str] = Field(title="办理方")
    needs: list[str] = Field(title="必填内容")
    takes: list[str] = Field(title="选填内容")


class ProcedureRead(BaseModel):
    """The whole procedure as it is declared (办理流程)."""

    states: list[StateRead]
    moves: list[MoveRead]
