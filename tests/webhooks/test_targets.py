"""Which addresses may be called: the matrix of what a hostile user would try."""

import pytest
from pytest_django import Settings

from detection.webhooks import addresses, targets
from detection.webhooks.errors import ERRORS, FAULTS, WebhookError

PUBLIC = ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "193.99.144.80")
PRIVATE = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104  # as text, nothing is bound
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",  # where clouds keep credentials
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.5",
    "192.88.99.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::1",
    "2001:0:7f00:1::1",
    "2001:db8::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert addresses.is_allowed(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_others_are_refused(address: str) -> None:
    assert not addresses.is_allowed(address)


def test_settings_open_exactly_what_they_name(settings: Settings) -> None:
    settings.DEEPFAKE_WEBHOOK_ALLOWED_NETWORKS = ["10.1.0.0/16", "fd00::/8"]
    assert addresses.is_allowed("10.1.2.3")
    assert addresses.is_allowed("fd12::1")
    assert not addresses.is_allowed("10.2.0.1")
    assert not addresses.is_allowed("::ffff:10.1.2.3")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "bad_scheme"),
        ("example.org/hook", "bad_scheme"),
        ("ftp://example.org/", "bad_scheme"),
        ("file:///etc/passwd", "bad_scheme"),
        ("gopher://example.org/", "bad_scheme"),
        ("javascript:alert(1)", "bad_scheme"),
        ("http://", "bad_url"),
        ("http:///path", "bad_url"),
        ("http://exa mple.org/", "bad_url"),
        ("http://example.org/\r\nX-Injected: 1", "bad_url"),
        ("http://example.org\\@127.0.0.1/", "bad_url"),
        ("http://exa\x00mple.org/", "bad_url"),
        ("http://[::1/", "bad_url"),
        ("http://[fe80::1%25eth0]/", "bad_url"),
        ("http://example.org:99999/", "bad_url"),
        ("http://example.org:port/", "bad_url"),
        (f"http://{'a' * 64}.org/", "bad_url"),
        ("http://example.org/" + "a" * 500, "bad_url"),
        ("http://user@example.org/", "credentials_in_url"),
        ("http://user:word@example.org/", "credentials_in_url"),
        ("http://example.org:25/", "refused_port"),
        ("http://example.org:0/", "refused_port"),
        ("https://example.org:22/", "refused_port"),
        ("http://127.0.0.1/", "refused_address"),
        ("http://[::1]:8000/", "refused_address"),
        ("http://169.254.169.254/latest/meta-data/", "refused_address"),
        ("http://[::ffff:7f00:1]/", "refused_address"),
    ],
)
def test_addresses_that_are_refused_when_they_are_written_down(url: str, code: str) -> None:
    with pytest.raises(WebhookError) as caught:
        targets.parse(url)
    assert caught.value.code == code


def test_https_only(settings: Settings) -> None:
    settings.DEEPFAKE_WEBHOOK_HTTPS_ONLY = True
    assert targets.parse("https://example.org/").port == 443
    with pytest.raises(WebhookError, match="https_only"):
        targets.parse("http://example.org/")


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "header"),
    [
        ("https://Example.org", "example.org", 443, "/", "example.org"),
        ("http://example.org:8080/a/b?c=d#e", "example.org", 8080, "/a/b?c=d", "example.org:8080"),
        ("https://bücher.example/ä?ö", "xn--bcher-kva.example", 443, "/%C3%A4?%C3%B6", "xn--bcher-kva.example"),
        ("http://[2606:4700:4700::1111]/", "2606:4700:4700::1111", 80, "/", "[2606:4700:4700::1111]"),
    ],
)
def test_taken_apart(url: str, host: str, port: int, path: str, header: str) -> None:
    target = targets.parse(url)
    assert (target.host, target.port, target.path, target.host_header) == (host, port, path, header)


def test_every_refusal_has_words_in_the_log_too() -> None:
    of_addresses = {"bad_url", "bad_scheme", "https_only", "credentials_in_url", "refused_port", "refused_address"}
    assert of_addresses <= FAULTS.keys() & ERRORS.keys()
