"""Whether an IP address lies on the open internet. Under the door out, which asks it; it must not look up a name."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_TRANSLATED = IPv6Network("64:ff9b::/96")
_HANDED_OUT = IPv6Network("2000::/3")
_RESERVED = (IPv4Network("192.0.0.0/24"), IPv6Network("3fff::/20"))
"""What the library of some Python versions takes for the open internet, and is not."""


def is_public(address: str) -> bool:
    """Whether an IP address lies on the open internet; one that wraps another is judged by what it wraps.

    Of IPv6 only the part that is handed out: whatever lies outside it may be a way into this or another network.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        translated = IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _TRANSLATED else None
        ip = ip.ipv4_mapped or ip.sixtofour or translated or ip
        if isinstance(ip, IPv6Address) and ip not in _HANDED_OUT:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in reserved for reserved in _RESERVED)
