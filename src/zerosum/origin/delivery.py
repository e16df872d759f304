"""Bundles sent to a web address: signed, repeated until they arrive, and counted once.

Headers are those of Standard Webhooks (standardwebhooks.com): `webhook-id`, `webhook-timestamp`
and `webhook-signature`, an HMAC-SHA256 of the id, the time and the body, joined by dots.
"""

import base64
import hmac
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zerosum.errors import OriginError
from zerosum.origin.extra import require
from zerosum.origin.sidecars import digest_of

WAITS = (1.0, 5.0, 25.0, 125.0)
"""Seconds before each further attempt."""

_LONGEST_WAIT = 300.0
_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_BLOCK = 2**20
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Delivery:
    """A bundle that arrived.

    Attributes:
        id: the same for each attempt of the same bundle, so that receivers can count it once.
        status: of the answer, 200 to 299.
        attempts: how many there were.
    """

    id: str
    status: int
    attempts: int


def deliver(
    url: str,
    bundle: Path | str,
    secret: str,
    *,
    allow_private: bool = False,
    tls: ssl.SSLContext | None = None,
    timeout: float = 30.0,
    waits: Sequence[float] = WAITS,
    wait: Callable[[float], object] = time.sleep,
) -> Delivery:
    """POST a bundle to a web address.

    The name is looked up once for each attempt, and the connection goes to the address that was
    checked. Redirects are not followed, and proxies of the environment are not used.

    Args:
        url: where to; `https`, and `http` for private addresses.
        bundle: a file.
        secret: shared with the receiver; one that begins with `whsec_` is base64 after that.
        allow_private: send to addresses of this machine and of private networks too.
        tls: decides which certificates of servers are taken, as for an authority of one's own; if
            not given, those that browsers take.
        timeout: seconds without an answer, or without progress, after which an attempt ends.
        waits: seconds before each further attempt; a receiver's `Retry-After` may lengthen them.
        wait: waits for so many seconds.

    Raises:
        OriginError: the address is not allowed, the receiver refuses the bundle, or all attempts
            failed.
        MissingExtraError: the extra `origin` is not installed.
    """
    httpx = require("httpx")
    bundle, key = Path(bundle), _key(secret)
    host = _host(url)
    try:
        with bundle.open("rb") as handle:
            name, size = digest_of(handle)
    except OSError as error:
        raise OriginError(f"cannot read {bundle}: {error.strerror or error}.") from error
    said = ""
    with httpx.Client(
        follow_redirects=False, trust_env=False, timeout=timeout, verify=tls or True
    ) as client:
        for attempt in range(len(waits) + 1):
            pause = waits[attempt] if attempt < len(waits) else 0.0
            try:
                addresses = _allowed(url, host, allow_private=allow_private)
                address = addresses[attempt % len(addresses)]
                answer = _post(client, url, host, address, bundle, f"bundle_{name}", size, key)
            except (httpx.TransportError, socket.gaierror) as error:
                said = f"no answer ({error})"
            else:
                if answer.is_success:
                    return Delivery(f"bundle_{name}", answer.status_code, attempt + 1)
                said = f"status {answer.status_code}"
                if answer.status_code not in _AGAIN:
                    raise OriginError(_refused(url, answer))
                pause = max(pause, _retry_after(answer.headers.get("retry-after", "")))
            if attempt < len(waits):
                wait(min(pause, _LONGEST_WAIT))
    raise OriginError(
        f"{url} did not take {bundle.name}: {said} at the last of {len(waits) + 1} attempts. Send "
        "it again later; a receiver that has it already knows it by its id."
    )


def sign_delivery(id: str, timestamp: int, body: Iterator[bytes], secret: str) -> str:
    """The `webhook-signature` of a body.

    >>> sign_delivery("a", 1, iter([b"body"]), "secret")
    'v1,u5+fKpcpMwsmzfIxtOWrQWA7kAo/mChPdsiEohWxoIc='
    """
    return _signature(id, timestamp, body, _key(secret))


def verify_delivery(
    headers: Mapping[str, str], body: bytes, secret: str, *, now: float, tolerance: float = 300.0
) -> bool:
    """Whether a body came from who knows the secret, and not long ago; for receivers.

    Args:
        headers: of the request, with names in small letters.
        body: of the request.
        secret: as for `deliver`.
        now: seconds since 1970.
        tolerance: seconds that the time of the request may be off.
    """
    stamp = headers.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 15):
        return False
    if abs(now - int(stamp)) > tolerance:
        return False
    right = sign_delivery(headers.get("webhook-id", ""), int(stamp), iter([body]), secret)
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(one.encode(), right.encode()) for one in given)


def _post(
    client: Any, url: str, host: str, address: str, bundle: Path, id: str, size: int, key: bytes
) -> Any:
    httpx, stamp = require("httpx"), int(time.time())
    target = httpx.URL(url).copy_with(host=address)
    headers = {
        "host": httpx.URL(url).netloc.decode(),
        "content-type": "application/zip",
        "content-length": str(size),
        "idempotency-key": id,
        "webhook-id": id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": _signature(id, stamp, _blocks(bundle), key),
    }
    sent = client.build_request(
        "POST", target, content=_blocks(bundle), headers=headers,
        extensions={"sni_hostname": host},
    )  # fmt: skip
    answer = client.send(sent, stream=True)  # what it says is not read: it may be without end
    answer.close()
    return answer


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            yield block


def _signature(id: str, timestamp: int, body: Iterator[bytes], key: bytes) -> str:
    mac = hmac.new(key, f"{id}.{timestamp}.".encode(), sha256)
    for block in body:
        mac.update(block)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def _key(secret: str) -> bytes:
    if not secret:
        raise OriginError("the secret is empty. Give the one that the receiver knows.")
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError as error:
        raise OriginError(
            "what follows whsec_ in the secret is not base64. Copy it whole."
        ) from error


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise OriginError(f"{url!r} is no web address: {error}.") from error
    if parts.scheme not in ("https", "http") or not host or parts.username or parts.password:
        raise OriginError(
            f"{url!r} is no address to deliver to. Give https://HOST/PATH, without a name or "
            "password in it."
        )
    return host


def _allowed(url: str, host: str, *, allow_private: bool) -> list[str]:
    """The addresses to connect to.

    Raises:
        OriginError: it may not be connected to.
        socket.gaierror: the name is not known.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(one[4][0]) for one in found]
    private = [address for address in addresses if not _is_public(address)]
    if private and not allow_private:
        raise OriginError(
            f"{url} leads to {private[0]}, which is this machine or a private network. Deliver to "
            "a public address, or allow private ones (allow_private=True)."
        )
    if parts.scheme == "http" and not private:
        raise OriginError(f"{url} would send the bundle unencrypted. Use https.")
    return list(dict.fromkeys(map(str, addresses)))


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
    return address.is_global and not address.is_multicast


def _refused(url: str, answer: Any) -> str:
    if answer.is_redirect:
        return (
            f"{url} answers with a redirect to {answer.headers.get('location', '?')!r}, which is "
            "not followed. Deliver to the final address."
        )
    return (
        f"{url} refuses the bundle: status {answer.status_code}. Look whether the address and the "
        "secret are right."
    )


def _retry_after(text: str) -> float:
    """Seconds that a receiver asks to wait, as a number or a date; 0 where it does not."""
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
