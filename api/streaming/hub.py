"""Who is connected and listens to what, and the one loop of a process that tells them what happened.

Events come from `database.events`, after their commit and from every process of the office. For each, the audience is
worked out among those who are connected (`api.streaming.audience`), the entity is made (`rendering`, `others`) and put
to each client, in the order of the events. What fails costs one event, never the loop.

A connection lasts as long as its token: revoking one, or suspending somebody, is an event (ACCESS_ENDED), and once a
minute all tokens are looked at, since an event can be missed. Nothing here is kept but memory of this process.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from access.tokens import valid_tokens
from api.call import Api
from api.errors import ApiError
from api.streaming.audience import Audience, Listeners, deletion_audience, status_audience
from api.streaming.clients import GOING_AWAY, POLICY_VIOLATION, Client, Message
from api.streaming.others import (
    announcement_message,
    conversation_message,
    notification_message,
    reaction_message,
)
from api.streaming.rendering import FilterCache, status_messages
from api.streaming.streams import DIRECT, LIST, NOTIFICATIONS, OWN_STREAMS, USER, Channel, Wish
from api.timelines.community_lists import community_list
from models.events import Event, Kind
from models.feeds import AccountList

MAX_STREAMS: Final = 100  # of one connection
MAX_CONNECTIONS: Final = 100  # of one person
CHECK_SECONDS: Final = 60.0
THUMP_SECONDS: Final = 15.0
STEP: Final = 50  # events told under one snapshot of the database

log = structlog.get_logger(__name__)


class Streaming:
    """The connections of one server process."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.clients: set[Client] = set()
        self._connections: Counter[int] = Counter()
        self.is_closing = False
        self.thump_seconds = THUMP_SECONDS
        self._channels: dict[str, dict[int | str, dict[Client, None]]] = {}
        self._filters = FilterCache()
        self._ending: set[asyncio.Task[None]] = set()

    # Connections

    def connect(self, client: Client) -> None:
        """Take a client in. Raises ApiError for one too many of a person, or when the server is about to stop."""
        if self.is_closing:
            raise ApiError(503, "The server is about to stop")
        if self._connections[client.account_id] >= MAX_CONNECTIONS:
            raise ApiError(429, "Too many connections")
        self.clients.add(client)
        self._connections[client.account_id] += 1

    def disconnect(self, client: Client) -> None:
        """Forget a client; a second time changes nothing."""
        client.is_closing = True
        if client in self.clients:
            self.clients.discard(client)
            self._connections[client.account_id] -= 1
            if not self._connections[client.account_id]:
                del self._connections[client.account_id]
        for channel in list(client.listens):
            self._leave(client, channel)
        self._filters.forget(client.account_id)

    async def subscribe(self, client: Client, wish: Wish) -> None:
        """Let a client hear a stream from now on. Raises ApiError; NotFound for a list of somebody else."""
        channel = wish.channel(client.account_id)
        if channel in client.listens:
            return
        if len(client.listens) >= MAX_STREAMS:
            raise ApiError(422, "Too many streams")
        if wish.name == LIST:
            await self._check_list(client, int(wish.parameter))
        if not client.is_closing:
            client.listens[channel] = wish.label
            self._channels.setdefault(channel[0], {}).setdefault(channel[1], {})[client] = None

    def unsubscribe(self, client: Client, wish: Wish) -> None:
        """Let a client hear a stream no more."""
        self._leave(client, wish.channel(client.account_id))

    async def close(self) -> None:
        """Send everybody away: the server stops."""
        self.is_closing = True
        await asyncio.gather(*(client.close(GOING_AWAY) for client in list(self.clients)))

    async def _check_list(self, client: Client, list_id: int) -> None:
        async with self.api.services.database.reading() as session:
            owner = await session.scalar(select(AccountList.account_id).where(AccountList.id == list_id))
            if owner != client.account_id:
                await community_list(session, client.account_id, list_id)

    def _leave(self, client: Client, channel: Channel) -> None:
        if client.listens.pop(channel, None) is None:
            return
        name, parameter = channel
        listening = self._channels[name][parameter]
        del listening[client]
        if not listening:
            del self._channels[name][parameter]

    def _at(self, channel: Channel) -> list[Client]:
        return list(self._channels.get(channel[0], {}).get(channel[1], ()))

    # Events

    async def run(self) -> None:
        """Tell what happens until cancelled."""
        listener = self.api.services.database.events.subscribe()
        checked = time.monotonic()
        try:
            while True:
                events: list[Event] = []
                try:
                    async with asyncio.timeout(CHECK_SECONDS):
                        events = await listener.batch()
                except TimeoutError:
                    pass
                if self.clients:
                    for start in range(0, len(events), STEP):
                        await self._tell(events[start : start + STEP])
                if time.monotonic() - checked >= CHECK_SECONDS:
                    checked = time.monotonic()
                    await self._check()
        finally:
            listener.close()

    async def _tell(self, events: Collection[Event]) -> None:
        try:
            async with self.api.services.database.reading() as session:
                for event in events:
                    if event.kind not in _TELLERS:
                        continue  # nothing that people look at
                    try:
                        await _TELLERS[event.kind](self, session, event)
                    except Exception:
                        log.exception("an event was not told", kind=event.kind)
                        await session.rollback()  # PostgreSQL answers nothing more in a transaction that failed
        except Exception:
            log.exception("events were not told")

    def _listeners(self) -> Listeners:
        personal = (*OWN_STREAMS, LIST)
        accounts = {
            (name, parameter): {client.account_id for client in clients}
            for name, parameters in self._channels.items()
            if name not in personal
            for parameter, clients in parameters.items()
        }
        homes = [number for number in self._channels.get(USER, ()) if isinstance(number, int)]
        lists = {
            number: {client.account_id for client in clients}
            for number, clients in self._channels.get(LIST, {}).items()
            if isinstance(number, int)
        }
        return Listeners(accounts, homes, lists)

    async def _status(self, session: AsyncSession, event: Event) -> None:
        now = self.api.services.clock()
        audience = await status_audience(session, event, self._listeners(), now=now)
        name = "update" if event.kind is Kind.STATUS_MADE else "status.update"
        messages = await status_messages(self.api, session, name, event.subject_id, audience.account_ids, self._filters)
        for channel, accounts in audience.channels.items():
            for client in self._at(channel):
                message = messages.get(client.account_id)
                if accounts is not None and client.account_id in accounts and message is not None:
                    client.put(message, client.listens[channel])

    async def _deleted(self, session: AsyncSession, event: Event) -> None:
        audience: Audience = await deletion_audience(session, event, self._listeners())
        message = Message("delete", str(event.subject_id))
        for channel in audience.channels:
            self._put(channel, message)

    async def _notified(self, session: AsyncSession, event: Event) -> None:
        if self._hears_notifications(event.account_id):
            self._put_notice(event.account_id, await notification_message(self.api, session, event))

    async def _merged(self, _session: AsyncSession, event: Event) -> None:
        self._put_notice(event.account_id, Message("notifications_merged", "1"))

    async def _conversation(self, session: AsyncSession, event: Event) -> None:
        channel: Channel = (DIRECT, event.account_id)
        if self._at(channel):
            self._put(channel, await conversation_message(self.api, session, event))

    async def _filters_changed(self, _session: AsyncSession, event: Event) -> None:
        self._filters.forget(event.account_id)
        self._put((USER, event.account_id), Message("filters_changed"))

    async def _announced(self, session: AsyncSession, event: Event) -> None:
        if self._channels.get(USER):
            self._put_all(await announcement_message(self.api, session, event))

    async def _reacted(self, session: AsyncSession, event: Event) -> None:
        if self._channels.get(USER):
            self._put_all(await reaction_message(self.api, session, event))

    async def _announcement_deleted(self, _session: AsyncSession, event: Event) -> None:
        self._put_all(Message("announcement.delete", str(event.subject_id)))

    async def _access_ended(self, _session: AsyncSession, event: Event) -> None:
        self.api.bearers.forget(token_id=event.subject_id)  # it may have been revoked in another process
        self._end(
            [
                client
                for client in self.clients
                if client.token_id == event.subject_id or client.account_id == event.account_id
            ]
        )

    async def _check(self) -> None:
        try:
            await self.check_tokens()
        except Exception:
            log.exception("the tokens of connections were not looked at")

    async def check_tokens(self) -> None:
        """End the connections whose tokens were revoked, have expired, or belong to somebody suspended."""
        self._filters.clear()
        wanted = {client.token_id for client in self.clients}
        if not wanted:
            return
        async with self.api.services.database.reading() as session:
            valid = await valid_tokens(session, wanted, now=self.api.services.clock())
        self._end([client for client in self.clients if client.token_id in wanted - valid])

    def _end(self, clients: Collection[Client]) -> None:
        """Without waiting for anybody's goodbye."""
        for client in clients:
            self.disconnect(client)
            task = asyncio.get_running_loop().create_task(client.close(POLICY_VIOLATION))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    def _hears_notifications(self, account_id: int) -> bool:
        return bool(self._at((NOTIFICATIONS, account_id))) or any(
            client.hears_notifications for client in self._at((USER, account_id))
        )

    def _put_notice(self, account_id: int, message: Message | None) -> None:
        if message is None:
            return
        for name in (USER, NOTIFICATIONS):
            channel: Channel = (name, account_id)
            for client in self._at(channel):
                if client.hears_notifications:
                    client.put(message, client.listens[channel])

    def _put(self, channel: Channel, message: Message | None) -> None:
        for client in self._at(channel):
            if message is not None:
                client.put(message, client.listens[channel])

    def _put_all(self, message: Message | None) -> None:
        for account_id in list(self._channels.get(USER, ())):
            self._put((USER, account_id), message)


Teller = Callable[[Streaming, AsyncSession, Event], Awaitable[None]]
_TELLERS: Final[dict[Kind, Teller]] = {
    Kind.STATUS_MADE: Streaming._status,
    Kind.STATUS_EDITED: Streaming._status,
    Kind.STATUS_DELETED: Streaming._deleted,
    Kind.NOTIFIED: Streaming._notified,
    Kind.NOTIFICATIONS_MERGED: Streaming._merged,
    Kind.CONVERSATION_CHANGED: Streaming._conversation,
    Kind.FILTERS_CHANGED: Streaming._filters_changed,
    Kind.ANNOUNCED: Streaming._announced,
    Kind.ANNOUNCEMENT_REACTED: Streaming._reacted,
    Kind.ANNOUNCEMENT_DELETED: Streaming._announcement_deleted,
    Kind.ACCESS_ENDED: Streaming._access_ended,
}
