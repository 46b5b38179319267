"""What strangers write, as it is kept: without markup that runs, within bounds, and nobody else's (2d, O25–O30)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.base import Base
from models.statuses import Mention, Status, StatusEdit, StatusTag, Tag
from tests.graph import account, count, home_uris, journal, notices, status
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, RemoteActor, RemoteServer
from tests.security.cast import attack, follows, send

XSS = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "<svg><script>alert(1)</script></svg>",
    '<math><mtext><table><mglyph><style><img src=x onerror="alert(1)">',
    "<style>*{background:url(//evil.test)}</style>",
    '<base href="//evil.test/">',
    '<form action="//evil.test"><input name=password></form>',
    '<iframe src="//evil.test"></iframe>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<p style="background:url(//evil.test)" class="admin" onclick="a()">x</p>',
]
# A text in which this is found would run, load or mislead when a page shows it as HTML, or as an address.
LIVE = re.compile(
    r"<\s*/?\s*(script|img|svg|math|style|base|form|input|iframe|noscript|object|embed|link|meta)"
    r"|<[^>]*\b(on\w+|style)\s*=|<[^>]*(javascript|data|vbscript)\s*:|<[^>]*admin|^\s*(javascript|data|vbscript)\s*:",
    re.IGNORECASE,
)


async def texts(office: Office) -> list[str]:
    """Every text that the office keeps, but for the bytes of the journal and what is an address."""
    found: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for item in (*value.keys(), *value.values()):
                collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)

    async with office.services.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            if table.name not in ("inbound_activities", "outbound_activities"):
                for row in await session.execute(select(table)):
                    for value in row:
                        collect(value)
    return found


async def test_nothing_that_is_kept_can_run(office: Office, alice: Person, remote: RemoteServer) -> None:
    """N16, in every field that somebody fills."""
    everything = "".join(XSS)
    mallory = await remote.actor("mallory")
    mallory.more = {
        "name": everything, "summary": everything, "icon": {"type": "Image", "url": "javascript:alert(1)"},
        "url": "javascript:alert(1)",
        "attachment": [{"type": "PropertyValue", "name": everything, "value": everything}],
        "tag": [{"type": "Emoji", "name": ":<b>:", "icon": {"type": "Image", "url": f"{remote.origin}/e.png"}}],
    }  # fmt: skip
    mallory.publish()
    await follows(office, alice, mallory)
    note = mallory.note(
        everything, summary=everything, name=everything, contentMap={"en_US!!<script>": everything, "en": everything},
        url=[{"type": "Link", "href": "javascript:alert(1)", "mediaType": "text/html"}],
        attachment=[{"type": "Document", "mediaType": 'image/png"><script>', "url": f"{remote.origin}/a.png"},
                    {"type": "Document", "mediaType": "image/svg+xml", "url": "data:image/svg+xml,<svg>"}],
        tag=[{"type": "Hashtag", "name": "#<script>alert(1)</script>"}, {"type": "Mention", "href": "javascript:x",
              "name": everything}, {"type": "Emoji", "name": everything, "icon": {"url": "javascript:x"}}],
    )  # fmt: skip
    poll = mallory.note(everything, type="Question", oneOf=[{"type": "Note", "name": f"{text}{n}"} for n, text in
                                                            enumerate(XSS)])  # fmt: skip
    event = mallory.note(everything, type="Event", name=everything, startTime="2030-01-01T00:00:00Z",
                         location={"type": "Place", "name": "here", "url": "javascript:alert(1)"})  # fmt: skip
    flag = mallory.activity("Flag", alice.uri, content=everything)
    react = mallory.activity("EmojiReact", note["id"], content=everything)
    outcomes = await send(office, mallory, *[mallory.create(one) for one in (note, poll, event)], flag, react)
    assert outcomes == ["applied"] * 5
    assert len(await home_uris(alice)) == 3
    assert [text for text in await texts(office) if LIVE.search(text)] == []
    stored = await status(office, note["id"])
    assert stored is not None
    assert "x" in stored.content_html


async def test_honest_markup_is_kept(office: Office, carol: RemoteActor) -> None:
    html = '<p>Hola <b>mundo</b> <a href="https://a.test/x">link</a></p><ul><li>one</li></ul><blockquote>q</blockquote>'
    note = carol.note(html, summary="tea & <3")
    await send(office, carol, carol.create(note))
    stored = await status(office, note["id"])
    assert stored is not None
    assert "<b>mundo</b>" in stored.content_html
    assert 'rel="nofollow noopener noreferrer"' in stored.content_html
    assert "<li>one</li>" in stored.content_html
    assert stored.summary.startswith("tea &")


async def test_an_edit_is_as_harmless_as_what_it_edits(office: Office, carol: RemoteActor) -> None:
    note = carol.note("<p>ok</p>")
    edited = {**note, "content": "".join(XSS), "summary": XSS[0], "updated": "2030-01-01T00:00:00Z"}
    profile = {**carol.document, "name": XSS[1], "summary": "".join(XSS)}
    outcomes = await send(office, carol, carol.create(note), carol.activity("Update", edited),
                          carol.activity("Update", profile))  # fmt: skip
    assert outcomes == ["applied"] * 3
    assert [text for text in await texts(office) if LIVE.search(text)] == []


@pytest.mark.parametrize("published", ["9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "soon",
                                       "2026-13-45", "+275760-09-13T00:00:00Z", 7, None])  # fmt: skip
async def test_times_are_brought_within_reason(
    office: Office, alice: Person, carol: RemoteActor, published: Any
) -> None:
    """N27: nothing is written in the future, and what is written in the past goes under what is newer."""
    await follows(office, alice, carol)
    now, odd = carol.note(), carol.note(published=published)
    await send(office, carol, carol.create(now), carol.create(odd))
    stored = await status(office, odd["id"])
    assert stored is not None
    assert stored.published_at <= office.services.clock()
    assert datetime(1, 1, 1, tzinfo=UTC) <= stored.published_at
    assert len(await home_uris(alice)) == 2
    if published == "1970-01-01T00:00:00Z":
        assert (await home_uris(alice))[0] == now["id"]


async def test_an_hour_ahead_is_now_and_an_older_edit_is_none(office: Office, carol: RemoteActor) -> None:
    """N27, for edits: the newest counts, whatever comes last."""
    ahead = (office.services.clock() + timedelta(hours=1)).isoformat()
    note = carol.note("<p>1</p>", published="2026-01-01T00:00:00Z")
    newest = {**note, "content": "<p>3</p>", "updated": ahead}
    older = {**note, "content": "<p>2</p>", "updated": "2026-01-02T00:00:00Z"}
    outcomes = await send(office, carol, carol.create(note), carol.activity("Update", newest),
                          carol.activity("Update", older))  # fmt: skip
    assert outcomes == ["applied", "applied", "duplicate"]
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.edited_at is not None
    assert stored.content_html == "<p>3</p>"
    assert stored.edited_at <= office.services.clock()
    assert await count(office, StatusEdit) == 1


async def test_tags_are_bounded_normalised_and_clean(office: Office, carol: RemoteActor) -> None:
    """N29."""
    spam = [{"type": "Hashtag", "name": f"#spam{n}"} for n in range(3_000)]
    assert await attack(office, carol, carol.create(carol.note(tag=spam))) == 202
    assert await count(office, StatusTag) == 100
    odd = [{"type": "Hashtag", "name": name} for name in
           ("#" + "x" * 100_000, "#<b>bold</b>", "#", "##", "#１２３", "#Größe", "#GRÖSSE", "#größe", "#ﬁn", "#a b",
            7)]  # fmt: skip
    note = carol.note(tag=odd)
    await send(office, carol, carol.create(note))
    stored = await status(office, note["id"])
    assert stored is not None
    async with office.services.database.reading() as session:
        names = set(
            await session.scalars(select(Tag.name).join(StatusTag).where(StatusTag.status_id == stored.id))
        )  # fmt: skip
    assert names == {"grosse", "fin"}


async def test_mentions_are_who_is_meant_not_who_is_shown(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    """O27: `href` decides; a name that says otherwise changes nothing, and who isn't addressed isn't told."""
    boss = await office.create_person("boss")
    spoof = mal.note(
        f'<p><a class="mention u-url" href="{mal.uri}">@boss</a></p>', cc=[alice.uri],
        tag=[{"type": "Mention", "href": mal.uri, "name": f"@boss@{office.domain}"},
             {"type": "Mention", "href": alice.uri, "name": "@boss"}, {"type": "Mention", "href": boss.uri}],
    )  # fmt: skip
    assert await send(office, mal, mal.create(spoof)) == ["applied"]
    assert await notices(boss) == []
    assert await notices(alice) == [("mention", mal.uri)]


async def test_many_mentions_cause_few_requests(office: Office, carol: RemoteActor, evil: RemoteServer) -> None:
    """N12, N13: fifty at most are looked up, under one budget, and the activity counts all the same."""
    for number in range(60):
        await evil.actor(f"m{number}")
    uris = [f"{evil.origin}/users/m{number % 60}?{number}" for number in range(1_000)]
    named = [{"type": "Mention", "href": uri, "name": f"@x{n}@{evil.host}"} for n, uri in enumerate(uris)]
    evil.requests.clear()
    note = carol.note(tag=named, to=[PUBLIC, *uris])
    assert await send(office, carol, carol.create(note)) == ["applied"]
    assert len(evil.requests) <= 50
    assert await count(office, Mention) <= 50
    many = carol.note(to=[PUBLIC, *[f"{evil.origin}/u/{number}" for number in range(4_000)]])
    evil.requests.clear()
    assert await send(office, carol, carol.create(many)) == ["applied"]
    assert evil.requests == []


async def test_emoji_belong_to_who_sends_them(office: Office, carol: RemoteActor, mal: RemoteActor) -> None:
    """O28: nobody's emoji become another's, and what is no picture's address is none."""

    def emoji(owner: RemoteActor, name: str, url: str, **more: Any) -> dict[str, Any]:
        return {"type": "Emoji", "name": name, "icon": {"type": "Image", "url": url}, **more}

    good = f"{carol.server.origin}/blob.png"
    honest = carol.note(tag=[emoji(carol, ":blob:", good, id=f"{carol.server.origin}/emoji/blob")])
    other = mal.note(tag=[
        emoji(mal, ":blob:", f"{mal.server.origin}/evil.png", id=f"{carol.server.origin}/emoji/blob"),
        emoji(mal, ":\u200b:", good), emoji(mal, ":js:", "javascript:alert(1)"),
        emoji(mal, ":" + "x" * 500 + ":", good),
    ])  # fmt: skip
    await send(office, carol, carol.create(honest))
    await send(office, mal, mal.create(other))
    stored = await status(office, honest["id"])
    assert stored is not None
    assert stored.emojis == [{"shortcode": "blob", "url": good}]
    stored = await status(office, other["id"])
    assert stored is not None
    assert [one["shortcode"] for one in stored.emojis] == ["blob"]


async def test_nobody_takes_a_name(office: Office, alice: Person, carol: RemoteActor, evil: RemoteServer) -> None:
    """O29, O30: names are claims; the id stays, and what can't be a name is no actor."""
    await send(office, carol, carol.follow(alice.uri))
    claims = await evil.actor("carol", webfinger=f"carol@{carol.server.host}")
    await send(office, claims, claims.follow(alice.uri))
    known = await account(office, claims.uri)
    assert known is not None
    assert (known.username, known.domain) == ("carol", evil.host)
    local = await evil.actor("alice", webfinger=f"alice@{office.domain}")
    await send(office, local, local.follow(alice.uri))
    known = await account(office, local.uri)
    assert known is not None
    assert known.domain == evil.host
    for number, name in enumerate(("a@b", "a/b", "\u202eecila", "a b", "", "<b>", "x" * 300)):
        odd = await evil.actor(name, uri=f"{evil.origin}/odd/{number}")
        assert await attack(office, odd, odd.follow(alice.uri)) == 401
    renamed = {**carol.document, "preferredUsername": "CAROL", "name": "Cаrol\u202e"}
    assert await send(office, carol, carol.activity("Update", renamed)) == ["applied"]
    known = await account(office, carol.uri)
    assert known is not None
    assert known.username == "CAROL"
    assert "\u202e" not in known.display_name


async def test_text_that_no_database_takes_is_sanitised_or_refused(
    office: Office, carol: RemoteActor, mal: RemoteActor
) -> None:
    """N09–N11 behind the door: NUL, surrogates, ids that no index holds."""
    note = carol.note("<p>a\x00b</p>", summary="\x00")
    assert await send(office, carol, carol.create(note)) == ["applied"]
    stored = await status(office, note["id"])
    assert stored is not None
    assert "\x00" not in stored.content_html
    lone = b'{"@context":"https://www.w3.org/ns/activitystreams","type":"Like","object":"x\\ud800","actor":"%s"}'
    answer = await mal.post(f"{office.origin}/inbox", lone % mal.uri.encode())
    assert answer.status == 400
    # Letters that don't compress, four bytes each: short enough to count, too long for an index entry.
    endless = "".join(chr(0x20000 + (n * 7919) % 40_000) for n in range(1_900))
    for activity in ({**carol.follow("https://a.test/"), "id": f"{carol.server.origin}/{endless}"},
                     carol.create({**carol.note(), "id": f"{carol.server.origin}/{endless}"}),
                     carol.activity("Delete", f"{carol.server.origin}/{endless}")):  # fmt: skip
        assert await attack(office, carol, activity) == 400
    assert await count(office, Status) == 1
    assert all(state == "done" for _, state, _ in await journal(office))
