"""One attempt at one delivery: signed as the host understands it, posted, and knocked once more if refused.

Promises an outcome, whatever happens: a failure of ours (a missing key, a bug) is an outcome too, written down and
tried again, so that one broken row can't stop the queue. RSA signatures are made in other threads
(`federation.signatures`); Ed25519 ones are so cheap that the way there would cost more.
"""

from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from federation.client import Response
from federation.client.errors import RemoteError
from federation.peers.receiving import Sent, withheld
from federation.services import Services
from federation.sync.marks import LOG_HEADER
from keys.keypairs import KeyKind
from keys.signing import Challenge, Scheme, requested_components, sign_request
from models.accounts import Account
from models.activities import OutboundActivity
from outbox.enqueue import PEERING_ORDER
from outbox.outcome import Outcome, Verdict, classify, refuses_signature
from outbox.work import Attempt, Work

CONTENT_TYPE = "application/activity+json"
# (account id, host, the delivery) -> headers to add, such as Collection-Synchronization (FEP-8fcf).
ExtraHeaders = Callable[[int, str, Work], Awaitable[dict[str, str]]]

_log = structlog.get_logger(__name__)


async def attempt(services: Services, work: Work, extra_headers: ExtraHeaders | None = None) -> Attempt:
    """Send one delivery. Never raises but on cancellation."""
    is_about_peering = work.ordering_key == PEERING_ORDER
    if is_about_peering and not services.peers.is_known(work.host):
        await services.peers.load()  # the command line has proposed it a moment ago, in another process
        is_about_peering = services.peers.is_known(work.host)
    if not services.peers.allows(work.host) and not is_about_peering:
        return Attempt(work, Outcome(Verdict.DEAD, error=f"{work.host} is no peer that may hear from us"))
    try:
        if not is_about_peering and await _is_withheld(services, work):
            return Attempt(work, Outcome(Verdict.DROPPED, error=f"the policy of {work.host} keeps this from it"))
        return await _knock(services, work, extra_headers)
    except RemoteError as error:
        return Attempt(work, classify(error, services.clock()))
    except Exception as error:
        _log.exception("a delivery failed for a reason of ours", delivery=work.id, host=work.host)
        return Attempt(work, Outcome(Verdict.RETRY, error=f"internal: {type(error).__name__}: {error}"))


async def _is_withheld(services: Services, work: Work) -> bool:
    """Whether the peer may not have it any more: rules hold for what waits already, too."""
    policy = services.peers.policy_of(work.host)
    if policy is None or not policy.restricts:
        return False
    async with services.database.reading() as session:
        activity = await session.get(OutboundActivity, work.activity.id)
        sender = await session.get(Account, work.account_id)
        if activity is None or sender is None:
            return True
        return bool(await withheld(session, policy, [Sent.of(activity, sender)]))


async def _knock(services: Services, work: Work, extra_headers: ExtraHeaders | None) -> Attempt:
    extra = {} if extra_headers is None else await extra_headers(work.account_id, work.host, work)
    scheme = services.hosts.scheme_for(work.host)
    response = await _post(services, work, scheme, None, extra)
    if not refuses_signature(response):
        return Attempt(work, classify(response, services.clock()))
    scheme, challenge = _second_try(services, work.host, scheme, response)
    second = await _post(services, work, scheme, challenge, extra)
    outcome = classify(second, services.clock())
    if outcome.verdict is Verdict.DONE:
        return Attempt(work, outcome, learned=scheme)
    # Refused twice: what the host said to the signature that it was expected to understand tells more.
    return Attempt(work, classify(response, services.clock()) if refuses_signature(second) else outcome)


def _second_try(services: Services, host: str, refused: Scheme, response: Response) -> tuple[Scheme, Challenge | None]:
    """What the host asks for (RFC 9421 §5), else the other way of writing a signature."""
    other = services.hosts.second_knock(host, refused)
    for challenge in requested_components(response.headers.get("Accept-Signature", "")):
        wants_ed25519 = challenge.algorithm == "ed25519" or (
            challenge.algorithm is None and Scheme.RFC9421_ED25519 in (refused, other)
        )
        return Scheme.RFC9421_ED25519 if wants_ed25519 else Scheme.RFC9421_RSA, challenge
    return other, None


async def _post(
    services: Services, work: Work, scheme: Scheme, challenge: Challenge | None, extra: dict[str, str]
) -> Response:
    key = await services.keyring.signing_key(work.account_id, scheme.key_kind)
    sign = partial(
        sign_request,
        method="POST",
        url=work.inbox_url,
        body=work.activity.body,
        digest=work.activity.digest,
        key_id=key.key_id,
        key=key.private,
        scheme=scheme,
        now=services.clock(),
        content_type=CONTENT_TYPE,
        challenge=challenge,
        also=None if work.mark is None else {LOG_HEADER: work.mark.header},
    )
    if scheme.key_kind is KeyKind.RSA:
        headers = await services.signatures.made(sign)
    else:
        headers = sign()
    response = await services.client.post(work.inbox_url, work.activity.body, headers | extra)
    services.peers.meter.saw_clock(work.host, response.headers.get("Date"))
    return response
