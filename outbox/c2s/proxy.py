"""`proxyUrl` (ActivityPub §4.1): fetch a document of another server for one of our people, as our instance.

The other server answers what our *instance* may read, which is more than what one account may: so every object in the
document is checked again for the account that asks (case N21). It must be public, addressed to the account, addressed
to the followers of an author whom the account follows, or its own. Actors are for everybody; a collection is handed on
when each object that it embeds may be. Only ActivityPub documents under their own id come through
(`federation.dereference`), so this is no relay, and why a host can't be reached is not told.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select

from federation.activity import id_of
from federation.client import AddressRefused, FetchBudget, RemoteError
from federation.dereference import AccessDenied, HostNotAllowed, NotFound, fetch_document
from federation.json_ld import JsonObject
from federation.json_ld.terms import ACTOR_TYPES, COLLECTION_TYPES, OTHER_TYPES, PUBLIC
from federation.services import Services
from models.accounts import Account
from models.relations import Follow
from outbox.c2s.refusals import ClientRefused, forbidden, malformed, unknown

REQUESTS: Final = 6
MAX_ADDRESSEES: Final = 1_000
_AUDIENCE: Final = ("to", "cc", "audience", "bto", "bcc")
_FOR_EVERYBODY: Final = ACTOR_TYPES | OTHER_TYPES | {"QuoteAuthorization"}
_PAGES: Final = ("items", "first", "last", "current")
_EMBEDDED: Final = ("object", "target", "origin", "instrument", "result", "preview", "replies", "likes", "shares")


async def fetch_for(services: Services, reader: Account, uri: str) -> bytes:
    """The document as its server sent it. Raises ClientRefused."""
    if not uri.startswith(("https://", "http://")) or len(uri) > 2_000:
        raise malformed("id must be the http(s) URL of an ActivityPub document.")
    if services.addresses.is_local(uri):
        raise malformed("That is on this server: read it there, with the same token.")
    try:
        fetched = await fetch_document(services, uri, budget=FetchBudget(REQUESTS))
    except (HostNotAllowed, AddressRefused) as error:
        raise forbidden("This office exchanges nothing with that server.") from error
    except (NotFound, AccessDenied) as error:
        raise unknown("The document") from error
    except RemoteError as error:
        raise ClientRefused(502, "unavailable", "That server gave no ActivityPub document that can be used.") from error
    if not await may_have(services, reader, fetched.document):
        raise unknown("The document")
    return fetched.raw


async def may_have(services: Services, reader: Account, document: JsonObject) -> bool:
    """Whether the account may read everything in a normalised document; one query."""
    said = list(_said(document))
    collections = {uri for part in said for uri in _audience(part)}
    if len(collections) > MAX_ADDRESSEES:
        return False
    followed = await _followed(services, reader, collections)
    return all(_is_for(reader, part, followed) for part in said)


def _said(value: Any, *, is_covered: bool = False) -> Iterator[JsonObject]:
    """Everything in a document that somebody said to somebody: objects and activities, also those in collections.

    What doesn't say for whom it is is for nobody, unless it `is_covered`: the object of an activity that says it.
    """
    if isinstance(value, list):
        for item in value:
            yield from _said(item, is_covered=is_covered)
    if not isinstance(value, dict) or value.get("type") in _FOR_EVERYBODY:
        return
    if value.get("type") in COLLECTION_TYPES:
        for name in _PAGES:
            yield from _said(value.get(name))
        return
    if _audience(value) or not is_covered:
        yield value
    for name in _EMBEDDED:
        yield from _said(value.get(name), is_covered=name == "object")


def _audience(part: JsonObject) -> list[str]:
    return [uri for name in _AUDIENCE for uri in part.get(name, ())]


def _is_for(reader: Account, part: JsonObject, followed: dict[str, str]) -> bool:
    author = id_of(part.get("attributedTo")) or id_of(part.get("actor"))
    if author == reader.uri:
        return True
    audience = _audience(part)
    return any(uri in (PUBLIC, reader.uri) or followed.get(uri) == author for uri in audience)


async def _followed(services: Services, reader: Account, uris: set[str]) -> dict[str, str]:
    """Of these collections those that are followers of somebody whom the account follows, each with whose they are."""
    async with services.database.reading() as session:
        rows = await session.execute(
            select(Account.followers_url, Account.uri)
            .join(Follow, Follow.followee_id == Account.id)
            .where(Follow.follower_id == reader.id, Follow.state == "accepted", Account.followers_url.in_(uris))
        )
        return {str(followers_url): uri for followers_url, uri in rows}
