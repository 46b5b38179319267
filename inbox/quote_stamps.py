"""The stamps that quotes between accounts of other servers carry (FEP-044f): fetched, and checked, before they count.

A job of its own, because it asks the quoted author's server. The quote is shown once that server, and no other, says
that this author allows this very status to quote that very one. Until then, or when it says anything else, the quote
stays pending: the post is there, what it quotes is a link. A server that can't be asked now is asked again.
"""

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import aliased

from federation.client import RemoteError
from federation.dereference import fetch_document
from federation.json_ld import JsonObject
from federation.services import Services
from federation.trust.origins import same_origin
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Status
from social.quotes import accept_quote

CHECK_STAMP: Final = "check_stamp"


async def request_stamp_check(unit: UnitOfWork, status: Status) -> None:
    """Have the stamp of a new or edited quote looked at, once this is committed. Our own authors' words are ours."""
    stamp = status.quote_authorization_uri
    if status.quote_of_id is None or status.quote_state != "pending" or stamp is None or unit.addresses.is_local(stamp):
        return
    await enqueue_job(unit, CHECK_STAMP, {"status_id": status.id}, unique_key=f"{CHECK_STAMP}:{status.id}")


async def check_stamp(services: Services, payload: dict[str, Any]) -> None:
    """The job. Raises RemoteError when the server can't be asked now."""
    quoted, author = aliased(Status), aliased(Account)
    query = (
        select(Status.uri, Status.quote_authorization_uri, quoted.uri, author.uri)
        .join(quoted, quoted.id == Status.quote_of_id)
        .join(author, author.id == quoted.account_id)
        .where(Status.id == int(payload["status_id"]), Status.quote_state == "pending")
    )
    async with services.database.reading() as session:
        found = (await session.execute(query)).first()
    if found is None:
        return
    quote_uri, stamp, quoted_uri, author_uri = found
    if stamp is None or not same_origin(stamp, author_uri):
        return
    try:
        document = (await fetch_document(services, stamp)).document
    except RemoteError as error:
        if error.is_permanent:
            return
        raise
    if not is_consent(document, author_uri=author_uri, quote_uri=quote_uri, quoted_uri=quoted_uri):
        return
    async with services.database.unit_of_work() as unit:
        status = await unit.session.get(Status, int(payload["status_id"]))
        if status is not None and status.quote_state == "pending" and status.quote_authorization_uri == stamp:
            accept_quote(unit, status, stamp)


def is_consent(document: JsonObject, *, author_uri: str, quote_uri: str, quoted_uri: str) -> bool:
    """Whether a document is the author's word for exactly this quote of exactly that status."""
    wanted = {"attributedTo": author_uri, "interactingObject": quote_uri, "interactionTarget": quoted_uri}
    return document.get("type") == "QuoteAuthorization" and all(
        _id_of(document.get(name)) == uri for name, uri in wanted.items()
    )


def _id_of(value: Any) -> Any:
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value.get("id") if isinstance(value, dict) else value
