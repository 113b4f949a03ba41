"""A population for product matches, and a process that matches it and may be killed.

python -m tests.services.funding.populating DATABASE_URL PAGE_SIZE
"""

import asyncio
import json
import random
import sys
from datetime import date
from typing import Any

from sqlalchemy import text

from contracts.events.certification import TitleStatus
from deploy.local.sample.region import build_region
from services.funding.products.catalogue import seeds
from services.funding.products.documents import ProductDocument
from services.funding.products.population.matcher import ProductMatcher
from services.funding.products.population.models import ProductMatch
from services.funding.products.population.service import request_match
from services.funding.products.versions import publish_product
from shared import clock
from shared.auth import Role, Subject
from shared.db import Database
from tests.services.funding.makers import CREDIT, consent, title

OPERATOR = Subject(sub="o", role=Role.OPERATOR, authority="440100")
KINDS = ("innovative_sme", "specialized_sme", "little_giant", "single_champion", "other")


def document(product_id: str = "icbc-made-up-loan", **changes: Any) -> dict[str, Any]:
    """A product as its owner sends it: a loan of ICBC for what holds a title of the base tiers."""
    found: dict[str, Any] = {
        "id": product_id,
        "owner": "icbc",
        "kind": "credit",
        "zh": "示例贷",
        "en": "Made-up loan",
        "from": None,
        "to": None,
        "source": "示例",
        "verification": "v1",
        "conditions": {
            "id": "tier",
            "zh": "持有创新型或专精特新有效称号",
            "en": "Holds a title",
            "metric": "titles",
            "any_of": ["innovative_sme", "specialized_sme"],
        },
        "limits": [{"from": None, "value": 3_000_000, "secured": None, "unit": "cny",
                    "source": "示例", "verification": "v1"}],
        "rate": {"zh": "LPR+20BP", "en": "LPR + 20 bp", "basis": "lpr_plus_bp", "value": "20",
                 "bound": "exact"},
        "tenor": {"zh": "1年", "en": "1 year", "months_min": None, "months_max": 12},
        "uses": None,
        "guarantee": None,
        "also_checked": [],
        "contact": {"zh": "支行", "en": "Branch"},
        "materials": [{"zh": "营业执照", "en": "Business licence"}],
    }  # fmt: skip
    return found | changes


async def publish(
    database: Database, replaces: int | None = None, per_s: int = 20_000, **changes: Any
) -> ProductMatch:
    """Publish a product and queue its match, as the route does."""
    async with database.transaction() as session:
        sent = ProductDocument.model_validate(document(**changes))
        product = await publish_product(session, sent, OPERATOR, replaces=replaces)
        return await request_match(session, product, "o", per_s)


async def queue(database: Database, product_id: str) -> ProductMatch:
    """Queue the match of a product that stands in a rule file."""
    async with database.transaction() as session:
        return await request_match(session, seeds().products[product_id], "o", 20_000)


async def found(database: Database, match: ProductMatch) -> ProductMatch:
    """The match as it stands now."""
    async with database.transaction() as session:
        return await session.get_one(ProductMatch, match.match_id)


async def fill(database: Database, size: int, consented: str | None = None) -> list[str]:
    """Enterprises of the sample region with titles by chance, straight into the table.

    With `consented` every second one gave that bank its consent; nobody was told anything yet.
    """
    rng = random.Random(size)
    rows = []
    for number, one in enumerate(build_region()[:size]):
        facts = one.dossier.facts().model_dump(mode="json", exclude_none=True)
        facts |= {"credit": rng.choice([CREDIT, {**CREDIT, "lender_count": 9}])}
        if rng.random() < 0.3:
            del facts["credit"]
        held = [_title(rng, kind) for kind in rng.sample(KINDS, rng.randrange(3))]
        given = [consent(consented)] if consented and number % 2 == 0 else []
        rows.append(
            {
                "uscc": facts["uscc"],
                "name": one.dossier.name,
                "region": facts["region"],
                "status": "deregistered" if number % 17 == 16 else "registered",
                "facts": json.dumps(facts),
                "titles": json.dumps([held_one.model_dump(mode="json") for held_one in held]),
                "consents": json.dumps([given_one.model_dump(mode="json") for given_one in given]),
            }
        )
    async with database.transaction() as session:
        await (await session.connection()).execute(
            text(
                "INSERT INTO enterprise (uscc, name, region, status, facts, dossier_version,"
                " titles, titles_version, consents, consents_version, judged_on)"
                " VALUES (:uscc, :name, :region, :status, CAST(:facts AS jsonb), 1,"
                " CAST(:titles AS jsonb), 1, CAST(:consents AS jsonb), 1, '2100-01-01')"
            ),
            rows,
        )
    return sorted(str(row["uscc"]) for row in rows)


def _title(rng: random.Random, kind: str) -> Any:
    return title(
        kind,
        status=rng.choice([TitleStatus.EFFECTIVE, TitleStatus.EFFECTIVE, TitleStatus.PUBLICIZED]),
        valid_to=rng.choice([None, date(2025, 6, 30), date(2022, 9, 29)]),
    )


async def main() -> None:
    """Run one match as soon as there is one that nobody holds, and end."""
    database = Database(sys.argv[1])
    clock.follow(sys.argv[3])
    matcher = ProductMatcher(page_size=int(sys.argv[2]))

    while True:
        if await matcher.run_next(database):
            break
        await asyncio.sleep(0.01)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
