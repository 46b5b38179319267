"""URL rules: one spelling for each thing, and nothing that two readers could take for different things."""

import pytest

from federation.client import AddressRefused, check_url, host_of, origin_of
from federation.client.url_rules import redirect_target

REFUSED = [
    "",
    "https://",
    "https:///path",
    "//good.test/",
    "good.test",
    "file:///etc/passwd",
    "gopher://good.test/",
    "data:application/json,{}",
    "javascript:alert(1)",
    "ftp://good.test/",
    "http://good.test/",
    "https:good.test",
    "https://good.test@evil.test/",
    "https://user:secret@good.test/",
    "https://@good.test/",
    "https://good.test\\@evil.test/",
    "https://good.test\t/",
    "https://good.test/a\nb",
    "https://good.test/a b",
    " https://good.test/",
    "https://good.test/\x00",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.1/",
    "https://127.0.1/",
    "https://1.2.3.4.5/",
    "https://256.0.0.1/",
    "https://127.0.0.01/",
    "https://good.test.1/",
    "https://good.0x1/",
    "https://127。0。0。1/",
    "https://１２７.0.0.1/",
    "https://①②⑦.0.0.1/",
    "https://[::1%25eth0]/",
    "https://[::1%eth0]/",
    "https://[::1/",
    "https://::1/",
    "https://[127.0.0.1]/",
    "https://[:::]/",
    "https://%31%32%37.0.0.1/",
    "https://good%2etest/",
    "https://good..test/",
    "https://.good.test/",
    "https://good.test../",
    "https://-good.test/",
    "https://good_.-x/",
    "https://xn--a.test/",
    "https://xn--.test/",
    f"https://{'a' * 64}.test/",
    f"https://{'a.' * 130}test/",
    "https://secret.onion/",
    "https://secret.onion./",
    "https://SECRET.ONION/",
    "https://peer.i2p/",
    "https://onion/",
    "https://good.test:0/",
    "https://good.test:65536/",
    "https://good.test:123456/",
    "https://good.test:-1/",
    "https://good.test:4a/",
    "https://good.test:443:443/",
    "https://good.test/\ud800",
    "https://good.test/" + "a" * 2000,
]


@pytest.mark.parametrize("url", REFUSED)
def test_url_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as refusal:
        check_url(url)
    assert refusal.value.is_permanent


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://good.test", "https://good.test/"),
        ("HTTPS://Good.TEST/Path?Q=1#fragment", "https://good.test/Path?Q=1"),
        ("https://good.test.:443/", "https://good.test/"),
        ("https://good.test:8443/x", "https://good.test:8443/x"),
        ("https://good.test:/x", None),
        ("https://good.test?q=1", "https://good.test/?q=1"),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
        ("https://MÜNCHEN。example/", "https://xn--mnchen-3ya.example/"),
        ("https://xn--mnchen-3ya.example/", "https://xn--mnchen-3ya.example/"),
        ("https://faß.example/", "https://xn--fa-hia.example/"),
        ("https://good.test/tags/innovación", "https://good.test/tags/innovaci%C3%B3n"),
        ("https://good.test/%7Euser/%2f?a=%20", "https://good.test/%7Euser/%2f?a=%20"),
        ("https://good.test/a/../b/./c//d", "https://good.test/a/../b/./c//d"),
        ("https://192.0.2.1/", "https://192.0.2.1/"),
        ("https://[2A00:0:0::1]:8443/", "https://[2a00::1]:8443/"),
        ("https://office_1.example/", "https://office_1.example/"),
        ("https://madrid.localhost:8001/", "https://madrid.localhost:8001/"),
        ("https://3com.example/", "https://3com.example/"),
    ],
)
def test_url_has_one_normal_form(url: str, normal: str | None) -> None:
    if normal is None:
        with pytest.raises(AddressRefused):
            check_url(url)
        return
    assert check_url(url).url == normal
    assert check_url(normal).url == normal


def test_http_passes_only_when_asked_for() -> None:
    assert check_url("http://127.0.0.1:8080/x", allow_http=True).url == "http://127.0.0.1:8080/x"
    with pytest.raises(AddressRefused):
        check_url("http://127.0.0.1:8080/x")


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://GOOD.test./users/1", "good.test"),
        ("https://good.test:443/", "good.test"),
        ("http://good.test:80/", "good.test"),
        ("https://good.test:80/", "good.test:80"),
        ("http://127.0.0.1:8080/inbox", "127.0.0.1:8080"),
        ("http://[::1]:8080/", "[::1]:8080"),
        ("http://[::1]/", "[::1]"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
    ],
)
def test_domain_of_a_url(url: str, domain: str) -> None:
    assert host_of(url) == domain


def test_origins_differ_by_scheme_host_and_port() -> None:
    assert origin_of("https://good.test/a") == origin_of("https://GOOD.test:443/b") == ("https", "good.test", 443)
    spellings = ("https://good.test/", "http://good.test/", "https://good.test:8443/", "https://a.good.test/")
    assert len({origin_of(url) for url in spellings}) == 4


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/users/2", "https://good.test/users/2"),
        ("2", "https://good.test/users/2"),
        ("//other.test/x", "https://other.test/x"),
        ("https://other.test:8443/x", "https://other.test:8443/x"),
        ("?page=2", "https://good.test/users/1?page=2"),
    ],
)
def test_redirect_is_resolved_against_the_current_url(location: str, target: str) -> None:
    assert redirect_target(check_url("https://good.test/users/1"), location).url == target


@pytest.mark.parametrize(
    "location",
    ["http://good.test/", "file:///etc/passwd", "data:,x", "https://u@x.test/", "https://127.1/", "/a b", "https://[/"],
)
def test_redirect_to_something_refused_is_refused(location: str) -> None:
    with pytest.raises(AddressRefused):
        redirect_target(check_url("https://good.test/users/1"), location)
