"""Which network addresses a webhook may be sent to: the ones that are public, and what the settings add.

A webhook makes this server send requests to wherever a user says. Without this check it would reach what only the
server can reach: its own ports, its neighbours, the cloud's metadata service.
"""

import ipaddress
from functools import lru_cache

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Beside what `ipaddress` knows: addresses that carry another one inside, and leftovers that routers still honour.
REFUSED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers
        "192.0.0.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "240.0.0.0/4",
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",  # Teredo, ORCHID and other protocol assignments
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",  # site-local
    )
)


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


def allowed_networks() -> tuple[Network, ...]:
    """What the settings open; ValueError where one of them is no network."""
    return _networks(tuple(settings.DEEPFAKE_WEBHOOK_ALLOWED_NETWORKS))


def is_allowed(text: str) -> bool:
    """May a request be sent to this numeric address?"""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:  # a zone (fe80::1%eth0) is local by definition
        return False
    return _within(address, allowed_networks()) or _is_public(address)


def _is_public(address: Address) -> bool:
    special = address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local
    return address.is_global and not special and not address.is_unspecified and not _within(address, REFUSED)


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks if network.version == address.version)
