"""What we send: its form, and that we read our own documents back as the same draft."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from federation import documents
from federation.activity import parse_activity
from federation.documents import contexts as emitted_contexts
from federation.documents.bundles import StatusBundle
from federation.json_ld import JsonObject, normalise, parse_document
from federation.json_ld.terms import PUBLIC
from federation.parse import status_draft
from models.communities import Community, Role
from models.statuses import Status
from models.visibility import Visibility
from tests.federation.office import (
    ADDRESSES,
    ALICE,
    BOB,
    CAROL,
    NOW,
    keypairs,
    local_account,
    local_status,
    picture,
    poll,
    remote_account,
    tag,
)

LATER = NOW + timedelta(days=1)
HOSTED = local_account(9, "afterwork", actor_type="Group", moderators_url="https://office.test/users/9/moderators")
COMMUNITY = Community(
    account_id=9, kind="on_request", is_private=True, posting="publishers", rules="Be kind\nBe brief", archived_at=NOW,
    default_for="network",
)  # fmt: skip
GROUP = remote_account(2002, "gardeners", "peer.test", actor_type="Group")
EMOJI = {"shortcode": "coffee", "url": "https://office.test/media/coffee.png", "media_type": "image/png"}
URI = ADDRESSES.activity(77)


def wire(document: JsonObject) -> JsonObject:
    """The document as a peer gets it."""
    return parse_document(orjson.dumps(document))


def rich_bundle(**more: Any) -> StatusBundle:
    values: dict[str, Any] = {
        "summary": "Lunch", "is_sensitive": True, "language": "pt-BR", "emojis": [EMOJI],
        "in_reply_to_uri": "https://peer.test/notes/1", "in_reply_to_account_id": CAROL.id,
        "context_uri": "https://peer.test/contexts/1", "quote_uri": "https://peer.test/notes/2",
        "quote_authorization_uri": "https://peer.test/stamps/2", "edited_at": NOW + timedelta(hours=1),
        "source_text": "**Good** morning", "source_media_type": "text/markdown",
        "favourites_count": 4, "boosts_count": 5,
    }  # fmt: skip
    status = local_status(5001, ALICE, **{**values, **more})
    return StatusBundle(
        status, ALICE, mentions=(CAROL, BOB), silent=(GROUP,), tags=(tag(1, "Größe"),),
        attachments=(picture(9, ALICE, status), picture(10, ALICE, status, media_type="application/pdf")),
        parent_uri=values["in_reply_to_uri"], parent_author=CAROL,
    )  # fmt: skip


def question() -> StatusBundle:
    status = local_status(5002, ALICE, object_type="Question")
    return StatusBundle(status, ALICE, poll=poll(1, status, closed_at=NOW))


def event() -> StatusBundle:
    details = {
        "starts_at": "2026-05-01T18:00:00+00:00", "ends_at": "2026-05-01T20:00:00+00:00", "location_name": "Canteen",
        "location_address": "Calle Mayor 1, Madrid", "location_url": "https://office.test/canteen", "latitude": 40.4,
        "longitude": -3.7, "timezone": "Europe/Madrid", "status": "CONFIRMED", "join_mode": "free",
        "is_online": False, "maximum_attendees": 40,
    }  # fmt: skip
    return StatusBundle(local_status(5003, ALICE, object_type="Event", title="May dance", event=details), ALICE)


def boost(visibility: str = "public") -> StatusBundle:
    boosted = Status(id=3, uri="https://peer.test/notes/3", account_id=CAROL.id)
    status = local_status(5004, BOB, boost_of_id=3, visibility=visibility)
    return StatusBundle(status, BOB, boosted=boosted, boosted_author=CAROL)


FOLLOW = documents.follow_activity(ADDRESSES.follow(1), actor_uri=CAROL.uri, target_uri=ALICE.uri)
REQUEST = {
    "request_uri": "https://peer.test/requests/1", "requester_uri": CAROL.uri,
    "quoted_uri": ADDRESSES.status(ALICE.id, 5001), "quote_uri": "https://peer.test/notes/9",
}  # fmt: skip
ACT: dict[str, Any] = {"actor_uri": ALICE.uri, "group": GROUP}
ON_POST = {**ACT, "status_uri": "https://peer.test/notes/1", "is_public": True}
MODERATION: dict[str, JsonObject] = {
    "Delete": documents.remove_post_activity(URI, **ON_POST, reason="Off topic"),
    "Lock": documents.lock_activity(URI, **{**ON_POST, "is_public": False}),
    "Add of a post": documents.pin_activity(URI, **ON_POST),
    "Remove of a post": documents.pin_activity(URI, **ON_POST, is_pinned=False),
    "Add of an owner": documents.role_activity(URI, **ACT, person_uri=BOB.uri, role=Role.OWNER, is_public=True),
    "Block": documents.ban_activity(
        URI, **ACT, person_uri=CAROL.uri, is_public=True, reason="Spam", until=LATER, removes_posts=True
    ),
    "Invite": documents.invite_activity(URI, **ACT, person_uri=CAROL.uri),
    "Flag": documents.report_activity(URI, **ACT, target_uri=CAROL.uri, status_uris=["https://peer.test/n/1"]),
    "Resolve": documents.resolve_activity(URI, **ACT, report_uri="https://peer.test/flags/1", to=[CAROL.uri]),
    "Reject": {"audience": [], **documents.reject_post_activity(
        URI, group=GROUP, create_uri="https://peer.test/notes/1/activity", author_uri=CAROL.uri,
        status_uri="https://peer.test/notes/1", reason="This thread is locked.",
    )},
    "Announce": {"audience": [], **documents.group_announce_activity(
        URI, group=GROUP, announced="https://peer.test/notes/1", is_public=True, at=NOW
    )},
}  # fmt: skip
EVERYTHING: dict[str, JsonObject] = {
    "community": documents.actor_document(HOSTED, keypairs(HOSTED), ADDRESSES, community=COMMUNITY),
    "person": documents.actor_document(ALICE, keypairs(ALICE), ADDRESSES),
    "key stub": documents.key_stub_document(ALICE, keypairs(ALICE), ADDRESSES),
    "note": documents.status_document(rich_bundle(), ADDRESSES),
    "question": documents.status_document(question(), ADDRESSES),
    "event": documents.status_document(event(), ADDRESSES),
    "Create": documents.create_activity(rich_bundle(), ADDRESSES),
    "Create of an event": documents.create_activity(event(), ADDRESSES),
    "Update of a note": documents.update_status_activity(URI, rich_bundle(), ADDRESSES, at=NOW),
    "Update of an actor": documents.update_actor_activity(URI, ALICE, keypairs(ALICE), ADDRESSES, at=NOW),
    "Delete of a note": documents.delete_status_activity(URI, rich_bundle(), ADDRESSES, at=NOW),
    "Delete of an actor": documents.delete_actor_activity(URI, ALICE),
    "Announce": documents.announce_activity(boost(), ADDRESSES),
    "Follow": FOLLOW,
    "Accept": documents.accept_activity(URI, actor_uri=ALICE.uri, accepted=FOLLOW),
    "Reject": documents.reject_activity(URI, actor_uri=ALICE.uri, rejected=FOLLOW),
    "Undo of a follow": documents.undo_activity(URI, FOLLOW),
    "Undo of a boost": documents.undo_activity(URI, documents.announce_activity(boost(), ADDRESSES)),
    "Like": documents.like_activity(URI, actor_uri=ALICE.uri, status_uri="https://peer.test/n/1", author_uri=CAROL.uri),
    "EmojiReact": documents.like_activity(
        URI, actor_uri=ALICE.uri, status_uri="https://peer.test/n/1", author_uri=CAROL.uri, content=":coffee:",
        emojis=[EMOJI],
    ),
    "Block": documents.block_activity(URI, actor_uri=ALICE.uri, target_uri=CAROL.uri),
    "Flag": documents.flag_activity(
        URI, instance_actor_uri=ADDRESSES.instance_actor, target_uri=CAROL.uri, status_uris=["https://peer.test/n/1"],
        comment="Spam",
    ),
    "Move": documents.move_activity(URI, ALICE, CAROL.uri, ADDRESSES),
    "Add": documents.add_activity(URI, ALICE, ADDRESSES.status(1, 2), ALICE.featured_url or "", ADDRESSES),
    "Remove": documents.remove_activity(URI, ALICE, ADDRESSES.status(1, 2), ALICE.featured_url or "", ADDRESSES),
    "vote": documents.vote_activity(
        URI, vote_uri=f"{ALICE.uri}#votes/1", actor_uri=ALICE.uri, question_uri="https://peer.test/polls/1",
        author_uri=CAROL.uri, name="Friday", at=NOW,
    ),
    "QuoteRequest": documents.quote_request_activity(
        URI, rich_bundle(), ADDRESSES, quoted_uri="https://peer.test/notes/2", quoted_author_uri=CAROL.uri
    ),
    "Accept of a quote": documents.accept_quote_request(
        URI, actor_uri=ALICE.uri, authorization_uri=ADDRESSES.quote_authorization(ALICE.id, 9), **REQUEST
    ),
    "Reject of a quote": documents.reject_quote_request(URI, actor_uri=ALICE.uri, **REQUEST),
    "QuoteAuthorization": documents.quote_authorization_document(
        ADDRESSES.quote_authorization(ALICE.id, 9), author_uri=ALICE.uri, quote_uri="https://peer.test/notes/9",
        quoted_uri=ADDRESSES.status(ALICE.id, 5001),
    ),
    "Tombstone": documents.tombstone_document(ADDRESSES.status(1, 2), kind="Note", deleted_at=NOW),
    **{f"{name} in a community": made for name, made in MODERATION.items()},
    **{f"Undo of {name} in a community": documents.undo_act(URI + "1", made) for name, made in MODERATION.items()},
}  # fmt: skip


def every_object(value: Any) -> list[JsonObject]:
    if isinstance(value, dict):
        inner = [found for key, item in value.items() if key != "@context" for found in every_object(item)]
        return [value, *inner]
    return [found for item in value for found in every_object(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_json_ld_processor_reads_what_we_send_as_everybody_else_does(name: str) -> None:
    document = wire(EVERYTHING[name])
    assert normalise(document) == normalise(document, expand_always=True)


@pytest.mark.parametrize("name", EVERYTHING)
def test_our_contexts_define_every_term_that_we_use(name: str) -> None:
    document = wire(EVERYTHING[name])
    assert normalise(document, strict=True) == normalise(document)


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_form_that_peers_insist_on(name: str) -> None:
    document = EVERYTHING[name]
    for found in every_object(document):
        assert ("@context" in found) == (found is document)
        assert not found.keys() & {"bto", "bcc"}
        lists = [found[key] for key in ("to", "cc", "tag", "attachment", "audience") if key in found]
        assert all(isinstance(value, list) for value in lists)
        assert None not in found.values()
        times = [found[key] for key in ("published", "updated", "deleted", "endTime", "closed") if key in found]
        assert all(value.endswith("Z") and len(value) <= 24 for value in times)


@pytest.mark.parametrize("name", [name for name in EVERYTHING if "actor" in EVERYTHING[name]])
def test_every_activity_is_accepted_by_our_own_inbox(name: str) -> None:
    document = EVERYTHING[name]
    activity = parse_activity(orjson.dumps(document))
    assert (activity.id, activity.type, activity.actor) == (document["id"], document["type"], document["actor"])
    assert set(activity.recipients()) >= {*document["to"], *document["cc"]}


def test_a_note_is_read_back_as_it_was_written() -> None:
    bundle = rich_bundle()
    status = bundle.status
    draft = status_draft(normalise(wire(documents.status_document(bundle, ADDRESSES))), now=LATER)
    assert (draft.uri, draft.attributed_to, draft.type) == (status.uri, ALICE.uri, "Note")
    assert (draft.content_html, draft.summary, draft.language) == ("<p>Good morning</p>", "Lunch", "pt-BR")
    assert (draft.source_text, draft.source_media_type) == ("**Good** morning", "text/markdown")
    assert (draft.visibility, draft.is_sensitive) == (Visibility.PUBLIC, True)
    assert (draft.published_at, draft.updated_at) == (status.published_at, status.edited_at)
    assert (draft.in_reply_to_uri, draft.context_uri) == (bundle.parent_uri, status.context_uri)
    assert [mention.href for mention in draft.mentions] == [CAROL.uri, BOB.uri]
    assert [mention.name for mention in draft.mentions] == ["@carol@peer.test", "@bob@office.test"]
    assert [(tag.name, tag.display) for tag in draft.tags] == [("grosse", "Größe")]
    assert [(emoji.shortcode, emoji.image_url) for emoji in draft.emojis] == [("coffee", EMOJI["url"])]
    assert draft.quote is not None
    assert (draft.quote.uri, draft.quote.authorization_uri) == (status.quote_uri, status.quote_authorization_uri)
    assert draft.interaction_policy is not None
    assert draft.interaction_policy.can_quote is not None
    assert draft.interaction_policy.can_quote.automatic == (PUBLIC,)
    first, second = draft.attachments
    assert (first.url, first.kind, first.description) == ("https://office.test/media/9.png", "image", "A plan")
    assert (first.blurhash, first.width, first.height, first.focus) == ("LEHV6n", 640, 480, (0.25, -0.5))
    assert (second.kind, second.media_type) == ("unknown", "application/pdf")
    assert draft.replies_uri == f"{status.uri}/replies"


def test_a_plain_note_says_nothing_that_it_does_not_have() -> None:
    bundle = StatusBundle(local_status(1, ALICE, language=None), ALICE)
    document = documents.status_document(bundle, ADDRESSES)
    assert not document.keys() & {"updated", "summary", "contentMap", "inReplyTo", "quote", "name", "oneOf", "source"}
    assert (document["tag"], document["attachment"]) == ([], [])


def test_a_poll_is_read_back_as_it_was_written() -> None:
    draft = status_draft(normalise(wire(documents.status_document(question(), ADDRESSES))), now=LATER)
    assert draft.poll is not None
    assert draft.poll.options == (("Monday", 2), ("Friday", 1))
    assert (draft.poll.is_multiple, draft.poll.voters_count) == (False, 3)
    assert (draft.poll.closes_at, draft.poll.closed_at) == (NOW, NOW)


def test_an_event_is_read_back_as_it_was_written() -> None:
    bundle = event()
    draft = status_draft(normalise(wire(documents.status_document(bundle, ADDRESSES))), now=LATER)
    assert draft.event is not None
    assert draft.title == "May dance"
    assert bundle.status.event is not None
    for name, value in bundle.status.event.items():
        found = getattr(draft.event, name)
        assert (found.isoformat() if name.endswith("_at") else found) == value


@pytest.mark.parametrize(
    ("visibility", "to", "cc"),
    [
        ("public", [PUBLIC], [ALICE.followers_url, CAROL.uri, BOB.uri]),
        ("unlisted", [ALICE.followers_url], [PUBLIC, CAROL.uri, BOB.uri]),
        ("private", [ALICE.followers_url], [CAROL.uri, BOB.uri]),
        ("direct", [CAROL.uri, BOB.uri], []),
        ("limited", [CAROL.uri, BOB.uri], []),
    ],
)
def test_a_status_is_addressed_as_its_visibility_says(visibility: str, to: list[str], cc: list[str]) -> None:
    bundle = rich_bundle(visibility=visibility)
    created = documents.create_activity(bundle, ADDRESSES)
    assert (created["to"], created["cc"]) == (to, cc)
    assert (created["object"]["to"], created["object"]["cc"]) == (to, cc)
    assert GROUP.uri not in orjson.dumps(created).decode()  # reached silently, so never named (O48)
    draft = status_draft(normalise(wire(documents.status_document(bundle, ADDRESSES))), now=LATER)
    assert draft.visibility == ("direct" if visibility == "limited" else visibility)


@pytest.mark.parametrize("visibility", ["private", "direct"])
def test_the_author_of_a_parent_is_no_way_around_a_small_audience(visibility: str) -> None:
    status = local_status(1, ALICE, visibility=visibility)
    bundle = StatusBundle(status, ALICE, parent_uri="https://peer.test/notes/1", parent_author=CAROL)
    document = documents.status_document(bundle, ADDRESSES)
    assert CAROL.uri not in (*document["to"], *document["cc"])
    assert document["interactionPolicy"]["canQuote"]["automaticApproval"] == [ALICE.uri]


@pytest.mark.parametrize("state", ["rejected", "revoked"])
def test_a_quote_that_was_refused_is_no_longer_sent(state: str) -> None:
    document = documents.status_document(rich_bundle(quote_state=state), ADDRESSES)
    assert not document.keys() & {"quote", "quoteUri", "_misskey_quote", "quoteAuthorization"}
    assert [tag for tag in document["tag"] if tag["type"] == "Link"] == []
    accepted = documents.status_document(rich_bundle(quote_state="accepted"), ADDRESSES)
    assert accepted["quote"] == accepted["quoteUri"] == accepted["_misskey_quote"] == "https://peer.test/notes/2"
    assert [tag["href"] for tag in accepted["tag"] if tag["type"] == "Link"] == ["https://peer.test/notes/2"]


def test_what_was_written_to_a_group_names_it_as_audience() -> None:
    bundle = StatusBundle(local_status(1, ALICE), ALICE, group=GROUP)
    created = documents.create_activity(bundle, ADDRESSES)
    assert created["audience"] == created["object"]["audience"] == [GROUP.uri]
    assert GROUP.uri in created["cc"]


def test_a_boost_carries_the_id_and_tells_its_author() -> None:
    announced = documents.announce_activity(boost(), ADDRESSES)
    assert announced["object"] == "https://peer.test/notes/3"
    assert (announced["to"], announced["cc"]) == ([PUBLIC], [BOB.followers_url, CAROL.uri])
    assert documents.announce_activity(boost("private"), ADDRESSES)["to"] == [BOB.followers_url]


def test_a_boost_of_nothing_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="needs what it announces"):
        documents.announce_activity(StatusBundle(local_status(1, ALICE), ALICE), ADDRESSES)


def test_a_vote_is_read_as_a_vote() -> None:
    activity = parse_activity(orjson.dumps(EVERYTHING["vote"]))
    assert activity.object is not None
    note = {**activity.object, "id": ADDRESSES.status(1, 1)}
    assert status_draft(note, now=LATER).vote_name == "Friday"


def test_an_undo_reaches_whom_the_activity_reached() -> None:
    undone = EVERYTHING["Undo of a boost"]
    assert (undone["to"], undone["cc"]) == (undone["object"]["to"], undone["object"]["cc"])


def test_the_rule_of_the_author_for_quotes_is_sent() -> None:
    document = documents.status_document(
        rich_bundle(interaction_policy={"automatic": [ALICE.followers_url], "manual": [PUBLIC]}), ADDRESSES
    )
    assert document["interactionPolicy"] == {
        "canQuote": {"automaticApproval": [ALICE.followers_url], "manualApproval": [PUBLIC]}
    }


@pytest.mark.parametrize(("microsecond", "text"), [(0, "09:30:00Z"), (999, "09:30:00Z"), (250_999, "09:30:00.250Z")])
def test_times_have_seconds_or_milliseconds(microsecond: int, text: str) -> None:
    assert documents.wire_time(NOW.replace(microsecond=microsecond)) == f"2026-03-02T{text}"


@pytest.mark.parametrize("build", [documents.create_activity, documents.status_document])
def test_building_never_changes_a_shared_context(build: Callable[[StatusBundle, Any], JsonObject]) -> None:
    before = orjson.dumps(emitted_contexts.STATUS)
    build(rich_bundle(), ADDRESSES)
    assert orjson.dumps(emitted_contexts.STATUS) == before


def test_a_local_mention_carries_our_domain() -> None:
    bundle = StatusBundle(local_status(1, ALICE), ALICE, mentions=(local_account(7, "dora"),))
    assert documents.status_document(bundle, ADDRESSES)["tag"][0]["name"] == "@dora@office.test"


def test_what_moderators_do_names_the_community_and_reaches_whom_it_may() -> None:
    public, private = MODERATION["Delete"], MODERATION["Lock"]
    assert (public["to"], public["cc"], public["audience"]) == ([PUBLIC], [GROUP.uri], [GROUP.uri])
    assert (private["to"], private["cc"]) == ([GROUP.followers_url], [GROUP.uri])
    ban = normalise(wire(MODERATION["Block"]))
    assert (ban["target"], ban["endTime"], ban["removeData"], ban["summary"]) == (
        GROUP.uri, LATER.isoformat().replace("+00:00", "Z"), True, "Spam",
    )  # fmt: skip
    assert MODERATION["Flag"]["to"] == [GROUP.uri]
    assert documents.undo_act(URI, ban)["audience"] == [GROUP.uri]


@pytest.mark.parametrize(
    ("role", "former", "kind", "collection"),
    [
        (Role.OWNER, None, "Add", "moderators"),
        (Role.MODERATOR, None, "Add", "moderators"),
        (Role.PUBLISHER, Role.MODERATOR, "Add", "publishers"),
        (Role.READER, Role.MEMBER, "Add", "readers"),
        (Role.MEMBER, Role.OWNER, "Remove", "moderators"),
        (Role.MEMBER, Role.READER, "Remove", "readers"),
        (Role.MEMBER, None, "Remove", "moderators"),
    ],
)
def test_a_role_is_a_place_in_a_collection(role: Role, former: Role | None, kind: str, collection: str) -> None:
    made = documents.role_activity(URI, **ACT, person_uri=BOB.uri, role=role, former=former, is_public=True)
    assert (made["type"], made["target"]) == (kind, f"{GROUP.uri}/collections/{collection}")
    assert made.get("role") == ("owner" if role is Role.OWNER else None)


def test_a_community_tells_peers_what_it_is_and_lemmy_who_moderates() -> None:
    found = normalise(wire(EVERYTHING["community"]))
    assert (found["communityKind"], found["isPrivate"], found["posting"]) == ("on_request", True, "publishers")
    assert (found["rules"], found["archived"], found["defaultFor"]) == (
        ["Be kind", "Be brief"], NOW.isoformat().replace("+00:00", "Z"), "network",
    )  # fmt: skip
    assert found["moderators"] == found["attributedTo"] == HOSTED.moderators_url
    assert "communityKind" not in documents.actor_document(ALICE, keypairs(ALICE), ADDRESSES)
