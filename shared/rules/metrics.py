"""Every metric rules may read, by name, and the reading of an enterprise at a date.

A service that knows more (titles held, consents) adds its own with `Reading.with_values` and
declares them to the loader beside `METRICS`.
"""

from datetime import date

from contracts.facts import EnterpriseFacts
from shared.rules.conduct import CONDUCT
from shared.rules.figures import FIGURES
from shared.rules.holdings import HOLDINGS
from shared.rules.metric import ABSENT, Kind, Metric, Reading, Unknown, Value
from shared.rules.rights import RIGHTS
from shared.rules.spans import SPANS
from shared.rules.standing import STANDING

__all__ = ["ABSENT", "METRICS", "Kind", "Metric", "Reading", "Unknown", "Value", "read"]

_GROUPS = (*FIGURES, *SPANS, *RIGHTS, *HOLDINGS, *STANDING, *CONDUCT)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _GROUPS}
"""The metrics of the platform by name."""


def read(facts: EnterpriseFacts, as_of: date) -> Reading:
    """The enterprise as the rules see it on this day. Values are computed when asked for."""
    return Reading(facts, as_of, METRICS)
