"""Loads rule sets: one YAML file per edition of the law. A bad file is refused whole.

`load_conditions` reads conditions, `load_scores` scoring tables. A tier may take over the table of
another edition with `uses`, as the 2026 Measures do with annex 1 of 2022 until a merged standard.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from contracts.values import Tier
from shared.rules.lined_yaml import RuleFileError, Tree, parse_tree, read_tree
from shared.rules.load_conditions import condition_at, parse_condition
from shared.rules.load_scores import score_at
from shared.rules.metric import Metric
from shared.rules.metrics import METRICS
from shared.rules.model import (
    All,
    AnyOf,
    BandEdge,
    Boundaries,
    Condition,
    Not,
    Programme,
    RuleSet,
    Score,
    Target,
    TierRules,
)
from shared.rules.place import INCLUSIVE, Place
from shared.rules.provenance import Verification

__all__ = [
    "INCLUSIVE",
    "RuleFileError",
    "Tree",
    "load_rule_set",
    "load_rule_sets",
    "parse_condition",
    "parse_tree",
    "read_tree",
]

RULE_SET_KEYS = frozenset(
    {
        "id",
        "zh",
        "en",
        "document_no",
        "issued_on",
        "effective_from",
        "effective_to",
        "dates_verification",
        "source",
        "verification",
        "boundaries",
        "lifecycle",
        "preconditions",
        "tiers",
    }
)
TIER_KEYS = frozenset(
    {
        "tier",
        "zh",
        "en",
        "level",
        "requires_tier",
        "decided_by",
        "act",
        "source",
        "verification",
        "uses",
        "any_of",
        "ladder_on_review",
        "conditions",
        "score",
        "direct_routes",
    }
)
DATE_KEYS = ("issued_on", "effective_from", "effective_to")


def load_rule_set(path: Path, metrics: Mapping[str, Metric] = METRICS) -> RuleSet:
    """The rule set of a file. Raises RuleFileError with file, line and what to change."""
    tree = read_tree(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return rule_set_of(tree, path.name, digest, metrics)


def load_rule_sets(*folders: Path, metrics: Mapping[str, Metric] = METRICS) -> dict[str, RuleSet]:
    """Every rule set of the folders by id, oldest first, `uses` resolved. Raises RuleFileError."""
    found: dict[str, RuleSet] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        rules = load_rule_set(path, metrics)
        if rules.id in found:
            raise RuleFileError(path.name, 1, f"The id {rules.id} is taken by another file.")
        found[rules.id] = rules
    for rules in found.values():
        tiers = tuple(_taken_over(tier, rules, found) for tier in rules.tiers)
        found[rules.id] = replace(rules, tiers=tiers)
    return dict(sorted(found.items(), key=lambda item: item[1].effective_from))


def rule_set_of(
    tree: Tree, file: str, digest: str, metrics: Mapping[str, Metric] = METRICS
) -> RuleSet:
    """The rule set that a tree describes. Raises RuleFileError."""
    place = Place(file, metrics, INCLUSIVE)
    place.only(tree, RULE_SET_KEYS, "A rule set")
    place = replace(place.within(tree), boundaries=_boundaries(tree, place))
    provenance = place.provenance(tree, "A rule set")
    inner = replace(place, source=None, verification=None)
    days = {name: day_at(tree, name, place) for name in DATE_KEYS}
    if days["issued_on"] is None or days["effective_from"] is None:
        place.refuse(tree.line, "A rule set needs `issued_on` and `effective_from`.")
    if days["effective_to"] is not None and days["effective_to"] < days["effective_from"]:
        place.refuse(tree.at("effective_to"), "`effective_to` lies before `effective_from`.")
    rows = place.row(tree.get("tiers"), "`tiers`", tree.at("tiers"))
    rules = RuleSet(
        id=place.word(tree, "id", "A rule set"),
        zh=place.word(tree, "zh", "A rule set"),
        en=place.word(tree, "en", "A rule set"),
        document_no=place.word(tree, "document_no", "A rule set"),
        issued_on=days["issued_on"],
        effective_from=days["effective_from"],
        effective_to=days["effective_to"],
        boundaries=place.boundaries,
        preconditions=conditions_at(tree, "preconditions", inner),
        tiers=tuple(_tier(row, inner, tree.at("tiers")) for row in rows),
        lifecycle=_lifecycle(tree, place),
        provenance=provenance,
        dates_verification=dates_verification_at(tree, place, days),
        digest=digest,
    )
    _check_ids(rules, tree, place)
    return rules


def _boundaries(tree: Tree, place: Place) -> Boundaries:
    node = place.tree(tree.get("boundaries"), "`boundaries`", tree.at("boundaries"))
    place.only(node, {"min", "max", "band_edge", "source", "verification"}, "`boundaries`")
    words = {}
    for key in ("min", "max"):
        if node.get(key) not in ("inclusive", "exclusive"):
            place.refuse(node.at(key), f"`{key}` says `inclusive` or `exclusive` (以上, 以下).")
        words[key] = node[key] == "inclusive"
    try:
        edge = BandEdge(str(node.get("band_edge")))
    except ValueError:
        place.refuse(node.at("band_edge"), f"`band_edge` is one of {', '.join(BandEdge)}.")
    place.within(tree).within(node).provenance(node, "`boundaries`")
    return Boundaries(words["min"], words["max"], edge)


def day_at(tree: Tree, key: str, place: Place) -> date | None:
    """A day of the file, or None."""
    value = tree.get(key)
    if value is not None and not isinstance(value, date):
        place.refuse(tree.at(key), f"`{key}` is a day: YYYY-MM-DD.")
    return value


def dates_verification_at(
    tree: Tree, place: Place, days: Mapping[str, date | None]
) -> dict[str, str]:
    """How well each given day is proved; a day without its tag is refused."""
    node = place.tree(tree.get("dates_verification"), "`dates_verification`", tree.line)
    place.only(node, set(DATE_KEYS), "`dates_verification`")
    for name, day in days.items():
        if day is not None and node.get(name) not in tuple(Verification):
            place.refuse(
                node.at(name), f"`{name}` needs its verification: {', '.join(Verification)}."
            )
    return dict(node)


def _lifecycle(tree: Tree, place: Place) -> dict[str, object]:
    node = place.tree(tree.get("lifecycle"), "`lifecycle`", tree.at("lifecycle"))
    for key, value in node.items():
        item = place.tree(value, f"`{key}`", node.at(key))
        place.only(item, {"value", "unit", "source", "verification"}, f"`{key}`")
        if "value" not in item:
            place.refuse(item.line, f"`{key}` needs `value`.")
        place.within(item).provenance(item, f"`{key}`")
    return {key: dict(value) for key, value in node.items()}


def conditions_at(tree: Tree, key: str, place: Place) -> tuple[Condition, ...]:
    """The conditions of a list, each with an id of its own."""
    if tree.get(key) is None:
        return ()
    rows = place.row(tree[key], f"`{key}`", tree.at(key))
    for row in rows:
        if isinstance(row, Tree) and "metric" not in row and "id" not in row:
            place.refuse(row.line, f"Give this part of `{key}` an `id`: a verdict names it.")
    return tuple(condition_at(row, place, tree.at(key)) for row in rows)


def _tier(node: Any, place: Place, line: int) -> TierRules:
    tree = place.tree(node, "A tier", line)
    place.only(tree, TIER_KEYS, "A tier")
    inner = replace(place.within(tree), verification=None)  # each criterion says its own
    try:
        tier = target_of(tree.get("tier"))
        requires = None if tree.get("requires_tier") is None else Tier(tree["requires_tier"])
    except ValueError:
        known = ", ".join((*Tier, *Programme))
        place.refuse(tree.line, f"`tier` and `requires_tier` are of {known}.")
    uses, any_of = _taken_from(tree, tier, place)
    on_review = tree.get("ladder_on_review", True)
    if not isinstance(on_review, bool):
        place.refuse(tree.at("ladder_on_review"), "`ladder_on_review` is true or false.")
    score = score_at(tree["score"], inner, tree.at("score")) if "score" in tree else None
    routes = conditions_at(tree, "direct_routes", inner)
    if routes and score is None:
        place.refuse(tree.at("direct_routes"), "A direct route replaces a score; there is none.")
    return TierRules(
        tier=tier,
        zh=place.word(tree, "zh", tier),
        en=place.word(tree, "en", tier),
        level=place.whole(tree, "level", tier),
        requires_tier=requires,
        decided_by=place.word(tree, "decided_by", tier),
        act=place.word(tree, "act", tier),
        uses=uses,
        conditions=conditions_at(tree, "conditions", inner),
        score=score,
        direct_routes=routes,
        any_of=any_of,
        ladder_on_review=on_review,
    )


def target_of(word: object) -> Target:
    """The tier or programme of a name. Raises ValueError."""
    return Tier(str(word)) if word in tuple(Tier) else Programme(str(word))


def _taken_from(tree: Tree, tier: Target, place: Place) -> tuple[str | None, tuple[Target, ...]]:
    """What a tier takes over instead of criteria of its own: `uses`, or `any_of` tiers."""
    own = [key for key in ("score", "conditions", "direct_routes") if key in tree]
    taken = [key for key in ("uses", "any_of") if key in tree]
    if not taken:
        if "score" not in own and "conditions" not in own:
            place.refuse(tree.line, f"{tier} has neither `conditions` nor `score`.")
        return None, ()
    key = taken[0]
    if own or len(taken) > 1:
        place.refuse(tree.at(key), f"{tier} takes all of `{key}`; remove its own conditions.")
    place.within(tree).provenance(tree, f"`{key}` of {tier}")
    if key == "uses":
        return place.word(tree, "uses", tier), ()
    words = place.row(tree[key], "`any_of`", tree.at(key))
    try:
        return None, tuple(target_of(word) for word in words)
    except ValueError:
        place.refuse(tree.at(key), f"`any_of` lists tiers: {', '.join((*Tier, *Programme))}.")


def _taken_over(tier: TierRules, rules: RuleSet, found: Mapping[str, RuleSet]) -> TierRules:
    if tier.uses is None:
        return tier
    other = found.get(tier.uses)
    base = next((t for t in other.tiers if t.tier is tier.tier), None) if other else None
    if base is None or base.uses is not None:
        raise RuleFileError(
            f"{rules.id}", 1, f"{tier.tier} uses {tier.uses}, which has no table of that tier."
        )
    return replace(
        tier, conditions=base.conditions, score=base.score, direct_routes=base.direct_routes
    )


def _check_ids(rules: RuleSet, tree: Tree, place: Place) -> None:
    """An id appears once in what one verdict shows; `any_of` names tiers judged before it."""
    tiers = [tier.tier for tier in rules.tiers]
    if len(set(tiers)) != len(tiers):
        place.refuse(tree.at("tiers"), "A tier is given twice.")
    for index, tier in enumerate(rules.tiers):
        later = [name for name in tier.any_of if name not in tiers[:index]]
        if later:
            place.refuse(
                tree.at("tiers"),
                f"{tier.tier}: `any_of` names {', '.join(later)}; it must stand before this tier.",
            )
    for tier in rules.tiers:
        twice = ids_given_twice(rules, tier)
        if twice:
            place.refuse(
                tree.at("tiers"),
                f"{tier.tier}: the ids {', '.join(twice)} stand twice; a verdict could not"
                " tell them apart. Give each its own `id`.",
            )


def ids_given_twice(rules: RuleSet, tier: TierRules) -> list[str]:
    """Ids that one verdict of the tier would show twice."""
    conditions = (*rules.preconditions, *tier.conditions, *tier.direct_routes)
    names = [name for condition in conditions for name in _names(condition)]
    names += _score_names(tier.score) if tier.score else []
    return sorted({name for name in names if names.count(name) > 1})


def _names(condition: Condition) -> list[str]:
    match condition:
        case All() | AnyOf():
            inner = [name for part in condition.parts for name in _names(part)]
            return [condition.id, *inner] if condition.named else inner
        case Not():
            inner = _names(condition.part)
            return [condition.id, *inner] if condition.named else inner
        case _:
            return [condition.id]


def _score_names(score: Score) -> list[str]:
    return [
        "score",
        *(category.id for category in score.categories),
        *(one.id for category in score.categories for one in category.indicators),
    ]
