"""Which addresses may be reached: public unicast ones, by `rules/addresses.yaml`. Pure."""

from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

import yaml

Address = IPv4Address | IPv6Address


class AddressRefused(OSError):
    """No connection of ours may go to this address."""


@dataclass(frozen=True)
class Refusals:
    """What is refused, and why."""

    ipv4: tuple[tuple[IPv4Network, str], ...]
    ipv6: tuple[tuple[IPv6Network, str], ...]
    ipv6_only: IPv6Network
    names: tuple[str, ...]


@cache
def refusals() -> Refusals:
    """The written rules."""
    path = Path(__file__).parent / "rules" / "addresses.yaml"
    written = yaml.safe_load(path.read_text("utf-8"))
    return Refusals(
        ipv4=tuple((IPv4Network(row["network"]), row["why"]) for row in written["ipv4"]),
        ipv6=tuple((IPv6Network(row["network"]), row["why"]) for row in written["ipv6"]),
        ipv6_only=IPv6Network(written["ipv6_only"]),
        names=tuple(written["names"]),
    )


def check_address(written: str, *, loopback_allowed: bool = False) -> None:
    """Raises AddressRefused unless the address is a public unicast one."""
    try:
        address = ip_address(written)
    except ValueError:
        raise AddressRefused(f"{written!r} is no address") from None
    if loopback_allowed and address in (
        ip_network("127.0.0.0/8") if address.version == 4 else ip_network("::1/128")
    ):
        return
    why = _why_refused(address)
    if why is not None:
        raise AddressRefused(f"{address} is refused: {why}")


def _why_refused(address: Address) -> str | None:
    rules = refusals()
    if isinstance(address, IPv4Address):
        return next((why for network, why in rules.ipv4 if address in network), None)
    if address.scope_id is not None:
        return "it names an interface"
    if address not in rules.ipv6_only:
        return "not global unicast (loopback, mapped, NAT64, local or reserved)"
    return next((why for network, why in rules.ipv6 if address in network), None)
