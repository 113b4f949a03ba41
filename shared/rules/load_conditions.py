"""Reads conditions: one metric compared, or all, any, not of others. Refuses what is unclear.

A leaf names a metric and one or more of `min max above below equals is any_of none_of
starts_with`; money and percent need their `unit`. `min` and `max` (以上, 以下) include the number
unless the document says otherwise; `above` and `below` (超过, 不满) never do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from shared.rules.lined_yaml import Row, RuleFileError, Tree, line_of
from shared.rules.metric import NUMBERS, Kind, Metric
from shared.rules.metrics import METRICS
from shared.rules.model import (
    All,
    AnyOf,
    BandEdge,
    Boundaries,
    Check,
    Condition,
    Not,
    Number,
    Operator,
    Test,
)
from shared.rules.provenance import Provenance, Verification

INCLUSIVE = Boundaries(min_inclusive=True, max_inclusive=True, band_edge=BandEdge.HIGHER_POINTS)
_ABOUT = frozenset({"id", "zh", "en", "source", "verification"})
_BOUNDS = ("min", "max", "above", "below")
_LISTS = {
    "any_of": Operator.ANY_OF,
    "none_of": Operator.NONE_OF,
    "starts_with": Operator.STARTS_WITH,
}
_LEAF = _ABOUT | {"metric", "unit", "equals", "is", *_BOUNDS, *_LISTS}
_COMPOSITES = ("all", "any", "not")


@dataclass(frozen=True)
class Place:
    """What a part of a file inherits from what encloses it."""

    file: str
    metrics: Mapping[str, Metric]
    boundaries: Boundaries
    source: str | None = None
    verification: Verification | None = None

    def refuse(self, line: int, reason: str) -> NoReturn:
        """Refuse the file. Raises RuleFileError."""
        raise RuleFileError(self.file, line, reason)

    def tree(self, node: Any, what: str, line: int = 0) -> Tree:
        """The node as a mapping. Plain mappings are taken as well, without lines."""
        if isinstance(node, Tree):
            return node
        if not isinstance(node, Mapping):
            self.refuse(line_of(node, line), f"{what} is a mapping of keys to values.")
        tree = Tree(node)
        tree.lines, tree.line = {}, line
        return tree

    def row(self, node: Any, what: str, line: int) -> list[Any]:
        """The node as a list with at least one item."""
        if not isinstance(node, list | tuple) or not node:
            self.refuse(line_of(node, line), f"{what} is a list with at least one item.")
        return list(node)

    def only(self, tree: Tree, allowed: frozenset[str] | set[str], what: str) -> None:
        """Refuse keys that are not known here."""
        for key in tree:
            if key not in allowed:
                names = ", ".join(sorted(allowed))
                self.refuse(tree.at(key), f"{what} has no `{key}`; it takes {names}.")

    def word(self, tree: Tree, key: str, what: str) -> str:
        """A text that must be there."""
        value = tree.get(key)
        if not isinstance(value, str) or not value.strip():
            self.refuse(tree.at(key), f"{what} needs `{key}`, a text.")
        return value

    def whole(self, tree: Tree, key: str, what: str) -> int:
        """A whole number of 0 or more that must be there."""
        value = tree.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.refuse(tree.at(key), f"{what} needs `{key}`, a whole number of 0 or more.")
        return value

    def within(self, tree: Tree) -> "Place":
        """The place inside this part: its own source and verification go down to its parts."""
        found = self
        if "source" in tree:
            found = replace(found, source=self.word(tree, "source", "It"))
        if "verification" in tree:
            try:
                tag = Verification(tree["verification"])
            except ValueError:
                names = ", ".join(Verification)
                self.refuse(tree.at("verification"), f"`verification` is one of {names}.")
            found = replace(found, verification=tag)
        return found

    def provenance(self, tree: Tree, what: str) -> Provenance:
        """The source and verification in force here; both must be known."""
        if self.source is None:
            self.refuse(tree.line, f"{what} needs `source`: the article it stands in.")
        if self.verification is None:
            self.refuse(
                tree.line, f"{what} needs `verification`: one of {', '.join(Verification)}."
            )
        return Provenance(self.source, self.verification)


def parse_condition(
    node: Any,
    *,
    file: str = "<text>",
    metrics: Mapping[str, Metric] = METRICS,
    boundaries: Boundaries = INCLUSIVE,
    source: str | None = None,
    verification: Verification | str | None = None,
) -> Condition:
    """A condition from YAML or from plain mappings. Raises RuleFileError.

    `metrics` is `METRICS` with those that the service gives itself; `source` and `verification`
    are what the condition inherits when it states none.
    """
    tag = Verification(verification) if verification is not None else None
    return condition_at(node, Place(file, metrics, boundaries, source, tag), 0)


def condition_at(node: Any, place: Place, line: int) -> Condition:
    """A condition in its place."""
    tree = place.tree(node, "A condition", line)
    place = place.within(tree)
    composites = [key for key in _COMPOSITES if key in tree]
    if len(composites) > 1 or (composites and "metric" in tree):
        place.refuse(tree.line, "A condition is one of `metric`, `all`, `any`, `not`; split it.")
    if not composites:
        return _leaf(tree, place)
    kind = composites[0]
    place.only(tree, _ABOUT | {kind}, f"A condition with `{kind}`")
    named = "id" in tree
    name = place.word(tree, "id", "It") if named else kind
    zh = (
        place.word(tree, "zh", "It")
        if "zh" in tree
        else {"all": "均满足", "any": "满足其一"}.get(kind, "不属于")
    )
    en = (
        place.word(tree, "en", "It")
        if "en" in tree
        else {"all": "all of", "any": "any of"}.get(kind, "not")
    )
    if kind == "not":
        part = condition_at(tree["not"], place, tree.at("not"))
        return Not(name, zh, en, part, _of_part(part), named)
    items = place.row(tree[kind], f"`{kind}`", tree.at(kind))
    parts = tuple(condition_at(item, place, tree.at(kind)) for item in items)
    return (All if kind == "all" else AnyOf)(name, zh, en, parts, _of_part(parts[0]), named)


def _of_part(part: Condition) -> Provenance:
    return part.provenance


def metric_at(tree: Tree, place: Place) -> Metric:
    """The metric a part names."""
    name = tree.get("metric")
    if not isinstance(name, str) or name not in place.metrics:
        place.refuse(
            tree.at("metric"),
            f"There is no metric `{name}`; the known ones stand in shared/rules/metrics.py.",
        )
    return place.metrics[name]


def number_at(tree: Tree, key: str, metric: Metric, place: Place) -> Number | None:
    """A number as the file writes it, in the metric's exact measure."""
    value = tree.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Number):
        place.refuse(tree.at(key), f"`{key}` of {metric.name} is a number.")
    try:
        return metric.exact(value)
    except ValueError as error:
        place.refuse(tree.at(key), f"`{key}`: {error}.")


def check_unit(tree: Tree, metric: Metric, place: Place) -> None:
    """Money and percent must say their unit, and no metric takes another's."""
    unit = tree.get("unit")
    if unit is None and metric.unit in ("cny", "percent") and metric.kind in NUMBERS:
        place.refuse(tree.line, f"{metric.name} needs `unit: {metric.unit}`.")
    if unit is not None and unit != metric.unit:
        wanted = f"`unit: {metric.unit}`" if metric.unit else "no unit"
        place.refuse(tree.at("unit"), f"{metric.name} takes {wanted}, not `{unit}`.")


def _leaf(tree: Tree, place: Place) -> Test:
    if "metric" not in tree:
        place.refuse(tree.line, "A condition needs `metric`, or one of `all`, `any`, `not`.")
    place.only(tree, _LEAF, "A condition on a metric")
    metric = metric_at(tree, place)
    check_unit(tree, metric, place)
    checks = (*_bounds(tree, metric, place), *_equalities(tree, metric, place))
    checks = (*checks, *_memberships(tree, metric, place))
    if not checks:
        place.refuse(
            tree.line,
            f"Say what {metric.name} must be: one of {', '.join(sorted(_LEAF - _ABOUT))}.",
        )
    return Test(
        id=place.word(tree, "id", "It") if "id" in tree else metric.name,
        zh=place.word(tree, "zh", "It") if "zh" in tree else metric.zh,
        en=place.word(tree, "en", "It") if "en" in tree else metric.en,
        metric=metric,
        checks=checks,
        needed_zh="且".join(needed_of(check, metric, True) for check in checks),
        needed_en=" and ".join(needed_of(check, metric, False) for check in checks),
        provenance=place.provenance(tree, f"The condition on {metric.name}"),
    )


def _bounds(tree: Tree, metric: Metric, place: Place) -> tuple[Check, ...]:
    found: dict[str, Check] = {}
    rule = place.boundaries
    operators = {
        "min": Operator.AT_LEAST if rule.min_inclusive else Operator.ABOVE,
        "max": Operator.AT_MOST if rule.max_inclusive else Operator.BELOW,
        "above": Operator.ABOVE,
        "below": Operator.BELOW,
    }
    for key in _BOUNDS:
        if key not in tree:
            continue
        if metric.kind not in NUMBERS:
            place.refuse(tree.at(key), f"{metric.name} is not a number; `{key}` cannot hold.")
        value = number_at(tree, key, metric, place)
        if value is None:
            place.refuse(tree.at(key), f"`{key}` needs a number.")
        found[key] = Check(operators[key], value)
    lows = [key for key in ("min", "above") if key in found]
    highs = [key for key in ("max", "below") if key in found]
    if len(lows) > 1 or len(highs) > 1:
        place.refuse(tree.line, f"{metric.name} has two bounds on one side; keep one.")
    if lows and highs:
        low, high = found[lows[0]].value, found[highs[0]].value
        if isinstance(low, Number) and isinstance(high, Number) and low > high:
            place.refuse(tree.line, f"`{lows[0]}` lies above `{highs[0]}`; nothing could pass.")
    return tuple(found.values())


def _equalities(tree: Tree, metric: Metric, place: Place) -> tuple[Check, ...]:
    checks = []
    if "is" in tree:
        if metric.kind is not Kind.FLAG or not isinstance(tree["is"], bool):
            place.refuse(tree.at("is"), "`is` takes true or false, on a yes-or-no metric.")
        checks.append(Check(Operator.EQUALS, int(tree["is"])))
    if "equals" in tree:
        value: Number | str | None
        if metric.kind is Kind.WORD:
            value = _known_word(tree["equals"], "equals", tree, metric, place)
        elif metric.kind in NUMBERS:
            value = number_at(tree, "equals", metric, place)
        else:
            place.refuse(tree.at("equals"), f"For {metric.name} write `is` or `any_of`.")
        checks.append(Check(Operator.EQUALS, value))
    return tuple(checks)


def _memberships(tree: Tree, metric: Metric, place: Place) -> tuple[Check, ...]:
    checks = []
    for key, operator in _LISTS.items():
        if key not in tree:
            continue
        given = tree[key]
        items = place.row(given if isinstance(given, Row | list) else [given], f"`{key}`", 0)
        if metric.kind not in (Kind.WORD, Kind.SET):
            place.refuse(tree.at(key), f"{metric.name} is no word or set; `{key}` cannot hold.")
        if operator is Operator.STARTS_WITH and metric.kind is not Kind.WORD:
            place.refuse(tree.at(key), f"{metric.name} is no word; `{key}` cannot hold.")
        if operator is Operator.STARTS_WITH:
            words = tuple(str(item) for item in items)
        else:
            words = tuple(_known_word(item, key, tree, metric, place) for item in items)
        checks.append(Check(operator, None, words))
    return tuple(checks)


def _known_word(value: Any, key: str, tree: Tree, metric: Metric, place: Place) -> str:
    if not isinstance(value, str):
        place.refuse(tree.at(key), f"`{key}` takes words; put `{value}` in quotes.")
    if metric.words is not None and value not in metric.words:
        known = ", ".join(metric.words)
        place.refuse(tree.at(key), f"{metric.name} is never `{value}`; it is one of {known}.")
    return value


def needed_of(check: Check, metric: Metric, chinese: bool) -> str:
    """What a check asks for, as a person reads it."""
    if check.words:
        words = [metric.say(str(word), chinese) or "" for word in check.words]
        listed = ("、" if chinese else ", ").join(words)
        names = {
            Operator.ANY_OF: ("任一:", "any of: "),
            Operator.NONE_OF: ("均无:", "none of: "),
            Operator.STARTS_WITH: ("以此开头:", "starts with: "),
        }
        return names[check.operator][0 if chinese else 1] + listed
    if check.operator is Operator.EQUALS:
        return metric.say(check.value, chinese) or ""
    return f"{check.operator} {metric.show(check.value)}"
