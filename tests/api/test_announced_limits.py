"""What the instance document announces is what is enforced: as much goes through, one more is refused with 422."""

from io import BytesIO
from typing import Any

import aiohttp
from PIL import Image

from tests.peers import Client, Office


async def status(api: Client, method: str, path: str, **body: Any) -> int:
    return (await api.call(method, f"/api/v1/{path}", body)).status


async def test_posts_and_polls(office: Office) -> None:
    api = office.api(await office.create_person("ana"))
    told = (await api.get("/api/v2/instance")).json()["configuration"]
    most, reserved = told["statuses"]["max_characters"], told["statuses"]["characters_reserved_per_url"]
    link = f"https://news.example/{'x' * 200}"
    for text, expected in (
        ("ñ" * most, 200),
        ("ñ" * (most + 1), 422),
        ("x" * (most - reserved - 1) + " " + link, 200),
        ("x" * (most - reserved) + " " + link, 422),
    ):
        assert await status(api, "POST", "statuses", status=text) == expected, len(text)

    polls = told["polls"]

    async def ask(options: int = 2, characters: int = 1, seconds: int = 3600) -> int:
        poll = {"options": [f"{number:x}".ljust(characters, "x") for number in range(options)], "expires_in": seconds}
        return await status(api, "POST", "statuses", status="?", poll=poll)

    assert [await ask(options=polls["max_options"] + more) for more in (0, 1)] == [200, 422]
    assert [await ask(characters=polls["max_characters_per_option"] + more) for more in (0, 1)] == [200, 422]
    assert [await ask(seconds=polls["max_expiration"] + more) for more in (0, 1)] == [200, 422]
    assert [await ask(seconds=polls["min_expiration"] - less) for less in (0, 1)] == [200, 422]

    ids = [str(number) for number in range(1, told["statuses"]["max_media_attachments"] + 2)]
    assert await status(api, "POST", "statuses", status="x", media_ids=ids) == 422


async def test_profiles_pins_and_tags(office: Office) -> None:
    api = office.api(await office.create_person("ana"))
    told = (await api.get("/api/v2/instance")).json()["configuration"]["accounts"]

    async def update(**body: Any) -> int:
        return await status(api, "PATCH", "accounts/update_credentials", **body)

    for field, limit in (("display_name", "max_display_name_length"), ("note", "max_note_length")):
        assert [await update(**{field: "x" * (told[limit] + more)}) for more in (0, 1)] == [200, 422], field
    for part, limit in (("name", "profile_field_name_limit"), ("value", "profile_field_value_limit")):
        rows = [[{"name": "a", "value": "b", part: "x" * (told[limit] + more)}] for more in (0, 1)]
        assert [await update(fields_attributes=row) for row in rows] == [200, 422], part
    rows = [[{"name": "a", "value": "b"}] * (told["max_profile_fields"] + more) for more in (0, 1)]
    assert [await update(fields_attributes=row) for row in rows] == [200, 422]

    posts = [
        (await api.post("/api/v1/statuses", {"status": f"{number}", "visibility": "public"})).json()["id"]
        for number in range(told["max_pinned_statuses"] + 1)
    ]
    answers = [await status(api, "POST", f"statuses/{post}/pin") for post in posts]
    assert answers == [200] * told["max_pinned_statuses"] + [422]
    answers = [
        await status(api, "POST", "featured_tags", name=f"tag{number}")
        for number in range(told["max_featured_tags"] + 1)
    ]
    assert answers == [200] * told["max_featured_tags"] + [422]


async def test_descriptions_of_media(office: Office) -> None:
    api = office.api(await office.create_person("ana"))
    told = (await api.get("/api/v2/instance")).json()["configuration"]["media_attachments"]
    picture = BytesIO()
    Image.new("RGB", (20, 20), "blue").save(picture, "PNG")
    assert {"image/png", "image/jpeg", "video/mp4"} <= set(told["supported_mime_types"])
    answers = []
    for more in (0, 1):
        form = aiohttp.FormData()
        form.add_field("file", picture.getvalue(), filename="a.png", content_type="image/png")
        form.add_field("description", "x" * (told["description_limit"] + more))
        answers.append((await api.post("/api/v2/media", form)).status)
    assert answers in ([200, 422], [202, 422])
