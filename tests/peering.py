"""Administrators who agree, and an instance of somebody else that writes letters about being peers.

await propose(madrid, lisbon.domain); await run_until_idle(madrid, lisbon)
await confirm(lisbon, madrid.domain); await run_until_idle(madrid, lisbon)     # both active
stranger = await Stranger.at(remote); await stranger.post(office, stranger.offer(office))
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from federation.documents.contexts import PEERING
from federation.peers.finding import find_instance
from keys.integrity_proofs import add_proof
from keys.keypairs import PrivateKey
from keys.signing import Scheme
from models.peers import Peer
from outbox.peering import decisions
from tests.peers import Office
from tests.remote_peers import Answer, JsonObject, RemoteActor, RemoteServer, Tamper


async def propose(here: Office, domain: str) -> Peer:
    """What `tertulia peer add DOMAIN` does."""
    card = await find_instance(here.services, domain)
    async with here.services.database.unit_of_work() as unit:
        return await decisions.propose(here.services, unit, card)


async def confirm(here: Office, domain: str) -> Peer:
    """What `tertulia peer confirm DOMAIN` does."""
    async with here.services.database.unit_of_work() as unit:
        peer = await unit.session.get_one(Peer, domain)
        return await decisions.confirm(here.services, unit, peer)


async def row(here: Office, domain: str) -> Peer | None:
    """What an office knows of another one."""
    return await here.services.peers.show(domain)


async def state(here: Office, domain: str) -> str | None:
    peer = await row(here, domain)
    return None if peer is None else peer.state


@dataclass
class Stranger:
    """The instance actor of a server that isn't ours, and the letters that it writes."""

    server: RemoteServer
    actor: RemoteActor

    @classmethod
    async def at(cls, server: RemoteServer) -> "Stranger":
        actor = await server.actor("instance", uri=f"{server.origin}/actor", type="Application", handle=server.address)
        return cls(server, actor)

    @property
    def card(self) -> JsonObject:
        document = self.actor.document
        rsa = self.actor.rsa.public.multibase
        own = {"type": "Multikey", "controller": self.actor.uri}
        return {
            "type": "Peering",
            "attributedTo": self.actor.uri,
            "domain": self.server.host,
            "legalName": "Strangers Ltd",
            "software": "tertulia",
            "softwareVersion": "0.1.0",
            "assertionMethod": [
                *document["assertionMethod"],
                {**own, "id": self.actor.key_id(Scheme.CAVAGE_RSA), "publicKeyMultibase": rsa},
            ],
        }

    def offer(self, office: Office, *, card: JsonObject | None = None, **more: Any) -> JsonObject:
        """A proposal to be peers with `office`."""
        now = self.server.clock()
        proposal = {"id": f"{self.actor.uri}#peering-{self.server.new_uri('')[-3:]}", **(card or self.card)}
        return self.letter(
            office, "Offer", proposal, target=office.services.addresses.instance_actor,
            endTime=(now + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ"), **more,
        )  # fmt: skip

    def letter(self, office: Office, type: str, object: Any, **more: Any) -> JsonObject:
        """Any letter to an office, without its proof."""
        return self.actor.activity(type, object) | {
            "@context": PEERING,
            "to": [office.services.addresses.instance_actor],
            "published": self.server.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
            **more,
        }

    def proven(self, document: JsonObject, key: PrivateKey | None = None) -> JsonObject:
        """The letter with the proof of the instance key, or of another key under its name."""
        method = self.actor.key_id(Scheme.RFC9421_ED25519)
        return add_proof(document, key=key or self.actor.ed25519, verification_method=method, now=self.server.clock())

    async def post(self, office: Office, document: JsonObject, *, tamper: Tamper | None = None,
                   by: RemoteActor | None = None, path: str = "/actor/inbox") -> Answer:  # fmt: skip
        """Send a letter; one without a proof gets it."""
        proven = document if "proof" in document else self.proven(document)
        return await (by or self.actor).post(f"{office.origin}{path}", proven, tamper=tamper)
