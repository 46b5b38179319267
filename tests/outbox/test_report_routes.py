"""The author sees where a post went; nobody else does; the administrator sees it on the command line."""

from sqlalchemy import select

from models.accounts import Account
from models.relations import Follow
from models.visibility import Visibility
from outbox.report import report_of_uri
from outbox.statuses import publish_status
from social.drafts import StatusDraft
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, RemoteServer


async def post(office: Office, author: Person) -> tuple[int, str]:
    async with office.services.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, author.id)
        draft = StatusDraft(
            uri=None, type="Note", attributed_to=author.uri, content_html="<p>Hola</p>", to=(PUBLIC,),
            cc=(author.followers_url,), visibility=Visibility.PUBLIC,
        )  # fmt: skip
        status = (await publish_status(office.services, unit, account, draft)).status
    return status.id, status.uri


async def test_the_report_says_which_inbox_has_it_and_only_to_its_author(office: Office, remote: RemoteServer) -> None:
    alice, bob, carol = await office.create_person("alice"), await office.create_person("bob"), await remote.actor("c")
    assert (await carol.post(alice.inbox_url, carol.follow(alice.uri))).status == 202
    await office.run_until_idle()
    status_id, uri = await post(office, alice)
    path = f"/users/{alice.id}/statuses/{status_id}/deliveries"
    before = (await office.get(path, token=alice)).json
    assert [(line["state"], line["host"]) for line in before["deliveries"]] == [("queued", remote.host)]
    await office.run_until_idle()
    after = (await office.get(path, token=alice)).json
    assert [(line["state"], line["last_status"]) for line in after["deliveries"]] == [("done", 202)]
    assert after["next"] is None
    assert (await office.get(path)).status == 401
    assert (await office.get(path, token=bob)).status == 404
    assert (await office.get(path.replace(str(alice.id), str(bob.id)), token=bob)).json["deliveries"] == []
    async with office.services.database.reading() as session:
        assert [line.state for line in await report_of_uri(session, uri)] == ["done"]
        assert await report_of_uri(session, f"{uri}0") == []
        assert (await session.scalars(select(Follow))).one().state == "accepted"
