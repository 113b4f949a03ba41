"""The set-up job of PostgreSQL: a role and a database per service, closed to the others."""

import asyncpg
import pytest

from deploy.local.topology import SERVICES
from tests.deploy.images.running import Platform
from tests.deploy.images.servers import PasswordedPostgres


async def _ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def _password(platform: Platform, service: str) -> str:
    path = platform.secrets / "services" / service / "terrace_database_password"
    return path.read_text().strip()


async def test_every_service_owns_its_database_and_enters_no_other(
    platform: Platform, postgres: PasswordedPostgres
) -> None:
    names = [entry.name for entry in SERVICES if entry.has_database]
    for name in [*names, "keycloak"]:
        url = postgres.url(f"terrace_{name}", _password(platform, name))
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname=current_database()"
        assert await _ask(url, owner) == f"terrace_{name}"
        other = url.rpartition("/")[0] + f"/terrace_{names[name == names[0]]}"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _ask(other, "SELECT 1")


async def test_the_job_repeats_itself_and_takes_a_new_password(
    platform: Platform, postgres: PasswordedPostgres
) -> None:
    file = platform.secrets / "services" / "keycloak" / "terrace_database_password"
    before = postgres.url("terrace_keycloak", _password(platform, "keycloak"))
    await _ask(before, "CREATE TABLE kept AS SELECT 7 AS value")
    file.write_text("it's another \\password")
    said = postgres.set_up(platform.secrets)
    assert "terrace_keycloak is ready" in said
    with pytest.raises(asyncpg.InvalidPasswordError):
        await _ask(before, "SELECT 1")
    connection = await asyncpg.connect(
        before, password="it's another \\password", database="terrace_keycloak"
    )
    assert await connection.fetchval("SELECT value FROM kept") == 7
    await connection.close()
