"""A rulebook: a folder of rule sets, overlays and the selection, loaded whole or refused whole.

editions/*.yaml     the tiers (梯度), one file per edition of the law
programmes/*.yaml   what is judged beside them (科技型, 高企, 北交所)
overlays/*.yaml     what a province changes in a tier
selection.yaml      which edition a batch or notice follows
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from contracts.values import Tier
from shared.rules.load import load_rule_sets
from shared.rules.metric import Metric
from shared.rules.metrics import METRICS
from shared.rules.model import RuleSet
from shared.rules.overlay import Overlay, load_overlays, with_overlay
from shared.rules.select import Application, Choice, SelectionRow, choose, load_selection


@dataclass(frozen=True)
class Rulebook:
    """Every rule set by id, oldest first, with the overlays applied where they hold."""

    rule_sets: Mapping[str, RuleSet]
    overlays: tuple[Overlay, ...]
    selection: tuple[SelectionRow, ...]
    combined: Mapping[str, RuleSet]
    """Editions with an overlay applied, by the overlay's id."""

    @property
    def editions(self) -> dict[str, RuleSet]:
        """The rule sets that judge tiers, without the programmes."""
        return {
            name: rules
            for name, rules in self.rule_sets.items()
            if any(isinstance(tier.tier, Tier) for tier in rules.tiers)
        }

    def of(self, rule_set: str, region: str, day: date) -> RuleSet:
        """A rule set as the province judges by it on a day. Raises KeyError for an unknown id."""
        rules = self.rule_sets[rule_set]
        for overlay in self.overlays:
            if overlay.applies_to == rule_set and overlay.holds_for(region, day):
                return self.combined[overlay.id]
        return rules

    def in_force(self, region: str, day: date) -> tuple[RuleSet, ...]:
        """The editions in force on a day, as they judge in a region."""
        return tuple(
            self.of(name, region, day)
            for name, rules in self.editions.items()
            if rules.in_force(day)
        )

    def choose(self, filing: Application) -> tuple[Choice, RuleSet] | None:
        """The edition a filing follows, with the overlay of its filing day; None without one."""
        choice = choose(self.selection, self.editions, filing)
        if choice is None:
            return None
        day = self._day_within(choice.rule_set, filing.filed_on)
        return choice, self.of(choice.rule_set, filing.region, day)

    def _day_within(self, rule_set: str, day: date) -> date:
        """The filing day, or the last day of an edition that a later filing still follows."""
        last = self.rule_sets[rule_set].effective_to
        return day if last is None else min(day, last)


def load_rulebook(folder: Path, metrics: Mapping[str, Metric] = METRICS) -> Rulebook:
    """The rulebook of a folder. Raises RuleFileError; then nothing of it takes effect."""
    rule_sets = load_rule_sets(folder / "editions", folder / "programmes", metrics=metrics)
    overlays = load_overlays(folder / "overlays", rule_sets, metrics)
    combined = {one.id: with_overlay(rule_sets[one.applies_to], one) for one in overlays}
    selection = load_selection(folder / "selection.yaml", rule_sets)
    return Rulebook(rule_sets, overlays, selection, combined)
