"""Issuing actor tokens for private communities of ours (FEP-db0e): to the servers of members, for half an hour.

Who gets one could read what is posted there (`read_gate`), so nothing is told that it couldn't learn. To everybody
else the answer is the one for what isn't there, and not the 403 of the FEP: whether one belongs to a private community
is nobody's business. Asking is limited by host.
"""

import orjson

from federation.services import Services
from federation.serving.answers import Answer, ReadRefused, not_found
from federation.serving.read_gate import Reader, reads_for_member, require_reader
from federation.serving.resources import active_account
from keys.actor_tokens import make_token
from keys.keypairs import KeyKind
from models.communities import Community


async def actor_token_answer(services: Services, reader: Reader, account_id: int) -> Answer:
    """A token that a community of ours issues to the signer. Raises ReadRefused (401, 404, 429)."""
    require_reader(services, reader)
    if reader.host is None or reader.actor_uri is None:
        raise ReadRefused(401, "missing", "Sign the request with the key of an instance actor.")
    wait = services.peers.memory.token_requests.check(reader.host, services.clock()) if services.rates.is_on else None
    if wait is not None:
        raise ReadRefused(429, "rate", f"That was asked too often: wait {wait:.0f} seconds.")
    async with services.database.reading() as session:
        group = await active_account(session, account_id, reader)
        community = await session.get(Community, account_id)
        if community is None or not community.is_private or not await reads_for_member(session, reader, group):
            raise not_found()
    key = await services.keyring.signing_key(group.id, KeyKind.RSA)
    token = make_token(
        issuer=group.uri, actor=reader.actor_uri, key_id=key.key_id, key=key.private, now=services.clock()
    )
    return Answer(orjson.dumps(token), "application/json")
