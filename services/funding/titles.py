"""Titles (称号) as awards and loan conditions read them, by kind.

Owns the names of the kinds that rules may use, and the metric `titles`. The platform imports
titles and never invents one.
"""

from functools import cache
from pathlib import Path

from services.funding.rule_files import Texts
from shared.rules.lined_yaml import read_tree
from shared.rules.metric import Kind, Metric
from shared.rules.metrics import METRICS


@cache
def title_names() -> dict[str, Texts]:
    """Kinds of title that rules name, with their official names."""
    tree = read_tree(Path(__file__).parent / "reference" / "titles.yaml")
    return {kind: Texts.model_validate(row) for kind, row in tree["titles"].items()}


@cache
def known_metrics() -> dict[str, Metric]:
    """The metrics of the platform, and `titles`, which this service gives itself."""
    titles = Metric(
        name="titles",
        zh="有效称号",
        en="Titles held",
        kind=Kind.SET,
        unit=None,
        source="公告名单",
        description="Kinds of title that are effective and within their term on the day.",
        words={kind: (texts.zh, texts.en) for kind, texts in title_names().items()},
    )
    return {**METRICS, "titles": titles}
