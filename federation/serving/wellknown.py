"""WebFinger (RFC 7033), host-meta (RFC 6415) and NodeInfo: how others find us, readable by everybody in every network.

They are asked before any signature can be checked, and tell nothing that the actors' key stubs don't.

NodeInfo is served as 2.0 and 2.1, but only 2.1 is listed: some clients ask for 2.0 by its literal path, and one that
finds 2.0 listed under a name it doesn't know switches features off that we have.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape
from typing import Final
from urllib.parse import unquote, urlsplit

import orjson
from sqlalchemy import Text, bindparam, func, select

from communities.topics import PREFIX, topic_account, topic_username
from content.hashtags import normalise_hashtag
from federation.json_ld.strict_json import JsonObject
from federation.services import Services
from federation.serving.answers import Answer, ReadRefused, not_found
from federation.serving.negotiation import ACTIVITY_JSON
from federation.serving.read_gate import NOBODY, exists_for
from models.accounts import INSTANCE_ACTOR_ID, Account, User
from models.proofs import Proof
from models.questions import Question
from models.values import dataclass
from policy.domains import normalise_domain

JRD_JSON: Final = "application/jrd+json"
XRD_XML: Final = "application/xrd+xml"
PROFILE_PAGE: Final = "http://webfinger.net/rel/profile-page"
AVATAR: Final = "http://webfinger.net/rel/avatar"
NODEINFO_SCHEMA: Final = "http://nodeinfo.diaspora.software/ns/schema/"
APPLICATION_REL: Final = "https://www.w3.org/ns/activitystreams#Application"
SERVICE_REL: Final = "https://www.w3.org/ns/activitystreams#Service"

_CORS: Final = {"Access-Control-Allow-Origin": "*"}
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x20\x7f<>\"\\^`{|}]+", re.ASCII)
_ACTOR_PATH: Final = re.compile(r"/users/([0-9]{1,19})")
_PROFILE_PATH: Final = re.compile(r"/@([^/@]{1,255})")
_MAX_RESOURCE: Final = 2000


_NAMED: Final = Question(
    select(
        Account.id, Account.username, Account.uri, Account.url, Account.avatar_url, Account.actor_type,
        Account.suspended_at, Account.gone_at,
    ).where(func.lower(Account.username) == bindparam("name", type_=Text), Account.domain.is_(None))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Described:
    """What a descriptor tells of an account of ours: the columns of `_NAMED`, and the proof of them."""

    id: int
    username: str
    uri: str
    url: str | None
    avatar_url: str | None
    actor_type: str
    suspended_at: datetime | None
    gone_at: datetime | None
    proof: Proof | None = None

    @property
    def is_group(self) -> bool:
        return self.actor_type == "Group"


async def webfinger_answer(services: Services, resources: Sequence[str], rels: Sequence[str]) -> Answer:
    """What we know of a resource (RFC 7033 §4), its links filtered by `rels` when there are any (§4.3).

    Raises ReadRefused: 400 when the resource is missing, given twice or no URI, 404 when it is none of ours, 410 when
    the account is gone.
    """
    if len(resources) != 1 or not _is_uri(resources[0]):
        raise ReadRefused(400, "resource", "Give one resource, and make it a URI such as acct:name@host.")
    if resources[0].rstrip("/") == services.addresses.origin:
        return _jrd(_server_descriptor(services), rels)
    account = await _account_of(services, resources[0])
    if account is None or account.suspended_at is not None or not await _is_there(services, account):
        raise not_found()
    if account.gone_at is not None:
        raise ReadRefused(410, "gone", "This account does not exist any more.")
    # Whether a community is there is another question.
    proof = account.proof if isinstance(account, Described) and not account.is_group else None
    return replace(_jrd(_account_descriptor(services, account), rels), proof=proof)


def host_meta_answer(services: Services, *, as_json: bool) -> Answer:
    """Where our WebFinger is (RFC 6415), as XRD or JRD."""
    template = f"{services.addresses.origin}/.well-known/webfinger?resource={{uri}}"
    if as_json:
        return _answer({"links": [{"rel": "lrdd", "type": JRD_JSON, "template": template}]}, JRD_JSON)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
        f'<Link rel="lrdd" type="{JRD_JSON}" template="{escape(template)}"/></XRD>\n'
    )
    return Answer(text.encode(), XRD_XML, is_for_everybody=True, headers=_CORS)


def nodeinfo_links_answer(services: Services) -> Answer:
    """Where our NodeInfo is, and our instance actor (FEP-2677)."""
    origin = services.addresses.origin
    links = [
        {"rel": f"{NODEINFO_SCHEMA}2.1", "href": f"{origin}/nodeinfo/2.1"},
        {"rel": APPLICATION_REL, "href": services.addresses.instance_actor},
    ]
    return _answer({"links": links}, "application/json")


async def nodeinfo_answer(services: Services, version: str) -> Answer:
    """The NodeInfo document of schema 2.0 or 2.1, with counts from one query."""
    settings = services.settings
    document: JsonObject = {
        "version": version,
        "software": {"name": "tertulia", "version": settings.software_version},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": await _usage(services),
        "metadata": {
            "nodeName": settings.instance_name,
            "nodeDescription": settings.instance_description,
            "federation": {"closed": settings.is_closed},
            "organization": {
                "legalName": settings.legal_name,
                "region": settings.region,
                "contact": settings.contact_email,
            },
        },
    }
    return _answer(document, f'application/json; profile="{NODEINFO_SCHEMA}{version}#"')


def _is_uri(text: str) -> bool:
    """A URI (RFC 3986) in shape; an `acct:` URI needs a user and a host (RFC 7565)."""
    if len(text) > _MAX_RESOURCE or _URI.fullmatch(text) is None:
        return False
    scheme, _, rest = text.partition(":")
    if scheme.lower() != "acct":
        return True
    user, at, host = rest.rpartition("@")
    return bool(user and at and host)


async def _account_of(services: Services, resource: str) -> Account | Described | None:
    scheme, _, rest = resource.partition(":")
    if scheme.lower() == "acct":
        user, _, host = rest.rpartition("@")
        return await _by_name(services, unquote(user)) if _is_our_domain(services, host) else None
    if not services.addresses.is_local(resource):
        return None
    path = urlsplit(resource).path
    if resource != f"{services.addresses.origin}{path}":
        return None
    if resource == services.addresses.instance_actor:
        return await _by_id(services, INSTANCE_ACTOR_ID)
    if match := _ACTOR_PATH.fullmatch(path):
        return await _by_id(services, int(match[1]))
    match = _PROFILE_PATH.fullmatch(path)
    return await _by_name(services, unquote(match[1])) if match else None


async def _is_there(services: Services, account: Account | Described) -> bool:
    """Nobody learns of a hidden community here: who is invited is told its id."""
    if not account.is_group:
        return True
    async with services.database.reading() as session:
        found = account if isinstance(account, Account) else await session.get_one(Account, account.id)
        return await exists_for(session, NOBODY, found)


def _is_our_domain(services: Services, host: str) -> bool:
    try:
        return normalise_domain(host) == normalise_domain(services.addresses.domain)
    except ValueError:
        return False


async def _by_id(services: Services, account_id: int) -> Account | None:
    if account_id >= 2**63:
        return None
    async with services.database.reading() as session:
        account = await session.get(Account, account_id)
    return account if account is not None and account.is_local else None


async def _by_name(services: Services, name: str) -> Account | Described | None:
    """An account by its user name; our domain is the name of the instance actor (FEP-d556, Mastodon's convention)."""
    if _is_our_domain(services, name):
        return await _by_id(services, INSTANCE_ACTOR_ID)
    if not name.isprintable():  # PostgreSQL refuses NUL, and nobody is called so
        return None
    async with services.database.glancing() as glance:
        found = await glance.ask(_NAMED, {"name": name.lower()})
    return replace(Described(*found[0]), proof=glance.proof()) if found else _topic_called(services, name)


def _topic_called(services: Services, name: str) -> Account | None:
    """The topic that goes by `#name` or `tag-name`: any hashtag that can be, so that nobody learns which ones are."""
    hashtag = normalise_hashtag(name.removeprefix("#") if name.startswith("#") else name.removeprefix(PREFIX))
    if not hashtag or not (name.startswith("#") or name.lower() == topic_username(hashtag)):
        return None
    return topic_account(services.addresses, hashtag, hashtag, services.clock())


def _account_descriptor(services: Services, account: Account | Described) -> JsonObject:
    addresses = services.addresses
    is_instance = account.id == INSTANCE_ACTOR_ID
    name = addresses.domain if is_instance else account.username
    page = account.url or addresses.profile(account.username)
    links = [{"rel": "self", "type": ACTIVITY_JSON, "href": account.uri}]
    if not is_instance:
        links.append({"rel": PROFILE_PAGE, "type": "text/html", "href": page})
    if account.avatar_url:
        links.append({"rel": AVATAR, "href": account.avatar_url})
    aliases = [account.uri] if is_instance else [account.uri, page]
    return {"subject": f"acct:{addresses.handle(name)}", "aliases": aliases, "links": links}


def _server_descriptor(services: Services) -> JsonObject:
    """FEP-d556: the server as a resource, with the actor that speaks for it."""
    link = {"rel": SERVICE_REL, "type": ACTIVITY_JSON, "href": services.addresses.instance_actor}
    return {"subject": f"{services.addresses.origin}/", "links": [link]}


def _jrd(descriptor: JsonObject, rels: Sequence[str]) -> Answer:
    if rels:
        descriptor = {**descriptor, "links": [link for link in descriptor["links"] if link["rel"] in rels]}
    return _answer(descriptor, JRD_JSON)


async def _usage(services: Services) -> JsonObject:
    now = services.clock()
    users = select(func.count(User.id)).where(User.disabled_at.is_(None))
    posts = select(func.coalesce(func.sum(Account.statuses_count), 0)).where(Account.domain.is_(None))
    columns = select(
        users.scalar_subquery().label("total"),
        users.where(User.last_seen_at > now - timedelta(days=30)).scalar_subquery().label("month"),
        users.where(User.last_seen_at > now - timedelta(days=180)).scalar_subquery().label("half_year"),
        posts.scalar_subquery().label("posts"),
    )
    async with services.database.reading() as session:
        found = (await session.execute(columns)).one()
    return {
        "users": {"total": found.total, "activeMonth": found.month, "activeHalfyear": found.half_year},
        "localPosts": int(found.posts),
    }


def _answer(document: JsonObject, content_type: str) -> Answer:
    return Answer(orjson.dumps(document), content_type, is_for_everybody=True, headers=_CORS)
