"""Which skills a text names: the taxonomy's own terms by longest match, else by character bigrams.

Chinese needs no word boundaries here: the dictionary is the taxonomy. A clause that says the
opposite (不会, 没有…经验) names nothing. Nothing but the taxonomy's terms is ever read out of a
text, so what it says of sex, age, ethnicity or looks cannot reach a score.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from services.talent.matching.taxonomy import normal, taxonomy

WEAK_SHARE_MIN = 0.62
WEAK_BIGRAMS_MIN = 2
_CLAUSE = re.compile(r"[^,，。;；、!！?？\n\r\t()（）|]+")
_NEGATION = re.compile(r"不会|不懂|不熟悉|没有|无相关|未接触|未从事|缺乏|no experience|without")
_WORD = re.compile(r"[a-z0-9#+.]")
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Mention:
    """A skill found in a text. `words` is what stood there; weak means similar words only."""

    skill: int
    words: str
    weak: bool


def recognise(text: str) -> tuple[Mention, ...]:
    """Every skill the text names, once each, in order of appearance; exact before similar."""
    written = normal(text)
    exact: dict[int, Mention] = {}
    similar: dict[int, Mention] = {}
    for clause in _clauses(written):
        if _NEGATION.search(clause):
            continue
        for skill, words in _exact(clause):
            exact.setdefault(skill, Mention(skill, words, weak=False))
        for skill in _similar(clause):
            similar.setdefault(skill, Mention(skill, clause[:40], weak=True))
    return (*exact.values(), *(m for skill, m in similar.items() if skill not in exact))


def unrecognised(words: Iterable[str]) -> tuple[str, ...]:
    """The declared words in which no skill was found: what the taxonomy may lack."""
    return tuple(word for word in words if not recognise(word))


def _clauses(written: str) -> Iterator[str]:
    for match in _CLAUSE.finditer(written):
        if clause := match[0].strip():
            yield clause


@cache
def _terms() -> dict[str, tuple[tuple[str, int], ...]]:
    """Terms by their first two characters, longest first."""
    found: dict[str, list[tuple[str, int]]] = {}
    for skill in taxonomy().skills:
        for term in skill.terms:
            found.setdefault(term[:2], []).append((term, skill.number))
    return {
        start: tuple(sorted(terms, key=lambda item: (-len(item[0]), item[0])))
        for start, terms in found.items()
    }


def _exact(clause: str) -> Iterator[tuple[int, str]]:
    terms, place = _terms(), 0
    while place < len(clause):
        for term, skill in terms.get(clause[place : place + 2], ()):
            if clause.startswith(term, place) and _stands_alone(clause, place, term):
                yield skill, term
                place += len(term)
                break
        else:
            place += 1


def _stands_alone(clause: str, place: int, term: str) -> bool:
    """Latin words need boundaries, so that `java` is not found in `javascript`."""
    before, after = clause[place - 1 : place], clause[place + len(term) : place + len(term) + 1]
    return not (_WORD.match(term[0]) and before and _WORD.match(before)) and not (
        _WORD.match(term[-1]) and after and _WORD.match(after)
    )


def bigrams(text: str) -> frozenset[str]:
    """Pairs of neighbouring Chinese characters."""
    return frozenset(
        text[i : i + 2]
        for i in range(len(text) - 1)
        if _HAN.match(text[i]) and _HAN.match(text[i + 1])
    )


@cache
def _weights() -> dict[str, float]:
    """How telling a bigram is: rare among the taxonomy's skills weighs more."""
    seen = Counter(
        pair
        for skill in taxonomy().skills
        for pair in frozenset().union(*(bigrams(term) for term in skill.terms))
    )
    return {pair: math.log(1 + len(taxonomy().skills) / n) for pair, n in seen.items()}


@cache
def _fuzzy_terms() -> dict[str, tuple[tuple[int, int, float], ...]]:
    """Bigram → (number of the term, skill, the term's whole weight)."""
    found: dict[str, list[tuple[int, int, float]]] = {}
    number = 0
    for skill in taxonomy().skills:
        for term in skill.terms:
            pairs = bigrams(term)
            if len(pairs) >= WEAK_BIGRAMS_MIN:
                whole = sum(_weights()[pair] for pair in pairs)
                for pair in pairs:
                    found.setdefault(pair, []).append((number, skill.number, whole))
            number += 1
    return {pair: tuple(terms) for pair, terms in found.items()}


def _similar(clause: str) -> Iterator[int]:
    shares: dict[tuple[int, int], float] = {}
    counts: Counter[tuple[int, int]] = Counter()
    for pair in sorted(bigrams(clause)):
        for number, skill, whole in _fuzzy_terms().get(pair, ()):
            shares[number, skill] = shares.get((number, skill), 0.0) + _weights()[pair] / whole
            counts[number, skill] += 1
    for (number, skill), share in sorted(shares.items()):
        if share >= WEAK_SHARE_MIN and counts[number, skill] >= WEAK_BIGRAMS_MIN:
            yield skill
