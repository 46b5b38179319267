"""From the text in a form to a draft of a status: mentions looked up, HTML made, audience set.

Mentions of people whom we don't know yet are looked up at their offices, before any transaction; whoever can't be found
stays text, and the post goes out without them.
"""

import asyncio
from collections.abc import Iterable, Mapping

from content.compose import PLAIN, MentionLink, find_entities, normalise_hashtag, render
from federation.actors import ActorGone, ActorRefused, resolve_handle
from federation.client import FetchBudget, RemoteError
from federation.json_ld.terms import PUBLIC
from federation.services import Services
from models.accounts import Account
from models.statuses import Status
from models.visibility import Visibility
from social.drafts import MentionDraft, StatusDraft, TagDraft

MAX_TEXT_CHARACTERS = 5_000
MAX_MENTIONS = 25
MAX_HASHTAGS = 25
LOOKUP_FETCHES = 30

CHOICES = (Visibility.PUBLIC, Visibility.UNLISTED, Visibility.PRIVATE, Visibility.DIRECT)


class TextRefused(Exception):
    """The text can't be published; `text` is a key of the texts."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def chosen_visibility(name: str) -> Visibility:
    """The visibility of a form; what can't be understood reaches the fewest people."""
    return Visibility(name) if name in CHOICES else Visibility.DIRECT


def check_text(text: str) -> str:
    """The text with line breaks as we keep them. Raises TextRefused when there is none or too much."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise TextRefused("compose_empty")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise TextRefused("compose_long")
    return text


async def compose(
    services: Services,
    author: Account,
    text: str,
    *,
    visibility: Visibility,
    summary: str = "",
    parent: Status | None = None,
    language: str | None = None,
) -> StatusDraft:
    """A draft for `outbox.statuses.publish_status`; may use the network. `text` has been through `check_text`."""
    entities = find_entities(text)
    accounts = await find_mentioned(services, entities.mentions[:MAX_MENTIONS])
    hashtags = [(normalise_hashtag(written), written) for written in entities.hashtags[:MAX_HASHTAGS]]
    mentioned = {account.uri: account for account in accounts.values()}
    to, cc = _audience(services, author, visibility, list(mentioned))
    return StatusDraft(
        uri=None,
        type="Note",
        attributed_to=author.uri,
        content_html=render(text, PLAIN, _links(services, accounts), services.addresses.tag),
        source_text=text,
        source_media_type=PLAIN,
        summary=summary or None,
        is_sensitive=bool(summary),
        language=language,
        in_reply_to_uri=parent.uri if parent is not None else None,
        to=to,
        cc=cc,
        visibility=visibility,
        mentions=tuple(MentionDraft(uri, f"@{_handle(services, account)}") for uri, account in mentioned.items()),
        tags=tuple(TagDraft(name, written) for name, written in hashtags if name),
    )


async def find_mentioned(services: Services, names: Iterable[str]) -> dict[str, Account]:
    """The accounts behind `name` and `name@host`, without those that can't be found."""
    budget = FetchBudget(LOOKUP_FETCHES)
    names = list(names)
    found = await asyncio.gather(*(_find(services, name, budget) for name in names))
    return {name: account for name, account in zip(names, found, strict=True) if account is not None}


async def _find(services: Services, name: str, budget: FetchBudget) -> Account | None:
    try:
        account = await resolve_handle(services, name, budget=budget)
    except (ActorRefused, ActorGone, RemoteError):
        return None
    return account if account.is_active else None


def _links(services: Services, accounts: Mapping[str, Account]) -> dict[str, MentionLink]:
    return {
        name: MentionLink(account.url or account.uri, account.username, _handle(services, account))
        for name, account in accounts.items()
    }


def _handle(services: Services, account: Account) -> str:
    return account.acct if account.domain is not None else services.addresses.handle(account.username)


def _audience(
    services: Services, author: Account, visibility: Visibility, mentioned: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`to` and `cc`, as `federation.documents.audience` will write them."""
    followers = author.followers_url or services.addresses.part(author.uri, "followers")
    match visibility:
        case Visibility.PUBLIC:
            return (PUBLIC,), (followers, *mentioned)
        case Visibility.UNLISTED:
            return (followers,), (PUBLIC, *mentioned)
        case Visibility.PRIVATE:
            return (followers,), tuple(mentioned)
        case Visibility.DIRECT | Visibility.LIMITED:
            return tuple(mentioned), ()
