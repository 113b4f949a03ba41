"""`terrace certification recompute ID` on a running service: identical, or what differs."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.keys import ensure_keys, jwks_path
from deploy.local.ports import free_port
from deploy.local.processes import ProcessIdentity
from deploy.local.record import ProcessRecord, StackRecord
from services.certification.handlers import on_dossier_changed
from shared import migrate
from shared.db import Database
from tests.factories import make_uscc
from tests.services.certification.conftest import NO_BROKER, dossier_changed
from tests.services.certification.simulating import until

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def running(fresh_database: str, tmp_path: Path) -> AsyncIterator[Database]:
    """The service as a process of its own, recorded in a state directory as a stack's."""
    await migrate.upgrade(fresh_database, "certification")
    ensure_keys(tmp_path)
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "uvicorn", "services.certification.main:app"),
        *("--host", "127.0.0.1", "--port", str(port), "--log-level", "error"),
        cwd=ROOT,
        env={
            **os.environ,
            "TERRACE_ENVIRONMENT": "local",
            "TERRACE_DATABASE_URL": fresh_database,
            "TERRACE_KAFKA": NO_BROKER,
            "TERRACE_JWKS": str(jwks_path(tmp_path)),
            "TERRACE_LOG_LEVEL": "error",
        },
    )
    supervisor = ProcessIdentity.of(os.getpid())
    assert supervisor is not None
    StackRecord(
        phase="ready",
        supervisor_pid=supervisor.pid,
        supervisor_started=supervisor.started,
        started_at=datetime.now(UTC),
        gateway=None,
        bootstrap=NO_BROKER,
        broker="none",
        processes={
            "certification": ProcessRecord(pid=process.pid, port=port, restarts=0, is_service=True)
        },
    ).write(tmp_path)
    database = Database(fresh_database)
    try:
        async with httpx.AsyncClient(trust_env=False) as client:

            async def is_alive() -> bool:
                try:
                    answer = await client.get(f"http://127.0.0.1:{port}/healthz")
                except httpx.HTTPError:
                    return False
                return answer.status_code == 200

            await until(is_alive)
        yield database
    finally:
        await database.close()
        process.terminate()
        await process.wait()


async def _recompute(state_dir: Path, evaluation: str) -> tuple[int, str]:
    words = ["certification", "recompute", evaluation, "--state-dir", str(state_dir)]
    done = await asyncio.to_thread(CliRunner().invoke, app, words, terminal_width=200)
    return done.exit_code, done.output


async def test_recompute_says_identical_or_shows_the_difference(
    running: Database, tmp_path: Path
) -> None:
    fact = dossier_changed(make_uscc(), region="440106")
    await running.run(lambda session: on_dossier_changed(fact, session))
    async with running.transaction() as session:
        evaluation = str(await session.scalar(text("SELECT evaluation_id FROM evaluation")))
    code, said = await _recompute(tmp_path, evaluation)
    assert code == 0, said
    assert "identical, byte for byte" in said
    async with running.transaction() as session:
        await session.scalar(
            text(
                "UPDATE evaluation SET verdict = replace(verdict, 'cannot_be_judged', 'reached')"
                " RETURNING 1"
            )
        )
    code, said = await _recompute(tmp_path, evaluation)
    assert code == 1
    assert "attainment" in said
    code, said = await _recompute(tmp_path, "00000000-0000-4000-8000-000000000000")
    assert code == 1
    assert "evaluation-not-found" in said


async def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    code, said = await _recompute(tmp_path, "00000000-0000-4000-8000-000000000000")
    assert code == 1
    assert "terrace up" in said
