"""Chaos: one kill per so many changes, each among changes, the next when all is ready again."""

import asyncio

from deploy.local.sample.chaos import Chaos

NAMES = ["postgres", "kafka", "gateway"]


class Recorder:
    """What a stack would have to do, written down. `ready` is what it waits for."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.ready = asyncio.Event()

    def kill(self, name: str) -> None:
        self.happened.append(f"kill {name}")

    async def wait_ready(self) -> None:
        await self.ready.wait()
        self.happened.append("ready")


def _ignore(_line: str) -> None:
    return None


async def test_every_process_is_killed_in_turn_once_per_so_many_changes() -> None:
    stack = Recorder()
    stack.ready.set()
    chaos = Chaos(stack, _ignore)
    async with chaos.round(10, NAMES):
        for _ in range(9):
            await chaos.pass_one()
        assert stack.happened == []
        for _ in range(21):
            await chaos.pass_one()
    assert chaos.killed == NAMES
    assert stack.happened == [
        "kill postgres",
        "ready",
        "kill kafka",
        "ready",
        "kill gateway",
        "ready",
    ]


async def test_changes_go_on_after_a_kill_and_the_next_kill_waits_until_all_is_ready() -> None:
    stack = Recorder()
    chaos = Chaos(stack, _ignore)
    async with chaos.round(2, NAMES):
        for _ in range(3):
            await chaos.pass_one()
        assert stack.happened == ["kill postgres"]
        held = asyncio.create_task(chaos.pass_one())
        done, _ = await asyncio.wait({held}, timeout=0.05)
        assert not done
        stack.ready.set()
        await held
        assert stack.happened[:3] == ["kill postgres", "ready", "kill kafka"]


async def test_a_run_with_few_changes_still_kills_everything() -> None:
    stack = Recorder()
    stack.ready.set()
    chaos = Chaos(stack, _ignore)
    async with chaos.round(1_000, NAMES):
        await chaos.pass_one()
    assert chaos.killed == NAMES
    assert stack.happened[-1] == "ready"


async def test_outside_a_round_nobody_is_held() -> None:
    chaos = Chaos(Recorder(), _ignore)
    for _ in range(5):
        await chaos.pass_one()
    assert chaos.killed == []
