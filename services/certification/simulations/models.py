"""Tables of simulations."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.certification.models import Base
from shared.leased import Leased


class SimulationStatus(StrEnum):
    """Where a simulation stands (任务状态)."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Simulation(Leased, Base, table=True):
    """A simulation as a job (政策沙盘任务).

    What is done so far (`done`, `after_uscc`, `tally` and the rows of `simulation_change`) is
    written together. An edited rule text stands in `asked` by the digest of its text.
    """

    __tablename__ = "simulation"

    simulation_id: UUID = Field(primary_key=True)
    authority: str
    created_by: str
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    asked: dict[str, Any] = Field(sa_type=JSONB)
    rulebook: str
    cancel_requested: bool = False
    total: int | None = None
    done: int = 0
    after_uscc: str = ""
    tally: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)


class SimulationChange(Base, table=True):
    """An enterprise whose attainment of a tier the simulated law changes (变动企业)."""

    __tablename__ = "simulation_change"

    simulation_id: UUID = Field(primary_key=True)
    uscc: str = Field(primary_key=True)
    tier: str = Field(primary_key=True)
    change: str
    before: str | None
    after: str | None
    name: str
    region: str
    industry: str
