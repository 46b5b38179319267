"""oEmbed: how other sites quote a public post of an open office."""

from sqlalchemy import select

from api.call import Call, Json
from api.endpoints import Access, Endpoint
from api.errors import NotFound
from api.office.documents import oembed_document
from api.schemas.fields import Args, Text, Whole
from models.accounts import Account
from models.statuses import Status
from models.visibility import Visibility
from policy.visibility import visible_to

DEFAULT_WIDTH = 400


class OEmbedArgs(Args):
    """Which post, and how wide the quotation may be."""

    url = Text(2_000, required=True)
    maxwidth = Whole(1, 4_000, load_default=DEFAULT_WIDTH)
    maxheight = Whole(1, 4_000)


async def get_oembed(call: Call) -> Json:
    """The oEmbed document of a public post of this office, by the address of its page."""
    url = call.args["url"]
    if not call.addresses.is_local(url):
        raise NotFound
    query = (
        select(Status, Account)
        .join(Account, Account.id == Status.account_id)
        .where((Status.url == url) | (Status.uri == url), Account.domain.is_(None), Status.boost_of_id.is_(None))
        .where(Status.visibility.in_((Visibility.PUBLIC.value, Visibility.UNLISTED.value)))
        .where(visible_to(None))
    )
    async with call.database.reading() as session:
        found = (await session.execute(query)).first()
    if found is None:
        raise NotFound
    return oembed_document(call.api, found[0], found[1], call.args["maxwidth"], call.args.get("maxheight"))


ENDPOINTS = (
    Endpoint("GET", "/api/oembed", get_oembed, Access.READER, args=OEmbedArgs, returns="OEmbedEntity"),
)  # fmt: skip
