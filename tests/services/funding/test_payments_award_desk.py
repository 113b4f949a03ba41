"""The award desk of `make demo`, on a small part of the sample region and the real service."""

import importlib
import sys
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.sample.award_desk import Walk
from deploy.local.sample.calls import Caller
from deploy.local.sample.region import SampleEnterprise, build_region
from shared.db import Database
from tests.services.conftest import ISSUER
from tests.services.funding.conftest import MoveTo
from tests.services.funding.makers import dossier_changed, take, title, titles_changed
from tests.services.funding.payment_desk import AFTER_NOTICE, Desk, check_books


@pytest.fixture
async def app(own_database: Database, jwks: Path) -> AsyncIterator[FastAPI]:
    """The funding service on a database of its own, without its place on the bus."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TERRACE_ENVIRONMENT", "test")
        environment.setenv("TERRACE_DATABASE_URL", own_database.url)
        environment.setenv("TERRACE_JWKS", str(jwks))
        environment.setenv("TERRACE_ISSUER", ISSUER)
        sys.modules.pop("services.funding.main", None)
        app: FastAPI = importlib.import_module("services.funding.main").app
    yield app
    await app.state.database.close()


class InProcess(Caller):
    """Calls an app without a network."""

    def __init__(self, app: FastAPI, mint: Callable[..., str]) -> None:
        super().__init__("http://test", mint)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://test")


def part_of_the_region() -> list[SampleEnterprise]:
    """Nine holders of 专精特新, three of them 小巨人 as well, and two who hold nothing."""
    region = build_region()
    giants = [one for one in region if one.holds_little_giant][:3]
    others = [one for one in region if one.holds_specialized and not one.holds_little_giant][:6]
    return [*others[:4], *giants, *others[4:], *(e for e in region if not e.holds_specialized)][:11]


async def test_sample_desk_pays_every_award_and_its_books_agree(
    app: FastAPI, own_database: Database, token: Callable[..., str], domain_day: MoveTo
) -> None:
    region = part_of_the_region()
    for one in region:
        held = [title()] if one.holds_specialized else []
        held += [title("little_giant")] if one.holds_little_giant else []
        await take(own_database, dossier_changed(one.uscc), titles_changed(one.uscc, *held))
    async with InProcess(app, token) as caller:
        walk = Walk(caller, region)
        await walk.prepare()
        notice = await walk.publish()
        assert notice["notice_until"] == "2022-10-12"
        domain_day(AFTER_NOTICE)
        assert await walk.notice_ended()
        await walk.sign()
        await walk.pay(date(2022, 10, 13))
        await walk.check()
    assert walk.desk.complaints == []
    assert walk.desk.figures() == {
        "lines": 12,
        "amount_cny": "4800000.00",
        "notice_lines": 12,
        "signatures": 3,
        "paid_cny": "3800000.00",
        "returned": 5,
        "returned_cny": "1000000.00",
        "ledger_balanced": True,
    }
    await check_books(Desk(own_database))
