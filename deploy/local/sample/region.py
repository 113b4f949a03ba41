"""The sample region: 1,000 made-up enterprises of Guangzhou on 2022-09-30, from a fixed seed.

Proportions are the founding report's: 366 hold 专精特新, 69 of them are 小巨人 of batches 1 to 3
(5, 16, 48), 55 more stand in public notice for batch 4; the others are innovative, potential and
ordinary. The same seed gives the same region, byte for byte.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from contracts.dossier import Dossier
from deploy.local.sample.archetypes import ARCHETYPES, Archetype, Attainment, Standing
from deploy.local.sample.codes import make_uscc
from deploy.local.sample.dossiers import build_dossier
from deploy.local.sample.industries import batch_sectors, total_sectors
from deploy.local.sample.names import company_names, draw_district

SEED = 20220930
DOMAIN_DATE = date(2022, 9, 30)
BATCHES = {1: 5, 2: 16, 3: 48}
NOTICE_BATCH = 4
TITLED: tuple[Standing, ...] = ("little_giant", "notice", "specialized")


@dataclass(frozen=True)
class SampleEnterprise:
    """One enterprise: the dossier it files first, and what it is by construction."""

    uscc: str
    archetype: Archetype
    sector: str
    batch: int | None
    dossier: Dossier

    @property
    def standing(self) -> Standing:
        return self.archetype.standing

    @property
    def attainment(self) -> Attainment:
        """The label of 创新型 (2022 edition), after the changes of the run."""
        return self.archetype.attainment

    @property
    def holds_specialized(self) -> bool:
        return self.standing in TITLED

    @property
    def holds_little_giant(self) -> bool:
        return self.standing == "little_giant"


@cache
def build_region(seed: int = SEED) -> tuple[SampleEnterprise, ...]:
    """The enterprises in the order in which they are filed."""
    rng = random.Random(seed)
    places = [place for cohort in _cohorts(rng) for place in cohort]
    names = company_names(rng)
    numbers = rng.sample(range(1_000_000), len(places))
    enterprises = []
    for (archetype, sector, batch), fancy_name, number in zip(places, names, numbers, strict=False):
        region = draw_district(rng)
        uscc = make_uscc(region, number)
        dossier = build_dossier(uscc, region, fancy_name, sector, archetype, rng)
        enterprises.append(SampleEnterprise(uscc, archetype, sector, batch, dossier))
    rng.shuffle(enterprises)
    return tuple(enterprises)


Place = tuple[Archetype, str, int | None]


def _cohorts(rng: random.Random) -> Iterator[list[Place]]:
    """Who stands where, in which sector, in which batch."""
    giants = _members("little_giant", rng)
    for batch, count in BATCHES.items():
        members, giants = giants[:count], giants[count:]
        yield _placed(members, batch_sectors(batch, count, rng), batch)
    notice = _members("notice", rng)
    yield _placed(notice, batch_sectors(NOTICE_BATCH, len(notice), rng), NOTICE_BATCH)
    others: tuple[Standing, ...] = ("specialized", "innovative", "potential", "ordinary")
    for standing in others:
        members = _members(standing, rng)
        yield _placed(members, total_sectors(len(members), rng), None)


def _members(standing: Standing, rng: random.Random) -> list[Archetype]:
    members = [a for a in ARCHETYPES if a.standing == standing for _ in range(a.count)]
    rng.shuffle(members)
    return members


def _placed(members: list[Archetype], sectors: list[str], batch: int | None) -> list[Place]:
    """Give each member a sector; those bound to one take it from the same shares first."""
    left = list(sectors)
    bound = [member for member in members if member.shape.sector is not None]
    free = [member for member in members if member.shape.sector is None]
    places: list[Place] = []
    for member in bound:
        assert member.shape.sector is not None
        left.remove(member.shape.sector)
        places.append((member, member.shape.sector, batch))
    places += [(member, sector, batch) for member, sector in zip(free, left, strict=True)]
    return places
