"""WebFinger to the letter of RFC 7033, host-meta, NodeInfo: open in a closed network too."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from federation.serving.wellknown import APPLICATION_REL, AVATAR, PROFILE_PAGE, SERVICE_REL
from models import Database
from models.accounts import Account, User
from tests.federation.office import ADDRESSES, ALICE_ID, NOW
from tests.federation.served_office import ServedOffice, served

ALICE_URI = ADDRESSES.actor(ALICE_ID)
PROFILE = "https://office.test/@alice"


@pytest.fixture
async def office(database: Database) -> AsyncIterator[ServedOffice]:
    async with served(database) as office:
        yield office


async def finger(office: ServedOffice, resource: str, *rels: str) -> dict[str, Any]:
    query = "".join(f"&rel={quote(rel, safe='')}" for rel in rels)
    return await office.document(f"/.well-known/webfinger?resource={quote(resource, safe='')}{query}")


@pytest.mark.parametrize(
    "resource",
    [
        "acct:alice@office.test", "acct:ALICE@OFFICE.test", "ACCT:alice@office.test", "acct:alice@office.test:443",
        "acct:%61lice@office.test", ALICE_URI, PROFILE,
    ],
)  # fmt: skip
async def test_an_account_is_found_by_every_name_it_has(office: ServedOffice, resource: str) -> None:
    assert await finger(office, resource) == {
        "subject": "acct:alice@office.test",
        "aliases": [ALICE_URI, PROFILE],
        "links": [
            {"rel": "self", "type": "application/activity+json", "href": ALICE_URI},
            {"rel": PROFILE_PAGE, "type": "text/html", "href": PROFILE},
        ],
    }


async def test_the_answer_is_a_jrd_for_everybody(office: ServedOffice) -> None:
    response = await office.get("/.well-known/webfinger?resource=acct:alice@office.test", accept=None)
    assert response.headers["Content-Type"] == "application/jrd+json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"].startswith("public")


async def test_rel_leaves_only_the_links_that_were_asked_for(office: ServedOffice) -> None:
    whole = await finger(office, "acct:alice@office.test")
    one = await finger(office, "acct:alice@office.test", "self")
    both = await finger(office, "acct:alice@office.test", "self", PROFILE_PAGE)
    none = await finger(office, "acct:alice@office.test", "http://example.org/rel")
    assert [link["rel"] for link in one["links"]] == ["self"]
    assert both == whole
    assert none == {**whole, "links": []}


@pytest.mark.parametrize(
    "query",
    [
        "", "?rel=self", "?resource=", "?resource=alice", "?resource=alice@office.test", "?resource=acct:alice",
        "?resource=acct:@office.test", "?resource=acct:alice@", "?resource=acct:a%20b@office.test", "?resource=%3A",
        "?resource=acct:alice@office.test&resource=acct:bob@office.test", f"?resource=acct:{'a' * 2001}@office.test",
        "?resource=acct:a%00b@office.test",
    ],
)  # fmt: skip
async def test_a_missing_or_malformed_resource_is_a_bad_request(office: ServedOffice, query: str) -> None:
    response = await office.get(f"/.well-known/webfinger{query}")
    assert response.status == 400
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "resource",
    [
        "acct:nobody@office.test", "acct:alice@other.test", "acct:carol@peer.test", "acct:carol@office.test",
        "acct:alice@office.test.evil.test", "acct:alice@office.test:8443", "https://office.test/users/999",
        "https://office.test/users/99999999999999999999", f"https://office.test/users/{'9' * 19}",
        "https://other.test/users/1001", "https://office.test.evil.test/@alice", "http://office.test/@alice",
        "https://office.test/@alice?x=1", f"{ALICE_URI}#main-key", "https://office.test/users/2001", "mailto:a@b.test",
        "https://[office.test/@alice", "acct:@alice@office.test", "acct:alice%00@office.test",
    ],
)  # fmt: skip
async def test_what_is_not_ours_is_not_found(office: ServedOffice, resource: str) -> None:
    response = await office.get(f"/.well-known/webfinger?resource={quote(resource, safe='')}")
    assert response.status == 404
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("resource", ["acct:office.test@office.test", "https://office.test/actor"])
async def test_the_instance_actor_goes_by_our_domain(office: ServedOffice, resource: str) -> None:
    found = await finger(office, resource)
    assert found["subject"] == "acct:office.test@office.test"
    assert found["links"][0]["href"] == ADDRESSES.instance_actor


@pytest.mark.parametrize("resource", ["https://office.test", "https://office.test/"])
async def test_the_server_itself_names_the_actor_that_speaks_for_it(office: ServedOffice, resource: str) -> None:
    found = await finger(office, resource)
    assert found["links"] == [
        {"rel": SERVICE_REL, "type": "application/activity+json", "href": ADDRESSES.instance_actor}
    ]


async def test_an_avatar_is_linked(office: ServedOffice, database: Database) -> None:
    async with database.unit_of_work() as unit:
        (await unit.session.get_one(Account, ALICE_ID)).avatar_url = "https://office.test/media/a.png"
    links = (await finger(office, "acct:alice@office.test", AVATAR))["links"]
    assert links == [{"rel": AVATAR, "href": "https://office.test/media/a.png"}]


@pytest.mark.parametrize(("column", "status"), [("suspended_at", 404), ("gone_at", 410)])
async def test_accounts_that_left_are_not_found(
    office: ServedOffice, database: Database, column: str, status: int
) -> None:
    async with database.unit_of_work() as unit:
        setattr(await unit.session.get_one(Account, ALICE_ID), column, NOW)
    response = await office.get("/.well-known/webfinger?resource=acct:alice@office.test")
    assert response.status == status


async def test_host_meta_is_xrd_or_jrd(office: ServedOffice) -> None:
    xml = await office.get("/.well-known/host-meta", accept=None)
    assert xml.content_type == "application/xrd+xml"
    text = await xml.text()
    assert 'template="https://office.test/.well-known/webfinger?resource={uri}"' in text
    for path, accept in (("/.well-known/host-meta", "application/json"), ("/.well-known/host-meta.json", None)):
        response = await office.get(path, accept=accept)
        document = await response.json(content_type="application/jrd+json")
        assert document["links"][0]["template"] == "https://office.test/.well-known/webfinger?resource={uri}"


async def test_nodeinfo_lists_the_newest_schema_and_serves_two(office: ServedOffice, database: Database) -> None:
    async with database.unit_of_work() as unit:
        unit.session.add(User(id=1, account_id=ALICE_ID, email="a@office.test", created_at=NOW, last_seen_at=unit.now))
        (await unit.session.get_one(Account, ALICE_ID)).statuses_count = 7
        (await unit.session.get_one(Account, 2001)).statuses_count = 100
    links = (await office.document("/.well-known/nodeinfo"))["links"]
    assert [link["rel"] for link in links] == ["http://nodeinfo.diaspora.software/ns/schema/2.1", APPLICATION_REL]
    for version in ("2.0", "2.1"):
        response = await office.get(f"/nodeinfo/{version}", accept=None)
        document = await response.json(content_type=None)
        assert response.headers["Content-Type"].endswith(f'schema/{version}#"')
        assert (document["version"], document["software"]["name"]) == (version, "tertulia")
        assert document["protocols"] == ["activitypub"]
        assert document["openRegistrations"] is False
        assert document["usage"] == {"users": {"total": 1, "activeMonth": 1, "activeHalfyear": 1}, "localPosts": 7}
    assert (await office.get("/nodeinfo/1.0")).status == 404
