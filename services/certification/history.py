"""What certification knew at a moment: versions of dossiers, rows of official lists."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, select

from contracts.events.certification import Title, TitleStatus
from services.certification.errors import DossierNotKnownThen
from services.certification.models import KnownDossier
from services.certification.titles.kinds import KINDS
from shared.db import Session

_LISTED = text("""
    SELECT l.kind, l.authority, l.document_no, l.document_on, r.batch, r.valid_from, r.valid_to
    FROM official_list_row r JOIN official_list l USING (list_id)
    WHERE r.uscc = :uscc AND l.status = 'effective' AND l.imported_at <= :at
    ORDER BY l.document_on, l.list_id
""")


async def dossier_known_at(session: Session, uscc: str, at: datetime) -> KnownDossier:
    """The newest version of the dossier that was known at a moment. Raises DossierNotKnownThen."""
    found = (
        await session.exec(
            select(KnownDossier)
            .where(KnownDossier.uscc == uscc, col(KnownDossier.known_at) <= at)
            .order_by(col(KnownDossier.version).desc())
            .limit(1)
        )
    ).first()
    if found is None:
        raise DossierNotKnownThen(
            f"No dossier of {uscc} was known at {at.isoformat()}; ask for a later known_at.",
            f"{at.isoformat()} 时尚无 {uscc} 的档案,请填写更晚的 known_at。",
        )
    return found


async def titles_listed_by(session: Session, uscc: str, at: datetime) -> tuple[Title, ...]:
    """The titles that lists imported by then gave the enterprise, each with its term."""
    rows = await (await session.connection()).execute(_LISTED, {"uscc": uscc, "at": at})
    return tuple(
        Title(
            kind=row.kind,
            tier=kind.tier if (kind := KINDS.get(row.kind)) else None,
            status=TitleStatus.EFFECTIVE,
            authority=row.authority,
            document_no=row.document_no,
            document_on=row.document_on,
            batch=row.batch,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows
    )
