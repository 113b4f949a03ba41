"""Reads scoring tables: categories, indicators, and the scales that give points.

Refuses bands that overlap or leave a gap, points over the maximum, a maximum that nothing
reaches, a minimum above its category's maximum.
"""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from shared.rules.lined_yaml import Tree, line_of
from shared.rules.load_conditions import check_unit, condition_at, metric_at, number_at
from shared.rules.metric import NUMBERS, Kind, Metric
from shared.rules.model import (
    Band,
    BandEdge,
    Bands,
    BestOf,
    Category,
    FirstMatch,
    Given,
    Indicator,
    Option,
    PerStep,
    Scale,
    Score,
    SumEach,
)
from shared.rules.place import Place

INDICATOR_KEYS = frozenset({"id", "zh", "en", "max", "source", "verification"})
SCALE_KINDS = ("bands", "first_match", "sum_each", "per_step", "given", "best_of")
SCALE_KEYS = frozenset({"metric", "unit", "cap", *SCALE_KINDS})


def score_at(node: Any, place: Place, line: int) -> Score:
    """A scoring table."""
    tree = place.tree(node, "`score`", line)
    place = place.within(tree)
    place.only(tree, {"total_min", "source", "verification", "categories"}, "`score`")
    rows = place.row(tree.get("categories"), "`categories`", tree.at("categories"))
    inner = replace(place, verification=None)  # each indicator says its own
    categories = tuple(category_at(row, inner, tree.at("categories")) for row in rows)
    total_min = place.whole(tree, "total_min", "`score`")
    full = sum(category.points_max for category in categories)
    if total_min > full:
        place.refuse(tree.at("total_min"), f"`total_min` {total_min} is over the table's {full}.")
    return Score(total_min, categories, place.provenance(tree, "`score`"))


def category_at(node: Any, place: Place, line: int) -> Category:
    """One category of a scoring table."""
    tree = place.tree(node, "A category", line)
    place.only(tree, {"id", "zh", "en", "max", "min", "indicators"}, "A category")
    name = place.word(tree, "id", "A category")
    rows = place.row(tree.get("indicators"), "`indicators`", tree.at("indicators"))
    indicators = tuple(_indicator(row, place, tree.at("indicators")) for row in rows)
    points_max = place.whole(tree, "max", name)
    points_min = place.whole(tree, "min", name) if "min" in tree else 0
    total = sum(indicator.points_max for indicator in indicators)
    if total != points_max:
        place.refuse(tree.at("max"), f"{name}: its indicators add up to {total}, not {points_max}.")
    if points_min > points_max:
        place.refuse(
            tree.at("min"), f"{name}: the minimum {points_min} is over its maximum {points_max}."
        )
    zh, en = place.word(tree, "zh", name), place.word(tree, "en", name)
    return Category(name, zh, en, points_max, points_min, indicators)


def _indicator(node: Any, place: Place, line: int) -> Indicator:
    tree = place.tree(node, "An indicator", line)
    name = place.word(tree, "id", "An indicator")
    place = place.within(tree)
    place.only(tree, INDICATOR_KEYS | SCALE_KEYS, name)
    provenance = place.provenance(tree, name)
    points_max = place.whole(tree, "max", name)
    scale = _scale(tree, place, name)
    reachable = _most(scale, points_max)
    if reachable > points_max:
        place.refuse(tree.line, f"{name} gives {reachable} points, over its maximum {points_max}.")
    if reachable < points_max:
        place.refuse(
            tree.at("max"), f"{name} has a maximum of {points_max}; nothing gives over {reachable}."
        )
    return Indicator(
        id=name,
        zh=place.word(tree, "zh", name),
        en=place.word(tree, "en", name),
        points_max=points_max,
        scale=scale,
        needed_zh=_describe(scale, True),
        needed_en=_describe(scale, False),
        provenance=provenance,
    )


def _scale(tree: Tree, place: Place, name: str) -> Scale:
    kinds = [kind for kind in SCALE_KINDS if kind in tree]
    if len(kinds) != 1:
        place.refuse(tree.line, f"{name} scores by exactly one of {', '.join(SCALE_KINDS)}.")
    match kinds[0]:
        case "bands":
            return _bands(tree, place, name)
        case "per_step":
            return _per_step(tree, place, name)
        case "given":
            return _given(tree, place, name)
        case "best_of":
            rows = place.row(tree["best_of"], "`best_of`", tree.at("best_of"))
            return BestOf(tuple(_part_of_best(row, place, name, tree) for row in rows))
        case kind:
            rows = place.row(tree[kind], f"`{kind}`", tree.at(kind))
            options = tuple(_option(row, place, tree.at(kind), name) for row in rows)
            if kind == "sum_each":
                return _sum_each(tree, place, options)
            return _first_match(tree, place, options)


def _part_of_best(node: Any, place: Place, name: str, parent: Tree) -> Scale:
    tree = place.tree(node, "A part of `best_of`", parent.at("best_of"))
    place.only(tree, SCALE_KEYS, "A part of `best_of`")
    return _scale(tree, place, name)


def _first_match(tree: Tree, place: Place, options: tuple[Option, ...]) -> FirstMatch:
    open_ones = [option.id for option in options if option.condition is None]
    if open_ones != [options[-1].id]:
        place.refuse(
            tree.at("first_match"),
            "Every option of `first_match` needs `when`, except the last, which is what remains.",
        )
    return FirstMatch(options)


def _sum_each(tree: Tree, place: Place, options: tuple[Option, ...]) -> SumEach:
    if any(option.condition is None for option in options):
        place.refuse(tree.at("sum_each"), "Every option of `sum_each` needs `when`.")
    total = sum(option.points for option in options)
    cap = place.whole(tree, "cap", "`sum_each`") if "cap" in tree else total
    return SumEach(options, min(cap, total))


def _option(node: Any, place: Place, line: int, name: str) -> Option:
    tree = place.tree(node, f"An option of {name}", line)
    place.only(tree, {"id", "zh", "en", "points", "when"}, f"An option of {name}")
    option = place.word(tree, "id", f"An option of {name}")
    return Option(
        id=option,
        zh=place.word(tree, "zh", option),
        en=place.word(tree, "en", option),
        condition=condition_at(tree["when"], place, tree.at("when")) if "when" in tree else None,
        points=place.whole(tree, "points", option),
    )


def _number_metric(tree: Tree, place: Place, name: str) -> Metric:
    metric = metric_at(tree, place)
    check_unit(tree, metric, place)
    if metric.kind not in NUMBERS:
        place.refuse(tree.at("metric"), f"{name}: {metric.name} is not a number.")
    return metric


def _given(tree: Tree, place: Place, name: str) -> Given:
    if tree["given"] is not True:
        place.refuse(tree.at("given"), f"{name}: write `given: true`, or another scale.")
    metric = _number_metric(tree, place, name)
    if metric.kind is not Kind.COUNT:
        place.refuse(tree.at("metric"), f"{name}: {metric.name} holds no whole points.")
    return Given(metric)


def _per_step(tree: Tree, place: Place, name: str) -> PerStep:
    metric = _number_metric(tree, place, name)
    step_tree = place.tree(tree["per_step"], "`per_step`", tree.at("per_step"))
    place.only(step_tree, {"step", "points"}, "`per_step`")
    step = number_at(step_tree, "step", metric, place)
    if step is None or step <= 0:
        place.refuse(step_tree.at("step"), "`step` is a number above 0.")
    points = place.whole(step_tree, "points", "`per_step`")
    return PerStep(metric, step, points, place.whole(tree, "cap", name))


def _bands(tree: Tree, place: Place, name: str) -> Bands:
    metric = _number_metric(tree, place, name)
    rows = place.row(tree["bands"], "`bands`", tree.at("bands"))
    found = []
    for row in rows:
        band = place.tree(row, "A band", tree.at("bands"))
        place.only(band, {"min", "max", "points"}, "A band")
        low, high = (number_at(band, key, metric, place) for key in ("min", "max"))
        if low is not None and high is not None and low >= high:
            place.refuse(band.line, f"{name}: a band's `min` lies under its `max`.")
        found.append((line_of(row), Band(low, False, high, False, _points(band, place))))
    found.sort(key=lambda item: (item[1].low is not None, item[1].low or 0))
    _check_cover(found, metric, place, name)
    return Bands(metric, _with_edges([band for _, band in found], place.boundaries.band_edge))


def _points(band: Tree, place: Place) -> int:
    return place.whole(band, "points", "A band")


def _check_cover(found: list[tuple[int, Band]], metric: Metric, place: Place, name: str) -> None:
    first_line, first = found[0]
    last_line, last = found[-1]
    if first.low is not None:
        place.refuse(first_line, f"{name}: nothing covers values under {metric.show(first.low)}.")
    for (_, below), (line, above) in pairwise(found):
        if below.high is None or above.low is None or above.low < below.high:
            place.refuse(line, f"{name}: two bands overlap; end one where the next begins.")
        if above.low > below.high:
            gap = f"{metric.show(below.high)} to {metric.show(above.low)}"
            place.refuse(line, f"{name}: no band covers {gap}.")
    if last.high is not None:
        place.refuse(last_line, f"{name}: nothing covers values over {metric.show(last.high)}.")


def _with_edges(bands: list[Band], edge: BandEdge) -> tuple[Band, ...]:
    """Give each border to one of its two bands, as the document says."""
    to_upper = [
        edge is BandEdge.LOWER_BAND_EXCLUDES or above.points >= below.points
        for below, above in pairwise(bands)
    ]
    return tuple(
        Band(
            low=band.low,
            low_inclusive=place > 0 and to_upper[place - 1],
            high=band.high,
            high_inclusive=place < len(to_upper) and not to_upper[place],
            points=band.points,
        )
        for place, band in enumerate(bands)
    )


def _most(scale: Scale, given_max: int) -> int:
    """The most points a scale can give."""
    match scale:
        case Bands():
            return max(band.points for band in scale.bands)
        case FirstMatch():
            return max(option.points for option in scale.options)
        case SumEach() | PerStep():
            return scale.cap
        case BestOf():
            return max(_most(part, given_max) for part in scale.scales)
        case Given():
            return given_max


def _describe(scale: Scale, chinese: bool) -> str:
    """What gives how many points, best first, as a person reads it."""
    joint = ";" if chinese else "; "
    unit = "分" if chinese else " points"
    match scale:
        case Bands():
            best = sorted(scale.bands, key=lambda band: -band.points)
            return joint.join(f"{_span(band, scale.metric)}: {band.points}" for band in best)
        case FirstMatch() | SumEach():
            texts = ((o.zh if chinese else o.en, o.points) for o in scale.options)
            return joint.join(f"{text}: {points}" for text, points in texts)
        case PerStep():
            each = "每满" if chinese else "each full "
            most = f"最多 {scale.cap}" if chinese else f"at most {scale.cap}"
            shown = f"{each}{scale.metric.show(scale.step)}: {scale.points_per_step}"
            return f"{shown}{unit}{joint}{most}"
        case Given():
            return scale.metric.zh if chinese else scale.metric.en
        case BestOf():
            mark = " 或 " if chinese else " or "
            return mark.join(f"({_describe(part, chinese)})" for part in scale.scales)


def _span(band: Band, metric: Metric) -> str:
    parts = []
    if band.low is not None:
        parts.append(f"{'≥' if band.low_inclusive else '>'} {metric.show(band.low)}")
    if band.high is not None:
        parts.append(f"{'≤' if band.high_inclusive else '<'} {metric.show(band.high)}")
    return ", ".join(parts)
