"""Before the transaction: which of the things that a batch refers to are missing, and how to fetch them.

Three queries for a batch tell what is here. An activity that lacks nothing is ready at once; for the others a
coroutine is returned that fetches under one budget for the activity (`policy.limits`).
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from sqlalchemy import select

from federation.actors import ActorRefused, resolve_actor
from federation.client import FetchBudget, RemoteError
from federation.dereference import NotFound
from federation.services import Services
from federation.trust.authentication import ActorGone, PeerRefused
from inbox.fetching import fetch_status
from inbox.incoming import Incoming, References
from inbox.interpret import prove_inner
from models.accounts import Account
from models.questions import WORDS, Question, among
from models.statuses import Status
from policy.limits import FETCHES_PER_ACTIVITY

Fetch = Callable[[], Awaitable[None]]
# Made once: building a statement costs more than SQLite needs for running it.
_KNOWN_ACCOUNTS = Question(select(Account.uri).where(among(Account.uri, "uris", WORDS)))
_KNOWN_STATUSES = Question(select(Status.uri).where(among(Status.uri, "uris", WORDS)))


async def prepare(services: Services, batch: Sequence[Incoming]) -> list[Fetch | None]:
    """For each activity None when it is ready, or the coroutine function that makes it so."""
    wanted_accounts = {uri for incoming in batch for uri in (incoming.activity.actor, *incoming.references.accounts)}
    wanted_statuses = {uri for incoming in batch for uri in incoming.references.statuses}
    known = await _known(services, wanted_accounts, wanted_statuses)
    return [_fetch_for(services, incoming, known) for incoming in batch]


async def _known(services: Services, accounts: set[str], statuses: set[str]) -> set[str]:
    """URIs that need no fetching: here already, or ours (then they don't exist)."""
    known = {uri for uri in (*accounts, *statuses) if services.addresses.is_local(uri)}
    async with services.database.glancing() as glance:
        for question, wanted in ((_KNOWN_ACCOUNTS, accounts - known), (_KNOWN_STATUSES, statuses - known)):
            if wanted:
                known.update(uri for (uri,) in await glance.ask(question, {"uris": list(wanted)}))
    return known


def _fetch_for(services: Services, incoming: Incoming, known: set[str]) -> Fetch | None:
    references = incoming.references
    accounts = _missing((incoming.activity.actor, *references.accounts), known)
    statuses = _missing(references.statuses, known)
    if not (accounts or statuses or references.fresh_accounts or references.fresh_statuses or incoming.inner):
        return None

    async def fetch() -> None:
        budget = FetchBudget(FETCHES_PER_ACTIVITY)
        if not incoming.inner:
            await _fetch_all(services, incoming, accounts, statuses, budget)
        elif await _passes_on(services, incoming, budget):
            await prove_inner(services, incoming)
            wanted = incoming.references
            if incoming.is_of_topic:
                # Who wrote it, and nothing else: a topic can't make us fetch what it names.
                proven = tuple(inner.activity.actor for inner in incoming.inner if inner.is_proven)
                wanted = incoming.references = References(accounts=proven, known_statuses=wanted.known_statuses)
            await _fetch_all(services, incoming, wanted.accounts, wanted.statuses, budget)

    return fetch


async def _passes_on(services: Services, incoming: Incoming, budget: FetchBudget) -> bool:
    """Only communities and topics pass activities on; for others nothing is fetched that they can't use."""
    await _attempt(incoming, incoming.activity.actor, resolve_actor(services, incoming.activity.actor, budget=budget))
    query = select(Account.actor_type, Account.topic).where(Account.uri == incoming.activity.actor)
    async with services.database.reading() as session:
        found = (await session.execute(query)).one_or_none()
    incoming.is_of_topic = found is not None and found.topic is not None
    return found is not None and (found.actor_type == "Group" or incoming.is_of_topic)


async def _fetch_all(
    services: Services, incoming: Incoming, accounts: Iterable[str], statuses: Iterable[str], budget: FetchBudget
) -> None:
    wanted = incoming.references
    group = incoming.activity.actor if incoming.inner and not incoming.is_of_topic else None
    for uri in dict.fromkeys(accounts):
        await _attempt(incoming, uri, resolve_actor(services, uri, budget=budget))
    for uri in wanted.fresh_accounts:
        await _attempt(incoming, uri, resolve_actor(services, uri, budget=budget, refresh=True))
    for uri in dict.fromkeys(statuses):
        await _attempt(incoming, uri, fetch_status(services, uri, budget=budget, brought_by=group))
    for uri in wanted.fresh_statuses:
        await _attempt(incoming, uri, fetch_status(services, uri, budget=budget, is_fresh=True, brought_by=group))


def _missing(uris: Iterable[str], known: set[str]) -> list[str]:
    return [uri for uri in dict.fromkeys(uris) if uri not in known]


async def _attempt(incoming: Incoming, uri: str, attempt: Awaitable[object]) -> None:
    """What can't be had is missing; the handler decides whether it can do without, now or ever (`absent`)."""
    try:
        found = await attempt
    except RemoteError as error:
        is_absent = isinstance(error, NotFound) or error.is_permanent
        incoming.unheard.add(uri)
    except (ActorRefused, ActorGone, PeerRefused):
        is_absent = True
    else:
        is_absent = found is None
        if isinstance(found, Status) and found.uri != uri:
            incoming.known_as[uri] = found.uri
    if is_absent:
        incoming.absent.add(uri)
