"""Keeps an evaluation with its inputs, and the rule texts when they are first used."""

from collections.abc import Sequence
from datetime import date
from uuid import uuid4

from sqlalchemy import text

from services.certification.canonical import canonical, digest_of
from services.certification.evaluations.models import Evaluation
from services.certification.models import Enterprise, KnownDossier
from services.certification.outlooks.judging import record_of
from services.certification.outlooks.ladder import held_tiers, titles_in
from services.certification.outlooks.rulebook import LAW, Law, load_files
from shared import clock
from shared.db import Session
from shared.rules.evaluate import Verdict

_KNOWN = text("SELECT 1 FROM rulebook WHERE digest = :digest")
_TEXT = text("SELECT content FROM rule_file WHERE digest = :digest")
_KEEP_FILES = text("""
    INSERT INTO rule_file (digest, content)
    SELECT * FROM unnest(CAST(:digests AS text[]), CAST(:contents AS text[]))
    ORDER BY 1 ON CONFLICT DO NOTHING
""")
_KEEP_LAW = text("""
    INSERT INTO rulebook (digest, files, first_used_at)
    VALUES (:digest, CAST(:files AS jsonb), :now) ON CONFLICT DO NOTHING
""")
_FILES = text("""
    SELECT file.key AS name, rule_file.content FROM rulebook
    CROSS JOIN jsonb_each_text(rulebook.files) AS file
    JOIN rule_file ON rule_file.digest = file.value
    WHERE rulebook.digest = :digest
""")


async def keep_evaluation(
    session: Session,
    enterprise: Enterprise,
    verdicts: Sequence[Verdict],
    day: date,
    outlook_version: int,
) -> None:
    """Keep a judgement that changed the outlook; its dossier version is kept already."""
    await keep_law(session, LAW)
    dossier = await session.get_one(KnownDossier, (enterprise.uscc, enterprise.dossier_version))
    held = held_tiers(titles_in(enterprise.titles), day)
    session.add(
        Evaluation(
            evaluation_id=uuid4(),
            uscc=enterprise.uscc,
            outlook_version=outlook_version,
            dossier_version=dossier.version,
            known_at=dossier.known_at,
            as_of=day,
            judged_at=clock.now(),
            facts_digest=digest_of(dossier.facts),
            titles=canonical(enterprise.titles),
            rulebook=LAW.digest,
            rule_sets={verdict.rule_set.id: verdict.rule_set.digest for verdict in verdicts},
            verdict=canonical(record_of(verdicts, day, held)),
        )
    )


async def keep_law(session: Session, law: Law) -> None:
    """Keep the rule texts, when they are used for the first time."""
    kept: set[str] = session.info.setdefault("kept_rulebooks", set())
    if law.digest in kept:
        return
    connection = await session.connection()
    known = await connection.execute(_KNOWN, {"digest": law.digest})
    if known.first() is None:
        files = {name: digest_of(content) for name, content in law.files.items()}
        await connection.execute(
            _KEEP_FILES,
            {"digests": list(files.values()), "contents": list(law.files.values())},
        )
        await connection.execute(
            _KEEP_LAW,
            {"digest": law.digest, "files": canonical(files), "now": clock.now()},
        )
    kept.add(law.digest)


async def keep_text(session: Session, content: str) -> str:
    """Keep one rule text; returns its digest."""
    digest = digest_of(content)
    await (await session.connection()).execute(
        _KEEP_FILES, {"digests": [digest], "contents": [content]}
    )
    return digest


async def load_text(session: Session, digest: str) -> str:
    """The rule text of a digest, as it was kept."""
    found = await (await session.connection()).execute(_TEXT, {"digest": digest})
    return str(found.scalar_one())


async def load_law(session: Session, digest: str) -> Law:
    """The rulebook of a digest, from the texts that were kept. Raises RuleFileError."""
    if digest == LAW.digest:
        return LAW
    rows = await (await session.connection()).execute(_FILES, {"digest": digest})
    return load_files({row.name: row.content for row in rows})
