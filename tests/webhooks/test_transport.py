"""Requests over real sockets: where they go, what stops them, and what is kept of the answer."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from detection.webhooks import resolver, transport
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """For receiver.example, signed by itself, trusted by this test alone."""
    key, cert, both = (tmp_path / name for name in ("key.pem", "cert.pem", "both.pem"))
    names = ("-subj", "/CN=receiver.example", "-addext", "subjectAltName=DNS:receiver.example")
    options = ("-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", *names)
    command = ["openssl", "req", *options, "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(cert.read_text() + key.read_text())
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    return both


@pytest.fixture
def secure_receiver(certificate: Path, loopback: None) -> Iterator[Receiver]:
    with receiving(certificate) as running:
        yield running


def names_lead_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A name server with these answers, one per question; gives the list of the names that were asked for."""
    asked: list[str] = []

    def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    monkeypatch.setattr(resolver, "lookup", lookup)
    return asked


def post(url: str) -> transport.Answer:
    return transport.post(url, b'{"a":1}', {"X-Own": "yes"})


def test_it_works(receiver: Receiver) -> None:
    answer = post(receiver.url)
    assert (answer.fault, answer.status, answer.head) == ("", 200, "thank you")
    (request,) = receiver.requests
    assert (request.path, request.body, request.headers["x-own"]) == ("/hook?key=1", b'{"a":1}', "yes")
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_private_networks_are_closed_unless_opened(receiver: Receiver, settings: Settings) -> None:
    settings.DEEPFAKE_WEBHOOK_ALLOWED_NETWORKS = []
    assert post(receiver.url).fault == "refused_address"
    assert post(f"http://localhost:{receiver.port}/").fault == "refused_address"
    assert post(f"http://2130706433:{receiver.port}/").fault == "refused_address"  # 127.0.0.1 as one number
    assert receiver.requests == []


def test_a_public_name_with_a_private_address(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEEPFAKE_WEBHOOK_ALLOWED_NETWORKS = []
    names_lead_to(monkeypatch, ["127.0.0.1"], ["8.8.8.8", "::ffff:127.0.0.1"])
    assert post(f"http://innocent.example:{receiver.port}/").fault == "refused_address"
    assert post(f"http://innocent.example:{receiver.port}/").fault == "refused_address"
    assert receiver.requests == []


def test_rebinding_name_server_is_asked_once_and_its_first_answer_is_called(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First a public address for the check, then 127.0.0.1 for the connection: the second question is never put."""
    settings.DEEPFAKE_WEBHOOK_ALLOWED_NETWORKS = []
    asked = names_lead_to(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    called: list[tuple[str, int]] = []

    def no_network(address: tuple[str, int], timeout: float) -> socket.socket:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", no_network)
    assert post(f"http://rebinding.example:{receiver.port}/").fault == "connection"
    assert asked == ["rebinding.example"]
    assert called == [("8.8.8.8", receiver.port)]
    assert receiver.requests == []


def test_host_header_keeps_the_name(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    names_lead_to(monkeypatch, ["127.0.0.1"])
    assert post(f"http://receiver.example:{receiver.port}/").fault == ""
    assert receiver.requests[0].headers["host"] == f"receiver.example:{receiver.port}"


def test_next_address_where_the_first_refuses(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    names_lead_to(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    assert post(f"http://receiver.example:{receiver.port}/").status == 200


def test_tls_keeps_name_and_checks_it(secure_receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    names_lead_to(monkeypatch, ["127.0.0.1"])
    assert post(f"https://receiver.example:{secure_receiver.port}/").fault == ""
    assert secure_receiver.server_names == ["receiver.example"]
    assert post(f"https://other.example:{secure_receiver.port}/").fault == "tls"
    assert len(secure_receiver.requests) == 1


def test_tls_needs_a_trusted_certificate(secure_receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    names_lead_to(monkeypatch, ["127.0.0.1"])
    monkeypatch.delenv("SSL_CERT_FILE")
    assert post(f"https://receiver.example:{secure_receiver.port}/").fault == "tls"


@pytest.mark.parametrize(
    ("status", "fault"),
    [(204, ""), (301, "redirect"), (307, "redirect"), (400, "http_status"), (410, "gone"), (503, "http_status")],
)
def test_statuses(receiver: Receiver, status: int, fault: str) -> None:
    receiver.statuses, receiver.reply = [status], b""
    receiver.extra = {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"}
    answer = post(receiver.url)
    assert (answer.fault, answer.status) == (fault, status)
    assert len(receiver.requests) == 1  # redirects are not followed


def test_only_the_answers_beginning_is_kept(receiver: Receiver) -> None:
    receiver.reply = b"\x00\xff" + b"x" * 1_000_000
    answer = post(receiver.url)
    assert answer.head == "\ufffd\ufffd" + "x" * 1022


def test_time_limit_holds_against_a_drip(receiver: Receiver, settings: Settings) -> None:
    settings.DEEPFAKE_WEBHOOK_SECONDS = 1
    receiver.drip = threading.Event()
    answer = post(receiver.url)
    assert (answer.fault, answer.status) == ("timeout", None)


def test_silent_name_server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEEPFAKE_WEBHOOK_SECONDS = 1
    over = threading.Event()
    monkeypatch.setattr(resolver, "lookup", lambda host, port: [str(over.wait(20))])
    assert post("http://silent.example/").fault == "timeout"
    over.set()


def test_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(resolver, "lookup", lookup)
    assert post("http://nowhere.example/").fault == "dns"


def test_nobody_listens(loopback: None) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert post(f"http://127.0.0.1:{taken.getsockname()[1]}/").fault == "connection"


def test_answer_that_is_not_http(loopback: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example ESMTP\r\n\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        assert post(f"http://127.0.0.1:{server.getsockname()[1]}/").fault == "bad_answer"
        thread.join()


def test_duration_is_measured(receiver: Receiver) -> None:
    before = time.monotonic()
    answer = post(receiver.url)
    assert 0 <= answer.duration_ms <= 1000 * (time.monotonic() - before) + 1
