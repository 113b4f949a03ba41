"""One formula, three readings: the scalar one, a column of candidates, a column of positions."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.talent.matching import features, scoring
from services.talent.matching.features import OFFER, PROFILE, Offer, Profile, pack, unpack
from services.talent.matching.index import CandidateIndex, Filter, PositionIndex
from services.talent.matching.pair import judge

TODAY = 8_300
SKILL = st.integers(0, 11)
SKILLS = st.frozensets(SKILL, max_size=4)
CITY = st.sampled_from([4401, 4403, 3301, 1101])


@st.composite
def profiles(draw: Any) -> Profile:
    city = draw(CITY)
    preferred = draw(st.sampled_from([1, 2, 4, 8]))
    return Profile(
        kinds=draw(st.integers(1, 7)),
        level=draw(st.integers(0, 6)),
        years=draw(st.integers(0, 60)),
        discipline=draw(st.sampled_from([0, 10, 11, 20, 62])),
        city=city,
        province=city // 100,
        reach=draw(st.integers(0, 2)),
        wish_a=draw(st.sampled_from([0, 4401])),
        wish_b=draw(st.sampled_from([0, 3301])),
        wish_c=0,
        modes=preferred | draw(st.integers(0, 15)),
        preferred=preferred,
        salary=draw(st.sampled_from([0, 8_000, 20_000, 1_000_000])),
        changed=draw(st.integers(7_800, TODAY)),
        until=draw(st.sampled_from([0, TODAY - 1, TODAY, 9_000])),
        strong=draw(SKILLS),
        weak=draw(SKILLS),
    )


@st.composite
def offers(draw: Any) -> Offer:
    city = draw(CITY)
    return Offer(
        kinds=draw(st.sampled_from([1, 2, 4, 7])),
        mode=draw(st.sampled_from([1, 2, 4, 8])),
        must_level=draw(st.integers(0, 3)),
        level=draw(st.integers(0, 6)),
        must_years=draw(st.sampled_from([0, 0, 3])),
        years=draw(st.integers(0, 60)),
        must_discipline=draw(st.sampled_from([0, 0, 10])),
        discipline=draw(st.sampled_from([0, 10, 20])),
        city=city,
        province=city // 100,
        salary=draw(st.sampled_from([0, 1, 9_000, 1_000_000])),
        until=draw(st.sampled_from([TODAY - 1, TODAY, 9_000])),
        must=draw(st.frozensets(SKILL, max_size=2)),
        wish=draw(SKILLS),
        text=draw(SKILLS),
    )


def expected(points: list[Any], limit: int) -> list[tuple[int, int]]:
    ranked = sorted((-p.total, slot) for slot, p in enumerate(points) if p.eligible)
    return [(slot, -total) for total, slot in ranked[:limit]]


@settings(max_examples=150, deadline=None)
@given(offer=offers(), crowd=st.lists(profiles(), min_size=1, max_size=40))
def test_the_index_of_candidates_gives_what_the_scalar_formula_gives(
    offer: Offer, crowd: list[Profile]
) -> None:
    index = CandidateIndex()
    rows = np.frombuffer(b"".join(map(pack, crowd)), PROFILE)
    index.put(np.arange(len(crowd)), rows)
    found = index.best(offer, TODAY, 5)
    judged = [judge(offer, profile, TODAY) for profile in crowd]
    assert list(zip(found.slots, found.points, strict=True)) == expected(judged, 5)
    assert found.eligible == sum(points.eligible for points in judged)


@settings(max_examples=150, deadline=None)
@given(profile=profiles(), crowd=st.lists(offers(), min_size=1, max_size=40))
def test_the_index_of_positions_gives_what_the_scalar_formula_gives(
    profile: Profile, crowd: list[Offer]
) -> None:
    index = PositionIndex()
    rows = np.frombuffer(b"".join(map(pack, crowd)), OFFER)
    index.put(np.arange(len(crowd)), rows)
    found = index.best(profile, TODAY, 5)
    judged = [judge(offer, profile, TODAY) for offer in crowd]
    assert list(zip(found.slots, found.points, strict=True)) == expected(judged, 5)
    assert found.eligible == sum(points.eligible for points in judged)


def crowd_of(count: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, PROFILE)
    rows["kinds"], rows["modes"], rows["preferred"], rows["until"] = 7, 1, 1, 9_000
    rows["level"] = rng.integers(0, 7, count)
    rows["years"] = rng.integers(0, 40, count)
    rows["city"] = rng.choice([4401, 4403, 3301], count)
    rows["province"] = rows["city"] // 100
    rows["reach"] = rng.integers(0, 3, count)
    rows["salary"] = rng.integers(0, 40_000, count)
    rows["changed"] = rng.integers(7_900, TODAY, count)
    bits = rng.random((count, features.SKILLS_MAX)) < 0.08
    bits[:, 40:] = False
    rows["strong"] = np.packbits(bits, axis=1, bitorder="little")
    return rows


@settings(max_examples=25, deadline=None)
@given(offer=offers(), seed=st.integers(0, 5))
def test_leaving_rows_out_early_changes_nothing_in_a_crowd(offer: Offer, seed: int) -> None:
    """Many more rows than the sample, so most are never scored."""
    rows = crowd_of(9_000, seed)
    index = CandidateIndex()
    index.put(np.arange(len(rows)), rows)
    found = index.best(offer, TODAY, 20)
    judged = [judge(offer, Profile(**unpack(row.tobytes(), PROFILE)), TODAY) for row in rows[::1]]
    assert list(zip(found.slots, found.points, strict=True)) == expected(judged, 20)


@given(profile=profiles(), offer=offers())
def test_a_record_keeps_every_field(profile: Profile, offer: Offer) -> None:
    assert Profile(**unpack(pack(profile), PROFILE)) == profile
    assert Offer(**unpack(pack(offer), OFFER)) == offer


@settings(max_examples=60, deadline=None)
@given(
    crowd=st.lists(profiles(), min_size=3, max_size=20),
    changes=st.lists(st.tuples(st.integers(0, 19), profiles()), max_size=12),
    offer=offers(),
)
def test_an_index_that_followed_changes_equals_one_built_afresh(
    crowd: list[Profile], changes: list[tuple[int, Profile]], offer: Offer
) -> None:
    followed, fresh = CandidateIndex(), CandidateIndex()
    followed.put(np.arange(len(crowd)), np.frombuffer(b"".join(map(pack, crowd)), PROFILE))
    for slot, profile in changes:
        crowd[slot % len(crowd)] = profile
    slots = np.array([slot % len(crowd) for slot, _ in changes], np.int64)
    changed = b"".join(pack(profile) for _, profile in changes)
    followed.put(slots, np.frombuffer(changed, PROFILE))
    fresh.put(np.arange(len(crowd)), np.frombuffer(b"".join(map(pack, crowd)), PROFILE))
    assert followed.best(offer, TODAY, 20) == fresh.best(offer, TODAY, 20)


@given(profile=profiles(), offer=offers())
def test_points_stay_within_their_parts(profile: Profile, offer: Offer) -> None:
    points = judge(offer, profile, TODAY)
    most = {"skills": scoring.SKILLS_POINTS} | {n: m for n, (_, m) in scoring.PARTS.items()}
    assert set(points.parts) == set(most)
    assert all(0 <= points.parts[name] <= most[name] for name in most)
    assert sum(most.values()) == scoring.POINTS_MAX == 1000


@given(profile=profiles(), offer=offers(), skill=SKILL)
def test_one_more_skill_never_lowers_the_score(profile: Profile, offer: Offer, skill: int) -> None:
    more = Profile(**{**vars(profile), "strong": profile.strong | {skill}})
    assert judge(offer, more, TODAY).total >= judge(offer, profile, TODAY).total


def test_a_filter_only_narrows_the_answer() -> None:
    rows = crowd_of(2_000, 1)
    index = CandidateIndex()
    index.put(np.arange(len(rows)), rows)
    offer = Offer(7, 1, 0, 3, 0, 5, 0, 0, 4401, 44, 20_000, 9_000, wish=frozenset({3, 4}))
    everyone = index.best(offer, TODAY, 2_000)
    narrowed = index.best(offer, TODAY, 2_000, Filter(region="4401", level=3))
    kept = [
        slot
        for slot in everyone.slots
        if index.row(slot)["city"] == 4401 and index.row(slot)["level"] >= 3
    ]
    assert list(narrowed.slots) == kept
