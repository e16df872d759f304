"""Addresses that may be called: public ones, and private ones only where the owner allows them.

A name is resolved once, every address is checked, and that very address is connected to, so that a
name cannot be public when it is checked and private when it is used.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from zerosum.studio.writing.errors import AddressError

_PORTS = {"http": 80, "https": 443}
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses inside IPv6 (RFC 6052)."""


@dataclass(frozen=True)
class CheckedAddress:
    """Where a URL leads.

    Attributes:
        scheme: `http` or `https`.
        host: the name, which certificates are checked against.
        port: of the server.
        ips: the addresses to connect to, the best first.
        path: with the query, beginning with `/`.
    """

    scheme: str
    host: str
    port: int
    ips: tuple[str, ...]
    path: str

    @property
    def connect_urls(self) -> list[str]:
        """The same place by its numbers: a name may have one that nobody listens at."""
        hosts = [f"[{ip}]" if ":" in ip else ip for ip in self.ips]
        return [f"{self.scheme}://{host}:{self.port}{self.path}" for host in hosts]

    @property
    def host_header(self) -> str:
        """The value of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def check_url(url: str) -> None:
    """Refuse what is no plain HTTP address, without resolving its name.

    Raises:
        AddressError: another scheme, no host, or a user name, a password or a fragment in it.

    >>> check_url("https://example.org/v1")
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressError(f"{_shown(url)} is no address: {error}.") from None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise AddressError(
            f"{_shown(url)} is no address to call. Write it as https://HOST/v1, or http:// for a "
            "server of your own."
        )
    if parts.username is not None or parts.password is not None:
        raise AddressError("the address holds a user name or a password. Give the key apart.")
    if parts.fragment or any(c.isspace() or ord(c) < 32 for c in url):
        raise AddressError(f"{_shown(url)} holds a fragment or a blank. Remove it.")


def resolve(url: str, *, allow_private: bool = False) -> CheckedAddress:
    """Where a URL leads, if it may be called.

    Args:
        url: `http://` or `https://`.
        allow_private: whether addresses of this machine and of private networks may be called, and
            `http://` may be used with them.

    Raises:
        AddressError: it is no plain HTTP address, its name is unknown, any of its addresses is
            private and that is not allowed, or it is public and without encryption.
    """
    check_url(url)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AddressError(f"{host!r} has no address: {reason}. Check its spelling.") from None
    ips = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    private = [ip for ip in ips if not is_public(ip)]
    if private and not allow_private:
        raise AddressError(
            f"{host!r} leads to {private[0]}, which is this machine or a private network. An owner "
            "must allow private addresses first (allow_private, --allow-private)."
        )
    if parts.scheme == "http" and len(private) < len(ips):
        raise AddressError(f"{host!r} is public: what is sent must be encrypted. Use https://.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return CheckedAddress(parts.scheme, host, port, tuple(ips), path)


def is_public(ip: str) -> bool:
    """Whether an address is one of the public internet.

    >>> [is_public(ip) for ip in ("8.8.8.8", "127.0.0.1", "10.0.0.1", "169.254.169.254", "::1")]
    [True, False, False, False, False]
    """
    address = ipaddress.ip_address(ip.split("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address.teredo is not None:
            return False
        if address in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast


def _shown(url: str) -> str:
    """A URL in a message, without what stands before `@`."""
    return repr(url.rpartition("@")[2][:200])
