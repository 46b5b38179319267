"""Looking something up the way the server would, without remembering it: a URL, a handle, or a file.

What is ours is built from the database, so that it works while no server runs; what isn't is fetched, signed by the
instance actor. All of it comes back in normal form. Raises LookupRefused with a sentence.
"""

from pathlib import Path

import orjson
from sqlalchemy import select

from federation import documents
from federation.actors.discovery import split_handle, webfinger
from federation.client import RemoteError
from federation.dereference import fetch_document
from federation.documents.bundles import load_bundles
from federation.json_ld import DocumentRefused, JsonObject, normalise, parse_document
from federation.services import Services
from models.accounts import Account
from models.activities import OutboundActivity
from models.statuses import Status
from policy.domains import normalise_domain
from social.accounts import account_by_handle


class LookupRefused(Exception):
    """There is nothing, or nothing that can be read; the message says why."""


def names_file(text: str) -> bool:
    """Whether a text names an existing file rather than something to ask a server for."""
    return "://" not in text and not text.startswith("@") and Path(text).is_file()


def read_file(path: Path) -> JsonObject:
    """The normal form of a document in a file."""
    return _normal(path.read_bytes(), str(path))


async def look_up(services: Services, text: str) -> JsonObject:
    """The normal form of what a URL or a handle (`user@host`, with or without a leading @) names."""
    try:
        if "://" in text:
            return await _by_url(services, text)
        handle = split_handle(text)
        if handle is None:
            raise LookupRefused(f"{text} is no URL, no handle (@ana@madrid.example) and no file.")
        return await _by_handle(services, *handle)
    except RemoteError as error:
        raise LookupRefused(f"{text} can't be looked up: {error.detail} ({error.url}).") from error


async def _by_url(services: Services, url: str) -> JsonObject:
    if not services.addresses.is_local(url):
        return (await fetch_document(services, url)).document
    found = await _local_document(services, url)
    if found is None:
        raise LookupRefused(f"This office has no actor, status or activity under {url}.")
    return _normal(found, url)


async def _by_handle(services: Services, name: str, host: str) -> JsonObject:
    try:
        domain = normalise_domain(host)
    except ValueError:
        raise LookupRefused(f"{host} is no host.") from None
    if domain == normalise_domain(services.addresses.domain):
        async with services.database.reading() as session:
            account = await account_by_handle(session, name, None)
        if account is None:
            raise LookupRefused(f"This office has no account {name}.")
        return await _by_url(services, account.uri)
    found = await webfinger(services, f"acct:{name}@{domain}", domain)
    if not found.actor_uris:
        raise LookupRefused(f"{domain} knows {name}, but as nothing that speaks ActivityPub.")
    return await _by_url(services, found.actor_uris[0])


async def _local_document(services: Services, uri: str) -> bytes | None:
    """What we publish under a URI, whoever may read it: an administrator looks."""
    async with services.database.reading() as session:
        account = await session.scalar(select(Account).where(Account.uri == uri, Account.domain.is_(None)))
        if account is not None:
            listed = await services.keyring.public_keys(session, account.id)
            return orjson.dumps(documents.actor_document(account, listed, services.addresses))
        status = await session.scalar(select(Status).where(Status.uri == uri))
        if status is not None:
            bundle = (await load_bundles(session, [status]))[status.id]
            build = documents.announce_activity if status.is_boost else documents.status_document
            return orjson.dumps(build(bundle, services.addresses))
        body: bytes | None = await session.scalar(select(OutboundActivity.body).where(OutboundActivity.uri == uri))
        return body


def _normal(body: bytes, source: str) -> JsonObject:
    try:
        return normalise(parse_document(body))
    except DocumentRefused as refused:
        raise LookupRefused(f"{source} can't be read as ActivityStreams: {refused.detail}") from refused
