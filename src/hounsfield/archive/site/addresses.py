"""What the host of a peer stands for: addresses, networks, and names looked up ahead of the calls."""

import functools
import ipaddress
import logging
import re
import socket
from collections.abc import Iterable

from hounsfield.index.site.records import Peer

log = logging.getLogger(__name__)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_BITS, _MAPPED_BITS = 128, 96  # RFC 4291 2.5.5.2
_HOST_NAME = re.compile(r"(?!-)[\w-]{1,63}(\.[\w-]{1,63})*\.?")
_NUMBERS = re.compile(r"[\d.]+|.*:.*")


@functools.lru_cache(maxsize=1024)
def address_of(text: str) -> Address:
    """An address as the system tells it, without zone and IPv4 as IPv4; raises ValueError."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@functools.lru_cache(maxsize=4096)
def _network(text: str) -> Network:
    network = ipaddress.ip_network(text, strict=False)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return ipaddress.ip_network((mapped, network.prefixlen - _MAPPED_BITS))


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether an address lies in one of some networks."""
    where = address_of(address)
    return any(where in _network(network) for network in networks)


def narrowness(host: str | None) -> int:
    """How closely a host says where somebody is: the more, the fewer addresses it stands for; 0 for anywhere."""
    if host is None:
        return 0
    if not is_numeric(host):
        return _BITS + 1
    network = _network(host)
    return 1 + _BITS - network.max_prefixlen + network.prefixlen


def is_network(host: str) -> bool:
    """Whether a host is a network of several addresses, which cannot be called."""
    try:
        return ipaddress.ip_network(host, strict=False).num_addresses > 1
    except ValueError:
        return False


def is_numeric(host: str) -> bool:
    """Whether a host is an address or network, and no name to be looked up."""
    try:
        ipaddress.ip_network(host, strict=False)
    except ValueError:
        return False
    return True


def is_host(host: str) -> bool:
    """Whether this can be the address, network or name of a host."""
    if is_numeric(host):
        return True
    # What has only digits and dots, or a colon, was meant as an address.
    return _HOST_NAME.fullmatch(host) is not None and _NUMBERS.fullmatch(host) is None


def networks_of(host: str) -> tuple[str, ...]:
    """Look a host up; empty where its name cannot be resolved. May take seconds."""
    if is_numeric(host):
        return (str(ipaddress.ip_network(host, strict=False)),)
    try:
        found = {str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        log.warning("The host %r of a peer cannot be resolved; it cannot call us", host)
        return ()
    return tuple(str(ipaddress.ip_network(address)) for address in sorted(found))


def can_be_called(peer: Peer) -> bool:
    """Whether a peer has an address and a port of its own."""
    return peer.host is not None and peer.port is not None and not is_network(peer.host)
