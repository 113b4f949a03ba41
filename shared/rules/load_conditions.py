"""Reads conditions: one metric compared, or all, any, not of others. Refuses what is unclear.

A leaf names a metric and one or more of `min max above below equals is any_of none_of
starts_with`; money and percent need their `unit`. `min` and `max` (以上, 以下) include the number
unless the document says otherwise; `above` and `below` (超过, 不满) never do.
"""

from collections.abc import Mapping
from typing import Any

from shared.rules.lined_yaml import Row, Tree
from shared.rules.metric import NUMBERS, Kind, Metric
from shared.rules.metrics import METRICS
from shared.rules.model import (
    All,
    AnyOf,
    Boundaries,
    Check,
    Condition,
    Not,
    Number,
    Operator,
    Test,
)
from shared.rules.place import INCLUSIVE, Place
from shared.rules.provenance import Provenance, Verification

ABOUT_KEYS = frozenset({"id", "zh", "en", "source", "verification"})
BOUND_KEYS = ("min", "max", "above", "below")
LIST_KEYS = {
    "any_of": Operator.ANY_OF,
    "none_of": Operator.NONE_OF,
    "starts_with": Operator.STARTS_WITH,
}
LEAF_KEYS = ABOUT_KEYS | {"metric", "unit", "equals", "is", *BOUND_KEYS, *LIST_KEYS}
COMPOSITE_KEYS = ("all", "any", "not")


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
    composites = [key for key in COMPOSITE_KEYS if key in tree]
    if len(composites) > 1 or (composites and "metric" in tree):
        place.refuse(tree.line, "A condition is one of `metric`, `all`, `any`, `not`; split it.")
    if not composites:
        return _leaf(tree, place)
    kind = composites[0]
    place.only(tree, ABOUT_KEYS | {kind}, f"A condition with `{kind}`")
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
    place.only(tree, LEAF_KEYS, "A condition on a metric")
    metric = metric_at(tree, place)
    check_unit(tree, metric, place)
    checks = (*_bounds(tree, metric, place), *_equalities(tree, metric, place))
    checks = (*checks, *_memberships(tree, metric, place))
    if not checks:
        place.refuse(
            tree.line,
            f"Say what {metric.name} must be: one of {', '.join(sorted(LEAF_KEYS - ABOUT_KEYS))}.",
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
    for key in BOUND_KEYS:
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
    for key, operator in LIST_KEYS.items():
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
