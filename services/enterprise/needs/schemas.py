"""Requests and responses of the needs."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from contracts.events.catalog import ServiceKind
from contracts.events.enterprise import FinancingTerms, NeedKind, NeedStatus
from contracts.values import Day, Flag, Instant, Whole


class FinancingWrite(FinancingTerms):
    """The money a financing need asks for (融资需求): open to all banks, or to named ones."""

    tenor_months: Annotated[Whole, Field(ge=1, le=360, title="期限(月)")]
    open_to_all_banks: Flag = Field(title="向所有银行开放")

    @model_validator(mode="after")
    def _one_audience(self) -> "FinancingWrite":
        if self.open_to_all_banks == bool(self.banks):
            raise PydanticCustomError(
                "need_banks",
                "Open the need to all banks and name none, or name the banks that may see it.",
                {"zh": "向所有银行开放时不填 banks,否则须指明可见银行。"},
            )
        return self


class NeedWrite(BaseModel):
    """A need as the enterprise states it (提出需求).

    Providers that could meet it see it with the enterprise's name; so do the banks it is open to.
    """

    model_config = ConfigDict(extra="forbid")

    kind: NeedKind = Field(title="需求类别", examples=["digital"])
    service: ServiceKind | None = Field(
        None, title="公共服务类别", description="With the kind `service`, and only then."
    )
    financing: FinancingWrite | None = Field(
        None, title="融资需求", description="With the kind `financing`, and only then."
    )
    text: str = Field(
        title="需求说明",
        min_length=4,
        max_length=500,
        description="No names of persons and no contacts: those stand in the dossier.",
        examples=["生产车间设备联网与数据采集"],
    )
    segment: str | None = Field(
        None,
        title="细分领域",
        max_length=64,
        description="Where it is not the enterprise's own.",
    )
    wanted_by_on: Day | None = Field(None, title="希望完成日期", examples=["2022-12-31"])

    @model_validator(mode="after")
    def _parts_of_its_kind(self) -> "NeedWrite":
        for kind, part in ((NeedKind.SERVICE, "service"), (NeedKind.FINANCING, "financing")):
            if (self.kind is kind) != (getattr(self, part) is not None):
                raise PydanticCustomError(
                    "need_parts",
                    "{part} goes with the kind {kind}, and with no other.",
                    {"part": part, "kind": kind, "zh": f"{part} 仅且必须与类别 {kind} 同时填写。"},
                )
        return self


class NeedClosing(BaseModel):
    """How a need ended (办结需求)."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal[NeedStatus.MET, NeedStatus.WITHDRAWN] = Field(title="结果", examples=["met"])
    note: str | None = Field(None, title="说明", min_length=2, max_length=500)


class NeedRead(BaseModel):
    """A need (企业需求)."""

    need_id: UUID = Field(title="需求编号")
    kind: NeedKind = Field(title="需求类别")
    service: ServiceKind | None = Field(title="公共服务类别")
    financing: FinancingTerms | None = Field(title="融资需求")
    text: str = Field(title="需求说明")
    segment: str | None = Field(title="细分领域")
    wanted_by_on: Day | None = Field(title="希望完成日期")
    status: NeedStatus = Field(title="状态")
    opened_at: Instant = Field(title="提出时间")
    closed_at: Instant | None = Field(title="办结时间")
    closing_note: str | None = Field(title="办结说明")


class NeedPage(BaseModel):
    """A page of one enterprise's needs, newest first; the next one is in the Link header."""

    needs: list[NeedRead]


class LibraryNeed(NeedRead):
    """A need in the library with the enterprise that has it (需求库)."""

    uscc: str = Field(title="统一社会信用代码")
    name: str = Field(title="企业名称")
    region: str = Field(title="行政区划代码")
    industry: str = Field(title="国民经济行业代码")
    segment: str | None = Field(title="细分领域", description="The need's own, else its firm's.")


class LibraryPage(BaseModel):
    """A page of the library, newest first; the next one is in the Link header."""

    needs: list[LibraryNeed]


class NeedCount(BaseModel):
    """How many open needs of a kind there are in a segment."""

    kind: NeedKind = Field(title="需求类别")
    segment: str | None = Field(title="细分领域", description="Null: the enterprise names none.")
    open: int = Field(title="待对接需求数")


class NeedCounts(BaseModel):
    """Open needs by kind and segment, the most first (需求统计)."""

    counts: list[NeedCount]
