"""Who may claim under a scheme, for which period, and on which title (申报资格)."""

from collections.abc import Sequence

from contracts.events.certification import Title
from services.funding.awards.deciding import fitting_titles
from services.funding.awards.schemes import Scheme
from services.funding.awards.service import holder_of
from services.funding.awards.unmet import Unmet, unmet_of
from services.funding.claims.errors import ClaimIncomplete, NotClaimable, NotEligible
from services.funding.claims.schemas import ClaimWrite
from services.funding.enterprises import Standing, find_enterprise
from services.funding.products.matching import read_standing
from shared import clock
from shared.auth import Role, Subject
from shared.db import Session
from shared.errors import ProblemField
from shared.uscc import slip_in


def payee_code(scheme: Scheme, by: Subject) -> str:
    """The caller's own code, where the scheme is for its kind. Raises NotClaimable."""
    enterprise = scheme.payee == "enterprise"
    wanted = Role.ENTERPRISE if enterprise else Role.INSTITUTION
    if scheme.origin != "claim" or by.role is not wanted:
        raise NotClaimable(
            f"{scheme.id} is not yours to claim: it is for a payee of the kind {scheme.payee},"
            f" {'on a claim' if scheme.origin == 'claim' else 'by title, with no claim'}.",
            f"{scheme.zh}不能由您申报:奖补对象为 {scheme.payee},"
            f"{'经申报' if scheme.origin == 'claim' else '依称号产生,无需申报'}。",
        )
    slip = slip_in(by.uscc or "")
    if by.uscc is None or slip is not None:
        raise NotClaimable(
            f"Your token must carry your USCC{'' if slip is None else f': {slip[0]}'}.",
            f"令牌须载明统一社会信用代码{'' if slip is None else f':{slip[1]}'}。",
        )
    return by.uscc


async def payee_of(
    session: Session, scheme: Scheme, wanted: ClaimWrite, by: Subject, uscc: str
) -> tuple[str, Title | None]:
    """The payee's name, and the title its claim rests on, once it meets every condition."""
    if scheme.payee != "enterprise":
        if wanted.name is None:
            raise incomplete("name", "the name of the payee", "单位名称")
        return wanted.name, None
    if wanted.name is not None:
        raise incomplete("name", "left out; the dossier has it", "不填,以档案为准")
    standing = Standing(await find_enterprise(session, uscc, by), clock.now())
    holder = holder_of(standing)
    unmet = unmet_of(scheme, holder, read_standing(standing))
    if unmet or not scheme.payer.covers(standing.region):
        raise _not_eligible(scheme, standing.region, unmet)
    titles = fitting_titles(scheme, holder)
    return standing.name, titles[0] if titles else None


def _not_eligible(scheme: Scheme, region: str, unmet: Sequence[Unmet]) -> NotEligible:
    if not scheme.payer.covers(region):
        return NotEligible(
            f"{scheme.id} is for enterprises within {scheme.payer.code}; the region is {region}.",
            f"{scheme.zh}仅限 {scheme.payer.code} 辖内企业,企业所在区域为 {region}。",
        )
    return NotEligible(
        "Not met: " + "; ".join(f"{one.text.en}, needed {one.needed.en}" for one in unmet) + ".",
        "不符合条件:" + ";".join(f"{one.text.zh},要求{one.needed.zh}" for one in unmet) + "。",
        [
            ProblemField(field=one.id, message=f"seen {one.seen.en if one.seen else 'unknown'}")
            for one in unmet
        ],
    )


def period_of(scheme: Scheme, project: str | None) -> str:
    """The period a claim of today is for. Raises ClaimIncomplete."""
    if (scheme.period == "project") != (project is not None):
        if project is None:
            raise incomplete("project", "given: one claim per project", "填写,按项目申报")
        raise incomplete("project", "left out", "不填")
    return project or scheme.period_of(clock.today())


def incomplete(field: str, needed: str, needed_zh: str) -> ClaimIncomplete:
    """The error for a part of the claim that is missing, wrong or too much."""
    return ClaimIncomplete(
        f"{field} must be {needed}.",
        f"{field} 应{needed_zh}。",
        [ProblemField(field=f"body.{field}", message=needed)],
    )
