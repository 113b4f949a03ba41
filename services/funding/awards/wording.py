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
AMOUNT_IS_SET = Texts(
    zh="金额已由奖补主体核定;列入拟拨付名单并公示后由财政部门拨付,来源未载明日期。",
    en="The payer has set the amount. The finance bureau pays after the list of intended payees"
    " has been on public notice; the source gives no date.",
)
WAITS_FOR_OTHERS = Texts(
    zh="本项与同一称号的其他奖补不重复享受或补差,待其金额核定后确定应付金额。",
    en="This award gives way to others for the same title. What is payable is known once their"
    " amounts are set.",
)
USED_AT_THE_OFFICE = Texts(
    zh="非资金权益,凭有效称号向主管部门办理;具体要求以奖补主体的通知为准。",
    en="A benefit without money, used at the office named with the valid title. The payer's notice"
    " has the details.",
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
    EndReason.MOVED_AWAY: Texts(
        zh="企业已迁出奖补主体辖区,本项权益终止。",
        en="The enterprise moved out of the payer's region: the entitlement ended.",
    ),
    EndReason.NOT_MET_ANY_MORE: Texts(
        zh="称号失效、迁出、注销或不再符合条件,本项权益终止。",
        en="The benefit ended: the title, the region, the registration or a condition it rested on"
        " does not hold any more.",
    ),
}


def name_of_title(kind: str) -> Texts:
    """The official name of a kind of title; the kind itself where no rule names it."""
    return title_names().get(kind, Texts(zh=kind, en=kind))


def why(row: Entitlement) -> Texts:
    """The title that gave it, its document and its first day; or the claim that was approved."""
    if row.origin == "claim":
        return Texts(
            zh=f"申报事项经奖补主体审核同意,自{row.effective_on}起",
            en=f"A claim that the payer approved on {row.effective_on}",
        )
    name = name_of_title(row.title_kind or "")
    return Texts(
        zh=f"{name.zh},{row.document_no},自{row.effective_on}起有效",
        en=f"Title of {name.en}, document {row.document_no}, effective from {row.effective_on}",
    )


def when(row: Entitlement) -> Texts:
    """How and when it is paid, as far as the source says."""
    if row.end_reason is not None:
        return ENDED[EndReason(row.end_reason)]
    if not row.is_money:
        return USED_AT_THE_OFFICE
    if row.granted_cny is not None and row.payable_cny is None:
        return WAITS_FOR_OTHERS
    if not row.automatic:
        return PAYER_ANNOUNCES if row.payable_cny is None else AMOUNT_IS_SET
    return PAID_WITHOUT_APPLICATION if row.amount_kind == AmountKind.FIXED else AMOUNT_IS_OPEN
