"""What a bank pulls: the records of its topic under another roof."""

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, Field

from contracts.events.funding import EligibleProduct, SharedProfile, WithdrawalReason
from contracts.values import Instant


class PulledStatus(StrEnum):
    """As on the topic (资格状态); `deleted` stands for the tombstone: keep the version only."""

    ELIGIBLE = "eligible"
    WITHDRAWN = "withdrawn"
    DELETED = "deleted"


class EligibilityRead(BaseModel):
    """What the bank's topic last said of one enterprise (贷款资格), word for word."""

    bank: str = Field(title="银行代码")
    uscc: str = Field(title="统一社会信用代码")
    version: int = Field(title="版本", description="Grows by one per change; never restarts.")
    status: PulledStatus = Field(title="资格状态")
    reason: WithdrawalReason | None = Field(None, title="撤回原因")
    consent_id: str | None = Field(None, title="授权编号")
    purpose: str | None = Field(None, title="授权用途")
    valid_until: date | None = Field(None, title="有效期至", description="Inclusive.")
    judged_at: Instant | None = Field(None, title="评价时间")
    products: tuple[EligibleProduct, ...] | None = Field(None, title="可申请产品")
    profile: SharedProfile | None = Field(None, title="授权字段")


class EligibilityFeed(BaseModel):
    """Changes after the cursor, in an order that leaves no gap (贷款资格增量)."""

    bank: str = Field(title="银行代码")
    eligibilities: list[EligibilityRead] = Field(title="变更", description="In this order.")
    next: str = Field(title="下次的游标", description="Send it as `since` the next time.")
    more: bool = Field(title="尚有更多", description="Ask again at once.")


class PublicKey(BaseModel):
    """A key that verifies daily files (RFC 7517)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class KeySetRead(BaseModel):
    """The keys of the daily files (公钥集), a JSON Web Key Set."""

    keys: list[PublicKey]
