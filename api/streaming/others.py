"""What else is streamed: notifications, conversations, announcements and the reactions to them.

Each gives None when there is nothing (any more) to tell: the row is gone, or isn't for its owner's eyes.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Api
from api.entities.announcement import announcement_entities, reaction_payload
from api.notifications.loading import notification_entities
from api.streaming.clients import Message
from api.streaming.rendering import encoded
from api.timelines.conversations import conversation_entities
from models.accounts import Account
from models.events import Event
from models.feeds import Conversation
from models.office import Announcement
from social.announcements import Shown, load_reactions


async def notification_message(api: Api, session: AsyncSession, event: Event) -> Message | None:
    """A notification for its recipient; not one that their policy holds back, or that their filters hide."""
    viewer = await session.get(Account, event.account_id)
    if viewer is None:
        return None
    found = await notification_entities(api, session, [event.subject_id], viewer)
    if not found or found[0].get("filtered"):
        return None
    return Message("notification", encoded(found[0]))


async def conversation_message(api: Api, session: AsyncSession, event: Event) -> Message | None:
    """A conversation as its owner sees it."""
    row = await session.get(Conversation, event.subject_id, populate_existing=True)
    viewer = await session.get(Account, event.account_id)
    if row is None or viewer is None or row.account_id != viewer.id:
        return None
    found = await conversation_entities(api, session, [row], viewer)
    return Message("conversation", encoded(found[0])) if found else None


async def announcement_message(api: Api, session: AsyncSession, event: Event) -> Message | None:
    """An announcement for everybody: without what one reader did."""
    row = await session.get(Announcement, event.subject_id, populate_existing=True)
    if row is None or row.published_at is None:
        return None
    reactions = (await load_reactions(session, [row.id], None)).get(row.id, [])
    found = await announcement_entities(api, session, [Shown(row, False, reactions)], has_viewer=False)
    return Message("announcement", encoded(found[0])) if found else None


async def reaction_message(api: Api, session: AsyncSession, event: Event) -> Message | None:
    """How often a reaction stands under an announcement now."""
    payload = await reaction_payload(api, session, event.subject_id, event.word)
    return Message("announcement.reaction", encoded(payload))
