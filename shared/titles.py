"""When a title (称号) counts: effective, begun and within its term. Pure decisions on `Title`.

A list without a term begins on the day of its document. A title in public notice (公示) counts
for nothing.
"""

from collections.abc import Iterable
from datetime import date

from contracts.events.certification import Title, TitleStatus


def effective_day(title: Title) -> date:
    """The day a title took effect: the first day of its term, else the day of its document."""
    return title.valid_from or title.document_on


def is_effective(title: Title, on: date) -> bool:
    """Whether a title is past its notice (公示) and within its term on the day."""
    return (
        title.status is TitleStatus.EFFECTIVE
        and effective_day(title) <= on
        and (title.valid_to is None or on <= title.valid_to)
    )


def effective_titles(titles: Iterable[Title], on: date) -> tuple[Title, ...]:
    """The titles that count on the day."""
    return tuple(title for title in titles if is_effective(title, on))
