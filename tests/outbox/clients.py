"""What clients do: post to outboxes, read inboxes, upload files, and ask through the proxy."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
from sqlalchemy import select

from models.activities import OutboundActivity
from tests.peers import Office, Person
from tests.remote_peers import ACTIVITY_JSON, AS2, PUBLIC, Answer

JsonObject = dict[str, Any]


async def post(person: Person, document: JsonObject, *, token: Person | str | None = None) -> Answer:
    """Post to somebody's outbox, as they or as somebody else."""
    body = {"@context": AS2, **document}
    return await person.office.post(person.outbox_url, body, token=token or person)


async def done(person: Person, document: JsonObject) -> str:
    """Post what must be accepted; returns the id of the activity, which its owner can read."""
    answer = await post(person, document)
    assert answer.status == 201, answer.text
    location = answer.headers["Location"]
    read = await person.office.get(location, token=person)
    assert read.status == 200, f"{location}: {read.text}"
    assert read.json["id"] == location
    return location


async def refused(person: Person, document: JsonObject, status: int, *, token: Person | str | None = None) -> str:
    """Post what must be refused; returns the sentence."""
    answer = await post(person, document, token=token)
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json["status"] == status
    return str(answer.json["detail"])


async def written(person: Person, content: str = "Hello", **more: Any) -> JsonObject:
    """Write a public note; returns it as its author reads it."""
    note = {"type": "Note", "content": content, "to": [PUBLIC], "cc": [person.followers_url], **more}
    created = await done(person, note)
    return await read(person, created.removesuffix("/activity"))


async def read(person: Person, uri: str) -> JsonObject:
    """A document of this office, with somebody's token."""
    answer = await person.office.get(uri, token=person)
    assert answer.status == 200, answer.text
    found: JsonObject = answer.json
    return found


async def inbox_items(person: Person) -> list[JsonObject]:
    """Everything in somebody's inbox collection, newest first."""
    items: list[JsonObject] = []
    url = (await read(person, person.inbox_url))["first"]
    while url:
        page = await read(person, url)
        items += page["orderedItems"]
        url = page.get("next")
    return items


async def upload(
    person: Person,
    file: bytes,
    *,
    content_type: str = "image/png",
    filename: str = "picture.png",
    shell: JsonObject | bytes | None = None,
    token: Person | None = None,
) -> Answer:
    """Upload a file with a description of it."""
    with aiohttp.MultipartWriter("form-data") as form:
        part = form.append(file, {"Content-Type": content_type})
        part.set_content_disposition("form-data", name="file", filename=filename)
        if shell is not None:
            body = shell if isinstance(shell, bytes) else orjson.dumps({"@context": AS2, **shell})
            part = form.append(body, {"Content-Type": ACTIVITY_JSON})
            part.set_content_disposition("form-data", name="object")
    return await post_form(person, f"{person.uri}/uploadMedia", form, token=token)


async def proxy(person: Person, uri: str, *, token: Person | str | None = None) -> Answer:
    """Ask for a document through the proxy."""
    return await post_form(person, "/proxyUrl", aiohttp.FormData({"id": uri}), token=token)


async def post_form(person: Person, path: str, form: Any, *, token: Person | str | None = None) -> Answer:
    office = person.office
    presented = token or person
    headers: Mapping[str, str] = {
        "Host": office.domain,
        "Authorization": f"Bearer {presented.token if isinstance(presented, Person) else presented}",
    }
    url = f"http://127.0.0.1:{office.port}{path.removeprefix(office.origin)}"
    async with office.client.post(url, data=form, headers=headers) as response:
        return Answer(response.status, response.headers.copy(), await response.read())


async def bodies(office: Office) -> list[JsonObject]:
    """Every activity that the office has stored for delivery, oldest first."""
    async with office.services.database.reading() as session:
        found = await session.scalars(select(OutboundActivity.body).order_by(OutboundActivity.id))
        return [orjson.loads(body) for body in found]
