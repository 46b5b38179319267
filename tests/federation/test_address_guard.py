"""The address tables: what IANA set aside is refused in every form it can be written in, the rest is not."""

from ipaddress import ip_address, ip_network

import pytest

from federation.client.address_guard import AddressGuard, ForbiddenAddress, embedded_v4, is_public

FORBIDDEN = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
    "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1",
    "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.175.48.1", "198.18.0.1", "198.19.255.255",
    "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1",
    "::7f00:1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0.0.0.0", "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "100:0:0:1::1", "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2001:1ff::1",
    "2002:7f00:1::", "2002:a00:1::", "2002:c0a8:101::1", "2620:4f:8000::1", "3fff::1", "3fff:fff::1", "5f00::1",
    "4000::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
    "2606:4700::1111%eth0",
]  # fmt: skip

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2001:200::1",
    "2001:4860:4860::8888", "2002:808:808::1", "2606:4700::1111", "2a00::1", "3ffe::1",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_special_purpose_address_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(ForbiddenAddress):
        AddressGuard().check(address, 443, scheme="https")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_passes(address: str) -> None:
    assert is_public(ip_address(address))
    AddressGuard().check(address, 443, scheme="https")


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"])
def test_allowed_network_exempts_each_spelling_of_its_addresses(address: str) -> None:
    guard = AddressGuard([ip_network("127.0.0.0/8")])
    guard.check(address, 22, scheme="http")
    with pytest.raises(ForbiddenAddress):
        guard.check("10.0.0.1", 443, scheme="https")


def test_allowed_v6_network_does_not_exempt_v4() -> None:
    guard = AddressGuard([ip_network("::/0")])
    guard.check("::1", 443, scheme="https")
    with pytest.raises(ForbiddenAddress):
        guard.check("127.0.0.1", 443, scheme="https")


@pytest.mark.parametrize("port", [0, 22, 25, 80, 110, 442, 444, 465, 1023])
def test_service_ports_of_public_addresses_are_refused(port: int) -> None:
    with pytest.raises(ForbiddenAddress):
        AddressGuard().check("1.1.1.1", port, scheme="https")


@pytest.mark.parametrize("port", [443, 1024, 8443, 65535])
def test_web_ports_of_public_addresses_pass(port: int) -> None:
    AddressGuard().check("1.1.1.1", port, scheme="https")


def test_plain_http_reaches_allowed_networks_only() -> None:
    guard = AddressGuard([ip_network("127.0.0.0/8")])
    guard.check("127.0.0.1", 8001, scheme="http")
    with pytest.raises(ForbiddenAddress):
        guard.check("1.1.1.1", 8001, scheme="http")


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "2130706433", "0x7f000001", "127.0.0.1 "])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ForbiddenAddress):
        AddressGuard([ip_network("127.0.0.0/8")]).check(text, 443, scheme="https")


@pytest.mark.parametrize(
    ("address", "inner"),
    [("::ffff:1.2.3.4", "1.2.3.4"), ("64:ff9b::102:304", "1.2.3.4"), ("2002:102:304::5", "1.2.3.4"), ("2a00::1", None)],
)
def test_embedded_v4_is_found(address: str, inner: str | None) -> None:
    assert embedded_v4(ip_address(address)) == (None if inner is None else ip_address(inner))
