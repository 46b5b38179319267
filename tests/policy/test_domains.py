"""Every spelling of a domain is one domain; nothing that isn't one passes for one."""

import pytest

from policy.domains import covering, normalise_domain


@pytest.mark.parametrize(
    ("spelling", "domain"),
    [
        ("evil.test", "evil.test"),
        ("EVIL.Test", "evil.test"),
        ("evil.test.", "evil.test"),
        ("evil.test:443", "evil.test"),
        ("evil.test:80", "evil.test"),
        ("evil.test:8443", "evil.test:8443"),
        ("größe.test", "xn--gre-6ka8i.test"),
        ("xn--gre-6ka8i.test", "xn--gre-6ka8i.test"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("127.9.0.3:9000", "127.9.0.3:9000"),
        ("madrid.localhost:8001", "madrid.localhost:8001"),
        ("[::1]:8080", "[::1]:8080"),
    ],
)
def test_spellings_of_one_domain_are_the_same(spelling: str, domain: str) -> None:
    assert normalise_domain(spelling) == domain
    assert normalise_domain(domain) == domain


@pytest.mark.parametrize(
    "text",
    ["", " ", "good.test@evil.test", "evil.test/x", "https://evil.test", "a..b", "evil.test:", "evil.test:99999",
     "evil test", "evil.test?x", "evil.test#x", "%65vil.test", "\\evil.test", "." * 3],
)  # fmt: skip
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        normalise_domain(text)


def test_a_block_covers_subdomains_and_every_port_but_no_neighbour() -> None:
    assert set(covering("a.b.evil.test:8443")) >= {"evil.test", "b.evil.test", "a.b.evil.test", "a.b.evil.test:8443"}
    assert "test" not in covering("evil.test")
    assert covering("notevil.test") == ["notevil.test"]
    assert covering("10.0.0.1:80") == ["10.0.0.1:80", "10.0.0.1"]
