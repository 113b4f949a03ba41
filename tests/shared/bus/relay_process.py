"""A relay in a process of its own, for tests that kill it.

python -m tests.shared.bus.relay_process DATABASE_URL KAFKA OWN_TOPICS
"""

import asyncio
import sys

from tests.shared.bus.support import Place, use_own_topics


async def main(url: str, bootstrap: str, own: str) -> None:
    use_own_topics(own)
    async with Place(url, bootstrap).running():
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
