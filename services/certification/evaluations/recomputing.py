"""Judges a stored evaluation again from its own inputs and its own rule texts (复算)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contracts.facts import EnterpriseFacts
from services.certification.canonical import canonical, digest_of
from services.certification.evaluations.models import Evaluation
from services.certification.models import KnownDossier
from services.certification.outlooks.judging import judge_facts, record_of
from services.certification.outlooks.ladder import held_tiers, tiers_of, titles_in
from services.certification.outlooks.rulebook import Law
from shared.rules.evaluate import Criterion, Verdict

DIFFERENCES_SHOWN_MAX = 200
_NOTHING = object()


@dataclass(frozen=True)
class Difference:
    """One place where the two verdicts differ; None where one of them has nothing."""

    path: str
    stored: str | None
    recomputed: str | None


@dataclass(frozen=True)
class Recomputation:
    """Whether the stored verdict comes out again, byte for byte."""

    identical: bool
    facts_unchanged: bool
    rules_unchanged: bool
    stored_digest: str
    recomputed_digest: str | None
    differences: tuple[Difference, ...]
    difference_count: int


def recompute(evaluation: Evaluation, dossier: KnownDossier, law: Law) -> Recomputation:
    """Judge again what was judged then, by the text that judged it."""
    verdicts = _judge(evaluation, dossier, law)
    held = held_tiers(titles_in(json.loads(evaluation.titles)), evaluation.as_of)
    again = canonical(record_of(verdicts, evaluation.as_of, held))
    found = [] if again == evaluation.verdict else list(_differ(evaluation.verdict, again))
    facts_unchanged = digest_of(dossier.facts) == evaluation.facts_digest
    rules_unchanged = law.digest == evaluation.rulebook
    return Recomputation(
        identical=again == evaluation.verdict and facts_unchanged and rules_unchanged,
        facts_unchanged=facts_unchanged,
        rules_unchanged=rules_unchanged,
        stored_digest=digest_of(evaluation.verdict),
        recomputed_digest=digest_of(again),
        differences=tuple(found[:DIFFERENCES_SHOWN_MAX]),
        difference_count=len(found),
    )


def not_computable(evaluation: Evaluation, dossier: KnownDossier, reason: str) -> Recomputation:
    """The stored inputs or rule texts cannot be read any more; the reason is the difference."""
    return Recomputation(
        identical=False,
        facts_unchanged=digest_of(dossier.facts) == evaluation.facts_digest,
        rules_unchanged=False,
        stored_digest=digest_of(evaluation.verdict),
        recomputed_digest=None,
        differences=(Difference("", None, reason[:500]),),
        difference_count=1,
    )


def criteria_of(
    evaluation: Evaluation, dossier: KnownDossier, law: Law
) -> list[tuple[str, str, Criterion]]:
    """(rule set, tier, criterion) of the law that judged, for its words and sources."""
    return [
        (verdict.rule_set.id, name, criterion)
        for verdict in _judge(evaluation, dossier, law)
        for name, tier in tiers_of(verdict)
        for criterion in tier.criteria
    ]


def _judge(evaluation: Evaluation, dossier: KnownDossier, law: Law) -> tuple[Verdict, ...]:
    return judge_facts(
        EnterpriseFacts.model_validate_json(dossier.facts, extra="ignore"),
        evaluation.as_of,
        registered=dossier.registered,
        book=law.book,
    )


def _differ(stored: str, again: str) -> Iterator[Difference]:
    try:
        before = json.loads(stored)
    except ValueError:
        yield Difference("", stored[:200], again[:200])
        return
    after = json.loads(again)
    if before == after:
        yield Difference("", "the same values, written otherwise", "canonical JSON")
    yield from _walk("", before, after)


def _walk(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _walk(
                f"{path}.{key}".lstrip("."), before.get(key, _NOTHING), after.get(key, _NOTHING)
            )
    elif isinstance(before, list) and isinstance(after, list):
        for place in range(max(len(before), len(after))):
            yield from _walk(f"{path}[{place}]", _at(before, place), _at(after, place))
    elif type(before) is not type(after) or before != after:
        yield Difference(path, _shown(before), _shown(after))


def _at(row: list[Any], place: int) -> Any:
    return row[place] if place < len(row) else _NOTHING


def _shown(value: Any) -> str | None:
    return None if value is _NOTHING else canonical(value)[:500]
