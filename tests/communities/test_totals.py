"""How many posts a topic has: exact while they are few, kept when they are many, and its archive by an index."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from communities import totals
from communities.archive import archive_page
from communities.totals import archive_size, keep_totals
from models.statuses import Tag
from models.topics import TopicTotal
from outbox.stewards import merge, unmerge
from policy.peers import PeerPolicy
from tests.api.counting import counted
from tests.communities.test_topic_actors import write
from tests.peers import Client, Office
from tests.remote_peers import PUBLIC, RemoteActor, RemoteServer
from tests.security.cast import send


async def posts(api: Client, name: str = "calidad") -> int:
    api.office.services.database.kept.clear()
    offices = (await api.get(f"/api/v1/tertulia/tags/{name}")).json()["offices"]
    assert [one["domain"] for one in offices] == [api.office.domain]
    count: int = offices[0]["posts"]
    return count


async def archived(office: Office, reader: RemoteActor, name: str = "calidad") -> int | None:
    """As it is told to whoever reads the archive from elsewhere."""
    answer = await reader.get(f"{office.origin}/tags/{name}/outbox")
    assert answer.status == 200
    total: int | None = answer.json.get("totalItems")
    return total


def count_at_most(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    for name, value in {"MOST_COUNTED": most, "KEPT_FROM": 2, "PORTION": 2}.items():
        monkeypatch.setattr(totals, name, value)
    monkeypatch.setattr(totals._count, "__kwdefaults__", totals._count.__kwdefaults__ | {"most": most})


async def test_many_posts_are_counted_once_and_what_has_come_since_is_added(
    office: Office, remote: RemoteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol, ana = await remote.actor("carol"), await office.create_person("ana")
    api, database = office.api(ana), office.services.database
    written = [await write(api, f"{number} #Calidad") for number in range(6)]
    await write(api, "for us #Calidad", local_only=True)
    await write(api, "quiet #Calidad", visibility="unlisted")
    assert (await posts(api), await archived(office, carol)) == (7, 6)

    count_at_most(monkeypatch, 4)  # the newest four, of which one is unlisted
    assert (await posts(api), await archived(office, carol)) == (3, None)
    assert await keep_totals(database) == 1
    assert await keep_totals(database) == 0
    assert (await posts(api), await archived(office, carol)) == (7, 6)
    await write(api, "one more #Calidad")
    assert (await posts(api), await archived(office, carol)) == (8, 7)

    assert (await api.delete(f"/api/v1/statuses/{written[0]['id']}")).status == 200
    await office.run_until_idle()
    assert await keep_totals(database) == 0
    assert (await posts(api), await archived(office, carol)) == (8, 7)  # until tomorrow
    async with database.unit_of_work() as unit:
        await unit.session.execute(update(TopicTotal).values(counted_at=unit.now - timedelta(days=1)))
    assert await keep_totals(database) == 1
    assert (await posts(api), await archived(office, carol)) == (7, 6)

    for number in range(3):
        await write(api, f"another {number} #Calidad")
    assert await keep_totals(database) == 1  # many have come since
    assert (await posts(api), await archived(office, carol)) == (10, 9)


async def test_a_total_goes_when_a_hashtag_is_few_again_and_none_is_made_of_few(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, database = office.api(await office.create_person("ana")), office.services.database
    written = [await write(api, f"{number} #calidad") for number in range(3)]
    await write(api, "#poca #dos")
    await write(api, "#poca")
    count_at_most(monkeypatch, 100)
    assert await keep_totals(database) == 1
    async with database.unit_of_work() as unit:
        assert len((await unit.session.scalars(select(TopicTotal))).all()) == 1
        await unit.session.execute(update(TopicTotal).values(counted_at=unit.now - timedelta(days=1)))
    for one in written[:2]:
        await api.delete(f"/api/v1/statuses/{one['id']}")
    await office.run_until_idle()
    assert await keep_totals(database) == 0
    async with database.reading() as session:
        assert (await session.scalars(select(TopicTotal))).all() == []
    assert await posts(api) == 1


async def test_synonyms_are_counted_together_and_each_post_once(
    office: Office, remote: RemoteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol, ana = await remote.actor("carol"), await office.create_person("ana")
    api, database = office.api(ana), office.services.database
    for words in ("#calidad", "#quality", "#calidad #quality", "#quality #otra", "#quality"):
        await write(api, words)

    async def sizes() -> list[int | None]:
        async with database.reading() as session:
            return [await archive_size(session, "quality", with_synonyms=together) for together in (True, False)]

    async def change(verb: Any, *names: str) -> None:
        async with database.unit_of_work() as unit:
            tags = {tag.name: tag for tag in await unit.session.scalars(select(Tag))}
            await verb(unit, ana.account, *(tags[name] for name in names))

    count_at_most(monkeypatch, 100)
    assert await keep_totals(database) == 1
    assert (await posts(api, "quality"), await sizes()) == (4, [4, 4])
    await change(merge, "quality", "calidad")
    for _ in range(2):  # before it is counted anew, and after
        assert (await posts(api, "quality"), await posts(api), await archived(office, carol)) == (5, 5, 5)
        assert await sizes() == [5, 4]
        await keep_totals(database)
    async with database.reading() as session:
        pages = [
            [one.content_html.count("#") for one in await archive_page(session, "quality", before=2**62, limit=limit,
                                                                       with_synonyms=together)]
            for limit, together in ((9, True), (2, True), (9, False))
        ]  # fmt: skip
    assert [len(page) for page in pages] == [5, 2, 4]
    await change(unmerge, "quality")
    assert (await posts(api), await posts(api, "quality"), await sizes()) == (2, 4, [4, 4])


async def test_what_a_peer_may_not_have_is_in_no_total_that_it_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, database = office.api(await office.create_person("ana")), office.services.database
    for words in ("#calidad", "#calidad #obra", "#calidad #secreta", "#calidad"):
        await write(api, words)
    policy = PeerPolicy(topics=frozenset({"calidad", "obra"}))

    async def sizes() -> list[int | None]:
        async with database.reading() as session:
            return [await archive_size(session, "calidad", with_synonyms=True, policy=one) for one in (None, policy)]

    count_at_most(monkeypatch, 100)
    assert await sizes() == [4, 3]
    assert await keep_totals(database) == 1
    assert await sizes() == [4, 3]
    count_at_most(monkeypatch, 2)
    assert await sizes() == [4, None]


async def test_an_archive_is_found_by_its_own_index_however_much_others_say(
    office: Office, remote: RemoteServer
) -> None:
    carol, api = await remote.actor("carol"), office.api(await office.create_person("ana"))
    for number in range(3):
        note = carol.note(f"{number} #calidad", to=[PUBLIC], tag=[
            {"type": "Hashtag", "name": "#calidad", "href": f"{remote.origin}/tags/calidad"}])  # fmt: skip
        await send(office, carol, carol.create(note))
    topic = f"{office.origin}/tags/calidad"
    assert (await carol.get(topic)).status == 404  # ours have said nothing
    mine = await write(api, "mine #calidad")
    assert (await carol.get(topic)).status == 200
    with counted(office) as statements:
        page = await carol.get(f"{topic}/outbox?page=true")
    assert [one["object"] for one in page.json["orderedItems"]] == [mine["uri"]]
    looks = [one for one in statements if "status_tags.is_archived" in one and "ORDER BY status_tags.status_id" in one]
    assert len(looks) == 2
    if not office.services.database.is_sqlite:
        return
    async with office.services.database.reading() as session:
        plan = await session.execute(text(f"EXPLAIN QUERY PLAN {looks[0].replace('?', 'NULL')}"))
        steps = [step.detail for step in plan]
    assert any("USING INDEX ix_status_tags_archived" in step for step in steps), steps
