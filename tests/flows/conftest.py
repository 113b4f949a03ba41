"""The whole stack as a user starts it: every service its own process, real Kafka and PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from deploy.local.run import remove_state
from deploy.local.settings import SAMPLE_DOMAIN_START, StackSettings
from deploy.local.stack import Stack


@pytest.fixture(scope="session")
async def stack(session_dir: Path) -> AsyncIterator[Stack]:
    """The running stack, on free ports and its own state."""
    settings = StackSettings(state_dir=session_dir / "stack", domain_start=SAMPLE_DOMAIN_START)
    async with Stack(settings) as running:
        yield running
    remove_state(settings.state_dir)


@pytest.fixture(scope="session")
async def gateway(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway, as the platform's operator of Guangzhou."""
    token = stack.token("operator", authority="440100", ttl_s=3600)
    async with httpx.AsyncClient(
        base_url=stack.gateway_url, headers={"authorization": f"Bearer {token}"}, timeout=30
    ) as client:
        yield client
