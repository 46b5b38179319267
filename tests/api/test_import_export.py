"""Lists in CSV, out and in: Mastodon's formats, worked off by a job, with hostile files among them."""

from io import BytesIO
from typing import Any

import aiohttp
import pytest

from api.answers.imports import ImportEntity
from social.imports import FOLLOWS, KINDS, LISTS, ImportRefused, read_csv, write_csv
from tests.api.contract import check
from tests.peers import Client, Office, Person, run_until_idle

TwoOffices = tuple[Office, Office]


async def exported(client: Client, kind: str) -> str:
    answer = await client.get(f"/api/v1/tertulia/export/{kind}.csv")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{kind}.csv"'
    return answer.body.decode()


async def imported(office: Office, person: Person, kind: str, file: str | bytes, **more: str) -> dict[str, Any]:
    form = aiohttp.FormData()
    for name, value in {"kind": kind, **more}.items():
        form.add_field(name, value)
    data = file.encode() if isinstance(file, str) else file
    form.add_field("file", BytesIO(data), filename="list.csv", content_type="text/csv")
    client = office.api(person)
    answer = await client.post("/api/v1/tertulia/import", form)
    assert answer.status == 202, answer.body
    check(ImportEntity, answer.json())
    await office.run_until_idle()
    done: dict[str, Any] = (await client.get(f"/api/v1/tertulia/import/{answer.json()['id']}")).json()
    check(ImportEntity, done)
    assert (done["state"], done["processed"]) == ("finished", done["total"])
    return done


async def test_lists_come_back_as_they_left(two_offices: TwoOffices) -> None:
    madrid, lisbon = two_offices
    ana, ben = await madrid.create_person("ana"), await madrid.create_person("ben")
    joao = await lisbon.create_person("joao")
    written = (await lisbon.api(joao).post("/api/v1/statuses", {"status": "Bom dia"})).json()
    files = {
        "follows": f'Account address,Show boosts,Notify on new posts,Languages\n{joao.acct},false,true,"en, es"\n',
        "mutes": f"Account address,Hide notifications\n{joao.acct},false\n",
        "blocks": f"ben@{madrid.domain}\n",
        "domain_blocks": "evil.example\n",
        "lists": f"'=1+1,{joao.acct}\n",
        "bookmarks": f"{written['uri']}\n",
    }
    assert list(files.keys() - set(KINDS)) == []
    for kind, file in files.items():
        done = await imported(madrid, ana, kind, file)
        assert (done["succeeded"], done["failures"]) == (1, []), kind
        await run_until_idle(madrid, lisbon)
    for kind, file in files.items():
        assert await exported(madrid.api(ana), kind) == file
    lists = (await madrid.api(ana).get("/api/v1/lists")).json()
    assert [one["title"] for one in lists] == ["=1+1"]
    await imported(madrid, ana, "blocks", f"{ben.acct}\n", mode="merge")
    for kind in ("blocks", "mutes", "domain_blocks", "lists", "bookmarks", "follows"):
        await imported(madrid, ana, kind, "", mode="overwrite")
        rows = (await exported(madrid.api(ana), kind)).splitlines()
        assert [row for row in rows if not row.startswith("Account address")] == [], kind


async def test_bad_rows_are_reported_and_the_others_done(office: Office) -> None:
    ana = await office.create_person("ana")
    for number in range(30):
        await office.create_person(f"colleague{number}")
    rows = [f"colleague{number}@{office.domain}" for number in range(30)]
    file = "\n".join(["nobody", f"ghost@{office.domain}", "x@unknown.example", *rows, f"ana@{office.domain}"])
    done = await imported(office, ana, "follows", file)
    assert (done["total"], done["succeeded"]) == (33, 30)
    assert [(one["row"], one["reason"][:13]) for one in done["failures"]] == [
        (1, "the row can't"),
        (2, "there is no s"),
        (3, "there is no s"),
        (34, "can't be foll"),
    ]
    kept = f"Account address\n{rows[0]}\n{rows[1]}\n"
    await imported(office, ana, "follows", kept, mode="overwrite")
    assert len((await exported(office.api(ana), "follows")).splitlines()) == 3
    other = office.api(await office.create_person("ben"))
    assert (await other.get(f"/api/v1/tertulia/import/{done['id']}")).status == 404
    assert (await other.get("/api/v1/tertulia/export/passwords.csv")).status == 404
    for document in ({"kind": "follows"}, {"kind": "x", "file": "a"}, {"kind": "follows", "file": "a\0"}):
        assert (await other.post("/api/v1/tertulia/import", document)).status in (400, 422)
    reader = office.api(await office.create_person("eva", scopes="read"))
    assert (await reader.post("/api/v1/tertulia/import", {"kind": "follows", "file": "a@b"})).status == 403


def test_formulas_are_written_as_text_and_read_back() -> None:
    titles = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "'quoted", "'=x", "plain, with comma", 'a "quote"']
    written = write_csv(LISTS, [(title, "a@b.example") for title in titles])
    assert not any(line.startswith(("=", "+", "-", "@", "\t")) for line in written.splitlines())
    rows, failures = read_csv(LISTS, written.encode(), most=100)
    assert ([row[1] for row in rows], failures) == (titles, [])


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe", b"a\0b", b'"' + b"x" * 200_000, b"a@b\n" * 11],
    ids=["encoding", "nul", "endless", "many"],
)
def test_files_that_are_no_lists_are_refused(data: bytes) -> None:
    with pytest.raises(ImportRefused):
        read_csv(FOLLOWS, data, most=10)


def test_columns_are_found_by_their_names() -> None:
    file = "\ufeffAccount address,Languages,Show boosts\n@a@b.example,es,false\n\n,,\n"
    rows, failures = read_csv(FOLLOWS, file.encode(), most=10)
    assert (rows, failures) == ([["2", "a@b.example", "false", "", "es"]], [])
