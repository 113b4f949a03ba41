"""What an entitlement says to people (zh, en): why, when, and what is still open.

Owns sentences only. What the source does not say is said to be unknown, never guessed.
"""

from contracts.events.funding import AmountKind
from services.funding.awards.deciding import EndReason
from services.funding.awards.models import Entitlement
from services.funding.rule_files import Texts
from services.funding.titles import title_names

PAID_WITHOUT_APPLICATION = Texts(
    zh="免申即享,无需申请;列入拟拨付名单并公示后由财政部门拨付,来源未载明日期。",
    en="No application is needed. The finance bureau pays after the list of intended payees has"
    " been on public notice; the source gives no date.",
)
AMOUNT_IS_OPEN = Texts(
    zh="免申即享;金额由奖补主体在来源所列范围内核定,来源未载明日期。",
    en="No application is needed. The payer sets the amount within the stated bounds; the source"
    " gives no date.",
)
PAYER_ANNOUNCES = Texts(
    zh="来源仅列明奖补标准;金额、申报方式和截止日期以奖补主体的通知为准。",
    en="The source states only what the payer offers. The payer's notice sets the amount, how to"
    " apply and the deadline.",
)
ENDED = {
    EndReason.TITLE_ANNULLED: Texts(
        zh="称号自始无效,本项权益终止,不予发放。",
        en="The title is void from the start: the entitlement ended and nothing is payable.",
    ),
    EndReason.TITLE_REVOKED: Texts(
        zh="称号已撤销,本项权益终止;已产生的金额不因此追回。",
        en="The title was revoked: the entitlement ended; what was due before is not taken back.",
    ),
}


def why(row: Entitlement) -> Texts:
    """The title that gave it, its document and its first day."""
    name = title_names().get(row.title_kind, Texts(zh=row.title_kind, en=row.title_kind))
    return Texts(
        zh=f"{name.zh},{row.document_no},自{row.effective_on}起有效",
        en=f"Title of {name.en}, document {row.document_no}, effective from {row.effective_on}",
    )


def when(row: Entitlement) -> Texts:
    """How and when it is paid, as far as the source says."""
    if row.end_reason is not None:
        return ENDED[EndReason(row.end_reason)]
    if not row.automatic:
        return PAYER_ANNOUNCES
    return PAID_WITHOUT_APPLICATION if row.amount_kind == AmountKind.FIXED else AMOUNT_IS_OPEN
