"""Who lives on the simulated instances: actors with real keys, and what they write.

Documents have the shape and the size that Mastodon's have, because most of what an instance receives comes from
there. RSA keys come from a small pool (making one takes longer than a thousand verifications); Ed25519 keys are
everybody's own.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from keys.keypairs import PrivateKey, generate_ed25519, generate_rsa
from keys.signing import Scheme

AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
RSA_KEYS = 8
# FEP-844e: what a server that verifies Ed25519 announces.
ED25519 = "https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25"
CONTEXT = [
    AS2,
    {
        "ostatus": "http://ostatus.org#",
        "atomUri": "ostatus:atomUri",
        "inReplyToAtomUri": "ostatus:inReplyToAtomUri",
        "conversation": "ostatus:conversation",
        "sensitive": "as:sensitive",
        "toot": "http://joinmastodon.org/ns#",
        "votersCount": "toot:votersCount",
        "Hashtag": "as:Hashtag",
    },
]
ACTOR_CONTEXT = [AS2, "https://w3id.org/security/v1", "https://www.w3.org/ns/cid/v1", {"implements": "as:implements"}]
WORDS = (
    "The offices share one library, and whoever opens a window in one of them lets a little light into all the "
    "others; so the reading group meets on Thursdays, the minutes are kept short, and nobody is asked twice to bring "
    "the coffee. This note is as long as notes tend to be, with a link or two and a paragraph more than it needs. "
)

Document = dict[str, Any]


class KeyPool:
    """A few RSA keys, handed out in turns."""

    def __init__(self, size: int = RSA_KEYS) -> None:
        self._turns: Iterator[PrivateKey] = itertools.cycle([generate_rsa() for _ in range(size)])

    def next(self) -> PrivateKey:
        return next(self._turns)


@dataclass(frozen=True)
class Person:
    """An actor of a simulated instance; `speaks_ed25519` makes it announce that its server verifies Ed25519."""

    host: str
    name: str
    rsa: PrivateKey
    ed25519: PrivateKey
    speaks_ed25519: bool

    @property
    def uri(self) -> str:
        return f"http://{self.host}/users/{self.name}"

    @property
    def followers(self) -> str:
        return f"{self.uri}/followers"

    def key(self, scheme: Scheme) -> tuple[str, PrivateKey]:
        """The key for a scheme, with its id."""
        if scheme.key_kind == "rsa":
            return f"{self.uri}#main-key", self.rsa
        return f"{self.uri}#ed25519-key", self.ed25519

    @property
    def document(self) -> Document:
        """The actor as its server shows it."""
        document: Document = {
            "@context": ACTOR_CONTEXT,
            "id": self.uri,
            "type": "Person",
            "preferredUsername": self.name,
            "name": f"{self.name} of the benchmark",
            "summary": "<p>Signs a lot.</p>",
            "url": f"http://{self.host}/@{self.name}",
            "inbox": f"{self.uri}/inbox",
            "outbox": f"{self.uri}/outbox",
            "followers": self.followers,
            "following": f"{self.uri}/following",
            "endpoints": {"sharedInbox": f"http://{self.host}/inbox"},
            "publicKey": {"id": f"{self.uri}#main-key", "owner": self.uri, "publicKeyPem": self.rsa.public.pem},
            "assertionMethod": [
                {
                    "id": f"{self.uri}#ed25519-key",
                    "type": "Multikey",
                    "controller": self.uri,
                    "publicKeyMultibase": self.ed25519.public.multibase,
                }
            ],
        }
        if self.speaks_ed25519:
            document["implements"] = [{"href": ED25519, "name": "RFC-9421 signatures using the Ed25519 algorithm"}]
        return document


def new_person(host: str, name: str, pool: KeyPool, *, speaks_ed25519: bool = False) -> Person:
    """Somebody new."""
    return Person(host, name, pool.next(), generate_ed25519(), speaks_ed25519)


@dataclass
class Pen:
    """Writes activities with ids that nobody had yet; `notes` are the notes written, by id."""

    prefix: str
    notes: dict[str, Document] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(112_000_000_000_000_001))

    def create(self, author: Person, parent: Document | None = None) -> Document:
        """A Create of a public note for the author's followers, or of a reply to `parent`."""
        uri = f"{author.uri}/statuses/{self.prefix}{next(self._numbers)}"
        note = _note(author, uri, parent)
        self.notes[uri] = note
        return {
            "@context": CONTEXT,
            "id": f"{uri}/activity",
            "type": "Create",
            "actor": author.uri,
            "published": note["published"],
            "to": note["to"],
            "cc": note["cc"],
            "object": note,
        }

    def announce(self, author: Person, note: Document) -> Document:
        """A boost of somebody's note."""
        return {
            "@context": AS2,
            "id": f"{author.uri}/statuses/{self.prefix}{next(self._numbers)}/activity",
            "type": "Announce",
            "actor": author.uri,
            "published": _now(),
            "to": [PUBLIC],
            "cc": [note["attributedTo"], author.followers],
            "object": note["id"],
        }

    def follow(self, follower: Person, target_uri: str) -> Document:
        return {
            "@context": AS2,
            "id": f"http://{follower.host}/follows/{self.prefix}{next(self._numbers)}",
            "type": "Follow",
            "actor": follower.uri,
            "object": target_uri,
        }

    def accept(self, followee: Person, follow: Document) -> Document:
        return {
            "@context": AS2,
            "id": f"{followee.uri}#accepts/{self.prefix}{next(self._numbers)}",
            "type": "Accept",
            "actor": followee.uri,
            "object": {key: value for key, value in follow.items() if key not in ("@context", "proof", "signature")},
        }


def _note(author: Person, uri: str, parent: Document | None) -> Document:
    content = f"<p>{WORDS}<a href=\"http://{author.host}/tags/library\" class=\"mention hashtag\" rel=\"tag\">#<span>library</span></a></p>"  # fmt: skip  # noqa: E501
    tags: list[Document] = [{"type": "Hashtag", "href": f"http://{author.host}/tags/library", "name": "#library"}]
    cc = [author.followers]
    if parent is not None:
        cc.append(parent["attributedTo"])
        tags.append({"type": "Mention", "href": parent["attributedTo"], "name": "@someone"})
    return {
        "id": uri,
        "type": "Note",
        "summary": None,
        "inReplyTo": parent["id"] if parent else None,
        "published": _now(),
        "url": uri.replace("/users/", "/@").replace("/statuses/", "/"),
        "attributedTo": author.uri,
        "to": [PUBLIC],
        "cc": cc,
        "sensitive": False,
        "atomUri": uri,
        "inReplyToAtomUri": parent["id"] if parent else None,
        "conversation": f"tag:{author.host},2026-01-01:objectId=1:objectType=Conversation",
        "content": content,
        "contentMap": {"en": content},
        "attachment": [],
        "tag": tags,
        "replies": {
            "id": f"{uri}/replies",
            "type": "Collection",
            "first": {"type": "CollectionPage", "partOf": f"{uri}/replies", "items": []},
        },
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
