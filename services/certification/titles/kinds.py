"""Kinds of title as data: level, tier, term, and who decides (`rules/titles.yaml`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

from contracts.values import Tier
from services.certification.errors import TitleUnknown
from shared.authorities import Authority, authorities
from shared.rules.lined_yaml import Tree, read_tree
from shared.rules.periods import years_after
from shared.rules.place import INCLUSIVE, Place
from shared.rules.provenance import Provenance

_KEYS = frozenset(
    {
        "kind",
        "zh",
        "en",
        "tier",
        "level",
        "act",
        "decided_by",
        "validity_years",
        "source",
        "verification",
    }
)


@dataclass(frozen=True)
class TitleKind:
    """One kind of title."""

    kind: str
    zh: str
    en: str
    tier: Tier | None
    level: str
    act: str
    decided_by: tuple[str, ...]
    validity_years: int | None
    provenance: Provenance

    def decided_by_authority(self, code: str) -> Authority:
        """The authority, when its level decides this title. Raises TitleUnknown."""
        authority = authorities().get(code)
        if authority is None or authority.level not in self.decided_by:
            levels = ", ".join(self.decided_by)
            raise TitleUnknown(
                f"{self.kind} is decided by an authority of the level {levels}; {code!r} is none."
                " Take a code from /v1/dictionaries/authorities.",
                f"{self.zh} 由 {levels} 级主管部门认定;{code} 不是,请查阅主管部门字典。",
            )
        return authority

    def last_day(self, first: date) -> date | None:
        """The last day of a term that begins on `first`: years later, less a day."""
        if self.validity_years is None:
            return None
        return years_after(first, self.validity_years) - timedelta(days=1)


def read_kinds(path: Path) -> Mapping[str, TitleKind]:
    """The kinds of a file. Raises RuleFileError with file, line and what to change."""
    tree = read_tree(path)
    place = Place(path.name, {}, INCLUSIVE)
    kinds: dict[str, TitleKind] = {}
    for row in place.row(tree.get("titles"), "`titles`", tree.at("titles")):
        kind = _kind(place.tree(row, "A title", tree.at("titles")), place)
        if kind.kind in kinds:
            place.refuse(row.line, f"The title {kind.kind} is given twice.")
        kinds[kind.kind] = kind
    return MappingProxyType(kinds)


def _kind(tree: Tree, place: Place) -> TitleKind:
    place.only(tree, _KEYS, "A title")
    levels = {authority.level for authority in authorities().values()}
    decided_by = tuple(place.row(tree.get("decided_by"), "`decided_by`", tree.at("decided_by")))
    if not set(decided_by) <= levels:
        place.refuse(
            tree.at("decided_by"), f"`decided_by` is of the levels {', '.join(sorted(levels))}."
        )
    years = tree.get("validity_years")
    if years is not None and years not in range(1, 31):
        place.refuse(tree.at("validity_years"), "`validity_years` is 1 to 30, or null.")
    if tree.get("tier") is not None and tree["tier"] not in tuple(Tier):
        place.refuse(tree.at("tier"), f"`tier` is null or one of {', '.join(Tier)}.")
    return TitleKind(
        kind=place.word(tree, "kind", "A title"),
        zh=place.word(tree, "zh", "A title"),
        en=place.word(tree, "en", "A title"),
        tier=Tier(tree["tier"]) if tree.get("tier") else None,
        level=place.word(tree, "level", "A title"),
        act=place.word(tree, "act", "A title"),
        decided_by=decided_by,
        validity_years=years,
        provenance=place.within(tree).provenance(tree, "A title"),
    )


KINDS = read_kinds(Path(__file__).parent.parent / "rules" / "titles.yaml")
"""Every kind of title by its code."""


def find_kind(kind: str) -> TitleKind:
    """The kind. Raises TitleUnknown."""
    if kind not in KINDS:
        raise TitleUnknown(
            f"There is no title {kind!r}. Take a kind from /v1/dictionaries/titles.",
            f"没有称号 {kind},请查阅称号字典 /v1/dictionaries/titles。",
        )
    return KINDS[kind]
