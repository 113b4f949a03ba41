"""The pull twin and the daily file: the same end state as the topic, and nothing withdrawn."""

import asyncio
import json
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import KeySet
from sqlalchemy import text

from services.funding.banks.daily_file import close_day, current_file
from services.funding.banks.feed import number_restored, read_feed
from services.funding.jobs import delete_old_snapshots
from shared.db import Database
from shared.http import encode_cursor
from tests.factories import make_uscc
from tests.services.funding.conftest import Funding, MoveTo
from tests.services.funding.makers import (
    consent,
    consents_changed,
    dossier_changed,
    heard_by,
    take,
    title,
    titles_changed,
)

WITHDRAWN_AT = datetime(2022, 9, 29, tzinfo=UTC)


async def _told(database: Database, bank: str = "icbc") -> str:
    """An enterprise whose consent let the bank hear of it."""
    uscc = make_uscc()
    await take(
        database,
        dossier_changed(uscc),
        titles_changed(uscc, title(), title("little_giant")),
        consents_changed(uscc, consent(bank)),
    )
    return uscc


async def _withdraw(database: Database, uscc: str, bank: str = "icbc", version: int = 2) -> None:
    withdrawn = consent(bank, withdrawn_at=WITHDRAWN_AT)
    await take(database, consents_changed(uscc, withdrawn, version=version))


async def _pull(funding: Funding, since: str | None = None, limit: int = 200) -> dict[str, Any]:
    query = {"limit": limit} | ({"since": since} if since else {})
    answer = await funding.get(f"/v1/banks/icbc/eligibilities?{httpx.QueryParams(query)}", **_ICBC)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


_ICBC: dict[str, Any] = {"role": "bank", "org": "icbc"}


class PullingBank:
    """A bank that pulls: the latest version of each key, and a cursor."""

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        self.cursor: str | None = None

    async def catch_up(self, database: Database, limit: int = 3) -> None:
        more = True
        while more:
            async with database.transaction() as session:
                page = await read_feed(session, "icbc", self.cursor, limit)
            for record in page.eligibilities:
                known = self.states.get(record.uscc)
                if known is None or record.version >= known["version"]:
                    self.states[record.uscc] = record.model_dump(mode="json", exclude_none=True)
            self.cursor, more = page.next, page.more


async def test_pulled_records_are_those_of_the_topic_word_for_word(funding: Funding) -> None:
    uscc = await _told(funding.database)
    (published,) = await heard_by(funding.database, uscc)
    pulled = {r["uscc"]: r for r in (await _pull(funding))["eligibilities"]}
    assert pulled[uscc] == published


async def test_pages_follow_each_other_without_gap_or_repetition(own_database: Database) -> None:
    usccs = {await _told(own_database) for _ in range(7)}
    seen: list[str] = []
    cursor, more = None, True
    while more:
        async with own_database.transaction() as session:
            page = await read_feed(session, "icbc", cursor, 3)
        seen += [record.uscc for record in page.eligibilities]
        cursor, more = page.next, page.more
    assert sorted(seen) == sorted(usccs)
    async with own_database.transaction() as session:
        assert (await read_feed(session, "icbc", cursor, 3)).eligibilities == []


async def test_snapshot_whose_transaction_commits_late_is_not_skipped(
    own_database: Database,
) -> None:
    slow, fast = sorted([await _told(own_database), await _told(own_database)])
    bank = PullingBank()
    await bank.catch_up(own_database)
    touch = "UPDATE loan_snapshot SET version = version + 1 WHERE uscc = :uscc"
    async with own_database.transaction() as late:
        await (await late.connection()).execute(text(touch), {"uscc": slow})
        async with own_database.transaction() as session:
            await (await session.connection()).execute(text(touch), {"uscc": fast})
        await bank.catch_up(own_database)
        assert {state["version"] for state in bank.states.values()} == {1}
    await bank.catch_up(own_database)
    assert {state["version"] for state in bank.states.values()} == {2}


async def _number(database: Database, numbers: dict[str, int]) -> None:
    """Let the snapshots bear these numbers of transactions."""
    async with database.transaction() as session:
        connection = await session.connection()
        switch = "ALTER TABLE loan_snapshot {} TRIGGER loan_snapshot_written"
        await connection.execute(text(switch.format("DISABLE")))
        for uscc, number in numbers.items():
            await connection.execute(
                text(
                    "UPDATE loan_snapshot SET written_in = CAST(CAST(:n AS text) AS xid8)"
                    " WHERE uscc = :uscc"
                ),
                {"n": str(number), "uscc": uscc},
            )
        await connection.execute(text(switch.format("ENABLE")))


async def test_transactions_follow_each_other_as_numbers_and_not_as_text(
    own_database: Database,
) -> None:
    later, earlier = sorted([await _told(own_database), await _told(own_database)])
    await _number(own_database, {earlier: 9, later: 10})
    seen: list[str] = []
    cursor, more = None, True
    while more:
        async with own_database.transaction() as session:
            page = await read_feed(session, "icbc", cursor, 1)
        seen += [record.uscc for record in page.eligibilities]
        cursor, more = page.next, page.more
    assert seen == [earlier, later]


async def test_bank_that_pulls_while_others_write_ends_with_the_latest_of_everybody(
    own_database: Database,
) -> None:
    usccs = [await _told(own_database) for _ in range(6)]
    bank = PullingBank()

    async def live(uscc: str) -> None:
        for version in range(2, 8):
            given = consent(withdrawn_at=WITHDRAWN_AT) if version % 2 == 0 else consent()
            await take(own_database, consents_changed(uscc, given, version=version))

    async def pull() -> None:
        for _ in range(40):
            await bank.catch_up(own_database)

    await asyncio.gather(pull(), *(live(uscc) for uscc in usccs))
    await bank.catch_up(own_database)
    for uscc in usccs:
        assert bank.states[uscc] == (await heard_by(own_database, uscc))[-1]
        assert bank.states[uscc]["version"] == 7


async def test_withdrawal_and_tombstone_are_pulled_without_data(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = await _told(own_database)
    bank = PullingBank()
    await _withdraw(own_database, uscc)
    await bank.catch_up(own_database)
    assert bank.states[uscc]["status"] == "withdrawn"
    assert not bank.states[uscc].keys() & {"profile", "purpose", "consent_id"}
    assert bank.states[uscc]["products"] == []
    domain_day(date(2022, 10, 8))
    await delete_old_snapshots(own_database)
    await bank.catch_up(own_database)
    deleted = {"bank": "icbc", "uscc": uscc, "version": 2, "status": "deleted"}
    assert bank.states[uscc] == deleted
    newcomer = PullingBank()
    await newcomer.catch_up(own_database)
    assert newcomer.states == {uscc: deleted}


async def test_bank_reads_its_own_and_nobody_elses(funding: Funding) -> None:
    for path in ("eligibilities", "daily-file"):
        url = f"/v1/banks/icbc/{path}"
        assert (await funding.get(url, **_ICBC)).status_code == 200
        refused = await funding.get(url, "bank", org="ccb")
        assert (refused.status_code, refused.json()["type"]) == (
            403,
            "urn:terrace:problem:not-your-bank",
        )
        assert (await funding.get(url, "regulator", authority="440100")).status_code == 403
        assert (await funding.get(url, None)).status_code == 401
    unknown = await funding.get("/v1/banks/nosuch/eligibilities", "bank", org="nosuch")
    assert unknown.status_code == 404


async def test_cursor_of_another_database_is_refused_and_says_what_to_do(
    funding: Funding,
) -> None:
    for cursor, status in ((encode_cursor("7-00000001", 5, "x"), 410), ("garbage", 422)):
        answer = await funding.get(f"/v1/banks/icbc/eligibilities?since={cursor}", **_ICBC)
        assert answer.status_code == status
    gone = await funding.get(
        f"/v1/banks/icbc/eligibilities?since={encode_cursor('7-00000001', 5, 'x')}", **_ICBC
    )
    assert "without `since`" in gone.json()["detail"]


async def test_snapshots_that_a_restore_brought_are_pulled_again(own_database: Database) -> None:
    uscc = await _told(own_database)
    await _number(own_database, {uscc: 99_999_999_999})
    bank = PullingBank()
    await bank.catch_up(own_database)
    assert bank.states == {}
    await number_restored(own_database)
    await bank.catch_up(own_database)
    assert bank.states.keys() == {uscc}


async def _download(funding: Funding) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The manifest, verified as a bank does, and the states of the file."""
    answer = await funding.get("/v1/banks/icbc/daily-file", **_ICBC)
    assert answer.status_code == 200, answer.text
    keys = (await funding.get("/v1/daily-file-keys", None)).json()
    signed = jws.deserialize_compact(
        answer.headers["terrace-manifest"], KeySet.import_key_set(keys), algorithms=["ES256"]
    )
    manifest = json.loads(signed.payload)
    assert manifest["sha256"] == sha256(answer.content).hexdigest()
    assert manifest["bytes"] == len(answer.content)
    lines = [json.loads(line) for line in answer.content.splitlines()]
    assert manifest["records"] == len(lines)
    return manifest, {line["uscc"]: line for line in lines}


async def test_daily_file_is_signed_and_holds_what_the_topic_holds(funding: Funding) -> None:
    uscc = await _told(funding.database)
    manifest, states = await _download(funding)
    assert (manifest["bank"], manifest["day"]) == ("icbc", "2022-09-30")
    assert states[uscc] == (await heard_by(funding.database, uscc))[-1]


async def test_bank_goes_on_from_the_file_by_pulling(funding: Funding) -> None:
    uscc = await _told(funding.database)
    manifest, states = await _download(funding)
    await _withdraw(funding.database, uscc)
    after = (await _pull(funding, since=manifest["next"]))["eligibilities"]
    assert states[uscc]["status"] == "eligible"
    assert [r["status"] for r in after if r["uscc"] == uscc] == ["withdrawn"]


async def test_no_download_gives_what_was_withdrawn_since_the_file_was_made(
    funding: Funding,
) -> None:
    uscc = await _told(funding.database)
    before, states = await _download(funding)
    assert states[uscc]["profile"]["revenue_cny"] == "45000000.00"
    await _withdraw(funding.database, uscc)
    after, states = await _download(funding)
    assert (after["day"], after["edition"]) == (before["day"], before["edition"] + 1)
    assert states[uscc]["status"] == "withdrawn"
    assert not states[uscc].keys() & {"profile", "purpose", "consent_id"}


async def test_file_that_nothing_changed_is_given_again_byte_for_byte(
    own_database: Database,
) -> None:
    await _told(own_database)
    editions = []
    for _ in range(2):
        async with own_database.transaction() as session:
            file = await current_file(session, "icbc")
            editions.append((file.edition, file.manifest, file.content))
    assert editions[0] == editions[1]


async def test_new_day_makes_one_file_per_told_bank_and_keeps_no_earlier_one(
    own_database: Database, domain_day: MoveTo
) -> None:
    await _told(own_database)
    await _told(own_database, "boc")
    for day in (date(2022, 9, 30), date(2022, 10, 1)):
        domain_day(day)
        await close_day(own_database)
        await close_day(own_database)
        async with own_database.transaction() as session:
            rows = await (await session.connection()).execute(
                text("SELECT bank, day, edition FROM daily_file ORDER BY bank")
            )
            assert [tuple(row) for row in rows] == [("boc", day, 1), ("icbc", day, 1)]


async def test_a_withdrawal_is_repeated_on_the_next_day_until_its_tombstone(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = await _told(own_database)
    await _withdraw(own_database, uscc)
    async with own_database.transaction() as session:
        await (await session.connection()).execute(text("UPDATE outbox SET published_at = now()"))

    async def to_publish() -> list[bool]:
        async with own_database.transaction() as session:
            rows = await (await session.connection()).execute(
                text("SELECT published_at IS NULL FROM outbox WHERE key = :uscc ORDER BY id"),
                {"uscc": uscc},
            )
            return list(rows.scalars())

    await close_day(own_database)
    assert not any(await to_publish())
    domain_day(date(2022, 10, 1))
    async with own_database.transaction() as session:
        await current_file(session, "icbc")  # a download before the job does not replace it
    await close_day(own_database)
    *earlier, last = await to_publish()
    assert last
    assert not any(earlier)
