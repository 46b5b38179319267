"""The archive of a topic as ZIP: what is in it, for whom, and that it is written in portions."""

import io
import zipfile
from contextlib import aclosing

import orjson
import pytest

from social import archives
from social.archives import Archive, write_archive
from tests.api.test_search import post
from tests.api.test_statuses_editing import upload
from tests.peers import ApiAnswer, Office

PATH = "/api/v1/tertulia/tags/Calidad/archive.zip"


def opened(answer: ApiAnswer) -> tuple[str, list[dict[str, object]]]:
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["index.html", "posts.jsonl"]
        lines = archive.read("posts.jsonl").decode().splitlines()
        return archive.read("index.html").decode(), [orjson.loads(line) for line in lines]


async def test_an_archive_holds_what_is_public_and_readable(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "PORTION", 2)
    monkeypatch.setattr(archives, "_query", lambda archive, made=archives._query: made(archive).limit(2))
    ana, ben, eva = [await office.create_person(name) for name in ("ana", "ben", "eva")]
    api, bens = office.api(ana), office.api(ben)
    first = await post(bens, "<script>one</script> #calidad", media_ids=[await upload(ben, 'A "cat"')], language="es")
    poll = await post(bens, "two #calidad", poll={"options": ["a & z", "b"], "expires_in": 3600})
    third = await post(api, "three #calidad #Tema", spoiler_text="W&arning")
    for more in ({"visibility": "unlisted"}, {"visibility": "private"}, {"local_only": True}):
        await post(bens, "hidden #calidad", **more)
    await post(office.api(eva), "blocked #calidad")
    await api.post(f"/api/v1/accounts/{eva.id}/block")
    html, objects = opened(await api.get(PATH))
    assert [one["id"] for one in objects] == [one["uri"] for one in (third, poll, first)]
    assert objects[0]["warning"] == "W&arning"
    assert objects[0]["tags"] == ["calidad", "Tema"]
    assert objects[1]["poll"] == [{"title": "a & z", "votes": 0}, {"title": "b", "votes": 0}]
    assert objects[2]["media"][0]["description"] == 'A "cat"'  # type: ignore[index]
    assert html.count("<article>") == 3
    assert "&lt;script&gt;" in html
    for absent in ("<script", "a & z", "hidden", "blocked", "<img"):
        assert absent not in html
    assert "hidden" not in str(objects)
    assert (await office.api().get(PATH)).status == 401
    assert (await api.get("/api/v1/tertulia/tags/%20/archive.zip")).status == 404


async def test_a_reader_who_leaves_early_leaves_nothing_open(office: Office) -> None:
    ana = await office.create_person("ana")
    await post(office.api(ana), "one #calidad")
    archive = Archive("calidad", "#calidad", ana.id, office.services.clock())
    async with aclosing(write_archive(office.services.database, office.services.addresses, archive)) as pieces:
        assert await anext(pieces)
    assert len(opened(await office.api(ana).get(PATH))[1]) == 1
