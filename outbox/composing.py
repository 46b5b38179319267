"""From what somebody writes to a draft of a status: mentions looked up, HTML made, audience set.

Shared by the client API, the pages and scheduled posts. Promises that nothing is asked of the network for whom we know,
however long ago we last heard of them, and that strangers get `LOOKUP_SECONDS` altogether: whoever isn't found by then
stays text, and the post goes out without them. Everything happens before a transaction.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import select

from content.compose import PLAIN, MentionLink, find_entities, normalise_hashtag, render
from federation.actors import ActorGone, ActorRefused, known_handles, resolve_handle
from federation.client import FetchBudget, RemoteError
from federation.json_ld.terms import PUBLIC
from federation.services import Services
from federation.trust.authentication import PeerRefused
from models.accounts import Account
from models.statuses import Status
from models.values import dataclass
from models.visibility import Visibility
from policy.communities import known_to
from policy.limits import STATUS_HASHTAGS, STATUS_MENTIONS
from social.drafts import (
    EmojiDraft,
    InteractionPolicyDraft,
    InteractionRule,
    MentionDraft,
    PollDraft,
    QuoteDraft,
    StatusDraft,
    TagDraft,
)
from social.emojis import local_emojis

LOOKUP_FETCHES: Final = 30
LOOKUP_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Quoting:
    """What a post quotes, and who may quote the post: `policy` is None (nothing said) or in the words of the API."""

    quote: QuoteDraft | None = None
    policy: InteractionPolicyDraft | None = None


async def compose(
    services: Services,
    author: Account,
    text: str,
    *,
    visibility: Visibility,
    content_type: str = PLAIN,
    summary: str = "",
    is_sensitive: bool = False,
    parent: Status | None = None,
    language: str | None = None,
    poll: PollDraft | None = None,
    quoting: Quoting | None = None,
) -> StatusDraft:
    """A draft for `outbox.statuses.publish_status` or `publish_edit`; may use the network.

    The limits have been checked. `parent` is what is answered; `content_type` is `text/plain` or `text/markdown`.
    """
    entities = find_entities(text, content_type)
    accounts = await find_mentioned(services, entities.mentions[:STATUS_MENTIONS], author=author)
    hashtags = [(normalise_hashtag(written), written) for written in entities.hashtags[:STATUS_HASHTAGS]]
    mentioned = {account.uri: account for account in accounts.values()}
    to, cc = _audience(services, author, visibility, list(mentioned))
    quoting = quoting or Quoting()
    return StatusDraft(
        uri=None,
        type="Note" if poll is None else "Question",
        attributed_to=author.uri,
        content_html=render(text, content_type, _links(services, accounts), services.addresses.tag),
        source_text=text,
        source_media_type=content_type,
        summary=summary or None,
        is_sensitive=is_sensitive or bool(summary),
        language=language,
        in_reply_to_uri=parent.uri if parent is not None else None,
        to=to,
        cc=cc,
        visibility=visibility,
        mentions=tuple(MentionDraft(uri, f"@{_handle(services, account)}") for uri, account in mentioned.items()),
        tags=tuple(TagDraft(name, written) for name, written in hashtags if name),
        emojis=await _emojis(services, [text, summary, *(title for title, _ in (poll.options if poll else ()))]),
        poll=poll,
        quote=quoting.quote,
        interaction_policy=quoting.policy,
    )


async def find_mentioned(
    services: Services, names: Iterable[str], *, author: Account | None = None
) -> dict[str, Account]:
    """The active accounts behind `name` and `name@host`, in the order of the names, without those not to be found."""
    wanted = list(names)
    if not wanted:
        return {}
    async with services.database.reading() as session:
        known = await known_handles(services, session, wanted)
    strangers = [name for name in wanted if name not in known and "@" in name]
    found = known | (await _look_up(services, strangers) if strangers else {})
    found = await _without_secrets(services, author, found)
    return {name: found[name] for name in wanted if name in found and found[name].is_active}


async def _without_secrets(services: Services, author: Account | None, found: dict[str, Account]) -> dict[str, Account]:
    """Without communities that don't exist for the author: naming one must not tell that it is there."""
    groups = [account.id for account in found.values() if account.is_group]
    if not groups:
        return found
    async with services.database.reading() as session:
        known = set(
            await session.scalars(
                select(Account.id).where(Account.id.in_(groups), known_to(author.id if author else None))
            )
        )
    return {name: account for name, account in found.items() if not account.is_group or account.id in known}


async def _look_up(services: Services, names: list[str]) -> dict[str, Account]:
    """Ask the offices of those whom we don't know, all at once, as long as the time lasts."""
    budget = FetchBudget(LOOKUP_FETCHES)
    tasks = {name: asyncio.ensure_future(_find(services, name, budget)) for name in names}
    try:
        await asyncio.wait(tasks.values(), timeout=LOOKUP_SECONDS)
    finally:
        late = [task for task in tasks.values() if not task.done()]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    found = {name: task.result() for name, task in tasks.items() if not task.cancelled()}
    return {name: account for name, account in found.items() if account is not None}


async def _find(services: Services, name: str, budget: FetchBudget) -> Account | None:
    try:
        return await resolve_handle(services, name, budget=budget)
    except (ActorRefused, ActorGone, PeerRefused, RemoteError):
        return None


def quote_policy(author: Account, word: str, visibility: Visibility) -> InteractionPolicyDraft:
    """Who may quote without asking, of `public`, `followers` and `nobody`; what isn't public only its author may."""
    automatic: tuple[str, ...] = ()
    if visibility.is_public and word == "public":
        automatic = (PUBLIC,)
    elif visibility.is_public and word == "followers":
        automatic = (author.followers_url or "",)
    return InteractionPolicyDraft(can_quote=InteractionRule(automatic=tuple(filter(None, automatic)) or (author.uri,)))


async def _emojis(services: Services, texts: list[str]) -> tuple[EmojiDraft, ...]:
    """Our own custom emoji that are named somewhere in it."""
    if not any(":" in text for text in texts):
        return ()
    async with services.database.reading() as session:
        rows = await local_emojis(session, services.addresses, texts)
    return tuple(EmojiDraft(row["shortcode"], row["url"], media_type=row["media_type"]) for row in rows)


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
