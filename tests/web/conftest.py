"""Fixtures: Ana with a browser, and her colleague Bruno."""

import pytest

from tests.peers import Office, Person
from tests.web.browser import Browser, signed_in


@pytest.fixture
async def ana(office: Office) -> Person:
    return await office.create_person("ana", display_name="Ana García")


@pytest.fixture
async def bruno(office: Office) -> Person:
    return await office.create_person("bruno", display_name="Bruno Díaz")


@pytest.fixture
async def browser(ana: Person) -> Browser:
    """Ana's browser, signed in."""
    return await signed_in(ana)


@pytest.fixture
def guest(office: Office) -> Browser:
    """A browser of nobody in particular."""
    return Browser(office)
