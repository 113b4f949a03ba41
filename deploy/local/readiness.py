"""Waits until every service says it is ready, and tells which one does not and why."""

import asyncio
import time
from collections.abc import Callable, Sequence

import httpx

from deploy.local.service_process import ServiceProcess
from deploy.local.supervisor import Supervisor

_ASK_EVERY_S = 0.1
_RESTARTS_MAX = 4


class NotReady(RuntimeError):
    """A service died again and again, or did not become ready in time."""


async def is_ready(url: str, client: httpx.AsyncClient) -> tuple[bool, str]:
    """Whether /readyz answers 200, and what it said otherwise."""
    try:
        answer = await client.get(f"{url}/readyz", timeout=2)
    except httpx.HTTPError as problem:
        return False, type(problem).__name__
    return answer.status_code == 200, f"{answer.status_code} {answer.text[:300]}"


async def wait_ready(
    services: Sequence[ServiceProcess],
    servers: Sequence[str],
    supervisor: Supervisor,
    timeout_s: float,
    report: Callable[[str], None] | None = None,
) -> None:
    """Wait until the servers run and all services are ready at once. Raises NotReady."""
    began = time.monotonic()
    told: set[str] = set()
    restarts = {service.name: supervisor.restarts_of(service.name) for service in services}
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            answers = await asyncio.gather(*(is_ready(one.url, client) for one in services))
            waiting = []
            for service, (ready, said) in zip(services, answers, strict=True):
                if not ready:
                    waiting.append((service, said))
                elif report and service.name not in told:
                    told.add(service.name)
                    report(f"{service.name} ready at {service.url}")
            if not waiting and all(supervisor.is_settled(name) for name in servers):
                return
            late = time.monotonic() - began > timeout_s
            failed = [
                (service, said)
                for service, said in waiting
                if late
                or supervisor.restarts_of(service.name) - restarts[service.name] >= _RESTARTS_MAX
            ]
            if failed or late:
                raise NotReady(_explain(failed))
            await asyncio.sleep(_ASK_EVERY_S)


def _explain(failed: Sequence[tuple[ServiceProcess, str]]) -> str:
    if not failed:
        return "The broker or PostgreSQL did not come back; see its log (terrace logs)."
    return "\n".join(
        f"{service.name} is not ready ({said}). Its log ends:\n{service.end_of_log()}"
        for service, said in failed
    )
