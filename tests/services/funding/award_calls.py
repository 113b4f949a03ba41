"""Calls that payees, reviewers and payers make about awards, and enterprises that may make them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.events.certification import Title
from services.funding.awards import schemes as rule_files
from tests.factories import make_uscc
from tests.services.funding.conftest import Funding
from tests.services.funding.makers import dossier_changed, take, title, titles_changed

CITY = "440100"
LISTING = "guangzhou-listing-aid"
DIGITAL = "guangzhou-digital-transformation-aid"
PARK = "guangzhou-park-operator-project"


async def titled(funding: Funding, *titles: Title) -> str:
    """An enterprise of Guangzhou with these titles, or a provincial one."""
    uscc = make_uscc()
    await take(
        funding.database, dossier_changed(uscc), titles_changed(uscc, *(titles or (title(),)))
    )
    return uscc


def invoice(amount: str = "100000.00", **changes: Any) -> dict[str, Any]:
    """An invoice nobody has sent before."""
    return {
        "kind": "invoice",
        "issuer": "示例会计师事务所",
        "document_no": make_uscc(),
        "issued_on": "2022-08-01",
        "amount_cny": amount,
        **changes,
    }


def claim_of(scheme: str = LISTING, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A claim under a scheme."""
    return {"scheme_id": scheme, "items": list(items) or [invoice()], **changes}


async def call(
    funding: Funding, method: str, path: str, role: str, body: Any = None, **claims: Any
) -> httpx.Response:
    """Call as this role; headers by `headers`."""
    headers = claims.pop("headers", {})
    headers["authorization"] = f"Bearer {funding.token(role, **claims)}"
    return await funding.http.request(method, path, json=body, headers=headers)


async def file(funding: Funding, uscc: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    """File a claim as this enterprise."""
    return await call(funding, "POST", "/v1/claims", "enterprise", body, uscc=uscc, headers=headers)


async def filed(funding: Funding, uscc: str, body: dict[str, Any]) -> dict[str, Any]:
    """A claim that was filed."""
    answer = await file(funding, uscc, body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def review(
    funding: Funding, claim: dict[str, Any], body: dict[str, Any], authority: str = CITY
) -> httpx.Response:
    """Review a claim as a reviewer of this authority."""
    path = f"/v1/claims/{claim['claim_id']}/review"
    return await call(funding, "POST", path, "reviewer", body, authority=authority)


def accepting(claim: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The approval of every document in full."""
    items = [
        {"number": item["number"], "accepted_cny": item["amount_cny"]} for item in claim["items"]
    ]
    return {"outcome": "approve", "items": items, **changes}


def slug(answer: httpx.Response) -> tuple[int, str]:
    """The status and the problem of a refused call."""
    return answer.status_code, answer.json()["type"].removeprefix("urn:terrace:problem:")


@contextmanager
def changed_rules(
    folder: Path, monkeypatch: pytest.MonkeyPatch, edit: Callable[[str], str]
) -> Iterator[None]:
    """The rule files with Guangzhou's edited, for as long as the context lasts."""
    caches = (rule_files.schemes, rule_files.schemes_for, rule_files.rules_digest)
    shutil.copytree(rule_files.RULES, folder)
    path = folder / "440100-guangzhou.yaml"
    text = path.read_text("utf-8")
    assert edit(text) != text
    path.write_text(edit(text), "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(rule_files, "RULES", folder)
        for cache in caches:
            cache.cache_clear()
        yield
    for cache in caches:
        cache.cache_clear()
