"""The whole local stack with tiny services: killed parts come back, nothing is left behind."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.processes import ProcessIdentity, wait_until
from deploy.local.readiness import NotReady
from deploy.local.record import AlreadyRunning, StackRecord, running_stack
from deploy.local.settings import StackSettings
from deploy.local.stack import PortTaken, Stack
from deploy.local.topology import ServiceEntry
from tests.conftest import Broker, DatabaseServer
from tests.deploy.programs import Programs
from tests.deploy.tiny_stack import tiny_settings


@pytest.fixture
def light_settings(
    state_dir: Path, postgres_server: DatabaseServer, kafka_broker: Broker
) -> Iterator[StackSettings]:
    """A stack on the session's servers: only the services are its own."""
    yield replace(
        tiny_settings(state_dir),
        kafka=kafka_broker.bootstrap,
        database_url=postgres_server.admin_url,
    )
    postgres_server.drop_database("terrace_enterprise")


def _identities(record: StackRecord) -> dict[str, ProcessIdentity]:
    found = {name: ProcessIdentity.of(one.pid or 0) for name, one in record.processes.items()}
    return {name: identity for name, identity in found.items() if identity is not None}


async def test_every_killed_process_comes_back_at_its_address(state_dir: Path) -> None:
    settings = tiny_settings(state_dir)
    async with Stack(replace(settings, kafka=None, database_url=None)) as stack:
        assert stack.process_names() == ["postgres", "kafka", "enterprise", "gateway"]
        before = running_stack(state_dir)
        for name in stack.process_names():
            stack.kill(name)
            await stack.wait_ready()
        after = running_stack(state_dir)
        assert before is not None
        assert after is not None
        for name, process in after.processes.items():
            assert process.restarts == 1
            assert process.port == before.processes[name].port
            assert process.pid != before.processes[name].pid
    assert running_stack(state_dir) is None


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_of_the_stack_and_nothing_else(
    state_dir: Path, programs: Programs, interrupt: signal.Signals
) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        ours = _identities(programs.start_stack(state_dir))
        assert len(ours) == 4
        programs.launched[0].send_signal(interrupt)
        assert programs.launched[0].wait(60) == 0
        assert not [name for name, identity in ours.items() if identity.is_alive()]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupt_in_the_middle_of_the_start_leaves_nothing(
    state_dir: Path, programs: Programs
) -> None:
    program = programs.launch(state_dir)
    assert wait_until(lambda: (state_dir / "run" / "postgres.json").exists(), 60)
    left = json.loads((state_dir / "run" / "postgres.json").read_text())
    program.terminate()
    assert program.wait(60) == 0
    assert not ProcessIdentity(**left).is_alive()
    assert not list((state_dir / "run").iterdir())


def test_what_a_killed_supervisor_left_is_cleared_by_the_next_start(
    state_dir: Path, programs: Programs
) -> None:
    left = _identities(programs.start_stack(state_dir))
    programs.launched[0].kill()
    programs.launched[0].wait()
    assert all(identity.is_alive() for identity in left.values())
    fresh = _identities(programs.start_stack(state_dir))
    assert not [name for name, identity in left.items() if identity.is_alive()]
    assert fresh.keys() == left.keys()


async def test_a_service_is_told_its_own_database_and_no_other(
    light_settings: StackSettings,
) -> None:
    async with Stack(light_settings) as stack, httpx.AsyncClient(trust_env=False) as client:
        enterprise = (await client.get(stack.url_of("enterprise"))).json()["settings"]
        gateway = (await client.get(stack.gateway_url)).json()["settings"]
    assert enterprise["TERRACE_DATABASE_URL"].endswith("/terrace_enterprise")
    assert enterprise["TERRACE_DATABASE_URL"] == stack.database_url("enterprise")
    assert enterprise["TERRACE_KAFKA"] == light_settings.kafka
    assert enterprise["TERRACE_BROKER_FORGETS"] == "false"
    assert "TERRACE_DATABASE_URL" not in gateway
    assert "TERRACE_KAFKA" not in gateway
    assert json.loads(gateway["TERRACE_UPSTREAMS"]) == {"enterprise": stack.url_of("enterprise")}


async def test_two_stacks_cannot_share_a_state_directory(light_settings: StackSettings) -> None:
    async with Stack(light_settings) as stack:
        with pytest.raises(AlreadyRunning, match="terrace down"):
            async with Stack(light_settings):
                pass
        assert running_stack(stack.state_dir) is not None
        await stack.wait_ready()


async def test_a_taken_port_is_named_with_the_way_out(light_settings: StackSettings) -> None:
    with socket.create_server((LOOPBACK, free_port())) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"Port {port} .* TERRACE_PORT_GATEWAY"):
            async with Stack(replace(light_settings, ports={"gateway": port})):
                pass


async def test_a_service_that_cannot_start_ends_the_stack_with_its_log(
    light_settings: StackSettings,
) -> None:
    broken = ServiceEntry("broken", has_database=False, app="tests.deploy.no_such_app:app")
    settings = replace(light_settings, services=(broken, *light_settings.services))
    with pytest.raises(NotReady, match=r"(?s)broken is not ready.*no_such_app"):
        async with Stack(settings):
            pass
    assert not list((settings.state_dir / "run").iterdir())
