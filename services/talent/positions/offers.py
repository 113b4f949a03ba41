"""A position as the matcher sees it. Pure."""

from collections.abc import Iterable
from decimal import Decimal

from contracts.events.talent import PositionStatus, TalentKind, WorkMode
from services.talent.matching.features import Modes, Offer, city_of, day_number
from services.talent.matching.recognise import recognise
from services.talent.models import Position
from services.talent.positions.schemas import PositionWrite
from services.talent.wording import KIND_BITS

TEXT_SKILLS_MAX = 10
MODE_BITS = {
    WorkMode.FULL: Modes.FULL,
    WorkMode.FLEXIBLE: Modes.FLEXIBLE,
    WorkMode.OUTSOURCED: Modes.OUTSOURCED,
    WorkMode.INTERNSHIP: Modes.INTERNSHIP,
}


def offer_of(position: Position) -> Offer:
    """What the position asks. One that is not open has no last day and matches nobody."""
    wanted = PositionWrite.model_validate(position.wanted)
    is_open = position.status == PositionStatus.PUBLISHED
    must = _first_skills(wanted.must_skills)
    wish = _first_skills(wanted.wish_skills) - must
    named = [m.skill for m in recognise(f"{wanted.title}\n{wanted.description}") if not m.weak]
    text = [skill for skill in named if skill not in must | wish][:TEXT_SKILLS_MAX]
    city = city_of(wanted.region)
    return Offer(
        kinds=int(KIND_BITS[TalentKind(position.kind)]),
        mode=int(MODE_BITS[WorkMode(position.mode)]),
        must_level=wanted.must_level,
        level=wanted.level,
        must_years=wanted.must_years,
        years=wanted.years,
        must_discipline=wanted.discipline if wanted.must_discipline else 0,
        discipline=wanted.discipline,
        city=city,
        province=city // 100,
        salary=yuan(wanted.salary_max_cny),
        until=day_number(position.open_until) if is_open else 0,
        must=must,
        wish=wish,
        text=frozenset(text),
    )


def yuan(amount: Decimal | None) -> int:
    """Whole yuan; 0 for an amount that is left open."""
    return 0 if amount is None else int(amount)


def _first_skills(words: Iterable[str]) -> frozenset[int]:
    """The skill each declared word names first."""
    found = (recognise(word) for word in words)
    return frozenset(mentions[0].skill for mentions in found if mentions)
