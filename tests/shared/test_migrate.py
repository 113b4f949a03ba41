"""Migrations: idempotent, safe when several begin at once, and what the models say they make."""

import asyncio
import importlib
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.types import NullType

from deploy.local.topology import SERVICES
from shared import migrate
from shared.db import async_url

ROOT = Path(__file__).parents[2]
OWN = [entry.name for entry in SERVICES if entry.has_database]
FILES = sorted(
    [
        *(ROOT / "shared" / "bus" / "migrations").glob("[0-9]*.py"),
        *(ROOT / "services").glob("*/migrations/[0-9]*.py"),
    ]
)
SHAPE = """
    SELECT table_name, column_name, data_type, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
"""
WAITS = "SELECT count(*) FROM pg_locks WHERE objid = $1 AND locktype = 'advisory' AND NOT granted"
UNCHECKED = {
    "require-statement-timeout": "a new table takes no time; the wait for locks is what is bounded",
    "prefer-bigint-over-int": "attempts, partitions, ranks and years never outgrow an integer",
}


async def shape(url: str) -> list[tuple]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(SHAPE)]
    finally:
        await connection.close()


def metadata_of(service: str) -> MetaData:
    """The tables of all of the service's modules, so also of models that lie beside their slice."""
    folder = ROOT / "services" / service
    for path in sorted(folder.rglob("models.py")):
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    models = sys.modules[f"services.{service}.models"]
    metadata: MetaData = models.Base.metadata
    return metadata


def differs_in_type(*compared: Any) -> bool:
    """A model says of what kind a column is; how long or how wide, its migration says."""
    *_, made, declared = compared
    return made.python_type is not getattr(declared, "impl", declared).python_type


def differences(connection: Connection, metadata: MetaData) -> list:
    own = set(metadata.tables)
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": differs_in_type,
            # Indexes and constraints are the migrations' alone; the models name tables and columns.
            # So is a column of a type that only PostgreSQL has (xid8): a trigger alone writes it.
            "include_object": lambda item, name, kind, reflected, other: (
                (kind == "column" and not isinstance(item.type, NullType))
                or (kind == "table" and name in own)
            ),
        },
    )
    return compare_metadata(context, metadata)


@pytest.mark.filterwarnings("ignore:Did not recognize type:sqlalchemy.exc.SAWarning")
@pytest.mark.parametrize("service", OWN)
async def test_the_models_are_what_the_migrations_make(service: str, fresh_database: str) -> None:
    await migrate.upgrade(fresh_database, service)
    metadata = metadata_of(service)
    assert metadata.tables
    engine = create_async_engine(async_url(fresh_database))
    async with engine.connect() as connection:
        found = await connection.run_sync(differences, metadata)
    await engine.dispose()
    assert found == []


async def test_migrating_again_changes_nothing(fresh_database: str) -> None:
    await migrate.upgrade(fresh_database, "enterprise")
    first = await shape(fresh_database)
    await migrate.upgrade(fresh_database, "enterprise")
    assert await shape(fresh_database) == first
    assert {"enterprise", "outbox", "pgqueuer_schedules"} <= {row[0] for row in first}


async def test_several_may_migrate_at_once(fresh_database: str) -> None:
    await asyncio.gather(*(migrate.upgrade(fresh_database, "funding") for _ in range(4)))
    assert "outbox" in {row[0] for row in await shape(fresh_database)}
    connection = await asyncpg.connect(fresh_database)
    assert await connection.fetchval("SELECT count(*) FROM relay_state") == 1
    assert await connection.fetchval("SELECT count(*) FROM funding_version") == 1
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1"
    assert await connection.fetchval(held, migrate.ONE_AT_A_TIME) == 0
    await connection.close()


async def test_a_migration_waits_for_another_of_the_same_database(fresh_database: str) -> None:
    guard = await asyncpg.connect(fresh_database)
    await guard.execute("SELECT pg_advisory_lock($1)", migrate.ONE_AT_A_TIME)
    waiting = asyncio.create_task(migrate.upgrade(fresh_database, None))
    while not await guard.fetchval(WAITS, migrate.ONE_AT_A_TIME):
        assert not waiting.done()
    assert await shape(fresh_database) == []
    await guard.close()
    await waiting
    assert await shape(fresh_database) != []


async def test_an_unknown_service_is_refused_with_advice(fresh_database: str) -> None:
    with pytest.raises(SystemExit, match="There is no service 'nosuch' with migrations"):
        await migrate.upgrade(fresh_database, "nosuch")


class Recorder:
    """Stands where a migration has `op`, and keeps the SQL it is given."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, statement: str) -> None:
        self.statements.append(statement.strip().rstrip(";"))


def statements_of(path: Path) -> list[str]:
    """The SQL of a migration's upgrade."""
    module = runpy.run_path(str(path))
    recorder = module["upgrade"].__globals__["op"] = Recorder()
    module["upgrade"]()
    return recorder.statements


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_migration_is_safe_to_run_on_a_live_database(path: Path, tmp_path: Path) -> None:
    statements = statements_of(path)
    assert statements[0].startswith("SET lock_timeout")
    script = tmp_path / f"{path.stem}.sql"
    script.write_text(";\n".join(statements) + ";\n")
    squawk = [
        str(Path(sys.executable).with_name("squawk")),
        "--assume-in-transaction",
        "--pg-version=16.0",
        *(f"--exclude={rule}" for rule in UNCHECKED),
        str(script),
    ]
    done = subprocess.run(squawk, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
