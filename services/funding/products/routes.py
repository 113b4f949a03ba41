"""HTTP of the finance products: what is offered, how an owner changes it, what one firm fits."""

from typing import Annotated

from fastapi import Query, Response

from contracts.events.funding import LOAN_ELIGIBILITY
from services.funding.enterprises import Standing, find_enterprise
from services.funding.products.catalogue import FinanceProduct, seeds
from services.funding.products.documents import ProductCode, ProductDocument, ProductKind
from services.funding.products.errors import LoanProductUnusable
from services.funding.products.matching import match, read_standing
from services.funding.products.population.service import CHANGES_PER_S, request_match
from services.funding.products.rendering import read_match, read_product
from services.funding.products.schemas import (
    BankList,
    BankRead,
    LoanMatch,
    LoanProductList,
    LoanProductRead,
    ProductPublished,
    ProductVersionList,
    ProductVersionRead,
)
from services.funding.products.service import find_product, may_list, snapshots_of
from services.funding.products.versions import current, publish_product, versions_of
from services.funding.rule_files import Texts
from shared import clock
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.banks import banks
from shared.db import Session
from shared.http import Db, ExpectedVersion, etag
from shared.scope import Reader
from shared.uscc import CheckedUscc

router = create_router("金融产品 Finance products")

Anyone = Annotated[Subject, allow(*Role)]
Publisher = Annotated[Subject, allow(Role.BANK, Role.OPERATOR)]
Rate = Annotated[
    int,
    Query(ge=1, le=20_000, title="发布速率上限(每秒)", description="Changes published a second."),
]


@router.get("/v1/banks", summary="银行列表", dependencies=[open_to_all])
async def list_banks(session: Db) -> BankList:
    """Banks, their products and the topic each may read."""
    catalogue = await current(session)
    return BankList(
        banks=[
            BankRead(
                code=bank.code,
                name=Texts(zh=bank.zh, en=bank.en),
                topic=LOAN_ELIGIBILITY.name.format(bank=bank.code),
                products=[product.id for product in catalogue.of(bank.code)],
            )
            for bank in banks().values()
        ]
    )


@router.get("/v1/loan-products", summary="金融产品列表")
async def list_loan_products(
    session: Db, caller: Anyone, bank: str | None = None, kind: ProductKind | None = None
) -> LoanProductList:
    """Products of all institutions, or of one; a bank's own token lists its own only."""
    return LoanProductList(
        products=[
            read_product(product, clock.today())
            for product in (await current(session)).products.values()
            if bank in (None, product.terms.owner)
            and kind in (None, product.terms.kind)
            and may_list(product, caller)
        ]
    )


@router.post("/v1/loan-products", status_code=202, summary="新增金融产品")
async def add_loan_product(
    document: ProductDocument,
    session: Db,
    caller: Publisher,
    response: Response,
    changes_per_s: Rate = CHANGES_PER_S,
) -> ProductPublished:
    """Publish a new product; a bank its own, an operator any. The population is matched to it.

    The answer's `status_url` shows the progress. Without a redeploy: from now on every enterprise
    is judged by it.
    """
    product = await publish_product(session, document, caller, replaces=None)
    return await _published(session, product, caller, response, changes_per_s)


@router.get("/v1/loan-products/{product_id}", summary="金融产品")
async def read_loan_product(
    product_id: str, session: Db, caller: Anyone, response: Response
) -> LoanProductRead:
    """One product with its conditions and limits. Its version is the ETag."""
    product = await find_product(session, product_id, caller)
    response.headers["etag"] = etag(product.terms.version)
    return read_product(product, clock.today())


@router.put("/v1/loan-products/{product_id}", status_code=202, summary="变更金融产品")
async def change_loan_product(
    product_id: ProductCode,
    document: ProductDocument,
    replaces: ExpectedVersion,
    session: Db,
    caller: Publisher,
    response: Response,
    changes_per_s: Rate = CHANGES_PER_S,
) -> ProductPublished:
    """Make a new version; the old one stays readable. End a product with `to`, its last day."""
    if document.id != product_id:
        raise LoanProductUnusable(
            f"The document is of {document.id}; send it to its own address.",
            f"文档编号为 {document.id},与地址不一致。",
        )
    await find_product(session, product_id, caller)
    product = await publish_product(session, document, caller, replaces=replaces)
    return await _published(session, product, caller, response, changes_per_s)


@router.get("/v1/loan-products/{product_id}/versions", summary="金融产品版本")
async def list_product_versions(product_id: str, session: Db, caller: Anyone) -> ProductVersionList:
    """Which versions there are, by whom and since when."""
    product = await find_product(session, product_id, caller)
    seed = seeds().products.get(product.id)
    return ProductVersionList(
        product_id=product.id,
        current=product.terms.version,
        from_rule_file=None if seed is None else seed.terms.version,
        versions=[
            ProductVersionRead(
                version=row.version, published_at=row.published_at, published_by=row.published_by
            )
            for row in await versions_of(session, product.id)
        ],
    )


@router.get("/v1/enterprises/{uscc}/loan-products", summary="企业融资匹配")
async def match_loan_products(uscc: CheckedUscc, session: Db, caller: Reader) -> LoanMatch:
    """Products the enterprise fits today, ranked, and those it misses: nearly, openly, or far.

    No consent is needed for this answer; no bank sees it.
    """
    standing = Standing(await find_enterprise(session, uscc, caller), clock.now())
    told = {row.bank: row for row in await snapshots_of(session, uscc)}
    reading = read_standing(standing)
    fits = match(standing, reading, await current(session)) if standing.registered else []
    return read_match(standing, reading, fits, told)


async def _published(
    session: Session,
    product: FinanceProduct,
    caller: Subject,
    response: Response,
    changes_per_s: int,
) -> ProductPublished:
    by = caller.org or caller.authority or caller.sub
    match_ = await request_match(session, product, by, changes_per_s)
    status_url = f"/v1/product-matches/{match_.match_id}"
    response.headers["location"] = status_url
    response.headers["etag"] = etag(product.terms.version)
    return ProductPublished(
        product=read_product(product, clock.today()),
        match_id=match_.match_id,
        status_url=status_url,
    )
