"""One POST to a checked address: no redirects, no proxies, limits on time and size. Never raises for the receiver's
faults: what happened is the answer."""

import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Timer
from types import TracebackType

from django.conf import settings

from detection.webhooks.errors import WebhookError
from detection.webhooks.resolver import addresses_of
from detection.webhooks.targets import Target, parse

HEAD_BYTES = 1024  # how much of the answer's body is kept
REDIRECTS = range(300, 400)
SUCCESS = range(200, 300)
GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `fault` is empty for a 2xx status, else a key of `errors.FAULTS`."""

    fault: str
    status: int | None = None
    head: str = ""
    duration_ms: int = 0


class Deadline:
    """Ends the exchange when its time is up, however slowly the receiver drips: a socket's own timeout starts anew
    with each byte."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._end = time.monotonic() + seconds
        self._socket: socket.socket | None = None
        self._timer = Timer(seconds, self._hang_up)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._timer.cancel()

    def left(self) -> float:
        """Seconds until the end; TimeoutError once there are none."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def watch(self, connection: socket.socket) -> None:
        """From now on, this is what is hung up."""
        self._socket = connection
        if self.passed:
            raise TimeoutError

    def _hang_up(self) -> None:
        self.passed = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class PinnedConnection(HTTPConnection):
    """Speaks to the addresses that were checked; the name stays in `Host`, in SNI and in the certificate's check."""

    def __init__(self, target: Target, addresses: list[str], deadline: Deadline) -> None:
        super().__init__(target.host, target.port)
        self._target, self._addresses, self._deadline = target, addresses, deadline

    def connect(self) -> None:
        plain = self._first_that_answers()
        self.sock = plain
        self._deadline.watch(plain)
        if self._target.scheme == "https":
            context = ssl.create_default_context()
            secure = context.wrap_socket(plain, server_hostname=self._target.host, do_handshake_on_connect=False)
            self.sock = secure
            self._deadline.watch(secure)
            secure.do_handshake()

    def _first_that_answers(self) -> socket.socket:
        failure: OSError = OSError("no address")
        for address in self._addresses:
            try:
                return socket.create_connection((address, self._target.port), timeout=self._deadline.left())
            except OSError as error:
                failure = error
        raise failure


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Send it, and say what happened and how long it took."""
    started = time.monotonic()
    fault, status, head = _attempt(url, body, headers)
    return Answer(fault, status, head, round(1000 * (time.monotonic() - started)))


def _attempt(url: str, body: bytes, headers: dict[str, str]) -> tuple[str, int | None, str]:
    with Deadline(settings.DEEPFAKE_WEBHOOK_SECONDS) as deadline:
        try:
            target = parse(url)
            status, head = _exchange(target, addresses_of(target, deadline.left()), deadline, body, headers)
        except WebhookError as error:
            return error.code, None, ""
        except (OSError, HTTPException) as error:
            return "timeout" if deadline.passed else _fault(error), None, ""
    if deadline.passed:  # hung up in the middle of the headers, which then look like a whole answer
        return "timeout", None, ""
    return _judge(status), status, head


def _exchange(
    target: Target, addresses: list[str], deadline: Deadline, body: bytes, headers: dict[str, str]
) -> tuple[int, str]:
    connection = PinnedConnection(target, addresses, deadline)
    try:
        whole = {"Host": target.host_header, "Accept-Encoding": "identity", "Connection": "close", **headers}
        connection.request("POST", target.path, body, whole)
        with connection.getresponse() as response:
            return response.status, _text(response.read(HEAD_BYTES))
    finally:
        connection.close()


def _text(head: bytes) -> str:
    """As text that every database takes: PostgreSQL refuses NUL."""
    return head.decode("utf-8", "replace").replace("\x00", "\ufffd")


def _judge(status: int) -> str:
    if status in SUCCESS:
        return ""
    if status == GONE:
        return "gone"
    return "redirect" if status in REDIRECTS else "http_status"


def _fault(error: Exception) -> str:
    match error:
        case socket.gaierror():
            return "dns"
        case TimeoutError():
            return "timeout"
        case ssl.SSLError():
            return "tls"
        case OSError():
            return "connection"
        case _:
            return "bad_answer"
