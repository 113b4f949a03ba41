"""One database and one role per service, on any PostgreSQL that an admin URL reaches.

Nobody but its role may connect to a database, so that no service can read another's.
"""

import asyncio
import re
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def ensure_database(admin_url: str, name: str, password: str) -> str:
    """Create the role and its database unless they are there; give the role this password.

    Returns the URL the role connects with. Raises ValueError when the name is not a plain
    lower-case identifier.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no database name; use a-z, 0-9 and _, at most 63 letters.")
    _run(_ensure(admin_url, name, password))
    return _url_for(admin_url, name, password)


def drop_database(admin_url: str, name: str) -> None:
    """Drop the database, ending its connections, and then its role. Absent ones are no error."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no database name; use a-z, 0-9 and _, at most 63 letters.")
    _run(_drop(admin_url, name))


async def _ensure(admin_url: str, name: str, password: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        literal = password.replace("'", "''")
        try:
            await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{literal}'")
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            await connection.execute(f"ALTER ROLE {name} LOGIN PASSWORD '{literal}'")
        with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            await connection.execute(f"CREATE DATABASE {name} OWNER {name}")
        await connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    finally:
        await connection.close()


async def _drop(admin_url: str, name: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"DROP ROLE IF EXISTS {name}")
    finally:
        await connection.close()


def _url_for(admin_url: str, name: str, password: str) -> str:
    parts = urlsplit(admin_url)
    address = parts.netloc.rpartition("@")[2]
    netloc = f"{name}:{quote(password, safe='')}@{address}"
    return urlunsplit((parts.scheme, netloc, f"/{name}", parts.query, ""))


def _run(work: Coroutine[Any, Any, None]) -> None:
    # A thread of its own, since the caller may already be inside a running event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
