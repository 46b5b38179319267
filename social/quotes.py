"""Quotes (FEP-044f): a quote counts once its author's server has the quoted author's word for it.

States: `pending` (asked, or not known yet), `accepted`, `rejected`, `revoked`, `deleted`. Quoting oneself needs nobody.
A stamp (`quoteAuthorization`) that came with a remote quote is checked by `inbox` before it counts.
"""

from typing import Any, Final

from sqlalchemy import select, update

from models import UnitOfWork
from models.accounts import Account
from models.statuses import Status
from social.counters import count
from social.drafts import QuoteDraft
from social.notifications import notify
from social.streams import tell_edited

REFUSED: Final = frozenset({"rejected", "revoked", "deleted"})


async def attach_quote(unit: UnitOfWork, status: Status, author: Account, quote: QuoteDraft) -> None:
    """Connect a new status with what it quotes, as far as we know it."""
    quoted = unit.statuses.get(quote.uri)
    if quoted is None and quote.uri not in unit.statuses:
        quoted = (await unit.session.scalars(select(Status).where(Status.uri == quote.uri))).first()
        unit.statuses[quote.uri] = quoted
    status.quote_state = "pending"
    if quoted is None:
        return
    status.quote_of_id = quoted.id
    if quoted.account_id == author.id:
        accept_quote(unit, status, None)


def accept_quote(unit: UnitOfWork, status: Status, authorization_uri: str | None) -> bool:
    """Let the quote be shown; False when it was accepted before."""
    if status.quote_state == "accepted":
        return False
    status.quote_state = "accepted"
    status.quote_authorization_uri = authorization_uri
    if status.quote_of_id is not None:
        count(unit, Status, "quotes_count", status.quote_of_id)
    tell_edited(unit, status)
    return True


def refuse_quote(unit: UnitOfWork, status: Status, state: str = "rejected") -> None:
    """Stop showing the quoted status: `rejected` when asked, `revoked` later."""
    if status.quote_state == "accepted" and status.quote_of_id is not None:
        count(unit, Status, "quotes_count", status.quote_of_id, -1)
    status.quote_state = state
    status.quote_authorization_uri = None
    tell_edited(unit, status)


def drop_quote(unit: UnitOfWork, status: Status) -> None:
    """An edit leaves out what was quoted: the status quotes nothing any more."""
    if status.quote_state == "accepted" and status.quote_of_id is not None:
        count(unit, Status, "quotes_count", status.quote_of_id, -1)
    status.quote_of_id = status.quote_uri = status.quote_state = status.quote_authorization_uri = None


def keep_consent(status: Status, columns: dict[str, Any]) -> None:
    """What an edit leaves as it is of a quote that was decided: `columns` are those that the edit would set.

    The consent that was given stays the one that can be taken back, and a quote that was refused may be left out.
    """
    if columns["quote_uri"] == status.quote_uri and status.quote_state == "accepted":
        columns["quote_authorization_uri"] = status.quote_authorization_uri
    elif columns["quote_uri"] is None and status.quote_state in REFUSED:
        columns["quote_uri"] = status.quote_uri


def announce_quote(unit: UnitOfWork, quoted_author: Account, quoter: Account, status: Status) -> None:
    """Tell the quoted author."""
    notify(unit, quoted_author, "quote", quoter, status_id=status.id)


async def quoted_is_gone(unit: UnitOfWork, quoted_id: int) -> None:
    """Mark the quotes of a status that is being deleted."""
    await unit.session.execute(
        update(Status)
        .where(Status.quote_of_id == quoted_id)
        .values(quote_of_id=None, quote_state="deleted")
        .execution_options(synchronize_session=False)
    )
