"""Parts that requests and answers of several aggregates share: skills, codes, explanations."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from stdnum.cn import uscc as uscc_numbers

from contracts.events.talent import TalentKind
from contracts.values import Uscc
from services.talent.matching.explain import Part
from services.talent.matching.features import Kinds
from services.talent.matching.index import Filter
from services.talent.matching.taxonomy import disciplines
from shared.errors import Unprocessable
from shared.http import decode_cursor
from shared.problems import wants_chinese


def _known_discipline(code: int) -> int:
    if code and code not in disciplines():
        raise ValueError("Take a discipline from /v1/dictionaries/disciplines, or 0 for none.")
    return code


def _checked_uscc(code: object) -> object:
    if not isinstance(code, str):
        return code
    code = code.strip().upper()
    if len(code) == 18 and not uscc_numbers.is_valid(code):
        raise ValueError("The check character of the code is wrong; compare with the licence.")
    return code


DisciplineCode = Annotated[
    int, AfterValidator(_known_discipline), Field(ge=0, le=99, title="学科", examples=[20])
]
TalentLevel = Annotated[
    int, Field(ge=0, le=6, title="层级", description="0: not stated.", examples=[3])
]
Years = Annotated[int, Field(ge=0, le=60, title="工作年限", examples=[5])]
Words = Annotated[str, Field(min_length=1, max_length=40)]
CheckedUscc = Annotated[Uscc, BeforeValidator(_checked_uscc)]
KIND_BITS = {
    TalentKind.MANAGERIAL: Kinds.MANAGERIAL,
    TalentKind.INNOVATIVE: Kinds.INNOVATIVE,
    TalentKind.SKILLED: Kinds.SKILLED,
}


class MatchPart(BaseModel):
    """One named part of a score and why it is what it is (匹配分项)."""

    name: str = Field(title="分项")
    title: str = Field(title="分项名称")
    points: int = Field(title="得分")
    most: int = Field(title="满分")
    seen: str = Field(title="依据")
    matched: list[str] = Field(title="命中文字", description="Words of the candidate's own text.")
    raised_by: str | None = Field(title="提升建议")


def read_parts(parts: Sequence[Part], request: Request) -> list[MatchPart]:
    """The parts in the caller's language."""
    side = 0 if wants_chinese(request) else 1
    return [
        MatchPart(
            name=part.name,
            title=part.title[side],
            points=part.points,
            most=part.most,
            seen=part.seen[side],
            matched=list(part.matched),
            raised_by=part.raised_by[side] if part.raised_by else None,
        )
        for part in parts
    ]


MatchLimit = Annotated[int, Query(ge=1, le=100, title="条数")]
RegionPrefix = Annotated[
    str | None,
    Query(pattern="^[1-8][0-9]([0-9]{2})?$", title="行政区划前缀", description="Province or city."),
]


async def match_filter(
    region: RegionPrefix = None,
    kind: Annotated[TalentKind | None, Query(title="人才类型")] = None,
    level: Annotated[int | None, Query(ge=1, le=6, title="最低层级")] = None,
    discipline: Annotated[int | None, Query(ge=1, le=99, title="学科")] = None,
) -> Filter:
    """What a caller adds to the hard constraints."""
    return Filter(
        region=region,
        kinds=None if kind is None else int(KIND_BITS[kind]),
        level=level,
        discipline=discipline,
    )


def after_id(cursor: str | None) -> UUID | None:
    """The id a page begins after. Raises Unprocessable for a cursor that is not ours."""
    key = decode_cursor(cursor, [str])
    try:
        return UUID(key[0]) if key else None
    except ValueError:
        raise Unprocessable(
            "This cursor is not one of ours. Follow the Link header of the page before.",
            "游标无效,请使用上一页 Link 头中的地址。",
        ) from None
