"""Private conversations of the viewer, the one with the newest status first."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Api, Call, Json
from api.endpoints import Endpoint, many
from api.entities.conversation import conversation_entity
from api.errors import NotFound
from api.loading import account_entities, status_entities
from api.pagination import Keyset, Page, page
from api.schemas.fields import PageArgs
from models.accounts import Account
from models.feeds import Conversation
from social.conversations import remove_conversation, set_unread


async def conversation_entities(
    api: Api, session: AsyncSession, conversations: Sequence[Conversation], viewer: Account
) -> list[Json]:
    """The conversations of a viewer, in this order; one whose last status can't be shown is left out."""
    statuses = await status_entities(api, session, [one.last_status_id for one in conversations], viewer)
    people = {number for one in conversations for number in one.participant_ids or [viewer.id]}
    accounts = await account_entities(api, session, sorted(people))
    by_status = {status["id"]: status for status in statuses}
    by_account = {account["id"]: account for account in accounts}
    return [
        conversation_entity(
            one,
            [by_account[key] for number in one.participant_ids or [viewer.id] if (key := str(number)) in by_account],
            by_status[str(one.last_status_id)],
        )
        for one in conversations
        if str(one.last_status_id) in by_status
    ]


async def get_conversations(call: Call) -> Page:
    """View all conversations; paged by the id of the last status."""
    keyset = Keyset.of(call)
    query = select(Conversation).where(Conversation.account_id == call.me.id)
    async with call.database.reading() as session:
        rows = keyset.arrange(await session.scalars(keyset.apply(query, Conversation.last_status_id)))
        items = await conversation_entities(call.api, session, rows, call.me)
    return page(call, items, [row.last_status_id for row in rows])


async def delete_conversation(call: Call) -> Json:
    """Remove a conversation from the list; its statuses stay, and the next one brings it back."""
    async with call.database.unit_of_work() as unit:
        await remove_conversation(unit, await own_conversation(call, unit.session))
    return {}


async def read_conversation(call: Call) -> Json:
    """Mark a conversation as read."""
    return await _marked(call, is_unread=False)


async def unread_conversation(call: Call) -> Json:
    """Mark a conversation as unread."""
    return await _marked(call, is_unread=True)


async def _marked(call: Call, *, is_unread: bool) -> Json:
    async with call.database.unit_of_work() as unit:
        conversation = await own_conversation(call, unit.session)
        set_unread(conversation, is_unread=is_unread)
        found = await conversation_entities(call.api, unit.session, [conversation], call.me)
        if not found:
            raise NotFound
        return found[0]


async def own_conversation(call: Call, session: AsyncSession) -> Conversation:
    """The viewer's conversation that the path names. Raises NotFound."""
    found = await session.get(Conversation, call.id())
    if found is None or found.account_id != call.me.id:
        raise NotFound
    return found


ENDPOINTS = (
    Endpoint("GET", "/api/v1/conversations", get_conversations, scope="read:statuses", args=PageArgs,
             returns=many("ConversationEntity")),
    Endpoint("DELETE", "/api/v1/conversations/{id}", delete_conversation, scope="write:conversations"),
    Endpoint("POST", "/api/v1/conversations/{id}/read", read_conversation, scope="write:conversations",
             returns="ConversationEntity"),
    Endpoint("POST", "/api/v1/conversations/{id}/unread", unread_conversation, scope="write:conversations",
             returns="ConversationEntity"),
)  # fmt: skip
