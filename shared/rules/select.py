"""Which edition judges a filing: its batch or notice and whether it is a review, else its day.

In 2026 new little giants followed the new Measures and reviews of old ones followed 63号, so the
day alone does not decide. The rows are data; nothing here reads a clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from contracts.values import Tier
from shared.authorities import covers
from shared.rules.lined_yaml import Tree, read_tree
from shared.rules.load import day_at, target_of
from shared.rules.metrics import METRICS
from shared.rules.model import Programme, RuleSet, Target
from shared.rules.place import INCLUSIVE, Place
from shared.rules.provenance import Provenance

SELECTION_KEYS = frozenset(
    {
        "id",
        "zh",
        "en",
        "notice",
        "batch",
        "authority",
        "tiers",
        "filing",
        "filed_from",
        "filed_to",
        "rule_set",
        "source",
        "verification",
    }
)


class Filing(StrEnum):
    """A first filing (新申报) or the review of a title held (复核)."""

    NEW = "new"
    REVIEW = "review"


class ChosenBy(StrEnum):
    """What chose the edition."""

    NOTICE = "notice"
    BATCH = "batch"
    WINDOW = "filing_window"
    FILING_DATE = "filing_date"


@dataclass(frozen=True, slots=True)
class SelectionRow:
    """One batch or notice and the edition it follows."""

    id: str
    zh: str
    en: str
    notice: str
    batch: str | None
    authority: str
    tiers: tuple[Target, ...]
    filing: Filing
    filed_from: date | None
    filed_to: date | None
    rule_set: str
    provenance: Provenance

    def in_window(self, day: date) -> bool:
        """Whether the filing day lies in the window; a row without a whole window has none."""
        return (
            self.filed_from is not None
            and self.filed_to is not None
            and self.filed_from <= day <= self.filed_to
        )


@dataclass(frozen=True, slots=True)
class Application:
    """What is known of a filing: tier, new or review, its day, where, and its batch or notice."""

    tier: Target
    filing: Filing
    filed_on: date
    region: str
    notice: str | None = None
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The edition of a filing, and what chose it; `row` None where the filing day did."""

    rule_set: str
    by: ChosenBy
    row: SelectionRow | None


def choose(
    rows: Sequence[SelectionRow], editions: Mapping[str, RuleSet], filing: Application
) -> Choice | None:
    """The edition that judges a filing; None where none was in force on its day.

    A named notice decides before a named batch, that before the window of filing, that before the
    day. A notice nobody entered leaves it to the day: `by` says so.
    """
    fitting = [
        row
        for row in rows
        if filing.tier in row.tiers
        and filing.filing is row.filing
        and covers(row.authority, filing.region)
    ]
    named = [row for row in fitting if filing.notice and row.notice == filing.notice]
    if named:
        return Choice(named[0].rule_set, ChosenBy.NOTICE, named[0])
    if filing.notice is None:
        batch = [row for row in fitting if filing.batch and row.batch == filing.batch]
        if batch:
            return Choice(batch[0].rule_set, ChosenBy.BATCH, batch[0])
        window = [row for row in fitting if row.in_window(filing.filed_on)]
        if window:
            return Choice(window[0].rule_set, ChosenBy.WINDOW, window[0])
    found = [
        rules.id
        for rules in editions.values()
        if rules.in_force(filing.filed_on) and any(tier.tier == filing.tier for tier in rules.tiers)
    ]
    return Choice(found[-1], ChosenBy.FILING_DATE, None) if found else None


def load_selection(path: Path, editions: Mapping[str, RuleSet]) -> tuple[SelectionRow, ...]:
    """The rows of a file. Raises RuleFileError with file, line and what to change."""
    return selection_of(read_tree(path), path.name, editions)


def selection_of(
    tree: Tree, file: str, editions: Mapping[str, RuleSet]
) -> tuple[SelectionRow, ...]:
    """The rows that a tree describes. Raises RuleFileError."""
    place = Place(file, METRICS, INCLUSIVE)
    place.only(tree, {"selection"}, "A selection")
    nodes = place.row(tree.get("selection"), "`selection`", tree.at("selection"))
    rows: list[SelectionRow] = []
    for node in nodes:
        row_tree = place.tree(node, "A row", tree.at("selection"))
        row = _row(row_tree, place, editions)
        if row.id in [found.id for found in rows]:
            place.refuse(row_tree.line, f"The id {row.id} stands twice; give each its own.")
        rows.append(row)
    return tuple(rows)


def _row(tree: Tree, place: Place, editions: Mapping[str, RuleSet]) -> SelectionRow:
    place.only(tree, SELECTION_KEYS, "A row")
    inner = place.within(tree)
    words = place.row(tree.get("tiers"), "`tiers`", tree.at("tiers"))
    try:
        tiers = tuple(target_of(word) for word in words)
    except ValueError:
        place.refuse(tree.at("tiers"), f"`tiers` is of {', '.join((*Tier, *Programme))}.")
    try:
        filing = Filing(str(tree.get("filing")))
    except ValueError:
        place.refuse(tree.at("filing"), f"`filing` is one of {', '.join(Filing)}.")
    rules = editions.get(str(tree.get("rule_set")))
    if rules is None:
        place.refuse(tree.at("rule_set"), f"`rule_set` is one of {', '.join(editions)}.")
    lacking = [name for name in tiers if name not in [tier.tier for tier in rules.tiers]]
    if lacking:
        place.refuse(tree.at("tiers"), f"{rules.id} has no tier {', '.join(lacking)}.")
    authority = place.word(tree, "authority", "A row")
    if not covers(authority, authority):
        place.refuse(tree.at("authority"), f"`authority` {authority} is not known.")
    first, last = (day_at(tree, name, place) for name in ("filed_from", "filed_to"))
    if first is not None and last is not None and last < first:
        place.refuse(tree.at("filed_to"), "`filed_to` lies before `filed_from`.")
    return SelectionRow(
        id=place.word(tree, "id", "A row"),
        zh=place.word(tree, "zh", "A row"),
        en=place.word(tree, "en", "A row"),
        notice=place.word(tree, "notice", "A row"),
        batch=place.word(tree, "batch", "A row") if "batch" in tree else None,
        authority=authority,
        tiers=tiers,
        filing=filing,
        filed_from=first,
        filed_to=last,
        rule_set=rules.id,
        provenance=inner.provenance(tree, "A row"),
    )
