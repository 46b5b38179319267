"""The picture of a community: chosen by its owners, shown to everybody who sees the community."""

import aiohttp

from api.answers.communities import CommunityEntity
from federation.documents import actor_document
from models.accounts import Account
from tests.api.contract import check
from tests.api.test_communities import PATH, body
from tests.media_files import png
from tests.peers import Office


async def test_a_community_has_a_picture_that_its_owners_choose(office: Office) -> None:
    ana, bea = office.api(await office.create_person("ana")), office.api(await office.create_person("bea"))
    made = body(await ana.post(PATH, {"name": "lunch"}))
    path = f"{PATH}/{made['id']}"
    await bea.post(f"{path}/join")

    def form(picture: bytes = b"") -> aiohttp.FormData:
        data = aiohttp.FormData({"avatar_description": "A spoon"})
        data.add_field("avatar", picture or png(), filename="spoon.png", content_type="image/png")
        return data

    assert (await bea.call("PATCH", path, form())).status == 403
    assert (await ana.call("PATCH", path, form(b"no picture"))).status == 422
    assert (await ana.patch(path, {"avatar": "https://elsewhere.test/spoon.png"})).status == 422
    shown = [check(CommunityEntity, body(await ana.call("PATCH", path, form())))["account"] for _ in range(2)]
    assert [one["avatar_description"] for one in shown] == ["A spoon"] * 2
    await office.run_until_idle()
    first, second = (one["avatar"].removeprefix(office.origin) for one in shown)
    assert [(await office.get(one, accept="image/*")).status for one in (first, second)] == [404, 200]
    # Other servers are told, and what isn't given stays as it is.
    body(await ana.patch(path, {"title": "Lunch"}))
    async with office.services.database.reading() as session:
        group = await session.get_one(Account, int(made["id"]))
    assert group.avatar_url == shown[1]["avatar"]
    document = actor_document(group, [], office.services.addresses)
    assert document["icon"] == {"type": "Image", "url": group.avatar_url, "name": "A spoon"}
