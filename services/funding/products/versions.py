"""The products as they stand (产品目录): the rule files, and over them what owners changed.

A product of a rule file has the version its file says; a changed one is a new version in the
database, and the highest version counts. Each process keeps the catalogue it last read and reads
it anew when the revision, which changes with every version published, is another. Whoever judges
reads the revision after locking the enterprise, so nobody judges by a product that a finished
population match has replaced.
"""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select

from services.funding.products.catalogue import (
    Catalogue,
    FinanceProduct,
    product_of_text,
    seeds,
    text_of,
)
from services.funding.products.documents import ProductDocument
from services.funding.products.errors import (
    LoanProductExists,
    LoanProductNotFound,
    LoanProductUnusable,
)
from services.funding.products.models import CatalogueRevision, ProductVersion
from shared import clock
from shared.auth import Forbidden, Role, Subject
from shared.db import Session, lock_keys
from shared.errors import ProblemField
from shared.http import PreconditionFailed
from shared.rules.lined_yaml import Row, RuleFileError, Tree, parse_tree

KEPT_MAX = 8
CATALOGUE_LOCK = "finance-products"

_kept: dict[UUID, Catalogue] = {}


async def current(session: Session) -> Catalogue:
    """The products as they stand now."""
    revision = (await session.exec(select(CatalogueRevision.revision))).one()
    return await catalogue_at(session, revision)


async def catalogue_at(session: Session, revision: UUID) -> Catalogue:
    """The products as they stand at a revision just read in this transaction."""
    kept = _kept.get(revision)
    if kept is None:
        kept = await _read(session)
        while len(_kept) >= KEPT_MAX:
            del _kept[next(iter(_kept))]
        _kept[revision] = kept
    return kept


async def _read(session: Session) -> Catalogue:
    latest = (
        select(ProductVersion)
        .ext(distinct_on(col(ProductVersion.product_id)))
        .order_by(col(ProductVersion.product_id), col(ProductVersion.version).desc())
    )
    products = dict(seeds().products)
    for row in (await session.exec(latest)).all():
        seed = products.get(row.product_id)
        if seed is None or seed.terms.version <= row.version:
            products[row.product_id] = product_of_text(row.document)
    return Catalogue(dict(sorted(products.items())))


async def publish_product(
    session: Session, document: ProductDocument, by: Subject, *, replaces: int | None
) -> FinanceProduct:
    """Make a version of a product: the first one, or the one after the version it `replaces`.

    Raises Forbidden, LoanProductUnusable, LoanProductExists, LoanProductNotFound,
    PreconditionFailed.
    """
    _require_owner(document.owner, by)
    await lock_keys(session, [CATALOGUE_LOCK])
    standing = (await current(session)).products.get(document.id)
    _check_standing(standing, document, replaces)
    version = 1 if standing is None else standing.terms.version + 1
    sent = document.model_dump(mode="json", by_alias=True) | {"version": version}
    text = text_of(_without_defaults(sent))
    product = await asyncio.to_thread(_load, text)
    session.add(
        ProductVersion(
            product_id=product.id,
            version=version,
            owner=product.terms.owner,
            document=text,
            published_at=clock.now(),
            published_by=by.org or by.authority or by.sub,
        )
    )
    (await session.exec(select(CatalogueRevision))).one().revision = uuid4()
    await session.flush()
    return product


async def versions_of(session: Session, product_id: str) -> Sequence[ProductVersion]:
    """The versions made at run time, the latest first."""
    statement = select(ProductVersion).where(ProductVersion.product_id == product_id)
    return (await session.exec(statement.order_by(col(ProductVersion.version).desc()))).all()


def _check_standing(
    standing: FinanceProduct | None, document: ProductDocument, replaces: int | None
) -> None:
    if replaces is None:
        if standing is not None:
            raise LoanProductExists(
                f"{document.id} exists; change it with PUT /v1/loan-products/{document.id}.",
                f"产品 {document.id} 已存在,请用 PUT /v1/loan-products/{document.id} 变更。",
            )
        return
    if standing is None:
        raise LoanProductNotFound(
            f"There is no product {document.id}; make it with POST /v1/loan-products.",
            f"没有编号为 {document.id} 的产品,请用 POST /v1/loan-products 新增。",
        )
    if standing.terms.owner != document.owner:
        raise Forbidden(
            f"{document.id} belongs to {standing.terms.owner}; a product keeps its owner.",
            f"产品 {document.id} 属于 {standing.terms.owner},不可变更所属机构。",
        )
    if standing.terms.version != replaces:
        raise PreconditionFailed(
            f"{document.id} is at version {standing.terms.version}; read it again.",
            f"产品 {document.id} 当前版本为 {standing.terms.version},请重新读取。",
        )


def _require_owner(owner: str, by: Subject) -> None:
    if by.role is Role.BANK and by.org != owner:
        raise Forbidden(
            f"You publish products of {by.org} only; this one belongs to {owner}.",
            f"您只能发布 {by.org} 的产品,该产品属于 {owner}。",
        )


def _without_defaults(sent: Mapping[str, object]) -> dict[str, object]:
    """What a rule file would say: no `when` and no rate of its own where there is none."""
    limits = sent["limits"]
    assert isinstance(limits, list)
    rows = [
        {
            key: value
            for key, value in row.items()
            if value is not None or key not in ("when", "rate")
        }
        for row in limits
    ]
    return {**sent, "limits": rows}


def _load(text: str) -> FinanceProduct:
    """The product of a text. Raises LoanProductUnusable with the field and the reason."""
    try:
        return product_of_text(text)
    except RuleFileError as error:
        place = _field_at(text, error.line)
        raise LoanProductUnusable(
            f"The product is refused at {place}: {error.reason}",
            f"产品无效,位置 {place}:{error.reason}",
            errors=[ProblemField(field=place, message=error.reason)],
        ) from None


def _field_at(text: str, line: int) -> str:
    """The path of what stands on a line of a text with a key to a line."""
    try:
        path = _path(parse_tree(text), line)
    except RuleFileError:
        return "body"
    return ".".join(path) or "body"


def _path(node: object, line: int) -> tuple[str, ...]:
    """The way down to the last part that begins on the line or before it."""
    if isinstance(node, Tree):
        found = [(node.at(key), key, node[key]) for key in node]
    elif isinstance(node, Row):
        found = [
            (part.line, str(place), part)
            for place, part in enumerate(node)
            if isinstance(part, Tree | Row)
        ]
    else:
        return ()
    begun = [part for part in found if part[0] <= line]
    if not begun:
        return ()
    _, name, inner = max(begun, key=lambda part: part[0])
    return (name, *_path(inner, line))
