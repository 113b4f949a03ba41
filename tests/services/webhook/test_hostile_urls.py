"""URLs that must not become endpoints, and addresses that are refused where they are connected."""

import socket
from collections.abc import AsyncIterator, Mapping, Sequence

import aiohttp
import httpx
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from services.webhook.addresses import AddressRefused, check_address
from services.webhook.composition import create_webhook
from services.webhook.connect import Guard
from services.webhook.deliveries.send import Sender
from services.webhook.urls import UrlPolicy, UrlRefused, check_url
from tests.services.webhook.support import Webhooks

STRICT = UrlPolicy((443, 8443), local_receivers=False)
PUBLIC = "93.184.216.34"
NAMES: Mapping[str, Sequence[str]] = {
    "hooks.provider.cn": [PUBLIC],
    "six.provider.cn": ["2606:2800:220:1:248:1893:25c8:1946"],
    "inside.attacker.cn": ["10.0.0.5"],
    "loop.attacker.cn": ["127.0.0.1"],
    "meta.attacker.cn": ["169.254.169.254"],
    "mixed.attacker.cn": [PUBLIC, "192.168.1.1"],
    "mapped.attacker.cn": ["::ffff:10.0.0.5"],
    "nat64.attacker.cn": ["64:ff9b::a00:5"],
    "six-to-four.attacker.cn": ["2002:a00:5::1"],
    "unique-local.attacker.cn": ["fd00::1"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
}

HOSTILE = [
    # another scheme, or none
    "http://hooks.provider.cn/",
    "ftp://hooks.provider.cn/",
    "file:///etc/passwd",
    "gopher://hooks.provider.cn/",
    "HTTPS://hooks.provider.cn/",
    "//hooks.provider.cn/",
    "hooks.provider.cn/",
    "https:/hooks.provider.cn/",
    "https:hooks.provider.cn",
    "javascript:alert(1)",
    "https://",
    "https:///path",
    # names and passwords, fragments
    "https://user:secret@hooks.provider.cn/",
    "https://user@hooks.provider.cn/",
    "https://@hooks.provider.cn/",
    "https://hooks.provider.cn@127.0.0.1/",
    "https://hooks.provider.cn/#@127.0.0.1/",
    # another port
    "https://hooks.provider.cn:22/",
    "https://hooks.provider.cn:80/",
    "https://hooks.provider.cn:5432/",
    "https://hooks.provider.cn:9092/",
    "https://hooks.provider.cn:0/",
    "https://hooks.provider.cn:99999/",
    "https://hooks.provider.cn:-443/",
    "https://hooks.provider.cn:/",
    # loopback and its spellings
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1.:443/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.000.000.001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://localhost/",
    "https://localhost./",
    "https://app.localhost/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::]/",
    # private and shared space
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://100.64.0.1/",
    "https://198.18.0.1/",
    "https://[fc00::1]/",
    "https://[fd12:3456:789a::1]/",
    # link-local and cloud metadata
    "https://169.254.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.100.100.200/latest/meta-data/",
    "https://168.63.129.16/",
    "https://192.0.0.192/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    "https://metadata/",
    "https://metadata.google.internal/",
    # addresses in addresses
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::a00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a9fe:a9fe::1]/",
    "https://[2001:0:7f00:1::1]/",
    # multicast, broadcast, reserved, documentation
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://240.0.0.1/",
    "https://192.0.2.1/",
    "https://203.0.113.7/",
    "https://192.88.99.1/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[5f00::1]/",
    # names that are not on the public internet
    "https://postgres/",
    "https://kafka.default.svc/",
    "https://terrace.default.svc.cluster.local/",
    "https://printer.lan/",
    "https://1.0.0.127.in-addr.arpa/",
    "https://hidden.onion/",
    # what parsers read differently
    "https://hooks.provider.cn\\@127.0.0.1/",
    "https:\\\\127.0.0.1\\",
    "https://127.0.0.1\t.provider.cn/",
    "https://hooks.provider.cn\r\nHost: 127.0.0.1/",
    "https://hooks.provider.cn/\u0000",
    "https://127。0。0。1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://hooks。provider。cn/",
    "https://%31%32%37.0.0.1/",
    "https://hooks.provider.cn%00.attacker.cn/",
    "https://hooks_.provider.cn:443:22/",
    "https://[::1/",
    "https://hooks..provider.cn/",
    "https://-hooks.provider.cn/",
    "https://hooks.provider.cn ",
    " https://hooks.provider.cn/",
    "https://" + "a" * 64 + ".cn/",
    "https://hooks.provider.cn/" + "a" * 2_000,
    # what names answer
    "https://inside.attacker.cn/",
    "https://loop.attacker.cn/",
    "https://meta.attacker.cn/",
    "https://mixed.attacker.cn/",
    "https://mapped.attacker.cn/",
    "https://nat64.attacker.cn/",
    "https://six-to-four.attacker.cn/",
    "https://unique-local.attacker.cn/",
    "https://127.0.0.1.nip.io/",
    "https://nowhere.attacker.cn/",
]


def entry(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )


class Names(AbstractResolver):
    """A name server of our own."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = NAMES.get(host, [host] if ":" in host or host == PUBLIC else [])
        if not addresses:
            raise OSError(f"{host} does not exist")
        return [entry(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Holds nothing."""


class Rebinding(Names):
    """Answers with a public address first, and with the inside ever after."""

    def __init__(self, public_times: int) -> None:
        self.asked = 0
        self._public_times = public_times

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        address = PUBLIC if self.asked <= self._public_times else "127.0.0.1"
        return [entry(host, address, port)]


@pytest.fixture(scope="module")
async def strict(webhooks: Webhooks) -> AsyncIterator[httpx.AsyncClient]:
    """The service as in production: https and public addresses only."""
    settings = webhooks.app.state.webhook.settings.model_copy(
        update={"webhook_local_receivers": False}
    )
    app = create_webhook(settings, resolver=Names())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    await app.state.database.close()


def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60


@pytest.mark.parametrize("url", HOSTILE)
async def test_hostile_url_is_refused(
    strict: httpx.AsyncClient, webhooks: Webhooks, url: str
) -> None:
    answer = await strict.post(
        "/v1/webhook-endpoints", json={"url": url}, headers=webhooks.provider
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"].rpartition(":")[2] in {
        "webhook-url-not-allowed",
        "invalid-input",
        "unusable-text",
    }


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.provider.cn/terrace?token=1",
        "https://hooks.provider.cn:8443/",
        "https://six.provider.cn",
        f"https://{PUBLIC}/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/hook",
    ],
)
async def test_public_url_is_taken(strict: httpx.AsyncClient, webhooks: Webhooks, url: str) -> None:
    owner = webhooks.bearer("provider", org="public-urls")
    answer = await strict.post("/v1/webhook-endpoints", json={"url": url}, headers=owner)
    assert answer.status_code == 201, answer.text
    path = f"/v1/webhook-endpoints/{answer.json()['endpoint_id']}"
    assert (await strict.delete(path, headers=owner)).status_code == 204


@pytest.mark.parametrize("public_times", [1, 2])
async def test_rebinding_name_reaches_nothing_inside(webhooks: Webhooks, public_times: int) -> None:
    """The name is public when the endpoint is made, and is the inside when it is connected to."""
    resolver = Rebinding(public_times)
    port = webhooks.receiver.port
    guard = Guard(UrlPolicy((port,), local_receivers=False), resolver)
    url = f"https://rebind.attacker.cn:{port}/rebound"
    for _ in range(public_times):
        await guard.check(url)
    sender = Sender(guard, timeout_s=5)
    answer = await sender.post(url, {}, b"{}")
    await sender.close()
    assert resolver.asked == public_times + 1
    assert answer.error is not None
    assert "127.0.0.1 is refused" in answer.error
    assert webhooks.receiver.received("/rebound") == []


async def test_address_is_checked_where_the_socket_is_made(webhooks: Webhooks) -> None:
    """Even past every earlier check: aiohttp asks no resolver for an address in the URL."""
    guard = Guard(STRICT)
    async with guard.session() as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await session.post(URL(f"{webhooks.receiver.url}/literal"))
    assert "127.0.0.1 is refused" in str(refused.value.os_error)
    assert webhooks.receiver.received("/literal") == []


async def test_name_that_is_inside_is_refused_before_a_socket_is_made() -> None:
    guard = Guard(STRICT, Rebinding(0))
    async with guard.session() as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await session.post("https://rebind.attacker.cn/")
    assert "127.0.0.1 is refused" in str(refused.value.os_error)


def test_local_receivers_open_loopback_and_nothing_else() -> None:
    local = UrlPolicy((443,), local_receivers=True)
    assert check_url("http://127.0.0.1:9000/x", local).port == 9000
    assert check_url("http://localhost:9000/x", local).host == "localhost"
    for url in ("http://10.0.0.1/", "http://0.0.0.0/", "http://169.254.169.254/", "http://[::]/"):
        with pytest.raises(UrlRefused):
            check_url(url, local)


@given(st.ip_addresses())
def test_an_address_is_refused_whatever_holds_it_unless_python_calls_it_global(
    address: object,
) -> None:
    """Ours is never laxer than the standard library's table."""
    if not address.is_global or address.is_multicast:  # type: ignore[attr-defined]
        with pytest.raises(AddressRefused):
            check_address(str(address))


@given(st.ip_addresses(v=4))
def test_ipv6_that_holds_an_ipv4_address_is_refused(address: object) -> None:
    number = int(address)  # type: ignore[call-overload]
    high, low = number >> 16, number & 0xFFFF
    for written in (
        f"::ffff:{address}",
        f"::{address}",
        f"64:ff9b::{address}",
        f"64:ff9b:1::{address}",
        f"2002:{high:x}:{low:x}::1",
        f"2001:0:{high:x}:{low:x}::1",
    ):
        with pytest.raises(AddressRefused):
            check_address(written)


@given(st.text(max_size=80))
def test_no_text_breaks_the_check(written: str) -> None:
    for candidate in (written, f"https://{written}", f"https://{written}.cn/{written}"):
        try:
            url = check_url(candidate, STRICT)
        except UrlRefused:
            continue
        assert url.scheme == "https"
        assert url.port in STRICT.ports
        assert url.raw_user is None
