"""Use cases of the carriers: link one, find those near an enterprise."""

from collections.abc import Sequence

from sqlmodel import col, select

from services.catalog.carriers.models import Carrier
from services.catalog.carriers.schemas import CarrierWrite
from services.catalog.errors import CarrierUnknown
from services.catalog.scope import require_office
from shared.auth import Subject
from shared.db import Session, lock_keys


async def write_carrier(
    session: Session, carrier_id: str, wanted: CarrierWrite, by: Subject
) -> Carrier:
    """Add or change a linked carrier. Raises OutsideDatabase."""
    require_office(by, wanted.region)
    await lock_keys(session, [f"carrier:{carrier_id}"])
    carrier = await session.get(Carrier, carrier_id)
    if carrier is None:
        carrier = Carrier(carrier_id=carrier_id, **wanted.model_dump())
    else:
        require_office(by, carrier.region)
        carrier.sqlmodel_update(wanted.model_dump())
    session.add(carrier)
    return carrier


async def carriers_near(session: Session, region: str, limit: int) -> Sequence[Carrier]:
    """Carriers of the enterprise's city, those of its district first."""
    statement = select(Carrier).where(col(Carrier.region).startswith(region[:4]))
    nearest = statement.order_by(
        (col(Carrier.region) == region).desc(), col(Carrier.kind), col(Carrier.carrier_id)
    )
    return (await session.exec(nearest.limit(limit))).all()


async def require_carriers(session: Session, ids: Sequence[str]) -> None:
    """Raises CarrierUnknown unless every one of them is linked."""
    if not ids:
        return
    rows = await session.exec(select(Carrier.carrier_id).where(col(Carrier.carrier_id).in_(ids)))
    if unknown := sorted(set(ids) - set(rows)):
        raise CarrierUnknown(
            f"No carrier is linked as {', '.join(unknown)}. GET /v1/carriers lists them.",
            f"没有编号为 {'、'.join(unknown)} 的载体,请查看 GET /v1/carriers。",
        )
