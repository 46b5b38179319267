"""Instance: what the office is, allows and asks of people; read by apps before anybody signs in.

The two documents are asked for all the time and kept as bytes for a few seconds. In a closed network they, the rules
and the pages stay readable for everybody, while the names of other offices are for our own people.
"""

import hashlib
import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
from marshmallow import fields
from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Api, Call, Json
from api.endpoints import Access, Endpoint, many
from api.entities.account import COLUMNS, account_entity
from api.errors import NotFound
from api.office.documents import OfficeFigures, instance_v1, instance_v2, rule_entity
from api.office.languages import LANGUAGE_NAMES
from api.times import timestamp
from content.compose import MARKDOWN, render
from federation.peers import PeerState
from models.accounts import Account, ActiveDay, User
from models.activities import RemoteHost
from models.ids import SEQUENCE_BITS, milliseconds
from models.office import Rule
from models.peers import Peer
from models.statuses import Status
from social.office_documents import get_document, load_rules

KEPT: Final = timedelta(seconds=5)
KEPT_ACTIVITY: Final = timedelta(minutes=10)
WEEKS: Final = 12
MAX_PEERS: Final = 10_000
REFUSED: Final = (PeerState.SUSPENDED.value, PeerState.ENDED.value)
_WEEK: Final = timedelta(weeks=1)
_CONTACT = (
    select(*COLUMNS)
    .join(User, User.account_id == Account.id)
    .where(User.role == "admin", User.disabled_at.is_(None), Account.suspended_at.is_(None))
    .order_by(Account.id)
    .limit(1)
)
Build = Callable[[Api, OfficeFigures, Sequence[Rule], Json | None], Json]


async def get_instance_v2(call: Call) -> bytes:
    """The office: its name, its limits, and what it can do."""
    return await _kept_document(call, "v2", instance_v2)


async def get_instance_v1(call: Call) -> bytes:
    """The office, as clients before Mastodon 4 read it."""
    return await _kept_document(call, "v1", instance_v1)


async def get_rules(call: Call) -> list[Json]:
    """The rules of the office in their order."""
    async with call.database.reading() as session:
        return [rule_entity(rule) for rule in await load_rules(session)]


async def get_extended_description(call: Call) -> Json:
    """What the office says about itself; without any text when nothing was written."""
    return await _document(call, "extended_description") or {"updated_at": None, "content": ""}


async def get_privacy_policy(call: Call) -> Json:
    """The privacy policy; 404 when none was written."""
    return await _existing(call, "privacy_policy")


async def get_terms_of_service(call: Call) -> Json:
    """The terms of service; 404 when none were written."""
    return _terms(await _existing(call, "terms_of_service"))


async def get_terms_of_service_of_date(call: Call) -> Json:
    """The terms of service that came into force on a date (`2026-11-23`): only those in force now are kept."""
    terms = _terms(await _existing(call, "terms_of_service"))
    if terms["effective_date"] != call.path("date"):
        raise NotFound
    return terms


async def get_peers(call: Call) -> list[str]:
    """The names of other offices and servers that we know; in a closed network the active peers."""
    if call.services.settings.is_closed:
        return (await call.services.peers.refreshed()).active()[:MAX_PEERS]
    query = select(RemoteHost.host).order_by(RemoteHost.host)
    async with call.database.reading() as session:
        found = list(await session.scalars(query.limit(MAX_PEERS)))
    return [name for name in found if call.services.peers.allows(name)]


async def get_activity(call: Call) -> bytes:
    """Posts, people who were here and new people, for each of the last twelve weeks, this one first."""
    kept, now = call.api.kept, call.services.clock()
    found = kept.get("activity", now)
    if found is None:
        async with call.database.reading() as session:
            found = orjson.dumps(await _weeks(session, now))
        kept.put("activity", found, now, KEPT_ACTIVITY)
    return found


async def get_domain_blocks(call: Call) -> list[Json]:
    """The servers that this office refuses."""
    query = select(Peer).where(Peer.state.in_(REFUSED)).order_by(Peer.domain).limit(MAX_PEERS)
    async with call.database.reading() as session:
        return [blocked_domain_entity(peer) for peer in await session.scalars(query)]


async def get_languages(_call: Call) -> list[Json]:
    """The languages that a post can be marked with."""
    return [{"code": code, "name": name} for code, name in LANGUAGE_NAMES.items()]


async def get_translation_languages(_call: Call) -> Json:
    """Which languages can be translated into which: none, this office doesn't translate."""
    return {}


def blocked_domain_entity(peer: Peer) -> Json:
    """DomainBlock: a server that is refused, and why, as far as everybody may know."""
    return {
        "domain": peer.domain,
        "digest": domain_digest(peer.domain),
        "severity": "suspend",
        "comment": peer.public_comment,
    }


def domain_digest(domain: str) -> str:
    """The SHA-256 of a domain in hexadecimal."""
    return hashlib.sha256(domain.encode()).hexdigest()


async def _kept_document(call: Call, name: str, build: Build) -> bytes:
    services, now = call.services, call.services.clock()
    tells_contact = call.viewer is not None or not services.settings.is_closed
    key = f"{name} {tells_contact}"
    found = call.api.kept.get(key, now)
    if found is None:
        async with services.database.reading() as session:
            figures = await _figures(call, session, now)
            contact = (await session.execute(_CONTACT)).first() if tells_contact else None
            rules = await load_rules(session)
        entity = None if contact is None else account_entity(contact, call.api)
        found = orjson.dumps(build(call.api, figures, rules, entity))
        call.api.kept.put(key, found, now, KEPT)
    return found


async def _figures(call: Call, session: AsyncSession, now: datetime) -> OfficeFigures:
    users = select(func.count(User.id)).where(User.disabled_at.is_(None))
    statuses = select(func.coalesce(func.sum(Account.statuses_count), 0)).where(Account.domain.is_(None))
    if call.services.settings.is_closed:
        domains = select(func.count()).select_from(Peer).where(Peer.state == PeerState.ACTIVE.value)
    else:
        domains = select(func.count()).select_from(RemoteHost)
    found = await session.execute(
        select(
            users.scalar_subquery(),
            users.where(User.last_seen_at > now - timedelta(days=30)).scalar_subquery(),
            statuses.scalar_subquery(),
            domains.scalar_subquery(),
        )
    )
    return OfficeFigures(*(int(number) for number in found.one()))


async def _existing(call: Call, name: str) -> Json:
    found = await _document(call, name)
    if found is None:
        raise NotFound
    return found


async def _document(call: Call, name: str) -> Json | None:
    async with call.database.reading() as session:
        found = await get_document(session, name)
    if found is None:
        return None
    html = render(found.text, MARKDOWN, {}, call.addresses.tag)
    return {"updated_at": timestamp(found.updated_at), "content": html}


def _terms(document: Json) -> Json:
    return {
        "effective_date": document["updated_at"][:10],
        "effective": True,
        "content": document["content"],
        "succeeded_by": None,
    }


async def _weeks(session: AsyncSession, now: datetime) -> list[Json]:
    """Three scans, each with a sum for every week; statuses are told apart by the time in their ids."""
    monday = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=now.weekday())
    starts = [monday - _WEEK * number for number in range(WEEKS)]
    id_bounds = [milliseconds(start) << SEQUENCE_BITS for start in (monday + _WEEK, *starts)]
    posts = await session.execute(
        select(*(func.count(case((Status.id.between(low, high - 1), 1)))
                 for high, low in itertools.pairwise(id_bounds)))
        .join(Account, Account.id == Status.account_id)
        .where(Status.id >= id_bounds[-1], Account.domain.is_(None))
    )  # fmt: skip
    days = [(start.date(), (start + timedelta(days=6)).date()) for start in starts]
    logins = await session.execute(
        select(*(func.count(case((ActiveDay.day.between(*week), ActiveDay.user_id)).distinct()) for week in days))
        .where(ActiveDay.day >= days[-1][0])
    )  # fmt: skip
    people = await session.execute(
        select(*(func.count(case(((User.created_at >= start) & (User.created_at < start + _WEEK), 1)))
                 for start in starts)).where(User.created_at >= starts[-1])
    )  # fmt: skip
    return [
        {"week": str(int(start.timestamp())), "statuses": str(said), "logins": str(came), "registrations": str(joined)}
        for start, said, came, joined in zip(starts, posts.one(), logins.one(), people.one(), strict=True)
    ]


ENDPOINTS = (
    Endpoint("GET", "/api/v2/instance", get_instance_v2, Access.ANYBODY, returns="InstanceEntity"),
    Endpoint("GET", "/api/v1/instance", get_instance_v1, Access.ANYBODY, returns="InstanceV1Entity"),
    Endpoint("GET", "/api/v1/instance/peers", get_peers, Access.READER,
             returns=fields.List(fields.String())),
    Endpoint("GET", "/api/v1/instance/activity", get_activity, Access.ANYBODY, returns=many("ActivityEntity")),
    Endpoint("GET", "/api/v1/instance/rules", get_rules, Access.ANYBODY, returns=many("RuleEntity")),
    Endpoint("GET", "/api/v1/instance/domain_blocks", get_domain_blocks, Access.READER,
             returns=many("DomainBlockEntity")),
    Endpoint("GET", "/api/v1/instance/extended_description", get_extended_description, Access.ANYBODY,
             returns="DocumentEntity"),
    Endpoint("GET", "/api/v1/instance/privacy_policy", get_privacy_policy, Access.ANYBODY, returns="DocumentEntity"),
    Endpoint("GET", "/api/v1/instance/terms_of_service", get_terms_of_service, Access.ANYBODY, returns="TermsEntity"),
    Endpoint("GET", "/api/v1/instance/terms_of_service/{date}", get_terms_of_service_of_date, Access.ANYBODY,
             returns="TermsEntity"),
    Endpoint("GET", "/api/v1/instance/languages", get_languages, Access.ANYBODY, returns=many("LanguageEntity")),
    Endpoint("GET", "/api/v1/instance/translation_languages", get_translation_languages, Access.ANYBODY),
)  # fmt: skip
