"""docs/api.md lists the endpoints that there are: each with who may call it and with which scope, and no others."""

import re
from pathlib import Path

import pytest

from api.endpoints import Access, Endpoint
from api.routes import endpoints

PAGE = (Path(__file__).parent.parent.parent / "docs" / "api.md").read_text("utf-8")
ROW = re.compile(r"^\| `([A-Z]+ /[^`]*)` \| (\w+) \| (.*?) \| (.*?) ?\|$", re.MULTILINE)


def row(endpoint: Endpoint) -> tuple[str, str, str]:
    """An endpoint as the page has to show it: address, who, scopes."""
    path = re.sub(r"{(\w+):[^{}]*(?:{[^{}]*}[^{}]*)*}", r"{\1}", endpoint.path)
    scopes = " or ".join(f"`{scope}`" for scope in endpoint.scope.split()) or "-"
    return f"{endpoint.method} {path}", endpoint.access.value, scopes


def test_the_page_has_a_row_for_every_endpoint_and_no_other() -> None:
    documented = {(address, who, scopes) for address, who, scopes, _ in ROW.findall(PAGE)}
    served = {row(endpoint) for endpoint in endpoints()}
    missing = "\n".join(f"| `{address}` | {who} | {scopes} | |" for address, who, scopes in sorted(served - documented))
    assert not missing, f"add to docs/api.md:\n{missing}"
    stale = "\n".join(address for address, *_ in sorted(documented - served))
    assert not stale, f"take out of docs/api.md, or correct:\n{stale}"


def test_the_page_lists_nothing_twice() -> None:
    addresses = [address for address, *_ in ROW.findall(PAGE)]
    assert len(addresses) == len(set(addresses))


@pytest.mark.parametrize("access", list(Access))
def test_the_page_says_who_is_meant(access: Access) -> None:
    assert re.search(rf"^\| \*\*{access.value}\*\* \| .+ \|$", PAGE, re.MULTILINE)
