"""From a host name to the addresses that will be called: asked once, checked, and handed on as numbers.

Asking again when connecting would let a name server answer with a public address first and with 127.0.0.1 next.
"""

import socket
from queue import Empty, SimpleQueue
from threading import Thread

from detection.webhooks.addresses import is_allowed
from detection.webhooks.errors import WebhookError
from detection.webhooks.targets import Target

MAX_ADDRESSES = 4


def lookup(host: str, port: int) -> list[str]:
    """What the system's resolver says, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def addresses_of(target: Target, seconds: float) -> list[str]:
    """Every address of the target, if all may be called. One that may not condemns the name: it is no accident.

    TimeoutError where the name server is silent: `getaddrinfo` knows no time limit of its own, so that it runs in a
    thread that is left behind.
    """
    answers: SimpleQueue[list[str] | OSError] = SimpleQueue()
    Thread(target=_ask, args=(target, answers), name="webhook-resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty as error:
        raise TimeoutError("the name server does not answer") from error
    if isinstance(answer, OSError):
        raise answer
    if not all(is_allowed(address) for address in answer):
        raise WebhookError("refused_address")
    return answer[:MAX_ADDRESSES]


def _ask(target: Target, answers: "SimpleQueue[list[str] | OSError]") -> None:
    try:
        answers.put(lookup(target.host, target.port))
    except OSError as error:
        answers.put(error)
    except UnicodeError:  # a label that is too long for DNS
        answers.put(socket.gaierror(socket.EAI_NONAME, "no such host"))
