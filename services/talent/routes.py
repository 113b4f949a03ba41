"""HTTP of matches, statistics and the matcher's dictionaries."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.talent.candidates.profiles import card_of
from services.talent.candidates.schemas import PositionMatch, PositionMatches
from services.talent.matcher import Matching
from services.talent.matches import match_candidates, match_positions
from services.talent.matching.index import Filter
from services.talent.matching.taxonomy import disciplines, taxonomy
from services.talent.positions.schemas import CandidateMatch, CandidateMatches
from services.talent.positions.service import names_of
from services.talent.statistics import Dimension, count_balance
from services.talent.wording import MatchLimit, match_filter, read_parts
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.http import Db

router = create_router("人才匹配 Matching")

Firm = Annotated[Subject, allow(Role.ENTERPRISE, Role.REGULATOR, Role.OPERATOR)]
Owner = Annotated[Subject, allow(Role.TALENT, Role.INSTITUTION, Role.PROVIDER)]
Staff = Annotated[Subject, allow(Role.REGULATOR, Role.OPERATOR, Role.FINANCE, Role.AUDITOR)]
Only = Annotated[Filter, Depends(match_filter)]


class BalanceRead(BaseModel):
    """Demand against supply for one value (供需对比)."""

    value: str = Field(title="取值", description="Empty: not stated.")
    wanted: int = Field(title="需求人数")
    filled: int = Field(title="已到岗人数")
    open: int = Field(title="缺口")
    candidates: int | None = Field(title="在库人才", description="Empty where supply has none.")


class TalentStatistics(BaseModel):
    """Demand against supply within the caller's authority (供需统计)."""

    by: Dimension = Field(title="维度")
    rows: list[BalanceRead]


class SkillRead(BaseModel):
    """A skill of the taxonomy (技能)."""

    skill_id: str = Field(title="技能编号")
    name: str = Field(title="技能")
    name_en: str = Field(title="英文名称")
    group: str = Field(title="技能组")
    terms: list[str] = Field(title="同义词")


class SkillList(BaseModel):
    """Every skill the matcher recognises; `version` names the content."""

    version: str
    skills: list[SkillRead]


class DisciplineRead(BaseModel):
    """A discipline (学科)."""

    code: int
    name: str
    name_en: str


@router.get(
    "/v1/positions/{position_id}/matches",
    summary="匹配人才 Match candidates",
    response_model=CandidateMatches,
)
async def list_candidate_matches(
    position_id: UUID,
    request: Request,
    session: Db,
    caller: Firm,
    matcher: Matching,
    only: Only,
    limit: MatchLimit = 20,
) -> Response:
    """The candidates that fit best, anonymous, each part of the score explained."""
    found = await match_candidates(session, matcher, position_id, only, limit, caller)
    answer = CandidateMatches(
        position_id=position_id,
        judged_on=found.judged_on,
        considered=found.considered,
        eligible=found.eligible,
        matches=[
            CandidateMatch(
                candidate=card_of(row.candidate, row.reading),
                points=row.points,
                parts=read_parts(row.parts, request),
            )
            for row in found.rows
            if row.candidate is not None and row.reading is not None
        ],
    )
    return _json(answer)


@router.get(
    "/v1/candidates/{candidate_id}/matches",
    summary="匹配岗位 Match positions",
    response_model=PositionMatches,
)
async def list_position_matches(
    candidate_id: UUID,
    request: Request,
    session: Db,
    caller: Owner,
    matcher: Matching,
    only: Only,
    limit: MatchLimit = 20,
) -> Response:
    """The published positions that fit best, each part of the score explained."""
    found = await match_positions(session, matcher, candidate_id, only, limit, caller)
    positions = [(row, row.position) for row in found.rows if row.position is not None]
    names = await names_of(session, [position.uscc for _, position in positions])
    answer = PositionMatches(
        candidate_id=candidate_id,
        judged_on=found.judged_on,
        considered=found.considered,
        eligible=found.eligible,
        matches=[
            PositionMatch(
                position_id=position.position_id,
                uscc=position.uscc,
                enterprise=names.get(position.uscc),
                title=position.wanted["title"],
                region=position.region,
                points=row.points,
                parts=read_parts(row.parts, request),
            )
            for row, position in positions
        ],
    )
    return _json(answer)


def _json(answer: BaseModel) -> Response:
    """A valid model as it is: the framework would validate hundreds of parts once more."""
    return Response(answer.model_dump_json(), media_type="application/json")


@router.get("/v1/talent-statistics", summary="供需统计 Demand against supply")
async def read_talent_statistics(
    session: Db, caller: Staff, by: Annotated[Dimension, Query(title="维度")]
) -> TalentStatistics:
    """Places asked for, filled and open, and listed candidates, in the authority's scope."""
    rows = await count_balance(session, by, caller.authority)
    return TalentStatistics(
        by=by,
        rows=[
            BalanceRead(
                value=row.value,
                wanted=row.wanted,
                filled=row.filled,
                open=row.wanted - row.filled,
                candidates=row.candidates,
            )
            for row in rows
        ],
    )


@router.get("/v1/dictionaries/skills", summary="技能分类 Skills", dependencies=[open_to_all])
async def list_skills() -> SkillList:
    """The taxonomy of skills with its synonyms. Open to everybody."""
    known = taxonomy()
    return SkillList(
        version=known.version,
        skills=[
            SkillRead(
                skill_id=skill.skill_id,
                name=skill.zh,
                name_en=skill.en,
                group=known.groups[skill.group].zh,
                terms=list(skill.terms),
            )
            for skill in known.skills
        ],
    )


@router.get("/v1/dictionaries/disciplines", summary="学科 Disciplines", dependencies=[open_to_all])
async def list_disciplines() -> list[DisciplineRead]:
    """Disciplines by code. Open to everybody."""
    return [
        DisciplineRead(code=code, name=row["zh"], name_en=row["en"])
        for code, row in disciplines().items()
    ]
