"""The answer on listing readiness."""

from datetime import date

from pydantic import BaseModel, Field

from services.funding.products.schemas import CriterionRead
from services.funding.readiness.metrics import Stated
from services.funding.rule_files import Texts
from shared.rules.provenance import Verification


class RequirementRead(BaseModel):
    """One standard or requirement (上市标准或条件)."""

    id: str = Field(title="编号", examples=["standard_1"])
    text: Texts = Field(title="内容")
    met: bool | None = Field(title="是否满足", description="Null: cannot be judged.")
    unmet: list[CriterionRead] = Field(
        title="差距", description="What fails or cannot be judged, with how far."
    )
    missing: list[str] = Field(title="缺失事实", description="Add to the dossier, or state.")


class ListingRuleRead(BaseModel):
    """A rule judged: one of the standards and all of the requirements (规则评价)."""

    id: str
    name: Texts = Field(title="规则名称")
    document_no: str = Field(title="文号")
    in_force: bool = Field(title="评价日有效")
    met: bool | None = Field(
        title="是否满足", description="One standard and every requirement; null: cannot be judged."
    )
    standards: list[RequirementRead] = Field(title="标准", description="One is needed.")
    requirements: list[RequirementRead] = Field(title="其他条件", description="All are needed.")
    source: str = Field(title="来源")
    verification: Verification = Field(title="核验程度")


class StepRead(BaseModel):
    """A step of the route (路径步骤)."""

    id: str
    text: Texts = Field(title="步骤")
    done: bool | None = Field(title="已完成", description="Null: the listing stage is not known.")


class LockUpRead(BaseModel):
    """How long holders stay locked up on one board (限售期)."""

    board: str = Field(title="板块")
    name: Texts = Field(title="板块名称")
    months: int = Field(title="限售月数")


class ListingReadiness(BaseModel):
    """How far the enterprise is on the way to the Beijing exchange (上市准备度)."""

    uscc: str = Field(title="统一社会信用代码")
    judged_on: date = Field(title="评价日期")
    stage: Texts | None = Field(title="上市进程", description="Null: not in the dossier.")
    stated: Stated = Field(title="申报人陈述")
    bse: ListingRuleRead = Field(title="北交所上市条件")
    neeq: ListingRuleRead = Field(title="新三板创新层进入条件")
    route: list[StepRead] = Field(title="上市路径")
    lock_up_applies_to: Texts = Field(title="限售对象")
    lock_ups: list[LockUpRead] = Field(title="限售期比较")
    route_source: str = Field(title="路径与限售期来源")
    route_verification: Verification = Field(title="核验程度")
