"""Who quotes a status, and taking back the consent to a quote (Mastodon 4.5)."""

from sqlalchemy import select

from api.access import visible_original, visible_status
from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.errors import NotFound
from api.loading import status_entities
from api.pagination import Keyset, Page, page
from api.schemas.fields import PageArgs
from api.statuses.posting import shown
from models.accounts import Account
from models.statuses import Status
from outbox.interactions import publish_quote_revocation
from policy.visibility import visible_to


async def get_quotes(call: Call) -> Page:
    """See the quotes of a status that the viewer may see."""
    keyset = Keyset.of(call)
    async with call.database.reading() as session:
        status = await visible_original(call, session, call.id())
        query = select(Status.id).where(
            Status.quote_of_id == status.id, Status.quote_state == "accepted", visible_to(call.me.id)
        )
        ids = keyset.arrange(await session.scalars(keyset.apply(query, Status.id)))
        return page(call, await status_entities(call.api, session, ids, call.viewer), ids)


async def revoke_quote(call: Call) -> Json:
    """Have a status of one's own no longer shown in a status that quotes it; the answer is the latter."""
    async with call.database.unit_of_work() as unit:
        quoted = await visible_status(call, unit.session, call.id())
        quote = await visible_status(call, unit.session, call.id("quoting_status_id"))
        if quoted.account_id != call.me.id or quote.quote_of_id != quoted.id:
            raise NotFound
        me = await unit.session.get_one(Account, call.me.id)
        await publish_quote_revocation(call.services, unit, me, quoted, quote)
    return await shown(call, quote.id)


ENDPOINTS = (
    Endpoint("GET", "/api/v1/statuses/{id}/quotes", get_quotes, scope="read:statuses", args=PageArgs,
             returns=many("StatusEntity")),
    Endpoint("POST", "/api/v1/statuses/{id}/quotes/{quoting_status_id}/revoke", revoke_quote, scope="write:statuses",
             returns="StatusEntity"),
)  # fmt: skip
