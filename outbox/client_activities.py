"""What a client may post to its outbox: one function an activity type, and the way through it.

Every activity is prepared first (network, no transaction) and then done in one unit of work (no network), with the
same verbs that the other surfaces use; its deliveries commit with it.
"""

from sqlalchemy.exc import IntegrityError

from federation.json_ld import DocumentRefused
from federation.services import Services
from models.accounts import Account
from outbox.c2s import interactions, notes, profiles, relations, undo
from outbox.c2s.intent import read_intent
from outbox.c2s.lookup import FetchStatus, Lookup
from outbox.c2s.refusals import ClientRefused, forbidden, malformed
from outbox.c2s.scene import Handler, Scene
from outbox.statuses import NotAllowed
from social.accounts import account_by_uri
from social.follows import FollowRefused
from social.polls import VoteRefused

HANDLERS: dict[str, Handler] = {
    "Create": notes.create,
    "Update": profiles.update,
    "Delete": notes.delete,
    "Follow": relations.follow,
    "Accept": relations.accept,
    "Reject": relations.reject,
    "Block": relations.block,
    "Like": interactions.like,
    "EmojiReact": interactions.like,
    "Announce": interactions.announce,
    "Add": interactions.add,
    "Remove": interactions.remove,
    "Flag": interactions.flag,
    "Undo": undo.undo,
    "Move": profiles.move,
}


async def perform(services: Services, fetch_status: FetchStatus, owner: Account, body: bytes) -> str:
    """Do what `owner` posted; returns the id of the activity. Raises ClientRefused, and has done nothing then."""
    try:
        return await _perform(services, fetch_status, owner, body)
    except DocumentRefused as refused:
        status = 413 if refused.too_large else 400
        raise ClientRefused(status, f"document-{refused.reason}", f"It can't be read: {refused.detail}.") from refused
    except NotAllowed as refused:
        raise forbidden(str(refused)) from refused
    except VoteRefused as refused:
        raise forbidden(f"The vote doesn't count: {refused}.") from refused
    except FollowRefused as refused:
        raise forbidden("This account can't be followed.") from refused
    except IntegrityError as error:
        raise ClientRefused(409, "conflict", "The same was done a moment ago; look before trying again.") from error


async def _perform(services: Services, fetch_status: FetchStatus, owner: Account, body: bytes) -> str:
    intent = read_intent(body, owner.uri)
    handler = HANDLERS.get(intent.type)
    if handler is None:
        raise malformed(f"{intent.type} can't be posted here; {', '.join(HANDLERS)} can.")
    apply = await handler(intent, Lookup(services, fetch_status), owner)
    async with services.database.unit_of_work() as unit:
        current = await account_by_uri(unit, owner.uri)
        if current is None or not current.is_active:
            raise forbidden("The account is suspended.")
        return await apply(Scene(services, unit, current))
