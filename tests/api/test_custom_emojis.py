"""Custom emoji: in the picker, in posts and profiles, and at the other office."""

from api.answers.statuses import StatusEntity
from social.emojis import add_emoji
from tests.api.contract import check
from tests.peers import Office, run_until_idle


async def test_an_emoji_is_seen_in_posts_and_profiles_here_and_there(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    async with madrid.services.database.unit_of_work() as unit:
        await add_emoji(unit, "party", storage_key="ab.png", static_key="cd.png", category="Office")
    ana, bob = await madrid.create_person("ana"), await lisbon.create_person("bob")
    there = lisbon.api(bob)
    (found,) = (await there.get("/api/v2/search", q=f"@{ana.acct}", resolve=True)).json()["accounts"]
    assert (await there.post(f"/api/v1/accounts/{found['id']}/follow")).status == 200
    await run_until_idle(madrid, lisbon)

    here = madrid.api(ana)
    profile = {"display_name": "Ana :party:", "note": "Hello :nonsense:"}
    account = (await here.patch("/api/v1/accounts/update_credentials", profile)).json()
    assert [emoji["shortcode"] for emoji in account["emojis"]] == ["party"]
    body = {"status": "Friday :party: and :nonsense:", "spoiler_text": ":party:", "visibility": "public"}
    post = check(StatusEntity, (await here.post("/api/v1/statuses", body)).json())
    assert [(emoji["shortcode"], emoji["url"]) for emoji in post["emojis"]] == [
        ("party", madrid.services.addresses.media("ab.png"))
    ]
    await run_until_idle(madrid, lisbon)

    (arrived,) = check(StatusEntity, (await there.get("/api/v1/timelines/home")).json())
    assert [emoji["shortcode"] for emoji in arrived["emojis"]] == ["party"]
    assert [emoji["shortcode"] for emoji in arrived["account"]["emojis"]] == ["party"]
    assert (await there.get("/api/v1/custom_emojis")).json() == []
