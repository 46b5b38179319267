"""Consent to quotes (FEP-044f), both sides of it: asking a remote author, and answering who asks ours."""

from federation.documents import (
    StatusBundle,
    accept_quote_request,
    quote_request_activity,
    reject_quote_request,
)
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Status
from outbox.publish import activity_uri, send_to
from policy.authority import may_quote
from social.follows import is_following
from social.quotes import accept_quote, announce_quote, refuse_quote


async def settle_quote(unit: UnitOfWork, quoter: Account, status: Status) -> bool:
    """For a new quote of ours: decide at once when the quoted author is local, so that the answer goes out with it.

    True when another server has to be asked (`ask_to_quote`).
    """
    if status.quote_of_id is None or status.quote_state != "pending":
        return False
    quoted = await unit.session.get_one(Status, status.quote_of_id)
    author = await unit.session.get_one(Account, quoted.account_id)
    if not author.is_local:
        return True
    if await decide_quote(unit, quoter, quoted, author):
        accept_quote(unit, status, unit.addresses.quote_authorization(author.id, status.id))
        announce_quote(unit, author, quoter, status)
    else:
        refuse_quote(unit, status)
    return False


async def ask_to_quote(services: Services, unit: UnitOfWork, bundle: StatusBundle) -> None:
    """Ask the server of the quoted author, once the quote has been sent."""
    status = bundle.status
    if status.quote_of_id is None:
        return
    quoted = await unit.session.get_one(Status, status.quote_of_id)
    author = await unit.session.get_one(Account, quoted.account_id)
    document = quote_request_activity(
        activity_uri(unit), bundle, unit.addresses, quoted_uri=quoted.uri, quoted_author_uri=author.uri
    )
    await send_to(services, unit, bundle.author, document, author, ordering_key=status.uri)


async def decide_quote(unit: UnitOfWork, quoter: Account, quoted: Status, author: Account) -> bool:
    """Whether the quoted author's policy allows it by itself."""
    return may_quote(quoter, quoted, author, is_follower=await is_following(unit, quoter, author.id))


async def answer_quote_request(
    services: Services,
    unit: UnitOfWork,
    author: Account,
    quoter: Account,
    quoted: Status,
    *,
    request_uri: str,
    quote_uri: str,
    authorization_uri: str | None,
) -> None:
    """Send Accept with the stamp, or Reject when `authorization_uri` is None."""
    if authorization_uri is not None:
        document = accept_quote_request(
            activity_uri(unit),
            actor_uri=author.uri,
            request_uri=request_uri,
            requester_uri=quoter.uri,
            quoted_uri=quoted.uri,
            quote_uri=quote_uri,
            authorization_uri=authorization_uri,
        )
    else:
        document = reject_quote_request(
            activity_uri(unit),
            actor_uri=author.uri,
            request_uri=request_uri,
            requester_uri=quoter.uri,
            quoted_uri=quoted.uri,
            quote_uri=quote_uri,
        )
    await send_to(services, unit, author, document, quoter, ordering_key=quote_uri)
