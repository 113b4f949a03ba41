"""Runs the migrations of one service, as the process that a cluster would run too."""

import asyncio
import sys

from deploy.local.service_process import ROOT, service_environment


class MigrationFailed(RuntimeError):
    """A service's database could not be brought up to date."""


async def migrate(service: str, database_url: str) -> None:
    """Bring the service's database up to date; does nothing when it is. Raises MigrationFailed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shared.migrate", service),
        cwd=ROOT,
        env=service_environment({"TERRACE_DATABASE_URL": database_url}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        end = "\n".join(output.decode(errors="replace").splitlines()[-15:])
        raise MigrationFailed(f"The migrations of {service} failed:\n{end}")
