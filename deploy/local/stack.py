"""The local stack as a whole: PostgreSQL, the broker, the databases, the services.

Owns one state directory while it runs. Starts the two servers at the same time, migrates every
database, starts the services, and keeps all of it running until it is stopped: gateway first,
PostgreSQL last.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Self

from deploy.local.broker import Broker, choose_broker
from deploy.local.databases import ensure_database
from deploy.local.domain_clock import ensure_clock
from deploy.local.key_ring import ensure_key_ring
from deploy.local.keys import ensure_keys, mint_token
from deploy.local.migrations import migrate
from deploy.local.passwords import PasswordFile
from deploy.local.ports import free_port, is_free
from deploy.local.postgres import PostgresServer
from deploy.local.processes import ProcessIdentity
from deploy.local.readiness import wait_ready
from deploy.local.record import (
    Phase,
    ProcessRecord,
    StackRecord,
    end_leftovers,
    sole_supervisor,
)
from deploy.local.service_process import ServiceProcess
from deploy.local.settings import StackSettings
from deploy.local.supervisor import Part, Supervisor
from deploy.local.topology import GATEWAY, ServiceEntry

READY_S = 120.0


class PortTaken(RuntimeError):
    """A port that was asked for belongs to another program."""


class Stack:
    """`async with Stack(settings) as stack:` runs the stack; at the end nothing of it is left."""

    def __init__(
        self, settings: StackSettings, report: Callable[[str], None] = lambda line: None
    ) -> None:
        self.settings = settings
        self.state_dir = settings.state_dir.resolve()
        self.services: dict[str, ServiceProcess] = {}
        self.start_s = 0.0
        self._report = report
        self._postgres: PostgresServer | None = None
        self._broker: Broker | None = None
        self._database_urls: dict[str, str] = {}
        self._supervisor = Supervisor(self._on_change, self._on_revived)
        self._watching: asyncio.Task[None] | None = None
        self._held = ExitStack()
        self._owns_state = False
        self._phase: Phase = "starting"
        self._started_at = datetime.now(UTC)
        self._began = time.monotonic()

    @property
    def bootstrap(self) -> str:
        """The broker's address, host:port."""
        return self.settings.kafka or (self._broker.bootstrap if self._broker else "")

    @property
    def broker_version(self) -> str:
        return self._broker.version if self._broker else f"the broker at {self.bootstrap}"

    @property
    def gateway_url(self) -> str:
        return self.services[GATEWAY].url

    def url_of(self, service: str) -> str:
        """The base URL of a service, past the gateway."""
        return self.services[service].url

    def database_url(self, service: str) -> str:
        """The URL of a service's own database; KeyError for one that has none."""
        return self._database_urls[service]

    def token(
        self,
        role: str,
        *,
        org: str | None = None,
        authority: str | None = None,
        uscc: str | None = None,
        ttl_s: int = 900,
    ) -> str:
        """A bearer token of the local issuer."""
        return mint_token(
            self.state_dir, role, org=org, authority=authority, uscc=uscc, ttl_s=ttl_s
        )

    def process_names(self) -> list[str]:
        """Every process of this stack, in start order."""
        return [part.name for part in self._parts()]

    def kill(self, name: str) -> None:
        """End one process with SIGKILL; the supervisor starts it again."""
        next(part for part in self._parts() if part.name == name).kill()

    async def wait_ready(self, timeout_s: float = READY_S) -> None:
        """Wait until the servers run and every /readyz answers 200. Raises NotReady."""
        servers = [part.name for part in self._servers()]
        report = self._on_change if self._phase == "starting" else None
        await wait_ready(list(self.services.values()), servers, self._supervisor, timeout_s, report)

    async def start(self) -> None:
        """Start everything and wait until it is ready. On failure call stop."""
        self._held.enter_context(sole_supervisor(self.state_dir))
        self._held.callback((self.state_dir / "stack.json").unlink, missing_ok=True)
        self._owns_state = True
        for name in await asyncio.to_thread(end_leftovers, self.state_dir):
            self._report(f"{name}: an earlier run had left it behind; ended")
        self._choose_ports()
        ensure_keys(self.state_dir)
        ensure_key_ring(self.state_dir)
        ensure_clock(self.state_dir, self.settings.domain_start)
        if not self.settings.database_url:
            self._postgres = PostgresServer(self.state_dir, self.settings.ports.get("postgres"))
        if not self.settings.kafka:
            self._broker = await asyncio.to_thread(
                choose_broker,
                self.state_dir,
                self.settings.cache_dir,
                self.settings.ports.get("kafka"),
            )
        self._watching = asyncio.create_task(self._supervisor.watch())
        await _together(self._start_databases(), self._start_broker())
        for entry in self.settings.services:
            self.services[entry.name] = self._service(entry)
        for service in self.services.values():
            await self._supervisor.start(service)
        await self.wait_ready()
        self.start_s = time.monotonic() - self._began
        self._phase = "ready"
        self._record()

    async def stop(self) -> None:
        """Stop what runs: gateway, services, broker, PostgreSQL. Can be called at any moment."""
        if not self._owns_state:
            return
        self._phase = "stopping"
        self._record()
        others = [name for name in self.services if name != GATEWAY]
        await self._supervisor.close([[GATEWAY], others, ["kafka"], ["postgres"]])
        if self._watching:
            await self._watching
        self._held.close()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _choose_ports(self) -> None:
        self._ports: dict[str, int] = {}
        for entry in self.settings.services:
            port = self.settings.ports.get(entry.name)
            if port and not is_free(port):
                raise PortTaken(
                    f"Port {port} for {entry.name} is taken by another program. Choose another "
                    f"with TERRACE_PORT_{entry.name.upper()}=<port>, or 0 for any free one."
                )
            self._ports[entry.name] = port or free_port()

    async def _start_databases(self) -> None:
        if self._postgres:
            await self._supervisor.start(self._postgres)
        owners = [entry for entry in self.settings.services if entry.has_database]
        await _together(*(self._prepare_database(entry) for entry in owners))

    async def _prepare_database(self, entry: ServiceEntry) -> None:
        admin_url = self.settings.database_url
        passwords = PasswordFile(self.state_dir / "passwords.json")
        if self._postgres:
            admin_url = self._postgres.admin_url
        assert admin_url is not None
        url = await asyncio.to_thread(
            ensure_database, admin_url, entry.database, passwords.password_of(entry.database)
        )
        self._database_urls[entry.name] = url
        if self.settings.migrate:
            await migrate(entry.name, url)
            self._on_change(f"{entry.name}: database migrated")

    async def _start_broker(self) -> None:
        if self._broker:
            await self._supervisor.start(self._broker)

    def _service(self, entry: ServiceEntry) -> ServiceProcess:
        forgets = self._broker is not None and not self._broker.keeps_data
        environment = self.settings.environment_of(
            entry,
            database_url=self._database_urls.get(entry.name),
            bootstrap=self.bootstrap,
            broker_forgets=forgets,
            upstreams={
                other.name: f"http://127.0.0.1:{self._ports[other.name]}"
                for other in self.settings.services
                if other.name != GATEWAY
            },
        )
        return ServiceProcess(entry, self.state_dir, self._ports[entry.name], environment)

    def _servers(self) -> list[Part]:
        return [part for part in (self._postgres, self._broker) if part is not None]

    def _parts(self) -> list[Part]:
        return [*self._servers(), *self.services.values()]

    async def _on_revived(self, part: Part) -> None:
        if self._broker is None or part.name != self._broker.name or self._broker.keeps_data:
            return
        # This broker came back empty: only a starting relay publishes the retained outbox again.
        bus = [service for service in self.services.values() if service.entry.on_bus]
        await asyncio.gather(*(asyncio.to_thread(service.stop) for service in bus))

    def _on_change(self, line: str) -> None:
        self._report(f"[{time.monotonic() - self._began:5.1f} s] {line}")
        self._record()

    def _record(self) -> None:
        supervisor = ProcessIdentity.own()
        StackRecord(
            phase=self._phase,
            supervisor_pid=supervisor.pid,
            supervisor_started=supervisor.started,
            started_at=self._started_at,
            gateway=self.services[GATEWAY].url if GATEWAY in self.services else None,
            bootstrap=self.bootstrap,
            broker=self.broker_version,
            processes={
                part.name: ProcessRecord(
                    pid=part.pid,
                    port=part.port,
                    restarts=self._supervisor.restarts_of(part.name),
                    is_service=part.name in self.services,
                )
                for part in self._parts()
            },
        ).write(self.state_dir)


async def _together(*work: Coroutine[Any, Any, None]) -> None:
    """Run all of it at the same time; the first failure ends the rest and is raised itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
