"""The same PATCH of a dossier in bare FastAPI and SQLModel: no bus, no gateway, no login.

Reads the row, compares If-Match, merges, validates by the same schema, writes the row and its
version, commits and answers with the dossier. `BARE_DATABASE_URL` names its database.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Body, FastAPI, Header, HTTPException, Response
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.dossier import Dossier
from services.enterprise.schemas import DossierWrite

engine = create_async_engine(os.environ.get("BARE_DATABASE_URL", "postgresql+asyncpg://"))


class BareEnterprise(SQLModel, table=True):
    """The present dossier."""

    uscc: str = Field(primary_key=True)
    version: int
    dossier: dict[str, Any] = Field(sa_type=JSONB)


class BareVersion(SQLModel, table=True):
    """Every dossier there was."""

    uscc: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    dossier: dict[str, Any] = Field(sa_type=JSONB)


@asynccontextmanager
async def _tables(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=_tables)


@app.post("/enterprises", status_code=201)
async def register(dossier: DossierWrite, response: Response) -> Dossier:
    """A new dossier."""
    async with AsyncSession(engine) as session:
        await _keep(session, BareEnterprise(uscc=dossier.uscc, version=0, dossier={}), dossier)
    response.headers["etag"] = '"1"'
    return dossier


@app.patch("/enterprises/{uscc}")
async def update(
    uscc: str,
    patch: Annotated[dict[str, Any], Body()],
    if_match: Annotated[str, Header()],
    response: Response,
) -> Dossier:
    """A merge patch of the dossier."""
    async with AsyncSession(engine) as session:
        found = await session.get(BareEnterprise, uscc, with_for_update=True)
        if found is None or if_match != f'"{found.version}"':
            raise HTTPException(412)
        dossier = DossierWrite.model_validate({**found.dossier, **patch})
        await _keep(session, found, dossier)
        response.headers["etag"] = f'"{found.version}"'
    return dossier


async def _keep(session: AsyncSession, found: BareEnterprise, dossier: Dossier) -> None:
    found.version += 1
    found.dossier = dossier.model_dump(mode="json", exclude_none=True)
    session.add(found)
    session.add(BareVersion(uscc=found.uscc, version=found.version, dossier=found.dossier))
    await session.commit()
    await session.refresh(found)
