"""What is left of an award beside other payers' awards for one title (叠加规则)."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.funding.awards.schemes import Stacking
from services.funding.awards.stacking import GIVES_WAY, Award, combine

CITY, PROVINCE, DISTRICT = "440100", "440000", "440106"


def _award(payer: str, clause: Stacking, granted: int | None, paid: int | None = None) -> Award:
    return Award(
        scheme=f"scheme-{payer}",
        payer=payer,
        clause=clause,
        granted=None if granted is None else Decimal(granted),
        payable=None if paid is None else Decimal(paid),
    )


def _paid(*awards: Award) -> list[Decimal | None]:
    found = combine(awards)
    return [found[award.scheme] for award in awards]


@pytest.mark.parametrize(
    ("city", "province", "paid"),
    [
        (("add", 100), ("add", 50), [100, 50]),
        (("unknown", 100), ("unknown", 50), [100, 50]),
        (("fill_up", 100), ("add", 50), [50, 50]),
        (("fill_up", 100), ("unknown", 50), [50, 50]),
        (("fill_up", 50), ("add", 100), [0, 100]),
        (("fill_up", 100), ("fill_up", 50), [100, 0]),
        (("exclude", 100), ("add", 50), [0, 50]),
        (("exclude", 100), ("exclude", 50), [100, 0]),
        (("exclude", 50), ("fill_up", 100), [0, 100]),
        (("exclude", 100), ("fill_up", 50), [100, 0]),
        (("fill_up", 100), ("add", None), [None, None]),
        (("exclude", 100), ("unknown", None), [None, None]),
        (("add", 100), ("fill_up", None), [100, None]),
    ],
)
def test_each_clause_decides_for_its_own_scheme(
    city: tuple[Stacking, int | None],
    province: tuple[Stacking, int | None],
    paid: list[int | None],
) -> None:
    assert _paid(_award(CITY, *city), _award(PROVINCE, *province)) == paid


def test_award_alone_is_paid_in_full_whatever_its_clause() -> None:
    for clause in ("add", "fill_up", "exclude", "unknown"):
        assert _paid(_award(CITY, clause, 100)) == [100]


def test_awards_of_one_payer_do_not_give_way_to_each_other() -> None:
    one = _award(CITY, "exclude", 100)
    other = Award("another", CITY, "fill_up", Decimal(50))
    assert combine([one, other]) == {"scheme-440100": 100, "another": 50}


def test_what_is_payable_already_stays_when_another_award_comes() -> None:
    assert _paid(_award(CITY, "fill_up", 100, 100), _award(PROVINCE, "add", 50)) == [100, 50]
    assert _paid(_award(CITY, "exclude", 100, 100), _award(PROVINCE, "fill_up", 150)) == [100, 50]


AMOUNTS = st.integers(1, 300)
CLAUSES: st.SearchStrategy[Stacking] = st.sampled_from(("add", "fill_up", "exclude", "unknown"))
GROUPS = st.lists(st.tuples(CLAUSES, AMOUNTS), min_size=1, max_size=4).map(
    lambda rows: [_award(f"payer-{n}", *row) for n, row in enumerate(rows)]
)


@given(GROUPS)
def test_payee_has_at_least_the_highest_and_no_more_than_the_sum(awards: list[Award]) -> None:
    paid = combine(awards)
    granted = {award.scheme: award.granted or Decimal(0) for award in awards}
    total = sum((amount or Decimal(0) for amount in paid.values()), Decimal(0))
    clauses = {award.clause for award in awards}
    assert all(Decimal(0) <= (paid[name] or Decimal(0)) <= granted[name] for name in granted)
    if "exclude" not in clauses:
        assert total >= max(granted.values())
    if clauses <= {"fill_up"}:
        assert total == max(granted.values())
    if clauses <= {"add", "unknown"}:
        assert total == sum(granted.values())


@given(GROUPS)
def test_order_of_the_awards_changes_nothing(awards: list[Award]) -> None:
    expected = combine(awards)
    assert all(combine(order) == expected for order in itertools.permutations(awards))


@given(GROUPS, st.data())
def test_amounts_that_become_known_one_by_one_end_in_the_same(
    awards: list[Award], data: st.DataObject
) -> None:
    """Those that give way wait, so that whoever sets an amount first changes nothing."""
    known: dict[str, Award] = {
        award.scheme: Award(award.scheme, award.payer, award.clause, None) for award in awards
    }
    for award in data.draw(st.permutations(awards)):
        known[award.scheme] = award
        paid = combine(known.values())
        known = {
            name: Award(name, one.payer, one.clause, one.granted, paid[name])
            for name, one in known.items()
        }
    assert {name: one.payable for name, one in known.items()} == combine(awards)


@given(GROUPS)
def test_one_open_amount_keeps_all_waiting_that_give_way(awards: list[Award]) -> None:
    last = awards[-1]
    paid = combine([*awards[:-1], Award(last.scheme, last.payer, last.clause, None)])
    for award in awards[:-1]:
        assert paid[award.scheme] == (None if award.clause in GIVES_WAY else award.granted)
