"""The award desk of the sample: from the budget over the public notice to the reconciled return.

Every automatic award of the region goes on one list of intended payees. Different people make,
sign and pay it; the bank refuses some lines. Runs after everything else was judged, for it moves
domain time past the notice. Goes through the gateway alone; the bank's return file is made here
from the exported one.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from deploy.local.domain_clock import SHANGHAI, move_clock
from deploy.local.keys import mint_token
from deploy.local.sample.calls import Caller, for_each
from deploy.local.sample.flow import until
from deploy.local.sample.region import SampleEnterprise
from deploy.local.stack import Stack

CITY = "440100"
LIST_NO = "示例拟拨付名单〔2022〕1号"
AWARDS = {
    "guangzhou-specialized-sme-one-off": Decimal(200_000),
    "guangzhou-little-giant-one-off": Decimal(1_000_000),
}
WITHOUT_ACCOUNT = 3
OTHER_NAME = 2
WAIT_S = 30.0
_TOKEN_S = 3600


@dataclass
class AwardDesk:
    """What came of the run, and what is wrong with it."""

    lines: int = 0
    amount_cny: Decimal = Decimal(0)
    notice_lines: int = 0
    signatures: int = 0
    paid_cny: Decimal = Decimal(0)
    returned: int = 0
    returned_cny: Decimal = Decimal(0)
    ledger_balanced: bool = False
    complaints: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """For the last line of the demo."""
        return {
            "lines": self.lines,
            "amount_cny": f"{self.amount_cny:.2f}",
            "notice_lines": self.notice_lines,
            "signatures": self.signatures,
            "paid_cny": f"{self.paid_cny:.2f}",
            "returned": self.returned,
            "returned_cny": f"{self.returned_cny:.2f}",
            "ledger_balanced": self.ledger_balanced,
        }


async def run_award_desk(stack: Stack, region: Sequence[SampleEnterprise]) -> AwardDesk:
    """Take every automatic award of the region from its list to its reconciled return."""
    mint = partial(mint_token, stack.state_dir, ttl_s=_TOKEN_S)
    async with Caller(stack.gateway_url, mint) as caller:
        walk = Walk(caller, region)
        await walk.prepare()
        notice = await walk.publish()
        end = date.fromisoformat(notice["notice_until"]) + timedelta(days=1)
        move_clock(stack.state_dir, datetime.combine(end, time(9), SHANGHAI))
        await until(walk.notice_ended, WAIT_S)
        await walk.sign()
        await walk.pay(end)
        await walk.check()
    return walk.desk


class Walk:
    """The steps of the run, each by whoever may take it."""

    def __init__(self, caller: Caller, region: Sequence[SampleEnterprise]) -> None:
        self.desk = AwardDesk()
        self._caller = caller
        self._titled = [one for one in region if one.holds_specialized]
        self._giants = sum(one.holds_little_giant for one in region)
        self._maker = self._person("maker", "regulator")
        self._finance = self._person("finance-0", "finance")
        self._run: dict[str, Any] = {}
        self._refused = {
            *(one.uscc for one in self._titled[:WITHOUT_ACCOUNT]),
            *(one.uscc for one in self._titled[-OTHER_NAME:]),
        }

    async def prepare(self) -> None:
        """Finance sets the budgets, the payees give their accounts."""
        needed = zip(AWARDS, (len(self._titled), self._giants), strict=True)
        for scheme, holders in needed:
            body = {
                "scheme": scheme,
                "year": 2022,
                "change_cny": f"{AWARDS[scheme] * holders:.2f}",
                "document_no": "示例穗财〔2022〕1号",
            }
            await self._write("POST", "/v1/award-budgets", self._finance, f"budget-{scheme}", body)
        await for_each(enumerate(self._titled[WITHOUT_ACCOUNT:]), self._give_account)

    async def publish(self) -> dict[str, Any]:
        """The list, its public notice, and an objection that is dismissed with reasons."""
        body = {"payer": CITY, "list_no": LIST_NO, "year": 2022}
        self._run = await self._write("POST", "/v1/payment-runs", self._maker, "list", body)
        run = self._path("")
        notice: dict[str, Any] = await self._write("POST", f"{run}/notice", self._maker, "notice")
        public = f"/v1/payment-notices/{self._run['run_id']}"
        shown = await self._caller.read_pages(public, self._maker, "lines", limit=200)
        self.desk.notice_lines = len(shown)
        objector = self._caller.enterprise(self._titled[0].uscc)
        said = {"line_id": shown[-1]["line_id"], "reason": "示例异议:该企业疑似已迁出本市"}
        objection = await self._write("POST", f"{public}/objections", objector, "objection", said)
        await self._write(
            "POST",
            f"/v1/payment-objections/{objection['objection_id']}/decision",
            self._person("regulator-0", "regulator"),
            "decision",
            {"outcome": "dismissed", "reason": "经核实,该企业仍在本市登记"},
        )
        return notice

    async def notice_ended(self) -> bool:
        """Whether the services see the day after the notice."""
        path = f"/v1/payment-notices/{self._run['run_id']}"
        return not (await self._caller.read(path, self._maker, limit=1))["running"]

    async def sign(self) -> None:
        """Level after level, by people who did not make the list."""
        signers = [
            (f"{level['role']}-{number}", level["role"])
            for level in self._run["levels"]
            for number in range(level["signatures"])
        ]
        for name, role in signers:
            body = {"revision": self._run["revision"], "note": "同意"}
            token = self._person(name, role)
            path = self._path("/approvals")
            self._run = await self._write("POST", path, token, f"sign-{name}", body)
        self.desk.signatures = sum(len(level["signed_by"]) for level in self._run["levels"])

    async def pay(self, on: date) -> None:
        """The file goes to finance, the bank's return comes back, twice."""
        await self._write("POST", self._path("/export"), self._finance, "export")
        files = [await self._file() for _ in range(2)]
        if files[0] != files[1]:
            self.desk.complaints.append("award desk: the exported file changed")
        content = return_file(files[0], self._refused, on)
        answers = [await self._return(content, f"return-{number}") for number in range(2)]
        if [answer["repeated"] for answer in answers] != [False, True]:
            self.desk.complaints.append("award desk: a return file was taken in twice")

    async def check(self) -> None:
        """Read what the desk and its ledger say in the end, and compare it with the labels."""
        desk, run = self.desk, await self._caller.read(self._path(""), self._finance)
        lines = await self._caller.read_pages(self._path("/lines"), self._finance, "lines")
        paid = [Decimal(line["amount_cny"]) for line in lines if line["state"] == "paid"]
        back = [Decimal(line["amount_cny"]) for line in lines if line["state"] == "refused"]
        desk.lines, desk.amount_cny = len(lines), Decimal(run["amount_cny"])
        desk.paid_cny, desk.returned, desk.returned_cny = _sum(paid), len(back), _sum(back)
        listed = await self._caller.read("/v1/award-budgets", self._finance, payer=CITY, year=2022)
        books = [book["balances_cny"] for book in listed["budgets"]]
        desk.ledger_balanced = (
            all(_sum(map(Decimal, book.values())) == 0 for book in books)
            and _total(books, "paid") == desk.paid_cny
            and _total(books, "returned") == desk.returned_cny
            and _total(books, "committed") == _total(books, "notified") == 0
        )
        awards = [AWARDS["guangzhou-specialized-sme-one-off"]] * len(self._titled)
        awards += [AWARDS["guangzhou-little-giant-one-off"]] * self._giants
        payees = {line["uscc"] for line in lines if line["state"] == "refused"}
        for words, seen, wanted in (
            ("state", run["state"], "reconciled"),
            ("lines", desk.lines, len(awards)),
            ("lines in public notice", desk.notice_lines, len(awards)),
            ("amount", desk.amount_cny, _sum(awards)),
            ("paid and returned", desk.paid_cny + desk.returned_cny, _sum(awards)),
            ("refused payees", payees, self._refused),
            ("signatures", desk.signatures, sum(one["signatures"] for one in run["levels"])),
            ("ledger balanced", desk.ledger_balanced, True),
        ):
            if seen != wanted:
                desk.complaints.append(f"award desk: {words}: {seen}; {wanted} were due")

    async def _give_account(self, numbered: tuple[int, SampleEnterprise]) -> None:
        number, one = numbered
        body = {
            "holder": one.dossier.name,
            "bank": "示例银行广州分行",
            "number": f"4401{number:012d}",
        }
        path = f"/v1/payees/{one.uscc}/account"
        token = self._caller.enterprise(one.uscc)
        await self._write("PUT", path, token, f"account-{one.uscc}", body)

    async def _file(self) -> bytes:
        path = self._path("/file")
        return await self._caller.read_bytes(path, self._finance, format="csv")

    async def _return(self, content: bytes, key: str) -> Any:
        answer = await self._caller.write(
            "POST",
            self._path("/returns"),
            self._finance,
            f"award-desk-{key}",
            content=content,
            headers={"content-type": "text/csv"},
        )
        return answer.json()

    async def _write(self, method: str, path: str, token: str, key: str, body: Any = None) -> Any:
        answer = await self._caller.write(method, path, token, f"award-desk-{key}", body=body)
        return answer.json()

    def _person(self, name: str, role: str) -> str:
        return self._caller.token(role, sub=f"sample-{name}", authority=CITY)

    def _path(self, more: str) -> str:
        return f"/v1/payment-runs/{self._run['run_id']}{more}"


def return_file(exported: bytes, refused: set[str], on: date) -> bytes:
    """What the bank answers to an exported file: paid, but for these payees."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["支付编号", "金额", "拨付结果", "退回原因", "银行流水号", "处理日期"])
    for row in csv.DictReader(io.StringIO(exported.decode("utf-8-sig"))):
        back = row["统一社会信用代码"] in refused
        why = "" if not back else "户名不符" if row["银行账号"] else "未登记收款账户"
        reference = "" if back else f"示例流水{row['序号']}"
        result = "已退回" if back else "已拨付"
        writer.writerow([row["支付编号"], row["金额"], result, why, reference, on.isoformat()])
    return text.getvalue().encode()


def _sum(amounts: Any) -> Decimal:
    return sum(amounts, Decimal(0))


def _total(books: Sequence[dict[str, str]], account: str) -> Decimal:
    return _sum(Decimal(book[account]) for book in books)
