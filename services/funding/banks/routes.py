"""HTTP for banks whose network does not reach Kafka: the pull twin and the daily file."""

from typing import Annotated

from fastapi import Query, Response

from services.funding.banks.access import BankInPath, BankStaff, own_bank
from services.funding.banks.daily_file import current_file
from services.funding.banks.feed import read_feed
from services.funding.banks.schemas import EligibilityFeed, KeySetRead
from services.funding.banks.signing import signer
from shared.app import create_router
from shared.auth import open_to_all
from shared.http import Db, Limit

router = create_router("银行 Banks")

MANIFEST = "Terrace-Manifest"
_MEDIA_TYPE = "application/x-ndjson"


@router.get(
    "/v1/banks/{code}/eligibilities",
    summary="贷款资格增量 Pull what changed",
    response_model_exclude_none=True,
)
async def pull_eligibilities(
    code: BankInPath,
    session: Db,
    caller: BankStaff,
    since: Annotated[
        str | None, Query(max_length=200, title="游标", description="`next` of the answer before.")
    ] = None,
    limit: Limit = 200,
) -> EligibilityFeed:
    """The bank's topic for those who cannot reach Kafka: ends in the same state.

    Snapshots, withdrawals and deletions after the cursor. Drop a record whose version is not
    greater than the one you hold. A change may come a moment after it was made, never not at all.
    """
    own_bank(caller, code)
    return await read_feed(session, code, since, limit)


@router.get(
    "/v1/banks/{code}/daily-file",
    summary="每日文件 Download the daily file",
    response_class=Response,
    responses={
        200: {
            "description": "One state per line; its manifest is a compact JWS.",
            "content": {_MEDIA_TYPE: {"schema": {"type": "string"}}},
            "headers": {
                MANIFEST: {
                    "description": "Compact JWS (ES256) of the day, edition, records, bytes,"
                    " sha256 and `next`, the cursor to go on from.",
                    "schema": {"type": "string"},
                }
            },
        }
    },
)
async def download_daily_file(code: BankInPath, session: Db, caller: BankStaff) -> Response:
    """Every state the bank may know now, one JSON object per line, signed.

    Made once a day, and again when something changed since: a file never gives what was withdrawn.
    """
    own_bank(caller, code)
    file = await current_file(session, code)
    name = f"{code}-{file.day}-{file.edition}.ndjson"
    return Response(
        file.content,
        media_type=_MEDIA_TYPE,
        headers={
            MANIFEST: file.manifest,
            "cache-control": "no-store",
            "content-disposition": f'attachment; filename="{name}"',
        },
    )


@router.get(
    "/v1/daily-file-keys", summary="每日文件公钥 Keys of the files", dependencies=[open_to_all]
)
async def read_daily_file_keys() -> KeySetRead:
    """The public keys that verify manifests, as a JSON Web Key Set."""
    return KeySetRead.model_validate({"keys": signer().public_keys()})
