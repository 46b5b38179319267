"""Asking the host of a community who belongs to it, and for a token that says that somebody here does (FEP-db0e).

A token tells whoever sees it that there is such a community, and that somebody here belongs to it. So it is shown to
servers alone of which the host says that somebody there does, too.

Answers are kept in this process, bounded and briefly: a token until shortly before its end, none at all and a no for a
minute, a yes for five. Nothing has to be told to other processes for that: what is stale ends by itself.
"""

import json
from datetime import timedelta
from typing import Final
from urllib.parse import quote

import structlog

from federation.client import FetchBudget, RemoteError
from federation.dereference import FetchFailed, fetch_document, fetch_signed
from federation.json_ld import parse_document
from federation.peers import domain_of
from federation.services import Services
from federation.sync.peers import INSTANCE_ACTOR_PATH, office_origin
from federation.trust.actor_tokens import parse_token
from federation.trust.origins import has_origin, same_origin
from keys.actor_tokens import MAX_TOKEN_CHARACTERS, TokenRefused, check_times
from models.accounts import Account

log = structlog.get_logger(__name__)

YES_FOR: Final = timedelta(minutes=5)
NO_FOR: Final = timedelta(minutes=1)
_SPARE: Final = timedelta(minutes=6)  # more than clocks may differ by


async def token_for(services: Services, group: Account, uri: str, *, budget: FetchBudget | None = None) -> str | None:
    """The token of a community of another server that the server of `uri` may see; None when there is none to be shown.

    The community's own host needs none. Raises RemoteError when that can't be asked now.
    """
    if same_origin(uri, group.uri) or not has_origin(uri) or not services.peers.is_full(domain_of(uri)):
        return None
    if not await belongs_there(services, group, instance_of(services, uri), budget=budget):
        return None
    memory, now = services.peers.memory, services.clock()
    kept = memory.tokens.get(group.uri, now)
    if kept is None:
        kept = await memory.token_flights.run(group.uri, lambda: _ask_for_token(services, group.uri, budget))
    return kept or None


def instance_of(services: Services, uri: str) -> str:
    """The instance actor of the peer with communities like ours whose URI this is."""
    return f"{office_origin(services, domain_of(uri))}{INSTANCE_ACTOR_PATH}"


async def belongs_there(
    services: Services, group: Account, actor_uri: str, *, budget: FetchBudget | None = None
) -> bool:
    """Whether the community's host says that an actor belongs to it, or that somebody does for whom it reads.

    Raises RemoteError when the host can't be asked now.
    """
    memory, name = services.peers.memory, (group.uri, actor_uri)
    kept = memory.members.get(name, services.clock())
    if kept is not None or group.followers_url is None:
        return bool(kept)
    url = group.followers_url
    return await memory.member_flights.run(name, lambda: _ask_about(services, name, url, budget))


async def _ask_for_token(services: Services, group_uri: str, budget: FetchBudget | None) -> str:
    """Its endpoint is in the community's document, which is read anew for it: that is once in half an hour."""
    now, text, lifetime = services.clock(), "", NO_FOR
    try:
        document = (await fetch_document(services, group_uri, budget=budget)).document
        endpoints = document.get("endpoints")
        url = endpoints.get("actorToken") if isinstance(endpoints, dict) else None
        if isinstance(url, str) and same_origin(url, group_uri):
            answer = await fetch_signed(
                services, url, accept="application/json", budget=budget, max_bytes=MAX_TOKEN_CHARACTERS
            )
            token = parse_token(answer.body)
            check_times(token, now)
            if token.issuer == group_uri and token.actor == services.addresses.instance_actor:
                text, lifetime = json.dumps(parse_document(answer.body)), max(token.valid_until - now - _SPARE, NO_FOR)
    except (RemoteError, TokenRefused) as error:
        log.info("actor-token.none", group=group_uri, error=str(error))
    services.peers.memory.tokens.put(group_uri, text, now, lifetime)
    return text


async def _ask_about(services: Services, name: tuple[str, str], url: str, budget: FetchBudget | None) -> bool:
    separator = "&" if "?" in url else "?"
    asked = f"{url}{separator}is_follower={quote(name[1], safe='')}"
    try:
        await fetch_signed(services, asked, budget=budget)
        belongs = True
    except FetchFailed as error:
        if not error.is_permanent:
            raise
        belongs = False
    services.peers.memory.members.put(name, belongs, services.clock(), YES_FOR if belongs else NO_FOR)
    return belongs
