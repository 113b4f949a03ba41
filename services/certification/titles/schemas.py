"""Responses of the title and official-list routes."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.events.certification import TitleStatus
from contracts.values import Instant, Tier


class TitleRead(BaseModel):
    """A title an enterprise holds or held (称号)."""

    kind: str = Field(title="称号类别", examples=["specialized_sme"])
    name: str = Field(title="称号名称")
    tier: Tier | None = Field(title="对应梯度")
    level: str | None = Field(title="级别")
    status: TitleStatus = Field(title="状态")
    in_force: bool = Field(title="当前有效")
    authority: str = Field(title="认定机关代码")
    authority_name: str | None = Field(title="认定机关")
    document_no: str = Field(title="文号")
    document_on: date = Field(title="文件日期")
    batch: str | None = Field(title="批次")
    valid_from: date | None = Field(title="有效期起")
    valid_to: date | None = Field(title="有效期至", description="Inclusive.")


class TitleListRead(BaseModel):
    """Every title of one enterprise, oldest document first (企业称号)."""

    uscc: str = Field(title="统一社会信用代码")
    titles: list[TitleRead] = Field(title="称号")


class TitleCount(BaseModel):
    """How many enterprises have a title in a status (称号汇总)."""

    kind: str = Field(title="称号类别")
    name: str = Field(title="称号名称")
    status: TitleStatus = Field(title="状态")
    enterprises: int = Field(title="企业数")


class TitleSummary(BaseModel):
    """Titles of the enterprises within the caller's authority (称号汇总)."""

    authority: str | None = Field(title="主管部门")
    counts: list[TitleCount] = Field(title="分类统计")


class TitleKindRead(BaseModel):
    """A kind of title (称号类别)."""

    kind: str = Field(title="称号类别")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    tier: Tier | None = Field(title="对应梯度")
    level: str = Field(title="级别")
    act: str = Field(title="认定方式")
    decided_by: list[str] = Field(title="认定机关层级")
    validity_years: int | None = Field(title="有效期(年)")
    source: str = Field(title="依据")
    verification: str = Field(title="核实程度")


class OfficialListRead(BaseModel):
    """An official list as imported (公告名单、公示名单)."""

    list_id: UUID = Field(title="名单编号")
    kind: str = Field(title="称号类别")
    status: Literal["publicized", "effective"] = Field(title="名单性质")
    authority: str = Field(title="认定机关代码")
    document_no: str = Field(title="文号")
    document_on: date = Field(title="文件日期")
    valid_from: date | None = Field(title="有效期起")
    valid_to: date | None = Field(title="有效期至")
    encoding: str = Field(title="文件编码", description="utf-8, gb18030 or xlsx.")
    rows: int = Field(title="行数")
    matched: int = Field(title="已建档企业数")
    unmatched: int = Field(title="未建档企业数")
    imported_at: Instant = Field(title="导入时间")
    imported_by: str = Field(title="导入人")


class ListRowRead(BaseModel):
    """A row of an official list (名单行)."""

    uscc: str = Field(title="统一社会信用代码")
    name: str = Field(title="企业名称")
    batch: str | None = Field(title="批次")
    valid_from: date | None = Field(title="有效期起")
    valid_to: date | None = Field(title="有效期至")
    matched: bool = Field(title="已建档")


class RowWarning(BaseModel):
    """A row that was taken and should be looked at (提示)."""

    uscc: str = Field(title="统一社会信用代码")
    name: str = Field(title="名单中的企业名称")
    message: str = Field(title="说明")


class ImportRead(OfficialListRead):
    """What an import did (导入结果)."""

    repeated: bool = Field(
        title="重复导入", description="The same list was imported before; nothing changed."
    )
    changed: int = Field(title="称号变更企业数", description="Of the matched enterprises.")
    unchanged: int = Field(title="称号未变企业数", description="Of the matched enterprises.")
    unmatched_rows: list[ListRowRead] = Field(
        title="未建档行",
        description="At most 1,000 here. Kept: the title is given when the dossier arrives.",
    )
    warnings: list[RowWarning] = Field(title="提示", description="At most 1,000 here.")


class ListDetail(OfficialListRead):
    """A list with a page of its rows; the next page is in the Link header."""

    page: list[ListRowRead] = Field(title="名单行")


class OfficialListPage(BaseModel):
    """A page of lists, newest first; the next one is in the Link header."""

    lists: list[OfficialListRead]
