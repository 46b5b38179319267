"""Likes, reactions, and votes of our accounts, told to the server of whom they concern."""

from sqlalchemy import select

from federation.documents import (
    like_activity,
    revoke_quote_activity,
    undo_activity,
    vote_activity,
)
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.relations import Favourite
from models.statuses import Poll, Status
from models.visibility import Visibility
from outbox.communities_elsewhere import community_elsewhere, heard_by
from outbox.passing_on import pass_on_own
from outbox.publish import Document, activity_uri, send, send_to
from outbox.recipients import inboxes_of
from outbox.statuses import publish_update
from social.interactions import favourite, unfavourite
from social.polls import vote
from social.quotes import refuse_quote


def _like_document(uri: str, account: Account, status: Status, author: Account, content: str) -> Document:
    return like_activity(uri, actor_uri=account.uri, status_uri=status.uri, author_uri=author.uri, content=content)


async def publish_favourite(
    services: Services, unit: UnitOfWork, account: Account, status: Status, *, content: str = ""
) -> bool:
    """Like a status that the account can see, or react to it; False when it was so before."""
    author = await unit.session.get_one(Account, status.account_id)
    uri = activity_uri(unit)
    if not await favourite(unit, account, status, author, uri=uri, content=content):
        return False
    group = await community_elsewhere(unit, status)
    document = heard_by(_like_document(uri, account, status, author, content), group)
    await send_to(services, unit, account, document, author, group)
    await pass_on_own(services, unit, account, status, document)
    return True


async def publish_unfavourite(
    services: Services, unit: UnitOfWork, account: Account, status: Status, *, content: str = ""
) -> bool:
    """Take a like or reaction back; False when there was none."""
    query = select(Favourite.uri).where(
        Favourite.status_id == status.id, Favourite.account_id == account.id, Favourite.content == content
    )
    uri = await unit.session.scalar(query)
    if not await unfavourite(unit, account, status=status, content=content):
        return False
    author = await unit.session.get_one(Account, status.account_id)
    group = await community_elsewhere(unit, status)
    document = heard_by(_like_document(uri or activity_uri(unit), account, status, author, content), group)
    undo = heard_by(undo_activity(activity_uri(unit), document), group)
    await send_to(services, unit, account, undo, author, group, ordering_key=status.uri)
    await pass_on_own(services, unit, account, status, undo)
    return True


async def publish_votes(
    services: Services, unit: UnitOfWork, account: Account, status: Status, poll: Poll, choices: list[int]
) -> None:
    """Vote. A poll of ours is counted here and its new numbers go out; a remote one is told. Raises VoteRefused."""
    author = await unit.session.get_one(Account, status.account_id)
    for choice in choices:
        vote_uri = f"{account.uri}/votes/{unit.new_id()}"
        if await vote(unit, account, poll, choice, uri=vote_uri) and not author.is_local:
            document = vote_activity(
                f"{vote_uri}/activity",
                vote_uri=vote_uri,
                actor_uri=account.uri,
                question_uri=status.uri,
                author_uri=author.uri,
                name=poll.options[choice]["title"],
                at=unit.now,
            )
            await send_to(services, unit, account, document, author, ordering_key=status.uri)
    if author.is_local:
        await publish_update(services, unit, status)


async def publish_quote_revocation(
    services: Services, unit: UnitOfWork, author: Account, quoted: Status, quote: Status
) -> bool:
    """Take back the consent that `quote` quotes `quoted`, which is the author's; False when there is none to take back.

    The quoter's server is told, and with what is public everybody who may have seen either of the two.
    """
    if quote.quote_of_id != quoted.id or quote.quote_state not in ("accepted", "pending"):
        return False
    authorization_uri = quote.quote_authorization_uri
    refuse_quote(unit, quote, "revoked")
    quoter = await unit.session.get_one(Account, quote.account_id)
    if authorization_uri is not None and not quote.is_local_only:
        is_public = Visibility(quoted.visibility).is_public
        for followed in [author, quoter] if quoter.is_local and quoter.id != author.id else [author]:
            document = revoke_quote_activity(
                activity_uri(unit),
                actor_uri=author.uri,
                authorization_uri=authorization_uri,
                quoter_uri=quoter.uri,
                is_public=is_public,
            )
            await send(
                services,
                unit,
                author,
                document,
                inbox_urls=inboxes_of([quoter]),
                followers_of=followed if is_public else None,
                ordering_key=quote.uri,
            )
    if quoter.is_local:
        await publish_update(services, unit, quote)
    return True
