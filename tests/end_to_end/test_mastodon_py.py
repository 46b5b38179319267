"""Mastodon.py, which decodes every answer into typed entities, drives two live offices that federate."""

import asyncio
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from mastodon import Mastodon, MastodonNotFoundError, StreamListener
from PIL import Image

from tests.end_to_end.clients import register
from tests.end_to_end.conftest import OpenInstance
from tests.end_to_end.instance import Instance, make_peers

pytestmark = pytest.mark.timeout(600)
PATIENCE_SECONDS = 30.0
T = TypeVar("T")


def until(probe: Callable[[], T], holds: Callable[[T], bool] = bool) -> T:
    """What `probe` gives once it `holds`: what another office does takes its time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = probe()
        if holds(found):
            return found
        assert time.monotonic() < deadline, f"still {found!r}"
        time.sleep(0.1)


def a_picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (320, 200), "teal").save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class Cast:
    """Ana and Ben in Madrid, Carla in Lisbon, each with Mastodon.py."""

    ana: Mastodon
    ben: Mastodon
    carla: Mastodon
    madrid: Instance
    lisbon: Instance

    def remote(self, who: Mastodon, handle: str) -> Any:
        """An account of another office, as `who` finds it."""
        found = who.account_search(f"@{handle}", resolve=True)
        assert [account.acct for account in found] == [handle]
        return found[0]


async def two_offices(open_instance: OpenInstance) -> tuple[Instance, Instance]:
    madrid, lisbon = await open_instance("madrid", "127.0.0.1"), await open_instance("lisbon", "127.9.0.4")
    await asyncio.gather(madrid.serve(), lisbon.serve())
    await make_peers(madrid, lisbon)
    for name in ("ana", "ben"):
        await madrid.create_person(name)
    await lisbon.create_person("carla")
    return madrid, lisbon


async def test_mastodon_py_drives_two_offices(open_instance: OpenInstance) -> None:
    madrid, lisbon = await two_offices(open_instance)

    def story() -> None:
        here, there = register(madrid), register(lisbon)
        cast = Cast(here.sign_in("ana"), here.sign_in("ben"), there.sign_in("carla"), madrid, lisbon)
        for chapter in CHAPTERS:
            chapter(cast)

    await asyncio.to_thread(story)


def instance_and_identity(cast: Cast) -> None:
    """What an app reads first."""
    v2, v1 = cast.ana.instance_v2(), cast.ana.instance_v1()
    assert v2.domain == cast.madrid.domain
    assert v1.uri == cast.madrid.domain
    assert v2.version.startswith("4.5.0+tertulia.")
    assert cast.ana.mastodon_api_version >= 7
    assert cast.ana.app_verify_credentials().name == "Tests"
    me = cast.ana.me()
    assert (me.acct, me.source.note) == ("ana", "")
    assert cast.ana.preferences()["posting:default:visibility"] == "public"
    assert cast.ana.stream_healthy()
    schema = "http://nodeinfo.diaspora.software/ns/schema/2.1"
    assert cast.ana.instance_nodeinfo(schema).software.name == "tertulia"


def profile(cast: Cast) -> None:
    """A profile with a picture and a table."""
    changed = cast.ana.account_update_credentials(
        display_name="Ana María", note="Calidad, #innovación", avatar=a_picture(), avatar_mime_type="image/png",
        fields=[("Oficina", "Madrid")], locked=False,
    )  # fmt: skip
    assert changed.display_name == "Ana María"
    assert [(field.name, field.value) for field in changed.fields] == [("Oficina", "Madrid")]
    assert "missing" not in changed.avatar
    assert "innovación" in changed.note


def following_across_offices(cast: Cast) -> None:
    """A follow that the other office accepts, and what it knows of it."""
    carla = cast.remote(cast.ana, f"carla@{cast.lisbon.domain}")
    cast.ana.account_follow(carla.id)
    until(lambda: cast.ana.account_relationships(carla.id)[0].following)
    ana = cast.remote(cast.carla, f"ana@{cast.madrid.domain}")
    assert ana.display_name == "Ana María"
    cast.carla.account_follow(ana.id)
    until(lambda: cast.carla.account_relationships(ana.id)[0].following)
    assert cast.carla.account_relationships(ana.id)[0].followed_by
    assert [account.acct for account in cast.carla.account_followers(cast.carla.me().id)] == [ana.acct]
    cast.ben.account_follow(cast.ana.me().id, notify=True)


def posting_with_media_and_poll(cast: Cast) -> None:
    """A picture with its description, a poll that the other office votes in."""
    media = cast.ana.media_post(a_picture(), mime_type="image/png", description="A teal square", focus=(0.5, -0.5))
    assert media.meta.original.width == 320
    posted = cast.ana.status_post("Mira #Calidad https://example.org/a/long/path", media_ids=[media], language="es",
                                  idempotency_key="one")  # fmt: skip
    again = cast.ana.status_post("Mira #Calidad https://example.org/a/long/path", media_ids=[media], language="es",
                                 idempotency_key="one")  # fmt: skip
    assert again.id == posted.id
    seen = until(lambda: cast.carla.timeline_home())[0]
    assert seen.media_attachments[0].description == "A teal square"
    assert [tag.name for tag in seen.tags] == ["calidad"]
    poll = cast.ana.status_post("¿Café?", poll=cast.ana.make_poll(["sí", "no"], expires_in=3600))
    seen = until(lambda: [one for one in cast.carla.timeline_home() if one.poll])[0]
    cast.carla.poll_vote(seen.poll.id, [0])
    until(lambda: cast.ana.poll(poll.poll.id).votes_count, lambda count: count == 1)
    assert cast.carla.poll(seen.poll.id).own_votes == [0]


def editing_and_its_history(cast: Cast) -> None:
    """An edit that the other office sees, with what was there before."""
    posted = cast.ana.status_post("Primera versión")
    seen = until(lambda: [one for one in cast.carla.timeline_home() if "Primera" in one.content])[0]
    assert cast.ana.status_source(posted.id).text == "Primera versión"
    cast.ana.status_update(posted.id, "Segunda versión", spoiler_text="cambio")
    edited = until(lambda: cast.carla.status(seen.id), lambda status: "Segunda" in status.content)
    assert edited.spoiler_text == "cambio"
    assert len(cast.carla.status_history(seen.id)) == 2
    assert len(cast.ana.status_history(posted.id)) == 2


def answers_boosts_favourites_and_notifications(cast: Cast) -> None:
    """What one does to a post of another office, and how its author learns of it, in both forms."""
    posted = cast.ana.status_post("¿Qué os parece?", visibility="public")
    seen = until(lambda: [one for one in cast.carla.timeline_home() if "parece" in one.content])[0]
    assert cast.carla.status_favourite(seen.id).favourited
    wrapper = cast.carla.status_reblog(seen.id)
    assert wrapper.reblog.id == seen.id
    assert wrapper.reblog.reblogged
    cast.carla.status_reply(seen, "¡Muy bien!")
    until(lambda: {one.type for one in cast.ana.notifications()},
          lambda kinds: {"favourite", "reblog", "mention", "follow"} <= kinds)  # fmt: skip
    mentions = cast.ana.notifications(types=["mention"])
    assert "Muy bien" in mentions[0].status.content
    assert cast.ben.notifications(types=["status"])[0].status.id == posted.id
    grouped = cast.ana.grouped_notifications()
    assert {"favourite", "reblog"} <= {group.type for group in grouped.notification_groups}
    assert cast.ana.notifications_unread_count().count >= 4
    context = cast.ana.status_context(posted.id)
    assert ["Muy bien" in one.content for one in context.descendants] == [True]
    assert [one.acct for one in cast.ana.status_favourited_by(posted.id)] == [f"carla@{cast.lisbon.domain}"]
    assert [one.acct for one in cast.ana.status_reblogged_by(posted.id)] == [f"carla@{cast.lisbon.domain}"]
    cast.ana.markers_set("notifications", mentions[0].id)
    assert cast.ana.markers_get(["notifications"]).notifications.last_read_id == mentions[0].id
    assert not cast.carla.status_unfavourite(seen.id).favourited
    cast.carla.status_unreblog(seen.id)
    until(lambda: cast.ana.status(posted.id).favourites_count, lambda count: count == 0)
    cast.ana.notifications_dismiss(mentions[0].id)
    with pytest.raises(MastodonNotFoundError):
        cast.ana.notifications(id=mentions[0].id)


def timelines_and_lists(cast: Cast) -> None:
    """Public, hashtag and list timelines, with paging."""
    for number in range(5):
        cast.ben.status_post(f"Número {number} #cuenta")
    assert {one.account.acct for one in cast.ana.timeline_local()} == {"ana", "ben"}
    page = cast.ana.timeline_hashtag("cuenta", limit=2)
    pages = cast.ana.fetch_remaining(page)
    assert [one.content.count("Número") for one in pages] == [1] * 5
    carla = cast.remote(cast.ana, f"carla@{cast.lisbon.domain}")
    made = cast.ana.list_create("Lisboa", replies_policy="list")
    cast.ana.list_accounts_add(made.id, [carla.id])
    cast.carla.status_post("Desde Lisboa")
    until(lambda: [one for one in cast.ana.timeline_list(made.id) if "Desde Lisboa" in one.content])
    assert [one.title for one in cast.ana.account_lists(carla.id)] == ["Lisboa"]
    cast.ana.list_accounts_delete(made.id, [carla.id])
    cast.ana.list_delete(made.id)
    cast.ana.tag_follow("cuenta")
    assert [tag.name for tag in cast.ana.followed_tags()] == ["cuenta"]
    cast.ana.tag_unfollow("cuenta")


def filters_mutes_and_blocks(cast: Cast) -> None:
    """What one doesn't want to read."""
    ben = cast.ana.account_lookup("ben")
    cast.ana.account_follow(ben.id)
    made = cast.ana.create_filter_v2("Fútbol", context=["home", "public"], filter_action="warn",
                                     keywords_attributes=[{"keyword": "gol", "whole_word": True}])  # fmt: skip
    cast.ben.status_post("¡Gol! otra vez")
    found = next(one for one in cast.ana.timeline_home() if "otra vez" in one.content)
    assert found.filtered[0].filter.title == "Fútbol"
    assert found.filtered[0].keyword_matches == ["gol"]
    assert cast.ana.filters_v2()[0].keywords[0].keyword == "gol"
    cast.ana.delete_filter_v2(made.id)
    assert cast.ana.account_mute(ben.id, notifications=True).muting
    assert not [one for one in cast.ana.timeline_home() if one.account.id == ben.id]
    assert [one.id for one in cast.ana.mutes()] == [ben.id]
    cast.ana.account_unmute(ben.id)
    assert cast.ana.account_block(ben.id).blocking
    assert [one.id for one in cast.ana.blocks()] == [ben.id]
    assert not cast.ana.account_unblock(ben.id).blocking
    cast.ana.domain_block("spam.example")
    assert cast.ana.domain_blocks() == ["spam.example"]
    cast.ana.domain_unblock("spam.example")


def bookmarks_pins_and_conversations(cast: Cast) -> None:
    """What one keeps, shows and says privately, across offices."""
    posted = cast.ana.status_post("Para guardar")
    assert cast.ana.status_bookmark(posted.id).bookmarked
    assert [one.id for one in cast.ana.bookmarks()] == [posted.id]
    assert cast.ana.status_pin(posted.id).pinned
    assert [one.id for one in cast.ana.account_statuses(cast.ana.me().id, pinned=True)] == [posted.id]
    cast.ana.status_unpin(posted.id)
    cast.ana.status_post(f"@carla@{cast.lisbon.domain} en privado", visibility="direct")
    talk = until(lambda: cast.carla.conversations())[0]
    assert talk.unread
    assert "en privado" in talk.last_status.content
    assert not cast.carla.conversations_read(talk.id).unread
    cast.carla.status_reply(talk.last_status, "de acuerdo")
    until(lambda: [one for one in cast.ana.conversations() if "de acuerdo" in one.last_status.content])


def scheduled_and_deleted(cast: Cast) -> None:
    """What is said later, and what is taken back."""
    later = cast.ana.status_post("Mañana", scheduled_at=datetime.now(UTC) + timedelta(days=1))
    assert [one.params.text for one in cast.ana.scheduled_statuses()] == ["Mañana"]
    moved = cast.ana.scheduled_status_update(later.id, datetime.now(UTC) + timedelta(days=2))
    assert moved.scheduled_at > later.scheduled_at
    cast.ana.scheduled_status_delete(later.id)
    posted = cast.ana.status_post("Me equivoqué")
    seen = until(lambda: [one for one in cast.carla.timeline_home() if "equivoqu" in one.content])[0]
    gone = cast.ana.status_delete(posted.id)
    assert gone.text == "Me equivoqué"
    until(lambda: not [one for one in cast.carla.timeline_home() if one.id == seen.id])
    with pytest.raises(MastodonNotFoundError):
        cast.carla.status(seen.id)


def quotes(cast: Cast) -> None:
    """A quote across offices, and its end."""
    posted = cast.ana.status_post("Citable", quote_approval_policy="public")
    seen = until(lambda: [one for one in cast.carla.timeline_home() if "Citable" in one.content])[0]
    quoting = cast.carla.status_post("Mirad esto", quoted_status_id=seen.id)
    until(lambda: cast.carla.status(quoting.id).quote.state, lambda state: state == "accepted")
    found = until(lambda: cast.ana.status_quotes(posted.id))[0]
    assert found.quote.quoted_status.id == posted.id
    cast.ana.status_quote_revoke(posted.id, found.id)
    until(lambda: cast.carla.status(quoting.id).quote.state, lambda state: state == "revoked")


def searching(cast: Cast) -> None:
    """People, hashtags, and an address of another office."""
    written = cast.carla.status_post("Buscadme #lupa")
    found = cast.ana.search_v2(written.uri, resolve=True)
    assert [one.uri for one in found.statuses] == [written.uri]
    assert [one.acct for one in cast.ana.search_v2("carla").accounts] == [f"carla@{cast.lisbon.domain}"]
    assert [one.name for one in cast.ana.search_v2("#lupa").hashtags] == ["lupa"]


def small_things(cast: Cast) -> None:
    """Endpoints that apps ask at their start: well-formed, if only empty."""
    ana = cast.ana
    for ask in (
        ana.announcements, ana.custom_emojis, ana.suggestions, ana.trending_tags, ana.trending_statuses,
        ana.trending_links, ana.featured_tags, ana.featured_tag_suggestions, ana.endorsements, ana.follow_requests,
        ana.favourites, ana.directory, ana.instance_rules, ana.instance_activity, ana.instance_peers,
        ana.filters, ana.lists, ana.notification_requests,
    ):  # fmt: skip
        assert isinstance(ask(), list), ask
    ana.notifications_policy()
    ana.instance_translation_languages()
    tag = ana.featured_tag_create("calidad")
    assert [one.name.casefold() for one in ana.featured_tags()] == ["calidad"]
    ana.featured_tag_delete(tag)
    ben = ana.account_lookup("ben")
    assert ana.account_note_set(ben.id, "recursos humanos").note == "recursos humanos"
    assert [one.id for one in ana.account_familiar_followers([ben.id])] == [ben.id]
    assert ana.report(ben.id, comment="a test", category="other").category == "other"


class Heard(StreamListener):  # type: ignore[misc]
    """Keeps what the stream says."""

    def __init__(self) -> None:
        self.updates: list[Any] = []
        self.notifications: list[Any] = []
        self.deletions: list[Any] = []

    def on_update(self, status: Any) -> None:
        self.updates.append(status)

    def on_notification(self, notification: Any) -> None:
        self.notifications.append(notification)

    def on_delete(self, status_id: Any) -> None:
        self.deletions.append(status_id)


def streaming(cast: Cast) -> None:
    """What the other office writes arrives while one looks."""
    heard = Heard()
    stream = cast.ana.stream_user(heard, run_async=True)
    try:
        until(stream.is_receiving)
        posted = cast.carla.status_post(f"@ana@{cast.madrid.domain} ¿me oyes?")
        until(lambda: heard.notifications)
        until(lambda: [one for one in heard.updates if "me oyes" in one.content])
        cast.carla.status_delete(posted.id)
        until(lambda: heard.deletions)
    finally:
        stream.close()


CHAPTERS = (
    instance_and_identity,
    profile,
    following_across_offices,
    posting_with_media_and_poll,
    editing_and_its_history,
    answers_boosts_favourites_and_notifications,
    timelines_and_lists,
    bookmarks_pins_and_conversations,
    scheduled_and_deleted,
    quotes,
    searching,
    small_things,
    streaming,
    filters_mutes_and_blocks,
)
