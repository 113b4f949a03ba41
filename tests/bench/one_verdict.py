"""One explained verdict: dossiers per second and core, the three 2022 tiers with every criterion.

`ours` reads the facts of a dossier and judges them with the whole trace, each criterion with the
value seen and its points. The peer, zen-engine, has the same rules as a JDM
(tests/bench/peers/zen_rules.py) and its trace on. It is given decoded figures and reads no dates,
so `ratio` compares it with ours given the same figures decoded; on standard error stand ours from
decoded figures, and from the dossier with every value put into words, which is otherwise done when
somebody reads them. Processor time counts, rounds take turns, the best of each, and every verdict
must be the same.
"""

import random
import sys
import time
from collections.abc import Callable
from typing import Any

import zen

from shared.rules.evaluate import Verdict, evaluate
from shared.rules.metrics import read
from tests.bench.peers.dossiers import AS_OF, context, dossier
from tests.bench.peers.zen_rules import decision
from tests.shared.rules.agreement import rules_2022

NAME = "one-verdict"
DOSSIERS = 300
ROUNDS = 9
VERDICTS_S_MIN = 10_000
RATIO_MIN = 5.0


async def run() -> dict[str, Any]:
    """Raises RuntimeError when the peer says something else of any dossier."""
    rng, rules = random.Random(2022), rules_2022()
    facts = [dossier(rng) for _ in range(DOSSIERS)]
    contexts = [context(one, read(one, AS_OF)) for one in facts]
    peer = zen.ZenEngine().create_decision(decision())
    readings = [read(one, AS_OF) for one in facts]
    verdicts = [evaluate(rules, one) for one in readings]
    _compare(verdicts, [peer.evaluate(one, {"trace": True})["result"] for one in contexts])
    seconds = dict.fromkeys(("ours", "decoded", "zen", "words"), float("inf"))
    work: dict[str, tuple[list[Any], Callable[[Any], object]]] = {
        "ours": (facts, lambda one: evaluate(rules, read(one, AS_OF))),
        "decoded": (readings, lambda one: evaluate(rules, one)),
        "zen": (contexts, lambda one: peer.evaluate(one, {"trace": True})),
        "words": (facts, lambda one: _in_words(evaluate(rules, read(one, AS_OF)))),
    }
    for _ in range(ROUNDS):
        for name, (dossiers, judge) in work.items():
            started = time.process_time()
            for one in dossiers:
                judge(one)
            seconds[name] = min(seconds[name], time.process_time() - started)
    rate = {name: DOSSIERS / value for name, value in seconds.items()}
    for name, how in (("decoded", "From decoded figures"), ("words", "With every value in words")):
        print(f"{how}: {rate[name]:.0f}/s.", file=sys.stderr)
    ratio = rate["decoded"] / rate["zen"]
    return {
        "bench": NAME,
        "ours": round(rate["ours"]),
        "unit": "explained verdicts of 3 tiers per second and core",
        "peers": {"zen-engine": round(rate["zen"])},
        "ratio": {"zen-engine": round(ratio, 2)},
        "target": f">= {VERDICTS_S_MIN}/s, >= {RATIO_MIN:.0f} × zen-engine",
        "met": rate["ours"] >= VERDICTS_S_MIN and ratio >= RATIO_MIN,
    }


def _in_words(verdict: Verdict) -> list[tuple[str | None, str]]:
    return [(one.seen_zh, one.needed_zh) for tier in verdict.tiers for one in tier.criteria]


def _compare(verdicts: list[Verdict], results: list[dict[str, Any]]) -> None:
    for place, (verdict, result) in enumerate(zip(verdicts, results, strict=True)):
        for number, tier in enumerate(verdict.tiers, 1):
            theirs = (result[tier.tier], result.get(f"t{number}_points"))
            if (tier.met, tier.points) != theirs:
                raise RuntimeError(
                    f"Dossier {place}, {tier.tier}: ours {tier.met, tier.points}, zen {theirs}."
                )
