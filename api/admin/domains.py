"""Decisions about other servers in Mastodon's words: active peers are domain allows, refused ones domain blocks.

To allow a domain makes a *limited* peer at once, by our decision alone: that is what the word means to the apps that
use it. Peers with everything come about by the handshake (`api.admin.peers`); to take an allow of such a one back ends
the peering, to take a block of it back resumes it. What is proposed, or confirmed and not yet active, is neither.

There is one severity, `suspend`: nothing comes in, nothing goes out. A server can't be silenced halfway here, nor its
name be veiled in the public list: asking for that is refused, so that nobody believes that it happens. Taking a
decision back leaves a server of which nothing was decided: in a closed network it stays outside, in an open one not.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, select, type_coerce

from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.entities.admin import admin_domain_block_entity, domain_allow_entity
from api.errors import NotFound, Unprocessable, invalid
from api.office.instance import domain_digest
from api.pagination import Keyset, Page, page
from api.schemas.admin import AdminPageArgs, DomainArgs, DomainBlockArgs, DomainEditArgs
from api.serving import Reply
from federation.peers import PeerState
from federation.peers.directory import FORBIDDING
from models import UnitOfWork
from models.base import BigInt
from models.peers import Peer
from outbox.peering import decisions
from policy.domains import normalise_domain
from social.moderation import audit

_IS_ALLOW = Peer.state == PeerState.ACTIVE.value
_IS_BLOCK = Peer.state.in_(sorted(FORBIDDING))


async def list_allows(call: Call) -> Page:
    """The active peers, the newest first."""
    return await _listed(call, _IS_ALLOW, domain_allow_entity)


async def get_allow(call: Call) -> Json:
    """One active peer."""
    async with call.database.unit_of_work() as unit:
        return domain_allow_entity(await _peer(call, unit, _IS_ALLOW))


async def post_allow(call: Call) -> Json:
    """Make a limited peer: it may read and write here. One that is active already stays as it is."""
    async with call.database.unit_of_work() as unit:
        peer = await unit.session.get(Peer, _name(call))
        if peer is None or peer.state != PeerState.ACTIVE:
            peer = await _decided(call, unit, "DomainAllow")
        return domain_allow_entity(peer)


async def delete_allow(call: Call) -> Json:
    """Take an allow back."""
    async with call.database.unit_of_work() as unit:
        peer = await _peer(call, unit, _IS_ALLOW)
        audit(unit, call.me, "destroy", "DomainAllow", peer.id or 0, {"domain": peer.domain})
        if peer.is_limited:
            await call.services.peers.forget(unit, peer)
        else:
            await decisions.end(call.services, unit, peer.domain, by=call.me)
    return {}


async def list_blocks(call: Call) -> Page:
    """The servers that are refused, the newest first."""
    return await _listed(call, _IS_BLOCK, _block_entity)


async def get_block(call: Call) -> Json:
    """One server that is refused."""
    async with call.database.unit_of_work() as unit:
        return _block_entity(await _peer(call, unit, _IS_BLOCK))


async def post_block(call: Call) -> Json | Reply:
    """Refuse a server and its sub-domains. One that is refused already is answered 422, with the block that holds."""
    _check_honest(call.args)
    async with call.database.unit_of_work() as unit:
        peer = await unit.session.get(Peer, _name(call))
        if peer is not None and peer.state in FORBIDDING:
            await _with_ids(unit)
            sentence = f"You have already imposed the same limits on {peer.domain}"
            return Reply({"error": sentence, "existing_domain_block": _block_entity(peer)}, status=422)
        peer = await _decided(call, unit, "DomainBlock")
        _comment(peer, call.args)
        return _block_entity(peer)


async def put_block(call: Call) -> Json:
    """Change what is said about a block."""
    _check_honest(call.args)
    async with call.database.unit_of_work() as unit:
        peer = await _peer(call, unit, _IS_BLOCK)
        _comment(peer, call.args)
        peer.updated_at = unit.now
        audit(unit, call.me, "update", "DomainBlock", peer.id or 0, {"domain": peer.domain})
        return _block_entity(peer)


async def delete_block(call: Call) -> Json:
    """Take a block back."""
    async with call.database.unit_of_work() as unit:
        peer = await _peer(call, unit, _IS_BLOCK)
        audit(unit, call.me, "destroy", "DomainBlock", peer.id or 0, {"domain": peer.domain})
        if peer.suspended_at is not None and peer.activated_at is not None and not peer.is_limited:
            await decisions.resume(call.services, unit, peer, by=call.me)
        else:
            await call.services.peers.forget(unit, peer)
    return {}


async def _listed(call: Call, which: ColumnElement[bool], entity: Any) -> Page:
    keyset = Keyset.of(call)
    async with call.database.unit_of_work() as unit:
        await _with_ids(unit)
        peers = keyset.arrange(
            await unit.session.scalars(keyset.apply(select(Peer).where(which), type_coerce(Peer.id, BigInt)))
        )
    return page(call, [entity(peer) for peer in peers], [peer.id for peer in peers if peer.id is not None])


async def _peer(call: Call, unit: UnitOfWork, which: ColumnElement[bool]) -> Peer:
    found = (await unit.session.scalars(select(Peer).where(Peer.id == call.id(), which))).first()
    if found is None:
        raise NotFound
    return found


async def _with_ids(unit: UnitOfWork) -> None:
    """Peers of before there were ids get one."""
    for peer in await unit.session.scalars(select(Peer).where(Peer.id.is_(None)).order_by(Peer.created_at)):
        peer.id = unit.new_id(peer.created_at)
    await unit.session.flush()


async def _decided(call: Call, unit: UnitOfWork, kind: str) -> Peer:
    services, domain = call.services, call.args["domain"]
    try:
        if kind == "DomainAllow":
            peer = await decisions.admit_limited(services, unit, domain, None, by=call.me)
        else:
            peer = await decisions.suspend(services, unit, domain, by=call.me)
    except ValueError as error:
        raise invalid("domain", str(error)) from error
    audit(unit, call.me, "create", kind, peer.id or 0, {"domain": peer.domain})
    await unit.session.flush()
    return peer


def _name(call: Call) -> str:
    try:
        return normalise_domain(call.args["domain"])
    except ValueError as error:
        raise invalid("domain", "is not a domain") from error


def _check_honest(args: Mapping[str, Any]) -> None:
    """Raises Unprocessable for what would be promised and not kept."""
    if args.get("severity", "suspend") != "suspend":
        raise Unprocessable(
            f"Validation failed: this office can't limit a server by {args['severity']!r}, only suspend it"
        )
    if args.get("obfuscate"):
        raise Unprocessable("Validation failed: the names of refused servers aren't obfuscated here")


def _comment(peer: Peer, args: Mapping[str, Any]) -> None:
    if "private_comment" in args:
        peer.note = args["private_comment"]
    if "public_comment" in args:
        peer.public_comment = args["public_comment"]


def _block_entity(peer: Peer) -> Json:
    return admin_domain_block_entity(peer, domain_digest(peer.domain))


_ALLOWS, _BLOCKS = "/api/v1/admin/domain_allows", "/api/v1/admin/domain_blocks"
_READ_ALLOWS, _WRITE_ALLOWS = "admin:read:domain_allows", "admin:write:domain_allows"
_READ_BLOCKS, _WRITE_BLOCKS = "admin:read:domain_blocks", "admin:write:domain_blocks"
ENDPOINTS = (
    Endpoint("GET", _ALLOWS, list_allows, Access.ADMIN, _READ_ALLOWS, AdminPageArgs, many("DomainAllowEntity")),
    Endpoint("GET", f"{_ALLOWS}/{{id}}", get_allow, Access.ADMIN, _READ_ALLOWS, returns="DomainAllowEntity"),
    Endpoint("POST", _ALLOWS, post_allow, Access.ADMIN, _WRITE_ALLOWS, DomainArgs, "DomainAllowEntity"),
    Endpoint("DELETE", f"{_ALLOWS}/{{id}}", delete_allow, Access.ADMIN, _WRITE_ALLOWS),
    Endpoint("GET", _BLOCKS, list_blocks, Access.ADMIN, _READ_BLOCKS, AdminPageArgs, many("AdminDomainBlockEntity")),
    Endpoint("GET", f"{_BLOCKS}/{{id}}", get_block, Access.ADMIN, _READ_BLOCKS, returns="AdminDomainBlockEntity"),
    Endpoint("POST", _BLOCKS, post_block, Access.ADMIN, _WRITE_BLOCKS, DomainBlockArgs, "AdminDomainBlockEntity",
             refusal="BlockRefusedEntity"),
    Endpoint("PUT", f"{_BLOCKS}/{{id}}", put_block, Access.ADMIN, _WRITE_BLOCKS, DomainEditArgs,
             "AdminDomainBlockEntity"),
    Endpoint("DELETE", f"{_BLOCKS}/{{id}}", delete_block, Access.ADMIN, _WRITE_BLOCKS),
)  # fmt: skip
