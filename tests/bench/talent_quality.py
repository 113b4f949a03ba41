"""Talent quality: nDCG@20 of the matcher on a labour market whose truth is known.

Labels come from latent values (`_talent_world`), texts are noisy renderings with paraphrases that
the matcher never saw, and the seed was fixed before anything was tuned. Peers: exact BM25 over
character bigrams of everything written, the same after our hard constraints, and random order
after them. A fairness report by sex, age and ethnicity, which no input holds, goes to stderr.
"""

import math
import sys
from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np

from services.talent.candidates.profiles import mentions_in, offered, read
from services.talent.candidates.schemas import CandidateStatus, CandidateWrite
from services.talent.matching.features import PROFILE, day_number, pack
from services.talent.matching.index import CandidateIndex
from services.talent.matching.recognise import bigrams
from services.talent.matching.taxonomy import disciplines, levels, normal
from services.talent.models import Candidate, Position
from services.talent.positions.offers import offer_of
from services.talent.positions.schemas import PositionWrite
from shared import clock
from tests.bench import _talent_world as world

NAME = "talent-quality"
PEOPLE, VACANCIES = 20_000, 200
TOP, DEEP = 20, 100
RELEVANT = 3
K1, B = 1.5, 0.75
RATIO_MIN = 1.2


async def run() -> dict[str, Any]:
    """nDCG@20 and recall@100 of ours and of the peers."""
    rng = np.random.default_rng(world.SEED)
    crowd, wanted = world.people(PEOPLE, rng), world.vacancies(VACANCIES, rng)
    gains = _gains(wanted, crowd)
    kept = [row.max() >= RELEVANT for row in gains]
    index, bm25 = _index(crowd), Bm25([_person_text(p) for p in crowd])
    ranked: dict[str, list[list[int]]] = defaultdict(list)
    today = day_number(clock.today())
    for vacancy in wanted:
        offer = offer_of(_position(vacancy))
        found = index.best(offer, today, PEOPLE)
        scores = bm25.scores(_vacancy_text(vacancy))
        allowed = np.sort(np.array(found.slots, dtype=np.int64))
        ranked["ours"].append(list(found.slots[:DEEP]))
        ranked["bm25"].append(np.argsort(-scores, kind="stable")[:DEEP].tolist())
        within = allowed[np.argsort(-scores[allowed], kind="stable")] if len(allowed) else allowed
        ranked["bm25_filtered"].append(within[:DEEP].tolist())
        ranked["random_filtered"].append(rng.permutation(allowed)[:DEEP].tolist())
    figures = {name: _figures(rows, gains, kept) for name, rows in ranked.items()}
    report_fairness(crowd, wanted, gains, ranked["ours"])
    return _line(figures, sum(kept))


def _line(figures: dict[str, dict[str, float]], judged: int) -> dict[str, Any]:
    ours = figures.pop("ours")
    ratio = {name: round(ours["ndcg_20"] / row["ndcg_20"], 2) for name, row in figures.items()}
    return {
        "bench": NAME,
        "ours": ours,
        "unit": f"nDCG@20, recall@100 of {judged} positions among {PEOPLE:,} candidates",
        "peers": figures,
        "ratio": ratio,
        "target": f">= {RATIO_MIN} x bm25",
        "met": ratio["bm25"] >= RATIO_MIN,
    }


def _gains(wanted: list[world.Vacancy], crowd: list[world.Person]) -> "np.ndarray[Any, Any]":
    return np.array([[world.gain(v, p) for p in crowd] for v in wanted], dtype=np.int8)


def _figures(ranked: list[list[int]], gains: Any, kept: list[bool]) -> dict[str, float]:
    ndcg, recall = [], []
    discounts = 1 / np.log2(np.arange(2, TOP + 2))
    for rows, truth, counts in zip(ranked, gains, kept, strict=True):
        if not counts:
            continue
        got = 2.0 ** truth[rows[:TOP]] - 1
        best = 2.0 ** np.sort(truth)[::-1][:TOP] - 1
        ndcg.append(float((got * discounts[: len(got)]).sum() / (best * discounts).sum()))
        relevant = int((truth >= RELEVANT).sum())
        hits = int((truth[rows[:DEEP]] >= RELEVANT).sum())
        recall.append(hits / min(relevant, DEEP))
    return {
        "ndcg_20": round(float(np.mean(ndcg)), 3),
        "recall_100": round(float(np.mean(recall)), 3),
    }


def _index(crowd: list[world.Person]) -> CandidateIndex:
    rows = np.frombuffer(
        b"".join(pack(offered(c := _candidate(p), read(c))) for p in crowd), PROFILE
    )
    index = CandidateIndex()
    index.put(np.arange(len(crowd)), rows)
    return index


def _candidate(person: world.Person) -> Candidate:
    form = {n: v for n, v in person.form.items() if n != "confirmed_days" and v is not None}
    profile = CandidateWrite.model_validate(form)
    days = timedelta(days=int(str(person.form["confirmed_days"])))
    return Candidate(
        candidate_id=UUID(int=0),
        owner="bench",
        status=CandidateStatus.LISTED,
        kinds=list(profile.kinds),
        level=profile.level,
        discipline=profile.discipline,
        region=profile.region,
        segment=None,
        profile=profile.model_dump(mode="json", exclude_none=True),
        mentions=mentions_in(profile.skills, profile.summary),
        hidden_from=[],
        consent_until=None,
        consent_reference=None,
        confirmed_on=clock.today() - days,
        version=1,
    )


def _position(vacancy: world.Vacancy) -> Position:
    form = {**vacancy.form, "headcount": 1, "open_until": "2098-12-31"}
    wanted = PositionWrite.model_validate(form)
    return Position(
        position_id=UUID(int=0),
        uscc="",
        status="published",
        kind=wanted.kind,
        mode=wanted.mode,
        region=wanted.region,
        segment=None,
        level=wanted.level,
        discipline=wanted.discipline,
        wanted=wanted.model_dump(mode="json", exclude_none=True),
        headcount=1,
        open_until=wanted.open_until,
        version=1,
    )


def _person_text(person: world.Person) -> str:
    form = person.form
    return " ".join(
        [*form["skills"], str(form["summary"]), *_fields(form), *form["modes"]]  # type: ignore[misc]
    )


def _vacancy_text(vacancy: world.Vacancy) -> str:
    form = vacancy.form
    said = [str(form["title"]), str(form["description"]), *form["wish_skills"]]  # type: ignore[misc]
    return " ".join([*said, *_fields(form), str(form["mode"])])


def _fields(form: dict[str, Any]) -> list[str]:
    """The form fields in words, so that BM25 reads all that ours reads."""
    level = levels().get(form["level"], {"zh": ""})["zh"]
    discipline = disciplines().get(form["discipline"], {"zh": ""})["zh"]
    kind = form.get("kind") or form["kinds"][0]
    return [level, discipline, f"city{form['region'][:4]}", str(kind)]


def _tokens(text: str) -> list[str]:
    written = normal(text)
    latin = "".join(c if c.isascii() and (c.isalnum() or c in "+#") else " " for c in written)
    return [*sorted(bigrams(written)), *latin.split()]


class Bm25:
    """Okapi BM25, exact: every document that shares a token is scored."""

    def __init__(self, texts: list[str]) -> None:
        documents = [Counter(_tokens(text)) for text in texts]
        lengths = np.array([sum(document.values()) for document in documents], dtype=float)
        self._norm = K1 * (1 - B + B * lengths / lengths.mean())
        postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, document in enumerate(documents):
            for token, count in document.items():
                postings[token].append((number, count))
        self._postings = {token: np.array(rows).T for token, rows in postings.items()}

    def scores(self, text: str) -> "np.ndarray[Any, Any]":
        total = np.zeros(len(self._norm))
        for token in _tokens(text):
            if (rows := self._postings.get(token)) is None:
                continue
            numbers, counts = rows
            rarity = math.log(1 + (len(total) - len(numbers) + 0.5) / (len(numbers) + 0.5))
            total[numbers] += rarity * counts * (K1 + 1) / (counts + self._norm[numbers])
        return total


def report_fairness(
    crowd: list[world.Person], wanted: list[world.Vacancy], gains: Any, ranked: list[list[int]]
) -> None:
    """Per group: the rate of those truly fit who reach the top 20, and its impact ratio.

    The ratio is to the group with the highest rate; under 0.80 (the four-fifths rule) asks for a
    look. Nothing of a group is an input: differences come from years of work and from wording.
    """
    print(f"fairness: truly fit (gain >= {RELEVANT}) and shown in the top {TOP}", file=sys.stderr)
    print("group       value        fit   shown   rate   impact ratio", file=sys.stderr)
    for group in ("sex", "age", "ethnicity"):
        fit: Counter[str] = Counter()
        shown: Counter[str] = Counter()
        for truth, rows in zip(gains, ranked, strict=True):
            top = set(rows[:TOP])
            for number in np.flatnonzero(truth >= RELEVANT):
                value = crowd[int(number)].groups[group]
                fit[value] += 1
                shown[value] += int(number) in top
        rates = {value: shown[value] / fit[value] for value in sorted(fit)}
        for value, rate in rates.items():
            print(
                f"{group:<11} {value:<11} {fit[value]:>5} {shown[value]:>7} {rate:>6.3f}"
                f" {rate / max(rates.values()):>8.2f}",
                file=sys.stderr,
            )
