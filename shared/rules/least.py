"""The least set of changes that reaches a tier: an exact search, no heuristic.

A tier is met in one of several ways: each alternative of its conditions, together with the score or
with one direct route. Within a way every condition bears on one atom alone, and indicators that
share no atom add their points independently. So each group of linked indicators is tried out over
the values that matter, and the groups are put together point by point, keeping the cheapest for
every sum (a knapsack over points). The best way wins; nothing cheaper exists.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from shared.rules.atoms import (
    Atom,
    Literal,
    State,
    atoms_of,
    current,
    points_in,
    satisfied,
    scales_in,
    together,
    ways_to,
)
from shared.rules.candidates import bounds_of, bounds_of_scale, candidates, region, tests_of
from shared.rules.changes import (
    FIXED,
    Way,
    relative_change,
)
from shared.rules.metric import Reading, Unknown, Value
from shared.rules.model import (
    Condition,
    Indicator,
    Number,
    Scale,
    Score,
    TierRules,
)

Cost: TypeAlias = tuple[int, Fraction]
"""How many things change, then how far in all."""
NO_COST: Cost = (0, Fraction(0))
_Points: TypeAlias = tuple[int, ...]
_Option: TypeAlias = tuple[Cost, State]
_Wanted: TypeAlias = tuple[tuple[int, bool], ...]
"""Literals by the identity of their tests, which live as long as the rule set."""
_Asked: TypeAlias = tuple[Atom, _Wanted]


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes, their cost, and what they pass by: "score", a route's id, or None."""

    changes: State
    cost: Cost
    by: str | None


def least_plans(
    tier: TierRules,
    required: Sequence[Condition],
    reading: Reading,
    ways: Mapping[str, Way],
) -> tuple[Plan, ...]:
    """The cheapest plan through the score and through each direct route, cheapest first.

    Empty when nothing that may be advised reaches the tier.
    """
    search = _Search(reading, ways)
    base = together([search.possible(ways_to(condition)) for condition in required])
    found: list[Plan] = []
    for by, score, extra in _passes(tier):
        routes: list[tuple[Literal, ...]] = [()]
        if extra is not None:
            routes = search.possible(ways_to(extra))
        plans = (
            search.cheapest(_by_atom(literals), score) for literals in together([base, routes])
        )
        best = min((plan for plan in plans if plan is not None), key=_cost_of, default=None)
        if best is not None:
            found.append(Plan(best[1], best[0], by))
    return tuple(sorted(found, key=lambda plan: plan.cost))


def _cost_of(option: _Option) -> Cost:
    return option[0]


def _passes(tier: TierRules) -> Iterator[tuple[str | None, Score | None, Condition | None]]:
    """What passes beside the conditions: the score, or each direct route instead of it."""
    if tier.score is None:
        yield None, None, None
        return
    yield "score", tier.score, None
    for route in tier.direct_routes:
        yield route.id, None, route


def _by_atom(literals: Iterable[Literal]) -> dict[Atom, list[Literal]]:
    found: dict[Atom, list[Literal]] = {}
    for literal in literals:
        found.setdefault(literal.atom, []).append(literal)
    return found


class _Search:
    """One reading: which values may be advised for which atom, and what they cost."""

    def __init__(self, reading: Reading, ways: Mapping[str, Way]) -> None:
        self._reading = reading
        self._ways = ways
        self._found: dict[_Asked, _Option | None] = {}
        self._earned: dict[tuple[int, tuple[_Wanted, ...]], dict[_Points, _Option]] = {}

    def possible(self, ways: list[tuple[Literal, ...]]) -> list[tuple[Literal, ...]]:
        """The ways in which every literal holds already or can be made to."""
        return [
            way for way in ways if all(self._best(atom, own) for atom, own in _by_atom(way).items())
        ]

    def cheapest(
        self, literals: Mapping[Atom, list[Literal]], score: Score | None
    ) -> _Option | None:
        """The cheapest state that fulfils the literals and, where one is given, the score."""
        scored = (
            [one for category in score.categories for one in category.indicators] if score else []
        )
        linked = frozenset(atom for one in scored for atom in atoms_of(one.scale))
        cost, state = NO_COST, dict[Atom, Value]()
        for atom, own in literals.items():
            if atom in linked:
                continue
            found = self._best(atom, own)
            if found is None:
                return None
            cost, state = _sum(cost, found[0]), {**state, **found[1]}
        if score is None:
            return cost, state
        passed = self._pass(score, literals)
        return None if passed is None else (_sum(cost, passed[0]), {**state, **passed[1]})

    def _best(self, atom: Atom, literals: list[Literal]) -> _Option | None:
        """The cheapest value of one atom that fulfils its literals."""
        asked = (atom, _wanted(literals))
        if asked not in self._found:
            self._found[asked] = self._cheapest_value(atom, literals)
        return self._found[asked]

    def _cheapest_value(self, atom: Atom, literals: list[Literal]) -> _Option | None:
        tests = [literal.test for literal in literals if literal.test is not None]
        fitting = [
            option
            for value, option in self._options(atom, bounds_of(tests))
            if all(satisfied(literal, value, self._reading) for literal in literals)
        ]
        return min(fitting, key=lambda option: option[0], default=None)

    def _options(
        self, atom: Atom, bounds: Iterable[Number]
    ) -> Iterator[tuple[Value | Unknown, _Option]]:
        """The present value for nothing, and every value that may be advised at its cost."""
        old = current(atom, self._reading)
        way = self._ways.get(atom.name, FIXED)
        yield old, (NO_COST, {})
        for new in candidates(atom, old, way, bounds):
            if new != old:
                yield new, ((1, relative_change(atom.metric, old, new)), {atom: new})

    def _pass(self, score: Score, literals: Mapping[Atom, list[Literal]]) -> _Option | None:
        """The cheapest state in which the score passes: groups put together point by point."""
        floors = [category.points_min for category in score.categories]
        sums: dict[_Points, _Option] = {
            (0,) * len(_capped(score, (0,) * len(floors))): (NO_COST, {})
        }
        for number, group in enumerate(_groups(score)):
            outcomes = self._outcomes(score, number, group, literals)
            merged: dict[_Points, _Option] = {}
            for (reached, (cost, state)), (points, (more, changes)) in product(
                sums.items(), outcomes.items()
            ):
                total = _capped_sum(score, reached, points)
                new = _sum(cost, more)
                if total not in merged or new < merged[total][0]:
                    merged[total] = (new, {**state, **changes})
            sums = merged
        return sums.get((*(floor for floor in floors if floor), score.total_min))

    def _outcomes(
        self,
        score: Score,
        number: int,
        group: Sequence[tuple[int, Indicator]],
        literals: Mapping[Atom, list[Literal]],
    ) -> dict[_Points, _Option]:
        """For every sum of points a group can earn, the cheapest state that earns it."""
        atoms = sorted(
            {atom for _, one in group for atom in atoms_of(one.scale)},
            key=lambda atom: (atom.name, atom.word or ""),
        )
        own = [literals.get(atom, []) for atom in atoms]
        asked = (number, tuple(_wanted(part) for part in own))
        if asked not in self._earned:
            self._earned[asked] = self._try_out(score, group, atoms, own)
        return self._earned[asked]

    def _try_out(
        self,
        score: Score,
        group: Sequence[tuple[int, Indicator]],
        atoms: Sequence[Atom],
        own: Sequence[list[Literal]],
    ) -> dict[_Points, _Option]:
        scales = [part for _, one in group for part in scales_in(one.scale)]
        choices = [
            self._worthwhile(atom, scales, part) for atom, part in zip(atoms, own, strict=True)
        ]
        found: dict[_Points, _Option] = {}
        for options in product(*choices):
            state: dict[Atom, Value] = {}
            cost = NO_COST
            for more, changes in options:
                cost = _sum(cost, more)
                state.update(changes)
            points = [0] * len(score.categories)
            for place, indicator in group:
                points[place] += points_in(indicator, state, self._reading)
            key = _capped(score, tuple(points))
            if key not in found or cost < found[key][0]:
                found[key] = (cost, state)
        return found

    def _worthwhile(
        self, atom: Atom, scales: Sequence[Scale], literals: list[Literal]
    ) -> list[_Option]:
        """The cheapest value of each region that the scales and conditions tell apart."""
        tests = [test for scale in scales for test in tests_of(scale, atom)]
        own = [scale for scale in scales if getattr(scale, "metric", None) is atom.metric]
        bounds = {
            *bounds_of([*tests, *(one.test for one in literals if one.test is not None)]),
            *(bound for scale in own for bound in bounds_of_scale(scale)),
        }
        found: dict[object, _Option] = {}
        for value, option in self._options(atom, bounds):
            if not all(satisfied(literal, value, self._reading) for literal in literals):
                continue
            told = region(atom, value, tests, own, self._reading)
            if told not in found or option[0] < found[told][0]:
                found[told] = option
        return list(found.values())


def _wanted(literals: Iterable[Literal]) -> _Wanted:
    return tuple((id(literal.test), literal.wanted) for literal in literals)


def _sum(one: Cost, other: Cost) -> Cost:
    if not other[0]:
        return one
    return one[0] + other[0], one[1] + other[1]


def _capped(score: Score, points: _Points) -> _Points:
    """Points per category that has a minimum, and in all; what lies above them is worth nothing."""
    floors = [category.points_min for category in score.categories]
    kept = [min(got, floor) for got, floor in zip(points, floors, strict=True) if floor]
    return (*kept, min(sum(points), score.total_min))


def _capped_sum(score: Score, one: _Points, other: _Points) -> _Points:
    caps = [category.points_min for category in score.categories if category.points_min]
    return tuple(
        min(a + b, cap) for a, b, cap in zip(one, other, [*caps, score.total_min], strict=True)
    )


def _groups(score: Score) -> list[list[tuple[int, Indicator]]]:
    """Indicators, with the place of their category, that share atoms directly or through others."""
    groups: list[tuple[set[Atom], list[tuple[int, Indicator]]]] = []
    for place, category in enumerate(score.categories):
        for indicator in category.indicators:
            atoms, members = set(atoms_of(indicator.scale)), [(place, indicator)]
            apart = []
            for other_atoms, others in groups:
                if atoms & other_atoms:
                    atoms, members = atoms | other_atoms, [*others, *members]
                else:
                    apart.append((other_atoms, others))
            groups = [*apart, (atoms, members)]
    return [members for _, members in groups]
