"""Between two offices: a peer that may have one community and no files gets neither another one nor a picture."""

from io import BytesIO
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from communities.admission import invite
from federation.client import RemoteError
from federation.dereference import fetch_signed
from models.accounts import Account
from models.communities import Kind
from models.statuses import Status
from tests.communities.hosting import act, host
from tests.communities.test_members_elsewhere import follow, known
from tests.media_files import png
from tests.outbox.test_peer_policy import narrow
from tests.peers import Office, Person, run_until_idle


async def pictured(person: Person) -> list[str]:
    """An upload of somebody, as the ids of a new status."""
    form = aiohttp.FormData({"description": "A wall"})
    form.add_field("file", BytesIO(png()), filename="wall.png", content_type="image/png")
    answer = await person.office.api(person).post("/api/v2/media", form)
    assert answer.status in (200, 202), answer.body
    await person.office.run_until_idle()
    return [answer.json()["id"]]


@pytest.mark.parametrize("kind", [Kind.OPEN, Kind.BY_INVITATION])
async def test_a_narrowed_peer_gets_the_communities_and_the_files_that_it_may_have(
    two_offices: tuple[Office, Office], kind: Kind
) -> None:
    hamburg, lisbon = two_offices
    hans, bea = await hamburg.create_person("hans"), await lisbon.create_person("bea")
    canteen, board = await host(hans, "canteen", kind=kind), await host(hans, "board", kind=kind)
    bea_there = (await hamburg.api(hans).get("/api/v2/search", q=f"@{bea.acct}", resolve=True)).json()
    assert len(bea_there["accounts"]) == 1
    for group in (canteen, board):
        await act(hamburg, invite, group, hans, await known(hamburg, Account, bea.uri))
        await run_until_idle(hamburg, lisbon)
        await follow(bea, f"{group.username}@{hamburg.domain}")
        await run_until_idle(hamburg, lisbon)

    async def post(group: Account, text: str, **more: Any) -> str:
        answer = await hamburg.api(hans).post(
            "/api/v1/statuses", {"status": text, "community_id": str(group.id), **more}
        )
        assert answer.status == 200, answer.body
        await run_until_idle(hamburg, lisbon)
        return str(answer.json()["uri"])

    async def arrived(uri: str) -> tuple[bool, bool]:
        """Whether Lisbon has the post, and whether it gets it by asking."""
        async with lisbon.services.database.reading() as session:
            is_here = await session.scalar(select(Status.id).where(Status.uri == uri)) is not None
        return is_here, await asked(uri)

    async def asked(url: str) -> bool:
        try:
            await fetch_signed(lisbon.services, url, accept="application/activity+json")
        except RemoteError:
            return False
        return True

    before = await post(board, "Before")
    assert await arrived(before) == (True, True)
    await narrow(hamburg, lisbon, communities=["canteen"], media=False)
    fine, elsewhere = await post(canteen, "Soup"), await post(board, "Numbers")
    picture = await post(canteen, "Soup, seen", media_ids=await pictured(hans))
    assert [await arrived(uri) for uri in (fine, elsewhere, picture)] == [(True, True), (False, False), (False, False)]
    # What it had it keeps; that the other community is there it isn't told any more, nor by a token.
    assert await arrived(before) == (True, False)
    parts = ("", "/outbox", "/followers", "/collections/moderators", "/actor_token")
    assert [await asked(board.uri + part) for part in parts] == [False] * 5
    assert [await asked(canteen.uri + part) for part in parts] == [True] * 4 + [kind is not Kind.OPEN]
    # When the rules are lifted all is as it was.
    await narrow(hamburg, lisbon, communities=None, media=True)
    again = await post(board, "Numbers again", media_ids=await pictured(hans))
    assert await arrived(again) == (True, True)
    assert await asked(elsewhere)
