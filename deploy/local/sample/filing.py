"""Files the sample region through the gateway: dossiers, lists, consents, and what changes.

Looks first at what is there already and sends only what is missing, so a second run on the same
state doubles nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from contracts.dossier import Dossier
from contracts.facts import Honour, HonourKind
from deploy.local.sample.archetypes import HTE
from deploy.local.sample.calls import Caller, Refused, for_each, slug_of
from deploy.local.sample.dossiers import LAST_YEAR
from deploy.local.sample.journeys import Traveller
from deploy.local.sample.lists import OfficialList, official_lists
from deploy.local.sample.region import SampleEnterprise

CONSENT_UNTIL = date(2023, 9, 30)
_GAINED = Honour(kind=HonourKind(HTE), valid_from=date(2022, 9, 1), valid_to=date(2025, 8, 31))

Step = Callable[[str], None]
"""Told the name of a step whenever one item of it is done."""


@dataclass
class Found:
    """What was there before this run."""

    dossiers: int = 0
    consents: int = 0
    lists: int = 0


@dataclass
class _Consents:
    """The consents of one enterprise to one bank that the platform knows, oldest first."""

    ids: list[str] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)


class Filing:
    """One run of filing. `dossiers` are the last ones filed, by USCC."""

    def __init__(
        self,
        caller: Caller,
        region: Sequence[SampleEnterprise],
        travellers: Sequence[Traveller],
        step: Step = lambda name: None,
    ) -> None:
        self.dossiers: dict[str, Dossier] = {e.uscc: e.dossier for e in region}
        self.found = Found()
        self._caller = caller
        self._region = region
        self._travellers = travellers
        self._step = step
        self._etags: dict[str, str] = {}
        self._there: set[str] = set()
        self._consents: dict[tuple[str, str], _Consents] = {}

    async def look(self) -> Found:
        """Learn what an earlier run has filed."""
        listed = await self._caller.read_pages(
            "/v1/enterprises", self._caller.regulator(), "enterprises", region="4401", limit=200
        )
        self._there = {row["uscc"] for row in listed} & self.dossiers.keys()
        self.found.dossiers = len(self._there)
        await for_each([t for t in self._travellers if t.uscc in self._there], self._look_at)
        self.found.consents = sum(len(known.ids) for known in self._consents.values())
        return self.found

    async def file_dossiers_and_consents(self) -> None:
        """Every dossier; half of the consents follow their dossier at once."""
        early = {t.uscc: t for t in self._travellers[::2]}

        async def file_one(enterprise: SampleEnterprise) -> None:
            if enterprise.uscc not in self._there:
                await self._register(enterprise)
            self._step("dossiers")
            if enterprise.uscc in early:
                await self._consent(early[enterprise.uscc])

        await for_each(self._region, file_one)

    async def import_lists(self) -> None:
        """The official lists; the same list twice changes nothing."""
        for official in official_lists(self._region):
            await self._import(official)
            self._step("lists")

    async def file_late_consents(self) -> None:
        """The other half of the consents, when the titles are on their way."""
        await for_each(self._travellers[1::2], self._consent)

    async def make_changes(self) -> None:
        """Withdrawals, returns, and the honours that are lost and gained."""
        movers = [t for t in self._travellers if t.journey.fate != "keeps"]

        async def move(traveller: Traveller) -> None:
            for bank in traveller.leaves:
                await self._withdraw(traveller, bank)
            if traveller.journey.fate == "loses":
                await self._set_honours(traveller.uscc, ())
            elif traveller.journey.fate == "gains":
                await self._set_honours(traveller.uscc, (_GAINED,))
            self._step("changes")

        await for_each(movers, move)

    async def raise_revenue(self, uscc: str, request_id: str) -> None:
        """One yuan more of last year's revenue: told to banks, and no rule turns on it."""
        dossier = self.dossiers[uscc]
        accounts = tuple(
            row.model_copy(update={"revenue_cny": row.revenue_cny + Decimal(1)})
            if row.year == LAST_YEAR
            else row
            for row in dossier.accounts
        )
        body = {"accounts": [row.model_dump(mode="json", exclude_none=True) for row in accounts]}
        await self._patch(uscc, request_id, body, request_id)
        self.dossiers[uscc] = dossier.model_copy(update={"accounts": accounts})

    async def _look_at(self, traveller: Traveller) -> None:
        path = f"/v1/enterprises/{traveller.uscc}/consents"
        listed = await self._caller.read(path, self._caller.regulator())
        for consent in reversed(listed["consents"]):
            known = self._known(traveller.uscc, consent["bank"])
            known.ids.append(consent["consent_id"])
            if consent["withdrawn_at"] is not None:
                known.withdrawn.add(consent["consent_id"])

    def _known(self, uscc: str, bank: str) -> _Consents:
        return self._consents.setdefault((uscc, bank), _Consents())

    async def _register(self, enterprise: SampleEnterprise) -> None:
        body = enterprise.dossier.model_dump(mode="json", exclude_none=True)
        try:
            answer = await self._caller.write(
                "POST",
                "/v1/enterprises",
                self._caller.regulator(),
                f"sample-dossier-{enterprise.uscc}",
                body=body,
            )
        except Refused as refused:
            if refused.answer is None or slug_of(refused.answer) != "already-registered":
                raise
            return  # an earlier run's request was still on its way when we looked
        self._etags[enterprise.uscc] = answer.headers["etag"]

    async def _consent(self, traveller: Traveller) -> None:
        for bank in traveller.journey.banks:
            if not self._known(traveller.uscc, bank).ids:
                await self._grant(traveller, bank, 1)
            self._step("consents")

    async def _grant(self, traveller: Traveller, bank: str, number: int) -> None:
        uscc = traveller.uscc
        answer = await self._caller.write(
            "POST",
            f"/v1/enterprises/{uscc}/consents",
            self._caller.enterprise(uscc),
            f"sample-consent-{uscc}-{bank}-{number}",
            body={
                "bank": bank,
                "purpose": "贷款资格预审（示例）",
                "fields": list(traveller.journey.fields),
                "expires_on": CONSENT_UNTIL.isoformat(),
                "evidence": {
                    "section": "consent",
                    "title": "数据授权书（示例）",
                    "reference": f"示例授权-{uscc}-{bank}-{number}",
                    "issued_on": "2022-09-28",
                },
            },
        )
        self._known(uscc, bank).ids.append(answer.json()["consent_id"])

    async def _withdraw(self, traveller: Traveller, bank: str) -> None:
        uscc, known = traveller.uscc, self._known(traveller.uscc, bank)
        first = known.ids[0]
        if first not in known.withdrawn:
            await self._caller.write(
                "POST",
                f"/v1/enterprises/{uscc}/consents/{first}/withdrawal",
                self._caller.enterprise(uscc),
                f"sample-withdrawal-{first}",
            )
            known.withdrawn.add(first)
        if traveller.journey.fate == "returns" and len(known.ids) == 1:
            await self._grant(traveller, bank, 2)

    async def _set_honours(self, uscc: str, honours: tuple[Honour, ...]) -> None:
        wanted = [row.model_dump(mode="json") for row in honours]
        if uscc not in self._there or await self._honours(uscc) != wanted:
            await self._patch(uscc, f"sample-honours-{uscc}", {"honours": wanted})
        self.dossiers[uscc] = self.dossiers[uscc].model_copy(update={"honours": honours})

    async def _honours(self, uscc: str) -> list[dict[str, Any]]:
        """The honours on file, read with the version that a change of them needs."""
        token = self._caller.enterprise(uscc)
        read, self._etags[uscc] = await self._caller.read_version(f"/v1/enterprises/{uscc}", token)
        filed = read["dossier"]["honours"] or []
        return [Honour.model_validate(row).model_dump(mode="json") for row in filed]

    async def _patch(
        self, uscc: str, key: str, body: Mapping[str, Any], request_id: str | None = None
    ) -> None:
        path, token = f"/v1/enterprises/{uscc}", self._caller.enterprise(uscc)
        if uscc not in self._etags:
            _, self._etags[uscc] = await self._caller.read_version(path, token)
        self._etags[uscc] = await self._caller.patch(
            path, token, key, self._etags[uscc], body, request_id
        )

    async def _import(self, official: OfficialList) -> None:
        # The same list twice changes nothing, so each run may send it under a key of its own.
        answer = await self._caller.write(
            "POST",
            "/v1/official-lists",
            self._caller.regulator(official.authority),
            f"sample-list-{uuid4().hex}",
            content=official.content,
            headers={"content-type": official.media_type},
            params={
                "kind": official.kind,
                "status": official.status,
                "authority": official.authority,
                "document_no": official.document_no,
                "document_on": official.document_on.isoformat(),
            },
        )
        self.found.lists += answer.json()["repeated"]
