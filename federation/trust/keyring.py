"""The private keys of our accounts: made, sealed, unsealed once, and replaced with an overlap.

A key rests in the database sealed under the server's key and bound to its key id, so that a row can't be made to open
as another's key. Opening and parsing a key happens once, off the event loop, however many deliveries ask for it at the
same time, and the parsed key is kept.

After a rotation the new keys sign at once and the old ones still verify for a week: peers that have them cached, and
activities under way, lose nothing. Another process notices a rotation within `RECHECK_AFTER`.

Topics have no keys of their own: making an RSA key takes a second, and a hashtag is made by writing it. They speak with
the keys of the instance actor, under ids of their own (`<address of the hashtag>#main-key`), and rotate with them.

On failure: NoSigningKey when an account has no key of the kind; KeyRejected (from `keys`) when a sealed key doesn't
open, which means that the server's key file is not the one that the database was made with.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from federation.flights import Flights
from keys.keypairs import KeyKind, PrivateKey, ServerKey, generate_ed25519, generate_rsa
from models import Database, UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account, Keypair
from models.values import dataclass

OVERLAP: Final = timedelta(days=7)
RECHECK_AFTER: Final = timedelta(minutes=5)
MAX_CACHED: Final = 4096

_NAMES: Final = {KeyKind.RSA: "main-key", KeyKind.ED25519: "ed25519-key"}
_NUMBER: Final = re.compile(r"-([0-9]+)$")


class NoSigningKey(Exception):
    """The account has no key of this kind that may sign: it is not ours, or it was never given keys."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, ready to sign, and the id under which the actor lists it."""

    key_id: str
    private: PrivateKey


class Keyring:
    """The keys of one instance. `new_rsa` and `new_ed25519` make keys (tests give ready-made ones)."""

    def __init__(
        self,
        database: Database,
        server_key: ServerKey,
        *,
        new_rsa: Callable[[], PrivateKey] = generate_rsa,
        new_ed25519: Callable[[], PrivateKey] = generate_ed25519,
    ) -> None:
        self._database = database
        self._server_key = server_key
        self._makers = {KeyKind.RSA: new_rsa, KeyKind.ED25519: new_ed25519}
        self._current: OrderedDict[tuple[int, KeyKind], tuple[SigningKey, datetime]] = OrderedDict()
        self._flights: Flights[tuple[int, KeyKind], SigningKey] = Flights()

    async def create_keys(self, unit: UnitOfWork, account: Account) -> None:
        """Give a local account its RSA and Ed25519 keys; one INSERT, and a few 100 ms of another thread."""
        await self._add_keys(unit, account, taken=())

    async def rotate(self, unit: UnitOfWork, account: Account) -> None:
        """Replace the keys of a local account; the old ones verify for `OVERLAP` more and sign nothing from now on."""
        rows = (await unit.session.scalars(select(Keypair).where(Keypair.account_id == account.id))).all()
        for row in rows:
            if row.retired_at is None:
                row.retired_at = unit.now
                row.expires_at = unit.now + OVERLAP
        await self._add_keys(unit, account, taken=[row.key_id for row in rows])
        account.updated_at = unit.now  # the actor's document has changed

    async def signing_key(self, account_id: int, kind: KeyKind) -> SigningKey:
        """The newest key of this kind that isn't retired. No SQL while it is cached. Raises NoSigningKey."""
        cached = self._current.get((account_id, kind))
        if cached is not None and self._database.clock() - cached[1] < RECHECK_AFTER:
            self._current.move_to_end((account_id, kind))
            return cached[0]
        return await self._flights.run((account_id, kind), lambda: self._load(account_id, kind))

    async def key_of(self, account: Account, kind: KeyKind) -> SigningKey:
        """The same for an account at hand, which may be a topic that is only being made. Raises NoSigningKey."""
        if not account.is_topic:
            return await self.signing_key(account.id, kind)
        shared = await self.signing_key(INSTANCE_ACTOR_ID, kind)
        return SigningKey(_renamed(shared.key_id, account.uri), shared.private)

    async def public_keys(self, session: AsyncSession, account_id: int) -> list[Keypair]:
        """The keys that the actor's document lists: those that still verify, oldest first."""
        statement = (
            select(Keypair)
            .where(
                Keypair.account_id == account_id,
                or_(Keypair.expires_at.is_(None), Keypair.expires_at > self._database.clock()),
            )
            .order_by(Keypair.id)
        )
        return list(await session.scalars(statement))

    async def topic_keys(self, session: AsyncSession, topic_uri: str) -> list[Keypair]:
        """The same for a topic of ours: the keys of the instance actor under the topic's name, in no session."""
        return [
            Keypair(id=key.id, key_id=_renamed(key.key_id, topic_uri), kind=key.kind, public_pem=key.public_pem,
                    created_at=key.created_at, retired_at=key.retired_at, expires_at=key.expires_at)
            for key in await self.public_keys(session, INSTANCE_ACTOR_ID)
        ]  # fmt: skip

    def forget(self, account_id: int) -> None:
        """Read the account's keys anew the next time they are needed."""
        if account_id == INSTANCE_ACTOR_ID:
            self._current.clear()  # the topics speak with these keys too
        for kind in KeyKind:
            self._current.pop((account_id, kind), None)

    async def _add_keys(self, unit: UnitOfWork, account: Account, taken: list[str] | tuple[()]) -> None:
        number = 1 + max((_number_of(key_id) for key_id in taken), default=0)
        for kind, make in self._makers.items():
            private = await asyncio.to_thread(make)
            key_id = f"{account.uri}#{_NAMES[kind]}" + (f"-{number}" if number > 1 else "")
            unit.session.add(
                Keypair(
                    id=unit.new_id(),
                    account_id=account.id,
                    key_id=key_id,
                    kind=kind.value,
                    public_pem=private.public.pem,
                    private_sealed=self._server_key.seal(private.to_pem().encode(), bound_to=key_id.encode()),
                    created_at=unit.now,
                )
            )
        await unit.session.flush()
        unit.after_commit(lambda: self.forget(account.id))

    async def _load(self, account_id: int, kind: KeyKind) -> SigningKey:
        statement = (
            select(Keypair.key_id, Keypair.private_sealed)
            .where(
                Keypair.account_id == account_id,
                Keypair.kind == kind.value,
                Keypair.retired_at.is_(None),
                Keypair.private_sealed.is_not(None),
            )
            .order_by(Keypair.id.desc())
            .limit(1)
        )
        asked_at = self._database.clock()
        async with self._database.reading() as session:
            row = (await session.execute(statement)).one_or_none()
            account = await session.get(Account, account_id) if row is None else None
        if account is not None and account.is_local and account.is_topic:
            key = await self.key_of(account, kind)
            self._keep(account_id, kind, key, asked_at)
            return key
        if row is None:
            raise NoSigningKey(f"account {account_id} has no {kind} key")
        known = self._current.get((account_id, kind))
        if known is not None and known[0].key_id == row.key_id:
            key = known[0]
        else:
            key = SigningKey(row.key_id, await asyncio.to_thread(self._unseal, row.key_id, row.private_sealed))
        self._keep(account_id, kind, key, asked_at)
        return key

    def _keep(self, account_id: int, kind: KeyKind, key: SigningKey, asked_at: datetime) -> None:
        self._current[account_id, kind] = (key, asked_at)
        while len(self._current) > MAX_CACHED:
            self._current.popitem(last=False)

    def _unseal(self, key_id: str, sealed: bytes) -> PrivateKey:
        return PrivateKey.from_pem(self._server_key.open(sealed, bound_to=key_id.encode()).decode())


def _renamed(key_id: str, owner_uri: str) -> str:
    """The same key under the name of another owner."""
    return f"{owner_uri}#{key_id.rpartition('#')[2]}"


def _number_of(key_id: str) -> int:
    """1 for `#main-key`, 2 for `#main-key-2`; an instance that lost rows must not reuse an id."""
    match = _NUMBER.search(key_id.rpartition("#")[2])
    return int(match[1]) if match else 1
