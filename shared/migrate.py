"""Migrations of one service's database: the bus tables, the job tables, then its own.

python -m shared.migrate enterprise             bring the database up to date (idempotent)
python -m shared.migrate enterprise --new name  write the next numbered migration file
"""

import argparse
import asyncio
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import async_url, plain_url
from shared.settings import Settings

ROOT = Path(__file__).parent.parent
ONE_AT_A_TIME = 4_217_001


def _config(folder: Path, version_table: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "shared" / "migrations"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(folder))
    config.attributes["version_table"] = version_table
    return config


def _folder(service: str) -> Path:
    folder = ROOT / "services" / service / "migrations"
    if not folder.is_dir():
        raise SystemExit(f"There is no service {service!r} with migrations under services/.")
    return folder


def _upgrade(connection: Connection, lines: list[tuple[Path, str]]) -> None:
    for folder, version_table in lines:
        config = _config(folder, version_table)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


async def upgrade(url: str, service: str | None) -> None:
    """Bring the database up to date; waits for another migration of the same database.

    Without a service only the bus and the jobs get their tables (tests of the bus).
    """
    lines = [(ROOT / "shared" / "bus" / "migrations", "bus_version")]
    if service is not None:
        lines.append((_folder(service), f"{service}_version"))
    guard = await asyncpg.connect(plain_url(url))
    engine = create_async_engine(async_url(url))
    try:
        await guard.execute("SELECT pg_advisory_lock($1)", ONE_AT_A_TIME)
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, lines)
            await connection.commit()
        jobs = Queries(AsyncpgDriver(guard))
        if not await jobs.schema_is_installed():
            await jobs.install()
        await jobs.upgrade()
    finally:
        await engine.dispose()
        await guard.close()


def new(service: str, name: str) -> None:
    """Write the next numbered migration of a service."""
    folder = _folder(service)
    number = f"{len(list(folder.glob('[0-9]*.py'))) + 1:04d}"
    config = _config(folder, f"{service}_version")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    command.revision(config, message=name, rev_id=number, version_path=str(folder))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m shared.migrate")
    parser.add_argument("service")
    parser.add_argument("--new", metavar="NAME")
    arguments = parser.parse_args()
    if arguments.new:
        new(arguments.service, arguments.new)
        return
    url = Settings().database_url
    if url is None:
        raise SystemExit("Set TERRACE_DATABASE_URL to the service's own database.")
    asyncio.run(upgrade(str(url), arguments.service))


if __name__ == "__main__":
    main()
