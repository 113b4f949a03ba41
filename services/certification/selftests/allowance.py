"""How much one caller may ask of the open self-test: a bucket of tokens per caller, in memory.

The table is bounded; who asked longest ago is forgotten first. Each process has its own. The
time is the machine's.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from services.certification.errors import TooManyRequests

CALLERS_MAX = 10_000
IPV6_NETWORK_BITS = 64


@dataclass(frozen=True)
class Rate:
    """At most `burst` at once, `per_s` each second in the long run."""

    burst: int
    per_s: float


OPEN = Rate(burst=1_000, per_s=5)
"""Without a token, per client address."""
KNOWN = Rate(burst=20_000, per_s=200)
"""With a token, per subject."""


class Allowance:
    """The buckets of every caller."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, rate: Rate, amount: int = 1) -> None:
        """Take from the caller's bucket. Raises TooManyRequests with the seconds to wait."""
        now = self._now()
        left, at = self._buckets.pop(caller, (float(rate.burst), now))
        left = min(rate.burst, left + (now - at) * rate.per_s)
        enough = left >= amount
        self._buckets[caller] = (left - amount if enough else left, now)
        while len(self._buckets) > CALLERS_MAX:
            self._buckets.popitem(last=False)
        if not enough:
            raise _refused(math.ceil((amount - left) / rate.per_s))

    def forget(self) -> None:
        """Every bucket is full again."""
        self._buckets.clear()

    def __len__(self) -> int:
        return len(self._buckets)


def network_of(host: str | None) -> str:
    """What counts as one caller: an address, or the network that one IPv6 customer has."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{int(address) >> (128 - IPV6_NETWORK_BITS):x}/{IPV6_NETWORK_BITS}"
    return str(address)


def _refused(wait_s: int) -> TooManyRequests:
    return TooManyRequests(
        f"The self-test was asked too often from here. Wait {wait_s} s, or send a token: it has a"
        " larger allowance.",
        f"自评请求过于频繁,请在 {wait_s} 秒后再试;携带访问令牌可获得更高额度。",
        headers={"Retry-After": str(wait_s)},
    )
