"""The payment desk over HTTP: who may do what, what everyone may see, what bad input gets."""

from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from tests.factories import make_uscc
from tests.services.funding.conftest import Funding, MoveTo
from tests.services.funding.payment_desk import (
    AFTER_NOTICE,
    AWARD,
    SPECIALIZED,
    Desk,
    award,
    return_file,
)


class Web:
    """People of the desk of Guangzhou, over HTTP."""

    def __init__(self, funding: Funding) -> None:
        self.funding, self.desk = funding, Desk(funding.database)

    async def send(
        self,
        method: str,
        path: str,
        role: str | None = "regulator",
        sub: str = "maker",
        **more: Any,
    ) -> Any:
        claims = more.pop("claims", {"authority": "440100"})
        headers = dict(more.pop("headers", {}))
        if role:
            token = self.funding.token(role, sub=sub, **claims)
            headers["authorization"] = f"Bearer {token}"
        return await self.funding.http.request(method, path, headers=headers, **more)

    async def ok(self, method: str, path: str, role: str | None = "regulator", **more: Any) -> Any:
        answer = await self.send(method, path, role, **more)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
def web(funding: Funding) -> Web:
    return Web(funding)


async def listed(web: Web, count: int = 2) -> tuple[list[str], dict[str, Any]]:
    """Payees on a list that nobody else's payables are on."""
    day = date(2022, 3, 1)
    usccs = await award(web.desk.database, count, day=day)
    budget = {
        "scheme": SPECIALIZED,
        "year": 2022,
        "change_cny": f"{AWARD * 5_000:.2f}",
        "document_no": f"穗财〔2022〕{uuid4().hex[:6]}号",
    }
    await web.ok("POST", "/v1/award-budgets", "finance", json=budget)
    body = {"payer": "440100", "list_no": f"名单{uuid4().hex[:8]}", "scheme": SPECIALIZED}
    return usccs, await web.ok("POST", "/v1/payment-runs", json=body)


async def test_notice_is_public_with_name_and_amount_and_without_any_account(web: Web) -> None:
    usccs, run = await listed(web)
    notice = f"/v1/payment-notices/{run['run_id']}"
    assert (await web.send("GET", notice, None)).status_code == 404
    account = {"holder": "示例公司", "bank": "示例银行", "number": "4400112233445566"}
    own = {"claims": {"uscc": usccs[0]}}
    path = f"/v1/payees/{usccs[0]}/account"
    given = await web.ok("PUT", path, "enterprise", json=account, **own)
    assert given["number"] == "************5566"
    assert (await web.ok("GET", path, "finance"))["number"] == "************5566"
    assert (await web.send("GET", path, "regulator")).status_code == 403
    stranger = {"claims": {"uscc": usccs[1]}}
    assert (await web.send("GET", path, "enterprise", **stranger)).status_code == 403
    refused = await web.send("PUT", path, "enterprise", json=account, **stranger)
    assert refused.json()["type"].endswith("not-the-payee")
    await web.ok("POST", f"/v1/payment-runs/{run['run_id']}/notice")
    objection = {"reason": "理由一:已迁出\n理由二:名称有误"}
    objections = f"{notice}/objections"
    assert (await web.send("POST", objections, None, json=objection)).status_code == 401
    await web.ok("POST", objections, "enterprise", json=objection, **stranger)
    shown = await web.ok("GET", notice, None)
    assert (shown["notice_until"], shown["running"]) == ("2022-10-12", True)
    assert (shown["days"], shown["unit"], shown["verification"]) == (5, "working_days", "mem")
    line = next(line for line in shown["lines"] if line["uscc"] == usccs[0])
    assert (line["name"], line["amount_cny"]) == ("广州示例精密科技有限公司", "200000.00")
    listed_notices = await web.ok("GET", "/v1/payment-notices?limit=1", None)
    for text in (str(shown), str(listed_notices)):
        assert "****" not in text
        assert account["number"] not in text
        assert "示例银行" not in text


async def test_whole_run_over_http_with_files_in_both_formats(web: Web, domain_day: MoveTo) -> None:
    usccs, run = await listed(web)
    path = f"/v1/payment-runs/{run['run_id']}"
    await web.ok("POST", f"{path}/notice")
    domain_day(AFTER_NOTICE)
    early = await web.send("POST", f"{path}/export", "finance")
    assert early.status_code == 409
    for role, sub in product(("regulator", "finance"), ("head", "deputy")):
        body = {"revision": 1, "note": "同意"}
        await web.send("POST", f"{path}/approvals", role, sub=f"{role}-{sub}", json=body)
    assert (await web.ok("GET", path))["state"] == "approved"
    first = await web.ok("POST", f"{path}/export", "finance")
    assert first == await web.ok("POST", f"{path}/export", "finance")
    assert first["without_account"] == first["lines"]
    for file in first["files"]:
        answers = [await web.send("GET", file["url"], "finance") for _ in range(2)]
        assert answers[0].content == answers[1].content
        assert answers[0].headers["etag"] == f'"{file["sha256"]}"'
    assert (await web.send("GET", first["files"][0]["url"], "regulator")).status_code == 403
    lines = await web.desk.lines(run["run_id"])
    content = return_file(lines, refused=usccs[:1])
    csv = {"content": content, "headers": {"content-type": "text/csv"}}
    done = await web.ok("POST", f"{path}/returns", "finance", **csv)
    assert (done["state"], done["outstanding"], done["refused"]) == ("reconciled", 0, 1)
    assert (await web.ok("POST", f"{path}/returns", "finance", **csv))["repeated"] is True
    page = await web.ok("GET", f"{path}/lines?state=refused")
    assert [line["uscc"] for line in page["lines"]] == usccs[:1]
    own = await web.ok(
        "GET", f"/v1/payees/{usccs[1]}/payments", "enterprise", claims={"uscc": usccs[1]}
    )
    assert [line["state"] for line in own["lines"]] == ["paid"]
    budgets = await web.ok("GET", "/v1/award-budgets?payer=440100&year=2022", "auditor")
    [book] = [b for b in budgets["budgets"] if b["scheme"] == SPECIALIZED]
    assert sum(map(Decimal, book["balances_cny"].values())) == 0
    entries = await web.ok("GET", f"/v1/award-budgets/{book['book_id']}/entries", "auditor")
    assert all(sum(map(Decimal, e["postings_cny"].values())) == 0 for e in entries["entries"])
    line_id = page["lines"][0]["line_id"]
    correction = {"reason": "户名已更正", "document_no": "更正1号"}
    reversal = await web.ok(
        "POST", f"/v1/payment-lines/{line_id}/reversal", "finance", json=correction
    )
    assert reversal["amount_cny"] == "-200000.00"


async def test_claw_back_is_seen_and_appealed_by_its_payee_only(
    web: Web, domain_day: MoveTo
) -> None:
    usccs, run = await listed(web, 1)
    path = f"/v1/payment-runs/{run['run_id']}"
    await web.ok("POST", f"{path}/notice")
    domain_day(AFTER_NOTICE)
    await web.desk.sign(run["run_id"])
    await web.desk.export(run["run_id"])
    await web.desk.take_return(run["run_id"])
    line = await web.desk.line_of(usccs[0])
    body = {"ground": "fraud", "reason": "提供虚假材料"}
    order = await web.ok("POST", f"/v1/payment-lines/{line.line_id}/claw-back", json=body)
    one = f"/v1/claw-backs/{order['claw_back_id']}"
    own, other = {"claims": {"uscc": usccs[0]}}, {"claims": {"uscc": make_uscc()}}
    assert (await web.ok("GET", one, "enterprise", **own))["due_on"] == "2022-11-12"
    assert (await web.send("GET", one, "enterprise", **other)).status_code == 404
    mine = await web.ok("GET", "/v1/claw-backs", "enterprise", **own)
    assert len(mine["claw_backs"]) == 1
    assert (await web.ok("GET", "/v1/claw-backs", "enterprise", **other))["claw_backs"] == []
    appeal = {"reasons": "材料真实"}
    assert (
        await web.send("POST", f"{one}/appeal", "enterprise", json=appeal, **other)
    ).status_code == 403
    filed = await web.ok("POST", f"{one}/appeal", "enterprise", json=appeal, **own)
    assert (filed["state"], filed["appeal"]["decide_by"]) == ("appealed", "2022-12-12")
    decision = {"outcome": "upheld", "reason": "经查属实"}
    same = await web.send("POST", f"{one}/appeal/decision", json=decision)
    assert same.json()["type"].endswith("four-eyes")
    done = await web.ok("POST", f"{one}/appeal/decision", sub="deputy", json=decision)
    assert done["state"] == "cancelled"


async def test_bad_bodies_are_refused_with_their_fields(web: Web) -> None:
    unknown = uuid4()
    bodies: list[tuple[str, str, str, Any]] = [
        ("POST", "/v1/award-budgets", "finance", {"scheme": "x", "year": "2022"}),
        ("POST", "/v1/payment-runs", "regulator", {"payer": "440100", "list_no": ""}),
        ("POST", "/v1/payment-runs", "regulator", {"payer": "440100", "list_no": "a", "x": 1}),
        ("POST", f"/v1/payment-runs/{unknown}/approvals", "finance", {"revision": 0}),
        ("POST", f"/v1/payment-lines/{unknown}/claw-back", "finance", {"ground": "annulled"}),
        ("PUT", f"/v1/payees/{make_uscc()}/account", "enterprise", {"number": "4400 1122"}),
    ]
    for method, path, role, body in bodies:
        answer = await web.send(method, path, role, json=body)
        assert answer.status_code == 422, (path, answer.text)
        assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/payment-runs/{id}"),
        ("GET", "/v1/payment-runs/{id}/lines"),
        ("GET", "/v1/payment-runs/{id}/objections"),
        ("POST", "/v1/payment-runs/{id}/notice"),
        ("GET", "/v1/payment-notices/{id}"),
        ("GET", "/v1/claw-backs/{id}"),
    ],
)
async def test_what_does_not_exist_is_not_found(web: Web, method: str, path: str) -> None:
    answer = await web.send(method, path.format(id=uuid4()))
    assert answer.status_code == 404
    chinese = await web.send(method, path.format(id=uuid4()), headers={"accept-language": "zh"})
    assert "没有" in chinese.json()["detail"]


async def test_another_city_reads_nothing_and_the_province_reads_everything(web: Web) -> None:
    _, run = await listed(web)
    path = f"/v1/payment-runs/{run['run_id']}"
    for authority, status in (("440300", 404), ("440106", 404), ("440000", 200), ("440100", 200)):
        answer = await web.send("GET", path, claims={"authority": authority})
        assert answer.status_code == status, authority
    foreign = await web.send("POST", f"{path}/notice", claims={"authority": "440000"})
    assert foreign.json()["type"].endswith("not-the-payer")


async def test_pages_follow_their_links(web: Web) -> None:
    _, run = await listed(web, 5)
    found, path = [], f"/v1/payment-runs/{run['run_id']}/lines?limit=2"
    while path:
        answer = await web.send("GET", path)
        found += [line["number"] for line in answer.json()["lines"]]
        path = answer.links.get("next", {}).get("url", "")
    assert found == sorted(set(found))
    assert len(found) >= 5
    for path in ("/v1/payment-runs", "/v1/payment-notices", "/v1/award-budgets", "/v1/claw-backs"):
        first = await web.send("GET", f"{path}?limit=1", "auditor")
        assert first.status_code == 200
        following = first.links.get("next")
        if following:
            assert (await web.send("GET", following["url"], "auditor")).status_code == 200
        bad = await web.send("GET", f"{path}?cursor=WzEsMiwzXQ", "auditor")
        assert bad.status_code == 422
