"""What a stack is started with, from the environment and the command line."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from deploy.local.domain_clock import SHANGHAI, clock_path
from deploy.local.key_ring import key_ring_path
from deploy.local.keys import AUDIENCE, ISSUER, jwks_path, secrets_key
from deploy.local.topology import GATEWAY, SERVICES, ServiceEntry

ROOT = Path(__file__).parents[2]
DEFAULT_GATEWAY_PORT = 8000
TALENT = "talent"
WEBHOOK = "webhook"
# The sample region lives on this day; a stack begun with the sample takes it as domain time.
SAMPLE_DOMAIN_START = datetime(2022, 9, 30, 9, tzinfo=SHANGHAI)
SAMPLE_DOMAIN_END = datetime(2023, 6, 30, tzinfo=SHANGHAI)


@dataclass(frozen=True)
class StackSettings:
    """One stack. A port that is not named, or 0, is any free one."""

    state_dir: Path
    cache_dir: Path = ROOT / ".terrace" / "cache"
    services: tuple[ServiceEntry, ...] = SERVICES
    ports: Mapping[str, int] = field(default_factory=dict)
    kafka: str | None = None
    database_url: str | None = None
    domain_start: datetime | None = None
    migrate: bool = True

    def environment_of(
        self,
        entry: ServiceEntry,
        *,
        database_url: str | None,
        bootstrap: str,
        broker_forgets: bool,
        upstreams: Mapping[str, str],
    ) -> dict[str, str]:
        """The settings one service reads (shared/settings.py)."""
        state_dir = self.state_dir.resolve()
        settings = {
            "TERRACE_ENVIRONMENT": "local",
            "TERRACE_ISSUER": ISSUER,
            "TERRACE_AUDIENCE": AUDIENCE,
            "TERRACE_JWKS": str(jwks_path(state_dir)),
            "TERRACE_CLOCK_FILE": str(clock_path(state_dir)),
        }
        if database_url:
            settings["TERRACE_DATABASE_URL"] = database_url
        if entry.on_bus:
            settings["TERRACE_KAFKA"] = bootstrap
            settings["TERRACE_BROKER_FORGETS"] = str(broker_forgets).lower()
        if entry.name == TALENT:
            settings["TERRACE_TALENT_KEY_RING"] = str(key_ring_path(state_dir))
        if entry.name == WEBHOOK:
            settings["TERRACE_SECRETS_KEY"] = secrets_key(state_dir)
        if entry.name == GATEWAY:
            settings["TERRACE_UPSTREAMS"] = json.dumps(dict(upstreams))
        return settings


def default_state_dir() -> Path:
    """TERRACE_STATE_DIR, or `.terrace` beside the code."""
    return Path(os.environ.get("TERRACE_STATE_DIR") or ROOT / ".terrace")


def from_environment(
    state_dir: Path, *, gateway_port: int = 0, domain_start: datetime | None = None
) -> StackSettings:
    """Settings from TERRACE_PORT_<NAME>, TERRACE_KAFKA and TERRACE_DATABASE_URL.

    The gateway listens on the given port unless the environment names another.
    """
    names = ("postgres", "kafka", *(entry.name for entry in SERVICES))
    ports = {GATEWAY: gateway_port}
    for name in names:
        if port := os.environ.get(f"TERRACE_PORT_{name.upper()}"):
            ports[name] = _port(name, port)
    return StackSettings(
        state_dir=state_dir,
        ports=ports,
        kafka=os.environ.get("TERRACE_KAFKA") or None,
        database_url=os.environ.get("TERRACE_DATABASE_URL") or None,
        domain_start=domain_start,
    )


def _port(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ValueError(f"TERRACE_PORT_{name.upper()}={text!r} is no port; give 0 to 65535.")
    return int(text)
