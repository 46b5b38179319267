"""Our actors as the world reads them (ActivityPub §4.1).

Keys. `publicKey` is one object, the newest RSA key that still signs: Mastodon, Misskey, Pleroma and GoToSocial read
one only. `assertionMethod` (FEP-521a) lists every key that verifies, as a Multikey: Ed25519 first, then RSA, so that a
peer which holds mail signed with a key in its week of overlap finds that key there under the same id.

The *key stub* is what a stranger gets where only peers may read (GoToSocial's idea): enough to verify a signature and
to answer it, and nothing about the person. Because it needs no signature, two servers that want to verify each other
can't wait for each other forever.

Pure: rows in, a dict out. Nothing is asked of the database.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from communities.groups import COMMUNITIES, rules_of
from communities.topics import TOPICS
from federation.documents import contexts as emitted_contexts
from federation.documents.emojis import emoji_tags
from federation.documents.wire_time import wire_time
from federation.json_ld.strict_json import JsonObject
from federation.sync.marks import SYNC_CAPABILITY
from keys.keypairs import KeyKind, PublicKey
from models.accounts import INSTANCE_ACTOR_ID, Account, Keypair
from models.addresses import LocalAddresses
from models.communities import Community

RFC9421: Final = "https://datatracker.ietf.org/doc/html/rfc9421"
RFC9421_ED25519: Final = f"{RFC9421}#name-eddsa-using-curve-edwards25"
TOKEN_PART: Final = "actor_token"
PROXY_PATH: Final = "/proxyUrl"
UPLOAD_PART: Final = "uploadMedia"

PEERING: Final = "urn:tertulia:peering"

_IMPLEMENTS: Final = (
    {"name": "RFC-9421: HTTP Message Signatures", "href": RFC9421},
    {"name": "RFC-9421 signatures using the Ed25519 algorithm", "href": RFC9421_ED25519},
    {"name": "Peering of Tertulia", "href": PEERING},
    {"name": "Hashtags are actors with archives", "href": TOPICS},
    {"name": "Sync between offices", "href": SYNC_CAPABILITY},
    {"name": "Communities across offices", "href": COMMUNITIES},
)


def actor_document(
    account: Account, keys: Sequence[Keypair], addresses: LocalAddresses, *, community: Community | None = None
) -> JsonObject:
    """The whole document of a local account; `keys` are its unexpired key pairs, oldest first.

    `community` is what a Group is besides an account.
    """
    is_instance = account.id == INSTANCE_ACTOR_ID
    return {
        **_key_stub(account, keys, addresses),
        **({"@context": emitted_contexts.GROUP} if community is not None else {}),
        "name": account.display_name or account.username,
        "summary": account.note_html,
        "url": account.url or addresses.profile(account.username),
        "published": wire_time(account.created_at),
        "webfinger": addresses.handle(account.username),
        "manuallyApprovesFollowers": account.is_locked,
        "discoverable": account.is_discoverable and not is_instance,
        "indexable": account.is_indexable,
        **_capabilities(addresses, is_instance=is_instance),
        **_collections(account, addresses, is_instance=is_instance),
        **_movement(account),
        **_group(account),
        **(_community(account, community, addresses) if community is not None else {}),
        "attachment": [_field(row) for row in account.fields],
        "tag": [*_hashtag(account), *emoji_tags(account.emojis)],
        **({"attributionDomains": account.attribution_domains} if account.attribution_domains else {}),
        **_picture("icon", account.avatar_url, account.avatar_description),
        **_picture("image", account.header_url, account.header_description),
    }


def key_stub_document(account: Account, keys: Sequence[Keypair], addresses: LocalAddresses) -> JsonObject:
    """What everybody may read of an actor: who it is, where its inbox is, and its keys."""
    return _key_stub(account, keys, addresses)


def _key_stub(account: Account, keys: Sequence[Keypair], addresses: LocalAddresses) -> JsonObject:
    return {
        "@context": emitted_contexts.ACTOR,
        "id": account.uri,
        "type": account.actor_type,
        "preferredUsername": account.username,
        "inbox": account.inbox_url,
        "endpoints": _endpoints(account, addresses),
        **_public_key(account.uri, keys),
        "assertionMethod": multikeys(account.uri, keys),
    }


def multikeys(controller: str, keys: Sequence[Keypair]) -> list[JsonObject]:
    """The keys of an actor as Multikeys (FEP-521a): Ed25519 first, those that sign before those that retired."""
    return [_multikey(controller, key) for key in _ed25519_first(keys)]


def _endpoints(account: Account, addresses: LocalAddresses) -> JsonObject:
    found: JsonObject = {"sharedInbox": addresses.shared_inbox}
    if account.actor_type == "Person":
        found |= {
            "proxyUrl": f"{addresses.origin}{PROXY_PATH}",
            "uploadMedia": addresses.part(account.uri, UPLOAD_PART),
            "oauthAuthorizationEndpoint": f"{addresses.origin}/oauth/authorize",
            "oauthTokenEndpoint": f"{addresses.origin}/oauth/token",
        }
    return found


def _public_key(owner: str, keys: Sequence[Keypair]) -> JsonObject:
    rsa = [key for key in keys if key.kind == KeyKind.RSA]
    if not rsa:
        return {}
    newest = max(rsa, key=lambda key: (key.retired_at is None, key.id))
    return {"publicKey": {"id": newest.key_id, "owner": owner, "publicKeyPem": newest.public_pem}}


def _ed25519_first(keys: Sequence[Keypair]) -> list[Keypair]:
    return sorted(keys, key=lambda key: (key.kind != KeyKind.ED25519, key.retired_at is not None, -key.id))


def _multikey(controller: str, key: Keypair) -> JsonObject:
    return {
        "id": key.key_id,
        "type": "Multikey",
        "controller": controller,
        "publicKeyMultibase": _multibase(key.public_pem),
    }


@lru_cache(maxsize=1024)
def _multibase(pem: str) -> str:
    return PublicKey.from_pem(pem).multibase


def _capabilities(addresses: LocalAddresses, *, is_instance: bool) -> JsonObject:
    """FEP-844e: the instance actor says itself what it implements, the others through their generator."""
    implements = [dict(capability) for capability in _IMPLEMENTS]
    if is_instance:
        return {"implements": implements}
    return {"generator": {"id": addresses.instance_actor, "type": "Application", "implements": implements}}


def _collections(account: Account, addresses: LocalAddresses, *, is_instance: bool) -> JsonObject:
    if is_instance:
        return {"outbox": account.outbox_url or addresses.part(account.uri, "outbox")}
    if account.is_topic:
        return {"outbox": account.outbox_url, "followers": account.followers_url}
    return {
        "outbox": account.outbox_url or addresses.part(account.uri, "outbox"),
        "followers": account.followers_url or addresses.part(account.uri, "followers"),
        "following": account.following_url or addresses.part(account.uri, "following"),
        "featured": account.featured_url or addresses.part(account.uri, "collections/featured"),
        "featuredTags": addresses.part(account.uri, "collections/tags"),
    }


def _movement(account: Account) -> JsonObject:
    found: JsonObject = {"alsoKnownAs": account.also_known_as} if account.also_known_as else {}
    if account.moved_to_uri:
        found["movedTo"] = account.moved_to_uri
    return found


def _group(account: Account) -> JsonObject:
    """FEP-1b12: a group names the collection of its moderators, in both spellings that are in use."""
    if not account.is_group or not account.moderators_url:
        return {}
    return {
        "attributedTo": account.moderators_url,
        "moderators": account.moderators_url,
        "postingRestrictedToMods": account.is_posting_restricted,
    }


def _community(account: Account, community: Community, addresses: LocalAddresses) -> JsonObject:
    """What peers know of a community, in terms of our own (docs/FEDERATION.md); a private one issues tokens."""
    found: JsonObject = {
        "communityKind": community.kind,
        "isPrivate": community.is_private,
        "posting": community.posting,
        "rules": rules_of(community),
    }
    if community.is_private:
        found["endpoints"] = {**_endpoints(account, addresses), "actorToken": addresses.part(account.uri, TOKEN_PART)}
    if account.note_source:
        found["source"] = {"content": account.note_source, "mediaType": "text/plain"}
    if community.archived_at is not None:
        found["archived"] = wire_time(community.archived_at)
    if community.default_for is not None:
        found["defaultFor"] = community.default_for
    return found


def _hashtag(account: Account) -> list[JsonObject]:
    """A topic names the hashtag that it is."""
    return [{"type": "Hashtag", "href": account.uri, "name": account.display_name}] if account.is_topic else []


def _field(row: dict[str, Any]) -> JsonObject:
    return {"type": "PropertyValue", "name": row["name"], "value": row.get("value", "")}


def _picture(name: str, url: str | None, description: str | None) -> JsonObject:
    if not url:
        return {}
    return {name: {"type": "Image", "url": url, **({"name": description} if description else {})}}
