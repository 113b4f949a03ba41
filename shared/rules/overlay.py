"""Provincial overlays (省级细则): what a province changes in one tier of an edition.

An overlay replaces the points of one category (特色化), may set its own pass mark and add
conditions; nothing else. It applies where its authority's scope lies, while it is in force. A
province without one is judged by the edition itself, which asks for the points the province gave.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from contracts.values import Tier
from shared.authorities import covers
from shared.rules.lined_yaml import RuleFileError, Tree, read_tree
from shared.rules.load import (
    conditions_at,
    dates_verification_at,
    day_at,
    ids_given_twice,
    target_of,
)
from shared.rules.load_scores import category_at
from shared.rules.metric import Metric
from shared.rules.metrics import METRICS
from shared.rules.model import Category, Condition, RuleSet, Score, Target, TierRules
from shared.rules.place import INCLUSIVE, Place
from shared.rules.provenance import Provenance

OVERLAY_KEYS = frozenset(
    {
        "id",
        "zh",
        "en",
        "authority",
        "document_no",
        "applies_to",
        "tier",
        "effective_from",
        "effective_to",
        "dates_verification",
        "source",
        "verification",
        "pass_mark",
        "conditions",
        "category",
    }
)


@dataclass(frozen=True, slots=True)
class PassMark:
    """The total a score must reach in this province, with its own source."""

    points: int
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Overlay:
    """What one authority changes in one tier of one edition, from a day to a day."""

    id: str
    zh: str
    en: str
    authority: str
    document_no: str | None
    applies_to: str
    tier: Target
    effective_from: date
    effective_to: date | None
    dates_verification: Mapping[str, str]
    pass_mark: PassMark | None
    conditions: tuple[Condition, ...]
    category: Category | None
    provenance: Provenance
    digest: str

    def holds_for(self, region: str, day: date) -> bool:
        """Whether the overlay judges enterprises of a region on a day."""
        begun = self.effective_from <= day
        ended = self.effective_to is not None and day > self.effective_to
        return begun and not ended and covers(self.authority, region)


def load_overlays(
    folder: Path, rule_sets: Mapping[str, RuleSet], metrics: Mapping[str, Metric] = METRICS
) -> tuple[Overlay, ...]:
    """Every overlay of a folder, each tried on its edition. Raises RuleFileError."""
    found: dict[str, Overlay] = {}
    for path in sorted(folder.glob("*.yaml")):
        overlay = load_overlay(path, rule_sets, metrics)
        if overlay.id in found:
            raise RuleFileError(path.name, 1, f"The id {overlay.id} is taken by another file.")
        _refuse_two_at_once(path.name, overlay, found.values())
        found[overlay.id] = overlay
    return tuple(found.values())


def load_overlay(
    path: Path, rule_sets: Mapping[str, RuleSet], metrics: Mapping[str, Metric] = METRICS
) -> Overlay:
    """The overlay of a file. Raises RuleFileError with file, line and what to change."""
    tree = read_tree(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return overlay_of(tree, path.name, digest, rule_sets, metrics)


def overlay_of(
    tree: Tree,
    file: str,
    digest: str,
    rule_sets: Mapping[str, RuleSet],
    metrics: Mapping[str, Metric] = METRICS,
) -> Overlay:
    """The overlay that a tree describes, tried on its edition. Raises RuleFileError."""
    place = Place(file, metrics, INCLUSIVE)
    place.only(tree, OVERLAY_KEYS, "An overlay")
    rules = rule_sets.get(str(tree.get("applies_to")))
    if rules is None:
        known = ", ".join(rule_sets)
        place.refuse(tree.at("applies_to"), f"`applies_to` names an edition: {known}.")
    place = replace(place.within(tree), boundaries=rules.boundaries)
    base = _tier_of(tree, rules, place)
    first, last = (day_at(tree, name, place) for name in ("effective_from", "effective_to"))
    if first is None or (last is not None and last < first):
        place.refuse(tree.at("effective_from"), "An overlay begins before it ends; give its days.")
    inner = replace(place, verification=None)
    overlay = Overlay(
        id=place.word(tree, "id", "An overlay"),
        zh=place.word(tree, "zh", "An overlay"),
        en=place.word(tree, "en", "An overlay"),
        authority=_authority(tree, place),
        document_no=place.word(tree, "document_no", "It") if tree.get("document_no") else None,
        applies_to=rules.id,
        tier=base.tier,
        effective_from=first,
        effective_to=last,
        dates_verification=dates_verification_at(
            tree, place, {"effective_from": first, "effective_to": last}
        ),
        pass_mark=_pass_mark(tree, place),
        conditions=conditions_at(tree, "conditions", inner),
        category=category_at(tree["category"], inner, tree.at("category"))
        if "category" in tree
        else None,
        provenance=place.provenance(tree, "An overlay"),
        digest=digest,
    )
    _check_fits(overlay, base, rules, tree, place)
    return overlay


def with_overlay(rules: RuleSet, overlay: Overlay) -> RuleSet:
    """The edition as the province judges by it. The digest is that of both texts."""
    tiers = tuple(
        _changed(tier, overlay) if tier.tier == overlay.tier else tier for tier in rules.tiers
    )
    both = hashlib.sha256(f"{rules.digest}{overlay.digest}".encode()).hexdigest()
    return replace(rules, tiers=tiers, digest=both, overlay=overlay.id)


def _changed(tier: TierRules, overlay: Overlay) -> TierRules:
    score = tier.score
    if score is not None:
        score = _changed_score(score, overlay)
    return replace(tier, score=score, conditions=(*tier.conditions, *overlay.conditions))


def _changed_score(score: Score, overlay: Overlay) -> Score:
    replacing = overlay.category
    if replacing is not None:
        categories = tuple(
            replacing if category.id == replacing.id else category for category in score.categories
        )
        score = replace(score, categories=categories)
    mark = overlay.pass_mark
    if mark is not None:
        score = replace(score, total_min=mark.points, provenance=mark.provenance)
    return score


def _tier_of(tree: Tree, rules: RuleSet, place: Place) -> TierRules:
    try:
        wanted = target_of(tree.get("tier"))
    except ValueError:
        place.refuse(tree.at("tier"), f"`tier` is one of {', '.join(Tier)}.")
    base = next((tier for tier in rules.tiers if tier.tier is wanted), None)
    if base is None:
        place.refuse(tree.at("tier"), f"{rules.id} has no tier {wanted}.")
    return base


def _authority(tree: Tree, place: Place) -> str:
    code = place.word(tree, "authority", "An overlay")
    if not covers(code, code):
        place.refuse(
            tree.at("authority"),
            f"`authority` {code} stands not in shared/reference/authorities.yaml; add it there.",
        )
    return code


def _pass_mark(tree: Tree, place: Place) -> PassMark | None:
    if "pass_mark" not in tree:
        return None
    node = place.tree(tree["pass_mark"], "`pass_mark`", tree.at("pass_mark"))
    place.only(node, {"points", "source", "verification"}, "`pass_mark`")
    inner = replace(place, verification=None).within(node)
    return PassMark(
        place.whole(node, "points", "`pass_mark`"), inner.provenance(node, "`pass_mark`")
    )


def _check_fits(
    overlay: Overlay, base: TierRules, rules: RuleSet, tree: Tree, place: Place
) -> None:
    """The category exists with the same maximum, the mark is within reach, no id stands twice."""
    new = overlay.category
    if (new is not None or overlay.pass_mark is not None) and base.score is None:
        place.refuse(tree.line, f"{base.tier} has no score that a province could change.")
    if new is not None and base.score is not None:
        old = next((found for found in base.score.categories if found.id == new.id), None)
        if old is None:
            place.refuse(tree.at("category"), f"{base.tier} has no category `{new.id}`.")
        if old.points_max != new.points_max:
            place.refuse(
                tree.at("category"),
                f"{new.id} has {old.points_max} points in {rules.id}, not {new.points_max}.",
            )
    changed = _changed(base, overlay)
    full = sum(found.points_max for found in changed.score.categories) if changed.score else 0
    if changed.score is not None and changed.score.total_min > full:
        place.refuse(tree.at("pass_mark"), f"The pass mark is over the table's {full}.")
    twice = ids_given_twice(rules, changed)
    if twice:
        place.refuse(tree.line, f"The ids {', '.join(twice)} stand twice; give each its own `id`.")


def _refuse_two_at_once(file: str, overlay: Overlay, others: Iterable[Overlay]) -> None:
    """One authority has one overlay of a tier on any day."""
    for other in others:
        same = (other.authority, other.applies_to, other.tier)
        if same != (overlay.authority, overlay.applies_to, overlay.tier):
            continue
        ends = [
            date.max if one.effective_to is None else one.effective_to for one in (overlay, other)
        ]
        if max(overlay.effective_from, other.effective_from) <= min(ends):
            raise RuleFileError(
                file, 1, f"{other.id} holds on some of the same days; end one before the other."
            )
