"""Chinese text search (中文检索): texts as pairs of neighbouring characters. Pure.

Chinese is written without spaces, so a word list would always lack the newest product. Every two
neighbouring characters are a term; a Latin word or a number is one term. What is found by terms
is compared with the text once more by the database, so a hit contains what was asked. What is not
text (field, region, tier, kind) is a term of its own, a mark, so that one index narrows all of it.
"""

import re
import unicodedata
from collections.abc import Sequence

QUERY_RUNS_MAX = 8
QUERY_TERMS_MAX = 16
_RUNS = re.compile(r"[㐀-鿿豈-﫿]+|[0-9a-z]+")


def normal(text: str) -> str:
    """Half width, lower case: as texts are stored for search and as queries are read."""
    return unicodedata.normalize("NFKC", text).lower()


def runs(text: str) -> list[str]:
    """The stretches of Chinese characters and the Latin words of a text, in order."""
    return _RUNS.findall(normal(text))


def terms_of(text: str) -> list[str]:
    """Every term a text can be found by."""
    found: set[str] = set()
    for run in runs(text):
        if run.isascii():
            found.add(run)
        else:
            found.update(run)
            found.update(_pairs(run))
    return sorted(found)


def query_terms(found: Sequence[str]) -> list[str]:
    """The terms that the runs of a query ask for, in order: pairs, or the one character given."""
    terms: dict[str, None] = {}
    for run in found:
        terms |= dict.fromkeys([run] if run.isascii() or len(run) == 1 else _pairs(run))
    return list(terms)


def mark(kind: str, value: str) -> str:
    """The term of what is no text: a segment, a region, a service. The colon keeps it apart."""
    return f"{kind}:{value}"


ANY_FIELD, ANY_REGION, ANY_TIER = mark("field", "any"), mark("region", "any"), mark("tier", "any")


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]
