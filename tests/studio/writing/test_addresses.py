"""Which addresses may be called. Only addresses in numbers are used: no name is looked up."""

import pytest

from zerosum.errors import ConfigError
from zerosum.studio.writing.addresses import check_url, is_public, resolve
from zerosum.studio.writing.endpoint import Endpoint
from zerosum.studio.writing.errors import AddressError

PRIVATE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]  # fmt: skip


@pytest.mark.parametrize("ip", PRIVATE)
def test_private_addresses_are_seen(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_seen(ip: str) -> None:
    assert is_public(ip)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "127.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_no_spelling_of_this_machine_gets_through(host: str) -> None:
    with pytest.raises(AddressError, match="An owner must allow"):
        resolve(f"https://{host}/v1")
    assert not any(map(is_public, resolve(f"http://{host}/v1", allow_private=True).ips))


def test_what_is_public_must_be_encrypted() -> None:
    for allowed in (True, False):
        with pytest.raises(AddressError, match=r"Use https://\."):
            resolve("http://8.8.8.8/v1", allow_private=allowed)
    found = resolve("https://8.8.8.8:8443/v1/x?y=1")
    assert (found.ips, found.port, found.path) == (("8.8.8.8",), 8443, "/v1/x?y=1")
    assert found.connect_urls == ["https://8.8.8.8:8443/v1/x?y=1"]
    assert found.host_header == "8.8.8.8:8443"
    assert resolve("https://[2606:4700::1111]/").host_header == "[2606:4700::1111]"


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org/v1", "ftp://example.org", "file:///etc/passwd", "https://", "https:///v1",
        "https://example.org:99999/", "https://example.org:0/", "https://example.org/a b",
        "https://example.org/#x", "https://[::1/", "https://example.org/\n",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(AddressError):
        check_url(url)


def test_a_password_in_an_address_is_not_repeated() -> None:
    for url in ("https://me:hunter2@example.org/v1", "ftp://me:hunter2@example.org"):
        with pytest.raises(AddressError) as raised:
            check_url(url)
        assert "hunter2" not in str(raised.value)


def test_endpoints_refuse_them_when_they_are_made() -> None:
    with pytest.raises(AddressError, match="no address to call"):
        Endpoint(base_url="example.org", model="m")
    with pytest.raises(ConfigError, match="holds a query"):
        Endpoint(base_url="https://example.org/v1?a=b", model="m")
    assert Endpoint(base_url="https://example.org/v1/", model="m").base_url.endswith("/v1")
