"""Official lists: taken as published, the same list twice changes nothing, nothing is invented."""

import asyncio
import io
from datetime import date
from typing import Any

import openpyxl
import pytest

from services.certification.titles.service import expire_titles, publish_titles, publish_waiting
from shared import clock
from tests.factories import make_uscc
from tests.services.certification.conftest import (
    Certification,
    DomainClock,
    csv_list,
    dossier_changed,
)

CHANGED = "titles-changed"
NOTICE: dict[str, Any] = {
    "status": "publicized",
    "document_no": "公示〔2022〕7号",
    "document_on": "2022-08-15",
}


async def _known(certification: Certification, count: int) -> list[str]:
    codes = sorted(make_uscc() for _ in range(count))
    for uscc in codes:
        await certification.hear(dossier_changed(uscc))
    return codes


async def test_effective_list_gives_titles(certification: Certification) -> None:
    one, two = await _known(certification, 2)
    answer = await certification.send_list(
        csv_list(f"{one},示例公司,第四批", f"{two},示例公司,第四批")
    )
    assert answer.status_code == 201, answer.text
    imported = answer.json()
    counts = {name: imported[name] for name in ("rows", "matched", "unmatched", "changed")}
    assert counts == {"rows": 2, "matched": 2, "unmatched": 0, "changed": 2}
    assert imported["repeated"] is False
    (fact,) = await certification.facts(one, CHANGED)
    assert fact == {
        "uscc": one,
        "version": 1,
        "titles": [
            {
                "kind": "specialized_sme",
                "tier": "specialized_sme",
                "status": "effective",
                "authority": "440000",
                "document_no": "粤工信企业〔2022〕1号",
                "document_on": "2022-09-01",
                "batch": "第四批",
                "valid_from": "2022-09-01",
                "valid_to": "2025-08-31",
            }
        ],
    }
    (title,) = await certification.titles(one)
    assert title["in_force"] is True
    assert title["authority_name"] == "广东省"


async def test_same_list_again_changes_nothing_and_says_so(certification: Certification) -> None:
    (uscc,) = await _known(certification, 1)
    other = make_uscc()
    rows = [f"{uscc},示例公司,4", f"{other},另一公司,4"]
    first = await certification.send_list(csv_list(*rows))
    again = await certification.send_list("\ufeff" + csv_list(*reversed(rows)))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["repeated"] is True
    assert again.json()["list_id"] == first.json()["list_id"]
    assert (again.json()["changed"], again.json()["unchanged"]) == (0, 1)
    assert [row["uscc"] for row in again.json()["unmatched_rows"]] == [other]
    assert await certification.count("official_list") == 1
    assert len(await certification.facts(uscc, CHANGED)) == 1


async def test_same_list_twice_at_once_is_one_import(certification: Certification) -> None:
    (uscc,) = await _known(certification, 1)
    body = csv_list(f"{uscc},示例公司,4")
    answers = await asyncio.gather(*(certification.send_list(body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len(await certification.facts(uscc, CHANGED)) == 1


async def test_corrected_list_adds_what_is_new_and_takes_nothing_away(
    certification: Certification,
) -> None:
    one, two = await _known(certification, 2)
    await certification.send_list(csv_list(f"{one},示例公司,4"))
    answer = await certification.send_list(csv_list(f"{two},示例公司,4"))
    assert answer.json()["changed"] == 1
    assert len(await certification.titles(one)) == len(await certification.titles(two)) == 1
    assert len(await certification.facts(one, CHANGED)) == 1


async def test_row_without_dossier_is_kept_and_attaches_later(
    certification: Certification,
) -> None:
    uscc = make_uscc()
    answer = await certification.send_list(csv_list(f"{uscc},后来建档公司,4"))
    imported = answer.json()
    assert (imported["matched"], imported["unmatched"], imported["changed"]) == (0, 1, 0)
    assert imported["unmatched_rows"][0]["name"] == "后来建档公司"
    assert await certification.facts(uscc, CHANGED) == []
    await certification.hear(dossier_changed(uscc, name="后来建档公司"))
    (fact,) = await certification.facts(uscc, CHANGED)
    assert [title["status"] for title in fact["titles"]] == ["effective"]
    detail = await certification.http.get(
        answer.headers["location"], headers=certification.operator
    )
    assert (detail.json()["matched"], detail.json()["page"][0]["matched"]) == (1, True)


async def test_notice_gives_publicized_and_the_list_turns_it_effective(
    certification: Certification,
) -> None:
    one, two = await _known(certification, 2)
    notice = csv_list(f"{one},示例公司,4", f"{two},示例公司,4")
    assert (await certification.send_list(notice, **NOTICE)).json()["changed"] == 2
    (title,) = await certification.titles(one)
    assert (title["status"], title["in_force"], title["valid_from"]) == ("publicized", False, None)
    await certification.send_list(csv_list(f"{one},示例公司,", heading="uscc,name,batch"))
    (title,) = await certification.titles(one)
    assert (title["status"], title["document_no"]) == ("effective", "粤工信企业〔2022〕1号")
    assert title["batch"] == "4"
    (left,) = await certification.titles(two)
    assert left["status"] == "publicized"
    statuses = [f["titles"][0]["status"] for f in await certification.facts(one, CHANGED)]
    assert statuses == ["publicized", "effective"]


async def test_notice_that_comes_after_its_list_changes_nothing(
    certification: Certification,
) -> None:
    (uscc,) = await _known(certification, 1)
    await certification.send_list(csv_list(f"{uscc},示例公司,4"))
    late = await certification.send_list(csv_list(f"{uscc},示例公司,4"), **NOTICE)
    assert (late.status_code, late.json()["changed"], late.json()["unchanged"]) == (201, 0, 1)
    assert [title["status"] for title in await certification.titles(uscc)] == ["effective"]


async def test_review_after_three_years_is_a_second_title(certification: Certification) -> None:
    (uscc,) = await _known(certification, 1)
    old: dict[str, Any] = {"document_no": "粤工信〔2019〕9号", "document_on": "2019-09-15"}
    await certification.send_list(csv_list(f"{uscc},示例公司,1"), **old)
    await certification.send_list(csv_list(f"{uscc},示例公司,4"))
    first, second = await certification.titles(uscc)
    assert (first["status"], first["valid_to"]) == ("expired", "2022-09-14")
    assert (second["status"], second["valid_from"]) == ("effective", "2022-09-01")


async def test_title_expires_the_day_after_its_term(
    certification: Certification, domain_clock: DomainClock
) -> None:
    (uscc,) = await _known(certification, 1)
    await certification.send_list(csv_list(f"{uscc},示例公司,4"), valid_to="2022-10-01")
    for at, status in (("2022-10-01", "effective"), ("2022-10-02", "expired")):
        domain_clock.move_to(f"{at}T00:30:00+08:00")
        await certification.database.run(lambda s: expire_titles(s, clock.today()))
        await certification.database.run(publish_waiting)
        assert (await certification.titles(uscc))[0]["status"] == status
    assert [f["version"] for f in await certification.facts(uscc, CHANGED)] == [1, 2]


async def test_titles_are_published_once_however_often_asked(
    certification: Certification,
) -> None:
    (uscc,) = await _known(certification, 1)
    await certification.send_list(csv_list(f"{uscc},示例公司,4"))
    again = await certification.database.run(lambda s: publish_titles(s, [uscc]))
    assert again == []
    assert len(await certification.facts(uscc, CHANGED)) == 1


@pytest.mark.parametrize(
    ("claims", "changes", "status"),
    [
        ({"role": "operator"}, {}, 201),
        ({"role": "regulator", "authority": "440000"}, {}, 201),
        ({"role": "regulator", "authority": "440100"}, {}, 403),
        ({"role": "regulator", "authority": "000000"}, {}, 403),
        ({"role": "regulator", "authority": "000000"}, {"authority": "000000"}, 422),
        (
            {"role": "regulator", "authority": "000000"},
            {"authority": "000000", "kind": "little_giant"},
            201,
        ),
        (
            {"role": "regulator", "authority": "440000"},
            {"authority": "440000", "kind": "little_giant"},
            422,
        ),
        ({"role": "enterprise"}, {}, 403),
        ({"role": "bank", "org": "icbc"}, {}, 403),
        ({"role": "finance", "authority": "440000"}, {}, 403),
    ],
)
async def test_only_the_deciding_authority_imports(
    certification: Certification, claims: dict[str, Any], changes: dict[str, Any], status: int
) -> None:
    answer = await certification.send_list(
        csv_list(f"{make_uscc()},示例公司,4"), headers=certification.bearer(**claims), **changes
    )
    assert answer.status_code == status, answer.text
    assert await certification.count("official_list") == (1 if status == 201 else 0)


async def test_name_and_region_that_do_not_fit_are_warned_of(
    certification: Certification,
) -> None:
    one, two = sorted([make_uscc(), make_uscc()])
    await certification.hear(dossier_changed(one, name="广州甲(集团)有限公司"))
    await certification.hear(dossier_changed(two, name="深圳乙有限公司", region="440305"))
    body = csv_list(f"{one},广州甲（集团）有限公司,4", f"{two},深圳丙有限公司,4")
    warnings = (await certification.send_list(body)).json()["warnings"]
    assert [warning["uscc"] for warning in warnings] == [two, two]
    assert "深圳乙有限公司" in warnings[0]["message"]
    assert "outside 440000" in warnings[1]["message"]


def _workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


async def test_encodings_and_workbooks_are_read(certification: Certification) -> None:
    (uscc,) = await _known(certification, 1)
    text = csv_list(f"{uscc},示例公司,4")
    gb = await certification.send_list(text.encode("gb18030"))
    assert (gb.status_code, gb.json()["encoding"]) == (201, "gb18030")
    workbook = _workbook(
        [
            ["广东省专精特新中小企业名单"],
            ["序号", "企业名称", "统一社会信用代码", "有效期起", "有效期至"],
            [1, "示例公司", uscc, date(2022, 9, 5), "2025年9月4日"],
        ]
    )
    xlsx = await certification.send_list(
        workbook,
        media="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        document_no="粤工信企业〔2022〕2号",
    )
    assert xlsx.status_code == 201, xlsx.text
    titles = await certification.titles(uscc)
    assert (titles[-1]["valid_from"], titles[-1]["valid_to"]) == ("2022-09-05", "2025-09-04")


async def test_long_list_is_published_in_batches(certification: Certification) -> None:
    codes = await _known(certification, 3)
    rows = [f"{make_uscc()},无档案公司,4" for _ in range(20_000)]
    answer = await certification.send_list(
        csv_list(*rows, *(f"{uscc},示例公司,4" for uscc in codes))
    )
    imported = answer.json()
    assert (imported["rows"], imported["matched"]) == (20_003, 3)
    assert len(imported["unmatched_rows"]) == 1000
    while await certification.database.run(lambda s: publish_waiting(s, 5000)):
        pass
    assert await certification.count("title_waiting") == 0
    for uscc in codes:
        assert len(await certification.facts(uscc, CHANGED)) == 1


async def test_summary_counts_titles_of_the_callers_authority(
    certification: Certification,
) -> None:
    one, two = sorted([make_uscc(), make_uscc()])
    await certification.hear(dossier_changed(one))
    await certification.hear(dossier_changed(two, region="440305"))
    rows = csv_list(f"{one},示例公司,4", f"{two},示例公司,4", f"{make_uscc()},无档案,4")
    await certification.send_list(rows)
    await certification.send_list(
        rows, kind="little_giant", authority="000000", **{**NOTICE, "document_no": "公示2号"}
    )
    for authority, count in (("440100", 1), ("440300", 1), ("000000", 2), ("110000", 0)):
        answer = await certification.http.get(
            "/v1/titles/summary", headers=certification.bearer("auditor", authority=authority)
        )
        counts = {
            (found["kind"], found["status"]): found["enterprises"]
            for found in answer.json()["counts"]
        }
        expected = {
            ("little_giant", "publicized"): count,
            ("specialized_sme", "effective"): count,
        }
        assert counts == (expected if count else {})


async def test_lists_are_read_page_by_page(certification: Certification) -> None:
    for number in range(3):
        await certification.send_list(
            csv_list(*(f"{make_uscc()},示例公司,{number}" for _ in range(3))),
            document_no=f"文〔2022〕{number}号",
        )
    seen: list[str] = []
    url = "/v1/official-lists?limit=2"
    while url:
        answer = await certification.http.get(url, headers=certification.operator)
        seen += [found["document_no"] for found in answer.json()["lists"]]
        url = answer.links["next"]["url"] if "next" in answer.links else ""
    assert seen == ["文〔2022〕2号", "文〔2022〕1号", "文〔2022〕0号"]
    newest = answer.json()["lists"][0]["list_id"]
    rows: list[str] = []
    url = f"/v1/official-lists/{newest}?limit=2&matched=false"
    while url:
        answer = await certification.http.get(url, headers=certification.operator)
        rows += [row["uscc"] for row in answer.json()["page"]]
        url = answer.links["next"]["url"] if "next" in answer.links else ""
    assert len(rows) == 3
    assert rows == sorted(rows)


async def test_titles_are_public_to_every_role(certification: Certification) -> None:
    uscc = make_uscc()
    unknown = await certification.http.get(
        f"/v1/enterprises/{uscc}/titles", headers=certification.operator
    )
    assert unknown.status_code == 404
    await certification.send_list(csv_list(f"{uscc},示例公司,4"))
    for role in ("bank", "provider", "talent", "enterprise", "auditor"):
        answer = await certification.http.get(
            f"/v1/enterprises/{uscc}/titles", headers=certification.bearer(role)
        )
        assert [title["kind"] for title in answer.json()["titles"]] == ["specialized_sme"]
    assert (await certification.http.get(f"/v1/enterprises/{uscc}/titles")).status_code == 401


async def test_title_kinds_say_who_decides(certification: Certification) -> None:
    kinds = (await certification.http.get("/v1/dictionaries/titles")).json()
    by_kind = {kind["kind"]: kind for kind in kinds}
    assert by_kind["little_giant"]["decided_by"] == ["national"]
    assert by_kind["specialized_sme"]["validity_years"] == 3
    assert by_kind["high_tech_enterprise"]["tier"] is None
