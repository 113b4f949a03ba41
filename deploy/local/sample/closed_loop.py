"""The closed loop of the sample: a service is given, accepted, and the verdict changes by itself.

The enterprises' dossiers are not touched here: what an accepted case proved reaches them by event.
Goes on where an earlier run stopped, so a second run doubles nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.local.sample.calls import Caller, Refused, for_each, slug_of
from deploy.local.sample.carriers import CARRIERS, SERVED_AT
from deploy.local.sample.needs import SampleNeeds
from deploy.local.sample.providers import CRITERIA, DIGITAL, OFFERINGS, PATENTS, PROVIDERS, REPORT
from deploy.local.sample.region import SampleEnterprise

CITY = "440100"
WANTED_DIGITAL = 3
LEVEL_POINTS = 5
"""What digital level 3 gives more than level 1 (工信部企业〔2022〕63号 annex 2, indicator 5)."""

_DIGITAL_WISH = {"kind": "digital", "text": "数字化水平测评与核心业务上云改造"}
_PATENT_WISH = {"kind": "policy", "text": "高价值专利培育与申报辅导"}
_DIGITAL_EVIDENCE = {"digital_level": {"level": 3, "edition": 2022, "tested_on": "2022-09-29"}}
_PATENT_EVIDENCE = {
    "ip_rights": [
        {
            "kind": "invention_patent",
            "granted_on": "2022-09-27",
            "self_developed": True,
            "for_leading_product": True,
        }
    ]
}


@dataclass(frozen=True)
class Loop:
    """One enterprise, the need it states, the service it gets, and the tier that it must bring."""

    uscc: str
    provider: str
    tier: str
    wish: dict[str, Any]
    evidence: dict[str, Any]

    @property
    def kind(self) -> str:
        return "digital" if self.provider == DIGITAL else "general"


class ClosedLoop:
    """One run of the loop through the gateway."""

    def __init__(
        self, caller: Caller, region: Sequence[SampleEnterprise], others: Iterable[str]
    ) -> None:
        self.loops: list[Loop] = []
        self._caller = caller
        self._region = region
        self._others = frozenset(others)
        self._office = caller.token("operator", authority=CITY)
        self._needs = SampleNeeds(caller)
        self._offerings: dict[str, str] = {}

    async def choose(self) -> list[Loop]:
        """Enterprises one step under a tier, as their outlook says; the labelled ones first."""
        served = [e.uscc for e in self._region if e.archetype.key == "po-served"]
        self.loops = [
            Loop(u, PATENTS, "innovative_sme", _PATENT_WISH, _PATENT_EVIDENCE) for u in served
        ]
        near = [
            e.uscc
            for e in self._region
            if e.archetype.key == "in-score" and e.uscc not in self._others
        ]
        known = await self._known_cases()
        for uscc in near:
            if len(self.loops) == len(served) + WANTED_DIGITAL:
                break
            if uscc in known or await self._is_one_level_short(uscc):
                self.loops.append(
                    Loop(uscc, DIGITAL, "specialized_sme", _DIGITAL_WISH, _DIGITAL_EVIDENCE)
                )
        return self.loops

    async def serve(self) -> None:
        """Providers enter the database, enterprises pick, and every case goes to its acceptance."""
        await self._needs.file_in(self._region, {*self._others, *(one.uscc for one in self.loops)})
        for carrier, entry in CARRIERS.items():
            await self._link_carrier(carrier, entry)
        for provider in PROVIDERS:
            await self._list_provider(provider)
        cases = await self._known_cases()
        for kind in ("digital", "general"):
            wanted = [loop.uscc for loop in self.loops if loop.kind == kind]
            missing = [uscc for uscc in wanted if uscc not in cases]
            if missing:
                cases |= await self._open_batch(kind, missing)
        await for_each(self.loops, lambda loop: self._live(loop, cases[loop.uscc]))

    async def closed(self) -> int:
        """How many reach their tier, their dossier changed last by the case and by nobody else."""
        count = 0
        for loop in self.loops:
            tier = await self._tier(loop.uscc, loop.tier)
            path = f"/v1/enterprises/{loop.uscc}/versions"
            versions = (await self._caller.read(path, self._office))["versions"]
            by_case = versions[0]["changed_by"].startswith("service-case:")
            count += tier["attainment"] == "reached" and by_case and len(versions) == 2
        return count

    async def _is_one_level_short(self, uscc: str) -> bool:
        tier = await self._tier(uscc, "specialized_sme")
        level = next(c for c in tier["criteria"] if c["id"] == "digital_level")
        needed = next(c for c in tier["criteria"] if c["id"] == "score")
        lacking = 60 - (needed["points_min"] if needed["points"] is None else needed["points"])
        return (
            tier["attainment"] != "reached"
            and not set(tier["unmet"]) - {"score", "refinement"}
            and level["points"] == 0
            and 0 < lacking <= LEVEL_POINTS
        )

    async def _tier(self, uscc: str, tier: str) -> Any:
        outlook = await self._caller.read(f"/v1/enterprises/{uscc}/outlook", self._office)
        return next(row for row in outlook["tiers"] if row["tier"] == tier)

    async def _known_cases(self) -> dict[str, str]:
        rows = await self._caller.read_pages("/v1/service-cases", self._office, "cases", limit=200)
        return {row["uscc"]: row["case_id"] for row in rows}

    async def _link_carrier(self, carrier: str, entry: dict[str, Any]) -> None:
        await self._caller.write(
            "PUT",
            f"/v1/carriers/{carrier}",
            self._office,
            f"sample-carrier-{carrier}",
            body={**entry, "sample": True},
        )

    async def _list_provider(self, entry: dict[str, Any]) -> None:
        code, path = entry["provider"], "/v1/service-providers"
        body = {**entry, "authority": CITY, "source": REPORT, "sample": True}
        await self._unless("provider-exists", path, f"sample-provider-{code}", self._office, body)
        findings = [{"criterion": name, "met": True, "note": "示例"} for name in CRITERIA]
        review = {"move": "list", "reason": "示例数据入库", "findings": findings}
        await self._unless(
            "illegal-move", f"{path}/{code}/reviews", f"sample-list-{code}", self._office, review
        )
        offered = await self._caller.read("/v1/service-offerings", self._office, provider=code)
        if not offered["offerings"]:
            token = self._caller.token("provider", org=code)
            made = await self._caller.write(
                "POST",
                f"{path}/{code}/offerings",
                token,
                f"sample-offering-{code}",
                body={**OFFERINGS[code], "carriers": SERVED_AT.get(code, [])},
            )
            offered = {"offerings": [made.json()]}
        self._offerings[code] = offered["offerings"][0]["offering_id"]

    async def _unless(self, slug: str, path: str, key: str, token: str, body: Any) -> None:
        try:
            await self._caller.write("POST", path, token, key, body=body)
        except Refused as refused:
            if refused.answer is None or slug_of(refused.answer) != slug:
                raise

    async def _open_batch(self, kind: str, usccs: list[str]) -> dict[str, str]:
        title = {"digital": "数字化转型示例批次", "general": "知识产权服务示例批次"}[kind]
        answer = await self._caller.write(
            "POST",
            "/v1/service-batches",
            self._office,
            f"sample-batch-{kind}",
            body={"authority": CITY, "kind": kind, "title": title, "enterprises": usccs},
        )
        return dict(answer.json()["cases"])

    async def _live(self, loop: Loop, case_id: str) -> None:
        path = f"/v1/service-cases/{case_id}"
        case = await self._caller.read(path, self._office)
        await self._needs.file(loop.uscc, loop.wish)
        while (step := self._next(loop, case["state"])) is not None:
            token, form = step
            answer = await self._caller.write(
                "POST", f"{path}/moves", token, f"sample-{case_id}-{form['move']}", body=form
            )
            case = answer.json()
        await self._needs.meet(loop.uscc, loop.wish)

    def _next(self, loop: Loop, state: str) -> tuple[str, dict[str, Any]] | None:
        firm = self._caller.enterprise(loop.uscc)
        provider = self._caller.token("provider", org=loop.provider)
        evidence = {**loop.evidence, "report": "示例验收报告", "report_on": "2022-09-30"}
        steps: dict[str, tuple[str, dict[str, Any]]] = {
            "assigned": (
                firm,
                {
                    "move": "pick",
                    "provider": loop.provider,
                    "offering_id": self._offerings[loop.provider],
                },
            ),
            "picked": (provider, {"move": "start_diagnosis"}),
            "diagnosing": (
                provider,
                {
                    "move": "report_diagnosis",
                    "diagnosis": {"digital_level": 1, "green_level": 1, "report": "示例诊断报告"},
                },
            ),
            "diagnosed": (firm, {"move": "agree", "contract_cny": "100000.00"}),
            "transforming": (
                provider,
                {"move": "complete", "settlement_cny": "100000.00", "evidence": evidence},
            ),
            "completed": (self._office, {"move": "accept"}),
        }
        return steps.get(state)
