"""Three banks that are not us: one on confluent-kafka, one on kafkajs, one that pulls over HTTP.

Each keeps per enterprise the version for ever, and the data as long as it may. What they end with
is compared in one form: `States`.
"""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import httpx

from deploy.local.child import Child
from deploy.local.sample.accounting import BankRecord
from deploy.local.stack import Stack
from tests.conftest import CACHE

States: TypeAlias = dict[tuple[str, str], tuple[int, dict[str, Any] | None]]
"""(bank, enterprise) to the version and the data; None when it may hold none any more."""

NEEDS_NODE = (
    "This test runs a bank on kafkajs and needs Node 18 or later with npm on the PATH."
    " Install Node, or deselect tests/flows/test_outside_banks.py."
)
_PROGRAM = Path(__file__).parent / "kafkajs_bank"
_PULL_AGAIN_S = 0.2


def states_of(records: Iterable[BankRecord]) -> States:
    """What the confluent bank holds, by the rules of the AsyncAPI page, from all it has seen."""
    found: States = {}
    for record in records:
        key = record.bank, record.key
        version, _ = found.get(key, (0, None))
        if record.value is None:
            found[key] = version, None
        elif record.value["version"] > version:
            found[key] = record.value["version"], _data(record.value)
    return found


def _data(value: Mapping[str, Any]) -> dict[str, Any] | None:
    return dict(value) if value["status"] == "eligible" else None


def install_kafkajs() -> Path:
    """The bank's program with its package, installed once by `npm ci` from the lock file."""
    npm, node = shutil.which("npm"), shutil.which("node")
    assert npm, NEEDS_NODE
    assert node, NEEDS_NODE
    place = CACHE / "kafkajs-bank"
    place.mkdir(parents=True, exist_ok=True)
    lock = (_PROGRAM / "package-lock.json").read_text()
    installed = place / "installed-lock.json"
    shutil.copy(_PROGRAM / "bank.mjs", place)
    if not installed.exists() or installed.read_text() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_PROGRAM / name, place)
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"npm ci failed:\n{done.stdout}{done.stderr}"
        installed.write_text(lock)
    return place


class KafkajsBank:
    """The bank on kafkajs as a process; every start has a group of its own and begins anew."""

    def __init__(self, stack: Stack, banks: Iterable[str]) -> None:
        self._bootstrap = stack.bootstrap
        self._banks = tuple(banks)
        self._file = stack.state_dir / "kafkajs-bank.json"
        self._child = Child("kafkajs-bank", stack.state_dir)

    def start(self) -> None:
        place, group = install_kafkajs(), f"kafkajs-{uuid4().hex[:8]}"
        self._file.unlink(missing_ok=True)
        command = ["node", "bank.mjs", self._bootstrap, group, str(self._file), *self._banks]
        self._child.launch(command, cwd=place)

    def stop(self) -> None:
        self._child.stop()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._child.kill()

    def states(self) -> States:
        """What it holds now. Fails with the end of its log when it has died."""
        assert self._child.is_running(), self._child.end_of_log()
        if not self._file.exists():
            return {}
        held = json.loads(self._file.read_text())
        return {
            (bank, uscc): (state["version"], state["data"])
            for bank, known in held.items()
            for uscc, state in known.items()
        }


@dataclass
class PullingBanks:
    """Banks whose networks do not reach Kafka: they ask again and again, whatever happens."""

    stack: Stack
    banks: tuple[str, ...]
    held: States = field(default_factory=dict)

    async def run(self) -> None:
        """Pull for every bank until cancelled; what cannot be had now is asked for again."""
        cursors: dict[str, str] = {}
        async with httpx.AsyncClient(base_url=self.stack.gateway_url, timeout=10) as client:
            while True:
                for bank in self.banks:
                    try:
                        await self._catch_up(client, bank, cursors)
                    except httpx.HTTPError:
                        continue
                await asyncio.sleep(_PULL_AGAIN_S)

    async def _catch_up(
        self, client: httpx.AsyncClient, bank: str, cursors: dict[str, str]
    ) -> None:
        token = self.stack.token("bank", org=bank, ttl_s=3600)
        more = True
        while more:
            query = {"limit": "20"} | ({"since": cursors[bank]} if bank in cursors else {})
            answer = await client.get(
                f"/v1/banks/{bank}/eligibilities",
                params=query,
                headers={"authorization": f"Bearer {token}"},
            )
            answer.raise_for_status()
            page = answer.json()
            for record in page["eligibilities"]:
                self._take(bank, record)
            cursors[bank], more = page["next"], page["more"]

    def _take(self, bank: str, record: dict[str, Any]) -> None:
        version, _ = self.held.get((bank, record["uscc"]), (0, None))
        if record["version"] > version:
            self.held[bank, record["uscc"]] = record["version"], _data(record)
        elif record["status"] == "deleted":
            self.held[bank, record["uscc"]] = version, None


async def read_daily_files(stack: Stack, banks: Iterable[str]) -> States:
    """What the files of this moment say."""
    found: States = {}
    async with httpx.AsyncClient(base_url=stack.gateway_url, timeout=30) as client:
        for bank in banks:
            token = stack.token("bank", org=bank)
            answer = await client.get(
                f"/v1/banks/{bank}/daily-file", headers={"authorization": f"Bearer {token}"}
            )
            answer.raise_for_status()
            for line in answer.content.splitlines():
                record = json.loads(line)
                found[bank, record["uscc"]] = record["version"], _data(record)
    return found
