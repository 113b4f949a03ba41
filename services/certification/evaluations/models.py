"""Tables of stored evaluations and of the rule texts they used."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.certification.models import Base


class Evaluation(Base, table=True):
    """A judgement that changed the outlook, with its exact inputs (评价记录); never changed.

    The facts are those of the dossier version, whose digest is kept here; `titles` and `verdict`
    are canonical JSON; `rulebook` names the rule files.
    """

    __tablename__ = "evaluation"

    evaluation_id: UUID = Field(primary_key=True)
    uscc: str
    outlook_version: int
    dossier_version: int
    known_at: datetime = Field(sa_type=DateTime(timezone=True))
    as_of: date
    judged_at: datetime = Field(sa_type=DateTime(timezone=True))
    facts_digest: str
    titles: str
    rulebook: str
    rule_sets: dict[str, str] = Field(sa_type=JSONB)
    verdict: str
