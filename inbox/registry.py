"""The table of what we understand: one handler a type. docs/FEDERATION.md is compared with it by a test.

An activity of a type that isn't here is journalled as unsupported and answered 202 like any other.
"""

from typing import Final

from inbox.handlers import (
    announce,
    block,
    create,
    delete,
    flag,
    follow,
    invite,
    like,
    lock,
    move,
    pin,
    quote_request,
    resolve,
    respond,
    undo,
)
from inbox.handlers import update as update_handler
from inbox.incoming import Handler, Incoming

HANDLERS: Final[dict[str, Handler]] = {
    "Accept": respond.ACCEPT,
    "Add": pin.ADD,
    "Announce": announce.HANDLER,
    "Block": block.HANDLER,
    "Create": create.HANDLER,
    "Delete": delete.HANDLER,
    "EmojiReact": like.EMOJI_REACT,
    "Flag": flag.HANDLER,
    "Follow": follow.HANDLER,
    "Invite": invite.HANDLER,
    "Like": like.LIKE,
    "Lock": lock.HANDLER,
    "Move": move.HANDLER,
    "QuoteRequest": quote_request.HANDLER,
    "Reject": respond.REJECT,
    "Remove": pin.REMOVE,
    "Resolve": resolve.HANDLER,
    "Undo": undo.HANDLER,
    "Update": update_handler.HANDLER,
}


def handler_for(incoming: Incoming) -> Handler | None:
    """The handler of an activity's type, if we have one."""
    return HANDLERS.get(incoming.type)
