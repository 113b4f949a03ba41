"""Use cases of the enterprise service: the only code that writes, and adds to the outbox."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlmodel import col, select

from contracts.dossier import Dossier
from contracts.events.enterprise import (
    CONSENT,
    DOSSIER,
    Consent,
    ConsentsChanged,
    DossierChanged,
    DossierStatus,
)
from services.enterprise.errors import (
    AlreadyDeregistered,
    AlreadyRegistered,
    ConsentExists,
    ConsentNotFound,
    OfficialField,
    SegmentUnknown,
    VersionNotFound,
)
from services.enterprise.models import ConsentGiven, DossierVersion, Enterprise, Segment
from services.enterprise.needs.snapshot import withdraw_needs
from services.enterprise.schemas import ConsentCreate, DossierWrite, SegmentWrite
from shared import clock
from shared.auth import Role, Subject
from shared.banks import banks
from shared.bus import outbox
from shared.db import Session, lock_keys
from shared.http import PreconditionFailed
from shared.scope import enterprise_not_found, require_itself, require_scope

SEGMENT_FIELDS = ("segment", "chain_position")
OFFICIAL_FIELDS = ("compliance", "credit", "development_scores", "provincial_points")


async def register_enterprise(session: Session, dossier: DossierWrite, by: Subject) -> Enterprise:
    """Open the dossier of an enterprise (建档).

    Raises OutOfScope, OfficialField, SegmentUnknown, AlreadyRegistered.
    """
    require_scope(by, dossier.uscc, dossier.region)
    _require_office(by, dossier, before=None)
    await lock_keys(session, [dossier.uscc])
    if await session.get(Enterprise, dossier.uscc) is not None:
        raise AlreadyRegistered(
            f"{dossier.uscc} has a dossier. Read it and send changes with PATCH and If-Match.",
            f"{dossier.uscc} 已建档,请读取后以 PATCH 和 If-Match 更新。",
        )
    await _require_segment(session, dossier)
    enterprise = Enterprise(
        uscc=dossier.uscc,
        status=DossierStatus.REGISTERED,
        version=0,
        registered_at=clock.now(),
        **columns_of(dossier),
    )
    session.add(enterprise)
    return await keep_version(session, enterprise, dossier, by)


async def update_dossier(
    session: Session, uscc: str, expected: int, patch: dict[str, Any], by: Subject
) -> tuple[Enterprise, Dossier]:
    """Apply a JSON Merge Patch (RFC 7396); returns the enterprise and its dossier after it.

    A patch that changes nothing makes no version.

    Raises EnterpriseNotFound, OutOfScope, OfficialField, AlreadyDeregistered,
    PreconditionFailed (stale), RequestValidationError (the result is not valid), SegmentUnknown.
    """
    await lock_keys(session, [uscc])
    enterprise = await find_enterprise(session, uscc, by)
    if not enterprise.registered:
        raise AlreadyDeregistered(
            f"{uscc} left the register; its dossier is closed.", f"{uscc} 已注销,档案已封存。"
        )
    if enterprise.version != expected:
        raise PreconditionFailed(
            f"You read version {expected}; the dossier is at {enterprise.version}."
            " Read it again and repeat the change.",
            f"您读取的是版本 {expected},当前版本为 {enterprise.version},请重新读取后再修改。",
        )
    dossier = patched(enterprise, patch)
    columns = columns_of(dossier)
    if columns["dossier"] == enterprise.dossier:
        return enterprise, dossier
    require_scope(by, uscc, dossier.region)
    _require_office(by, dossier, before=enterprise.dossier)
    if any(getattr(dossier, name) != enterprise.dossier.get(name) for name in SEGMENT_FIELDS):
        await _require_segment(session, dossier)
    enterprise.sqlmodel_update(columns)
    return await keep_version(session, enterprise, dossier, by), dossier


async def deregister_enterprise(session: Session, uscc: str, by: Subject) -> Enterprise:
    """Close the dossier of an enterprise that left the register (注销). Twice is once.

    What it still asked for is withdrawn. Raises EnterpriseNotFound, OutOfScope.
    """
    await lock_keys(session, [uscc])
    enterprise = await find_enterprise(session, uscc, by)
    if not enterprise.registered:
        return enterprise
    enterprise.status = DossierStatus.DEREGISTERED
    enterprise.changed_at = clock.now()
    await withdraw_needs(session, uscc, by, "注销")
    return await keep_version(session, enterprise, read_dossier(enterprise.dossier), by)


async def find_enterprise(session: Session, uscc: str, by: Subject) -> Enterprise:
    """The enterprise, when this caller may see it. Raises EnterpriseNotFound, OutOfScope."""
    require_itself(by, uscc)
    enterprise = await session.get(Enterprise, uscc)
    if enterprise is None:
        raise enterprise_not_found(uscc)
    require_scope(by, uscc, enterprise.region)
    return enterprise


async def find_version(session: Session, uscc: str, version: int, by: Subject) -> DossierVersion:
    """One version of the dossier. Raises EnterpriseNotFound, OutOfScope, VersionNotFound."""
    enterprise = await find_enterprise(session, uscc, by)
    found = await session.get(DossierVersion, (uscc, version))
    if found is None:
        raise VersionNotFound(
            f"The dossier has versions 1 to {enterprise.version}.",
            f"档案版本为 1 至 {enterprise.version}。",
        )
    return found


async def grant_consent(
    session: Session, uscc: str, wanted: ConsentCreate, by: Subject
) -> ConsentGiven:
    """Let one bank see the named fields until a day (授权).

    Raises EnterpriseNotFound, OutOfScope, AlreadyDeregistered, ConsentExists.
    """
    await lock_keys(session, [uscc])
    enterprise = await find_enterprise(session, uscc, by)
    if not enterprise.registered:
        raise AlreadyDeregistered(
            f"{uscc} left the register and can consent to nothing.", f"{uscc} 已注销,不能授权。"
        )
    if wanted.bank not in banks():
        raise _invalid("bank", f"There is no bank {wanted.bank}; take a code from /v1/banks.")
    today = clock.today()
    if wanted.expires_on < today:
        raise _invalid("expires_on", f"The consent would end before today, {today}.")
    given = await consents_of(session, uscc)
    if any(c.bank == wanted.bank and is_valid(c, today) for c in given):
        raise ConsentExists(
            f"{wanted.bank} holds a valid consent. Withdraw it before you give another.",
            f"{wanted.bank} 已有有效授权,请先撤回。",
        )
    consent = ConsentGiven(
        consent_id=uuid4(),
        uscc=uscc,
        bank=wanted.bank,
        purpose=wanted.purpose,
        fields=sorted(set(wanted.fields)),
        evidence=wanted.evidence.model_dump(mode="json"),
        granted_at=clock.now(),
        granted_by=by.sub,
        expires_on=wanted.expires_on,
        withdrawn_at=None,
    )
    session.add(consent)
    await _publish_consents(session, uscc, [*given, consent])
    return consent


async def withdraw_consent(
    session: Session, uscc: str, consent_id: Any, by: Subject
) -> ConsentGiven:
    """Take a consent back (撤回授权). Twice is once.

    Raises EnterpriseNotFound, OutOfScope, ConsentNotFound.
    """
    await lock_keys(session, [uscc])
    await find_enterprise(session, uscc, by)
    given = await consents_of(session, uscc)
    consent = next((c for c in given if c.consent_id == consent_id), None)
    if consent is None:
        raise ConsentNotFound(
            f"{uscc} gave no consent {consent_id}.", f"{uscc} 没有编号为 {consent_id} 的授权。"
        )
    if consent.withdrawn_at is None:
        consent.withdrawn_at = clock.now()
        await _publish_consents(session, uscc, given)
    return consent


async def consents_of(session: Session, uscc: str) -> Sequence[ConsentGiven]:
    """Every consent of the enterprise, oldest first."""
    statement = select(ConsentGiven).where(ConsentGiven.uscc == uscc)
    return (await session.exec(statement.order_by(col(ConsentGiven.granted_at)))).all()


def is_valid(consent: ConsentGiven, today: date) -> bool:
    """Whether the bank may use what it hears under this consent."""
    return consent.withdrawn_at is None and consent.expires_on >= today


async def write_segment(session: Session, segment_id: str, wanted: SegmentWrite) -> Segment:
    """Add or change a segment of the region's taxonomy."""
    await lock_keys(session, [segment_id])
    segment = await session.get(Segment, segment_id) or Segment(
        segment_id=segment_id, **wanted.model_dump()
    )
    segment.name, segment.chain, segment.positions = wanted.name, wanted.chain, wanted.positions
    session.add(segment)
    return segment


def read_dossier(document: dict[str, Any]) -> Dossier:
    """A stored dossier; fields that this version of the code does not know are left out."""
    return Dossier.model_validate(document, extra="ignore")


def _require_office(by: Subject, dossier: Dossier, before: dict[str, Any] | None) -> None:
    """What a public record says is filed by an office, never by the enterprise about itself.

    `before` is the dossier as it is stored, null for a new one.
    """
    if by.role is not Role.ENTERPRISE:
        return
    known = None if before is None else read_dossier(before)
    for name in OFFICIAL_FIELDS:
        empty = Dossier.model_fields[name].get_default(call_default_factory=True)
        if getattr(dossier, name) != (empty if known is None else getattr(known, name)):
            raise OfficialField(
                f"{name} comes from a public record. Leave it out; your authority files it.",
                f"{name} 来自公共记录,请勿填写,由主管部门录入。",
            )


async def _require_segment(session: Session, dossier: Dossier) -> None:
    if dossier.segment is None:
        return
    segment = await session.get(Segment, dossier.segment)
    if segment is None or dossier.chain_position not in (None, *segment.positions):
        raise SegmentUnknown(
            "Take segment and chain_position from /v1/dictionaries/segments,"
            " or ask the operator to add yours.",
            "细分领域和产业链位置请从 /v1/dictionaries/segments 中选择,或联系平台运营方添加。",
        )


def columns_of(dossier: Dossier) -> dict[str, Any]:
    """What the enterprise's row says when this becomes its present dossier, now."""
    return {
        "name": dossier.name,
        "region": dossier.region,
        "industry": dossier.industry,
        "segment": dossier.segment,
        "changed_at": clock.now(),
        "dossier": dossier.model_dump(mode="json", exclude_none=True),
    }


async def keep_version(
    session: Session, enterprise: Enterprise, dossier: Dossier, by: Subject
) -> Enterprise:
    """Keep the enterprise as its row now says, with this dossier, as a new version; publish it.

    The enterprise's key is held.
    """
    enterprise.version = await outbox.next_version(
        session, DOSSIER, enterprise.uscc, after=enterprise.version
    )
    if enterprise.version == 1:
        await session.flush()  # the version row refers to the enterprise row
    session.add(
        DossierVersion(
            uscc=enterprise.uscc,
            version=enterprise.version,
            status=enterprise.status,
            known_at=enterprise.changed_at,
            changed_by=by.sub,
            dossier=enterprise.dossier,
        )
    )
    fact = DossierChanged(
        uscc=enterprise.uscc,
        version=enterprise.version,
        status=DossierStatus(enterprise.status),
        name=dossier.name,
        changed_at=enterprise.changed_at,
        facts=dossier.facts(),
    )
    await outbox.add(session, fact)
    return enterprise


async def _publish_consents(session: Session, uscc: str, consents: Sequence[ConsentGiven]) -> None:
    fact = ConsentsChanged(
        uscc=uscc,
        version=await outbox.next_version(session, CONSENT, uscc),
        consents=tuple(
            Consent.model_validate(
                {**c.model_dump(include=set(Consent.model_fields)), "consent_id": str(c.consent_id)}
            )
            for c in consents
        ),
    )
    await outbox.add(session, fact)


def patched(enterprise: Enterprise, patch: dict[str, Any]) -> DossierWrite:
    """The dossier after a merge patch. Raises RequestValidationError where it is not valid."""
    if patch.get("uscc", enterprise.uscc) != enterprise.uscc:
        raise _invalid("uscc", "The code names the dossier and cannot be changed by a patch.")
    merged = _merge(enterprise.dossier, patch)
    try:
        return DossierWrite.model_validate(merged)
    except ValidationError as error:
        raise RequestValidationError(
            [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
        ) from None


def _merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge(merged.get(name), value)
    return merged


def _invalid(field: str, message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": ("body", field), "msg": message}])
