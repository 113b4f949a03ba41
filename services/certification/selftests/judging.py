"""Judges drafts of dossiers. Pure decisions: the law is passed, nothing is read or kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from contracts.values import Tier
from services.certification.errors import RuleSetUnknown
from services.certification.outlooks.gaps import gap_read
from services.certification.outlooks.ladder import held_tiers_of, step_of, tiers_of
from services.certification.outlooks.rendering import tier_read
from services.certification.outlooks.schemas import CriterionRead
from services.certification.selftests.draft import SelfTestDossier
from services.certification.selftests.schemas import (
    SelfTestCreate,
    SelfTestResult,
    SelfTestTier,
)
from shared.rules.evaluate import Verdict, evaluate
from shared.rules.metric import Reading, missing
from shared.rules.metrics import read
from shared.rules.model import RuleSet
from shared.rules.rulebook import Rulebook
from shared.rules.select import Application, ChosenBy

NEEDS_INDUSTRY = ("is_sme", "size_class")


@dataclass(frozen=True)
class Judged:
    """One tier with the edition that a filing for it follows."""

    tier: Tier
    rules: RuleSet
    chosen_by: ChosenBy | None


def check_rule_set(book: Rulebook, asked: SelfTestCreate, day: date) -> None:
    """Raises RuleSetUnknown when nothing could judge."""
    if asked.rule_set is not None and asked.rule_set not in book.editions:
        raise RuleSetUnknown(
            f"There is no edition {asked.rule_set}; choose one of {', '.join(book.editions)}.",
            f"没有规则集 {asked.rule_set},可选:{'、'.join(book.editions)}。",
        )
    if asked.rule_set is None and not any(rules.in_force(day) for rules in book.editions.values()):
        raise RuleSetUnknown(
            f"No edition was in force on {day}; name one as rule_set, or give another as_of.",
            f"{day} 没有施行中的规则集,请指定 rule_set 或更改 as_of。",
        )


def judge_draft(
    book: Rulebook, asked: SelfTestCreate, index: int, day: date, chinese: bool
) -> SelfTestResult:
    """The verdict on one of the dossiers."""
    draft = asked.dossiers[index]
    facts = draft.facts_in(asked.region)
    reading = _reading(draft, asked.region, day)
    verdicts: dict[int, Verdict] = {}
    tiers: list[SelfTestTier] = []
    held = None if draft.held_titles is None else held_tiers_of(draft.held_titles)
    for judged in _chosen(book, asked, facts.region or "", day):
        verdict = verdicts.get(id(judged.rules))
        if verdict is None:
            verdict = verdicts[id(judged.rules)] = evaluate(judged.rules, reading)
        found = next(tier for name, tier in tiers_of(verdict) if name is judged.tier)
        step = step_of(verdict, found, held, asked.filing)
        shown = tier_read(verdict, judged.tier, found, step, chinese)
        if asked.criteria == "open":
            shown.criteria = [line for line in shown.criteria if not _settled(line)]
        least = gap_read(judged.rules, judged.tier, reading, chinese) if asked.wants_gap else None
        tiers.append(
            SelfTestTier.model_construct(**dict(shown), chosen_by=judged.chosen_by, gap=least)
        )
    return SelfTestResult(
        index=index,
        uscc=facts.uscc,
        name=draft.name,
        region=facts.region,
        missing=list(dict.fromkeys(name for tier in tiers for name in tier.missing)),
        tiers=tiers,
    )


def _settled(line: CriterionRead) -> bool:
    """Whether nothing is left to do: it is met, and an indicator has its full points."""
    return line.met is True and (line.kind != "indicator" or line.points == line.points_full)


def _reading(draft: SelfTestDossier, region: str | None, day: date) -> Reading:
    reading = read(draft.facts_in(region), day)
    if draft.industry is not None:
        return reading
    return reading.with_values({name: missing("industry") for name in NEEDS_INDUSTRY})


def _chosen(book: Rulebook, asked: SelfTestCreate, region: str, day: date) -> Iterator[Judged]:
    """The edition of each tier: the one that was named, else as the filing's batch or day says."""
    if asked.rule_set is not None:
        rules = book.of(asked.rule_set, region, day)
        for tier in rules.tiers:
            if isinstance(tier.tier, Tier):
                yield Judged(tier.tier, rules, None)
        return
    for name in Tier:
        filing = Application(name, asked.filing, day, region, asked.notice, asked.batch)
        found = book.choose(filing)
        if found is not None:
            yield Judged(name, found[1], found[0].by)
