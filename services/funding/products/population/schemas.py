"""Answers of the population matches."""

from uuid import UUID

from pydantic import BaseModel, Field

from contracts.values import Instant
from services.funding.products.population.models import MatchStatus, ProductMatch


class ProductMatchRead(BaseModel):
    """A version of a product matched to the whole population, with how far it is (全量匹配进度)."""

    match_id: UUID = Field(title="匹配任务编号")
    product_id: str = Field(title="产品编号")
    version: int = Field(title="产品版本")
    owner: str = Field(title="机构代码")
    status: MatchStatus = Field(title="状态")
    total: int | None = Field(title="企业总数", description="Null until it has begun.")
    judged: int = Field(title="已评价企业数", description="Registered ones, page by page.")
    eligible: int = Field(title="符合条件企业数")
    not_eligible: int = Field(title="不符合条件企业数")
    cannot_be_judged: int = Field(title="无法判断企业数", description="Facts are missing.")
    changes: int = Field(
        title="已发布变更数",
        description="Snapshots published to the bank's topic; its own consent.",
    )
    changes_per_s: int = Field(title="发布速率上限(每秒)")
    requested_at: Instant = Field(title="提出时间")
    requested_by: str = Field(title="提出方")
    finished_at: Instant | None = Field(title="结束时间")
    problem: str | None = Field(title="问题", description="Why the last attempt stopped.")


class ProductMatchPage(BaseModel):
    """Matches, newest first."""

    matches: list[ProductMatchRead]


def read_product_match(row: ProductMatch) -> ProductMatchRead:
    """A match as the API shows it."""
    return ProductMatchRead(
        match_id=row.match_id,
        product_id=row.product_id,
        version=row.version,
        owner=row.owner,
        status=MatchStatus(row.status),
        total=row.total,
        judged=row.judged,
        eligible=row.eligible,
        not_eligible=row.not_eligible,
        cannot_be_judged=row.not_judged,
        changes=row.changes,
        changes_per_s=row.changes_per_s,
        requested_at=row.requested_at,
        requested_by=row.requested_by,
        finished_at=row.finished_at,
        problem=row.problem,
    )
