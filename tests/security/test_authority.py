"""Who may say what about whom, through the door of an office and with peers that really answer (2b, parts of 2c)."""

from typing import Any

import pytest

from keys.integrity_proofs import add_proof
from keys.signing import Scheme
from models.accounts import Keypair
from models.activities import InboundActivity
from models.relations import Follow
from models.statuses import Status
from models.visibility import Visibility
from tests.graph import account, count, follower_uris, home_uris, notices, status
from tests.peers import Office, Person, run_until_idle
from tests.remote_peers import AS2, PUBLIC, WRONG_KEY, RemoteActor, RemoteServer
from tests.security.cast import attack, follows, proven, send, snapshot, suspend_account, write


async def test_one_actor_however_it_is_written(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    """O06: an actor is exactly one, and it is the one who signs."""
    for actor in ([mal.uri, carol.uri], [carol.uri, mal.uri], {"id": carol.uri}, [], None, 7, {"type": "Person"},
                  [{"id": mal.uri}, carol.uri], f"{mal.uri}#x", carol.uri):  # fmt: skip
        assert await attack(office, mal, {**mal.follow(alice.uri), "actor": actor}) in (400, 401)
    assert await count(office, Follow) == 0
    for actor in ([mal.uri], {"id": mal.uri}, [mal.uri, mal.uri], {"id": mal.uri, "name": "me"}):
        assert await attack(office, mal, {**mal.follow(alice.uri), "actor": actor}) == 202
    assert await follower_uris(office, alice.uri) == [mal.uri]


async def test_an_embedded_actor_is_only_its_id(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    """O07: what comes along as somebody is merged into nobody."""
    await send(office, carol, carol.follow(alice.uri))
    before = await snapshot(office, ignoring=frozenset({"inbound_activities", "remote_hosts", "jobs"}))
    forged = {**carol.document, "name": "Hacked", "publicKey": mal.document["publicKey"], "inbox": mal.inbox_url}
    assert await attack(office, mal, {**mal.follow(alice.uri), "actor": forged}) == 401
    after = await snapshot(office, ignoring=frozenset({"inbound_activities", "remote_hosts", "jobs"}))
    assert {**after, "accounts": [], "keypairs": []} == {**before, "accounts": [], "keypairs": []}
    known = await account(office, carol.uri)
    assert known is not None
    assert (known.display_name, known.inbox_url) == ("", carol.inbox_url)
    assert await send(office, carol, {**carol.activity("Like", await write(office, alice)), "actor": forged}) == [
        "applied"
    ]
    known = await account(office, carol.uri)
    assert known is not None
    assert known.display_name == ""


async def test_only_an_actor_updates_itself(
    office: Office, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor
) -> None:
    """O08 for actors: not a stranger, not a neighbour of the same server, not by another shape of the object."""
    await send(office, carol, carol.create(carol.note()))
    forged = {**carol.document, "name": "Hacked"}
    for other in (eve, mal):
        for value in (forged, [forged], {**forged, "id": other.uri, "url": carol.uri}):
            await attack(office, other, other.activity("Update", value))
    known = await account(office, carol.uri)
    assert known is not None
    assert known.display_name == ""
    assert await send(office, carol, carol.activity("Update", {**carol.document, "name": "Carol"})) == ["applied"]
    known = await account(office, carol.uri)
    assert known is not None
    assert known.display_name == "Carol"


async def test_a_new_key_counts_at_once_and_the_old_one_no_more(
    office: Office, alice: Person, carol: RemoteActor
) -> None:
    """S29: the Update that announces it comes under the old key; after it, only the new one signs."""
    from tests.remote_peers import pooled_rsa

    assert await send(office, carol, carol.follow(alice.uri)) == ["applied"]
    old = carol.rsa
    while carol.rsa.public == old.public:
        carol.rsa = pooled_rsa()
    new = carol.rsa
    carol.publish()
    update = carol.activity("Update", carol.document)
    carol.rsa = old
    assert await send(office, carol, update) == ["applied"]
    carol.server.requests.clear()
    assert await attack(office, carol, carol.activity("Undo", carol.follow(alice.uri))) == 401
    assert await attack(office, carol, carol.activity("Undo", carol.follow(alice.uri))) == 401
    assert (
        carol.server.requests.count(("GET", "/users/carol")) <= 1
    )  # one look at the key's home at most, whoever asks how often
    assert await follower_uris(office, alice.uri) == [carol.uri]
    carol.rsa = new
    assert await send(office, carol, carol.activity("Undo", carol.activity("Follow", alice.uri))) == ["applied"]
    assert await follower_uris(office, alice.uri) == []


async def test_who_deletes_itself_is_purged_although_its_server_forgot_it(
    office: Office, alice: Person, carol: RemoteActor
) -> None:
    """S31: known here, gone there: its last word still holds, and only under its own key."""
    await follows(office, alice, carol)
    note = carol.note()
    await send(office, carol, carol.create(note))
    carol.server.withdraw(carol.uri, 410)
    farewell = carol.activity("Delete", carol.uri, to=[PUBLIC])
    answer = await carol.post(f"{office.origin}/inbox", farewell, tamper=WRONG_KEY)
    assert answer.status in (202, 401)
    await office.run_until_idle()
    assert await home_uris(alice) == [note["id"]]
    assert await send(office, carol, farewell) == ["applied"]
    assert await home_uris(alice) == []
    gone = await account(office, carol.uri)
    assert gone is not None
    assert gone.gone_at is not None


async def test_a_key_of_ours_is_never_asked_of_ourselves(office: Office, alice: Person, mal: RemoteActor) -> None:
    """S32: a garbage signature in the name of one of ours costs no request and opens nothing."""
    from dataclasses import replace

    local = replace(mal, uri=alice.uri)
    answer = await local.post(f"{office.origin}/inbox", local.follow(alice.uri))
    assert answer.status in (401, 403)
    assert await count(office, InboundActivity) == 0


async def test_closed_offices_meet_without_waiting_for_each_other(two_offices: tuple[Office, Office]) -> None:
    """S36: each signs its first fetch with a key that the other must read to check it."""
    from federation.actors import resolve_handle
    from outbox.follows import publish_follow

    madrid, lisbon = two_offices
    alice, bob = await madrid.create_person("alice"), await lisbon.create_person("bob")
    found = await resolve_handle(madrid.services, f"@bob@{lisbon.domain}")
    async with madrid.services.database.unit_of_work() as unit:
        await publish_follow(madrid.services, unit, alice.account, found)
    await run_until_idle(madrid, lisbon)
    assert await follower_uris(lisbon, bob.uri) == [alice.uri]
    assert await follower_uris(madrid, bob.uri) == [alice.uri]


async def test_readers_get_what_is_theirs(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor, stranger: RemoteServer
) -> None:
    """S34, S35: unsigned 401, unlisted 403, blocked and non-followers 404, followers 200."""
    from outbox.follows import publish_block

    await send(office, carol, carol.follow(alice.uri))
    await send(office, mal, mal.follow(alice.uri))
    public, private = await write(office, alice), await write(office, alice, to=(alice.followers_url,))
    enemy, unlisted = await account(office, mal.uri), await stranger.actor("nobody")
    assert enemy is not None
    async with office.services.database.unit_of_work() as unit:
        await publish_block(office.services, unit, alice.account, enemy)
    answers = {
        name: [(await reader.get(uri)).status for uri in (public, private)]
        for name, reader in {"follower": carol, "other": eve, "blocked": mal, "unlisted": unlisted}.items()
    }
    assert answers == {"follower": [200, 200], "other": [200, 404], "blocked": [404, 404], "unlisted": [403, 403]}
    assert [(await office.get(uri)).status for uri in (public, private)] == [401, 401]
    for path in (alice.outbox_url, alice.followers_url):
        assert (await office.get(path)).status == 401
        assert (await unlisted.get(path)).status == 403
    assert (await office.get("/actor")).status == 200
    assert (await office.get(alice.uri)).json.keys() & {"name", "summary", "icon"} == set()


async def test_kinds_of_actors_do_not_change_and_statuses_never_become_actors(
    office: Office, alice: Person, carol: RemoteActor
) -> None:
    """O31, with the neighbours: a group that becomes a person, a note with keys, a note that becomes an actor."""
    note = carol.note()
    await send(office, carol, carol.create(note))
    keys = await count(office, Keypair)
    for kind in ("Group", "Application"):
        assert await send(office, carol, carol.activity("Update", {**carol.document, "type": kind})) == ["invalid"]
    known = await account(office, carol.uri)
    assert known is not None
    assert known.actor_type == "Person"
    smuggled = {**carol.document, "id": note["id"], "publicKey": {**carol.document["publicKey"], "owner": note["id"]}}
    for value in (smuggled, {**note, "publicKeyPem": carol.rsa.public.pem}, {**note, "inbox": carol.inbox_url}):
        await attack(office, carol, carol.activity("Update", value))
        await attack(office, carol, carol.create({**value, "id": carol.server.new_uri("smuggled")}))
    stored = await status(office, note["id"])
    assert stored is not None
    assert (stored.object_type, stored.content_html) == ("Note", note["content"])
    assert await account(office, note["id"]) is None
    assert (await count(office, Status), await count(office, Keypair)) == (1, keys)
    assert await send(office, carol, carol.activity("Update", {**carol.document, "type": "Service"})) == ["applied"]


@pytest.mark.parametrize("spelling", ["fragment", "user-info", "port", "scheme", "upper host", "backslash", "tab"])
async def test_an_id_is_an_exact_string_of_its_own_origin(office: Office, carol: RemoteActor, spelling: str) -> None:
    """O34: what could be read in two ways names nothing."""
    note = carol.note()
    uri, (host, _, port) = note["id"], carol.server.host.partition(":")
    written = {
        "fragment": f"{uri}#x", "user-info": uri.replace("://", "://good.test@"),
        "port": uri.replace(f":{port}", ":8443"), "scheme": uri.replace("http:", "https:"),
        "upper host": uri.replace("http:", "HTTP:"), "backslash": uri.replace("/notes", "\\notes"),
        "tab": uri.replace("/notes", "/\tnotes"),
    }[spelling]  # fmt: skip
    await attack(office, carol, carol.create({**note, "id": written}))
    if spelling != "fragment":  # that names an activity within its actor, as Mastodon does it
        await attack(office, carol, {**carol.activity("Announce", note["id"]), "id": written})
    assert await count(office, Status) == 0
    assert await send(office, carol, carol.create(note)) == ["applied"]
    assert (await status(office, uri), host) != (None, None)


async def test_a_page_elsewhere_is_not_shown_as_the_status(
    office: Office, carol: RemoteActor, evil: RemoteServer
) -> None:
    """O35."""
    phishing, honest = carol.note(url=f"{evil.origin}/login"), carol.note(url=f"{carol.server.origin}/@carol/1")
    await send(office, carol, carol.create(phishing), carol.create(honest))
    urls = [found.url for note in (phishing, honest) if (found := await status(office, note["id"]))]
    assert urls == [phishing["id"], honest["url"]]


async def test_an_id_that_leads_elsewhere_is_asked_there(office: Office, carol: RemoteActor, mal: RemoteActor) -> None:
    """O33, O01: a copy under another address is followed to its own, and believed only there."""
    note = carol.note("<p>real</p>")
    alias = carol.server.new_uri("alias")
    carol.server.documents[carol.server.path_of(alias)] = {**note, "content": "<p>copy</p>"}
    fake = mal.server.new_uri("copy")
    mal.server.documents[mal.server.path_of(fake)] = {**note, "content": "<p>forged</p>"}
    await send(office, mal, mal.activity("Announce", fake, to=[PUBLIC]))
    assert await count(office, Status) == 0
    await send(office, mal, mal.activity("Announce", alias, to=[PUBLIC]))
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.content_html == "<p>real</p>"
    assert await status(office, alias) is None


@pytest.mark.parametrize(
    ("to", "visibility"),
    [(PUBLIC, "public"), ("as:Public", "public"), ("Public", "public"), ([PUBLIC], "public"),
     ({"id": PUBLIC}, "public"),
     ("as:public", None), ("PUBLIC", None), (PUBLIC.upper(), None), (f"{PUBLIC}/", None), ("public", None),
     ("https://w3.org/ns/activitystreams#Public", None)],
)  # fmt: skip
async def test_public_has_three_spellings_and_no_more(
    office: Office, carol: RemoteActor, to: Any, visibility: str | None
) -> None:
    """O49: in `to` public, in `cc` unlisted; everything else is nobody."""
    first, second = carol.note(to=to, cc=[]), carol.note(to=[], cc=to)
    for note in (first, second):
        await attack(office, carol, carol.create(note))
    found = [await status(office, note["id"]) for note in (first, second)]
    kinds = [one.visibility if one else None for one in found]
    assert kinds == ([Visibility.PUBLIC, Visibility.UNLISTED] if visibility else [None, None])


async def test_what_is_for_one_is_seen_by_one(office: Office, alice: Person, carol: RemoteActor) -> None:
    """O50, O48: delivered to alice's own inbox it is hers; in the shared inbox it is whom it names."""
    bob = await office.create_person("bob")
    await follows(office, bob, carol)
    hidden = carol.note("<p>for alice</p>", to=[f"{carol.server.origin}/users/x"], cc=[])
    assert await send(office, carol, carol.create(hidden), to=alice.inbox_url) == ["applied"]
    direct = carol.note("<p>for bob</p>", to=[bob.uri], cc=[], tag=[{"type": "Mention", "href": bob.uri}])
    assert await send(office, carol, carol.create(direct)) == ["applied"]
    assert (await home_uris(bob), await home_uris(alice)) == ([direct["id"]], [])
    like = [bob_sees["id"] for bob_sees in (hidden, direct) if bob_sees]
    found = [await status(office, uri) for uri in like]
    assert [one.visibility for one in found if one] == [Visibility.LIMITED, Visibility.DIRECT]
    assert ("mention", carol.uri) in await notices(bob)
    assert await notices(alice) == []


async def test_inboxes_elsewhere_get_nothing(office: Office, alice: Person, remote: RemoteServer, mal: RemoteActor,
                                             evil: RemoteServer) -> None:  # fmt: skip
    """O46, O47: an actor's mail goes to its own server, never to ours, another's, or into our network."""
    stolen = await remote.actor("stolen", inbox=mal.inbox_url)
    assert await attack(office, stolen, stolen.follow(alice.uri)) == 401
    for number, shared in enumerate((f"{evil.origin}/inbox", f"{office.origin}/inbox", "http://127.0.0.1:22/inbox")):
        sly = await remote.actor(f"sly{number}", endpoints={"sharedInbox": shared})
        assert await send(office, sly, sly.follow(alice.uri)) == ["applied"]
        known = await account(office, sly.uri)
        assert known is not None
        assert known.delivery_url == sly.inbox_url
    evil.received.clear()
    await write(office, alice, "<p>secret</p>", to=(alice.followers_url,))
    assert evil.received == []
    assert {received.type for received in remote.received} == {"Accept", "Create"}


async def test_foreign_proofs_give_nobody_another_name(
    office: Office, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor
) -> None:
    """J09, J13, J17: the proof must be the actor's, whole, and hold; a second one by somebody else helps nothing."""
    create = carol.create(carol.note())
    as_mal, as_carol = proven(mal, create), proven(carol, create)
    broken = {**as_carol["proof"], "proofValue": as_mal["proof"]["proofValue"]}
    named = add_proof(create, key=mal.ed25519, verification_method=carol.key_id(Scheme.RFC9421_ED25519),
                      now=carol.server.clock())  # fmt: skip
    forged = [
        as_mal, proven(eve, create), named, {**create, "proof": broken}, {**create, "proof": [as_mal["proof"], broken]},
        {**create, "proof": [as_carol["proof"], broken]}, {**as_carol, "summary": "added"}, {**create, "proof": "x"},
        {**as_carol, "proof": {**as_carol["proof"], "proofPurpose": "authentication"}},
        {**as_carol, "@context": [*as_carol["@context"], {"content": "as:name"}]},
    ]  # fmt: skip
    for activity in forged:
        assert await attack(office, mal, activity) == 401
    assert await count(office, Status) == 0
    # A broken proof of its own makes an activity suspect even when its actor signs the request.
    assert await attack(office, carol, {**create, "proof": broken}) == 401
    both = {**create, "proof": [as_mal["proof"], as_carol["proof"]]}
    assert await send(office, mal, both) == ["applied"]


async def test_a_proven_object_makes_no_activity_of_somebody_else(
    office: Office, carol: RemoteActor, mal: RemoteActor
) -> None:
    """J18: mal may show carol's proven note around, and has written nothing by it."""
    note = carol.note("<p>real</p>")
    signed = proven(carol, {"@context": carol.follow("x")["@context"], **note})
    assert await send(office, mal, mal.create(signed)) == ["forbidden"]
    assert await count(office, Status) == 0
    assert await send(office, mal, mal.activity("Announce", signed, to=[PUBLIC])) == ["applied"]
    stored, author = await status(office, note["id"]), await account(office, carol.uri)
    assert stored is not None
    assert author is not None
    assert stored.account_id == author.id


@pytest.mark.parametrize("signature", [[], "x", None, 7, {"type": "RsaSignature2017"}, {"type": "Ed25519"}, [{}],
                                       {"type": "RsaSignature2017", "creator": "$carol", "signatureValue": "AAAA"},
                                       {"@id": "x", "type": ["RsaSignature2017"], "creator": ["$carol"]}])  # fmt: skip
async def test_odd_linked_data_signatures_are_no_signatures(
    office: Office, carol: RemoteActor, mal: RemoteActor, signature: Any
) -> None:
    """J12: unsigned then; who signs the request itself is heard all the same."""
    if isinstance(signature, dict) and "creator" in signature:
        signature = {**signature, "creator": carol.key_id(Scheme.CAVAGE_RSA)}
    create = {**carol.create(carol.note()), "signature": signature}
    assert await attack(office, mal, create) in (400, 401)
    assert await count(office, Status) == 0
    assert await attack(office, carol, create) in (202, 400)


async def test_undefined_words_in_a_signed_document_are_not_read(
    office: Office, carol: RemoteActor, mal: RemoteActor
) -> None:
    """J10: what a Linked Data Signature doesn't cover can be added by anybody, so nothing of it counts."""
    from federation.json_ld import canonicalize
    from keys.linked_data_signatures import add_linked_data_signature

    note = carol.note("<p>signed</p>")
    create = {
        **carol.create(note),
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
    }
    signed = add_linked_data_signature(create, key=carol.rsa, creator=carol.key_id(Scheme.CAVAGE_RSA),
                                       now=carol.server.clock(), canonicalize=canonicalize)  # fmt: skip
    for added in ({"sensitive": True}, {"quoteUrl": f"{mal.server.origin}/notes/1"}, {"toot:sensitive": True}):
        await attack(office, mal, {**signed, "object": {**note, **added}})
    stored = await status(office, note["id"])
    assert stored is None or (stored.is_sensitive, stored.quote_uri) == (False, None)
    assert await attack(office, mal, signed) == 202
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.content_html == "<p>signed</p>"


@pytest.mark.parametrize("types", [["Create", "Announce"], ["Announce", "Create"], ["Create", "Delete"],
                                   [f"{AS2}#Create", "Like"], ["Juggle", "Create"]])  # fmt: skip
async def test_several_types_run_one_handler_at_most(office: Office, carol: RemoteActor, types: list[str]) -> None:
    """J20: and which one doesn't depend on luck."""
    assert await attack(office, carol, {**carol.create(carol.note()), "type": types}) in (202, 400)
    stored = await count(office, Status)
    assert stored == (1 if types[0] == "Juggle" else 0)
    assert await attack(office, carol, carol.create({**carol.note(), "type": ["Note", "Delete"]})) in (202, 400)
    assert await count(office, Status) == stored


@pytest.mark.parametrize("twice", [{"@id": "https://a.test/1"}, {"@type": "Delete"}, {"@type": ["Create"]}])
async def test_two_spellings_of_one_thing_are_refused(
    office: Office, carol: RemoteActor, twice: dict[str, Any]
) -> None:
    """J21."""
    assert await attack(office, carol, {**carol.create(carol.note()), **twice}) == 400
    assert await attack(office, carol, carol.create({**carol.note(), **twice})) == 400
    assert await count(office, Status) == 0


async def test_a_suspended_peer_in_no_spelling_and_its_accounts_in_no_role(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, remote: RemoteServer
) -> None:
    """S33, O19: after the door is closed, nothing of it comes in by another one."""
    note = carol.note()
    await send(office, carol, carol.create(note), carol.follow(alice.uri))
    await office.suspend(remote)
    assert await attack(office, carol, carol.activity("Like", await write(office, alice))) == 403
    copied = proven(carol, carol.create(carol.note()))
    assert await attack(office, mal, copied) == 401
    await send(
        office, mal, mal.create(mal.note(inReplyTo=carol.note()["id"], tag=[{"type": "Mention", "href": carol.uri}]))
    )
    await send(office, mal, mal.activity("Announce", note["id"], to=[PUBLIC]))
    assert await count(office, Status) == 3  # carol's first, alice's, and mal's answer without its parent


async def test_a_suspended_account_s_posts_are_nobody_s_to_quote_or_answer(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    """O45 for what was there before: it stays unseen for peers."""
    note = carol.note()
    await send(office, carol, carol.create(note))
    await suspend_account(office, carol.uri)
    outcomes = await send(
        office, mal, mal.activity("Like", note["id"]), mal.activity("Announce", note["id"], to=[PUBLIC])
    )
    assert outcomes == ["unrelated", "unrelated"]
