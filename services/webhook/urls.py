"""Which URLs an endpoint may have. Pure: what the name resolves to is asked in `connect.py`.

A URL is taken only as it is written: whatever another parser might read differently (backslashes,
control characters, numbers for addresses, a dot at the end) is refused, not repaired.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from yarl import URL

from services.webhook.addresses import AddressRefused, check_address, refusals

URL_LENGTH_MAX = 2_000
_PLAIN = re.compile(r"^[\x21-\x7e]+$")
_LABEL = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(?<!-)$")
_NUMBER = re.compile(r"^([0-9]+|0x[0-9a-f]*)$")


class UrlRefused(ValueError):
    """An endpoint may not have this URL; the text says why."""


@dataclass(frozen=True)
class UrlPolicy:
    """What the deployment allows."""

    ports: tuple[int, ...]
    local_receivers: bool


@lru_cache(maxsize=4_096)
def check_url(written: str, policy: UrlPolicy) -> URL:
    """The URL to connect to. Raises UrlRefused."""
    if len(written) > URL_LENGTH_MAX or not _PLAIN.match(written) or "\\" in written:
        raise UrlRefused(
            f"Write the URL in printable ASCII without spaces or backslashes, at most"
            f" {URL_LENGTH_MAX} characters (a Chinese domain in its xn-- form)."
        )
    try:
        url = URL(written, encoded=True)
        host, port = url.raw_host or "", url.port
    except ValueError:
        raise UrlRefused("This is no URL. Write https://host/path.") from None
    scheme, _, rest = written.partition("://")
    schemes = ("https", "http") if policy.local_receivers else ("https",)
    if scheme not in schemes or not rest:
        raise UrlRefused("The URL must begin with https://, in lower case.")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority or url.raw_user is not None or url.raw_password is not None:
        raise UrlRefused("Remove the name and password; messages are signed instead.")
    if "#" in written:
        raise UrlRefused("Remove the fragment (#…); it is never sent.")
    _check_host(authority, host, policy)
    if not policy.local_receivers and port not in policy.ports:
        allowed = ", ".join(map(str, policy.ports))
        raise UrlRefused(f"Port {port} is not allowed; use one of {allowed}.")
    return url


def _check_host(authority: str, host: str, policy: UrlPolicy) -> None:
    bare = authority.rpartition(":")[0] if re.search(r":[0-9]+$", authority) else authority
    if bare not in (host, f"[{host}]") or "%" in bare or not bare:
        raise UrlRefused("Write the host plainly: a lower-case name, and a port only if needed.")
    if ":" in host or _is_number(host.rpartition(".")[2]):
        try:
            check_address(host, loopback_allowed=policy.local_receivers)
        except AddressRefused as error:
            raise UrlRefused(f"This address cannot be an endpoint: {error}.") from None
        return
    labels = host.split(".")
    if policy.local_receivers and host == "localhost":
        return
    if len(host) > 253 or len(labels) < 2 or not all(map(_LABEL.match, labels)):
        raise UrlRefused("Write the full name of a public host, such as hooks.provider.cn.")
    refused = next((n for n in refusals().names if host == n or host.endswith(f".{n}")), None)
    if refused is not None:
        raise UrlRefused(f"Hosts under .{refused} are not on the public internet.")


def _is_number(label: str) -> bool:
    return bool(_NUMBER.match(label))
