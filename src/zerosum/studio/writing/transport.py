"""One JSON request to an endpoint: retried with patience, bounded in time and size, cancelled.

Proxies and `.netrc` of the environment are not used: a proxy would go round the check of addresses.
"""

import asyncio
import json
import random
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

from zerosum.errors import MissingExtraError
from zerosum.studio.writing.addresses import CheckedAddress, resolve
from zerosum.studio.writing.endpoint import Endpoint
from zerosum.studio.writing.errors import AddressError, EndpointError, WritingCancelledError
from zerosum.studio.writing.refusals import refusal_of

if TYPE_CHECKING:
    import httpx

_TRIED_AGAIN = {408, 425, 429, 500, 502, 503, 504, 529}
_REDIRECTS = 3
_MOST_BYTES = 8 * 2**20
_SHOWN = 300
_CONNECT_SECONDS = 10.0
_TICK = 0.05
"""Seconds after which a cancel is noticed."""


T = TypeVar("T")


class Clock(Protocol):
    """Time, as far as retries need it; tests bring their own."""

    def now(self) -> datetime:
        """The time in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True)
class PreparedRequest:
    """A request, byte for byte as it is sent, without the key.

    Attributes:
        url: where it goes.
        body: JSON in UTF-8.
        with_key: whether a bearer token goes along in the `Authorization` header.
    """

    url: str
    body: bytes
    with_key: bool

    def json(self) -> dict[str, Any]:
        """The body, with pictures as they are."""
        return json.loads(self.body)

    def in_words(self) -> str:
        """The request for people: the key is hidden, pictures are named by their size."""
        shown = json.dumps(_shortened(self.json()), ensure_ascii=False, indent=2)
        key = "Authorization: Bearer (hidden)\n" if self.with_key else ""
        return f"POST {self.url}\nContent-Type: application/json\n{key}\n{shown}"


async def post(
    request: PreparedRequest,
    endpoint: Endpoint,
    *,
    clock: Clock,
    jitter: Callable[[], float] = random.random,
) -> dict[str, Any]:
    """Send a request until it is answered, and return the answer.

    Too many requests, errors of the server, broken connections, timeouts and answers that are not
    JSON are tried again, as `endpoint.patience` says; a wait that the server asks for is kept.

    Raises:
        AddressError: the address may not be called, or its certificate is of another server.
        EndpointError: the request was refused, or no attempt was answered.
        MissingExtraError: httpx is not installed.
    """
    patience, failure = endpoint.patience, None
    for attempt in range(1, patience.attempts + 1):
        try:
            return await _attempt(request, endpoint, clock)
        except EndpointError as error:
            failure = error
        again = failure.status is None or failure.status in _TRIED_AGAIN or failure.status == 200
        if failure.refusal is not None or not again:
            raise failure
        if attempt == patience.attempts:
            break
        wait = patience.wait(attempt, jitter=jitter())
        if failure.retry_after is not None:
            if failure.retry_after > patience.longest_wait:
                raise EndpointError(
                    f"{failure} It asks to wait {failure.retry_after:.0f} seconds, and "
                    f"{patience.longest_wait:.0f} are allowed. Try later.",
                    status=failure.status, retry_after=failure.retry_after,
                )  # fmt: skip
            wait = max(wait, failure.retry_after)
        await clock.sleep(wait)
    assert failure is not None
    raise EndpointError(
        f"{failure} Given up after {patience.attempts} attempt{'s' * (patience.attempts > 1)}.",
        status=failure.status, retry_after=failure.retry_after,
    )  # fmt: skip


def run_cancellable(work: Callable[[], Awaitable[T]], cancel: threading.Event | None = None) -> T:
    """The result of asynchronous `work`, in a thread of its own: its caller may have a loop.

    Args:
        work: what is awaited.
        cancel: when it is set, `work` is cancelled at once, wherever it is.

    Raises:
        WritingCancelledError: `cancel` was set.
    """
    gone = threading.Event()

    async def watched() -> T:
        task = asyncio.ensure_future(work())
        while not task.done():
            if gone.is_set() or (cancel is not None and cancel.is_set()):
                task.cancel()
            await asyncio.wait({task}, timeout=_TICK)
        if task.cancelled():
            raise WritingCancelledError("writing was cancelled.")
        return task.result()

    with ThreadPoolExecutor(1, thread_name_prefix="zerosum-writing") as pool:
        future = pool.submit(lambda: asyncio.run(watched()))
        try:
            return future.result()
        finally:
            gone.set()  # after an interrupt of the one who waits


async def _attempt(request: PreparedRequest, endpoint: Endpoint, clock: Clock) -> dict[str, Any]:
    httpx = _httpx()
    secret, seconds = endpoint.secret(), endpoint.patience.seconds
    where = urlsplit(request.url).netloc
    try:
        async with asyncio.timeout(seconds):
            status, headers, body = await _exchange(httpx, request, endpoint, secret)
    except TimeoutError:
        raise EndpointError(f"{where} took longer than {seconds:g} seconds.") from None
    except httpx.TimeoutException:
        raise EndpointError(f"{where} did not answer in time.") from None
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        if "certificate verify failed" in reason:
            raise AddressError(
                f"{where} cannot prove to be that server: {reason}. For an authority of your own, "
                "set SSL_CERT_FILE to its certificate."
            ) from None
        raise EndpointError(f"{where} cannot be reached, or broke off: {reason}.") from None
    text = body.decode("utf-8", errors="replace")
    if secret:
        text = text.replace(secret, "(key)")
    if status >= 400:
        said = _message_of(text)
        raise EndpointError(
            f"{where} answered {status}: {said}{_advice(status, endpoint)}", status=status,
            retry_after=_seconds(headers.get("retry-after"), clock),
            refusal=refusal_of(status, text, request.body),
        )  # fmt: skip
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise EndpointError(
            f"{where} answered with something that is not a JSON object: {_cut(text)}. Is the "
            "base_url right?",
            status=200,
        )
    return answer


async def _exchange(
    httpx: Any, request: PreparedRequest, endpoint: Endpoint, secret: str | None
) -> tuple[int, "httpx.Headers", bytes]:
    """Status, headers and body of one exchange; redirects are followed on the same host alone."""
    seconds, url = endpoint.patience.seconds, request.url
    timeout = httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds))
    secure = request.url.startswith("https:")
    trust = httpx.create_ssl_context() if secure else False
    async with httpx.AsyncClient(timeout=timeout, verify=trust, trust_env=False) as client:
        for _ in range(_REDIRECTS + 1):
            address = await asyncio.get_running_loop().run_in_executor(
                None, lambda url=url: resolve(url, allow_private=endpoint.allow_private)
            )
            status, headers, body = await _sent(httpx, client, address, request.body, secret)
            if not 300 <= status < 400:
                return status, headers, body
            url = _same_host(url, headers.get("location"), status)
    raise EndpointError(f"{urlsplit(request.url).netloc} redirects in a circle.", status=310)


async def _sent(
    httpx: Any,
    client: "httpx.AsyncClient",
    address: CheckedAddress,
    body: bytes,
    secret: str | None,
) -> tuple[int, "httpx.Headers", bytes]:
    """One exchange with the first of the checked addresses that lets itself be connected to."""
    headers = {
        "Host": address.host_header, "Content-Type": "application/json",
        "Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "zerosum",
    }  # fmt: skip
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    named = {"sni_hostname": address.host} if address.scheme == "https" else {}
    *others, last = address.connect_urls
    for url in (*others, last):
        try:
            async with client.stream(
                "POST", url, content=body, headers=headers, extensions=named
            ) as response:
                return response.status_code, response.headers, await _bounded(response)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            if url == last:
                raise
    raise AssertionError("an address has at least one number")


async def _bounded(response: "httpx.Response") -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise EndpointError(
                f"an answer is larger than {_MOST_BYTES >> 20} MiB. Is the base_url right?",
                status=413,
            )
    return bytes(body)


def _same_host(url: str, location: str | None, status: int) -> str:
    """Where a redirect leads, if that is the same server.

    Raises:
        EndpointError: it leads elsewhere, or would change the request.
    """
    there = urljoin(url, location or "")
    here, other = urlsplit(url), urlsplit(there)
    same = (here.scheme, here.netloc) == (other.scheme, other.netloc)
    if status in (307, 308) and location and same:
        return there
    raise EndpointError(
        f"{here.netloc} redirects to {(other.netloc or there)[:_SHOWN]} ({status}), which is not "
        "followed: key and picture are for one server alone. Give the address it leads to as "
        "base_url, if you trust it.",
        status=status,
    )


def _seconds(value: str | None, clock: Clock) -> float | None:
    """Seconds of a `Retry-After` header: a number, or a date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    if value.strip().replace(".", "", 1).isdecimal():
        return min(float(value), 1e9)
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(0.0, (then - clock.now()).total_seconds())


def _message_of(text: str) -> str:
    """What a server says of an error, where its JSON has the usual form; else its text, cut."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return _cut(text)
    error = answer.get("error", answer) if isinstance(answer, dict) else answer
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error
    return _cut(error if isinstance(error, str) else json.dumps(error))


def _advice(status: int, endpoint: Endpoint) -> str:
    if status in (401, 403):
        given = "the key" if endpoint.key is not None else f"${endpoint.key_variable}"
        return f" Check {given}."
    if status == 404:
        return f" Check the base_url, and whether it has the model {endpoint.model!r}."
    return ""


def _cut(text: str) -> str:
    text = " ".join(text[: 4 * _SHOWN].split())
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return text if text.endswith((".", "!", "?", "…")) or not text else f"{text}."


def _shortened(value: Any) -> Any:
    """JSON in which the bytes of `data:` URLs are replaced by their number."""
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_shortened(one) for one in value]
    if isinstance(value, str) and value.startswith("data:"):
        head, _, body = value.partition(",")
        return f"{head},… ({len(body) * 3 // 4:,} bytes)"
    return value


def _httpx() -> Any:
    try:
        import httpx
    except ImportError:
        raise MissingExtraError(
            "writing by an LLM needs httpx, which is not installed. "
            "Run: pip install 'zerosum[studio]'."
        ) from None
    return httpx
