"""Every activity that we send, one function each (ActivityPub §6, §7).

Pure: URIs, rows and bundles in, a dict out, with its `@context` and without any proof. `uri` is the activity's own id,
made by the caller (`LocalAddresses.activity`), because the same activity must have the same id wherever it is read.
`to` and `cc` are always lists; nothing here knows `bto` or `bcc`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from federation.documents import contexts as emitted_contexts
from federation.documents.actor import actor_document
from federation.documents.audience import addressing, followers_of
from federation.documents.bundles import StatusBundle
from federation.documents.contexts import Context
from federation.documents.emojis import emoji_tags
from federation.documents.status import embedded_status, status_context
from federation.documents.wire_time import wire_time
from federation.json_ld.strict_json import JsonObject
from federation.json_ld.terms import PUBLIC
from models.accounts import Account, Keypair
from models.addresses import LocalAddresses
from models.communities import Community


def activity(
    uri: str,
    kind: str,
    actor_uri: str,
    object_: str | JsonObject | list[str],
    *,
    to: Iterable[str],
    cc: Iterable[str] = (),
    context: Context = emitted_contexts.ACTIVITY,
    **more: Any,
) -> JsonObject:
    """The frame of every activity; an embedded object gives up its `@context` (only the top level has one)."""
    if isinstance(object_, dict):
        object_ = without_context(object_)
    return {
        "@context": context,
        "id": uri,
        "type": kind,
        "actor": actor_uri,
        "to": list(to),
        "cc": list(cc),
        "object": object_,
        **more,
    }


def without_context(document: JsonObject) -> JsonObject:
    """The document as an embedded object."""
    return {name: value for name, value in document.items() if name != "@context"}


def create_uri(status_uri: str) -> str:
    """The id of a status' Create: it follows from the status, so an outbox and a delivery name the same activity."""
    return f"{status_uri}/activity"


def create_activity(bundle: StatusBundle, addresses: LocalAddresses, *, uri: str | None = None) -> JsonObject:
    """Create of a status (ActivityPub §6.2), addressed like the status."""
    status, audience = bundle.status, addressing(bundle, addresses)
    return activity(
        uri or create_uri(status.uri),
        "Create",
        bundle.author.uri,
        embedded_status(bundle, addresses),
        to=audience.to,
        cc=audience.cc,
        context=status_context(status),
        published=wire_time(status.published_at),
        **_group_audience(bundle),
    )


def update_status_activity(uri: str, bundle: StatusBundle, addresses: LocalAddresses, *, at: datetime) -> JsonObject:
    """Update of a status that was edited, or of a poll whose votes changed (ActivityPub §6.3)."""
    audience = addressing(bundle, addresses)
    return activity(
        uri,
        "Update",
        bundle.author.uri,
        embedded_status(bundle, addresses),
        to=audience.to,
        cc=audience.cc,
        context=status_context(bundle.status),
        published=wire_time(at),
        **_group_audience(bundle),
    )


def update_actor_activity(
    uri: str, account: Account, keys: Sequence[Keypair], addresses: LocalAddresses, *, at: datetime
) -> JsonObject:
    """Update of a profile, or of the keys in it."""
    return activity(
        uri,
        "Update",
        account.uri,
        actor_document(account, keys, addresses),
        to=[PUBLIC],
        cc=[followers_of(account, addresses)],
        context=emitted_contexts.ACTOR,
        published=wire_time(at),
    )


def update_group_activity(
    uri: str, account: Account, community: Community, keys: Sequence[Keypair], addresses: LocalAddresses, *,
    is_public: bool, at: datetime,
) -> JsonObject:  # fmt: skip
    """Update of a community, by itself; to its followers alone where not everybody may know of it."""
    followers = followers_of(account, addresses)
    return activity(
        uri,
        "Update",
        account.uri,
        actor_document(account, keys, addresses, community=community),
        to=[PUBLIC if is_public else followers],
        cc=[followers] if is_public else [],
        context=emitted_contexts.GROUP,
        published=wire_time(at),
    )


def tombstone_document(uri: str, *, kind: str | None = None, deleted_at: datetime | None = None) -> JsonObject:
    """What stays under the id of something deleted (ActivityStreams 2.0; ActivityPub §6.4); `kind` is what it was."""
    document: JsonObject = {"@context": emitted_contexts.ACTIVITY, "id": uri, "type": "Tombstone"}
    if kind is not None:
        document["formerType"] = kind
    if deleted_at is not None:
        document["deleted"] = wire_time(deleted_at)
    return document


def delete_status_activity(uri: str, bundle: StatusBundle, addresses: LocalAddresses, *, at: datetime) -> JsonObject:
    """Delete of a status: its Tombstone, addressed to everybody who got the status."""
    status, audience = bundle.status, addressing(bundle, addresses)
    tombstone = tombstone_document(status.uri, kind=status.object_type, deleted_at=at)
    return activity(uri, "Delete", bundle.author.uri, tombstone, to=audience.to, cc=audience.cc,
                    published=wire_time(at), **_group_audience(bundle))  # fmt: skip


def delete_actor_activity(uri: str, account: Account) -> JsonObject:
    """Delete of an account; the object is the bare id, as every server expects it."""
    return activity(uri, "Delete", account.uri, account.uri, to=[PUBLIC])


def announce_activity(bundle: StatusBundle, addresses: LocalAddresses, *, uri: str | None = None) -> JsonObject:
    """Announce, from the bundle of a boost: the id of what is boosted, never a copy. Its id is the boost's own."""
    boost, boosted, audience = bundle.status, bundle.boosted, addressing(bundle, addresses)
    if boosted is None:
        raise ValueError("an Announce needs what it announces")
    return activity(uri or boost.uri, "Announce", bundle.author.uri, boosted.uri, to=audience.to, cc=audience.cc,
                    published=wire_time(boost.published_at))  # fmt: skip


def follow_activity(uri: str, *, actor_uri: str, target_uri: str) -> JsonObject:
    """Follow (ActivityPub §6.5); `uri` is the follow's own URI."""
    return activity(uri, "Follow", actor_uri, target_uri, to=[target_uri])


def accept_activity(uri: str, *, actor_uri: str, accepted: JsonObject) -> JsonObject:
    """Accept of a Follow or another request, embedded, so that its sender needs no look-up."""
    return activity(uri, "Accept", actor_uri, accepted, to=[accepted["actor"]])


def reject_activity(uri: str, *, actor_uri: str, rejected: JsonObject) -> JsonObject:
    """Reject of a Follow or another request, also of a follow that had been accepted."""
    return activity(uri, "Reject", actor_uri, rejected, to=[rejected["actor"]],
                    context=_context_for(rejected))  # fmt: skip


def undo_activity(uri: str, undone: JsonObject) -> JsonObject:
    """Undo of an activity of ours, given as it was sent, addressed to the same readers (ActivityPub §6.10)."""
    return activity(uri, "Undo", undone["actor"], undone, to=undone["to"], cc=undone["cc"],
                    context=_context_for(undone))  # fmt: skip


def like_activity(
    uri: str, *, actor_uri: str, status_uri: str, author_uri: str, content: str = "", emojis: Iterable[JsonObject] = ()
) -> JsonObject:
    """Like, or EmojiReact when there is `content` (FEP-c0e0); `emojis` are rows of the custom emoji in it."""
    if not content:
        return activity(uri, "Like", actor_uri, status_uri, to=[author_uri])
    return activity(uri, "EmojiReact", actor_uri, status_uri, to=[author_uri], context=emitted_contexts.REACTION,
                    content=content, tag=emoji_tags(emojis))  # fmt: skip


def block_activity(uri: str, *, actor_uri: str, target_uri: str) -> JsonObject:
    """Block, told to the blocked side so that it stops showing what it can no longer reach (ActivityPub §6.9)."""
    return activity(uri, "Block", actor_uri, target_uri, to=[target_uri])


def flag_activity(
    uri: str, *, instance_actor_uri: str, target_uri: str, status_uris: Sequence[str], comment: str
) -> JsonObject:
    """Flag, from the instance, so that who reports stays unknown to the other side (Mastodon's convention)."""
    return activity(uri, "Flag", instance_actor_uri, [target_uri, *status_uris], to=[target_uri], content=comment)


def move_activity(uri: str, account: Account, target_uri: str, addresses: LocalAddresses) -> JsonObject:
    """Move of an account to another that lists it in `alsoKnownAs` (FEP-7628)."""
    return activity(uri, "Move", account.uri, account.uri, to=[followers_of(account, addresses)], target=target_uri)


def add_activity(
    uri: str, account: Account, object_: str | JsonObject, target_uri: str, addresses: LocalAddresses
) -> JsonObject:
    """Add to a collection of the actor: a status to `featured`, a Hashtag to `featuredTags`."""
    return _listing("Add", uri, account, object_, target_uri, addresses)


def remove_activity(
    uri: str, account: Account, object_: str | JsonObject, target_uri: str, addresses: LocalAddresses
) -> JsonObject:
    """Remove from a collection of the actor."""
    return _listing("Remove", uri, account, object_, target_uri, addresses)


def _listing(
    kind: str, uri: str, account: Account, object_: str | JsonObject, target_uri: str, addresses: LocalAddresses
) -> JsonObject:
    return activity(uri, kind, account.uri, object_, to=[PUBLIC], cc=[followers_of(account, addresses)],
                    context=emitted_contexts.STATUS, target=target_uri)  # fmt: skip


def vote_activity(uri: str, *, vote_uri: str, actor_uri: str, question_uri: str, author_uri: str, name: str,
                  at: datetime) -> JsonObject:  # fmt: skip
    """A vote: Create of a Note with a name, a parent and no content, to the poll's author alone (Mastodon)."""
    note: JsonObject = {
        "id": vote_uri,
        "type": "Note",
        "attributedTo": actor_uri,
        "to": [author_uri],
        "cc": [],
        "name": name,
        "inReplyTo": question_uri,
        "published": wire_time(at),
    }
    return activity(uri, "Create", actor_uri, note, to=[author_uri], published=wire_time(at))


def _group_audience(bundle: StatusBundle) -> JsonObject:
    return {"audience": [bundle.group.uri]} if bundle.group is not None else {}


def _context_for(document: JsonObject) -> Context:
    context: Context = document.get("@context") or emitted_contexts.ACTIVITY
    return context
