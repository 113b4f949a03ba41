"""What enterprises of the sample region ask for (示例需求), filed once however often it is run.

Those that the closed loop serves ask for that service first, and close the need when it is met.
The others ask for one thing of each kind; they are not those whose banks the demo watches.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deploy.local.sample.calls import Caller, for_each
from deploy.local.sample.region import SampleEnterprise

OF_EACH_KIND = 4

WISHES: tuple[dict[str, Any], ...] = (
    {"kind": "digital", "text": "车间设备联网与数据采集，提升数字化水平"},
    {"kind": "innovation", "text": "与高校院所联合攻关关键工艺"},
    {"kind": "market", "text": "参加行业展会，对接大企业采购需求"},
    {"kind": "talent", "text": "引进自动化与工艺技术人才"},
    {"kind": "policy", "text": "梯度培育政策解读与申报辅导"},
    {"kind": "service", "service": "training", "text": "面向一线员工的数字化技能培训"},
    {
        "kind": "financing",
        "text": "订单增加，需补充原材料采购资金",
        "financing": {
            "amount_cny": "3000000.00",
            "tenor_months": 12,
            "purpose": "采购原材料",
            "open_to_all_banks": True,
        },
    },
)


class SampleNeeds:
    """Files and closes needs through the gateway, as the enterprises themselves."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def file_in(self, region: Sequence[SampleEnterprise], without: Iterable[str]) -> None:
        """A few needs of each kind, by the first enterprises that are not left out."""
        left_out = frozenset(without)
        firms = (e.uscc for e in region if e.uscc not in left_out and e.attainment == "reached")
        wanted = list(
            zip(firms, (wish for wish in WISHES for _ in range(OF_EACH_KIND)), strict=False)
        )
        await for_each(wanted, lambda pair: self.file(*pair))

    async def file(self, uscc: str, wish: Mapping[str, Any]) -> None:
        """File the need unless the enterprise has filed it before."""
        if await self._find(uscc, wish) is None:
            await self._caller.write(
                "POST",
                f"/v1/enterprises/{uscc}/needs",
                self._caller.enterprise(uscc),
                f"sample-need-{wish['kind']}-{uscc}",
                body=wish,
            )

    async def meet(self, uscc: str, wish: Mapping[str, Any]) -> None:
        """Close the need as met, if it is open."""
        need = await self._find(uscc, wish)
        if need is not None and need["status"] == "open":
            await self._caller.write(
                "POST",
                f"/v1/enterprises/{uscc}/needs/{need['need_id']}/closure",
                self._caller.enterprise(uscc),
                f"sample-need-met-{need['need_id']}",
                body={"outcome": "met", "note": "服务案件验收通过"},
            )

    async def _find(self, uscc: str, wish: Mapping[str, Any]) -> Any:
        filed = await self._caller.read(
            f"/v1/enterprises/{uscc}/needs", self._caller.enterprise(uscc)
        )
        return next((need for need in filed["needs"] if need["text"] == wish["text"]), None)
