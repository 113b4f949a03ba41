"""What a provider's cases are worth (绩效评价). Pure and exact: fractions, never floats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from statistics import median

from shared.rules.lined_yaml import read_tree

RULES = Path(__file__).parent.parent / "rules" / "performance.yaml"


@dataclass(frozen=True)
class Finished:
    """One finished case: accepted or aborted, in how many days, with what result."""

    accepted: bool
    days: int | None
    brought_a_tier: bool
    stars: int | None


@dataclass(frozen=True)
class Figures:
    """What a provider's finished cases amount to; None where no case says it."""

    finished: int
    accepted: int
    acceptance: Fraction | None
    days: Fraction | None
    outcome: Fraction | None
    stars: Fraction | None


@dataclass(frozen=True)
class Bounds:
    """Weights and bounds as the region set them."""

    weights: Mapping[str, int]
    days_full: int
    days_none: int
    cases_min: int
    warn_below: int
    suspend_after: int


@cache
def bounds() -> Bounds:
    """The weights and bounds of the rule file."""
    tree = read_tree(RULES)
    names = ("days_full", "days_none", "cases_min", "warn_below", "suspend_after")
    return Bounds(weights=dict(tree["weights"]), **{name: int(tree[name]) for name in names})


def figures_of(cases: Sequence[Finished]) -> Figures:
    """Add the cases up."""
    accepted = [case for case in cases if case.accepted]
    days = [case.days for case in accepted if case.days is not None]
    stars = [case.stars for case in accepted if case.stars is not None]
    return Figures(
        finished=len(cases),
        accepted=len(accepted),
        acceptance=Fraction(len(accepted), len(cases)) if cases else None,
        days=Fraction(median(map(Fraction, days))) if days else None,
        outcome=(
            Fraction(sum(case.brought_a_tier for case in accepted), len(accepted))
            if accepted
            else None
        ),
        stars=Fraction(sum(stars), len(stars)) if stars else None,
    )


def points_of(figures: Figures, by: Bounds) -> int | None:
    """Points of 100, rounded down; None with too few cases. An unrated provider is not punished:
    the other weights count for the whole."""
    if figures.finished < by.cases_min:
        return None
    shares = {
        "acceptance": figures.acceptance,
        "outcome": figures.outcome or Fraction(0),
        "rating": None if figures.stars is None else (figures.stars - 1) / 4,
        "time": _speed(figures.days, by),
    }
    known = {name: share for name, share in shares.items() if share is not None}
    weight = sum(by.weights[name] for name in known)
    earned = sum((by.weights[name] * share for name, share in known.items()), Fraction(0))
    return int(earned * 100 / weight)


def ranks_of(points: Mapping[str, int | None]) -> dict[str, int]:
    """Places, the most points first; equal points share a place."""
    known = [value for value in points.values() if value is not None]
    return {
        name: 1 + sum(other > value for other in known)
        for name, value in points.items()
        if value is not None
    }


def _speed(days: Fraction | None, by: Bounds) -> Fraction:
    if days is None:
        return Fraction(0)
    share = (by.days_none - days) / (by.days_none - by.days_full)
    return max(Fraction(0), min(Fraction(1), share))
