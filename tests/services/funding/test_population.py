"""A product over the whole population: as arrays, and never another answer than one by one."""

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import select

from services.funding.enterprises import Standing
from services.funding.models import Enterprise
from services.funding.products.catalogue import (
    Catalogue,
    FinanceProduct,
    product_of_text,
    seeds,
    text_of,
)
from services.funding.products.matching import hearing, read_standing
from services.funding.products.models import LoanSnapshot
from services.funding.products.population import kept
from services.funding.products.population.judging import judge_rows, metrics_read
from services.funding.products.population.kept import Dictionary
from services.funding.products.population.matcher import ProductMatcher
from services.funding.products.population.measures import fields_of, layout, value_of
from services.funding.products.population.measures import text_of_value as written
from services.funding.products.population.renewing import renew_page, renew_some
from services.funding.products.versions import current
from shared import clock
from shared.db import Database
from shared.rules.evaluate import holds
from shared.rules.metric import ABSENT, Unknown
from shared.rules.metrics import METRICS
from tests.factories import make_uscc
from tests.services.funding.conftest import MoveTo
from tests.services.funding.makers import dossier_changed, heard_by, take
from tests.services.funding.populating import document, fill, found, publish, queue

PEOPLE = 170
LAST = "~"

VALUES = st.one_of(
    st.integers(-(10**20), 10**20),
    st.fractions(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20),
    st.frozensets(st.sampled_from(["a", "b.c", "little_giant"])),
    st.just(ABSENT),
    st.builds(
        lambda low, high: Unknown((), "", "", low, high),
        st.one_of(st.none(), st.integers(0, 9)),
        st.one_of(st.none(), st.fractions(0, 9)),
    ),
)


@given(value=VALUES)
def test_value_comes_back_from_its_text_as_it_was(value: Any) -> None:
    again = value_of(written(value))
    if isinstance(value, Unknown):
        assert isinstance(again, Unknown)
        assert (again.low, again.high) == (value.low, value.high)
    else:
        assert again == value


def test_every_metric_of_the_platform_has_its_place() -> None:
    assert set(layout().coded) | set(layout().quantities) == {*METRICS, "titles"}


async def _renewed(database: Database) -> None:
    async def nothing() -> None:
        return None

    await renew_page(database, Dictionary(), "", LAST, nothing)


async def _answers(database: Database, product: FinanceProduct) -> tuple[dict[str, int], set[str]]:
    """What the arrays say of every registered enterprise, and who was left to be judged apart."""
    names = fields_of(metrics_read(product))
    values = Dictionary()
    async with database.transaction() as session:
        rows = await kept.read_rows(session, "", LAST, names)
        await values.learn(session, kept.codes_in(rows, names))
    met, odd = judge_rows(product, rows, values.meaning)
    usccs = [code.decode() for code in rows["uscc"].tolist()]
    apart = {uscc for uscc, is_odd in zip(usccs, odd.tolist(), strict=True) if is_odd}
    return dict(zip(usccs, met.tolist(), strict=True)), apart


async def _catalogue(database: Database) -> Catalogue:
    async with database.transaction() as session:
        return await current(session)


async def _fill_one(database: Database, **changes: Any) -> str:
    """One more enterprise, as the bus brings it."""
    uscc = make_uscc()
    await take(database, dossier_changed(uscc, **changes))
    return uscc


async def _standings(database: Database) -> dict[str, Standing]:
    async with database.transaction() as session:
        rows = (await session.exec(select(Enterprise))).all()
    return {row.uscc: Standing(row, clock.now()) for row in rows}


def _one_by_one(product: FinanceProduct, standings: Mapping[str, Standing]) -> dict[str, int]:
    return {
        uscc: {True: 1, False: 0, None: -1}[holds(product.conditions, read_standing(standing))]
        for uscc, standing in standings.items()
        if standing.registered
    }


def _conditions() -> st.SearchStrategy[dict[str, Any]]:
    """Conditions on money, ratios, means, counts, words and sets, alone and joined."""
    money = st.sampled_from(
        ["revenue_last_year", "net_profit_previous_year", "qualified_equity_paid_in_2y"]
    )
    ratio = st.sampled_from(["rd_to_revenue", "main_revenue_growth_avg_2y", "revenue_cagr_2y"])
    count = st.sampled_from(["class1_ip_in_use", "registered_months", "lender_count"])
    number = st.sampled_from(["min", "max", "above", "below"])
    leaf = st.one_of(
        st.builds(
            lambda metric, how, value: {"metric": metric, how: value, "unit": "cny"},
            money,
            number,
            st.sampled_from([0, 1_000_000, 20_000_000, 50_000_000]),
        ),
        st.builds(
            lambda metric, how, value: {"metric": metric, how: value, "unit": "percent"},
            ratio,
            number,
            st.integers(-5, 30),
        ),
        st.builds(lambda metric, how, value: {"metric": metric, how: value}, count, number,
                  st.integers(0, 90)),
        st.sampled_from(
            [
                {"metric": "titles", "any_of": ["little_giant", "single_champion"]},
                {"metric": "titles", "none_of": ["specialized_sme"]},
                {"metric": "honours", "any_of": ["high_tech_enterprise"]},
                {"metric": "region", "starts_with": ["4401", "4403"]},
                {"metric": "size_class", "any_of": ["small", "micro"]},
                {"metric": "strategic_emerging", "is": True},
            ]
        ),
    )  # fmt: skip
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda part: {"not": part}, inner),
        ),
        max_leaves=6,
    )


def _numbered(node: dict[str, Any], names: list[int]) -> dict[str, Any]:
    """The condition with an id on every part."""
    names.append(0)
    name = {"id": f"part-{len(names)}"}
    for key in ("all", "any"):
        if key in node:
            return {**name, key: [_numbered(part, names) for part in node[key]]}
    if "not" in node:
        return {**name, "not": _numbered(node["not"], names)}
    return {**name, **node}


async def test_arrays_say_of_everybody_what_is_said_one_by_one(own_database: Database) -> None:
    await fill(own_database, PEOPLE)
    await _renewed(own_database)
    standings = await _standings(own_database)
    for product in seeds().products.values():
        answers, apart = await _answers(own_database, product)
        assert answers == _one_by_one(product, standings)
        assert not apart

    examples = 0

    @settings(max_examples=150, deadline=None)
    @given(condition=_conditions())
    def collect(condition: dict[str, Any]) -> None:
        conditions.append(_numbered(condition, []))

    conditions: list[dict[str, Any]] = []
    collect()
    for condition in conditions:
        product = product_of_text(text_of(document(conditions=condition, version=1)))
        answers, apart = await _answers(own_database, product)
        alone = _one_by_one(product, standings)
        assert {u: m for u, m in answers.items() if u not in apart} == {
            u: m for u, m in alone.items() if u not in apart
        }
        examples += len(set(alone.values())) > 1
    assert examples > 30


async def test_value_of_which_only_a_bound_is_known_is_judged_from_the_dossier(
    own_database: Database,
) -> None:
    accounts = [{"year": 2021, "revenue_cny": "90000000.00"}]
    await _fill_one(own_database)
    bounded = await _fill_one(own_database, accounts=accounts)
    enough = {"metric": "revenue_total_2y", "min": 90_000_000, "unit": "cny"}
    more = {**enough, "min": 90_000_001}
    for version, (condition, counts) in enumerate(((enough, (1, 1, 0)), (more, (0, 1, 1)))):
        match = await publish(own_database, replaces=version or None, conditions=condition)
        assert await ProductMatcher().run_next(own_database)
        done = await found(own_database, match)
        assert (done.eligible, done.not_eligible, done.not_judged) == counts
        product = (await _catalogue(own_database)).products[match.product_id]
        assert (await _answers(own_database, product))[1] == {bounded}


async def test_match_tells_the_bank_what_is_told_one_by_one_and_twice_is_once(
    own_database: Database,
) -> None:
    await fill(own_database, PEOPLE, "icbc")
    match = await publish(own_database)
    assert await ProductMatcher(page_size=40).run_next(own_database)
    done = await found(own_database, match)
    standings = await _standings(own_database)
    catalogue = await _catalogue(own_database)
    async with own_database.transaction() as session:
        told = {row.uscc: row for row in (await session.exec(select(LoanSnapshot))).all()}
    product = catalogue.products[match.product_id]
    alone = _one_by_one(product, standings)
    assert (done.status, done.total, done.judged) == ("done", PEOPLE, len(alone))
    assert [done.eligible, done.not_eligible, done.not_judged] == [
        list(alone.values()).count(met) for met in (1, 0, -1)
    ]
    for uscc, standing in standings.items():
        heard = hearing(standing, read_standing(standing), "icbc", catalogue)
        if alone.get(uscc) == 1 and standing.consents:
            assert told[uscc].content == heard.content()
            versions = {one["product"]: one["version"] for one in told[uscc].content["products"]}
            assert versions[product.id] == 1
        else:
            assert uscc not in told
    assert done.changes == len(told) > 10
    again = await queue(own_database, "icbc-xingke-loan")
    assert await ProductMatcher(page_size=40).run_next(own_database)
    assert (await found(own_database, again)).status == "done"
    assert await ProductMatcher().run_next(own_database) is False


@pytest.mark.parametrize(
    "change",
    [{"conditions": {"metric": "region", "starts_with": "99"}}, {"to": "2022-09-29"}],
    ids=["narrowed", "ended"],
)
async def test_changed_product_withdraws_where_it_no_longer_fits(
    own_database: Database, change: dict[str, Any]
) -> None:
    usccs = await fill(own_database, 60, "icbc")
    first = await publish(own_database)
    assert await ProductMatcher().run_next(own_database)
    before = {uscc: await heard_by(own_database, uscc) for uscc in usccs}
    second = await publish(own_database, replaces=1, **change)
    assert await ProductMatcher().run_next(own_database)
    changed = 0
    for uscc in usccs:
        snapshots = await heard_by(own_database, uscc)
        assert len(snapshots) <= 2
        if len(before[uscc]) == 1:
            last = snapshots[-1]
            assert last is not None
            assert "icbc-made-up-loan" not in json.dumps(last)
            changed += 1
    assert changed == (await found(own_database, first)).changes
    assert changed == (await found(own_database, second)).changes > 0


async def test_later_version_supersedes_a_match_that_waits(own_database: Database) -> None:
    await fill(own_database, 30, "icbc")
    first = await publish(own_database)
    second = await publish(own_database, replaces=1, zh="示例贷二")
    matcher = ProductMatcher()
    assert await matcher.run_next(own_database)
    assert await matcher.run_next(own_database)
    assert (await found(own_database, first)).status == "superseded"
    done = await found(own_database, second)
    assert (done.status, done.version) == ("done", 2)
    async with own_database.transaction() as session:
        names = await (await session.connection()).scalars(
            text("SELECT DISTINCT content -> 'products' -> 0 ->> 'name' FROM loan_snapshot")
        )
        assert "示例贷二" in set(names)


async def test_measures_are_made_anew_for_another_dossier_and_another_day(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = await _fill_one(own_database)
    product = product_of_text(
        text_of(document(version=1, conditions={"metric": "employees", "min": 120}))
    )
    await _renewed(own_database)
    assert (await _answers(own_database, product))[0] == {uscc: 1}
    fewer = dossier_changed(uscc, 2, headcounts=[{"year": 2021, "employees": 119}])
    await take(own_database, fewer)
    await _renewed(own_database)
    assert (await _answers(own_database, product))[0] == {uscc: 0}
    domain_day(clock.today().replace(year=2023))  # the year before is 2022, which has no report
    assert await renew_some(own_database, "") == uscc
    assert await renew_some(own_database, uscc) == ""
    assert (await _answers(own_database, product))[0] == {uscc: -1}


@pytest.mark.parametrize("number", [Fraction(1, 3), 2**80])
def test_text_of_a_number_is_exact(number: int | Fraction) -> None:
    assert value_of(written(number)) == number
